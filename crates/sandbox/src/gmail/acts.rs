//! What people do in their mailboxes, from the page or by a test's order, and what reaches them from outside.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::{Value, json};

use super::Gmail;
use super::answer::{add, answer, quote, react};
use super::change::Change;
use super::mailbox::{Alias, Message};
use super::mime::addresses::{self, Address};
use super::mime::write::{File, Letter};
use super::state::State;
use crate::calendar::mail_date;

/// Why an act is not possible.
pub type Refusal = &'static str;

/// What a person does, told as `{"as": "ana@…", "do": "send", …}`.
#[derive(Debug, Clone, Deserialize)]
pub struct Act {
    #[serde(rename = "as")]
    pub user: String,
    #[serde(flatten)]
    pub deed: Deed,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub enum Deed {
    /// Writes a mail, also from an address outside. Answers with its id, where the writer has a mailbox.
    Send(Writing),
    /// Answers a message, or everybody in it, and besides whom the writing names.
    Reply {
        message: String,
        #[serde(default)]
        all: bool,
        /// Whether what is answered stands below the answer.
        #[serde(default)]
        quote: bool,
        #[serde(flatten)]
        writing: Writing,
    },
    /// Sends bytes as they are; `raw` is base64. From outside everything in it stays.
    Raw {
        raw: String,
    },
    Trash {
        messages: Vec<String>,
    },
    Untrash {
        messages: Vec<String>,
    },
    /// Deletes for good.
    Delete {
        messages: Vec<String>,
    },
    Label {
        messages: Vec<String>,
        #[serde(default)]
        add: Vec<String>,
        #[serde(default)]
        remove: Vec<String>,
    },
    /// Makes a label; answers with its id.
    MakeLabel {
        name: String,
    },
    /// Writes a draft, or other words into one. Answers with its id.
    Draft {
        #[serde(default)]
        draft: Option<String>,
        #[serde(flatten)]
        writing: Writing,
    },
    /// Sends a draft: as another message, or, as Gmail's own page may, as the one that it is.
    SendDraft {
        draft: String,
        #[serde(default)]
        in_place: bool,
    },
    /// Reacts to a message with an emoji, which is a mail of its own.
    React {
        message: String,
        emoji: String,
    },
    Rename {
        name: String,
    },
    AddAlias {
        address: String,
        #[serde(default)]
        name: String,
        #[serde(default = "yes")]
        accepted: bool,
    },
    /// A new person comes, with an empty mailbox.
    MakeMailbox {
        name: String,
    },
}

fn yes() -> bool {
    true
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Writing {
    /// Lists, as one types them: `Ana <ana@acme.example>, bruno@acme.example`.
    pub to: String,
    pub cc: String,
    pub bcc: String,
    pub subject: String,
    pub text: String,
    pub html: Option<String>,
    /// Another own address to write from.
    pub from: Option<String>,
    pub files: Vec<Attached>,
}

#[derive(Debug, Clone, Deserialize)]
pub struct Attached {
    pub name: String,
    #[serde(default = "bytes")]
    pub kind: String,
    /// Base64.
    pub content: String,
}

fn bytes() -> String {
    "application/octet-stream".into()
}

impl Gmail {
    /// Lets a person act. Gives what came of it: the id of what is new.
    pub fn act_as(&self, act: Act) -> Result<Value, Refusal> {
        self.act(|state, now| state.act_as(now, &act.user, act.deed))
    }

    /// A person writes a mail. Gives its id in their mailbox, or nothing for somebody outside.
    pub fn act_send(&self, user: &str, to: &str, subject: &str, text: &str) -> Result<Option<String>, Refusal> {
        let writing = Writing { to: to.into(), subject: subject.into(), text: text.into(), ..Writing::default() };
        let made = self.act_as(Act { user: user.into(), deed: Deed::Send(writing) })?;
        Ok(made["id"].as_str().map(str::to_owned))
    }

    /// Somebody sends bytes as they are, also from outside: there everything in them stays.
    pub fn act_raw(&self, user: &str, raw: &[u8]) -> Result<Value, Refusal> {
        self.act_as(Act { user: user.into(), deed: Deed::Raw { raw: STANDARD.encode(raw) } })
    }

    /// A person answers everybody in a message of their mailbox. Gives the answer's id.
    pub fn act_reply_all(&self, user: &str, message: &str, text: &str) -> Result<Option<String>, Refusal> {
        let writing = Writing { text: text.into(), ..Writing::default() };
        let made = self.act_as(Act {
            user: user.into(),
            deed: Deed::Reply { message: message.into(), all: true, quote: false, writing },
        })?;
        Ok(made["id"].as_str().map(str::to_owned))
    }
}

impl State {
    pub fn act_as(&mut self, now_micros: i64, user: &str, deed: Deed) -> Result<Value, Refusal> {
        let own = self.world.mailbox_at(user).map(|mailbox| mailbox.address.clone());
        let mailbox = || own.clone().ok_or("no_such_mailbox");
        match deed {
            Deed::Send(writing) => self.write(now_micros, user, own.as_deref(), &writing),
            Deed::Reply { message, all, quote: quotes, writing } => {
                let finish = |letter: &mut Letter, parent: &Message| {
                    if quotes {
                        quote(letter, parent);
                    }
                };
                self.act_reply(now_micros, &mailbox()?, &message, all, &writing, finish)
            }
            Deed::React { message, emoji } => {
                let finish = |letter: &mut Letter, _: &Message| react(letter, &emoji);
                self.act_reply(now_micros, &mailbox()?, &message, true, &Writing::default(), finish)
            }
            Deed::SendDraft { draft, in_place } => self.act_send_draft(now_micros, &mailbox()?, &draft, in_place),
            Deed::Raw { raw } => {
                let raw = STANDARD.decode(raw).map_err(|_| "invalid_raw")?;
                match own {
                    Some(mailbox) => Ok(json!({ "id": self.send(now_micros, &mailbox, &raw, None, false) })),
                    None => Ok(json!({ "arrived": self.take_from_outside(now_micros, user, &raw) })),
                }
            }
            Deed::Trash { messages } => {
                self.over(&mailbox()?, messages, |state, mailbox, ids| state.trash(now_micros, mailbox, ids))
            }
            Deed::Untrash { messages } => {
                self.over(&mailbox()?, messages, |state, mailbox, ids| state.untrash(now_micros, mailbox, ids))
            }
            Deed::Delete { messages } => {
                self.over(&mailbox()?, messages, |state, mailbox, ids| state.purge(now_micros, mailbox, ids))
            }
            Deed::Label { messages, add, remove } => {
                let mailbox = mailbox()?;
                let held = self.world.mailbox(&mailbox).ok_or("no_such_mailbox")?;
                if add.iter().chain(&remove).any(|label| !held.knows_label(label)) {
                    return Err("no_such_label");
                }
                self.over(&mailbox, messages, |state, mailbox, ids| {
                    state.relabel(now_micros, mailbox, ids, &add, &remove)
                })
            }
            Deed::MakeLabel { name } => Ok(json!({ "label": self.make_label(&mailbox()?, &name) })),
            Deed::Draft { draft, writing } => {
                let mailbox = mailbox()?;
                let raw = self.letter(now_micros, &mailbox, &writing)?.bytes();
                Ok(json!({ "draft": self.put_draft(now_micros, &mailbox, draft.as_deref(), raw, None) }))
            }
            Deed::Rename { name } => {
                self.record(Change::MailboxRenamed { mailbox: mailbox()?, name });
                Ok(json!({}))
            }
            Deed::AddAlias { address, name, accepted } => {
                let alias = Alias { address: address.to_lowercase(), name, accepted };
                self.record(Change::AliasMade { mailbox: mailbox()?, alias });
                Ok(json!({}))
            }
            Deed::MakeMailbox { name } => self.make_mailbox(user, name),
        }
    }

    fn make_mailbox(&mut self, address: &str, name: String) -> Result<Value, Refusal> {
        if self.world.mailbox_at(address).is_some() {
            return Err("mailbox_exists");
        }
        if addresses::read(address).len() != 1 {
            return Err("invalid_address");
        }
        let sub = format!("1{:020}", self.world.serial);
        let history = 1_000 + self.below(90_000).unsigned_abs();
        self.record(Change::MailboxMade { address: address.to_owned(), name, sub, history });
        Ok(json!({}))
    }

    /// Does something with messages that all have to be there.
    fn over(
        &mut self,
        mailbox: &str,
        ids: Vec<String>,
        act: impl FnOnce(&mut State, &str, &[String]),
    ) -> Result<Value, Refusal> {
        let held = self.world.mailbox(mailbox).ok_or("no_such_mailbox")?;
        if ids.iter().any(|id| !held.messages.contains_key(id)) {
            return Err("no_such_message");
        }
        act(self, mailbox, &ids);
        Ok(json!({}))
    }

    fn write(&mut self, now_micros: i64, user: &str, own: Option<&str>, writing: &Writing) -> Result<Value, Refusal> {
        let letter = self.letter(now_micros, own.unwrap_or(user), writing)?;
        if letter.to.is_empty() && letter.cc.is_empty() && letter.bcc.is_empty() {
            return Err("no_recipient");
        }
        match own {
            Some(mailbox) => Ok(json!({ "id": self.send(now_micros, mailbox, &letter.bytes(), None, false) })),
            None => {
                // A mail server outside leaves the hidden recipients out of the mail itself.
                let raw = Letter { bcc: Vec::new(), ..letter.clone() }.bytes();
                let arrived = self.take_from_outside(now_micros, user, &raw);
                Ok(json!({ "arrived": arrived, "message_id": letter.message_id }))
            }
        }
    }

    fn letter(&self, now_micros: i64, user: &str, writing: &Writing) -> Result<Letter, Refusal> {
        let name = self.world.mailbox(user).map_or("", |mailbox| &mailbox.name);
        let typed = addresses::read(writing.from.as_deref().unwrap_or(user)).into_iter().next();
        let from = typed.map(|typed| if typed.name.is_empty() { Address::new(name, &typed.address) } else { typed });
        let from = from.ok_or("invalid_address")?;
        let domain = from.address.rsplit_once('@').map_or("example", |(_, domain)| domain).to_owned();
        let files = writing.files.iter().map(|file| {
            let bytes = STANDARD.decode(&file.content).map_err(|_| "invalid_content")?;
            Ok(File { name: file.name.clone(), kind: file.kind.clone(), bytes })
        });
        Ok(Letter {
            from: Some(from),
            to: addresses::read(&writing.to),
            cc: addresses::read(&writing.cc),
            bcc: addresses::read(&writing.bcc),
            subject: writing.subject.clone(),
            date: mail_date(now_micros),
            message_id: format!("<{}@{domain}>", self.new_letters("written", 24)),
            text: writing.text.clone(),
            html: writing.html.clone(),
            files: files.collect::<Result<_, Refusal>>()?,
            ..Letter::default()
        })
    }

    fn act_reply(
        &mut self,
        now_micros: i64,
        mailbox: &str,
        id: &str,
        all: bool,
        writing: &Writing,
        finish: impl FnOnce(&mut Letter, &Message),
    ) -> Result<Value, Refusal> {
        let held = self.world.mailbox(mailbox).ok_or("no_such_mailbox")?;
        let parent = held.messages.get(id).ok_or("no_such_message")?;
        let mut letter = self.letter(now_micros, mailbox, writing)?;
        let has_room = held.takes(&parent.thread, &parent.head, self.config.thread_most);
        let thread = has_room.then(|| parent.thread.clone());
        let added = (std::mem::take(&mut letter.to), std::mem::take(&mut letter.cc));
        answer(&mut letter, held, parent, all);
        add(&mut letter, added);
        finish(&mut letter, parent);
        if letter.to.is_empty() {
            return Err("no_recipient");
        }
        Ok(json!({ "id": self.send(now_micros, mailbox, &letter.bytes(), thread, false) }))
    }

    fn act_send_draft(
        &mut self,
        now_micros: i64,
        mailbox: &str,
        draft: &str,
        in_place: bool,
    ) -> Result<Value, Refusal> {
        let held = self.world.mailbox(mailbox).ok_or("no_such_mailbox")?;
        let message = held.drafts.get(draft).and_then(|id| held.messages.get(id)).ok_or("no_such_draft")?;
        if message.head.to.is_empty() && message.head.cc.is_empty() && message.head.bcc.is_empty() {
            return Err("no_recipient");
        }
        let (id, thread, raw) = (message.id.clone(), message.thread.clone(), message.raw.0.to_vec());
        if in_place {
            self.record(Change::DraftGone { mailbox: mailbox.to_owned(), draft: draft.to_owned() });
            let (sent, draft) = (["SENT".to_owned()], ["DRAFT".to_owned()]);
            self.relabel(now_micros, mailbox, std::slice::from_ref(&id), &sent, &draft);
            self.give_out(now_micros, mailbox, &id, &raw, false);
            return Ok(json!({ "id": id }));
        }
        self.purge(now_micros, mailbox, &[id]);
        Ok(json!({ "id": self.send(now_micros, mailbox, &raw, Some(thread), false) }))
    }
}
