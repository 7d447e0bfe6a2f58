//! News through sockets, where there is no public address.

use crate::{
    house::{Feed, House},
    processes::Pair,
};
use model::world::Secret;
use reqwest::Method;
use sandbox::slack::{App, CallChaos, Config as World, EventChaos, Fault, FaultKind, Goodbye};
use serde_json::{Value, json};
use server::config::Config;

/// A house whose Slack brings events through sockets alone.
async fn listening(configure: impl FnOnce(&mut Config)) -> House {
    let configure = |config: &mut Config| {
        let token = Secret(App::default().app_token);
        config.integrations.get_mut("slack").unwrap().insert("app_token".to_owned(), token);
        configure(config);
    };
    let shape = |world: &mut World| (world.app.events_url, world.app.socket_mode) = (None, true);
    House::with(configure, shape).await
}

impl House {
    /// Lets time go by on both sides, so that Slack's limits have room for another socket.
    fn let_pass(&self, seconds: i64) {
        self.clock.set_seconds(seconds);
        self.slack_clock.set_seconds(seconds);
    }

    async fn how_news_come(&self, customer: &str) -> Value {
        let offered = self.get(customer, "/v1/integrations").await;
        let slack = offered["items"].as_array().unwrap().iter().find(|one| one["platform"] == "slack").unwrap();
        slack["abilities"]["news"].clone()
    }

    async fn metric(&self, line: &str) -> f64 {
        let text = self.client.get(format!("{}/metrics", self.base)).send().await.unwrap().text().await.unwrap();
        let found = text.lines().find_map(|one| one.strip_prefix(line)).map(str::trim);
        found.map_or(0.0, |found| found.parse().unwrap())
    }

    async fn hears(&self) {
        self.until(async || self.metric("bothways_sockets_open{platform=\"slack\"}").await >= 1.0).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn news_come_through_a_socket_and_go_on_when_it_ends() {
    let house = listening(|_| {}).await;
    house.hears().await;
    let (ana, bruno) = (house.person(0), house.person(1));
    let channel = house.shared_channel(&[&ana, &bruno]);
    let connection = house.connect("ana", &ana).await;
    let chat = house.import("ana", &connection, &channel).await;
    assert_eq!(house.messages("ana", &chat).await.len(), house.slack.channel(&channel).unwrap().messages.len());
    assert_eq!(house.how_news_come("ana").await, json!(["socket"]));
    let mut feed = Feed::open(&house, "ana", 0).await;
    let mut told = async |text: &str| {
        let event = feed.until(|event| event["object"]["body"]["text"] == text).await;
        assert_eq!(event["origin"], "live", "{event}");
    };
    let ts = house.slack.act_post(&bruno, &channel, "through the socket", None).unwrap();
    told("through the socket").await;
    house.slack.act_edit(&bruno, &channel, &ts, "changed through it").unwrap();
    told("changed through it").await;

    // Slack says that it will end: the next one stands before it does.
    house.let_pass(61);
    house.slack.end_sockets(Goodbye::Warning);
    house.until(async || house.slack.sockets_open() == 2).await;
    house.slack.act_post(&bruno, &channel, "through either", None).unwrap();
    told("through either").await;
    house.let_pass(72);
    house.until(async || house.slack.sockets_open() == 1).await;

    // It ends at once.
    house.let_pass(140);
    house.slack.end_sockets(Goodbye::RefreshRequested);
    house.until(async || house.slack.sockets_open() == 1).await;
    house.slack.act_post(&bruno, &channel, "through another", None).unwrap();
    told("through another").await;
    let sent = house.send("ana", &chat, "an answer").await;
    feed.message(&sent["id"], |message| message["status"] == "sent").await;

    house.all_is_heard().await;
    assert_eq!((house.slack.dropped_events(), house.slack.unanswered_events()), (0, 0));
    assert!(house.metric("bothways_socket_frames_total{platform=\"slack\",outcome=\"kept\"}").await >= 4.0);
    assert!(house.metric("bothways_socket_frames_total{platform=\"slack\",outcome=\"goodbye\"}").await >= 2.0);
    assert!(house.metric("bothways_intake_total{platform=\"slack\",outcome=\"kept\"}").await >= 4.0);
    let slack = house.slack.clone();
    house.close().await;
    assert_eq!(slack.sockets_open(), 0, "the server said goodbye");
}

/// Nothing in a request makes it one that came through a socket.
#[tokio::test(flavor = "multi_thread")]
async fn no_request_passes_for_news_of_a_socket() {
    for secret in [true, false] {
        let forget = |config: &mut Config| {
            if !secret {
                config.integrations.get_mut("slack").unwrap().remove("signing_secret");
            }
        };
        let house = listening(forget).await;
        house.hears().await;
        let (ana, channel) = (house.person(0), house.shared_channel(&[&house.person(0)]));
        let connection = house.connect("ana", &ana).await;
        let chat = house.import("ana", &connection, &channel).await;
        let event = json!({
            "type": "message", "channel": channel, "channel_type": "channel", "user": ana, "text": "forged",
            "ts": "4000000000.000100", "event_ts": "4000000000.000100",
        });
        let team = house.slack.outline().workspaces.keys().next().unwrap().clone();
        let body = json!({ "type": "event_callback", "team_id": team, "event": event, "event_id": "Ev1" });
        let envelope = json!({ "envelope_id": "e1", "type": "events_api", "payload": body });
        let headers =
            [("x-slack-socket", "1"), ("bothways-socket", "1"), ("upgrade", "websocket"), ("through", "socket")];
        for forged in [body.clone(), envelope] {
            let answer = house.call(Method::POST, "/hooks/slack", &headers, Some(forged)).await;
            if secret { answer.refused(401, "unauthorized") } else { answer.refused(503, "not_configured") }
        }
        house.all_is_heard().await;
        let messages = house.messages("ana", &chat).await;
        assert!(messages.iter().all(|message| message["body"]["text"] != "forged"));
        house.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_written_while_no_socket_was_open_is_found() {
    let house = listening(|config| config.checks.poll_seconds = 1).await;
    house.hears().await;
    let ana = house.person(0);
    let channel = house.slack.act_create_channel(&ana, "plans", false).unwrap();
    let connection = house.connect("ana", &ana).await;
    let chat = house.import("ana", &connection, &channel).await;
    house.all_is_heard().await;
    let mut feed = Feed::open(&house, "ana", 0).await;
    // From now on no socket can be opened, and what happens is told to nobody.
    let broken = FaultKind::ServerError { status: 503 };
    house.slack.faults().push(Fault { method: Some("apps.connections.open".to_owned()), kind: broken, times: 10_000 });
    house.slack.end_sockets(Goodbye::RefreshRequested);
    house.until(async || house.metric("bothways_sockets_open{platform=\"slack\"}").await == 0.0).await;
    house.slack.set_chaos(CallChaos::default(), EventChaos { drop: 1.0, ..EventChaos::default() });
    let ts = house.slack.act_post(&ana, &channel, "nobody told", None).unwrap();
    assert_eq!(house.how_news_come("ana").await, json!(["socket"]), "a moment is no outage");

    // Nobody says in the meantime that all is heard.
    for seconds in [100, 200, 290] {
        house.let_pass(seconds);
        house.running.server.engine.reconcile_turn().await.unwrap();
    }
    // After a while it counts as an outage: all chats are compared, and from then on asked for news.
    house.let_pass(6 * 60);
    let found = feed.until(|event| event["object"]["body"]["text"] == "nobody told").await;
    assert_eq!(found["origin"], "reconciliation");
    let shown = async || house.get("ana", &format!("/v1/connections/{connection}")).await;
    house.until(async || shown().await["abilities"]["news"] == json!(["polling"])).await;
    assert!(shown().await["reason"].as_str().unwrap().contains("No socket"), "{}", shown().await);
    house.slack.act_post(&ana, &channel, "asked for", None).unwrap();
    let found = feed.until(|event| event["object"]["body"]["text"] == "asked for").await;
    assert_eq!(found["origin"], "live");

    // A socket stands again. What polling has not seen yet is found once more by a comparison.
    house.slack.act_edit(&ana, &channel, &ts, "changed in the dark").unwrap();
    for minutes in [7, 8, 9, 10, 11, 12] {
        house.let_pass(minutes * 60);
        house.running.server.engine.reconcile_turn().await.unwrap();
    }
    house.slack.faults().clear();
    house.let_pass(13 * 60);
    feed.until(|event| event["object"]["body"]["text"] == "changed in the dark").await;
    house.hears().await;
    house.until(async || shown().await["abilities"]["news"] == json!(["socket"])).await;
    assert!(shown().await["reason"].as_str().unwrap().contains("All is well"));
    house.slack.set_chaos(CallChaos::default(), EventChaos::default());
    house.slack.act_post(&ana, &channel, "told again", None).unwrap();
    let told = feed.until(|event| event["object"]["body"]["text"] == "told again").await;
    assert_eq!(told["origin"], "live");
    assert_eq!(house.messages("ana", &chat).await.iter().filter(|one| one["body"]["text"] == "nobody told").count(), 0);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_only_a_person_can_mend_is_said_and_nothing_is_tried_in_a_circle() {
    let house = listening(|_| {}).await;
    house.hears().await;
    let connection = house.connect("ana", &house.person(0)).await;
    let path = format!("/v1/connections/{connection}");
    house.until(async || house.get("ana", &path).await["reason"].as_str().unwrap().contains("All is well")).await;
    house.slack.set_socket_mode(false);
    house
        .until(async || {
            let reason = house.get("ana", &path).await["reason"].clone();
            reason.as_str().is_some_and(|reason| reason.contains("Socket Mode is turned off"))
        })
        .await;
    let asked = house.slack.calls()["apps.connections.open"];
    house.let_pass(10 * 60);
    house.until(async || house.how_news_come("ana").await == json!(["polling"])).await;
    assert!(house.slack.calls()["apps.connections.open"] <= asked + 1, "the other seat may have asked once");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_doctor_says_what_is_wrong_with_the_token_of_the_app() {
    let mut pair = Pair::new(&[]);
    let mut examine = |token: &str| {
        pair.variables.retain(|(name, _)| name != "BOTHWAYS_INTEGRATIONS__SLACK__APP_TOKEN");
        pair.variables.push(("BOTHWAYS_INTEGRATIONS__SLACK__APP_TOKEN".to_owned(), token.to_owned()));
        let output = pair.run(&["doctor", "--data-dir", "data"]);
        (String::from_utf8_lossy(&output.stdout).into_owned(), output.status.success())
    };
    let (found, well) = examine(&App::default().app_token);
    assert!(well && found.contains("ok    integration slack: app_token opens sockets"), "{found}");
    assert!(found.contains("public_url is not set, so only sockets tell what is new"), "{found}");
    let (found, well) = examine("xapp-1-wrong");
    assert!(!well && found.contains("MEND  integration slack: Slack does not accept app_token"), "{found}");
    assert!(!found.contains("xapp-1-wrong"), "a token is told: {found}");
}
