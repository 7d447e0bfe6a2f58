//! Bytes as text, whatever their label says.

use mail_parser::decoders::charsets::map::charset_decoder;

/// Labels whose bytes nobody decodes any more, for safety's sake. Their letters of ASCII are still readable.
const DEAD: [&str; 5] = ["iso-2022-kr", "iso-2022-cn", "iso-2022-cn-ext", "hz-gb-2312", "replacement"];
/// Labels that senders put on anything. Bytes that read as UTF-8 and are no ASCII are UTF-8 then.
const CARELESS: [&str; 9] =
    ["us-ascii", "ascii", "ansi_x3.4-1968", "iso-8859-1", "latin1", "iso-8859-15", "windows-1252", "cp1252", "utf-8"];

/// Bytes without a label: UTF-8 if they are, else the charset that such bytes have most of the time.
pub fn unlabelled(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        // A text that was cut within a letter is still UTF-8, if it has others.
        Err(error) if error.error_len().is_none() && !bytes[..error.valid_up_to()].is_ascii() => {
            String::from_utf8_lossy(&bytes[..error.valid_up_to()]).into_owned()
        }
        Err(_) => decoded(bytes, "windows-1252").unwrap_or_else(|| String::from_utf8_lossy(bytes).into_owned()),
    }
}

/// Bytes by their label, as far as it can be believed.
pub fn labelled(bytes: &[u8], label: Option<&str>) -> String {
    let Some(label) = label.map(|label| label.trim().to_ascii_lowercase().replace('_', "-")) else {
        return unlabelled(bytes);
    };
    let is_utf8 = label == "utf-8" || label == "utf8";
    if is_utf8 || CARELESS.contains(&label.as_str()) && std::str::from_utf8(bytes).is_ok() {
        return unlabelled(bytes);
    }
    if DEAD.contains(&label.as_str()) {
        return String::from_utf8_lossy(bytes).into_owned();
    }
    decoded(bytes, &label).unwrap_or_else(|| unlabelled(bytes))
}

fn decoded(bytes: &[u8], label: &str) -> Option<String> {
    charset_decoder(label.as_bytes()).map(|decode| decode(bytes))
}

/// The charset that HTML names in itself.
pub fn named_in_html(html: &[u8]) -> Option<String> {
    /// How far into the HTML it may stand.
    const WITHIN_BYTES: usize = 2_048;
    let head = String::from_utf8_lossy(&html[..html.len().min(WITHIN_BYTES)]).to_ascii_lowercase();
    let meta = &head[head.find("<meta")?..];
    let after = meta[meta.find("charset=")? + "charset=".len()..].trim_start_matches(['"', '\'', ' ']);
    let end = after.find(|letter: char| !letter.is_ascii_alphanumeric() && !"-_:.".contains(letter))?;
    Some(after[..end].to_owned()).filter(|label| !label.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_believed_as_far_as_the_bytes_bear_them_out() {
        let cases: [(&[u8], Option<&str>, &str); 14] = [
            (b"caf\xc3\xa9", Some("utf-8"), "café"),
            (b"caf\xe9", Some("UTF-8"), "café"),
            (b"caf\xe9", Some("us-ascii"), "café"),
            (b"caf\xc3\xa9", Some("us-ascii"), "café"),
            (b"caf\xc3\xa9", Some("windows-1252"), "café"),
            (b"\x80 5 \x96 \x93x\x94", Some("iso-8859-1"), "€ 5 – “x”"),
            (b"caf\xe9", None, "café"),
            (b"caf\xe9", Some("x-no-such-charset"), "café"),
            (b"caf\xe9", Some(""), "café"),
            (b"\x1b$B$3$s$K$A$O\x1b(B", Some("ISO-2022-JP"), "こんにちは"),
            (b"\xb0\xa1", Some("ks_c_5601-1987"), "가"),
            (b"\xc4\xe3\xba\xc3", Some("gb2312"), "你好"),
            (b"\xcf\xf0\xe8", Some("windows-1251"), "При"),
            (b"caf\xc3\xa9\xc3", Some("utf-8"), "café"),
        ];
        for (bytes, label, text) in cases {
            assert_eq!(labelled(bytes, label), text, "{bytes:?} as {label:?}");
        }
    }

    #[test]
    fn html_may_name_its_charset() {
        let html = br#"<html><head><META http-equiv="Content-Type" content="text/html; charset=Shift_JIS"></head>"#;
        assert_eq!(named_in_html(html).as_deref(), Some("shift_jis"));
        assert_eq!(named_in_html(br#"<meta charset="koi8-r">"#).as_deref(), Some("koi8-r"));
        assert_eq!(named_in_html(b"<p>charset=x</p>"), None);
    }
}
