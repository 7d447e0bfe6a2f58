//! Whatever somebody sends, reading it ends, says something where something is said, and keeps within its bounds.

use super::fixtures;
use crate::mail::{
    Bound, Folded, LONGEST_CALENDAR_BYTES, LONGEST_HTML_BYTES, LONGEST_MEETING_WORDS, LONGEST_SUBJECT,
    LONGEST_TEXT_BYTES, MOST_MAILBOXES, MOST_PARTS, MOST_REFERENCES, Mail, Wanted, part, read,
};
use proptest::prelude::*;

/// HTML may be written a little longer than it was: marks are escaped, and links say that nobody vouches for them.
const MOST_GROWTH: usize = 12;

fn check(raw: &[u8]) -> Mail {
    let mail = read(raw, &Wanted::default());
    assert!(mail.subject.chars().count() <= LONGEST_SUBJECT);
    assert!(mail.references.len() <= MOST_REFERENCES && mail.in_reply_to.len() <= MOST_REFERENCES);
    assert!(mail.to.len() <= MOST_MAILBOXES && mail.cc.len() <= MOST_MAILBOXES);
    assert!(mail.attachments.len() <= MOST_PARTS + 1);
    let longest = LONGEST_TEXT_BYTES.min(raw.len() * 8 + 100);
    assert!(mail.text.whole().len() <= longest, "{} of {}", mail.text.whole().len(), raw.len());
    if let Some(html) = &mail.html {
        let longest = (LONGEST_HTML_BYTES * 2).min(raw.len() * MOST_GROWTH + 1_000);
        let Folded { new, quoted } = &html.folded;
        assert!(new.len() + quoted.len() <= longest, "{} of {}", new.len() + quoted.len(), raw.len());
        assert_is_tame(new);
        assert_is_tame(quoted);
    }
    for attachment in &mail.attachments {
        assert!(part(raw, &attachment.path).is_some(), "{}", attachment.path);
    }
    mail
}

/// No tag but those that are allowed, and no attribute that does anything.
pub fn assert_is_tame(html: &str) {
    use html5gum::{Token, Tokenizer};
    const ODD: [&str; 14] = [
        "script", "style", "form", "input", "button", "iframe", "object", "embed", "svg", "math", "link", "meta",
        "base", "video",
    ];
    for Ok(token) in Tokenizer::new(html) {
        let Token::StartTag(tag) = token else { continue };
        let name = String::from_utf8_lossy(&tag.name).into_owned();
        assert!(!ODD.contains(&name.as_str()), "<{name}> in {html}");
        for (attribute, value) in &tag.attributes {
            let attribute = String::from_utf8_lossy(attribute);
            let value = String::from_utf8_lossy(value).to_ascii_lowercase();
            assert!(!attribute.starts_with("on") && !attribute.contains(':'), "{attribute} in {html}");
            let known: &[&str] = match (name.as_str(), attribute.as_ref()) {
                ("a", "href") => &["http:", "https:", "mailto:", "tel:"],
                ("img", "src") => &["cid:", "data:image/"],
                ("img", "data-remote-src") => &["http://", "https://"],
                (_, "href" | "src" | "data-remote-src") => &[],
                _ => &[""],
            };
            assert!(known.iter().any(|start| value.trim().starts_with(start)), "{attribute}={value} in {html}");
            if attribute == "style" {
                assert!(!["url", "position", "expression", "@", "\\"].iter().any(|odd| value.contains(odd)), "{value}");
            }
        }
    }
}

/// Whether a picture waits in it to be asked for.
fn has_remote(html: &str) -> bool {
    use html5gum::{Token, Tokenizer};
    Tokenizer::new(html)
        .any(|Ok(token)| matches!(token, Token::StartTag(tag) if tag.attributes.contains_key(&b"data-remote-src"[..])))
}

#[test]
fn mails_that_are_hardly_mails_are_read() {
    for (raw, text) in [
        (&b""[..], ""),
        (b"\n", ""),
        (b"\r\n\r\n\r\n", ""),
        (b"hello", "hello"),
        (b"Subject: x", ""),
        (b"Content-Type: multipart/mixed; boundary=\"\"\n\nhi", "hi"),
        (b"Content-Type: multipart/mixed; boundary=a\n\nhi", "hi"),
        (b"Content-Type: text/html\n\n<p>hi", "hi"),
        (b"Content-Type: text/html\n\n<", "<"),
        (b"Content-Transfer-Encoding: base64\n\n!!!!", ""),
        (b"Content-Type: text/plain; charset=utf-16\n\nh\0i\0", "hi"),
        (b"\0\0\0", ""),
        (b":\n:\n\nhi", ":\n:\n\nhi"),
        (b"Content-Type: text/plain\n\n<html><p>hi</p></html>", "hi"),
        (b"Content-Type: text/html\n\na\nb", "a\nb"),
    ] {
        assert_eq!(check(raw).text.whole(), text, "{raw:?}");
    }
}

#[test]
fn a_thousand_mails_in_each_other_are_one_attachment() {
    let raw = "Content-Type: message/rfc822\n\n".repeat(100_000);
    let mail = check(raw.as_bytes());
    assert_eq!((mail.attachments.len(), mail.text.whole()), (1, String::new()));
}

#[test]
fn parts_beyond_the_bounds_are_cut_and_what_is_before_them_is_read() {
    let deep: String = (0..1_000)
        .map(|depth| {
            format!("Content-Type: multipart/mixed; boundary=b{depth}\n\n--b{depth}\n\nat {depth}\n--b{depth}\n")
        })
        .collect();
    let mail = check(deep.as_bytes());
    assert!(mail.text.new.starts_with("at 0\n\nat 1\n\nat 2") && mail.cut.contains(&Bound::Depth));
    let many = format!("Content-Type: multipart/mixed; boundary=a\n\n{}", "--a\n\nhi\n".repeat(5_000));
    let mail = check(many.as_bytes());
    assert!(mail.text.new.starts_with("hi\n\nhi") && mail.cut.contains(&Bound::Parts));
    // A part that names its own parent's boundary.
    let own = "Content-Type: multipart/mixed; boundary=a\n\n--a\nContent-Type: multipart/mixed; boundary=a\n\n--a\n\nhi\n--a--\n";
    assert!(check(own.as_bytes()).text.new.contains("hi"));
}

#[test]
fn heads_beyond_the_bounds_are_cut_and_the_body_is_read() {
    let bomb = format!("{}Subject: late\n\nhi", "X-A: b\n".repeat(100_000));
    let mail = check(bomb.as_bytes());
    assert_eq!((mail.text.new.as_str(), mail.cut.contains(&Bound::Fields)), ("hi", true));
    let long = format!("Subject: {}\n\nhi", "é ".repeat(1_000_000));
    assert_eq!(check(long.as_bytes()).text.new, "hi");
    let people: String = (0..10_000).map(|number| format!("p{number}@x.org,\n ")).collect();
    let mail = check(format!("To: {people}\n\nhi").as_bytes());
    assert_eq!((mail.to.len(), mail.text.new.as_str()), (MOST_MAILBOXES, "hi"));
    assert!(mail.cut.contains(&Bound::Addresses));
    for bomb in ["(", "<", "\"", "=?utf-8?q?", "=?utf-8?q?=41?= ", "a:", "a,", "\\", "@", ";", "[", "\u{0}"] {
        let value = bomb.repeat(300_000 / bomb.len());
        let raw = format!(
            "From: {value}\nSubject: {value}\nDate: {value}\nMessage-ID: {value}\nReferences: {value}\nContent-Type: {value}\nList-Id: {value}\n\nhi"
        );
        check(raw.as_bytes());
    }
}

#[test]
fn words_beyond_the_bounds_are_cut_and_say_so() {
    let long = format!("Content-Type: text/plain\n\n{}", "word ".repeat(LONGEST_TEXT_BYTES));
    let mail = check(long.as_bytes());
    assert!(mail.cut.contains(&Bound::Text) && mail.text.whole().len() > LONGEST_TEXT_BYTES - 10);
    // Built without bounds, each of these would take minutes, or memory without end.
    for (piece, is_cut) in [
        ("<div>", true),
        ("<font color=red>", true),
        ("<b><i><u><p>x", true),
        ("<table><tr><td>", true),
        ("<p a=b c=d e=f style='color:red;color:red'>", false),
        ("</div></p></b>", false),
        ("<br>", false),
        ("a<i>b</i>", true),
        ("&amp;&nbsp;&#x1f600;", false),
        ("<!--", false),
        ("<![CDATA[", false),
        ("<svg><math><mi>", false),
        ("<ul><li>", true),
        ("<blockquote type=cite>", true),
        ("<li>x", true),
        ("<a href=x>", false),
        ("<template>", false),
        ("<img src=cid:a>", false),
    ] {
        let raw = format!("Content-Type: text/html\n\n{}", piece.repeat(400_000 / piece.len()));
        assert_eq!(check(raw.as_bytes()).cut.contains(&Bound::Html), is_cut, "{piece}");
    }
    // Looks that a browser makes anew in each paragraph: eight letters would ask for ninety elements.
    let looks: String = (0..90).map(|look| format!("<font size={look}>")).collect();
    for (around, each) in
        [("<p>", "<p>x</p>"), ("<div>", "<p>x"), ("<table>", "<tr><td>x</td></tr>x"), ("<li>", "<li>x")]
    {
        check(format!("Content-Type: text/html\n\n{around}{looks}{}", each.repeat(5_000)).as_bytes());
    }
    for piece in ["\n", "> \n", "From: a\n", "--\n", "On 5 Jan 2026 <a@b> wrote:\n", "-- \n\n", "a "] {
        check(format!("Content-Type: text/plain; format=flowed\n\n{}", piece.repeat(400_000 / piece.len())).as_bytes());
    }
}

#[test]
fn mails_that_bear_the_same_name_are_told_apart() {
    let of = |text: &str| read(format!("Message-ID: <a@x>\nFrom: a@x.org\n\n{text}").as_bytes(), &Wanted::default());
    assert_eq!(of("one").message_id, of("two").message_id);
    assert_ne!(of("one").fingerprint(), of("two").fingerprint());
    let later = read(b"Received: by x\nMessage-ID: <a@x>\nX-Spam: no\nFrom: a@x.org\n\none", &Wanted::default());
    assert_eq!(of("one").fingerprint(), later.fingerprint());
    assert_eq!(read(b"From: a@x.org\n\none", &Wanted::default()).message_id, None);
}

#[test]
fn a_calendar_beyond_the_bounds_is_read_as_far_as_they_go() {
    let head = "Content-Type: text/calendar\n\nBEGIN:VCALENDAR\nMETHOD:REQUEST\n";
    let event = "BEGIN:VEVENT\nSUMMARY:Plan\nEND:VEVENT\n";
    let long = format!("{head}BEGIN:VEVENT\nSUMMARY:{}\n", "word ".repeat(LONGEST_CALENDAR_BYTES));
    assert_eq!(check(long.as_bytes()).invitation.unwrap().summary.chars().count(), LONGEST_MEETING_WORDS);
    let late = format!("{head}{}{event}", "X-A:b\n".repeat(LONGEST_CALENDAR_BYTES / 6));
    assert_eq!(check(late.as_bytes()).invitation, None);
    for piece in [
        "BEGIN:VEVENT\n",
        "BEGIN:X\n",
        "ATTENDEE;",
        "a;b=c,d;",
        "DTSTART;TZID=x:1\n",
        "\"",
        "\\",
        "RRULE:FREQ=",
        "A:b,\n",
    ] {
        check(format!("{head}{event}{}", piece.repeat(LONGEST_CALENDAR_BYTES / piece.len())).as_bytes());
    }
    let zones = format!("{head}{}{event}", "BEGIN:VTIMEZONE\nTZID:a\nEND:VTIMEZONE\n".repeat(4_000));
    assert_eq!(check(zones.as_bytes()).invitation.unwrap().summary, "Plan");
}

/// What may be done to a mail.
#[derive(Clone, Debug)]
enum Harm {
    Cut(usize),
    Double(usize, usize),
    Flip(usize, u8),
    Insert(usize, &'static str),
    Nest,
}

fn harm() -> impl Strategy<Value = Harm> {
    let odd = prop::sample::select(vec![
        "--",
        "\n",
        "\r",
        "\0",
        "<",
        ">",
        "=?",
        "?=",
        "\"",
        "(",
        ":",
        "Content-Type: multipart/mixed; boundary=a\n\n--a\n",
        "<script>",
        "<style>",
        "</div>",
        "<!--",
        "&#",
        "\u{202e}",
        "> ",
        "-- \n",
        "<blockquote>",
        "<table>",
        "=\n",
    ]);
    prop_oneof![
        any::<usize>().prop_map(Harm::Cut),
        (any::<usize>(), any::<usize>()).prop_map(|(from, to)| Harm::Double(from, to)),
        (any::<usize>(), any::<u8>()).prop_map(|(at, bits)| Harm::Flip(at, bits)),
        (any::<usize>(), odd).prop_map(|(at, what)| Harm::Insert(at, what)),
        Just(Harm::Nest),
    ]
}

fn harmed(mut raw: Vec<u8>, harms: &[Harm]) -> Vec<u8> {
    for harm in harms {
        let length = raw.len() + 1;
        match harm {
            Harm::Cut(at) => raw.truncate(at % length),
            Harm::Double(from, to) => {
                let (from, to) = ((from % length).min(to % length), (from % length).max(to % length));
                let piece = raw[from..to].to_vec();
                raw.splice(to..to, piece);
            }
            Harm::Flip(at, bits) if !raw.is_empty() => {
                let at = at % raw.len();
                raw[at] ^= bits;
            }
            Harm::Flip(..) => {}
            Harm::Insert(at, what) => {
                let at = at % length;
                raw.splice(at..at, what.bytes());
            }
            Harm::Nest => {
                let inner = String::from_utf8_lossy(&raw).into_owned().into_bytes();
                raw = b"Subject: outer\nContent-Type: multipart/mixed; boundary=\"nest\"\n\n--nest\n".to_vec();
                raw.extend(inner);
                raw.extend(b"\n--nest--\n");
            }
        }
    }
    raw
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// Nothing that is done to a mail makes its reading fail or grow.
    #[test]
    fn harmed_mails_are_read(which in any::<usize>(), harms in proptest::collection::vec(harm(), 1..8)) {
        let mut all = fixtures::all();
        let at = which % all.len();
        check(&harmed(all.swap_remove(at).1, &harms));
    }

    /// HTML of any letters comes out tame, and shows no picture from elsewhere.
    #[test]
    fn any_html_comes_out_tame(
        pieces in proptest::collection::vec(prop::sample::select(vec![
            "<", ">", "</", "a", " href=", "javascript:x", "'", "\"", "<img src=x onerror=y>", "<svg>", "<math>", "<style>", "</style>",
            "<title>", "</title>", "<textarea>", "<table>", "<td>", "<p>", "</p>", "<b>", "</b>", "<!--", "-->", "<![CDATA[", "]]>",
            "<a href='jav&#x09;ascript:x'>", "<div style='position:fixed;color:red'>", "<noscript>", "<form>", "<mtext>", "<mglyph>",
            "<select>", "&lt;", "&#60;", "\0", "=", "/", "<xmp>", "<iframe srcdoc='<p>'>", "<p title='</p><script>x</script>'>",
            "<div hidden>", "<img src='//x.org/a.png'>", "<img src='https://x.org/a.png' alt='\"&gt;'>", "<img data-remote-src='javascript:x'>",
            " data-remote-src=", "<p data-remote-src='https://x.org'>", "https://x.org/a.png", "//x.org", " src=", "<img",
            "<img src=data:text/html,x>", "<a href='data:text/html,x'>", "<base href=x>",
        ]), 0..30),
    ) {
        let raw = format!("Content-Type: text/html\n\n{}", pieces.concat());
        let mail = read(raw.as_bytes(), &Wanted::default());
        if let Some(html) = mail.html {
            assert_is_tame(&html.folded.new);
            assert_is_tame(&html.folded.quoted);
            prop_assert_eq!(html.hides_remote_images, has_remote(&html.folded.new) || has_remote(&html.folded.quoted));
        }
    }

    /// Whatever stands in a calendar, reading it ends, and tells of a meeting within its bounds or of none.
    #[test]
    fn any_calendar_is_read(
        lines in proptest::collection::vec(prop::sample::select(vec![
            "BEGIN:VEVENT\n", "END:VEVENT\n", "BEGIN:VTIMEZONE\n", "END:VTIMEZONE\n", "BEGIN:STANDARD\n", "END:STANDARD\n", "BEGIN:",
            "END:", "METHOD:", "REQUEST\n", "REPLY\n", "DTSTART", "DTEND", "DURATION:", "TZOFFSETTO:", "TZID:", "RRULE:", "EXDATE:",
            "SUMMARY:", "LOCATION;LANGUAGE=", "ORGANIZER;CN=\"", "ATTENDEE;PARTSTAT=ACCEPTED", "SEQUENCE:", ":mailto:", "a@x.org\n", "\"",
            ";TZID=", "Europe/Lisbon", "W. Europe Standard Time", ";VALUE=DATE", ";VALUE=RECUR", ";VALUE=PERIOD", ";ENCODING=BASE64",
            ";ENCODING=QUOTED-PRINTABLE", ";CHARSET=utf-16", ":20260105", "T100000", "Z", "99999999999999999999", "-P1W", "P99999999999W", "PT",
            "+9999", "-0000", "FREQ=YEARLY;BYDAY=-1SU", ";COUNT=-1", "=", ":", ";", ",", "\\n", "\\", "\n", "\n ", "\t", "\u{202e}", "é", "\0",
        ]), 0..60),
    ) {
        let raw = format!("Content-Type: text/calendar; method=request\n\nBEGIN:VCALENDAR\n{}", lines.concat());
        if let Some(invitation) = check(raw.as_bytes()).invitation {
            let words = invitation.summary.chars().count().max(invitation.location.unwrap_or_default().chars().count());
            prop_assert!(words <= LONGEST_MEETING_WORDS);
            prop_assert!(!invitation.summary.is_empty() || invitation.starts_at.is_some());
        }
    }
}
