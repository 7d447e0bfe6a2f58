//! The one long text of an answer, taken out of JSON and out of base64 as it comes.
//!
//! Never holds more of it than a piece. What is not whole or not base64 is an error, and never a shorter file.

use async_trait::async_trait;
use bytes::Bytes;
use model::http::{BrokenOff, Chunks};

/// The longest name of a field, and the longest number.
const LONGEST_WORD_BYTES: usize = 100;

/// Where we are in the JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// Before the object.
    Before,
    /// Between its fields.
    Between,
    /// In the name of a field.
    Name,
    /// Between a name and its value.
    Colon,
    /// In the text that is wanted.
    Wanted,
    /// In a value that is not; how many brackets are open, and whether this is in a text of it.
    Other { open: usize, in_text: bool },
    /// After the object.
    After,
}

/// What a backslash in a text has begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Escape {
    None,
    Begun,
    /// So many of four digits are still to come.
    Digits(u8, u32),
}

/// Takes a text of base64 out of an object of JSON.
pub struct Reader {
    wanted: &'static str,
    place: Place,
    escape: Escape,
    /// The name of the field, and the beginning of its value if it is a number.
    name: String,
    number: String,
    /// What the answer says of its size.
    size: Option<u64>,
    found: bool,
    letters: Letters,
}

/// Letters of base64 that make no whole byte yet.
#[derive(Default)]
struct Letters {
    bits: u32,
    count: u8,
    ended: bool,
}

impl Letters {
    fn push(&mut self, letter: u8, out: &mut Vec<u8>) -> Result<(), &'static str> {
        let value = match letter {
            b'A'..=b'Z' => letter - b'A',
            b'a'..=b'z' => letter - b'a' + 26,
            b'0'..=b'9' => letter - b'0' + 52,
            b'-' | b'+' => 62,
            b'_' | b'/' => 63,
            b'=' => {
                self.ended = true;
                return Ok(());
            }
            b'\r' | b'\n' => return Ok(()),
            _ => return Err("it holds a letter that is not of base64"),
        };
        if self.ended {
            return Err("it goes on after its end");
        }
        self.bits = (self.bits << 6) | u32::from(value);
        self.count += 1;
        if self.count == 4 {
            out.extend_from_slice(&self.bits.to_be_bytes()[1..]);
            (self.bits, self.count) = (0, 0);
        }
        Ok(())
    }

    fn finish(&mut self, out: &mut Vec<u8>) -> Result<(), &'static str> {
        match self.count {
            0 => {}
            2 => out.push(self.bits.to_be_bytes()[2] << 4 | self.bits.to_be_bytes()[3] >> 4),
            3 => out.extend_from_slice(&(self.bits << 6).to_be_bytes()[1..3]),
            _ => return Err("it was cut"),
        }
        self.count = 0;
        Ok(())
    }
}

impl Reader {
    /// Reads the field of this name.
    pub fn new(wanted: &'static str) -> Self {
        Self {
            wanted,
            place: Place::Before,
            escape: Escape::None,
            name: String::new(),
            number: String::new(),
            size: None,
            found: false,
            letters: Letters::default(),
        }
    }

    /// Takes the next bytes of the answer, and adds what they hold of the text.
    pub fn push(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> Result<(), &'static str> {
        for byte in bytes {
            self.byte(*byte, out)?;
        }
        Ok(())
    }

    /// The answer has ended. Gives the size that it named.
    pub fn finish(&self) -> Result<Option<u64>, &'static str> {
        match (self.place, self.found) {
            (Place::After, true) => Ok(self.size),
            (Place::After, false) => Err("it holds no such text"),
            _ => Err("it was cut"),
        }
    }

    fn byte(&mut self, byte: u8, out: &mut Vec<u8>) -> Result<(), &'static str> {
        const OTHER: &str = "it has another shape";
        let is_space = matches!(byte, b' ' | b'\t' | b'\r' | b'\n');
        match self.place {
            Place::Before | Place::Between | Place::Colon | Place::After if is_space => {}
            Place::Before if byte == b'{' => self.place = Place::Between,
            Place::Between => match byte {
                b',' => {}
                b'"' => {
                    self.name.clear();
                    self.place = Place::Name;
                }
                b'}' => self.place = Place::After,
                _ => return Err(OTHER),
            },
            Place::Name => match self.letter(byte)? {
                Letter::End => self.place = Place::Colon,
                Letter::Is(letter) if self.name.len() < LONGEST_WORD_BYTES => self.name.push(char::from(letter)),
                Letter::Is(_) => return Err(OTHER),
                Letter::Nothing => {}
            },
            Place::Colon => self.value(byte).ok_or(OTHER)?,
            Place::Wanted => match self.letter(byte)? {
                Letter::End => {
                    self.letters.finish(out)?;
                    self.place = Place::Between;
                }
                Letter::Is(letter) => self.letters.push(letter, out)?,
                Letter::Nothing => {}
            },
            Place::Other { open, in_text } => self.other(byte, open, in_text)?,
            Place::Before | Place::After => return Err(OTHER),
        }
        Ok(())
    }

    /// The beginning of a value.
    fn value(&mut self, byte: u8) -> Option<()> {
        self.number.clear();
        self.place = match byte {
            b':' => Place::Colon,
            b'"' if self.name == self.wanted && !self.found => {
                self.found = true;
                Place::Wanted
            }
            b'"' => Place::Other { open: 0, in_text: true },
            b'{' | b'[' => Place::Other { open: 1, in_text: false },
            b'}' | b']' | b',' => return None,
            _ => {
                self.number.push(char::from(byte));
                Place::Other { open: 0, in_text: false }
            }
        };
        Some(())
    }

    /// A value that is not wanted. A number ends with what follows it.
    fn other(&mut self, byte: u8, open: usize, in_text: bool) -> Result<(), &'static str> {
        if in_text {
            let ends = self.letter(byte)? == Letter::End;
            self.place = match (ends, open) {
                (true, 0) => Place::Between,
                (true, _) => Place::Other { open, in_text: false },
                (false, _) => Place::Other { open, in_text },
            };
            return Ok(());
        }
        self.place = match byte {
            b'"' => Place::Other { open, in_text: true },
            b'{' | b'[' => Place::Other { open: open + 1, in_text },
            b'}' | b']' if open > 1 => Place::Other { open: open - 1, in_text },
            b'}' | b']' if open == 1 => Place::Between,
            b'}' | b',' if open == 0 => {
                if self.name == "size" {
                    self.size = self.number.trim().parse().ok();
                }
                if byte == b'}' { Place::After } else { Place::Between }
            }
            _ => {
                if open == 0 && self.number.len() < LONGEST_WORD_BYTES {
                    self.number.push(char::from(byte));
                }
                self.place
            }
        };
        Ok(())
    }

    /// A byte of a text, out of its escapes.
    fn letter(&mut self, byte: u8) -> Result<Letter, &'static str> {
        let (escape, letter) = match (self.escape, byte) {
            (Escape::None, b'"') => (Escape::None, Letter::End),
            (Escape::None, b'\\') => (Escape::Begun, Letter::Nothing),
            (Escape::None, byte) => (Escape::None, Letter::Is(byte)),
            (Escape::Begun, b'u') => (Escape::Digits(4, 0), Letter::Nothing),
            (Escape::Begun, b'n') => (Escape::None, Letter::Is(b'\n')),
            (Escape::Begun, b'r') => (Escape::None, Letter::Is(b'\r')),
            (Escape::Begun, byte) => (Escape::None, Letter::Is(byte)),
            (Escape::Digits(left, so_far), byte) => {
                let digit = char::from(byte).to_digit(16).ok_or("it holds a broken escape")?;
                let so_far = so_far << 4 | digit;
                match left {
                    // Whatever is no letter of base64 is one more that is wrong.
                    1 => (Escape::None, Letter::Is(u8::try_from(so_far).unwrap_or(b'?'))),
                    _ => (Escape::Digits(left - 1, so_far), Letter::Nothing),
                }
            }
        };
        self.escape = escape;
        Ok(letter)
    }
}

/// What a byte of a text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Letter {
    Is(u8),
    /// A piece of an escape.
    Nothing,
    /// The end of the text.
    End,
}

/// The text of an answer on its way, decoded.
pub struct LongText {
    inner: Box<dyn Chunks>,
    reader: Reader,
    /// How many bytes have come.
    came: u64,
    /// How many there must be, where that is known.
    expected: Option<u64>,
    ended: bool,
}

impl LongText {
    /// The field of this name in what comes.
    pub fn new(inner: Box<dyn Chunks>, wanted: &'static str) -> Self {
        Self { inner, reader: Reader::new(wanted), came: 0, expected: None, ended: false }
    }

    /// The same, which must be so many bytes.
    #[must_use]
    pub fn of_size(self, size_bytes: Option<u64>) -> Self {
        Self { expected: size_bytes, ..self }
    }
}

#[async_trait]
impl Chunks for LongText {
    async fn next(&mut self) -> Result<Option<Bytes>, BrokenOff> {
        let wrong = |why: &str| BrokenOff(format!("Gmail's answer is not the file: {why}"));
        while !self.ended {
            let Some(piece) = self.inner.next().await? else {
                self.ended = true;
                let named = self.reader.finish().map_err(wrong)?;
                if [named, self.expected].into_iter().flatten().any(|size| size != self.came) {
                    return Err(wrong("it is longer or shorter than was said"));
                }
                return Ok(None);
            };
            let mut out = Vec::with_capacity(piece.len());
            self.reader.push(&piece, &mut out).map_err(wrong)?;
            self.came += out.len() as u64;
            if !out.is_empty() {
                return Ok(Some(out.into()));
            }
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::{
        Engine,
        engine::general_purpose::{STANDARD, URL_SAFE, URL_SAFE_NO_PAD},
    };
    use proptest::prelude::*;

    fn read(json: &str, piece: usize) -> Result<(Vec<u8>, Option<u64>), &'static str> {
        let (mut reader, mut out) = (Reader::new("data"), Vec::new());
        for piece in json.as_bytes().chunks(piece.max(1)) {
            reader.push(piece, &mut out)?;
        }
        reader.finish().map(|size| (out, size))
    }

    #[test]
    fn the_text_is_found_wherever_it_stands() {
        for json in [
            r#"{"size":5,"data":"aGVsbG8="}"#,
            r#"{"data":"aGVsbG8","size":5}"#,
            "{\n  \"size\": 5,\n  \"data\": \"aGVsbG8\\u003d\"\n}\n",
            r#"{"attachmentId":"a\"data\":","other":{"data":"eA==","list":[{"x":"}"}]},"size":5,"data":"aGVs\nbG8="}"#,
        ] {
            for piece in 1..json.len() {
                assert_eq!(read(json, piece), Ok((b"hello".to_vec(), Some(5))), "{json} by {piece}");
            }
        }
        assert_eq!(read(r#"{"data":"","nothing":null}"#, 3), Ok((Vec::new(), None)));
    }

    #[test]
    fn what_is_cut_or_wrong_is_no_shorter_file() {
        for (json, why) in [
            (r#"{"size":5,"data":"aGVsbG8="#, "it was cut"),
            (r#"{"size":5,"data":"aGVsbG8=""#, "it was cut"),
            (r#"{"size":5,"data":"aGVsb"}"#, "it was cut"),
            (r#"{"data":"aGVs*bG8="}"#, "it holds a letter that is not of base64"),
            (r#"{"data":"aGVs\u0141bG8="}"#, "it holds a letter that is not of base64"),
            (r#"{"data":"aGVs\uzzzz"}"#, "it holds a broken escape"),
            (r#"{"data":"aGk=aGk="}"#, "it goes on after its end"),
            (r#"{"size":5}"#, "it holds no such text"),
            (r#"{"data":null}"#, "it holds no such text"),
            (r#"["data"]"#, "it has another shape"),
            ("<html>sign in</html>", "it has another shape"),
            (r#"{"data":"aGk="}{"#, "it has another shape"),
            ("", "it was cut"),
        ] {
            assert_eq!(read(json, 4), Err(why), "{json}");
        }
    }

    proptest! {
        /// However it is written and however it comes, it is the same file.
        #[test]
        fn every_file_comes_as_it_was(bytes in prop::collection::vec(any::<u8>(), 0..200), piece in 1_usize..50) {
            for text in [URL_SAFE.encode(&bytes), URL_SAFE_NO_PAD.encode(&bytes), STANDARD.encode(&bytes)] {
                let json = format!("{{\"size\":{},\"data\":\"{text}\"}}", bytes.len());
                prop_assert_eq!(read(&json, piece), Ok((bytes.clone(), Some(bytes.len() as u64))));
            }
        }
    }
}
