//! When a run should end, told anew with each of its pages.

use crate::{Engine, EngineError, limits::Limited};
use model::{chat::Chat, connector::Page, estimate::Course, sync_status::SyncStatus, time::Timestamp, update::newest};

impl Engine {
    /// The run with what one more page tells of when it will end.
    pub(crate) async fn measured(
        &self,
        wire: &Limited<'_>,
        sync: SyncStatus,
        chat: Option<&Chat>,
        page: &Page,
        asked_at: Timestamp,
    ) -> Result<SyncStatus, EngineError> {
        let pages = sync.pages + 1;
        let made_at = chat.and_then(|chat| chat.facts.as_ref()).and_then(|facts| facts.value.made_at);
        let (reached, oldest) = (page.since.or(sync.reached), made_at.max(sync.since));
        let newest = sync.newest.or_else(|| newest(&page.updates));
        let mut expected_end = None;
        if let (Some(newest), Some(reached), Some(oldest)) = (newest, reached, oldest) {
            let (started_at, each) = (sync.started_at.unwrap_or(asked_at), wire.lasts().await?);
            let course = Course { started_at, now: self.now(), pages, newest, reached, oldest, each };
            expected_end = course.expected_end();
        }
        Ok(SyncStatus { pages, newest, reached, expected_end, ..sync })
    }
}
