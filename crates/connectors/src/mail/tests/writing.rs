//! What is written reads back as it was meant, goes to whom it should, and never to whom it should not.

use super::fixtures;
use crate::mail::{
    Address, Bound, Draft, Enclosure, FileLines, Mail, Mailbox, MessageId, Own, Refused, Role, Wanted, part, read,
    write,
};
use model::{
    body::{Body, Nameless, html, markdown},
    time::Timestamp,
};
use proptest::prelude::*;

fn mailbox(text: &str) -> Mailbox {
    crate::mail::mailboxes(text).remove(0)
}

fn draft() -> Draft {
    Draft {
        to: vec![mailbox("Ana <ana@example.com>")],
        subject: "Plan".to_owned(),
        body: Body::plain("hi"),
        ..Draft::default()
    }
}

fn bytes(draft: &Draft, files: &[&[u8]]) -> Vec<u8> {
    let written = write(draft, &Nameless).unwrap();
    let bytes = written.whole(files);
    assert_eq!(bytes.len() as u64, written.size_bytes);
    bytes
}

fn fixture(name: &str) -> Mail {
    let (_, raw) = fixtures::all().into_iter().find(|(one, _)| one == name).unwrap();
    read(&raw, &Wanted::default())
}

fn keys(mailboxes: &[Mailbox]) -> Vec<String> {
    mailboxes.iter().map(|mailbox| mailbox.address.key()).collect()
}

#[test]
fn a_mail_with_everything_reads_back() {
    let id = |text: &str| MessageId::new(text).unwrap();
    let file = b"\x00\x01\xff file";
    let draft = Draft {
        from: Some(mailbox("\"Costa, Ana\" <ana@example.com>")),
        to: vec![mailbox("=?utf-8?Q?Jo=C3=A3o?= <joao@example.com>"), mailbox("rui@example.com")],
        cc: vec![mailbox("Berta <berta@example.com>")],
        bcc: vec![mailbox("secret@example.com")],
        subject: "Übersicht – 5 €, for all of you who have been waiting for it since the beginning of the year"
            .to_owned(),
        body: markdown::read("**Hello** <b>\n\n- one\n- two\n\n> said\n"),
        files: vec![Enclosure {
            name: "Jahresabschluß \"2026\".pdf".to_owned(),
            media_type: "application/pdf".to_owned(),
            size_bytes: file.len() as u64,
            content_id: None,
        }],
        message_id: Some(id("a@b")),
        in_reply_to: Some(id("c@d")),
        references: (0..20).map(|number| id(&format!("{number}@a-rather-long-host.example"))).collect(),
        date: Some(Timestamp::from_millis(1_767_607_200_000)),
        mark: Some(("X-Bothways-Mark".to_owned(), "m1.abc_DEF-1".to_owned())),
        ..Draft::default()
    };
    let raw = bytes(&draft, &[file]);
    assert!(raw.is_ascii(), "no server has to be asked whether it takes more");
    assert!(String::from_utf8_lossy(&raw).lines().all(|line| line.len() <= 998));
    let mail = read(&raw, &Wanted { fields: &["X-Bothways-Mark"] });
    assert_eq!(mail.from, draft.from);
    assert_eq!((&mail.to, &mail.cc, &mail.bcc), (&draft.to, &draft.cc, &draft.bcc));
    assert_eq!(mail.subject, draft.subject);
    assert_eq!(mail.message_id, draft.message_id);
    assert_eq!(mail.in_reply_to, [draft.in_reply_to.unwrap()]);
    assert_eq!(mail.references, draft.references);
    assert_eq!(mail.date, draft.date);
    assert_eq!(mail.fields, [draft.mark.unwrap()]);
    assert_eq!(mail.text.whole(), draft.body.text(&Nameless));
    assert_eq!(html::read(&mail.html.unwrap().folded.whole()).text(&Nameless), draft.body.text(&Nameless));
    let [found] = mail.attachments.as_slice() else { panic!("one file") };
    assert_eq!((found.name.as_str(), found.role, found.size_bytes), ("Jahresabschluß _2026_.pdf", Role::File, 8));
    assert_eq!(part(&raw, &found.path).unwrap().bytes, file);
    assert_eq!(mail.cut, [].into());
}

#[test]
fn what_no_header_may_hold_is_refused() {
    let named = |name: &str| Mailbox { name: Some(name.to_owned()), address: Address::parse("a@b.c").unwrap() };
    let file = |name: &str, media_type: &str| {
        let (name, media_type) = (name.to_owned(), media_type.to_owned());
        vec![Enclosure { name, media_type, size_bytes: 1, content_id: None }]
    };
    let mark = |name: &str, value: &str| Some((name.to_owned(), value.to_owned()));
    for odd in ["a\r\nBcc: x@y.z", "a\nb", "a\rb", "a\0b", "a\u{1b}b"] {
        for refused in [
            Draft { subject: odd.to_owned(), ..draft() },
            Draft { from: Some(named(odd)), ..draft() },
            Draft { to: vec![named(odd)], ..draft() },
            Draft { cc: vec![named(odd)], ..draft() },
            Draft { bcc: vec![named(odd)], ..draft() },
            Draft { files: file(odd, "a/b"), ..draft() },
        ] {
            assert!(matches!(write(&refused, &Nameless), Err(Refused::Control { .. })), "{odd:?}: {refused:?}");
        }
        for refused in [
            Draft { files: file("a", odd), ..draft() },
            Draft { mark: mark("X-Mark", odd), ..draft() },
            Draft { mark: mark(odd, "a"), ..draft() },
            Draft { mark: mark("Bcc", "a@b.c"), ..draft() },
            Draft { mark: mark("X-Mark", ""), ..draft() },
        ] {
            assert!(matches!(write(&refused, &Nameless), Err(Refused::Malformed { .. })), "{odd:?}: {refused:?}");
        }
    }
    assert_eq!(write(&Draft { to: vec![], ..draft() }, &Nameless), Err(Refused::NoRecipient));
    let many = vec![mailbox("a@b.c"); crate::mail::MOST_RECIPIENTS + 1];
    assert!(matches!(write(&Draft { cc: many, ..draft() }, &Nameless), Err(Refused::TooMany { .. })));
    let long = Draft { subject: "a".repeat(crate::mail::LONGEST_SUBJECT + 1), ..draft() };
    assert!(matches!(write(&long, &Nameless), Err(Refused::TooLong { .. })));
    let elsewhere = Draft { to: vec![mailbox("ä@b.c")], ..draft() };
    assert_eq!(write(&elsewhere, &Nameless), Err(Refused::Address { address: "ä@b.c".to_owned() }));
}

#[test]
fn an_answer_goes_to_whom_its_author_wants_it_from() {
    let own = Own(vec![Address::parse("ana@example.com").unwrap()]);
    for (name, to, all_to, all_cc, subject) in [
        (
            "gmail_reply",
            vec!["joao.silva@gmail.com"],
            vec!["joao.silva@gmail.com"],
            vec!["rui@example.com"],
            "Re: Plan for January",
        ),
        ("outlook_reply", vec!["berta@contoso.example"], vec!["berta@contoso.example"], vec![], "AW: Plan for January"),
        (
            "list_mail",
            vec!["rustaceans@lists.example.org"],
            vec!["rustaceans@lists.example.org"],
            vec![],
            "[rustaceans] Re: Lifetimes",
        ),
        (
            "calendar_invitation",
            vec!["gil@example.com"],
            vec!["gil@example.com"],
            vec![],
            "Re: Invitation: Plan @ Mon 12 Jan 2026 11:00 (ana@example.com)",
        ),
        // Ana wrote this one herself.
        ("nested_forward", vec!["rui@example.com"], vec!["rui@example.com"], vec![], "Re: Fwd: Offer"),
    ] {
        let mail = fixture(name);
        let (one, all) = (Draft::reply(&mail, &own), Draft::reply_to_all(&mail, &own));
        assert_eq!((keys(&one.to), keys(&one.cc)), (to.iter().map(ToString::to_string).collect(), vec![]), "{name}");
        assert_eq!(keys(&all.to), all_to, "{name}");
        assert_eq!(keys(&all.cc), all_cc, "{name}");
        assert_eq!(one.subject, subject, "{name}");
        assert_eq!(one.in_reply_to, mail.message_id, "{name}");
        assert_eq!(one.references.last(), mail.message_id.as_ref(), "{name}");
    }
}

#[test]
fn own_addresses_and_doubled_ones_get_no_answer() {
    let own = Own(vec![Address::parse("ana.costa@gmail.com").unwrap(), Address::parse("ana@work.example").unwrap()]);
    let raw = "From: Rui <rui@x.org>\nReply-To: Rui <office@x.org>\nTo: AnaCosta+a@googlemail.com, Rui <RUI@x.org>, b@x.org\n\
        Cc: ana@work.example, b@x.org, office@x.org\n\nhi";
    let mail = read(raw.as_bytes(), &Wanted::default());
    let all = Draft::reply_to_all(&mail, &own);
    assert_eq!(
        (keys(&all.to), keys(&all.cc)),
        (vec!["office@x.org".to_owned()], vec!["rui@x.org".to_owned(), "b@x.org".to_owned()])
    );
    let mine = read(b"From: ana@work.example\nTo: ana@work.example\nCc: b@x.org\n\nnote", &Wanted::default());
    let all = Draft::reply_to_all(&mine, &own);
    assert_eq!((keys(&all.to), keys(&all.cc)), (vec!["ana@work.example".to_owned()], vec!["b@x.org".to_owned()]));
}

#[test]
fn a_list_that_wants_all_answers_gets_those_to_all() {
    let own = Own(vec![Address::parse("ana@x.org").unwrap()]);
    let raw = "From: Rui <rui@x.org>\nReply-To: crabs@lists.org\nTo: crabs@lists.org\nList-Post: <mailto:crabs@lists.org>\n\
        List-Id: <crabs.lists.org>\n\nhi";
    let mail = read(raw.as_bytes(), &Wanted::default());
    assert_eq!(keys(&Draft::reply(&mail, &own).to), ["rui@x.org"]);
    let all = Draft::reply_to_all(&mail, &own);
    assert_eq!((keys(&all.to), all.cc), (vec!["rui@x.org".to_owned(), "crabs@lists.org".to_owned()], vec![]));
}

#[test]
fn a_forward_hands_on_the_words_and_the_files() {
    let mail = fixture("gmail_reply");
    let mut draft = Draft::forward(&mail);
    draft.to = vec![mailbox("b@x.org")];
    draft.body = Body::plain("See below.");
    let raw = bytes(&draft, &[b"0123456789012345678"]);
    let read = read(&raw, &Wanted::default());
    assert_eq!(read.subject, "Fwd: Re: Plan for January");
    assert_eq!((read.in_reply_to.len(), read.references.len()), (0, 3));
    assert!(read.text.quoted.is_empty() && read.text.new.starts_with("See below."), "{:?}", read.text);
    assert!(
        read.text.new.contains("Fine with me") && read.text.new.contains("From: João Silva <joao.silva@gmail.com>")
    );
    let html = read.html.unwrap();
    assert!(html.folded.new.contains("Fine with me") && html.folded.quoted.is_empty());
    assert_eq!(read.attachments[0].name, "plan.pdf");
}

#[test]
fn references_stay_bounded_and_keep_the_first() {
    let ids: String = (0..50).map(|number| format!("<{number}@x>")).collect();
    let raw = format!("From: a@x.org\nMessage-ID: <last@x>\nReferences: {ids}\n\n");
    let draft = Draft::reply(&read(raw.as_bytes(), &Wanted::default()), &Own::default());
    assert_eq!(draft.references.len(), crate::mail::MOST_WRITTEN_REFERENCES);
    assert_eq!((draft.references[0].as_str(), draft.references[19].as_str()), ("0@x", "last@x"));
    let raw = "From: a@x.org\nMessage-ID: <b@x>\nIn-Reply-To: <a@x>\n\n";
    let draft = Draft::reply(&read(raw.as_bytes(), &Wanted::default()), &Own::default());
    assert_eq!(draft.references.iter().map(MessageId::as_str).collect::<Vec<_>>(), ["a@x", "b@x"]);
}

#[test]
fn the_same_draft_is_the_same_bytes() {
    assert_eq!(bytes(&draft(), &[]), bytes(&draft(), &[]));
}

/// Names and subjects as anybody may type them.
fn typed() -> impl Strategy<Value = String> {
    let odd = "[ -~\u{e0}-\u{ff}\u{4e00}-\u{4e20}\u{1f600}-\u{1f610}=?_,.;:<>()\"'@\\\\]{0,80}";
    prop_oneof![odd, "(=\\?utf-8\\?[qb]\\?[a-z=]{0,5}\\?= ?){1,3}", "\\PC{0,60}"]
}

proptest! {
    /// Whatever is typed arrives, and nothing of it becomes a header.
    #[test]
    fn what_is_written_is_read_back(name in typed(), subject in typed(), text in "(\\PC|\n){0,300}", file in proptest::collection::vec(any::<u8>(), 0..300)) {
        let enclosure = Enclosure {
            name: "a.bin".to_owned(),
            media_type: "application/octet-stream".to_owned(),
            size_bytes: file.len() as u64,
            content_id: None,
        };
        let to = Mailbox { name: Some(name.clone()), address: Address::parse("ana@example.com").unwrap() };
        let draft = Draft { to: vec![to], subject: subject.clone(), body: Body::plain(&text), files: vec![enclosure], ..Draft::default() };
        let raw = bytes(&draft, &[&file]);
        prop_assert!(raw.is_ascii());
        let mail = read(&raw, &Wanted::default());
        let one_line = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        prop_assert_eq!(&mail.subject, &one_line(&subject));
        prop_assert_eq!(keys(&mail.to), ["ana@example.com"]);
        prop_assert!(mail.cc.is_empty() && mail.bcc.is_empty() && mail.from.is_none());
        let is_plain_name = !name.contains(['<', '>', '"', '\'', '\\', '@']);
        if is_plain_name {
            prop_assert_eq!(mail.to[0].name.clone().unwrap_or_default(), one_line(&name.replace("=?", "= ?")));
        }
        let said = draft.body.text(&Nameless);
        let visible = |text: &str| text.split_whitespace().map(|word| word.replace('\u{fffc}', "")).filter(|word| !word.is_empty()).collect::<Vec<_>>();
        prop_assert_eq!(visible(&mail.text.whole()), visible(&said));
        prop_assert_eq!(part(&raw, &mail.attachments[0].path).unwrap().bytes, file);
        prop_assert!(!mail.cut.contains(&Bound::Fields));
    }

    /// The pieces in which a file comes do not matter, and its lines are as long as was said.
    #[test]
    fn a_files_lines_do_not_depend_on_its_pieces(pieces in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..200), 0..8)) {
        let whole = pieces.concat();
        let (mut at_once, mut in_pieces) = (Vec::new(), Vec::new());
        let mut lines = FileLines::default();
        lines.push(&whole, &mut at_once);
        lines.finish(&mut at_once);
        let mut lines = FileLines::default();
        pieces.iter().for_each(|piece| lines.push(piece, &mut in_pieces));
        lines.finish(&mut in_pieces);
        prop_assert_eq!(&at_once, &in_pieces);
        prop_assert_eq!(at_once.len() as u64, FileLines::len_of(whole.len() as u64));
    }
}
