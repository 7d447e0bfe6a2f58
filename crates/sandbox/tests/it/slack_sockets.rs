//! Socket Mode: tickets, envelopes, acknowledgements, and how a socket ends.

use futures_util::{SinkExt, StreamExt};
use sandbox::slack::{Config, Goodbye, MOST_SOCKETS, Outgoing};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::{WebSocketStream, client_async, tungstenite::Message};

use crate::slack_port::Port;
use crate::world::{BOT_SCOPES, World, small};

const SECOND: i64 = 1_000_000;
const MINUTE: i64 = 60 * SECOND;

/// A world whose app has Socket Mode switched on.
fn listening() -> World {
    let world = World::new();
    world.slack.set_socket_mode(true);
    world
}

/// A fresh ticket, as the app gets it.
fn ticket(world: &World) -> String {
    let token = world.slack.config().app.app_token.clone();
    let answer = world.call_as(&token, "apps.connections.open", json!({})).body;
    let url = answer["url"].as_str().unwrap_or_else(|| panic!("{answer}"));
    assert!(
        url.starts_with("wss://wss-primary.slack.invalid/link/?ticket=") && url.contains("&app_id=A0SANDBOX1"),
        "{url}"
    );
    url.split_once("ticket=").unwrap().1.split('&').next().unwrap().to_owned()
}

fn open(world: &World) -> u64 {
    let socket = world.slack.open_socket(&ticket(world), false).unwrap();
    let hello = frames(world, socket);
    assert_eq!(hello[0]["type"], "hello", "{hello:?}");
    socket
}

fn frames(world: &World, socket: u64) -> Vec<Value> {
    world.slack.take_frames(socket).frames.iter().map(|frame| serde_json::from_str(frame).unwrap()).collect()
}

fn acknowledge(world: &World, envelope: &Value) {
    world.slack.hear_frame(&json!({ "envelope_id": envelope["envelope_id"] }).to_string());
}

#[test]
fn only_the_app_itself_gets_a_ticket_and_it_is_good_once() {
    let world = listening();
    let error = |token: &str| world.call_as(token, "apps.connections.open", json!({})).body["error"].clone();
    assert_eq!(error("xapp-none"), "invalid_auth");
    assert_eq!(error(world.bot()), "not_allowed_token_type");
    let ticket = ticket(&world);
    assert_eq!(world.slack.open_socket("another", false), Err("invalid_ticket"));
    let socket = world.slack.open_socket(&ticket, false).unwrap();
    let hello = &frames(&world, socket)[0];
    assert_eq!((&hello["type"], &hello["num_connections"]), (&json!("hello"), &json!(1)));
    assert_eq!(hello["connection_info"]["app_id"], "A0SANDBOX1");
    assert_eq!(hello["debug_info"]["approximate_connection_time"], 18_060);
    assert_eq!(world.slack.open_socket(&ticket, false), Err("invalid_ticket"), "it was used");
    let late = self::ticket(&world);
    world.pass(MINUTE);
    assert_eq!(world.slack.open_socket(&late, false), Err("invalid_ticket"), "it must be used at once");
}

#[test]
fn an_event_goes_to_one_socket_and_to_no_address() {
    let world = listening();
    let (first, second) = (open(&world), open(&world));
    let told = world.slack.act_post(&world.ana, &world.channel, "hi", None).unwrap();
    assert_eq!(world.take(), [], "the address is called no more");
    let both = [frames(&world, first), frames(&world, second)].concat();
    assert_eq!(both.len(), 1, "{both:#?}");
    let envelope = &both[0];
    assert_eq!((&envelope["type"], &envelope["accepts_response_payload"]), (&json!("events_api"), &json!(false)));
    assert_eq!((&envelope["retry_attempt"], &envelope["retry_reason"]), (&json!(0), &json!("")));
    assert_eq!(
        (&envelope["payload"]["type"], &envelope["payload"]["event"]["ts"]),
        (&json!("event_callback"), &json!(told))
    );
    acknowledge(&world, envelope);
    world.pass(10 * MINUTE);
    assert_eq!([frames(&world, first), frames(&world, second)].concat(), Vec::<Value>::new());
    assert_eq!((world.slack.pending_events(), world.slack.unanswered_events()), (0, 0));
}

#[test]
fn chance_spreads_events_over_all_sockets() {
    let world = listening();
    let sockets: Vec<u64> = (0..3).map(|_| open(&world)).collect();
    for number in 0..30 {
        world.slack.act_post(&world.ana, &world.channel, &number.to_string(), None).unwrap();
    }
    let counts: Vec<usize> = sockets.iter().map(|socket| frames(&world, *socket).len()).collect();
    assert_eq!(counts.iter().sum::<usize>(), 30);
    assert!(counts.iter().all(|count| *count > 3), "{counts:?}");
}

#[test]
fn what_is_not_acknowledged_comes_again_and_is_given_up_at_last() {
    let world = listening();
    let sockets = [open(&world), open(&world)];
    let all = || sockets.iter().flat_map(|socket| frames(&world, *socket)).collect::<Vec<_>>();
    world.slack.act_post(&world.ana, &world.channel, "hi", None).unwrap();
    let first = all().remove(0);
    world.pass(3 * SECOND - 1);
    assert_eq!(all(), Vec::<Value>::new(), "there is time left");
    let mut tries = vec![first.clone()];
    for wait in [1, 3 * SECOND + MINUTE, 3 * SECOND + 5 * MINUTE] {
        // Its time ends, and it is due again so much later.
        world.pass(wait.min(3 * SECOND));
        tries.extend(all());
        world.pass(wait - wait.min(3 * SECOND));
        tries.extend(all());
    }
    let attempts: Vec<_> =
        tries.iter().map(|one| (one["retry_attempt"].clone(), one["retry_reason"].clone())).collect();
    let again = |number: u32| (json!(number), json!("timeout"));
    assert_eq!(attempts, [(json!(0), json!("")), again(1), again(2), again(3)]);
    assert!(
        tries
            .windows(2)
            .all(|pair| pair[0]["payload"] == pair[1]["payload"] && pair[0]["envelope_id"] != pair[1]["envelope_id"])
    );
    acknowledge(&world, &first); // Long too late, so it says nothing.
    world.pass(4 * SECOND);
    assert_eq!((all(), world.slack.pending_events(), world.slack.dropped_events()), (Vec::new(), 0, 1));
}

#[test]
fn a_socket_that_nobody_holds_any_more_swallows_until_it_is_noticed() {
    let world = listening();
    let lost = open(&world);
    world.slack.lose_socket(lost);
    world.slack.act_post(&world.ana, &world.channel, "hi", None).unwrap();
    assert_eq!((world.slack.sockets_open(), world.slack.take_due().len()), (1, 0));
    assert_eq!(world.slack.unanswered_events(), 1, "Slack takes it to be on its way");
    let alive = open(&world);
    world.pass(MINUTE);
    assert_eq!(frames(&world, alive)[0]["retry_attempt"], 1);
    assert_eq!(world.slack.sockets_open(), 1);
    world.slack.crowd_sockets(4);
    assert_eq!(world.slack.sockets_open(), 4);
    world.pass(MINUTE);
    assert_eq!((world.slack.take_due().len(), world.slack.sockets_open()), (0, 1));
}

#[test]
fn without_a_socket_events_are_tried_again_as_without_an_answer() {
    let world = listening();
    world.slack.act_post(&world.ana, &world.channel, "hi", None).unwrap();
    assert_eq!((world.take(), world.take()), (vec![], vec![]), "it fails, and once more at once");
    world.pass(MINUTE - 1);
    let socket = open(&world);
    assert_eq!(frames(&world, socket), Vec::<Value>::new());
    world.pass(1);
    let again = &frames(&world, socket)[0];
    assert_eq!((&again["retry_attempt"], &again["retry_reason"]), (&json!(2), &json!("connection_failed")));
}

#[test]
fn the_eleventh_socket_is_one_too_many() {
    let world = listening();
    let sockets: Vec<u64> = (0..MOST_SOCKETS).map(|_| open(&world)).collect();
    let more = world.slack.open_socket(&ticket(&world), false).unwrap();
    let Outgoing { frames, closed } = world.slack.take_frames(more);
    let told: Value = serde_json::from_str(&frames[0]).unwrap();
    assert_eq!((&told["type"], &told["reason"], closed), (&json!("disconnect"), &json!("too_many_websockets"), true));
    world.slack.close_socket(more);
    world.slack.close_socket(sockets[0]);
    open(&world);
}

#[test]
fn a_socket_is_warned_before_its_end_and_the_time_can_be_shortened() {
    let world = listening();
    let socket = world.slack.open_socket(&ticket(&world), true).unwrap();
    assert_eq!(frames(&world, socket)[0]["debug_info"]["approximate_connection_time"], 360);
    world.pass(350 * SECOND - 1);
    assert_eq!(frames(&world, socket), Vec::<Value>::new());
    world.pass(1);
    assert_eq!(frames(&world, socket)[0]["reason"], "warning");
    world.slack.act_post(&world.ana, &world.channel, "still here", None).unwrap();
    assert_eq!(frames(&world, socket)[0]["type"], "events_api", "it brings news to its end");
    world.pass(10 * SECOND);
    let end = world.slack.take_frames(socket);
    assert!(end.closed && end.frames[0].contains("refresh_requested"), "{end:?}");
}

#[test]
fn switching_it_off_ends_all_sockets_and_the_address_is_called_again() {
    let world = listening();
    let socket = open(&world);
    world.slack.set_socket_mode(false);
    let end = world.slack.take_frames(socket);
    assert!(end.closed && end.frames[0].contains("link_disabled"), "{end:?}");
    let refused = world.slack.open_socket(&ticket(&world), false).unwrap();
    assert!(world.slack.take_frames(refused).frames[0].contains("link_disabled"));
    world.slack.act_post(&world.ana, &world.channel, "hi", None).unwrap();
    assert_eq!(world.only_event()["text"], "hi");
}

/// The next frame that is no sign of life.
async fn next(socket: &mut WebSocketStream<TcpStream>) -> Value {
    loop {
        if let Message::Text(frame) = socket.next().await.unwrap().unwrap() {
            return serde_json::from_str(&frame).unwrap();
        }
    }
}

#[tokio::test]
async fn on_a_port_a_real_websocket_brings_events_and_takes_acknowledgements() {
    let port = Port::open(Config::default()).await;
    let ana = port.slack.users().remove(0).id;
    port.slack.install(&ana, BOT_SCOPES, &[]).unwrap();
    port.slack.set_socket_mode(true);
    // The emulator chooses as well, perhaps a moment later.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::new();
    let token = &port.slack.config().app.app_token;
    let answer = client.post(format!("{}/api/apps.connections.open", port.address)).bearer_auth(token).send().await;
    let answer: Value = serde_json::from_slice(&answer.unwrap().bytes().await.unwrap()).unwrap();
    let url = answer["url"].as_str().unwrap();
    let host = port.address.strip_prefix("http://").unwrap();
    assert!(url.starts_with(&format!("ws://{host}/link/?ticket=")), "{url}");
    let stream = TcpStream::connect(host).await.unwrap();
    let (mut socket, _) = client_async(url, stream).await.unwrap();
    assert_eq!(next(&mut socket).await["type"], "hello");
    let channel = port.slack.act_create_channel(&ana, "sockets", false).unwrap();
    let created = next(&mut socket).await;
    assert_eq!(created["payload"]["event"]["channel"]["id"], channel, "{created}");
    socket.send(Message::text(json!({ "envelope_id": created["envelope_id"] }).to_string())).await.unwrap();
    while port.slack.pending_events() > 0 {
        tokio::task::yield_now().await;
    }
    port.slack.end_sockets(Goodbye::RefreshRequested);
    let end = loop {
        match socket.next().await {
            Some(Ok(Message::Text(frame))) => assert!(frame.contains("refresh_requested"), "{frame}"),
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
            end => break end,
        }
    };
    assert!(matches!(end, Some(Ok(Message::Close(_)))), "{end:?}");
    drop(socket);
    port.close().await;
}

/// Two worlds out of one seed spread their events alike.
#[test]
fn the_same_seed_chooses_the_same_sockets() {
    let spread = || {
        let world = World::with(small());
        world.slack.set_socket_mode(true);
        let sockets = [open(&world), open(&world)];
        for number in 0..8 {
            world.slack.act_post(&world.ana, &world.channel, &number.to_string(), None).unwrap();
        }
        sockets.map(|socket| world.slack.take_frames(socket).frames)
    };
    assert_eq!(spread(), spread());
}
