//! Files of a simulated world: who shares and sends them, where they are kept, and that each stands once.

use crate::{
    asks::What,
    executor::pause,
    wire::{Pieces, gathered},
    world::{Shared, World, lock},
};
use async_trait::async_trait;
use bytes::Bytes;
use model::{
    attachment::FileState,
    facets::Content,
    files::{Files, FilesError},
    http::Chunks,
    id::UploadId,
    message::Status,
};
use sandbox::slack::{MessageSnapshot, NewFile};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};

/// What a file of this name says. No two have the same.
pub fn content(name: &str) -> String {
    format!("the bytes of {name}, and some more")
}

/// SHA-256, in hex.
pub fn digest(content: &str) -> String {
    hex::encode(Sha256::digest(content))
}

/// Uploads in memory, which all servers of a world share. What was put is there after a power failure.
#[derive(Clone, Default)]
pub struct MemoryFiles(Shared<BTreeMap<UploadId, Bytes>>);

#[async_trait]
impl Files for MemoryFiles {
    async fn put(&self, id: UploadId, chunks: &mut dyn Chunks, most_bytes: u64) -> Result<u64, FilesError> {
        let bytes = gathered(chunks).await.map_err(|_| FilesError::BrokenOff)?;
        let size = bytes.len() as u64;
        if size > most_bytes {
            return Err(FilesError::TooLarge(most_bytes));
        }
        pause().await;
        lock(&self.0).insert(id, bytes);
        pause().await;
        Ok(size)
    }

    async fn open(&self, id: UploadId) -> Result<Box<dyn Chunks>, FilesError> {
        pause().await;
        let bytes = lock(&self.0).get(&id).cloned().ok_or(FilesError::NotFound)?;
        Ok(Box::new(Pieces(bytes)))
    }

    async fn kept(&self) -> Result<Vec<UploadId>, FilesError> {
        Ok(lock(&self.0).keys().copied().collect())
    }

    async fn remove(&self, id: UploadId) -> Result<(), FilesError> {
        pause().await;
        lock(&self.0).remove(&id);
        Ok(())
    }
}

impl World {
    /// A name that no other file has. Its content follows from it.
    pub fn file_name(&mut self) -> String {
        self.texts += 1;
        format!("f{}.txt", self.texts)
    }

    /// P6: the files of every accepted send stand at Slack once, byte by byte, or the send failed.
    pub fn compare_sent_files(&mut self) -> Result<(), String> {
        let sent = lock(&self.asks).sent_files();
        let rows: BTreeMap<_, _> = self.memory.all_messages().into_iter().map(|row| (row.id, row)).collect();
        // Slack took them, and its chat was closed before they were shown: they may yet be.
        let unshared: BTreeSet<_> = self
            .slack
            .outline()
            .workspaces
            .into_values()
            .flat_map(|team| team.unshared)
            .map(|file| file.name)
            .collect();
        for (id, files) in &sent {
            let Some(mut row) = rows.get(id) else { continue }; // Its chat was deleted here.
            while let Some(into) = row.merged_into.and_then(|into| rows.get(&into)) {
                row = into;
            }
            for name in files {
                let times = self.seen.files.get(name).copied().unwrap_or_default();
                match row.status {
                    Status::Sent if times == 1 => {}
                    Status::Failed if times == 0 => {}
                    Status::Uncertain if self.why_uncertain(row).is_some() => {}
                    Status::Uncertain if times == 0 && unshared.contains(name) => {
                        *self.report.excluded.entry("Slack never showed the files").or_default() += 1;
                    }
                    status => {
                        let why = row.error.as_ref().map(|problem| &problem.code);
                        return Err(format!("P6: {name} appeared {times} times and is called {status:?} ({why:?})"));
                    }
                }
            }
        }
        self.count("sent_files", sent.len());
        Ok(())
    }
}

/// Each file stands once on both sides, under the same name and as large.
pub fn compare_files(their: &MessageSnapshot, our: &Content) -> Result<(), String> {
    let there: Vec<_> = their.files.iter().map(|file| (file.name.clone(), Some(file.size))).collect();
    let living = our.attachments.iter().filter(|file| file.state != FileState::Gone);
    let here: Vec<_> = living.map(|file| (file.name.clone(), file.size_bytes)).collect();
    if there == here { Ok(()) } else { Err(format!("the files {there:?} there, {here:?} here")) }
}

/// Somebody shares files at Slack.
pub fn share(world: &mut World) -> Option<String> {
    let channel = world.a_channel()?;
    let members: Vec<_> = channel.members.iter().cloned().collect();
    let user = world.chance.pick(&members)?.clone();
    let text = if world.chance.one_in(2) { world.typed() } else { String::new() };
    let files: Vec<_> = (0..=world.chance.below(2)).map(|_| world.file_name()).collect();
    let stub = world.chance.one_in(4);
    let new = |name: &String| NewFile { name: name.clone(), bytes: content(name).into(), stub, ..NewFile::default() };
    let shared = world.slack.act_share(&user, &channel.id, &text, None, files.iter().map(new).collect());
    let (ts, _) = shared.ok()?;
    Some(format!("{user} shares {files:?} in {} at {ts}", channel.id))
}

/// Somebody deletes one of their files.
pub fn delete_file(world: &mut World) -> Option<String> {
    if !world.chance.one_in(2) {
        return None;
    }
    let channel = world.a_channel()?;
    let people = channel.messages.iter().filter(|message| message.bot_id.is_none());
    let files: Vec<_> =
        people.flat_map(|one| one.files.iter().map(|file| (one.user.clone(), file.id.clone()))).collect();
    let (user, file) = world.chance.pick(&files)?.clone();
    world.slack.act_delete_file(&user, &file).ok()?;
    Some(format!("{user} deletes the file {file}"))
}

/// A customer sends files.
pub fn send_files(world: &mut World) -> Option<String> {
    let (party, chat) = world.a_chat()?;
    let text = if world.chance.one_in(2) { world.markdown() } else { String::new() };
    let files: Vec<_> = (0..=world.chance.below(2)).map(|_| world.file_name()).collect();
    Some(world.ask(&party.customer, What::SendFiles { chat: chat.id, text, files }))
}
