//! Reads chats, who is in them, and people.

use crate::slack::{
    client::{Answer, Client},
    convert, history, id,
    problem::CallError,
    wire,
};
use model::{
    connector::{Access, ConnectorError, Page},
    facets::Version,
    id::{Cursor, ExternalId},
    message::Problem,
    update::Update,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// How many groups are looked into in one page: each needs two calls to learn who is in it.
const GROUPS_AT_ONCE: usize = 10;
/// How many pages of members are read to show who is in a group.
const MOST_PAGES_OF_PEOPLE: usize = 5;
/// How many pages of an organization's workspaces are read.
const MOST_PAGES_OF_TEAMS: usize = 10;
/// How many pages of members are read to find one person.
const MOST_PAGES_TO_FIND: usize = 50;
/// Slack says this of a chat that is gone as well as of one that this login may not see.
const NOT_VISIBLE: &[&str] = &["channel_not_found", "not_in_channel"];

/// Where we are in the list of chats.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Place {
    /// The next page of the list; none at its end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    main: Option<String>,
    /// The groups of the last page whose people are still unknown.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    groups: Vec<String>,
    /// The workspaces of an organization that are still to be read, the present one first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    teams: Vec<String>,
}

/// The workspaces to list by themselves: an organization's token lists one at a time.
async fn teams(client: &Client<'_>) -> Result<Vec<String>, ConnectorError> {
    let (mut teams, mut cursor) = (Vec::new(), None);
    if !id::is_organization(&client.facts.team_id) {
        return Ok(teams);
    }
    for _ in 0..MOST_PAGES_OF_TEAMS {
        let answer = client.auth_teams_list(cursor.as_deref()).await?;
        teams.extend(answer.list::<wire::Team>("teams").into_iter().map(|team| team.id));
        cursor = answer.next_cursor();
        if cursor.is_none() {
            break;
        }
    }
    Ok(teams)
}

/// The workspaces that are left once a page was read: the present one until its last page.
fn left(mut teams: Vec<String>, next: Option<&String>) -> Vec<String> {
    if next.is_none() && !teams.is_empty() {
        teams.remove(0);
    }
    teams
}

/// Reads a page of the chats that the person of the connection is in, as far as the login sees them.
pub async fn pull(access: &Access<'_>, cursor: Option<&Cursor>) -> Result<Page, ConnectorError> {
    let client = Client::reading(access)?;
    let mut place: Place = history::place(cursor)?;
    let mut updates = Vec::new();
    if place.groups.is_empty() {
        if cursor.is_none() {
            place.teams = teams(&client).await?;
        }
        let (team, main) = (place.teams.first().map(String::as_str), place.main.as_deref());
        let answer = client.users_conversations(other_person(access, &client), team, main).await?;
        let channels: Vec<wire::Channel> = answer.list("channels");
        let (groups, others): (Vec<_>, Vec<_>) = channels.into_iter().partition(|channel| channel.is_mpim);
        let main = answer.next_cursor();
        let teams = left(place.teams, main.as_ref());
        place = Place { main, groups: groups.into_iter().map(|group| group.id).collect(), teams };
        let shown = |channel| convert::chat(channel, BTreeSet::new(), own(&client), Version(answer.seen));
        updates.extend(others.iter().map(shown));
    } else {
        let rest = place.groups.split_off(place.groups.len().min(GROUPS_AT_ONCE));
        for group in std::mem::replace(&mut place.groups, rest) {
            updates.extend(facts(&client, &group).await?);
        }
    }
    let more = place.main.is_some() || !place.groups.is_empty() || !place.teams.is_empty();
    Ok(Page { updates, next: more.then(|| history::cursor(&place)), ..Page::default() })
}

/// Reads one chat, with the people of a group.
pub async fn one(access: &Access<'_>, chat: &ExternalId) -> Result<Page, ConnectorError> {
    let client = Client::reading(access)?;
    let channel = id::channel(chat)?;
    match facts(&client, channel).await? {
        Some(update) => Ok(Page { updates: vec![update], ..Page::default() }),
        None => Err(crate::slack::problem::refused("channel_not_found", None)),
    }
}

/// What a chat is like by now. None if it is gone or may not be seen.
pub async fn facts(client: &Client<'_>, channel: &str) -> Result<Option<Update>, ConnectorError> {
    let answer = match client.conversations_info(channel).await {
        Ok(answer) => answer,
        Err(error) if error.is(NOT_VISIBLE) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let shown: wire::Channel = answer.field("channel")?;
    // A direct chat names its other one. Of a channel they are not told: they are many, and come and go.
    let people = if shown.is_mpim { people(client, channel).await? } else { BTreeSet::new() };
    Ok(Some(convert::chat(&shown, people, own(client), Version(answer.seen))))
}

/// Who is in a group.
async fn people(client: &Client<'_>, channel: &str) -> Result<BTreeSet<String>, ConnectorError> {
    let mut people = BTreeSet::new();
    let mut cursor = None;
    for _ in 0..MOST_PAGES_OF_PEOPLE {
        let answer = match client.conversations_members(channel, cursor.as_deref()).await {
            Ok(answer) => answer,
            Err(error) if error.is(NOT_VISIBLE) => break,
            Err(error) => return Err(error.into()),
        };
        people.extend(answer.list::<String>("members"));
        cursor = answer.next_cursor();
        if cursor.is_none() {
            break;
        }
    }
    Ok(people)
}

/// Whether the person of the connection is in a chat. What may not be seen is no chat of theirs.
pub async fn membership(access: &Access<'_>, chat: &ExternalId) -> Result<Vec<Update>, ConnectorError> {
    let client = Client::reading(access)?;
    let channel = id::channel(chat)?;
    let (member, seen) = match other_person(access, &client) {
        None => own_membership(access, &client, channel).await?,
        Some(person) => find_member(&client, channel, person).await?,
    };
    let told = |person: &ExternalId| Update::Member {
        chat: chat.clone(),
        person: person.clone(),
        member,
        version: Version(seen),
    };
    Ok(access.connection.person.iter().map(told).collect())
}

async fn own_membership(
    access: &Access<'_>,
    client: &Client<'_>,
    channel: &str,
) -> Result<(bool, i64), ConnectorError> {
    let answer = match client.conversations_info(channel).await {
        Err(CallError::Declined { error, seen, .. }) if NOT_VISIBLE.contains(&error.as_str()) => {
            return Ok((false, seen));
        }
        answer => answer?,
    };
    let shown: wire::Channel = answer.field("channel")?;
    match shown.is_member {
        Some(member) => Ok((member, answer.seen)),
        // Direct chats do not say it: only who is in one can see it.
        None if shown.is_im => Ok((true, answer.seen)),
        None => {
            let person = access.connection.person.first().map_or("", ExternalId::as_str);
            find_member(client, channel, person).await
        }
    }
}

/// Goes through the members until the person is found.
async fn find_member(client: &Client<'_>, channel: &str, person: &str) -> Result<(bool, i64), ConnectorError> {
    let mut cursor = None;
    for _ in 0..MOST_PAGES_TO_FIND {
        let answer: Answer = match client.conversations_members(channel, cursor.as_deref()).await {
            Err(CallError::Declined { error, seen, .. }) if NOT_VISIBLE.contains(&error.as_str()) => {
                return Ok((false, seen));
            }
            answer => answer?,
        };
        if answer.list::<String>("members").iter().any(|member| member == person) {
            return Ok((true, answer.seen));
        }
        cursor = answer.next_cursor();
        if cursor.is_none() {
            return Ok((false, answer.seen));
        }
    }
    Err(ConnectorError::Refused(Problem {
        code: "slack.too_many_members".to_owned(),
        detail: "The chat has too many members to find out whether this person is among them. \
                 Connect with a token of their own."
            .to_owned(),
    }))
}

/// The person of the connection, if the login that reads is not theirs.
fn other_person<'a>(access: &Access<'a>, client: &Client<'_>) -> Option<&'a str> {
    let own = client.facts.user_id.as_str();
    let person = &access.connection.person;
    if person.iter().any(|id| id.as_str() == own) {
        return None;
    }
    person.iter().map(ExternalId::as_str).find(|id| !id::is_bot(id))
}

fn own<'c>(client: &'c Client<'_>) -> Option<&'c str> {
    Some(client.facts.user_id.as_str()).filter(|user| !user.is_empty())
}

/// Where we are in the list of people.
#[derive(Debug, Default, Serialize, Deserialize)]
struct PeoplePlace {
    main: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    teams: Vec<String>,
}

/// Reads a page of the workspace's people and bots.
pub async fn pull_people(access: &Access<'_>, cursor: Option<&Cursor>) -> Result<Page, ConnectorError> {
    let client = Client::reading(access)?;
    let mut place: PeoplePlace = history::place(cursor)?;
    if cursor.is_none() {
        place.teams = teams(&client).await?;
    }
    let answer = client.users_list(place.teams.first().map(String::as_str), place.main.as_deref()).await?;
    let users: Vec<wire::User> = answer.list("members");
    let updates = users.iter().map(|user| convert::person(user, Version(answer.seen))).collect();
    let main = answer.next_cursor();
    let teams = left(place.teams, main.as_ref());
    let more = main.is_some() || !teams.is_empty();
    let next = more.then(|| history::cursor(&PeoplePlace { main, teams }));
    Ok(Page { updates, next, ..Page::default() })
}

/// Reads one person or bot. Nothing if Slack knows no such one.
pub async fn person(access: &Access<'_>, person: &ExternalId) -> Result<Page, ConnectorError> {
    let client = Client::reading(access)?;
    let user = id::user(person)?;
    let answer = if id::is_bot(user) { client.bots_info(user).await } else { client.users_info(user).await };
    let answer = match answer {
        Err(error) if error.is(&["user_not_found", "users_not_found", "user_not_visible", "bot_not_found"]) => {
            return Ok(Page::default());
        }
        answer => answer?,
    };
    let version = Version(answer.seen);
    let update = if id::is_bot(user) {
        convert::bot(&answer.field::<wire::Bot>("bot")?, version)
    } else {
        Some(convert::person(&answer.field("user")?, version))
    };
    Ok(Page { updates: update.into_iter().collect(), ..Page::default() })
}
