//! Files: what people and apps do with them, and what follows. Their bytes are kept beside the world.

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;

use axum::body::Bytes;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::acts::{Posting, Refusal};
use super::change::Change;
use super::config::Config;
use super::state::{Later, State};
use super::world::{File, FileMode, World};

/// The largest file that is taken.
pub const FILE_BYTES_MAX: u64 = 1024 * 1024 * 1024;

/// The bytes of files: in a folder beside the journal, or in memory.
#[derive(Debug, Default)]
pub struct Blobs {
    folder: Option<PathBuf>,
    held: BTreeMap<String, Bytes>,
}

impl Blobs {
    pub fn open(journal: Option<&PathBuf>) -> io::Result<Blobs> {
        let folder = journal.map(|journal| journal.join("files"));
        if let Some(folder) = &folder {
            std::fs::create_dir_all(folder)?;
        }
        Ok(Blobs { folder, held: BTreeMap::new() })
    }

    pub fn put(&mut self, id: &str, bytes: Bytes) {
        match &self.folder {
            Some(folder) => {
                if let Err(error) = std::fs::write(folder.join(id), &bytes) {
                    tracing::error!(%error, "The sandbox could not keep a file");
                }
            }
            None => drop(self.held.insert(id.to_owned(), bytes)),
        }
    }

    pub fn get(&self, id: &str) -> Option<Bytes> {
        match &self.folder {
            Some(folder) => std::fs::read(folder.join(id)).ok().map(Bytes::from),
            None => self.held.get(id).cloned(),
        }
    }
}

/// What a file that somebody shares is made of.
#[derive(Debug, Clone, Default)]
pub struct NewFile {
    pub name: String,
    pub title: Option<String>,
    pub bytes: Bytes,
    /// Only named in messages, as in channels that are shared between companies.
    pub stub: bool,
    /// Not handed out for so long.
    pub processing_micros: i64,
    /// It stands at this address, and not at Slack.
    pub external_url: Option<String>,
}

impl State {
    /// Makes a file of a user, without sharing it.
    pub fn make_file(&mut self, now_micros: i64, user: &str, new: NewFile) -> Result<String, Refusal> {
        let team = self.world.workspace_of(user).ok_or("user_not_found")?.id.clone();
        let id = self.new_id("F", "file", 10);
        let (mimetype, filetype) = kind_of(&new.name);
        let file = File {
            id: id.clone(),
            team,
            user: user.to_owned(),
            title: new.title.unwrap_or_else(|| new.name.clone()),
            name: new.name,
            mimetype: mimetype.to_owned(),
            filetype: filetype.to_owned(),
            size: new.bytes.len() as u64,
            digest: hex::encode(Sha256::digest(&new.bytes)),
            created_secs: now_micros / 1_000_000,
            ready: new.processing_micros <= 0,
            mode: if new.external_url.is_some() { FileMode::External } else { FileMode::Hosted },
            external_url: new.external_url,
            stub: new.stub,
            uploaded: true,
            completed: true,
            deleted: false,
            shares: BTreeMap::new(),
        };
        self.blobs.put(&id, new.bytes);
        self.change(now_micros, Change::FileMade { file });
        if new.processing_micros > 0 {
            self.schedule_in(now_micros, new.processing_micros, Later::FileReady { file: id.clone() });
        }
        Ok(id)
    }

    /// Puts files into a channel, in one message. Gives its `ts`.
    pub fn share_files(
        &mut self,
        now_micros: i64,
        channel: &str,
        files: &[String],
        posting: Posting,
    ) -> Result<String, Refusal> {
        let user = posting.user.clone();
        let posting = Posting { files: files.to_vec(), subtype: Some("file_share".to_owned()), ..posting };
        let ts = self.post(now_micros, channel, posting)?;
        for file in files {
            let at_micros = self.moment(now_micros, channel);
            let (file, channel, ts) = (file.clone(), channel.to_owned(), ts.clone());
            self.change(now_micros, Change::FileShared { file, channel, ts, at_micros, user: user.clone() });
        }
        *self.calls.entry("share".to_owned()).or_default() += 1;
        Ok(ts)
    }

    /// Deletes a file. Messages keep the place where it was.
    pub fn delete_file(&mut self, now_micros: i64, id: &str, user: &str) -> Result<(), Refusal> {
        let file = self.world.files.get(id).filter(|file| !file.deleted).ok_or("file_not_found")?;
        if file.user != user {
            return Err("cant_delete_file");
        }
        let channels: Vec<String> = file.shares.keys().cloned().collect();
        let at = channels.into_iter().map(|channel| (channel.clone(), self.moment(now_micros, &channel))).collect();
        self.change(now_micros, Change::FileDeleted { file: id.to_owned(), at });
        Ok(())
    }
}

/// What Slack makes of a name's ending.
pub fn kind_of(name: &str) -> (&'static str, &'static str) {
    match name.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase()).as_deref() {
        Some("png") => ("image/png", "png"),
        Some("jpg" | "jpeg") => ("image/jpeg", "jpg"),
        Some("gif") => ("image/gif", "gif"),
        Some("pdf") => ("application/pdf", "pdf"),
        Some("txt" | "log") => ("text/plain", "text"),
        Some("html" | "htm") => ("text/html", "html"),
        Some("csv") => ("text/csv", "csv"),
        Some("json") => ("application/json", "json"),
        Some("mp4") => ("video/mp4", "mp4"),
        Some("zip") => ("application/zip", "zip"),
        _ => ("application/octet-stream", "binary"),
    }
}

/// A file as messages and `files.info` show it. In a message, a stub has no more than its id.
pub fn render(world: &World, config: &Config, file: &File, in_message: bool) -> Value {
    if file.deleted {
        return json!({ "id": file.id, "mode": "tombstone" });
    }
    if file.stub && in_message {
        return json!({
            "id": file.id, "created": 0, "timestamp": 0, "user": "", "mode": "file_access",
            "file_access": "check_file_info",
        });
    }
    let domain = world.workspaces.get(&file.team).map_or("", |team| team.domain.as_str());
    let external = file.mode == FileMode::External;
    let path = format!("{}-{}", file.team, file.id);
    let name: String = file
        .name
        .chars()
        .map(|letter| if letter.is_ascii_alphanumeric() || letter == '.' { letter.to_ascii_lowercase() } else { '_' })
        .collect();
    let mut shown = json!({
        "id": file.id, "created": file.created_secs, "timestamp": file.created_secs, "name": file.name,
        "title": file.title, "mimetype": file.mimetype, "filetype": file.filetype,
        "pretty_type": file.filetype.to_uppercase(), "user": file.user, "user_team": file.team, "editable": false,
        "size": file.size, "mode": if external { "external" } else { "hosted" }, "is_external": external,
        "external_type": if external { "gdrive" } else { "" }, "is_public": true, "public_url_shared": false,
        "display_as_bot": false, "username": "", "file_access": "visible",
        "permalink": format!("https://{domain}.slack.com/files/{}/{}/{name}", file.user, file.id),
    });
    if let Some(url) = &file.external_url {
        shown["url_private"] = json!(url);
    } else if file.ready {
        shown["url_private"] = json!(format!("{}files-pri/{path}/{name}", config.files_base));
        shown["url_private_download"] = json!(format!("{}files-pri/{path}/download/{name}", config.files_base));
        if file.mimetype.starts_with("image/") {
            shown["thumb_360"] = json!(format!("{}files-tmb/{path}/{name}", config.files_base));
            (shown["thumb_360_w"], shown["thumb_360_h"]) = (json!(360), json!(240));
        }
    }
    shown
}

/// Where a file stands, as only `files.info` and `files.list` tell.
pub fn render_shares(world: &World, file: &File) -> Value {
    let mut shares = json!({});
    for (id, places) in &file.shares {
        let Some(channel) = world.channel(id) else { continue };
        let sort = if channel.kind == super::world::ChannelKind::Public { "public" } else { "private" };
        let places = places.iter().map(|ts| {
            let thread = channel.messages.get(ts).and_then(|message| message.thread_ts.clone());
            let mut place =
                json!({ "ts": ts, "channel_name": channel.name, "team_id": channel.team, "reply_count": 0 });
            if let Some(thread) = thread {
                place["thread_ts"] = json!(thread);
            }
            place
        });
        let places: Vec<Value> = places.collect();
        if !shares[sort].is_object() {
            shares[sort] = json!({});
        }
        shares[sort][id] = json!(places);
    }
    shares
}

impl World {
    /// Applies one change of files.
    pub fn apply_to_files(&mut self, change: &Change) {
        match change {
            Change::FileMade { file } => {
                self.files.insert(file.id.clone(), file.clone());
            }
            Change::FileShared { file, channel, ts, at_micros, .. } => {
                if let Some(file) = self.files.get_mut(file) {
                    file.shares.entry(channel.clone()).or_default().push(ts.clone());
                }
                self.touch(channel, *at_micros, |_| ());
            }
            Change::FileReady { file } => {
                if let Some(file) = self.files.get_mut(file) {
                    file.ready = true;
                }
            }
            Change::FileDeleted { file, at } => {
                if let Some(file) = self.files.get_mut(file) {
                    file.deleted = true;
                }
                for (channel, at_micros) in at {
                    self.touch(channel, *at_micros, |_| ());
                }
            }
            _ => {}
        }
    }

    /// A channel bears another id by now.
    pub fn move_files(&mut self, old: &str, new: &str) {
        for file in self.files.values_mut() {
            if let Some(places) = file.shares.remove(old) {
                file.shares.insert(new.to_owned(), places);
            }
        }
    }
}
