//! Everything that can happen to the world, as lines that a journal keeps, and what each does.
//!
//! A change has all its ids and times in it, so that replaying it gives the same world.

use serde::{Deserialize, Serialize};

use super::config::{Subscription, WorldSize};
use super::mailbox::{Alias, Label, Mailbox, Message, Watch};
use super::seed;
use super::world::{Code, Parcel, Refresh, Sent, Token, World};

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "change", rename_all = "snake_case")]
pub enum Change {
    Seeded {
        seed: u64,
        size: WorldSize,
        at_micros: i64,
    },
    MailboxMade {
        address: String,
        name: String,
        sub: String,
        history: u64,
    },
    MailboxRenamed {
        mailbox: String,
        name: String,
    },
    AliasMade {
        mailbox: String,
        alias: Alias,
    },
    /// A message is put into a mailbox, as the one of a draft if it is one.
    Filed {
        mailbox: String,
        message: Box<Message>,
        draft: Option<String>,
        at_micros: i64,
    },
    Relabelled {
        mailbox: String,
        ids: Vec<String>,
        add: Vec<String>,
        remove: Vec<String>,
        history: Vec<u64>,
        at_micros: i64,
    },
    Purged {
        mailbox: String,
        ids: Vec<String>,
        history: u64,
        at_micros: i64,
    },
    LabelPut {
        mailbox: String,
        label: Label,
    },
    /// A draft is none any more; its message stays.
    DraftGone {
        mailbox: String,
        draft: String,
    },
    LabelGone {
        mailbox: String,
        id: String,
    },
    HistoryForgotten {
        mailbox: String,
        up_to: u64,
    },
    Sent {
        sent: Sent,
    },
    Watched {
        mailbox: String,
        watch: Option<Watch>,
    },
    CodeGiven {
        code: Code,
    },
    CodeUsed {
        code: String,
    },
    TokenGiven {
        token: Token,
    },
    RefreshGiven {
        refresh: Refresh,
    },
    /// Access tokens are dead by order.
    TokensRevoked {
        tokens: Vec<String>,
    },
    /// Access tokens have ended by themselves.
    TokensEnded {
        tokens: Vec<String>,
        at_micros: i64,
    },
    RefreshesRevoked {
        refreshes: Vec<String>,
    },
    SubscriptionPut {
        subscription: Subscription,
    },
    Queued {
        parcel: Parcel,
    },
    Postponed {
        id: u64,
        due_micros: i64,
        attempt: u32,
    },
    Settled {
        id: u64,
    },
}

impl World {
    pub fn apply(&mut self, change: &Change) {
        self.serial += 1;
        match change {
            Change::Seeded { seed, size, at_micros } => seed::fill(self, *seed, size, *at_micros),
            Change::MailboxMade { address, name, sub, history } => {
                let (key, history_id) = (address.to_lowercase(), *history);
                let (address, name, sub) = (key.clone(), name.clone(), sub.clone());
                self.mailboxes.insert(
                    key,
                    Mailbox { address, name, sub, history_id, forgotten: history_id - 1, ..Mailbox::default() },
                );
            }
            Change::Sent { sent } => self.sent.push(sent.clone()),
            Change::SubscriptionPut { subscription } => {
                self.subscriptions.insert(subscription.name.clone(), subscription.clone());
            }
            Change::MailboxRenamed { mailbox, .. }
            | Change::AliasMade { mailbox, .. }
            | Change::Filed { mailbox, .. }
            | Change::Relabelled { mailbox, .. }
            | Change::Purged { mailbox, .. }
            | Change::LabelPut { mailbox, .. }
            | Change::DraftGone { mailbox, .. }
            | Change::LabelGone { mailbox, .. }
            | Change::HistoryForgotten { mailbox, .. }
            | Change::Watched { mailbox, .. } => {
                if let Some(mailbox) = self.mailboxes.get_mut(mailbox) {
                    apply_to(mailbox, change);
                }
            }
            Change::CodeGiven { .. }
            | Change::CodeUsed { .. }
            | Change::TokenGiven { .. }
            | Change::RefreshGiven { .. }
            | Change::TokensRevoked { .. }
            | Change::TokensEnded { .. }
            | Change::RefreshesRevoked { .. } => self.apply_to_grants(change),
            Change::Queued { parcel } => {
                self.parcels.insert(parcel.id, parcel.clone());
            }
            Change::Postponed { id, due_micros, attempt } => {
                if let Some(parcel) = self.parcels.get_mut(id) {
                    (parcel.due_micros, parcel.attempt, parcel.taken) = (*due_micros, *attempt, false);
                }
            }
            Change::Settled { id } => {
                self.parcels.remove(id);
            }
        }
    }

    fn apply_to_grants(&mut self, change: &Change) {
        match change {
            Change::CodeGiven { code } => {
                self.codes.insert(code.code.clone(), code.clone());
            }
            Change::CodeUsed { code } => {
                if let Some(code) = self.codes.get_mut(code) {
                    code.used = true;
                }
            }
            Change::TokenGiven { token } => {
                self.tokens.insert(token.token.clone(), token.clone());
            }
            Change::RefreshGiven { refresh } => {
                self.refreshes.insert(refresh.token.clone(), refresh.clone());
            }
            Change::TokensRevoked { tokens } => {
                for token in tokens {
                    if let Some(token) = self.tokens.get_mut(token) {
                        token.revoked = true;
                    }
                }
            }
            Change::TokensEnded { tokens, at_micros } => {
                for token in tokens {
                    if let Some(token) = self.tokens.get_mut(token) {
                        token.expires_micros = token.expires_micros.min(*at_micros);
                    }
                }
            }
            Change::RefreshesRevoked { refreshes } => {
                for refresh in refreshes {
                    if let Some(refresh) = self.refreshes.get_mut(refresh) {
                        refresh.revoked = true;
                    }
                }
            }
            _ => {}
        }
    }
}

fn apply_to(mailbox: &mut Mailbox, change: &Change) {
    match change {
        Change::MailboxRenamed { name, .. } => mailbox.name.clone_from(name),
        Change::AliasMade { alias, .. } => mailbox.aliases.push(alias.clone()),
        Change::Filed { message, draft, at_micros, .. } => {
            if let Some(draft) = draft {
                mailbox.drafts.insert(draft.clone(), message.id.clone());
            }
            mailbox.file(Message::clone(message), *at_micros);
        }
        Change::Relabelled { ids, add, remove, history, at_micros, .. } => {
            mailbox.relabel(ids, add, remove, history, *at_micros);
        }
        Change::Purged { ids, history, at_micros, .. } => mailbox.purge(ids, *history, *at_micros),
        Change::LabelPut { label, .. } => {
            mailbox.labels.insert(label.id.clone(), label.clone());
        }
        Change::DraftGone { draft, .. } => {
            mailbox.drafts.remove(draft);
        }
        Change::LabelGone { id, .. } => mailbox.forget_label(id),
        Change::HistoryForgotten { up_to, .. } => mailbox.forget_history(*up_to),
        Change::Watched { watch, .. } => mailbox.watch.clone_from(watch),
        _ => {}
    }
}
