//! `files.*`, and the bytes of an upload on their way in.
//!
//! An upload takes three steps: an address is asked for, the bytes go there, the upload is completed.
//! Its message appears a while later, so the answer to the last step does not know it yet.

use axum::body::{Body, Bytes};
use axum::http::{Response, StatusCode};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

use super::answers::{lost, server_error};
use super::{Call, Refused, call_fault, chat};
use crate::slack::Slack;
use crate::slack::acts::{Posting, checked_ts};
use crate::slack::change::Change;
use crate::slack::faults::FaultKind;
use crate::slack::files::{FILE_BYTES_MAX, kind_of, render, render_shares};
use crate::slack::state::{Later, State};
use crate::slack::text::{self, Rules};
use crate::slack::world::{File, FileMode};

const PAGE: usize = 100;

/// Bytes that came for an upload.
pub struct Upload {
    pub secret: String,
    pub bytes: Bytes,
}

pub fn plain(status: StatusCode, text: &str) -> Response<Body> {
    let mut response = Response::new(Body::from(text.to_owned()));
    *response.status_mut() = status;
    response
}

/// The part of an upload's address that nobody can guess.
fn secret(state: &State, file: &str) -> String {
    let digest = Sha256::digest(format!("{}:upload:{file}", state.world.seed));
    format!("{file}-{}", hex::encode(&digest[..12]))
}

impl Slack {
    /// Takes the bytes of an upload. They may come again as long as it is not completed.
    pub(in crate::slack) fn take_upload(&self, upload: &Upload) -> Response<Body> {
        let now_micros = self.now_micros();
        let mut state = self.lock();
        state.run_later(now_micros);
        let response = match call_fault(&mut state, "upload") {
            Some(FaultKind::CallLost) => lost(),
            Some(FaultKind::AnswerLost | FaultKind::AnswerLostLate { .. }) => {
                put(&mut state, now_micros, upload);
                lost()
            }
            Some(FaultKind::ServerError { status }) => server_error(status),
            Some(FaultKind::RateLimited { retry_after_secs }) => {
                let mut response = plain(StatusCode::TOO_MANY_REQUESTS, "");
                response.headers_mut().insert("retry-after", retry_after_secs.into());
                response
            }
            _ => put(&mut state, now_micros, upload),
        };
        drop(state);
        self.wake();
        response
    }

    /// What goes wrong with a download, if anything does.
    pub(in crate::slack) fn download_fault(&self) -> Option<Response<Body>> {
        match call_fault(&mut self.lock(), "download")? {
            FaultKind::CallLost | FaultKind::AnswerLost | FaultKind::AnswerLostLate { .. } => Some(lost()),
            FaultKind::ServerError { status } => Some(server_error(status)),
            FaultKind::RateLimited { .. } => Some(plain(StatusCode::TOO_MANY_REQUESTS, "")),
            _ => None,
        }
    }
}

fn put(state: &mut State, now_micros: i64, upload: &Upload) -> Response<Body> {
    let id = upload.secret.split('-').next().unwrap_or_default();
    let known = secret(state, id) == upload.secret;
    let Some(file) = state.world.files.get(id).filter(|file| known && !file.completed).cloned() else {
        return plain(StatusCode::NOT_FOUND, "no such upload");
    };
    if upload.bytes.len() as u64 != file.size {
        return plain(StatusCode::BAD_REQUEST, "not as long as was said");
    }
    let digest = hex::encode(Sha256::digest(&upload.bytes));
    state.blobs.put(id, upload.bytes.clone());
    state.change(now_micros, Change::FileMade { file: File { uploaded: true, digest, ..file } });
    *state.calls.entry("upload".to_owned()).or_default() += 1;
    plain(StatusCode::OK, &format!("OK - {}", upload.bytes.len()))
}

pub fn get_upload_url(call: &mut Call<'_>) -> Result<Value, Refused> {
    let name = call.argument("filename")?;
    let size: u64 = call.argument("length")?.parse().map_err(|_| "invalid_arguments")?;
    if size == 0 || size > FILE_BYTES_MAX {
        return Err("file_upload_size_restricted".into());
    }
    let id = call.state.new_id("F", "upload", 10);
    let (mimetype, filetype) = kind_of(&name);
    let file = File {
        id: id.clone(),
        team: call.state.world.workspace_of(&call.token.user).map_or_else(String::new, |team| team.id.clone()),
        user: call.token.user.clone(),
        title: name.clone(),
        name,
        mimetype: mimetype.to_owned(),
        filetype: filetype.to_owned(),
        size,
        digest: String::new(),
        created_secs: call.now_micros / 1_000_000,
        mode: FileMode::Hosted,
        external_url: None,
        stub: false,
        ready: true,
        uploaded: false,
        completed: false,
        deleted: false,
        shares: BTreeMap::new(),
    };
    call.state.change(call.now_micros, Change::FileMade { file });
    let url = format!("{}upload/v1/{}", call.state.config.files_base, secret(call.state, &id));
    Ok(json!({ "upload_url": url, "file_id": id }))
}

/// Completing it once more shares it once more: nothing here guards whoever asks twice.
pub fn complete_upload(call: &mut Call<'_>) -> Result<Value, Refused> {
    let wanted = call.arguments.list("files", "invalid_arguments")?.filter(|files| !files.is_empty());
    let mut files = Vec::new();
    for one in wanted.ok_or("invalid_arguments")? {
        let id = one["id"].as_str().unwrap_or_default();
        let file = call.state.world.files.get(id).filter(|file| file.user == call.token.user && file.uploaded);
        let mut file = file.filter(|file| !file.deleted).cloned().ok_or("file_not_found")?;
        if let Some(title) = one["title"].as_str().filter(|title| !title.is_empty()) {
            file.title = title.to_owned();
        }
        files.push(File { completed: true, ..file });
    }
    let channels = call.arguments.text("channel_id").or_else(|| call.arguments.text("channels"));
    let channels: Vec<String> = channels.iter().flat_map(|all| all.split(',')).map(str::to_owned).collect();
    for channel in &channels {
        call.visible(channel).ok_or("channel_not_found")?;
        call.state.open_to(channel, &call.token.user)?;
    }
    let thread_ts = call.arguments.text("thread_ts");
    let thread_ts = thread_ts.map(|ts| checked_ts(&ts).ok_or("invalid_thread_ts")).transpose()?;
    let (text, blocks) = match call.arguments.text("initial_comment").filter(|comment| !comment.is_empty()) {
        Some(comment) => {
            let rules = Rules { escaped: true, link_urls: true, link_names: false };
            (call.state.read_text(&call.token.user, &comment, rules), None)
        }
        // Heard only where there is no comment.
        None => {
            let blocks = chat::blocks(call)?.filter(|blocks| !blocks.is_empty());
            (blocks.iter().flatten().map(text::words).collect::<Vec<_>>().join("\n"), blocks)
        }
    };
    let ids: Vec<String> = files.iter().map(|file| file.id.clone()).collect();
    for file in files {
        call.state.change(call.now_micros, Change::FileMade { file });
    }
    let pause = i64::try_from(call.state.config.share_after.as_micros()).unwrap_or(i64::MAX);
    for channel in channels {
        let posting = Posting {
            user: call.token.user.clone(),
            bot_id: call.token.is_bot.then(|| call.token.bot_id.clone()),
            text: text.clone(),
            blocks: blocks.clone(),
            thread_ts: thread_ts.clone(),
            ..Posting::default()
        };
        let share = Later::Share { channel, files: ids.clone(), posting: Box::new(posting) };
        call.state.schedule_in(call.now_micros, pause, share);
    }
    let shown = |id: &String| {
        let file = &call.state.world.files[id];
        let mut shown = render(&call.state.world, &call.state.config, file, false);
        shown["shares"] = json!({});
        shown
    };
    Ok(json!({ "files": ids.iter().map(shown).collect::<Vec<_>>() }))
}

/// The file of the call, if the token's owner may know that it exists.
fn addressed(call: &Call<'_>) -> Result<File, Refused> {
    let id = call.arguments.text("file").ok_or("file_not_found")?;
    let file = call.state.world.files.get(&id).filter(|file| file.completed);
    let file = file.ok_or("file_not_found")?;
    if file.deleted {
        return Err("file_deleted".into());
    }
    let seen = file.user == call.token.user || file.shares.keys().any(|channel| call.visible(channel).is_some());
    if seen { Ok(file.clone()) } else { Err("file_not_found".into()) }
}

fn shown(call: &Call<'_>, file: &File) -> Value {
    let world = &call.state.world;
    let mut shown = render(world, &call.state.config, file, false);
    shown["shares"] = render_shares(world, file);
    shown
}

pub fn info(call: &mut Call<'_>) -> Result<Value, Refused> {
    let file = addressed(call)?;
    Ok(json!({ "file": shown(call, &file), "comments": [], "response_metadata": { "next_cursor": "" } }))
}

pub fn list(call: &mut Call<'_>) -> Result<Value, Refused> {
    let (channel, user) = (call.arguments.text("channel"), call.arguments.text("user"));
    let wanted = |file: &&File| {
        file.completed
            && !file.deleted
            && user.as_ref().is_none_or(|user| *user == file.user)
            && channel.as_ref().is_none_or(|channel| file.shares.contains_key(channel))
            && (file.user == call.token.user || file.shares.keys().any(|channel| call.visible(channel).is_some()))
    };
    let mut files: Vec<&File> = call.state.world.files.values().filter(wanted).collect();
    files.sort_by_key(|file| std::cmp::Reverse((file.created_secs, file.id.clone())));
    let count = call.arguments.text("count").and_then(|count| count.parse().ok()).unwrap_or(PAGE).clamp(1, PAGE);
    let page = call.arguments.text("page").and_then(|page| page.parse().ok()).unwrap_or(1usize).max(1);
    let total = files.len();
    let shown: Vec<Value> =
        files.into_iter().skip((page - 1) * count).take(count).map(|file| shown(call, file)).collect();
    let paging = json!({ "count": count, "total": total, "page": page, "pages": total.div_ceil(count) });
    Ok(json!({ "files": shown, "paging": paging }))
}

pub fn delete(call: &mut Call<'_>) -> Result<Value, Refused> {
    let file = addressed(call)?;
    let user = call.token.user.clone();
    call.state.delete_file(call.now_micros, &file.id, &user)?;
    Ok(json!({}))
}
