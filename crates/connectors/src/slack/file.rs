//! What Slack says of a file, as an attachment. Pure.

use crate::slack::wire;
use model::{
    attachment::{Attachment, FileState, Preview, Rendition},
    id::ExternalId,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The media type of what nobody named one for.
pub const UNTYPED: &str = "application/octet-stream";

/// Where Slack hands a file out. These addresses answer only to a token.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    url: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    preview: Option<String>,
}

impl Source {
    /// What is kept of a file's addresses.
    pub fn of(file: &Attachment) -> Self {
        serde_json::from_value(file.source.clone()).unwrap_or_default()
    }

    /// The address of what is wanted.
    pub fn address(&self, rendition: Rendition) -> Option<&str> {
        match rendition {
            Rendition::Whole => self.url.as_deref(),
            Rendition::Preview => self.preview.as_deref(),
        }
    }
}

/// A file of a message.
pub fn attachment(file: &wire::File) -> Attachment {
    let state = state(file);
    let name = file.name.as_ref().or(file.title.as_ref());
    let unnamed = match file.mode.as_deref() {
        Some("tombstone") => "deleted file",
        Some("hidden_by_limit") => "file hidden by the workspace's plan",
        _ => "file",
    };
    let link = match state {
        FileState::Elsewhere => file.url_private.as_ref().or(file.permalink.as_ref()),
        FileState::Available | FileState::Processing | FileState::Unknown | FileState::Gone => file.permalink.as_ref(),
    };
    let available = state == FileState::Available;
    let source = Source {
        url: file.url_private_download.clone().or_else(|| file.url_private.clone()).filter(|_| available),
        preview: file.thumb_360.clone().filter(|_| available),
    };
    Attachment {
        external_id: ExternalId(file.id.clone()),
        name: name.cloned().unwrap_or_else(|| unnamed.to_owned()),
        media_type: file.mimetype.clone().unwrap_or_else(|| UNTYPED.to_owned()),
        size_bytes: file.size,
        state,
        link: link.filter(|link| link.starts_with("https://") || link.starts_with("http://")).cloned(),
        preview: source.preview.is_some().then_some(Preview { width: file.thumb_360_w, height: file.thumb_360_h }),
        content_id: None,
        source: if source == Source::default() { Value::Null } else { serde_json::json!(source) },
    }
}

/// Whether Slack has to be asked for the rest.
pub fn is_only_named(file: &wire::File) -> bool {
    state(file) == FileState::Unknown && !file.id.is_empty()
}

fn state(file: &wire::File) -> FileState {
    match file.mode.as_deref() {
        Some("tombstone" | "hidden_by_limit") => FileState::Gone,
        Some("external") => FileState::Elsewhere,
        _ if file.is_external => FileState::Elsewhere,
        // In channels that are shared between companies, a file may be no more than its id.
        Some("file_access") => FileState::Unknown,
        _ if file.file_access.as_deref() == Some("check_file_info") => FileState::Unknown,
        Some(_) if file.url_private.is_none() && file.url_private_download.is_none() => FileState::Processing,
        Some(_) => FileState::Available,
        None => FileState::Unknown,
    }
}
