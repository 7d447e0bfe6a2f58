//! Lists, page by page. A cursor is good for the list that gave it, and for nobody else.

use crate::{api::error::ApiError, serve::Server};
use model::{customer::CustomerId, store::Paging};
use serde::Serialize;
use utoipa::ToSchema;

/// How many items a page has, unless asked otherwise.
pub const USUAL_ITEMS: usize = 50;
/// How many items a page has at most.
pub const MOST_ITEMS: usize = 200;

/// A page of a list.
#[derive(Debug, Serialize, ToSchema)]
pub struct Listed<T> {
    /// The items.
    pub items: Vec<T>,
    /// Gives the next page; none at the end.
    pub next_cursor: Option<String>,
    /// The feed up to this number is contained. Follow it from here.
    pub as_of_seq: u64,
}

/// A list that is whole.
#[derive(Debug, Serialize, ToSchema)]
pub struct Items<T> {
    /// The items.
    pub items: Vec<T>,
}

/// The page of a list that was asked for.
pub struct PageOf<'a> {
    server: &'a Server,
    list: String,
    /// The page, as the store takes it.
    pub paging: Paging,
}

impl<'a> PageOf<'a> {
    /// Reads a cursor. `filter` is all that the list depends on beside the customer.
    pub fn new(
        server: &'a Server,
        (name, customer, filter): (&str, &CustomerId, &str),
        cursor: Option<&str>,
        limit: Option<usize>,
    ) -> Result<Self, ApiError> {
        let list = format!("{name}\n{filter}\n{customer}");
        let place = |cursor: &str| server.keys.place(&list, cursor).ok_or_else(ApiError::bad_cursor);
        let after = cursor.filter(|cursor| !cursor.is_empty()).map(place).transpose()?;
        let limit = limit.unwrap_or(USUAL_ITEMS).clamp(1, MOST_ITEMS);
        Ok(Self { server, list, paging: Paging { after, limit } })
    }

    /// The cursor that leads to `place`.
    pub fn cursor(&self, place: Option<String>) -> Option<String> {
        place.map(|place| self.server.keys.cursor(&self.list, &place))
    }
}
