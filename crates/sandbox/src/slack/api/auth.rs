//! `api.test`, `auth.*`, `apps.uninstall` and `oauth.v2.access`.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{Call, Refused, joined};
use crate::slack::change::Change;
use crate::slack::install::Installed;

pub fn api_test(call: &mut Call<'_>) -> Result<Value, Refused> {
    let args: serde_json::Map<String, Value> =
        call.arguments.each().map(|(name, value)| (name.clone(), value.clone())).collect();
    if let Some(error) = call.arguments.text("error") {
        let mut refused = Refused::from("my_error");
        refused.more.insert("args".into(), json!({ "error": error }));
        return Err(refused);
    }
    Ok(json!({ "args": args }))
}

pub fn test(call: &mut Call<'_>) -> Result<Value, Refused> {
    let world = &call.state.world;
    let user = world.user(&call.token.user).ok_or("account_inactive")?;
    let mut answer = match world.organizations.get(&call.token.team) {
        Some(organization) => json!({
            "url": format!("https://{}.enterprise.slack.com/", organization.domain), "team": organization.name,
            "team_id": organization.id, "enterprise_id": organization.id, "is_enterprise_install": true,
        }),
        None => {
            let team = world.workspaces.get(&call.token.team).ok_or("invalid_auth")?;
            let mut answer = json!({
                "url": format!("https://{}.slack.com/", team.domain), "team": team.name, "team_id": team.id,
                "is_enterprise_install": false,
            });
            if let Some(organization) = &team.organization {
                answer["enterprise_id"] = json!(organization);
            }
            answer
        }
    };
    answer["user"] = json!(user.name);
    answer["user_id"] = json!(user.id);
    if call.token.is_bot {
        answer["bot_id"] = json!(call.token.bot_id);
    }
    Ok(answer)
}

/// The workspaces that the token is good for.
pub fn teams(call: &mut Call<'_>) -> Result<Value, Refused> {
    let teams: Vec<_> = call.state.world.workspaces_of(&call.token.team).collect();
    let limit = call.limit(Some(100), 1_000)?;
    let (teams, metadata) = call.page("teams", teams, limit, |team| team.id.clone())?;
    let shown: Vec<Value> = teams.into_iter().map(|team| json!({ "id": team.id, "name": team.name })).collect();
    Ok(json!({ "teams": shown, "response_metadata": metadata }))
}

/// Where an installation is, as the answers of OAuth say it.
fn place(call: &Call<'_>, installation: &str) -> Value {
    let world = &call.state.world;
    let named = |id: &str, name: &str| json!({ "id": id, "name": name });
    if let Some(organization) = world.organizations.get(installation) {
        let enterprise = named(&organization.id, &organization.name);
        return json!({ "team": null, "enterprise": enterprise, "is_enterprise_install": true });
    }
    let team = world.workspaces.get(installation).map(|team| named(&team.id, &team.name));
    let enterprise = world.organization_of(installation).map(|held| named(&held.id, &held.name));
    json!({ "team": team, "enterprise": enterprise, "is_enterprise_install": false })
}

fn with_place(call: &Call<'_>, installation: &str, mut answer: Value) -> Value {
    for (name, value) in place(call, installation).as_object().into_iter().flatten() {
        answer[name] = value.clone();
    }
    answer
}

pub fn revoke(call: &mut Call<'_>) -> Result<Value, Refused> {
    if call.arguments.flag("test") == Some(true) {
        return Ok(json!({ "revoked": false }));
    }
    let tokens = vec![call.token.token.clone()];
    call.state.change(call.now_micros, Change::TokensRevoked { tokens, uninstalled: false });
    Ok(json!({ "revoked": true }))
}

pub fn uninstall(call: &mut Call<'_>) -> Result<Value, Refused> {
    check_client(call)?;
    let team = call.token.team.clone();
    call.state.uninstall(call.now_micros, &team);
    Ok(json!({}))
}

fn check_client(call: &Call<'_>) -> Result<(), Refused> {
    let app = &call.state.config.app;
    let given = call.basic.clone().or_else(|| {
        Some((call.arguments.text("client_id")?, call.arguments.text("client_secret").unwrap_or_default()))
    });
    let (id, secret) = given.ok_or("invalid_client_id")?;
    if id != app.client_id {
        return Err("invalid_client_id".into());
    }
    if secret != app.client_secret {
        return Err("bad_client_secret".into());
    }
    Ok(())
}

pub fn oauth_access(call: &mut Call<'_>) -> Result<Value, Refused> {
    check_client(call)?;
    match call.arguments.text("grant_type").as_deref() {
        None | Some("authorization_code") => {}
        Some("refresh_token") => return refresh(call),
        Some(_) => return Err("invalid_grant_type".into()),
    }
    let code = call.arguments.text("code").ok_or("invalid_code")?;
    let code = call.state.world.codes.get(&code).cloned().ok_or("invalid_code")?;
    if code.used || code.expires_micros < call.now_micros {
        return Err("invalid_code".into());
    }
    let redirect_uri = call.arguments.text("redirect_uri");
    if code.redirect_uri.is_some() && redirect_uri != code.redirect_uri {
        return Err("bad_redirect_uri".into());
    }
    call.state.record(Change::CodeUsed { code: code.code.clone() });
    let installed = call
        .state
        .install(call.now_micros, &code.team, &code.user, &code.bot_scopes, &code.user_scopes)
        .map_err(Refused::from)?;
    Ok(answer(call, &installed, &code.user))
}

fn refresh(call: &mut Call<'_>) -> Result<Value, Refused> {
    let given = call.argument("refresh_token")?;
    let token = call.state.refresh(call.now_micros, &given)?;
    let mut answer = with_place(
        call,
        &token.team,
        json!({
        "access_token": token.token, "token_type": if token.is_bot { "bot" } else { "user" },
            "scope": joined(&token.scopes), "app_id": call.state.config.app.app_id,
        }),
    );
    if token.is_bot {
        answer["bot_user_id"] = json!(token.user);
    }
    add_pair(call, &mut answer, &token.token);
    Ok(answer)
}

/// How long a token lives and what comes after it, where tokens rotate.
fn add_pair(call: &Call<'_>, answer: &mut Value, token: &str) {
    let held = call.state.world.tokens.get(token);
    if let Some((refresh, ends)) = held.and_then(|held| held.refresh.as_ref().zip(held.expires_micros)) {
        answer["refresh_token"] = json!(refresh);
        answer["expires_in"] = json!((ends - call.now_micros).div_euclid(1_000_000));
    }
}

fn answer(call: &Call<'_>, installed: &Installed, user: &str) -> Value {
    let world = &call.state.world;
    let scopes = |token: &String| world.tokens.get(token).map_or(BTreeSet::new(), |token| token.scopes.clone());
    let mut authed_user = json!({ "id": user });
    if let Some(token) = &installed.user_token {
        authed_user["scope"] = json!(joined(&scopes(token)));
        authed_user["access_token"] = json!(token);
        authed_user["token_type"] = json!("user");
        add_pair(call, &mut authed_user, token);
    }
    let answer = json!({ "app_id": call.state.config.app.app_id, "authed_user": authed_user });
    let mut answer = with_place(call, &installed.team_id, answer);
    if let Some(token) = &installed.bot_token {
        answer["access_token"] = json!(token);
        answer["token_type"] = json!("bot");
        add_pair(call, &mut answer, token);
        answer["scope"] = json!(joined(&scopes(token)));
        answer["bot_user_id"] = json!(installed.bot_user_id);
    }
    answer
}
