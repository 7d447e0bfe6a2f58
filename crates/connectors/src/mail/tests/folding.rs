//! Where the new words end and the history begins, in text and in HTML.

use crate::mail::{Wanted, read};

fn of(kind: &str, subject: &str, body: &str) -> crate::mail::Mail {
    let raw = format!("From: a@x.org\nSubject: {subject}\nContent-Type: text/{kind}; charset=utf-8\n\n{body}");
    read(raw.as_bytes(), &Wanted::default())
}

fn said(kind: &str, subject: &str, body: &str) -> (String, String) {
    let mail = of(kind, subject, body);
    (mail.text.new, mail.text.quoted.trim_start().to_owned())
}

#[test]
fn history_is_parted_from_plain_text() {
    for (body, new, begins) in [
        ("hi\n\nOn Mon, 5 Jan 2026 at 10:00, Ana <a@x.org> wrote:\n> x\n", "hi", "On Mon"),
        ("hi\n\nOn Mon, 5 Jan 2026 at 10:00, Ana <\na@x.org> wrote:\n\n> x\n", "hi", "On Mon"),
        ("hi\nAm 05.01.2026 um 10:00 schrieb Ana:\n> x", "hi", "Am 05"),
        ("hi\n\n> x\n> y", "hi", "> x"),
        ("hi\n\n-----Original Message-----\nFrom: Ana\n\nx", "hi", "-----Original"),
        ("hi\n\n________________________________\nFrom: Ana\nSent: Monday\nTo: b\nSubject: c\n\nx", "hi", "____"),
        ("hi\n\nFrom: Ana\nSent: Monday\nTo: b\nSubject: c\n\nx", "hi", "From: Ana"),
        ("hi\n\nSent from my iPhone\n\nOn 5 Jan 2026, at 10:00, Ana <a@x.org> wrote:\n\n> x", "hi", "Sent from"),
        ("hi\n\nSent from my iPhone", "hi", "Sent from"),
        ("hi\n-- \nAna\nx.org", "hi", "-- "),
        ("hi\n\n> x\n\n-- \nAna", "hi", "> x"),
        ("hi\n\n> x\n\n____________________\nlist\n", "hi", "> x"),
        ("> q\n\nanswer\n\nOn 5 Jan 2026 10:00, Ana wrote:\n> x", "> q\n\nanswer", "On 5"),
    ] {
        let (told, quoted) = said("plain", "Re: x", body);
        assert_eq!(told, new, "{body}");
        assert!(quoted.starts_with(begins), "{body}: {quoted}");
        assert_eq!(of("plain", "Re: x", body).text.whole(), body.trim_end(), "nothing is lost");
    }
}

#[test]
fn what_is_no_history_stays_whole() {
    for (subject, body) in [
        ("Re: x", "On Monday I wrote:\nthis."),
        ("Re: x", "> question\n\nanswer"),
        ("Re: x", "> one\n1\n> two\n2\n> three"),
        ("Re: x", "On 5 Jan 2026 10:00, Ana wrote:\n> x"),
        ("Re: x", "hi\n\n---------- Forwarded message ---------\nFrom: Ana\nDate: now\nSubject: y\nTo: b\n\n> z"),
        ("Fwd: x", "hi\n\nFrom: Ana\nSent: Monday\nTo: b\nSubject: c\n\nx"),
        ("x", "Begin forwarded message:\n\n> From: Ana\n> x"),
        ("x", "From: the heart.\nTo: the point."),
        ("x", "a > b"),
        ("x", "-- \nAna"),
    ] {
        assert_eq!(said("plain", subject, body), (body.trim_end().to_owned(), String::new()), "{body}");
    }
}

#[test]
fn history_is_parted_from_html() {
    let cite = "<blockquote type=\"cite\"><p>x</p></blockquote>";
    for (body, new, begins) in [
        ("<p>hi</p><div class=\"moz-cite-prefix\">Ana skribis:</div>".to_owned() + cite, "hi", "Ana skribis"),
        (
            "<div>hi</div><div>Le 5 janv. 2026 à 10:00, Ana a écrit :</div><blockquote>x</blockquote>".to_owned(),
            "hi",
            "Le 5",
        ),
        ("<div>hi</div><div><br>".to_owned() + cite + "</div>", "hi", "> x"),
        (
            "<p>hi</p><div id=\"appendonsend\"></div><hr><div id=\"divRplyFwdMsg\">From: Ana</div><p>x</p>".to_owned(),
            "hi",
            "From: Ana",
        ),
        (
            "<p>hi</p><div class=\"yahoo_quoted\"><div>On Monday, Ana wrote:</div><div>x</div></div>".to_owned(),
            "hi",
            "On Monday",
        ),
        (
            "<p>hi</p><p><b>From:</b> Ana<br><b>Sent:</b> Monday<br><b>To:</b> b<br><b>Subject:</b> c</p><p>x</p>"
                .to_owned(),
            "hi",
            "From: Ana",
        ),
        ("<p>hi</p><p>-----Original Message-----<br>x</p>".to_owned(), "hi", "-----Original"),
        (
            "<table><tr><td>hi<br>On 5 Jan 2026, Ana wrote:<blockquote>x</blockquote></td></tr></table>".to_owned(),
            "hi",
            "On 5",
        ),
        ("<p>hi</p><div class=\"gmail_signature\">Ana<br>x.org</div>".to_owned(), "hi", "Ana"),
    ] {
        let mail = of("html", "Re: x", &body);
        assert_eq!(mail.text.new, new, "{body}");
        assert!(mail.text.quoted.trim_start().starts_with(begins), "{body}: {:?}", mail.text);
        let html = mail.html.unwrap().folded;
        let words = |html: &str| of("html", "Fwd: x", html).text.whole().split_whitespace().collect::<String>();
        assert_eq!(words(&html.new), new, "{body}: {}", html.new);
        // Both sides together say what the whole said.
        assert_eq!(words(&html.new) + &words(&html.quoted), words(&body), "{body}");
    }
}

#[test]
fn html_that_is_no_history_stays_whole() {
    for (subject, body) in [
        ("Re: x", "<p>hi</p><blockquote>a saying</blockquote>"),
        ("Re: x", "<p>hi</p><blockquote type=cite>x</blockquote><p>an answer below</p>"),
        ("Fwd: x", "<p>hi</p><div id=\"divRplyFwdMsg\">From: Ana</div><p>x</p>"),
        (
            "x",
            "<p>hi</p><div class=\"gmail_quote\"><div class=\"gmail_attr\">---------- Forwarded message ---------<br>From: Ana</div><br><p>x</p></div>",
        ),
        ("x", "<blockquote type=cite>nothing but a quote</blockquote>"),
    ] {
        let mail = of("html", subject, body);
        assert_eq!(mail.text.quoted, "", "{body}: {:?}", mail.text);
        assert_eq!(mail.html.unwrap().folded.quoted, "", "{body}");
    }
}

#[test]
fn html_is_read_as_people_see_it() {
    for (html, text) in [
        ("<p>a</p><p>b</p>", "a\n\nb"),
        ("<div>a</div><div>b</div>", "a\nb"),
        ("<div>a</div><div><br></div><div>b</div>", "a\n\nb"),
        ("a<br>b<br><br>c", "a\nb\n\nc"),
        ("<i>a</i>\n b\t c", "a b c"),
        ("<pre>a\n  b</pre>", "a\n  b"),
        ("<ul><li>a<li>b</ul><ol><li>c</ol>", "• a\n• b\n\n1. c"),
        ("<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>", "a b\nc"),
        ("<p>a</p><blockquote><p>b</p>c</blockquote>", "a\n\n> b\n>\n> c"),
        ("a<script>x</script><style>y</style><title>z</title>", "a"),
        ("<span style='display:none'>x</span>a", "a"),
        ("a &lt;b&gt; &amp;amp; &eacute;", "a <b> &amp; é"),
        ("<img alt='logo'> a<img>", "logo a"),
        ("<a href='https://x.org'>a</a>", "a"),
        ("a<!-- b -->c", "ac"),
        ("", ""),
    ] {
        assert_eq!(of("html", "Fwd: x", html).text.whole(), text, "{html}");
    }
}

#[test]
fn pictures_from_elsewhere_wait_until_somebody_asks_for_them() {
    let html = |body: &str| of("html", "x", body).html.unwrap();
    let shown = html(
        "<p>a</p><img src=\"HTTPS://x.org/a.png?b&amp;c\" alt=\"b > c\"><img src=//x.org/d><img src=cid:c@d><a href=\"https://x.org\">e</a>",
    );
    assert!(shown.hides_remote_images);
    for kept in [
        "<img alt=\"b &gt; c\" data-remote-src=\"HTTPS://x.org/a.png?b&amp;c\">",
        "<img data-remote-src=\"https://x.org/d\">",
        "<img src=\"cid:c@d\">",
    ] {
        assert!(shown.folded.new.contains(kept), "{kept} in {}", shown.folded.new);
    }
    let quoted = html("<p>hi</p><div class=\"yahoo_quoted\">x<img src=\"http://x.org/a.png\"></div>");
    assert!(quoted.folded.quoted.contains("data-remote-src=\"http://x.org/a.png\"") && quoted.hides_remote_images);
    assert!(!html("<p>a</p><img src=cid:a>").hides_remote_images);
}

#[test]
fn what_only_tells_that_somebody_looked_is_gone_for_good() {
    for dot in [
        "<img src=\"https://x.org/a\" width=1 height=1>",
        "<img src=\"//x.org/a\" width=\"1px\" height=0 alt=b>",
        "<img src=\"https://x.org/a\" style=\"width:1px !important; height: 1px\">",
        "<img src=\"https://x.org/a\" width=300 height=1 style=\"WIDTH:0\">",
        "<img src=\"https://x.org/a\" style=\"display:none\">",
    ] {
        let html = of("html", "x", &format!("<p>a</p>{dot}")).html.unwrap();
        assert_eq!((html.folded.new.as_str(), html.hides_remote_images), ("<p>a</p>", false), "{dot}");
    }
    for seen in [
        "<img src=\"https://x.org/a\" width=1>",
        "<img src=\"https://x.org/a\" width=1 height=20>",
        "<img src=\"https://x.org/a\" width=1 height=1 style=\"width:100%\">",
    ] {
        assert!(of("html", "x", seen).html.unwrap().hides_remote_images, "{seen}");
    }
}

#[test]
fn no_mail_says_by_itself_which_picture_waits() {
    for html in [
        "<img data-remote-src=\"https://x.org/a.png\">",
        "<img data-remote-src=\"javascript:alert(1)\">",
        "<img src=\"javascript:alert(1)\">",
        "<img src=\"https:/a.png\">",
        "<img src=\"/v1/connections\">",
        "<p data-remote-src=\"https://x.org/a.png\">a</p>",
    ] {
        let html = of("html", "x", html).html.unwrap();
        assert!(!html.hides_remote_images && !html.folded.new.contains("src"), "{}", html.folded.new);
    }
}
