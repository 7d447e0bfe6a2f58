//! The way to Gmail's API: who calls, what it costs, and what an answer means.

use crate::{
    gmail::{
        batch,
        convert::Sight,
        limits, login,
        problem::{self, CallError, Effect, problem},
        wire,
    },
    mail::{Address, Own},
};
use base64::{
    Engine,
    alphabet::URL_SAFE,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use bytes::Bytes;
use model::{
    connector::{Access, ConnectorError, Settings, Threshold},
    http::{Http, Method, Request, Response},
    id::ExternalAccount,
    sync_status::Selection,
    time::Timestamp,
    world::Clock,
};
use serde::de::DeserializeOwned;

/// Gmail's API.
pub const API: &str = "https://gmail.googleapis.com";
/// How many threads a page has, each of which is read by itself.
pub const THREADS_A_PAGE: usize = 20;

/// How many records of the history a page has.
const RECORDS_A_PAGE: usize = 500;

/// Base64 as Gmail writes it: with padding or without.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &URL_SAFE,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Calls Gmail for one mailbox.
pub struct Client<'a> {
    pub(super) http: &'a dyn Http,
    pub(super) clock: &'a dyn Clock,
    pub(super) deadline: Timestamp,
    pub(super) settings: &'a Settings,
    pub(super) token: String,
    /// Whose mailbox; empty while it is not known yet.
    pub(super) account: ExternalAccount,
    /// The addresses of its owner; none while they are not known yet.
    own: Own,
    /// Which of its mails are messages here.
    sight: Sight,
}

/// Where Google is: at the addresses that it publishes, or all of it at the one that is configured.
pub fn host<'a>(settings: &'a Settings, published: &'a str) -> &'a str {
    settings.get("base_url").unwrap_or(published).trim_end_matches('/')
}

/// What Gmail writes in base64.
pub fn decoded(text: &str) -> Result<Vec<u8>, ConnectorError> {
    let text = text.replace('+', "-").replace('/', "_");
    LENIENT.decode(text).map_err(|_| ConnectorError::Unreadable("Gmail's answer holds broken base64".to_owned()))
}

/// The path of what is called so. Ids also come from whoever asks for a chat by one, and may be anything.
pub fn path(kind: &str, id: &str) -> Result<String, CallError> {
    let is_id = !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_');
    let detail = || "This is no id of Gmail's.".to_owned();
    if is_id { Ok(format!("{kind}/{id}")) } else { Err(CallError::NotFound(problem("not_found", detail()))) }
}

/// What is asked of a thread: nothing but ids and labels, or these headers besides.
fn metadata(headers: &[&str]) -> Result<String, ConnectorError> {
    let format = if headers.is_empty() { "minimal" } else { "metadata" };
    let wanted = headers.iter().map(|name| ("metadataHeaders", *name));
    serde_urlencoded::to_string([("format", format)].into_iter().chain(wanted).collect::<Vec<_>>())
        .map_err(|error| ConnectorError::Unreadable(format!("the arguments are no query: {error}")))
}

impl<'a> Client<'a> {
    /// As the mailbox of a connection.
    pub fn of(access: &Access<'a>) -> Result<Self, ConnectorError> {
        let open = access.logins.first().ok_or(ConnectorError::LoginLost { account: None })?;
        let account = open.login.account.clone();
        if open.login.lost {
            return Err(ConnectorError::LoginLost { account: Some(account) });
        }
        let own = access.connection.person.iter().filter_map(|id| Address::parse(id.as_str()));
        let own = Own(own.collect());
        let Access { http, clock, deadline, settings, .. } = *access;
        let sight = Sight { trash_and_spam: access.connection.include_trash_and_spam };
        Ok(Self { http, clock, deadline, settings, token: login::tokens(open)?.access_token, account, own, sight })
    }

    /// With a token whose mailbox is not known yet.
    pub fn with_token(threshold: &Threshold<'a>, token: &str, account: ExternalAccount) -> Self {
        let Threshold { http, clock, deadline, settings } = *threshold;
        let (own, sight) = (Own::default(), Sight::default());
        Self { http, clock, deadline, settings, token: token.to_owned(), account, own, sight }
    }

    /// `users.getProfile`.
    pub async fn profile(&self) -> Result<wire::Profile, CallError> {
        self.get("getProfile", "profile", &[]).await
    }

    /// `users.settings.sendAs.list`.
    pub async fn send_as(&self) -> Result<Vec<wire::SendAs>, CallError> {
        Ok(self.get::<wire::Aliases>("settings.sendAs.list", "settings/sendAs", &[]).await?.send_as)
    }

    /// `users.labels.list`.
    pub async fn labels(&self) -> Result<Vec<wire::Label>, CallError> {
        Ok(self.get::<wire::Labels>("labels.list", "labels", &[]).await?.labels)
    }

    /// `users.threads.list`, the last active first, of what is in sight.
    pub async fn threads(&self, wanted: &Selection, page: Option<&str>) -> Result<wire::Threads, CallError> {
        let most = THREADS_A_PAGE.to_string();
        let mut query = vec![("maxResults", most.as_str())];
        let since = wanted.since.map(|since| format!("after:{}", since.millis().div_euclid(1_000)));
        let words: Vec<_> = wanted.search.iter().chain(&since).map(String::as_str).collect();
        let words = words.join(" ");
        query.extend((!words.is_empty()).then_some(("q", words.as_str())));
        query.extend(wanted.label.as_deref().map(|label| ("labelIds", label)));
        query.extend(self.sight.trash_and_spam.then_some(("includeSpamTrash", "true")));
        query.extend(page.map(|page| ("pageToken", page)));
        self.get("threads.list", "threads", &query).await
    }

    /// `users.threads.get` with nothing but ids and labels, or with these headers besides.
    pub async fn thread(&self, id: &str, headers: &[&str]) -> Result<wire::Thread, CallError> {
        let (path, query) = (path("threads", id)?, metadata(headers)?);
        let url = format!("{}/gmail/v1/users/me/{path}?{query}", host(self.settings, API));
        self.call("threads.get", Method::Get, url, Bytes::new(), Effect::Repeatable).await
    }

    /// Many threads at once, in the order of their ids. One that is gone is none.
    pub async fn threads_of(&self, ids: &[&str], headers: &[&str]) -> Result<Vec<wire::Thread>, ConnectorError> {
        let query = metadata(headers)?;
        let mut threads = Vec::new();
        for some in ids.chunks(batch::MOST_CALLS) {
            let paths: Vec<_> = some.iter().map(|id| format!("/gmail/v1/users/me/threads/{id}?{query}")).collect();
            let headers = vec![
                ("authorization".to_owned(), format!("Bearer {}", self.token)),
                ("content-type".to_owned(), batch::content_type()),
            ];
            let calls = u32::try_from(some.len()).unwrap_or(u32::MAX);
            let quotas = limits::quotas(self.settings, "threads.get", calls, self.account.as_str());
            let url = format!("{}/batch/gmail/v1", host(self.settings, API));
            let (body, method) = (Bytes::from(batch::written(&paths)), Method::Post);
            let request = Request { method, url, headers, body, deadline: self.deadline, quotas };
            let response = self.http.send(request).await;
            let response = response.map_err(|error| problem::unanswered(error, Effect::Repeatable))?;
            if response.status != 200 {
                return Err(problem::understand(&response, Effect::Repeatable, &self.account, self.now()).into());
            }
            for answer in batch::read(&response, some.len())? {
                match self.understood("threads.get", &answer, Effect::Repeatable) {
                    Ok(thread) => threads.push(thread),
                    Err(CallError::NotFound(_)) => {}
                    Err(error) => return Err(error.into()),
                }
            }
        }
        Ok(threads)
    }

    /// `users.messages.get`.
    pub async fn message(&self, id: &str, format: &str) -> Result<wire::Message, CallError> {
        self.get("messages.get", &path("messages", id)?, &[("format", format)]).await
    }

    /// `users.messages.get`, and no more of it than these fields.
    pub async fn parts(&self, id: &str, fields: &str) -> Result<wire::Message, CallError> {
        self.get("messages.get", &path("messages", id)?, &[("format", "full"), ("fields", fields)]).await
    }

    /// `users.history.list`.
    pub async fn history(&self, after: i64, page: Option<&str>) -> Result<wire::History, CallError> {
        let (after, most) = (after.to_string(), RECORDS_A_PAGE.to_string());
        let mut query = vec![("startHistoryId", after.as_str()), ("maxResults", most.as_str())];
        query.extend(page.map(|page| ("pageToken", page)));
        self.get("history.list", "history", &query).await
    }

    /// Whose mailbox it is.
    pub fn account(&self) -> &ExternalAccount {
        &self.account
    }

    /// The addresses of its owner.
    pub fn own(&self) -> &Own {
        &self.own
    }

    /// Which of its mails are messages here.
    pub fn sight(&self) -> Sight {
        self.sight
    }

    /// The time by now.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// `users.messages.get` with one header alone.
    pub async fn head(&self, id: &str, header: &str) -> Result<wire::Message, CallError> {
        let query = [("format", "metadata"), ("metadataHeaders", header)];
        self.get("messages.get", &path("messages", id)?, &query).await
    }

    /// `users.messages.list`: what was sent, the newest first, wherever it is by now.
    pub async fn sent(&self, page: Option<&str>) -> Result<wire::Messages, CallError> {
        self.messages(&[("labelIds", "SENT")], page).await
    }

    /// `users.messages.list`: the mails that bear a Message-ID.
    pub async fn named(&self, id: &str, page: Option<&str>) -> Result<wire::Messages, CallError> {
        self.messages(&[("q", &format!("rfc822msgid:{id}"))], page).await
    }

    async fn messages(&self, which: &[(&str, &str)], page: Option<&str>) -> Result<wire::Messages, CallError> {
        let mut query = vec![("includeSpamTrash", "true")];
        query.extend(which);
        query.extend(page.map(|page| ("pageToken", page)));
        self.get("messages.list", "messages", &query).await
    }

    /// A method that changes something, with a body.
    pub async fn post<T: DeserializeOwned>(
        &self,
        method: &str,
        path: &str,
        body: &serde_json::Value,
        effect: Effect,
    ) -> Result<T, CallError> {
        let url = format!("{}/gmail/v1/users/me/{path}", host(self.settings, API));
        self.call(method, Method::Post, url, Bytes::from(body.to_string()), effect).await
    }

    async fn get<T: DeserializeOwned>(&self, method: &str, path: &str, query: &[(&str, &str)]) -> Result<T, CallError> {
        let query = serde_urlencoded::to_string(query)
            .map_err(|error| ConnectorError::Unreadable(format!("the arguments are no query: {error}")))?;
        let url = format!("{}/gmail/v1/users/me/{path}?{query}", host(self.settings, API));
        self.call(method, Method::Get, url, Bytes::new(), Effect::Repeatable).await
    }

    async fn call<T: DeserializeOwned>(
        &self,
        method: &str,
        how: Method,
        url: String,
        body: Bytes,
        effect: Effect,
    ) -> Result<T, CallError> {
        let mut headers = vec![("authorization".to_owned(), format!("Bearer {}", self.token))];
        if how == Method::Post {
            headers.push(("content-type".to_owned(), "application/json".to_owned()));
        }
        let quotas = limits::quotas(self.settings, method, 1, self.account.as_str());
        let request = Request { method: how, url, headers, body, deadline: self.deadline, quotas };
        let response = self.http.send(request).await.map_err(|error| problem::unanswered(error, effect))?;
        self.understood(method, &response, effect)
    }

    fn understood<T: DeserializeOwned>(
        &self,
        method: &str,
        response: &Response,
        effect: Effect,
    ) -> Result<T, CallError> {
        if !(200..300).contains(&response.status) {
            return Err(problem::understand(response, effect, &self.account, self.now()));
        }
        // Some methods answer nothing.
        let body: &[u8] = if response.body.is_empty() { b"null" } else { &response.body };
        serde_json::from_slice(body).map_err(|error| {
            ConnectorError::Unreadable(format!("Gmail's answer to {method} has another shape: {error}")).into()
        })
    }
}
