//! Every legal and most illegal forms of the fields that name people.

use crate::mail::{Address, mailboxes};

fn seen(value: &str) -> Vec<String> {
    mailboxes(value)
        .into_iter()
        .map(|mailbox| match mailbox.name {
            Some(name) => format!("{name} = {}", mailbox.address),
            None => mailbox.address.to_string(),
        })
        .collect()
}

#[test]
fn people_are_found_in_whatever_form_they_are_named() {
    for (value, wanted) in [
        ("Guilherme Dias <email@domain.com>", vec!["Guilherme Dias = email@domain.com"]),
        ("<a@b.c>", vec!["a@b.c"]),
        ("a@b.c", vec!["a@b.c"]),
        ("\"Dias, Guilherme\" <a@b.c>", vec!["Dias, Guilherme = a@b.c"]),
        ("Dias, Guilherme <a@b.c>", vec!["Dias, Guilherme = a@b.c"]),
        ("=?utf-8?Q?FooCorp=2C=20Inc.?= <info@foocorp.com>", vec!["FooCorp, Inc. = info@foocorp.com"]),
        ("=?utf-8?Q?Jo=C3=A3o?= =?utf-8?Q?_Silva?= <a@b.c>", vec!["João Silva = a@b.c"]),
        ("=?utf-8?B?5p2=?= =?utf-8?B?seS6rA==?= <a@b.c>", vec!["東京 = a@b.c"]),
        ("\"=?utf-8?Q?Jo=C3=A3o?=\" <a@b.c>", vec!["João = a@b.c"]),
        ("João Silva <a@b.c>", vec!["João Silva = a@b.c"]),
        ("a@b.c (Guilherme Dias)", vec!["Guilherme Dias = a@b.c"]),
        ("Pete(x) <pete(y)@silly.test(z)>", vec!["Pete (x y z) = pete@silly.test"]),
        ("A Group: Ed <e@x.org>, j@x.org;", vec!["Ed = e@x.org", "j@x.org"]),
        ("Undisclosed recipients:;", vec![]),
        ("A <a@x.org>, \"B, C\" <b@x.org>; c@x.org", vec!["A = a@x.org", "B, C = b@x.org", "c@x.org"]),
        ("\"a@x.com\" <b@y.com>", vec!["a@x.com = b@y.com"]),
        ("a@x.com <b@y.com>", vec!["a@x.com = b@y.com"]),
        ("Foo <foo@bar.com", vec!["Foo = foo@bar.com"]),
        ("Foo <<foo@bar.com>>", vec!["Foo = foo@bar.com"]),
        ("<@a,@b:c@d>", vec!["c@d"]),
        ("Foo <@a.org,@b.org:c@d.org>", vec!["Foo = c@d.org"]),
        ("Foo Bar", vec![]),
        ("<mailto:foo@bar.com>", vec!["foo@bar.com"]),
        ("\"john doe\"@example.com", vec!["\"john doe\"@example.com"]),
        ("x@[127.0.0.1]", vec!["x@[127.0.0.1]"]),
        ("", vec![]),
        ("Foo <>", vec![]),
        ("'Foo' <a@b.c>", vec!["Foo = a@b.c"]),
        ("\"'a@b.c'\" <a@b.c>", vec!["a@b.c"]),
        ("a@b.c.", vec!["a@b.c"]),
        ("A@B.C", vec!["A@b.c"]),
        ("ana@münchen.example", vec!["ana@xn--mnchen-3ya.example"]),
        ("a@b@c.org, d@e.org", vec!["d@e.org"]),
        ("a b@c.org", vec!["a = b@c.org"]),
        (",,;,", vec![]),
    ] {
        assert_eq!(seen(value), wanted, "{value}");
    }
}

#[test]
fn a_name_that_is_somebody_elses_address_misleads() {
    for (value, is) in [
        ("\"a@x.com\" <b@y.com>", true),
        ("Ana (a@x.com) <b@y.com>", true),
        ("\"B@Y.com\" <b@y.com>", false),
        ("Ana <b@y.com>", false),
    ] {
        assert_eq!(mailboxes(value)[0].is_misleading(), is, "{value}");
    }
}

#[test]
fn addresses_that_cannot_be_are_none() {
    for text in [
        "",
        "a",
        "@",
        "a@",
        "@b",
        "a@b@c",
        "a b@c",
        "a@b c",
        "a@b..c",
        "a\r\nBcc: x@y",
        "a@b\r\n",
        "a\0@b.c",
        "a@b,c@d",
        "<a@b",
        "a@-\u{0}",
        "a@[]",
        "a@[x y]",
        "\"a@b",
        "a<x>@b.c",
    ] {
        let read = Address::parse(text);
        let is_odd = |letter: char| letter.is_control() || letter.is_whitespace() || "<>,".contains(letter);
        assert!(read.as_ref().is_none_or(|read| !read.as_str().contains(is_odd)), "{text:?}: {read:?}");
    }
    for text in ["", "a", "@", "a@", "@b", "a@b@c", "a b@c", "a@b..c", "a\r\nBcc: x@y", "a\0@b.c", "a@[]", "\"a@b"] {
        assert_eq!(Address::parse(text), None, "{text:?}");
    }
    assert_eq!(Address::parse(&format!("{}@x.org", "a".repeat(400))), None);
}
