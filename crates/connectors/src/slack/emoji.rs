//! Slack's names of emoji, and the characters that they stand for.

use std::{collections::BTreeMap, sync::LazyLock};

/// Code points, names (the canonical one first), and `tone` where skin tones exist. The facts are
/// those of the emoji-datasource list, which Slack's own names come from.
const TABLE: &str = include_str!("emoji.tsv");

/// Says that the character before it is meant as a picture.
pub const SHOW_AS_PICTURE: char = '\u{fe0f}';
/// `skin-tone-2` to `skin-tone-6`.
const TONES: [char; 5] = ['\u{1f3fb}', '\u{1f3fc}', '\u{1f3fd}', '\u{1f3fe}', '\u{1f3ff}'];

struct Emoji {
    character: String,
    name: &'static str,
    has_tones: bool,
}

struct Emojis {
    all: Vec<Emoji>,
    by_name: BTreeMap<&'static str, usize>,
    /// Without [`SHOW_AS_PICTURE`], which people and programs leave out as they like.
    by_character: BTreeMap<String, usize>,
}

static EMOJIS: LazyLock<Emojis> = LazyLock::new(|| {
    let mut emojis = Emojis { all: Vec::new(), by_name: BTreeMap::new(), by_character: BTreeMap::new() };
    for line in TABLE.lines() {
        let mut columns = line.split('\t');
        let (Some(codes), Some(names)) = (columns.next(), columns.next()) else { continue };
        let Some(character) = from_code_points(codes) else { continue };
        let number = emojis.all.len();
        let mut names = names.split(' ');
        let Some(name) = names.next() else { continue };
        emojis.by_name.insert(name, number);
        emojis.by_name.extend(names.map(|other| (other, number)));
        emojis.by_character.insert(bare(&character), number);
        emojis.all.push(Emoji { character, name, has_tones: columns.next() == Some("tone") });
    }
    emojis
});

/// The characters of code points as Slack writes them: `1f44d-1f3fd`.
pub fn from_code_points(codes: &str) -> Option<String> {
    codes.split('-').map(|code| u32::from_str_radix(code, 16).ok().and_then(char::from_u32)).collect()
}

/// The character that a name stands for; `:name:` for one that only its workspace knows.
pub fn shown(name: &str) -> String {
    character(name).unwrap_or_else(|| format!(":{name}:"))
}

/// The character that a name stands for, with its skin tone (`thumbsup::skin-tone-3`).
pub fn character(name: &str) -> Option<String> {
    let (name, tone) = match name.split_once("::skin-tone-") {
        Some((name, tone)) => (name, Some(tone.parse::<usize>().ok()?)),
        None => (name, None),
    };
    let emoji = &EMOJIS.all[*EMOJIS.by_name.get(name)?];
    let Some(tone) = tone.filter(|_| emoji.has_tones) else { return Some(emoji.character.clone()) };
    let Some(tone) = tone.checked_sub(2).and_then(|tone| TONES.get(tone)) else {
        return Some(emoji.character.clone());
    };
    let mut rest = emoji.character.chars();
    let first = rest.next()?;
    let rest = rest.as_str();
    // A tone follows the first character and says by itself that a picture is meant.
    Some(format!("{first}{tone}{}", rest.strip_prefix(SHOW_AS_PICTURE).unwrap_or(rest)))
}

/// The name that Slack's arguments want for a Unicode emoji or a `:name:`. None for anything else.
pub fn name(emoji: &str) -> Option<String> {
    if let Some(name) = emoji.strip_prefix(':').and_then(|rest| rest.strip_suffix(':')) {
        let Some(character) = character(name) else { return is_name(name).then(|| name.to_owned()) };
        return self::name(&character);
    }
    let plain = bare(emoji);
    if let Some(number) = EMOJIS.by_character.get(&plain) {
        return Some(EMOJIS.all[*number].name.to_owned());
    }
    let tone = plain.chars().find_map(|character| TONES.iter().position(|tone| *tone == character))?;
    let untoned: String = plain.chars().filter(|character| !TONES.contains(character)).collect();
    let emoji = &EMOJIS.all[*EMOJIS.by_character.get(&untoned)?];
    emoji.has_tones.then(|| format!("{}::skin-tone-{}", emoji.name, tone + 2))
}

/// Whether a text may be the name of an emoji, so that `10:30:00` is none.
pub fn is_name(text: &str) -> bool {
    let mark = |byte: u8| matches!(byte, b'_' | b'-' | b'+' | b'\'');
    !text.is_empty()
        && text.len() <= LONGEST_NAME
        && text.chars().all(|letter| !letter.is_ascii() || letter.is_ascii_alphanumeric() || mark(letter as u8))
        && !text.chars().any(char::is_whitespace)
}

const LONGEST_NAME: usize = 100;

fn bare(character: &str) -> String {
    character.chars().filter(|character| *character != SHOW_AS_PICTURE).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_names_of_an_emoji_are_one_character() {
        assert_eq!(character("+1").as_deref(), Some("👍"));
        assert_eq!(character("thumbsup").as_deref(), Some("👍"));
        assert_eq!(name("👍").as_deref(), Some("+1"));
        assert_eq!(name(":thumbsup:").as_deref(), Some("+1"));
    }

    #[test]
    fn every_emoji_of_the_table_reads_back() {
        assert!(EMOJIS.all.len() > 1_800);
        for emoji in &EMOJIS.all {
            assert_eq!(name(&emoji.character).as_deref(), Some(emoji.name));
            if emoji.has_tones {
                let toned = format!("{}::skin-tone-4", emoji.name);
                let shown = character(&toned).expect("it has tones");
                assert_eq!(name(&shown), Some(toned), "{shown}");
            }
        }
    }

    #[test]
    fn a_heart_is_a_heart_with_and_without_its_selector() {
        assert_eq!(name("❤"), name("❤️"));
        assert_eq!(name("❤").and_then(|name| character(&name)).as_deref(), Some("❤️"));
    }

    #[test]
    fn what_only_a_workspace_knows_keeps_its_name() {
        assert_eq!(shown("party_parrot"), ":party_parrot:");
        assert_eq!(name(":party_parrot:").as_deref(), Some("party_parrot"));
        assert_eq!(name("party parrot"), None);
        assert_eq!(name(":a b:"), None);
        assert_eq!(name(""), None);
    }
}
