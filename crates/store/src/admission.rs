//! What no store lets in: a commit that reaches beyond its customer.

use model::{
    changes::{Changes, Write},
    customer::CustomerId,
    store::StoreError,
};

/// Whose rows a commit may touch.
pub(crate) struct Admitted<'a> {
    customer: Option<&'a CustomerId>,
}

impl<'a> Admitted<'a> {
    /// Refuses a commit that holds a row of another customer, or rows of a customer without naming one.
    pub(crate) fn check(changes: &'a Changes) -> Result<Self, StoreError> {
        let admitted = Self { customer: changes.customer.as_ref() };
        let owners = changes.writes.iter().filter_map(owner);
        if owners.into_iter().any(|owner| Some(owner) != admitted.customer) {
            return Err(StoreError::Broken("a commit holds a row of another customer".to_owned()));
        }
        if !changes.events.is_empty() {
            admitted.customer()?;
        }
        Ok(admitted)
    }

    /// The customer, for a write that needs one.
    pub(crate) fn customer(&self) -> Result<&'a CustomerId, StoreError> {
        self.customer.ok_or_else(|| StoreError::Broken("a commit of no customer holds a customer's row".to_owned()))
    }
}

/// The customer that a row names, if it names one.
fn owner(write: &Write) -> Option<&CustomerId> {
    match write {
        Write::Connection(row) => Some(&row.customer_id),
        Write::UserPlatform(row) => Some(&row.customer_id),
        Write::Chat(row) => Some(&row.customer_id),
        Write::Participant(row) => Some(&row.customer_id),
        Write::Emoji(row) => Some(&row.customer_id),
        Write::Message(row) => Some(&row.customer_id),
        Write::Command(row) => Some(&row.customer_id),
        Write::SyncStatus(row) => Some(&row.customer_id),
        Write::Completeness(row) => Some(&row.customer_id),
        Write::Following(row) => Some(&row.customer_id),
        Write::Upload(row) => Some(&row.customer_id),
        Write::QueuePart(row) | Write::UpdatePart(row) => Some(&row.customer_id),
        Write::Login(_)
        | Write::CheckSoon { .. }
        | Write::CheckAll { .. }
        | Write::FollowSoon { .. }
        | Write::RemoveUpload { .. }
        | Write::EmojiListed { .. }
        | Write::Name(_)
        | Write::Rename(_)
        | Write::RemovePart { .. }
        | Write::Routed(_)
        | Write::Unclaimed(_)
        | Write::SetAside(_)
        | Write::TakeUp { .. }
        | Write::Active { .. }
        | Write::EmptyChat(_)
        | Write::Quiet(_)
        | Write::Remember(_)
        | Write::Identity { .. }
        | Write::Expect { .. } => None,
    }
}
