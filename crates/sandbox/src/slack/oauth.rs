//! The pages on which a person lets the app into a workspace.

use axum::Router;
use axum::extract::{Form, Query, State as Extract};
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use serde::Deserialize;

use super::Slack;
use super::install::scopes;
use crate::answers::escape;

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct Wish {
    client_id: String,
    scope: String,
    user_scope: String,
    redirect_uri: String,
    state: String,
    team: String,
    /// Who the person at the page is.
    user: String,
    /// The organization to install the app in, with all its workspaces.
    organization: String,
    /// `allow` or `deny`.
    decision: String,
}

pub fn routes() -> Router<Slack> {
    Router::new().route("/oauth/v2/authorize", get(ask).post(decide))
}

impl Slack {
    /// Where the person is sent afterwards, or what is wrong with the wish.
    fn checked_redirect(&self, wish: &Wish) -> Result<String, &'static str> {
        let app = &self.config().app;
        if wish.client_id != app.client_id {
            return Err("invalid_client_id");
        }
        if wish.scope.is_empty() && wish.user_scope.is_empty() {
            return Err("invalid_scope");
        }
        if wish.redirect_uri.is_empty() {
            return app.redirect_urls.first().cloned().ok_or("bad_redirect_uri");
        }
        let below = |allowed: &String| {
            let rest = wish.redirect_uri.strip_prefix(allowed.as_str());
            rest.is_some_and(|rest| rest.is_empty() || allowed.ends_with('/') || rest.starts_with(['/', '?']))
        };
        let web = wish.redirect_uri.starts_with("https://") || wish.redirect_uri.starts_with("http://");
        let known = app.redirect_urls.is_empty() || app.redirect_urls.iter().any(below);
        if !known || !web || wish.redirect_uri.contains('#') {
            return Err("bad_redirect_uri");
        }
        Ok(wish.redirect_uri.clone())
    }
}

async fn ask(Extract(slack): Extract<Slack>, Query(wish): Query<Wish>) -> Response {
    match slack.checked_redirect(&wish) {
        Ok(_) => Html(consent(&slack, &wish)).into_response(),
        Err(error) => refusal(error),
    }
}

async fn decide(Extract(slack): Extract<Slack>, Form(wish): Form<Wish>) -> Response {
    let redirect = match slack.checked_redirect(&wish) {
        Ok(redirect) => redirect,
        Err(error) => return refusal(error),
    };
    let given = (!wish.redirect_uri.is_empty()).then(|| wish.redirect_uri.clone());
    let (name, value) = if wish.decision == "allow" {
        let (bot, user) = (scopes(&wish.scope), scopes(&wish.user_scope));
        let wide = Some(wish.organization.as_str()).filter(|organization| !organization.is_empty());
        match slack.act(|state, now| state.allow(now, &wish.user, wide, given, bot, user)) {
            Ok(code) => ("code", code),
            Err(error) => return refusal(error),
        }
    } else {
        ("error", "access_denied".to_owned())
    };
    let answer = serde_urlencoded::to_string([(name, value.as_str()), ("state", wish.state.as_str())]);
    let sign = if redirect.contains('?') { '&' } else { '?' };
    let target = format!("{redirect}{sign}{}", answer.unwrap_or_default());
    (StatusCode::FOUND, [(header::LOCATION, target)]).into_response()
}

fn refusal(error: &str) -> Response {
    let page = format!("<!DOCTYPE html><title>Slack (emulated)</title><h1>Something is wrong</h1><p>{error}</p>");
    (StatusCode::BAD_REQUEST, Html(page)).into_response()
}

fn consent(slack: &Slack, wish: &Wish) -> String {
    let state = slack.lock();
    let mut people = String::new();
    for team in state.world.workspaces.values().filter(|team| wish.team.is_empty() || wish.team == team.id) {
        for user in team.users.values().filter(|user| user.bot_id.is_none() && !user.deleted) {
            let (id, name, team) = (escape(&user.id), escape(&user.real_name), escape(&team.name));
            people.push_str(&format!("<option value=\"{id}\">{name} · {team}</option>"));
        }
    }
    let mut places = String::from("<option value=\"\">my workspace</option>");
    for organization in state.world.organizations.values() {
        let (id, name) = (escape(&organization.id), escape(&organization.name));
        places.push_str(&format!("<option value=\"{id}\">all of {name}</option>"));
    }
    let fields = [
        ("client_id", &wish.client_id),
        ("scope", &wish.scope),
        ("user_scope", &wish.user_scope),
        ("redirect_uri", &wish.redirect_uri),
        ("state", &wish.state),
    ];
    let hidden: String = fields
        .iter()
        .map(|(name, value)| format!("<input type=\"hidden\" name=\"{name}\" value=\"{}\">", escape(value)))
        .collect();
    let list = |scopes: &str| -> String {
        super::install::scopes(scopes).iter().map(|scope| format!("<li>{}</li>", escape(scope))).collect()
    };
    include_str!("consent.html")
        .replace("{app}", &escape(&slack.config().app.name))
        .replace("{hidden}", &hidden)
        .replace("{people}", &people)
        .replace("{places}", &places)
        .replace("{bot_scopes}", &list(&wish.scope))
        .replace("{user_scopes}", &list(&wish.user_scope))
}
