//! From what is stored to what is shown. Names are put in here and nowhere else.

use super::{
    Answered, Attachment, ChangeKind, Chat, Completeness, Connection, Emoji, Gap, Invitation, LastMessage, Message,
    PREVIEW_CHARACTERS, Participant, PendingChange, Reaction, Recipient, Recipients, SyncStatus, UserPlatform, Words,
};
use crate::{
    abilities::Abilities,
    attachment::{self, AttachmentId},
    body::{self, Body, Naming},
    chat::{ChatFacts, ChatKind},
    completeness::{self, Measured},
    connection,
    emoji::{MOST_ALIASES, Picture, custom_name},
    facets::Content,
    id::{ExternalId, MessageId},
    invitation,
    letter::{Correspondent, Letter, Quoted},
    message, participant,
    store::ListedChat,
    sync_status::{self, SyncState},
    upload::Upload,
    user_platform,
};
use std::collections::{BTreeMap, BTreeSet};

/// The names by which things are shown, as known by now.
#[derive(Clone, Debug, Default)]
pub struct Names {
    /// Where all this is.
    pub platform: String,
    /// People by external id.
    pub people: BTreeMap<ExternalId, participant::Participant>,
    /// Chats by external id.
    pub chats: BTreeMap<ExternalId, String>,
    /// The first messages of threads, by external id.
    pub roots: BTreeMap<ExternalId, MessageId>,
    /// The customer's own ids.
    pub me: BTreeSet<ExternalId>,
    /// What stands for emoji that only this account has, by name.
    pub emoji: BTreeMap<String, Picture>,
    /// Those of them for whom this connection cannot speak.
    pub linked: BTreeSet<ExternalId>,
    /// The ids that this connection's commands appear under.
    pub senders: BTreeSet<ExternalId>,
}

impl Naming for Names {
    fn person(&self, id: &ExternalId) -> Option<String> {
        self.people.get(id).and_then(participant::Participant::name).map(str::to_owned)
    }

    fn chat(&self, id: &ExternalId) -> Option<String> {
        self.chats.get(id).cloned()
    }
}

impl Names {
    fn words(&self, body: &Body) -> Words {
        let text = body.text(self);
        let markdown = Some(body::markdown::write(body, self)).filter(|markdown| *markdown != text);
        let html = (!body.is_plain()).then(|| body::html::write(body, self));
        let emoji = body.emoji().collect::<BTreeSet<_>>().into_iter().filter_map(|name| self.emoji(name)).collect();
        Words { text, markdown, html, emoji }
    }

    /// What stands for a name, by whatever other names it leads there.
    fn emoji(&self, name: &str) -> Option<Emoji> {
        let mut picture = self.emoji.get(name)?;
        for _ in 0..MOST_ALIASES {
            let (picture_url, character) = match picture {
                Picture::Address(address) => (Some(address.clone()), None),
                Picture::Character(character) => (None, Some(character.clone())),
                Picture::Alias(other) => {
                    picture = self.emoji.get(other)?;
                    continue;
                }
            };
            return Some(Emoji { name: name.to_owned(), picture_url, character });
        }
        None
    }

    /// A person as they are shown.
    pub fn participant(&self, id: &ExternalId) -> Participant {
        let held = self.people.get(id);
        let facts = held.and_then(|held| held.facts.as_ref()).map(|facts| facts.value.clone()).unwrap_or_default();
        Participant {
            id: held.map(|held| held.id),
            external_id: id.clone(),
            name: if facts.name.is_empty() { id.0.clone() } else { facts.name },
            handle: facts.handle,
            emails: facts.emails,
            avatar_url: facts.avatar_url,
            bot: facts.bot,
            me: self.me.contains(id),
        }
    }

    /// The name of a chat: its own, or the other people's.
    pub fn chat_name(&self, external_id: &ExternalId, facts: Option<&ChatFacts>) -> String {
        let Some(facts) = facts else { return external_id.0.clone() };
        if let Some(name) = facts.name.as_ref().filter(|name| !name.is_empty()) {
            return name.clone();
        }
        let others: Vec<_> = facts.people.iter().filter(|id| !self.me.contains(id)).collect();
        let shown = if others.is_empty() { facts.people.iter().collect() } else { others };
        let names: Vec<_> = shown.into_iter().map(|id| self.participant(id).name).collect();
        if names.is_empty() { external_id.0.clone() } else { names.join(", ") }
    }
}

/// The external ids of the people that showing a message needs.
pub fn people_of(message: &message::Message) -> BTreeSet<ExternalId> {
    let mut ids = BTreeSet::new();
    if let Some(content) = &message.facets.content {
        ids.extend(content.value.sender.clone());
        ids.extend(content.value.body.people().cloned());
        let letter = content.value.letter.iter();
        ids.extend(letter.flat_map(|letter| letter.people()).map(|one| one.id.clone()));
    }
    for actors in message.facets.reactions.now().values() {
        ids.extend(actors.iter().take(NAMES_SHOWN).cloned());
    }
    ids
}

/// The emoji without a character that showing a message needs, by name.
pub fn emoji_of(message: &message::Message) -> BTreeSet<String> {
    let reactions = message.facets.reactions.now();
    let named = reactions.keys().filter_map(|emoji| custom_name(emoji)).map(str::to_owned);
    let said = message.facets.shown().into_iter().flat_map(|content| content.body.emoji()).map(str::to_owned);
    let changed = message.pending_change.iter().filter_map(|change| change.body.as_ref());
    named.chain(said).chain(changed.flat_map(|body| body.emoji()).map(str::to_owned)).collect()
}

/// How many names a reaction shows.
pub const NAMES_SHOWN: usize = 12;

/// Shows a message.
pub fn message(held: &message::Message, names: &Names) -> Message {
    let content = held.facets.content.as_ref().map(|content| &content.value);
    let deleted = held.facets.is_deleted();
    let shown = held.facets.shown();
    let letter = shown.and_then(|content| content.letter.as_deref());
    Message {
        id: held.id,
        chat_id: held.chat_id,
        customer_id: held.customer_id.clone(),
        connection_id: held.connection_id,
        platform: names.platform.clone(),
        external_id: held.external_id.clone(),
        direction: held.direction,
        changeable: held.direction == message::Direction::Outgoing
            && content.is_none_or(|content| content.sender.as_ref().is_none_or(|id| !names.linked.contains(id))),
        sender: content.and_then(|content| content.sender.as_ref()).map(|id| names.participant(id)),
        recipients: letter.map(|letter| recipients(letter, names)),
        subject: letter.map(|letter| letter.subject.clone()),
        body: shown.map(|content| names.words(&content.body)).unwrap_or_default(),
        mail_html: letter.and_then(|letter| letter.html.clone()),
        quoted: letter
            .and_then(|letter| letter.quoted.clone())
            .map(|Quoted { text, html }| super::Quoted { text, html }),
        remote_images: letter.is_some_and(|letter| letter.remote_images),
        list: letter.and_then(|letter| letter.list.clone()),
        automatic: letter.is_some_and(|letter| letter.automatic),
        invitation: letter.and_then(|letter| letter.invitation.as_deref()).map(|held| invitation(held, names)),
        attachments: shown.map(|content| attachments(held, content)).unwrap_or_default(),
        reactions: if deleted { Vec::new() } else { reactions(held, names) },
        thread_root_id: content.and_then(|content| names.roots.get(content.thread_root.as_ref()?)).copied(),
        thread_root: content.and_then(|content| content.thread_root.clone()),
        broadcast: content.is_some_and(|content| content.broadcast),
        position: held.position.clone(),
        sent_at: content.map_or(held.created_at, |content| content.sent_at),
        edited_at: shown.and_then(|content| content.edited_at),
        deleted_at: deleted.then_some(held.updated_at),
        status: held.status,
        error: held.error.clone().or_else(|| held.facets.failure().cloned()),
        pending_change: held.pending_change.as_ref().map(|change| PendingChange {
            kind: if change.body.is_some() { ChangeKind::Edit } else { ChangeKind::Delete },
            body: change.body.as_ref().map(|body| names.words(body)),
            status: change.status,
            error: change.error.clone(),
        }),
        merged_into: held.merged_into,
        revision: held.revision,
        platform_data: shown.map(|content| content.platform_data.clone()).unwrap_or_default(),
        created_at: held.created_at,
        updated_at: held.updated_at,
    }
}

fn recipient(one: &Correspondent, names: &Names) -> Recipient {
    Recipient {
        name: one.name.clone().unwrap_or_else(|| names.participant(&one.id).name),
        address: one.id.0.clone(),
        me: names.me.contains(&one.id),
    }
}

fn invitation(held: &invitation::Invitation, names: &Names) -> Invitation {
    let answer = held.answer.as_ref();
    Invitation {
        method: held.method,
        summary: held.summary.clone(),
        starts_at: held.starts_at.clone(),
        ends_at: held.ends_at.clone(),
        repeats: held.repeats,
        location: held.location.clone(),
        organizer: held.organizer.as_ref().map(|organizer| recipient(organizer, names)),
        answer: answer.map(|answer| Answered { by: recipient(&answer.by, names), attendance: answer.attendance }),
    }
}

fn recipients(letter: &Letter, names: &Names) -> Recipients {
    let all = |of: &[Correspondent]| of.iter().map(|one| recipient(one, names)).collect();
    Recipients { to: all(&letter.to), cc: all(&letter.cc), bcc: all(&letter.bcc), reply_to: all(&letter.reply_to) }
}

/// Shows a file that waits here to be sent.
pub fn upload(held: &Upload) -> Attachment {
    Attachment {
        id: AttachmentId::Upload(held.id),
        external_id: None,
        name: held.name.clone(),
        media_type: held.media_type.clone(),
        size_bytes: Some(held.size_bytes),
        state: attachment::FileState::Available,
        link: None,
        preview: None,
        content_id: None,
    }
}

fn attachments(held: &message::Message, content: &Content) -> Vec<Attachment> {
    content.attachments.iter().map(|file| attachment(held, file)).collect()
}

fn attachment(held: &message::Message, file: &attachment::Attachment) -> Attachment {
    let upload = file.external_id.as_str().parse().ok();
    Attachment {
        id: upload.map_or_else(|| AttachmentId::of(held.id, &file.external_id), AttachmentId::Upload),
        external_id: upload.is_none().then(|| file.external_id.clone()),
        name: file.name.clone(),
        media_type: file.media_type.clone(),
        size_bytes: file.size_bytes,
        state: file.state,
        link: file.link.clone(),
        preview: file.preview.clone(),
        content_id: file.content_id.clone(),
    }
}

fn reactions(held: &message::Message, names: &Names) -> Vec<Reaction> {
    let shown = |(emoji, actors): (String, BTreeSet<ExternalId>)| Reaction {
        custom: custom_name(&emoji).and_then(|name| names.emoji(name)),
        count: actors.len(),
        mine: actors.iter().any(|actor| names.senders.contains(actor)),
        names: actors.iter().take(NAMES_SHOWN).map(|actor| names.participant(actor).name).collect(),
        emoji,
    };
    held.facets.reactions.now().into_iter().map(shown).collect()
}

/// Shows a chat.
pub fn chat(
    listed: &ListedChat,
    names: &Names,
    abilities: &Abilities,
    known: Option<&completeness::Completeness>,
) -> Chat {
    let held = &listed.chat;
    let facts = held.facts.as_ref().map(|facts| &facts.value);
    let archived = held.is_archived();
    Chat {
        id: held.id,
        customer_id: held.customer_id.clone(),
        connection_id: held.connection_id,
        platform: names.platform.clone(),
        external_id: held.external_id.clone(),
        kind: facts.map_or(ChatKind::Channel, |facts| facts.kind),
        name: names.chat_name(&held.external_id, facts),
        state: held.state,
        archived,
        member: held.member.is_some_and(|member| member.member),
        participants: facts
            .map(|facts| facts.people.iter().map(|id| names.participant(id)).collect())
            .unwrap_or_default(),
        last_message: listed.last_message.as_ref().map(|last| last_message(last, names)),
        unread_count: listed.unread_count,
        last_read: held.read.as_ref().map(|mark| mark.position.clone()),
        abilities: if archived { closed(abilities) } else { abilities.clone() },
        completeness: known.map(completeness_of),
        platform_data: facts.map(|facts| facts.platform_data.clone()).unwrap_or_default(),
        revision: held.revision,
        active_at: listed.active_at,
        created_at: held.created_at,
        updated_at: held.updated_at,
    }
}

fn completeness_of(held: &completeness::Completeness) -> Completeness {
    let gap =
        |gap: &completeness::Gap| Gap { from: gap.from, to: gap.to, state: gap.state, reason: gap.reason.clone() };
    Completeness {
        complete_since: held.since.filter(|since| held.until.is_some_and(|until| *since < until)),
        checked_at: held.checked_at,
        gaps: held.gaps.iter().map(gap).collect(),
        revision: held.revision,
    }
}

fn closed(abilities: &Abilities) -> Abilities {
    Abilities {
        send: false,
        reply: false,
        broadcast: false,
        edit: false,
        delete: false,
        react: false,
        files: false,
        ..abilities.clone()
    }
}

fn last_message(held: &message::Message, names: &Names) -> LastMessage {
    let shown = message(held, names);
    LastMessage {
        id: shown.id,
        preview: shown.body.text.chars().take(PREVIEW_CHARACTERS).collect(),
        sender_name: shown.sender.map(|sender| sender.name),
        sent_at: shown.sent_at,
    }
}

/// Shows a connection.
pub fn connection(held: &connection::Connection, platform: &str, measured: Measured) -> Connection {
    Connection {
        id: held.id,
        customer_id: held.customer_id.clone(),
        integration: held.integration.clone(),
        platform: platform.to_owned(),
        external_account: held.account.clone(),
        account_name: held.account_name.clone(),
        state: held.state,
        reason: held.reason.clone(),
        scopes: held.scopes.clone(),
        abilities: held.abilities.clone(),
        paused: held.standing.paused,
        miss_rate: measured.rate(),
        import_new_chats: held.import_new_chats,
        include_trash_and_spam: held.include_trash_and_spam,
        revision: held.revision,
        created_at: held.created_at,
        updated_at: held.updated_at,
    }
}

/// Shows a run of import.
pub fn sync_status(held: &sync_status::SyncStatus, chat_name: Option<String>) -> SyncStatus {
    SyncStatus {
        id: held.id,
        customer_id: held.customer_id.clone(),
        connection_id: held.connection_id,
        chat_id: held.chat_id,
        chat_name,
        kind: held.kind,
        state: held.state,
        done: held.done,
        total: held.total,
        expected_end: held.is_open().then_some(held.expected_end).flatten(),
        waiting_until: (held.state == SyncState::Waiting).then_some(held.due_at),
        error: held.error.clone(),
        revision: held.revision,
        created_at: held.created_at,
        started_at: held.started_at,
        finished_at: held.finished_at,
    }
}

/// Shows who a customer is.
pub fn user_platform(held: &user_platform::UserPlatform) -> UserPlatform {
    UserPlatform {
        id: held.id,
        customer_id: held.customer_id.clone(),
        connection_id: held.connection_id,
        platform: held.platform.clone(),
        external_user_ids: held.external_user_ids.iter().chain(&held.stated.ids).cloned().collect(),
        proven_user_ids: held.external_user_ids.clone(),
        name: held.stated.name.clone().unwrap_or_else(|| held.name.clone()),
        emails: held.stated.emails.clone().unwrap_or_else(|| held.emails.clone()),
        revision: held.revision,
    }
}
