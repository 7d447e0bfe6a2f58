//! Keeps every change as a line of JSON, so that a stopped world goes on where it was.
//!
//! A line that was cut off by a crash is the last one; it is removed, as if it had never happened.

use std::fs::{File, OpenOptions, create_dir_all};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;

use serde::Serialize;
use serde::de::DeserializeOwned;

pub struct Journal {
    file: File,
}

impl Journal {
    /// Opens a file in a folder, makes both if need be, and reads what happened so far.
    pub fn open<C: DeserializeOwned>(folder: &Path, name: &str) -> io::Result<(Journal, Vec<C>)> {
        create_dir_all(folder)?;
        let path = folder.join(name);
        let mut file = OpenOptions::new().read(true).append(true).create(true).open(&path)?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |last| last + 1);
        let mut changes = Vec::new();
        for (number, line) in bytes[..whole].split(|byte| *byte == b'\n').enumerate() {
            if line.is_empty() {
                continue;
            }
            changes.push(serde_json::from_slice(line).map_err(|error| {
                let place = format!("line {} of {} cannot be read: {error}", number + 1, path.display());
                io::Error::new(io::ErrorKind::InvalidData, place)
            })?);
        }
        if whole < bytes.len() {
            file.set_len(whole as u64)?;
        }
        file.seek(SeekFrom::End(0))?;
        Ok((Journal { file }, changes))
    }

    pub fn append(&mut self, change: &impl Serialize) -> io::Result<()> {
        let mut line = serde_json::to_vec(change)?;
        line.push(b'\n');
        self.file.write_all(&line)
    }
}
