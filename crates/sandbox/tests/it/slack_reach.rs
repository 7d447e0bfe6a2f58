//! Channels that companies share, and organizations: what each installation sees, and what it is told.

use axum::body::Body;
use axum::http::Request;
use sandbox::slack::{Config, Installed, WorldSize};
use serde_json::{Value, json};

use crate::world::{BOT_SCOPES, USER_SCOPES, World, small};

fn world(organization: bool) -> World {
    World::with(Config { world: WorldSize { workspaces: 2, organization, ..small().world }, ..small() })
}

/// The other workspace, and somebody in it who let the app in.
fn other_side(world: &World) -> (String, String, Installed) {
    let home = world.installed.team_id.clone();
    let stranger = world.slack.users().into_iter().find(|user| user.team != home && !user.is_bot).unwrap();
    let installed = world.slack.install(&stranger.id, BOT_SCOPES, USER_SCOPES).unwrap();
    (stranger.team, stranger.id, installed)
}

#[test]
fn a_shared_channel_is_one_channel_for_both_sides() {
    let world = world(false);
    let (team, stranger, theirs) = other_side(&world);
    let theirs = theirs.user_token.unwrap();
    let look = |method: &str, arguments: Value| world.call_as(&theirs, method, arguments).body;
    let channel = json!({ "channel": world.channel });
    assert_eq!(look("conversations.info", channel.clone())["error"], "channel_not_found");
    assert_eq!(look("users.info", json!({ "user": world.ana }))["error"], "user_not_found");
    world.slack.act_share_channel(&world.ana, &world.channel, &team).unwrap();
    world.slack.act_invite(&world.ana, &world.channel, &stranger).unwrap();
    world.events();

    let home = world.installed.team_id.clone();
    for (token, context) in [(world.person(), &home), (theirs.as_str(), &team)] {
        let shown = world.call_as(token, "conversations.info", channel.clone()).body["channel"].clone();
        assert_eq!((&shown["is_shared"], &shown["is_ext_shared"]), (&json!(true), &json!(true)), "{shown}");
        assert_eq!((&shown["context_team_id"], &shown["conversation_host_id"]), (&json!(context), &json!(home)));
        assert_eq!(shown["shared_team_ids"].as_array().unwrap().len(), 2);
    }
    let listed = look("conversations.list", json!({ "limit": "200" }));
    assert!(listed["channels"].as_array().unwrap().iter().any(|one| one["id"] == world.channel.as_str()));
    let ana = look("users.info", json!({ "user": world.ana }))["user"].clone();
    assert_eq!((&ana["team_id"], &ana["profile"]["email"]), (&json!(home), &Value::Null), "no address of strangers");

    world.slack.act_post(&stranger, &world.channel, "hello", None).unwrap();
    let told = world.events();
    assert_eq!(told.len(), 1, "one event for the app, however many installations may hear it: {told:#?}");
    assert_eq!(told[0]["is_ext_shared_channel"], true);
    assert_eq!(told[0]["authorizations"].as_array().unwrap().len(), 1);
    assert_eq!((&told[0]["event"]["team"], &told[0]["event"]["user_team"]), (&json!(team), &json!(team)));

    world.slack.act_unshare_channel(&world.channel, &team).unwrap();
    let told: Vec<_> = world.events().into_iter().map(|envelope| envelope["event"].clone()).collect();
    assert!(told.iter().any(|event| event["type"] == "channel_unshared"
        && event["previously_connected_team_id"] == team.as_str()
        && event["is_ext_shared"] == false));
    assert_eq!(look("conversations.info", channel)["error"], "channel_not_found");
    assert!(!world.slack.channel(&world.channel).unwrap().members.contains(&stranger));
}

#[test]
fn an_organizations_token_speaks_for_all_of_its_workspaces_and_says_which() {
    let world = world(true);
    let organization = world.slack.organization().unwrap();
    let wish = json!({ "user": world.ana, "organization": organization, "scopes": "channels:read,channels:history,users:read",
        "user_scopes": "channels:read,channels:history" });
    let request = Request::post("/control/install").header("content-type", "application/json");
    let installed = world.send(request.body(Body::from(wish.to_string())).unwrap()).body;
    let bot = installed["bot_token"].as_str().unwrap();
    let whose = world.call_as(bot, "auth.test", json!({})).body;
    assert_eq!((&whose["is_enterprise_install"], &whose["enterprise_id"]), (&json!(true), &json!(organization)));
    let teams = world.call_as(bot, "auth.teams.list", json!({})).body["teams"].clone();
    assert_eq!(teams.as_array().unwrap().len(), 2, "{teams}");
    assert_eq!(world.call_as(bot, "conversations.list", json!({})).body["error"], "missing_argument");
    let foreign = json!({ "team_id": "T0NOBODY" });
    assert_eq!(world.call_as(bot, "users.list", foreign).body["error"], "team_access_not_granted");
    let mut all = std::collections::BTreeSet::new();
    for team in teams.as_array().unwrap() {
        let listed = world.call_as(bot, "conversations.list", json!({ "team_id": team["id"], "limit": "200" })).body;
        all.extend(listed["channels"].as_array().unwrap().iter().map(|one| one["id"].to_string()));
    }
    let held = world.slack.channels().into_iter().filter(|one| one.kind == sandbox::slack::ChannelKind::Public);
    assert_eq!(all.len(), held.count());

    let abroad =
        world.slack.users().into_iter().find(|user| user.team != world.installed.team_id && !user.is_bot).unwrap();
    let channel = world.slack.act_create_channel(&abroad.id, "abroad", false).unwrap();
    world.slack.act_invite(&abroad.id, &channel, &world.ana).unwrap();
    world.events();
    world.slack.act_post(&abroad.id, &channel, "hello", None).unwrap();
    let told = world.events();
    let entitled = &told[0]["authorizations"][0];
    assert_eq!((told.len(), &entitled["is_enterprise_install"]), (1, &json!(true)), "{told:#?}");
    assert_eq!((&entitled["enterprise_id"], &entitled["team_id"]), (&json!(organization), &Value::Null));
    assert_eq!(told[0]["is_ext_shared_channel"], false);
}

#[test]
fn only_an_admin_installs_for_their_organization_and_its_grant_names_no_workspace() {
    let world = world(true);
    let organization = world.slack.organization().unwrap();
    let app = world.slack.config().app.clone();
    let allow = |user: &str, organization: &str| {
        let form = [
            ("client_id", app.client_id.as_str()),
            ("scope", "channels:read"),
            ("redirect_uri", "https://app.example/oauth"),
            ("state", "s"),
            ("user", user),
            ("organization", organization),
            ("decision", "allow"),
        ];
        let request = Request::post("/oauth/v2/authorize").header("content-type", "application/x-www-form-urlencoded");
        world.send(request.body(Body::from(serde_urlencoded::to_string(form).unwrap())).unwrap())
    };
    assert_eq!(allow(&world.bruno, &organization).status, 400, "bruno is no admin");
    assert_eq!(allow(&world.ana, "E0NOBODY").status, 400);
    let back = allow(&world.ana, &organization);
    let location = back.headers["location"].to_str().unwrap().to_owned();
    let code = location.split("code=").nth(1).unwrap().split('&').next().unwrap().to_owned();
    let exchange = json!({ "code": code, "redirect_uri": "https://app.example/oauth", "client_id": app.client_id,
        "client_secret": app.client_secret });
    let grant = world.call_as("", "oauth.v2.access", exchange).body;
    assert_eq!((&grant["is_enterprise_install"], &grant["team"]), (&json!(true), &Value::Null), "{grant}");
    assert_eq!(grant["enterprise"], json!({ "id": organization, "name": "Acme Holding" }));
}
