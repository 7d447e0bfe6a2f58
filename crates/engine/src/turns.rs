//! Whose work was done last, so that the next turn is another customer's. Each process has its own, and
//! nothing but the order of work stands on it.

use model::customer::CustomerId;
use std::sync::{Mutex, PoisonError};

/// Whose work was done last, for each kind of work that customers share.
#[derive(Default)]
pub(crate) struct LastServed {
    pub read: Last,
    pub import: Last,
    pub outbound: Last,
}

/// The last one.
#[derive(Default)]
pub(crate) struct Last(Mutex<Option<CustomerId>>);

impl Last {
    pub(crate) fn customer(&self) -> Option<CustomerId> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn was(&self, customer: &CustomerId) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(customer.clone());
    }
}
