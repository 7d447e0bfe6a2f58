//! Reading mail: as many a second as it takes, and at what memory, beside its parser alone over the same mails.
//!
//! The mails are made one by one out of a seed, so that they never stand in memory together, and making them is not
//! counted.

use crate::table::{Table, rate, ratio, told};
use connectors::mail::{Wanted, read};
use mail_parser::MessageParser;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::{
    fmt::Write as _,
    fs,
    hint::black_box,
    time::{Duration, Instant},
};

const SEED: u64 = 20_260_105;
const SMALLEST_BYTES: usize = 10 << 10;
const LARGEST_BYTES: usize = 5 << 20;
/// Up to this size a mail is words alone; what is larger brings a file.
const WORDS_BYTES: usize = 60 << 10;
const WORDS: [&str; 24] = [
    "the", "plan", "for", "January", "is", "fine", "with", "me", "shall", "we", "meet", "at", "eleven", "or", "later",
    "café", "Grüße", "an", "alle", "see", "below", "what", "they", "wrote",
];

/// Reads mails in both ways, and tells how they compare.
pub fn measure(table: &mut Table, mails: usize) {
    let ours = run(mails, |raw| {
        black_box(read(raw, &Wanted::default()));
    });
    let bare = run(mails, |raw| {
        let mail = MessageParser::default().parse(raw);
        black_box(mail.as_ref().and_then(|mail| mail.body_text(0)));
        black_box(mail.as_ref().and_then(|mail| mail.body_html(0)));
        black_box(mail);
    });
    let mib = ours.bytes >> 20;
    let what = format!("reading {mails} mails of 10 KB to 5 MB, {mib} MiB in all, into text, clean HTML and files");
    let limit = format!("mail-parser alone, without cleaning: {}", bare.told(mails));
    table.row(&what, ours.told(mails), limit, ratio(ours.time, bare.time));
}

/// What reading all mails took.
struct Run {
    time: Duration,
    bytes: u64,
    /// How much memory was in use at most, beyond what was before, in KiB.
    peak: Option<u64>,
}

impl Run {
    fn told(&self, mails: usize) -> String {
        let peak = self.peak.map_or_else(|| "unknown".to_owned(), |peak| format!("{} MiB", peak / 1_024));
        format!("{}, {:.0}/s, at most {peak} more memory", told(self.time), rate(mails, self.time))
    }
}

fn run(mails: usize, mut reads: impl FnMut(&[u8])) -> Run {
    let mut random = ChaCha8Rng::seed_from_u64(SEED);
    let block = block(&mut random);
    // The largest comes first and is not counted, so that what holds a mail is not taken for what reading it needs.
    let mut raw = Vec::with_capacity(LARGEST_BYTES + (64 << 10));
    make(&mut raw, &mut random, &block, LARGEST_BYTES);
    // Writing 5 there begins a new peak. Where that is not allowed, there is none to tell.
    let before = fs::write("/proc/self/clear_refs", "5").ok().and_then(|()| memory("VmRSS"));
    let (mut time, mut bytes) = (Duration::ZERO, 0);
    for _ in 0..mails {
        let size = size(&mut random);
        make(&mut raw, &mut random, &block, size);
        bytes += raw.len() as u64;
        let began = Instant::now();
        reads(&raw);
        time += began.elapsed();
    }
    let peak = before.and_then(|before| memory("VmHWM").map(|peak| peak.saturating_sub(before)));
    Run { time, bytes, peak }
}

/// A line of what the system says of this process, in KiB.
fn memory(line: &str) -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|one| one.strip_prefix(line)?.strip_prefix(':'))?;
    line.split_whitespace().next()?.parse().ok()
}

/// Nine in ten are words alone, one in a hundred brings a large file.
fn size(random: &mut ChaCha8Rng) -> usize {
    match random.random_range(0..100) {
        0..90 => random.random_range(SMALLEST_BYTES..WORDS_BYTES),
        90..99 => random.random_range(WORDS_BYTES..1 << 20),
        _ => random.random_range(1 << 20..LARGEST_BYTES),
    }
}

/// Lines of base64, out of which files are made.
fn block(random: &mut ChaCha8Rng) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut lines = String::new();
    for _ in 0..1_000 {
        lines.extend((0..76).map(|_| char::from(LETTERS[random.random_range(0..64)])));
        lines.push_str("\r\n");
    }
    lines
}

/// Makes an answer with its history: as text, as HTML, and with a file if it is large.
fn make(raw: &mut Vec<u8>, random: &mut ChaCha8Rng, block: &str, size: usize) {
    let words = size.min(WORDS_BYTES);
    let (mut text, mut html) = (String::new(), String::new());
    while text.len() + html.len() < words {
        let sentence: Vec<_> =
            (0..random.random_range(5..20)).map(|_| WORDS[random.random_range(0..WORDS.len())]).collect();
        let sentence = sentence.join(" ");
        let _ = write!(
            html,
            "<p style=3D\"margin:0 0 1em\"><span style=3D\"color:#333\">{sentence}</span> <b>so</b>=\r\n.</p>\r\n"
        );
        // Half of it is what was answered.
        let mark = if text.len() + html.len() > words / 2 { "> " } else { "" };
        let _ = write!(text, "{mark}{sentence}.\r\n");
    }
    let number: u32 = random.random();
    raw.clear();
    let head = format!(
        "Delivered-To: ana@example.com\r\nReceived: by mx{number}.example.com; Mon, 5 Jan 2026 02:04:11 -0800\r\n\
        MIME-Version: 1.0\r\nReferences: <plan{number}@example.com>\r\nIn-Reply-To: <plan{number}@example.com>\r\n\
        From: =?UTF-8?B?Sm/Do28gU2lsdmE=?= <joao@example.com>\r\nTo: Ana Costa <ana@example.com>, \"Reis, Rui\" <rui@example.com>\r\n\
        Date: Mon, 5 Jan 2026 10:04:00 +0000\r\nMessage-ID: <answer{number}@example.com>\r\nSubject: Re: Plan {number}\r\n\
        Content-Type: multipart/mixed; boundary=\"mixed\"\r\n\r\n--mixed\r\n\
        Content-Type: multipart/alternative; boundary=\"choice\"\r\n\r\n--choice\r\n\
        Content-Type: text/plain; charset=\"UTF-8\"\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
    );
    raw.extend_from_slice(head.as_bytes());
    raw.extend_from_slice(text.as_bytes());
    raw.extend_from_slice(b"\r\n--choice\r\nContent-Type: text/html; charset=\"UTF-8\"\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n<div>");
    raw.extend_from_slice(html.as_bytes());
    raw.extend_from_slice(b"</div>\r\n--choice--\r\n");
    if size > WORDS_BYTES {
        raw.extend_from_slice(
            b"--mixed\r\nContent-Type: application/pdf; name=\"plan.pdf\"\r\nContent-Transfer-Encoding: base64\r\n\r\n",
        );
        while raw.len() < size {
            let left = (size - raw.len()).div_ceil(78) * 78;
            raw.extend_from_slice(&block.as_bytes()[..left.min(block.len())]);
        }
    }
    raw.extend_from_slice(b"--mixed--\r\n");
}
