//! What a mail says, out of its parts: its text, its HTML, and all else as attachments.
//!
//! A mail that is handed on inside of another one is an attachment, and its words are its own.

use super::{
    bounds::{Bound, LONGEST_HTML_BYTES, LONGEST_TEXT_BYTES, cut_bytes},
    calendar::{self, Invitation},
    charset,
    fields::Fields,
    flowed,
    tree::{Node, PartPath},
};
use serde::{Deserialize, Serialize};
use std::{borrow::Cow, collections::BTreeSet};

/// How much of a mail within a mail is read for its subject, in bytes.
const LONGEST_INNER_HEAD_BYTES: usize = 64 << 10;

/// What an attachment is to its mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// A file that somebody sends.
    File,
    /// A picture within the HTML.
    Inline,
    /// An invitation, or an answer to one.
    Calendar,
    /// Another mail.
    Mail,
    /// What proves who wrote it.
    Signature,
    /// What a server tells programs.
    Report,
}

/// A part of a mail that is not its text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attachment {
    /// Where it stands, so that it can be found again.
    pub path: PartPath,
    /// Its name; made of its type where it has none.
    pub name: String,
    /// Its media type, as the mail says.
    pub media_type: String,
    /// How many bytes it is.
    pub size_bytes: u64,
    /// What it is to the mail.
    pub role: Role,
    /// The name by which the HTML calls it.
    pub content_id: Option<String>,
}

/// A piece of what is said, in the forms in which the mail has it.
#[derive(Debug, Default)]
struct Section {
    plain: Option<String>,
    html: Option<String>,
}

/// What a mail holds.
#[derive(Debug, Default)]
pub struct Content {
    sections: Vec<Section>,
    /// What is not its text.
    pub attachments: Vec<Attachment>,
    /// The meeting that it is about.
    pub invitation: Option<Invitation>,
    /// Where its calendar stands.
    calendar: Option<PartPath>,
    /// It bears a signature of its bytes, which nobody here has checked.
    pub is_signed: bool,
    /// Only its reader's own program can read it.
    pub is_encrypted: bool,
}

/// Gathers what a mail holds.
pub fn gather(root: &Node<'_>, cut: &mut BTreeSet<Bound>) -> Content {
    let mut gatherer =
        Gatherer { content: Content::default(), text_left: LONGEST_TEXT_BYTES, html_left: LONGEST_HTML_BYTES, cut };
    gatherer.content.sections = gatherer.node(root, Place::Alone);
    gatherer.content.settle_calendar();
    gatherer.content
}

impl Content {
    /// An invitation often comes twice, as a form of the text and as a file. The file is shown.
    fn settle_calendar(&mut self) {
        let Some(path) = &self.calendar else { return };
        let is_file = |one: &Attachment| one.role == Role::Calendar && one.path != *path;
        if self.attachments.iter().any(is_file) {
            self.attachments.retain(|one| one.path != *path);
        }
    }

    /// The HTML of all sections; none if there is only plain text.
    pub fn html(&self) -> Option<String> {
        if self.sections.iter().all(|section| section.html.is_none()) {
            return None;
        }
        let parts = self.sections.iter().filter_map(|section| match (&section.html, &section.plain) {
            (Some(html), _) => Some(Cow::Borrowed(html.as_str())),
            (None, Some(plain)) if !plain.trim().is_empty() => Some(Cow::Owned(as_html(plain))),
            (None, _) => None,
        });
        Some(parts.collect::<Vec<_>>().join("<br>"))
    }

    /// The plain text of all sections; none if some of it is only in HTML, or the plain text is a mere hint at it.
    pub fn plain(&self) -> Option<String> {
        let mut whole = String::new();
        for section in &self.sections {
            match (&section.plain, &section.html) {
                (Some(plain), None) => add(&mut whole, plain),
                (Some(plain), Some(html)) if !is_hint(plain, html) => add(&mut whole, plain),
                (None, None) => {}
                (_, Some(_)) => return None,
            }
        }
        Some(whole)
    }
}

fn add(whole: &mut String, text: &str) {
    if !whole.is_empty() && !text.is_empty() {
        whole.truncate(whole.trim_end_matches('\n').len());
        whole.push_str("\n\n");
    }
    whole.push_str(text);
}

/// Whether a plain text only says that there is HTML.
fn is_hint(plain: &str, html: &str) -> bool {
    /// A shorter text than this may be one, in letters.
    const SHORT: usize = 200;
    /// A text that is shorter than this share of the HTML's own words is none of it.
    const SHARE: usize = 10;
    let said = plain.trim().chars().take(SHORT + 1).count();
    if said == 0 {
        return true;
    }
    let mut is_tag = false;
    let words = html.chars().filter(|letter| {
        let was_tag = is_tag || *letter == '<';
        is_tag = was_tag && *letter != '>';
        !was_tag && !letter.is_whitespace()
    });
    said <= SHORT && words.take(SHORT * SHARE).count() >= (said + SHORT / 4) * SHARE
}

/// Whether a text is a document of HTML.
fn is_document(text: &str) -> bool {
    let start = text.trim_start();
    let begins = |with: &str| start.get(..with.len()).is_some_and(|start| start.eq_ignore_ascii_case(with));
    begins("<!doctype html") || begins("<html")
}

fn as_html(plain: &str) -> String {
    let escaped = plain.trim().replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    format!("<div>{}</div>", escaped.replace('\n', "<br>"))
}

/// What a part stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// It is the first of its surroundings.
    Alone,
    /// It follows another one.
    After,
    /// It is one of several forms of the same.
    Choice,
}

struct Gatherer<'c> {
    content: Content,
    text_left: usize,
    html_left: usize,
    cut: &'c mut BTreeSet<Bound>,
}

impl Gatherer<'_> {
    fn node(&mut self, node: &Node<'_>, place: Place) -> Vec<Section> {
        if node.parts.is_empty() {
            return self.leaf(node, place).into_iter().collect();
        }
        match node.kind.sub.as_str() {
            "alternative" => self.choice(node),
            "signed" => {
                self.content.is_signed = true;
                self.first_of(node, 0, Role::Signature)
            }
            "related" => self.first_of(node, start_of(node), Role::File),
            "report" => self.first_of(node, 0, Role::Report),
            "encrypted" => {
                self.content.is_encrypted = true;
                node.parts.iter().for_each(|part| self.enclose(part, None));
                Vec::new()
            }
            _ => {
                let mut sections = Vec::new();
                for part in &node.parts {
                    let place = if sections.is_empty() && place != Place::After { Place::Alone } else { Place::After };
                    sections.extend(self.node(part, place));
                }
                sections
            }
        }
    }

    /// One of the parts says it; the others belong to it.
    fn first_of(&mut self, node: &Node<'_>, first: usize, role: Role) -> Vec<Section> {
        let sections = node.parts.get(first).map(|part| self.node(part, Place::Alone)).unwrap_or_default();
        for (number, part) in node.parts.iter().enumerate() {
            if number != first {
                self.enclose(part, Some(role));
            }
        }
        sections
    }

    /// Several forms of the same: the last that is understood is the richest.
    fn choice(&mut self, node: &Node<'_>) -> Vec<Section> {
        let mut chosen = Section::default();
        for part in &node.parts {
            let sections = self.node(part, Place::Choice);
            let (mut plain, mut html) = (String::new(), String::new());
            for section in &sections {
                match section {
                    Section { html: Some(rich), .. } => html.push_str(rich),
                    Section { plain: Some(text), .. } if html.is_empty() => add(&mut plain, text),
                    Section { plain: Some(text), .. } => html.push_str(&as_html(text)),
                    Section { plain: None, html: None } => {}
                }
            }
            if !html.is_empty() {
                chosen.html = Some(if plain.is_empty() { html } else { as_html(&plain) + &html });
            } else if !plain.is_empty() || chosen.plain.is_none() && !sections.is_empty() {
                chosen.plain = Some(plain);
            }
        }
        vec![chosen]
    }

    fn leaf(&mut self, node: &Node<'_>, place: Place) -> Option<Section> {
        let is_words = node.kind.is("text", "plain") || node.kind.is("text", "html");
        let is_file = node.disposition == "attachment" || node.name.is_some() && place == Place::After;
        if is_words && !is_file {
            let text = self.words(node);
            // Senders mistake one for the other.
            let is_html = if node.kind.sub == "html" { text.contains(['<', '&']) } else { is_document(&text) };
            return Some(if is_html {
                Section { plain: None, html: Some(text) }
            } else {
                Section { plain: Some(text), html: None }
            });
        }
        if node.kind.top == "multipart" {
            // Its boundary is nowhere: what it holds is read as it stands.
            let text = self.words(node);
            return Some(Section { plain: Some(text), html: None });
        }
        let is_spare = node.kind.is("text", "x-amp-html") || node.kind.sub == "vnd.google.email-reaction+json";
        if is_spare && place == Place::Choice || node.kind.sub == "vnd.google.email-reaction+json" {
            return None;
        }
        self.enclose(node, None);
        None
    }

    /// The words of a part, within what is left.
    fn words(&mut self, node: &Node<'_>) -> String {
        let is_html = node.kind.sub == "html";
        let left = if is_html { self.html_left } else { self.text_left };
        let bytes = node.encoding.decode_first(node.body, left);
        let label = node.kind.parameter("charset").map(str::to_owned);
        let label = label.or_else(|| if is_html { charset::named_in_html(&bytes) } else { None });
        let mut text = charset::labelled(&bytes[..bytes.len().min(left.saturating_add(4))], label.as_deref());
        if cut_bytes(&mut text, left) || node.encoding.decoded_len(node.body) > bytes.len() {
            self.cut.insert(if is_html { Bound::Html } else { Bound::Text });
        }
        if is_html {
            self.html_left -= text.len();
            return text;
        }
        self.text_left -= text.len();
        let says =
            |name: &str, value: &str| node.kind.parameter(name).is_some_and(|said| said.eq_ignore_ascii_case(value));
        let text = normal(&text);
        if says("format", "flowed") { flowed::unflowed(&text, says("delsp", "yes")) } else { text }
    }

    /// Takes a part with all that stands in it for attachments.
    fn enclose(&mut self, node: &Node<'_>, role: Option<Role>) {
        if node.kind.sub == "vnd.google.email-reaction+json" {
            return;
        }
        if !node.parts.is_empty() {
            return node.parts.iter().for_each(|part| self.enclose(part, role));
        }
        let is_calendar = node.kind.is("text", "calendar") || node.kind.is("application", "ics");
        if node.kind.is("text", "calendar") && self.content.calendar.is_none() {
            self.content.invitation = calendar::read(node);
            self.content.calendar = Some(node.path.clone());
        }
        if matches!(node.kind.sub.as_str(), "pkcs7-mime" | "x-pkcs7-mime") {
            self.content.is_encrypted = true;
        }
        let content_id = node.content_id();
        let role = match role {
            Some(role @ (Role::Signature | Role::Report)) => role,
            _ if is_calendar => Role::Calendar,
            _ if node.kind.is("message", "rfc822") || node.kind.is("message", "global") => Role::Mail,
            _ => Role::File,
        };
        self.content.attachments.push(Attachment {
            path: node.path.clone(),
            name: node.name.clone().unwrap_or_else(|| default_name(node)),
            media_type: node.kind.media_type(),
            size_bytes: node.encoding.decoded_len(node.body) as u64,
            role,
            content_id,
        });
    }
}

/// Which of the parts is the one that the others belong to.
fn start_of(node: &Node<'_>) -> usize {
    let Some(start) = node.kind.parameter("start") else { return 0 };
    let start = start.trim().trim_matches(['<', '>']);
    node.parts.iter().position(|part| part.content_id().as_deref() == Some(start)).unwrap_or_default()
}

/// A name for what bears none.
fn default_name(node: &Node<'_>) -> String {
    if node.kind.is("message", "rfc822") {
        let bytes = node.encoding.decode_first(node.body, LONGEST_INNER_HEAD_BYTES);
        let subject = Fields::read(&bytes).0.text("Subject");
        let name = subject.and_then(|subject| super::tree::file_name(&subject.replace(['/', '\\'], "_")));
        return format!("{}.eml", name.unwrap_or_else(|| "mail".to_owned()));
    }
    let ending = match node.kind.media_type().as_str() {
        "image/jpeg" => "jpg",
        "image/png" => "png",
        "image/gif" => "gif",
        "application/pdf" => "pdf",
        "text/plain" | "message/delivery-status" | "text/rfc822-headers" => "txt",
        "text/html" => "html",
        "text/calendar" | "application/ics" => "ics",
        "application/pgp-signature" => "asc",
        "application/pkcs7-signature" => "p7s",
        _ => "bin",
    };
    format!("part-{}.{ending}", node.path)
}

/// Lines end in `\n`, and nothing stands there that no reader sees.
fn normal(text: &str) -> String {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    // U+FFFC stands where Apple Mail has a picture.
    let is_kept = |letter: &char| !letter.is_control() && *letter != '\u{fffc}' || matches!(letter, '\n' | '\t');
    text.strip_prefix('\u{feff}').unwrap_or(&text).chars().filter(is_kept).collect()
}
