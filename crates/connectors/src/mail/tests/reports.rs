//! Mails in which programs tell of other mails: bounces in every form, receipts, and reactions.

use crate::mail::{Action, Mail, MessageId, Wanted, read};

fn of(raw: &str) -> Mail {
    read(raw.as_bytes(), &Wanted::default())
}

fn report(head: &str, parts: &[(&str, &str)]) -> Mail {
    let parts: String = parts.iter().map(|(kind, body)| format!("--r\nContent-Type: {kind}\n\n{body}\n")).collect();
    of(&format!("{head}\nContent-Type: multipart/report; report-type=delivery-status; boundary=r\n\n{parts}--r--\n"))
}

/// The first recipient with what became of the mail, its status, and the mail that is told of.
fn told(mail: &Mail) -> Option<(String, Action, String, String)> {
    let bounce = mail.bounce.as_ref()?;
    let fate = &bounce.fates[0];
    Some((
        fate.recipient.as_ref().map(ToString::to_string).unwrap_or_default(),
        fate.action,
        fate.status.clone().unwrap_or_default(),
        bounce.original.as_ref().map(ToString::to_string).unwrap_or_default(),
    ))
}

#[test]
fn bounces_of_every_form_are_read() {
    let status =
        "Reporting-MTA: dns; x\n\nFinal-Recipient: rfc822; a@x.org\nAction: failed\nStatus: 5.1.1 (no such user)\n";
    let expected = |action, status: &str, original: &str| {
        Some(("a@x.org".to_owned(), action, status.to_owned(), original.to_owned()))
    };
    for (mail, wanted) in [
        (
            report(
                "From: x@y",
                &[
                    ("text/plain", "sorry"),
                    ("message/delivery-status", status),
                    ("text/rfc822-headers", "Message-ID: <m@x>"),
                ],
            ),
            expected(Action::Failed, "5.1.1", "m@x"),
        ),
        (
            report("In-Reply-To: <n@x>", &[("text/plain", "sorry"), ("message/delivery-status", status)]),
            expected(Action::Failed, "5.1.1", "n@x"),
        ),
        (
            report(
                "From: x@y",
                &[
                    ("message/delivery-status", &status.replace("failed", "delayed").replace("5.1.1", "4.4.1")),
                    ("message/rfc822", "Message-ID: <m@x>\n\nhi"),
                ],
            ),
            expected(Action::Delayed, "4.4.1", "m@x"),
        ),
        (
            report(
                "From: x@y",
                &[("message/delivery-status", &status.replace("failed", "relayed").replace("5.1.1", "2.0.0"))],
            ),
            expected(Action::Delivered, "2.0.0", ""),
        ),
        // Its recipient was handed on to another address.
        (
            report(
                "From: x@y",
                &[(
                    "message/delivery-status",
                    &status.replace(
                        "Final-Recipient: rfc822; a@x.org",
                        "Original-Recipient: rfc822; a@x.org\nFinal-Recipient: rfc822; b@y.org",
                    ),
                )],
            ),
            expected(Action::Failed, "5.1.1", ""),
        ),
        (
            of("X-Failed-Recipients: a@x.org\nIn-Reply-To: <n@x>\n\nThe server said:\n550 5.1.1 unknown user\n"),
            expected(Action::Failed, "5.1.1", "n@x"),
        ),
        (of("From: x@y\n\nThe status 5.1.1 means that there is no such user."), None),
        (of("From: Ana <ana@x.org>\nSubject: Undelivered Mail\n\nhi"), None),
    ] {
        assert_eq!(told(&mail), wanted, "{mail:?}");
    }
    let prose = of("From: MAILER-DAEMON@x.org\nReturn-Path: <>\n\nHi. This is qmail.\n<a@x.org>:\n554 5.7.1 refused\n");
    let fate = &prose.bounce.unwrap().fates[0];
    assert_eq!((fate.status.as_deref(), fate.diagnostic.as_deref()), (Some("5.7.1"), Some("554 5.7.1 refused")));
}

#[test]
fn a_receipt_names_the_mail_that_was_seen() {
    let raw = "From: a@x.org\nContent-Type: multipart/report; report-type=disposition-notification; boundary=r\n\n--r\n\nseen\n\
        --r\nContent-Type: message/disposition-notification\n\nFinal-Recipient: rfc822; a@x.org\nOriginal-Message-ID: <m@x>\n\
        Disposition: manual-action/MDN-sent-manually; displayed\n--r--\n";
    let mail = of(raw);
    assert_eq!(mail.receipt.unwrap().original, MessageId::new("m@x"));
    assert_eq!((mail.bounce, mail.text.new.as_str()), (None, "seen"));
}

#[test]
fn only_a_reaction_as_it_should_be_is_one() {
    let reacting = |head: &str, part_head: &str, json: &str| {
        of(&format!(
            "{head}\nContent-Type: multipart/alternative; boundary=r\n\n--r\n\nreacted\n--r\n\
            Content-Type: text/vnd.google.email-reaction+json\n{part_head}\n{json}\n--r--\n"
        ))
    };
    let answer = "In-Reply-To: <m@x>";
    let good = reacting(answer, "", r#"{"emoji":"👍","version":1}"#);
    assert_eq!(
        good.reaction.map(|reaction| (reaction.emoji, reaction.to)),
        Some(("👍".to_owned(), MessageId::new("m@x").unwrap()))
    );
    for (head, part_head, json) in [
        (answer, "", r#"{"emoji":"👍","version":2}"#),
        (answer, "", r#"{"emoji":"👍","version":"1"}"#),
        (answer, "", r#"{"emoji":"👍👍","version":1}"#),
        (answer, "", r#"{"emoji":"yes","version":1}"#),
        (answer, "", r#"{"emoji":"👍"}"#),
        (answer, "", "👍"),
        (answer, "Content-Disposition: attachment\n", r#"{"emoji":"👍","version":1}"#),
        ("Subject: x", "", r#"{"emoji":"👍","version":1}"#),
        ("In-Reply-To: <m@x> <n@x>", "", r#"{"emoji":"👍","version":1}"#),
    ] {
        let mail = reacting(head, part_head, json);
        assert_eq!((mail.reaction, mail.text.new.as_str()), (None, "reacted"), "{head} {part_head} {json}");
    }
}
