//! Mails as people's programs send them, each with what is read out of it.

use crate::mail::{Wanted, part, read};
use std::{fs, path::PathBuf};

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("src/mail/fixtures")
}

/// All fixtures by name.
pub fn all() -> Vec<(String, Vec<u8>)> {
    let mut found: Vec<_> = fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "eml"))
        .map(|path| (path.file_stem().unwrap().to_string_lossy().into_owned(), fs::read(&path).unwrap()))
        .collect();
    found.sort();
    found
}

/// The same mail with line breaks as they are on the wire.
fn with_returns(raw: &[u8]) -> Vec<u8> {
    raw.iter().flat_map(|byte| if *byte == b'\n' { vec![b'\r', b'\n'] } else { vec![*byte] }).collect()
}

#[test]
fn mails_of_all_programs_are_read() {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(folder().join("snapshots"));
    settings.set_prepend_module_to_snapshot(false);
    settings.bind(|| {
        for (name, raw) in all() {
            insta::assert_json_snapshot!(name, read(&raw, &Wanted { fields: &["X-Original-From"] }));
        }
    });
}

#[test]
fn the_kind_of_line_breaks_does_not_matter() {
    for (name, raw) in all() {
        let mut on_the_wire = read(&with_returns(&raw), &Wanted::default());
        let mut bare = read(&raw, &Wanted::default());
        let mut old = read(
            &raw.iter().map(|byte| if *byte == b'\n' { b'\r' } else { *byte }).collect::<Vec<_>>(),
            &Wanted::default(),
        );
        // The line breaks of a file are its own.
        for attachment in on_the_wire.attachments.iter_mut().chain(&mut bare.attachments).chain(&mut old.attachments) {
            attachment.size_bytes = 0;
        }
        assert_eq!(on_the_wire, bare, "{name}");
        assert_eq!(old, bare, "{name}");
    }
}

#[test]
fn every_attachment_is_found_again_by_its_path() {
    for (name, raw) in all() {
        for attachment in read(&raw, &Wanted::default()).attachments {
            let part = part(&raw, &attachment.path).unwrap_or_else(|| panic!("{name}: {}", attachment.path));
            assert_eq!(part.media_type, attachment.media_type, "{name}");
            assert_eq!(part.bytes.len() as u64, attachment.size_bytes, "{name}: {}", attachment.path);
        }
        assert_eq!(part(&raw, &"9.9".parse().unwrap()), None);
    }
}
