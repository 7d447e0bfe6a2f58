//! Read marks: Gmail keeps a label on each unread mail. A thread is read up to its first unread one.

use crate::gmail::{
    client::{Client, path},
    convert,
    problem::{CallError, Effect},
    wire,
};
use model::{
    chat::ReadMark,
    connector::ConnectorError,
    id::ExternalId,
    update::{Said, Update},
};
use serde::de::IgnoredAny;
use serde_json::json;

/// How many mails one call may relabel.
const MOST_AT_ONCE: usize = 1_000;
/// As many mails are relabelled one by one for the price of one call for all.
const FEW: usize = 10;

/// What is done with the label of unread mail.
#[derive(Clone, Copy)]
enum Label {
    PutOn,
    TakeOff,
}

/// Makes the labels say that a thread is read up to a mark, and says how far it is by then. What stands after the
/// mark stays as it is, unless the mark goes back.
pub async fn mark(
    client: &Client<'_>,
    chat: &ExternalId,
    mark: &ReadMark,
    back: bool,
) -> Result<Vec<Update>, ConnectorError> {
    let thread = match client.thread(chat.as_str(), &[]).await {
        Err(CallError::NotFound(_)) => return Ok(Vec::new()),
        thread => thread?,
    };
    let seen = || thread.messages.iter().filter(|one| client.sight().is_seen(one));
    let before = |one: &&wire::Message| convert::position(one) <= mark.position;
    let read = seen().filter(before).filter(|one| one.is("UNREAD"));
    relabel(client, read, Label::TakeOff).await?;
    if back {
        // What one wrote oneself is not to be read.
        let unread = seen().filter(|one| !before(one) && !one.is("UNREAD") && !one.is("SENT"));
        relabel(client, unread, Label::PutOn).await?;
    }
    let thread = match client.thread(chat.as_str(), &[]).await {
        Err(CallError::NotFound(_)) => return Ok(Vec::new()),
        thread => thread?,
    };
    let told = convert::read(&thread, client.sight()).map(|update| match update {
        // A mark may stand on a mail that is in the trash by now, after all that is left.
        Update::Read { chat, mark: there, said } if !back && there < *mark && said != Said::Nobody => {
            Update::Read { chat, mark: mark.clone(), said }
        }
        update => update,
    });
    Ok(told.into_iter().collect())
}

async fn relabel<'a>(
    client: &Client<'_>,
    mails: impl Iterator<Item = &'a wire::Message>,
    what: Label,
) -> Result<(), ConnectorError> {
    let field = match what {
        Label::PutOn => "addLabelIds",
        Label::TakeOff => "removeLabelIds",
    };
    let ids: Vec<_> = mails.map(|one| one.id.as_str()).collect();
    if ids.len() >= FEW {
        for some in ids.chunks(MOST_AT_ONCE) {
            let wish = json!({ "ids": some, field: ["UNREAD"] });
            let path = "messages/batchModify";
            client.post::<IgnoredAny>("messages.batchModify", path, &wish, Effect::Repeatable).await?;
        }
        return Ok(());
    }
    for id in ids {
        let (path, wish) = (format!("{}/modify", path("messages", id)?), json!({ field: ["UNREAD"] }));
        match client.post::<IgnoredAny>("messages.modify", &path, &wish, Effect::Repeatable).await {
            Ok(_) | Err(CallError::NotFound(_)) => {} // What is gone is neither.
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}
