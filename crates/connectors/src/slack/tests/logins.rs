//! OAuth, pasted tokens, and giving them back.

use super::{Call, FakeSlack, NOW, World, answer, declined, response, run, settings, threshold};
use crate::slack::{BOT_SCOPES, Slack, USER_SCOPES};
use base64::{Engine, engine::general_purpose::STANDARD};
use model::{
    connector::{Authorized, Connector, ConnectorError, Grant, Reading, Refreshed, Settings},
    http::Response,
    id::ExternalAccount,
    world::Secret,
};
use serde_json::{Value, json};
use std::time::Duration;

#[test]
fn the_address_to_grant_access_at_names_all_that_is_wanted() {
    let url = Slack.authorize(&settings(), "st&te", "https://app.example.com/oauth/callback").unwrap();
    assert!(url.starts_with("https://slack.com/oauth/v2/authorize?client_id=1.2&scope=channels%3Aread%2C"), "{url}");
    assert!(url.ends_with("&redirect_uri=https%3A%2F%2Fapp.example.com%2Foauth%2Fcallback&state=st%26te"), "{url}");
    assert!(url.contains("&user_scope=channels%3Aread"));
    let mut chosen = settings();
    chosen.values.insert("base_url".to_owned(), Secret("http://127.0.0.1:9/".to_owned()));
    chosen.values.insert("bot_scopes".to_owned(), Secret("chat:write, users:read".to_owned()));
    let url = Slack.authorize(&chosen, "s", "https://a.example").unwrap();
    assert!(url.starts_with("http://127.0.0.1:9/oauth/v2/authorize?"), "{url}");
    assert!(url.contains("&scope=chat%3Awrite%2Cusers%3Aread&"), "{url}");
}

#[test]
fn without_its_settings_nothing_can_be_granted() {
    let refused = Slack.authorize(&Settings::default(), "s", "https://a.example");
    assert!(matches!(refused, Err(ConnectorError::Refused(problem)) if problem.detail.contains("client_id")));
}

fn whose(call: &Call) -> Value {
    match call.token.as_str() {
        "Bearer xoxb-1" => json!({ "ok": true, "team": "Acme", "team_id": "T1", "user": "bothways", "user_id": "U9",
            "bot_id": "B9", "app_id": "A1", "url": "https://acme.slack.com/" }),
        "Bearer xoxp-1" => json!({ "ok": true, "team": "Acme", "team_id": "T1", "user": "ana", "user_id": "U1" }),
        "Bearer xoxp-2" => json!({ "ok": true, "team": "Other", "team_id": "T2", "user": "bo", "user_id": "U2" }),
        "Bearer xoxb-3" => json!({ "ok": true, "team": "Org", "team_id": null, "enterprise_id": "E1",
            "is_enterprise_install": true, "user_id": "U9", "bot_id": "B9" }),
        _ => declined("invalid_auth"),
    }
}

/// Slack with a grant to give, and the scopes of pasted tokens in a header.
fn slack(grant: Value, scopes: &'static str) -> FakeSlack {
    FakeSlack::raw(move |call| {
        let mut shown: Response = answer(&match call.method.as_str() {
            "oauth.v2.access" => grant.clone(),
            "auth.test" => whose(call),
            "users.info" => json!({ "ok": true, "user": { "id": call.argument("user"), "name": "ana",
                "profile": { "display_name": "Ana", "email": "ana@example.com" } } }),
            other => panic!("{other}"),
        });
        shown.headers.push(("x-oauth-scopes".to_owned(), scopes.to_owned()));
        Ok(shown)
    })
}

fn by_code(grant: Value) -> (FakeSlack, Result<Authorized, ConnectorError>) {
    let slack = slack(grant, "");
    let code = Grant::Code { code: Secret("c0de".to_owned()), redirect_uri: "https://a.example/cb".to_owned() };
    let authorized = run(Slack.complete(&threshold(&settings(), &slack), &code));
    (slack, authorized)
}

fn accounts(authorized: &Authorized) -> Vec<&str> {
    authorized.logins.iter().map(|login| login.account.as_str()).collect()
}

#[test]
fn a_person_who_grants_both_writes_as_themself() {
    let (slack, authorized) = by_code(json!({
        "ok": true, "access_token": "xoxb-1", "token_type": "bot", "scope": "channels:history,chat:write", "app_id": "A1",
        "bot_user_id": "U9", "team": { "id": "T1", "name": "Acme" }, "enterprise": null,
        "authed_user": { "id": "U1", "scope": "chat:write,channels:history,reactions:write", "access_token": "xoxp-1" },
    }));
    let authorized = authorized.unwrap();
    assert_eq!(authorized.account, ExternalAccount::from("T1/U1"));
    assert_eq!(authorized.listens_to, [ExternalAccount::from("T1")]);
    assert_eq!(accounts(&authorized), ["T1", "T1/U1"]);
    assert_eq!((authorized.person.clone(), authorized.senders.clone()), (vec!["U1".into()], vec!["U1".into()]));
    assert_eq!((authorized.identity.name.as_str(), authorized.account_name.as_str()), ("Ana", "Acme"));
    assert_eq!(authorized.identity.emails, ["ana@example.com"]);
    assert!(authorized.abilities.react);
    assert_eq!(authorized.logins[0].facts["bot_id"], "B9");
    assert_eq!(authorized.scopes, ["channels:history", "chat:write", "reactions:write"]);
    let exchange = slack.calls().remove(0);
    assert_eq!(exchange.token, format!("Basic {}", STANDARD.encode("1.2:hush")));
    assert_eq!(
        (exchange.argument("code"), exchange.argument("redirect_uri")),
        (Some("c0de"), Some("https://a.example/cb"))
    );
}

#[test]
fn for_a_person_who_grants_nothing_of_their_own_the_bot_speaks() {
    let (_, authorized) = by_code(json!({
        "ok": true, "access_token": "xoxb-1", "scope": "channels:history,chat:write", "authed_user": { "id": "U1" },
    }));
    let authorized = authorized.unwrap();
    assert_eq!((authorized.account.as_str(), accounts(&authorized)), ("T1/U1", vec!["T1"]));
    assert_eq!(authorized.person, ["U1".into()]);
    assert_eq!(authorized.senders, ["U9".into(), "B9".into()]);
    assert!(authorized.abilities.send && !authorized.abilities.react);
}

#[test]
fn a_person_who_may_not_write_reads_with_their_own_and_writes_with_the_bots() {
    let (_, authorized) = by_code(json!({
        "ok": true, "access_token": "xoxb-1", "scope": "chat:write",
        "authed_user": { "id": "U1", "scope": "im:history", "access_token": "xoxp-1" },
    }));
    let authorized = authorized.unwrap();
    assert_eq!(authorized.senders, ["U9".into(), "B9".into()]);
    assert!(authorized.abilities.read_back && authorized.abilities.send);
}

#[test]
fn a_code_that_is_not_good_says_so() {
    for (reply, code) in [
        (declined("invalid_code"), "slack.invalid_code"),
        (declined("bad_client_secret"), "slack.bad_client_secret"),
        (json!({ "ok": true }), "slack.nothing_granted"),
        (json!({ "ok": true, "access_token": "xoxb-bad" }), "slack.token_not_accepted"),
    ] {
        let Err(ConnectorError::Refused(problem)) = by_code(reply).1 else { panic!("{code}") };
        assert_eq!(problem.code, code);
    }
}

fn by_paste(fields: &[(&str, &str)]) -> Result<Authorized, ConnectorError> {
    let slack = slack(Value::Null, "channels:history,chat:write");
    let fields = fields.iter().map(|(name, token)| ((*name).to_owned(), Secret((*token).to_owned())));
    run(Slack.complete(&threshold(&settings(), &slack), &Grant::Pasted(fields.collect())))
}

#[test]
fn pasted_tokens_make_the_same_logins() {
    let bot = by_paste(&[("bot_token", " xoxb-1\n"), ("user_token", "")]).unwrap();
    assert_eq!((bot.account.as_str(), accounts(&bot)), ("T1", vec!["T1"]));
    assert_eq!(
        (bot.person.clone(), bot.senders.clone()),
        (vec!["U9".into(), "B9".into()], vec!["U9".into(), "B9".into()])
    );
    assert_eq!(bot.scopes, ["channels:history", "chat:write"]);
    let person = by_paste(&[("user_token", "xoxp-1")]).unwrap();
    assert_eq!((person.account.as_str(), accounts(&person)), ("T1/U1", vec!["T1/U1"]));
    assert_eq!(person.senders, ["U1".into()]);
    let both = by_paste(&[("bot_token", "xoxb-1"), ("user_token", "xoxp-1")]).unwrap();
    assert_eq!((both.account.as_str(), accounts(&both)), ("T1/U1", vec!["T1", "T1/U1"]));
    let organization = by_paste(&[("bot_token", "xoxb-3")]).unwrap();
    assert_eq!(organization.account, ExternalAccount::from("E1"));
}

#[test]
fn pasted_tokens_that_do_not_fit_say_so() {
    for (fields, code) in [
        (&[("bot_token", " ")][..], "slack.no_token"),
        (&[("bot_token", "xoxp-1")], "slack.wrong_token_kind"),
        (&[("user_token", "xapp-1")], "slack.wrong_token_kind"),
        (&[("bot_token", "xoxb-revoked")], "slack.token_not_accepted"),
        (&[("bot_token", "xoxb-1"), ("user_token", "xoxp-2")], "slack.two_workspaces"),
    ] {
        let Err(ConnectorError::Refused(problem)) = by_paste(fields) else { panic!("{code}") };
        assert_eq!(problem.code, code);
        assert!(!problem.detail.contains("xoxb-revoked"), "a detail never quotes a token");
    }
}

#[test]
fn a_login_that_is_gone_is_given_back_all_the_same() {
    let world = World::of_a_person();
    let settings = settings();
    let revoke = |slack: &FakeSlack| run(Slack.revoke(&threshold(&settings, slack), &world.logins[0]));
    for reply in [json!({ "ok": true, "revoked": true }), declined("token_revoked"), declined("invalid_auth")] {
        let slack = FakeSlack::new(move |_| reply.clone());
        assert!(revoke(&slack).is_ok());
        assert_eq!(slack.calls()[0].token, "Bearer xoxb-1");
    }
    assert!(revoke(&FakeSlack::raw(|_| Ok(response(503, "")))).is_err());
}

#[test]
fn what_is_asked_for_covers_what_is_done() {
    for scope in
        ["channels:history", "im:history", "chat:write", "reactions:write", "users:read", "metadata.message:read"]
    {
        assert!(BOT_SCOPES.iter().any(|(held, reason)| *held == scope && !reason.is_empty()), "{scope}");
    }
}

#[test]
fn the_manifest_in_the_readme_has_every_scope() {
    let readme = include_str!("../../../../../README.md");
    let (_, scopes) = readme.split_once("  scopes:\n").unwrap();
    let (bot, user) = scopes.split_once("    user:\n").unwrap();
    let (user, _) = user.split_once("settings:\n").unwrap();
    let listed =
        |text: &str| text.lines().filter_map(|line| line.trim().strip_prefix("- ")).map(str::to_owned).collect();
    for (text, wanted) in [(bot, BOT_SCOPES), (user, USER_SCOPES)] {
        let mut listed: Vec<String> = listed(text);
        let mut wanted: Vec<_> = wanted.iter().map(|(scope, _)| (*scope).to_owned()).collect();
        listed.sort();
        wanted.sort();
        assert_eq!(listed, wanted);
    }
}

/// What Slack answers to a refresh.
fn refreshed(reply: Value, refresh_token: Option<&str>) -> (FakeSlack, Result<Refreshed, ConnectorError>) {
    let mut world = World::of_a_person();
    world.logins[1].secret = crate::slack::login::secret("xoxe.xoxp-1-old", refresh_token);
    let slack = FakeSlack::new(move |_| reply.clone());
    let done = run(Slack.refresh(&threshold(&world.settings, &slack), &world.logins[1]));
    (slack, done)
}

#[test]
fn a_refresh_token_becomes_a_new_pair_of_the_bot_or_of_a_person() {
    for (name, reply) in [
        ("bot", include_str!("../fixtures/oauth/refresh.bot.json")),
        ("user", include_str!("../fixtures/oauth/refresh.user.json")),
        ("nested", include_str!("../fixtures/oauth/refresh.nested.json")),
    ] {
        let (slack, done) = refreshed(serde_json::from_str(reply).unwrap(), Some("xoxe-1-old"));
        let done = done.unwrap();
        assert_eq!(done.expires_at, Some(NOW + Duration::from_secs(43_200)), "{name}");
        let secret: Value = serde_json::from_str(&done.secret.0).unwrap();
        assert_eq!(secret["refresh_token"], "xoxe-1-new", "{name}");
        assert!(secret["access_token"].as_str().unwrap().starts_with("xoxe.xox"), "{name}");
        let call = slack.calls().remove(0);
        assert_eq!(call.token, format!("Basic {}", STANDARD.encode("1.2:hush")));
        assert_eq!(
            (call.argument("grant_type"), call.argument("refresh_token")),
            (Some("refresh_token"), Some("xoxe-1-old"))
        );
    }
}

#[test]
fn only_a_refusal_for_good_loses_a_login() {
    let lost = |done: Result<Refreshed, ConnectorError>| matches!(done, Err(ConnectorError::LoginLost { account: Some(account) }) if account.as_str() == "T111/U111");
    for error in ["invalid_refresh_token", "token_revoked", "account_inactive", "invalid_auth"] {
        assert!(lost(refreshed(declined(error), Some("xoxe-1-old")).1), "{error}");
    }
    assert!(lost(refreshed(Value::Null, None).1), "without a refresh token there is nothing to hope for");
    let refused = refreshed(declined("bad_client_secret"), Some("xoxe-1-old")).1;
    assert!(matches!(refused, Err(ConnectorError::Refused(problem)) if problem.code == "slack.bad_client_secret"));
    assert!(matches!(refreshed(declined("internal_error"), Some("x")).1, Err(ConnectorError::Unknown(_))));
    assert!(matches!(
        refreshed(json!({ "ok": true, "access_token": "a" }), Some("x")).1,
        Err(ConnectorError::Unreadable(_))
    ));
}

#[test]
fn an_authorization_says_when_each_token_ends() {
    let grant = json!({
        "ok": true, "access_token": "xoxb-1", "scope": "chat:write", "expires_in": 43_200, "refresh_token": "xoxe-1-b",
        "authed_user": { "id": "U1", "scope": "chat:write", "access_token": "xoxp-1", "expires_in": 7_200,
            "refresh_token": "xoxe-1-u" },
    });
    let logins = by_code(grant).1.unwrap().logins;
    let ends: Vec<_> = logins.iter().map(|login| login.expires_at).collect();
    assert_eq!(ends, [43_200, 7_200].map(|seconds| Some(NOW + Duration::from_secs(seconds))));
    let refreshes = logins.iter().map(|login| crate::slack::login::refresh_token(&login.secret));
    assert_eq!(refreshes.collect::<Vec<_>>(), [Some("xoxe-1-b".to_owned()), Some("xoxe-1-u".to_owned())]);
}

#[test]
fn a_call_says_whose_login_it_found_lost_or_expired() {
    let world = World::of_a_person();
    let said = |error: &'static str| {
        let slack = FakeSlack::new(move |_| declined(error));
        run(Slack.pull(&world.access(&slack), &Reading::Chats(Default::default()), None)).unwrap_err()
    };
    assert!(
        matches!(said("token_expired"), ConnectorError::TokenExpired { account } if account.as_str() == "T111/U111")
    );
    for error in ["token_revoked", "account_inactive"] {
        let lost = said(error);
        assert!(
            matches!(lost, ConnectorError::LoginLost { account: Some(account) } if account.as_str() == "T111/U111")
        );
    }
}

#[test]
fn late_news_of_a_loss_are_checked_with_slack() {
    let world = World::of_a_person();
    let check = |reply: Value| {
        let slack = FakeSlack::new(move |_| reply.clone());
        run(Slack.check(&threshold(&world.settings, &slack), &world.logins[0]))
    };
    assert!(check(json!({ "ok": true, "user_id": "U999" })).is_ok());
    let lost = check(declined("account_inactive"));
    assert!(matches!(lost, Err(ConnectorError::LoginLost { account: Some(account) }) if account.as_str() == "T111"));
}
