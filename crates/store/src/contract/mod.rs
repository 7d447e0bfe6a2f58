//! The laws that every store keeps: one list, run against each of them.

pub(crate) mod samples;

mod chats;
mod checks;
mod erasing;
mod feed;
mod followings;
mod guards;
pub(crate) mod index;
mod intake;
mod limits;
mod lines;
mod outbox;
mod people;
mod retention;
mod stream;
mod turns;

pub(crate) use chats::*;
pub(crate) use checks::*;
pub(crate) use erasing::*;
pub(crate) use feed::*;
pub(crate) use followings::*;
pub(crate) use guards::*;
pub(crate) use intake::*;
pub(crate) use limits::*;
pub(crate) use lines::*;
pub(crate) use outbox::*;
pub(crate) use people::*;
pub(crate) use retention::*;
pub(crate) use stream::*;
pub(crate) use turns::*;

use model::store::{Slice, Store, StoreError};

/// A fresh store, and what must live as long as it.
pub(crate) struct Opened<S> {
    pub(crate) store: S,
    pub(crate) _folder: Option<tempfile::TempDir>,
}

/// Runs every law against a store: `store_contract!(name: how to open a fresh one)`.
macro_rules! store_contract {
    ($name:ident: $open:expr) => {
        mod $name {
            use super::*;
            crate::contract::laws! { $open;
                a_first_revision_is_inserted_once,
                a_later_revision_is_written_only_over_the_one_before,
                a_stale_row_takes_the_whole_commit_with_it,
                an_account_has_one_connection_of_a_customer,
                an_account_has_one_login,
                logins_are_looked_at_when_they_are_due,
                connections_are_looked_at_when_they_are_due,
                a_message_of_the_platform_is_one_row,
                a_name_stands_for_one_thing,
                a_command_has_a_number_of_its_own,
                a_key_is_remembered_once,
                a_chat_of_another_generation_is_stale,
                another_identity_is_stale,
                a_commit_stays_within_its_customer,
                another_customers_id_finds_nothing,
                a_row_comes_back_as_it_went_in,
                what_was_taken_in_waits_until_it_is_routed,
                a_part_queued_twice_stays_the_first,
                parts_wait_in_lanes,
                parked_parts_are_not_due,
                parts_that_are_gone_stay_gone,
                unclaimed_parts_wait_for_their_account,
                what_is_referred_to_is_not_forgotten,
                routed_requests_are_found_in_the_order_in_which_they_came,
                what_has_ended_is_forgotten,
                runs_go_some_time_after_they_ended,
                commands_go_once_they_are_done_and_old,
                parked_parts_go_with_their_request,
                an_erased_customer_leaves_nothing,
                a_login_of_others_stays,
                a_lease_has_one_holder,
                calls_are_counted_for_all,
                a_pause_holds_for_its_bucket,
                a_ticket_is_taken_once,
                a_ticket_ends,
                api_keys_come_and_go,
                listeners_follow_their_connection,
                who_was_proven_to_be_somebody_is_found,
                who_knows_a_chat_is_found_by_its_name,
                people_are_found_in_any_case,
                people_are_listed_page_by_page,
                names_lead_to_people_chats_and_messages,
                a_rename_leads_elsewhere,
                the_later_telling_of_an_emoji_wins,
                active_only_grows,
                chats_are_listed_by_activity,
                chats_are_filtered,
                the_last_message_can_be_read,
                messages_are_listed_newest_first,
                stretches_hold_one_line_each,
                threads_are_found_by_their_newest_reply,
                how_whole_a_chat_is_known_is_guarded,
                checks_are_due_and_those_behind_come_by_activity,
                chats_that_may_have_missed_anything_are_compared_whole,
                lines_are_due_and_guarded,
                a_hint_overtakes_whoever_reads_the_line,
                misses_are_measured_by_connection,
                a_long_silence_of_all_servers_is_an_outage,
                paging_gives_each_item_once_while_rows_come_in,
                a_page_from_elsewhere_is_empty,
                an_emptied_chat_keeps_its_name_only,
                a_chat_with_an_open_command_is_not_quiet,
                unread_messages_are_counted_up_to_a_limit,
                marks_are_brought_when_they_are_due,
                a_chats_first_open_command_decides,
                commands_are_numbered_and_found_again,
                uploads_are_due_and_go_as_they_were_known,
                syncs_are_due_while_they_are_open,
                customers_have_their_runs_in_turns,
                customers_have_their_chats_and_lanes_in_turns,
                syncs_are_listed_newest_first,
                asides_wait_for_their_time,
                next_due_is_the_earliest_of_all,
            what_waits_is_counted_up_to_a_limit,
                a_feed_has_no_gaps,
                a_stale_commit_takes_no_number,
                events_are_forgotten_from_the_beginning,
                commits_at_once_are_numbered_one_by_one,
                the_timeline_is_all_chats_by_time,
                a_timelines_page_goes_on_where_it_ended,
                everything_is_read_once_in_the_order_of_ids,
                people_are_followed_by_their_changes,
            }
        }
    };
}

macro_rules! laws {
    ($open:expr; $($law:ident,)*) => {$(
        #[tokio::test]
        async fn $law() {
            let opened = $open;
            crate::contract::$law(&opened.store).await;
        }
    )*};
}

pub(crate) use laws;
pub(crate) use store_contract;

/// Whether a commit was refused as decided on stale knowledge.
pub(crate) fn is_stale<T>(answer: &Result<T, StoreError>) -> bool {
    matches!(answer, Err(StoreError::Stale))
}

/// Reads a list page by page until it ends.
pub(crate) async fn all_pages<T, F>(limit: usize, mut page: impl FnMut(model::store::Paging) -> F) -> Vec<T>
where
    F: Future<Output = Result<Slice<T>, StoreError>>,
{
    let mut items = Vec::new();
    let mut paging = samples::first(limit);
    loop {
        let slice = page(paging.clone()).await.unwrap();
        assert!(slice.items.len() <= limit, "a page is never longer than its limit");
        items.extend(slice.items);
        match slice.next {
            None => return items,
            next => paging.after = next,
        }
    }
}

/// Commits what must be accepted.
pub(crate) async fn keep(store: &dyn Store, changes: model::changes::Changes) -> model::store::Committed {
    store.commit(changes).await.unwrap()
}
