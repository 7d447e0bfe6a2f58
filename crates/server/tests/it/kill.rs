//! Kills the server at random moments, and finds nothing lost and nothing doubled.

use crate::processes::{Caller, Pair, Process};
use reqwest::Method;
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};
use tokio::{sync::watch, task::JoinSet, time::Instant};

/// How often the server is killed.
const KILLS: usize = 12;
/// How many writers each side has. All are at work when the server is killed.
const WRITERS: usize = 4;
/// How many messages a writer writes at most between two kills. Slack takes one a second in a channel, and all
/// must be there in the end.
const MOST_PER_WRITER: usize = 8;
/// How many messages the channel that is imported has.
const HISTORY: &str = "2500";
/// The longest time between a start and a kill.
const LONGEST_LIFE_MILLIS: u64 = 600;
/// How long both sides may take to become the same. An attempt that nobody answered is settled after a
/// minute, Slack brings an event again after a minute, and its limits hold up what was written.
const SETTLED_WITHIN: Duration = Duration::from_secs(240);

/// Chance out of a seed (SplitMix64).
struct Chance(u64);

impl Chance {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % limit
    }
}

/// A place where both sides write.
#[derive(Clone)]
struct Place {
    channel: String,
    chat: String,
}

/// What is written between two starts of the server.
#[derive(Clone)]
struct Round {
    number: usize,
    place: Place,
    history: Place,
    over: watch::Receiver<bool>,
}

struct Fight {
    pair: Pair,
    app: Caller,
    ana: String,
    bruno: String,
    /// Counts the starts of the server, so that who found it gone waits for the next.
    starts: watch::Sender<usize>,
}

impl Fight {
    /// Both programs, connected, with nothing written yet.
    async fn begin(seed: u64) -> (Self, Process) {
        let seed = seed.to_string();
        let pair = Pair::new(&["--seed", &seed, "--messages", HISTORY, "--page", "100"]);
        let server = pair.serve("127.0.0.1:0");
        let app = pair.app_of(&server, "ana").await;
        pair.deliver_to(&app.base).await;
        let [ana, bruno] = pair.people().await;
        (Self { pair, app, ana, bruno, starts: watch::channel(0).0 }, server)
    }

    async fn import(&self, connection: &str, channels: &[String]) -> Vec<Place> {
        let wish = json!({ "connection_id": connection, "chats": channels });
        let runs = self.app.post("/v1/chats/import", "import", wish).await;
        let chat = |run: &Value| run["chat_id"].as_str().unwrap().to_owned();
        let places = channels.iter().zip(runs["items"].as_array().unwrap());
        places.map(|(channel, run)| Place { channel: channel.clone(), chat: chat(run) }).collect()
    }

    /// Repeats a call with the same key until it is answered 2xx.
    async fn insist(&self, method: Method, path: &str, key: &str, body: Option<Value>) -> Value {
        let mut starts = self.starts.subscribe();
        loop {
            starts.mark_unchanged();
            match self.app.try_ask(method.clone(), path, key, body.clone()).await {
                Ok(answer) if answer.status < 300 => return answer.body,
                Ok(answer) => assert!(answer.status >= 500, "{answer:?}"),
                // It is gone: again, when it is back.
                Err(_) => starts.changed().await.unwrap(),
            }
        }
    }

    /// One writer of the app writes until the round ends. Each text is there once, whatever is repeated.
    async fn ours(&self, round: &Round, writer: usize) -> Vec<String> {
        let mut texts = Vec::new();
        for number in 0..MOST_PER_WRITER {
            let name = format!("{}.{writer}.{number}", round.number);
            let (text, into) = (format!("ours {name}"), if writer == 0 { &round.history } else { &round.place });
            let into_path = format!("/v1/chats/{}/messages", into.chat);
            let body = Some(json!({ "text": text }));
            let key = format!("send {name}");
            let sent = self.insist(Method::POST, &into_path, &key, body.clone()).await;
            let path = format!("/v1/messages/{}", sent["id"].as_str().unwrap());
            match number {
                0 => {
                    let text = format!("{text}, edited");
                    self.insist(Method::PATCH, &path, &format!("edit {name}"), Some(json!({ "text": text }))).await;
                    texts.push(text);
                }
                1 => drop(self.insist(Method::DELETE, &path, &format!("delete {name}"), None).await),
                _ => texts.push(text),
            }
            if *round.over.borrow() {
                // Whoever is not sure repeats, and is told the same, also by a server that began anew.
                let again = self.insist(Method::POST, &into_path, &key, body).await;
                assert_eq!(again["id"], sent["id"]);
                break;
            }
        }
        texts
    }

    /// One person at Slack writes until the round ends.
    async fn theirs(&self, round: &Round, writer: usize) {
        for number in 0..MOST_PER_WRITER {
            let channel = if writer == 0 { &round.history.channel } else { &round.place.channel };
            let text = format!("theirs {}.{writer}.{number}", round.number);
            let post = json!({ "as": self.bruno, "do": "post", "channel": channel, "text": text });
            let ts = self.pair.act(post).await["ts"].clone();
            let deed = match number {
                0 => "edit",
                1 => "delete",
                2 => "react",
                _ => "",
            };
            if !deed.is_empty() {
                let text = format!("{text}, edited");
                let act = json!({ "as": self.bruno, "do": deed, "channel": channel, "ts": ts, "text": text, "emoji": "eyes" });
                self.pair.act(act).await;
            }
            if *round.over.borrow() {
                break;
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_killed_loses_nothing_and_doubles_nothing() {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let seed = std::env::var("SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(now.subsec_nanos().into());
    println!("SEED={seed}");
    let mut chance = Chance(seed);
    let (fight, mut server) = Fight::begin(seed).await;
    let listen = fight.app.base.trim_start_matches("http://").to_owned();
    let connection = fight.app.connect(&fight.ana).await;
    let mut channels = vec![shared_channel(&fight).await];
    for round in 0..KILLS {
        let made = json!({ "as": fight.ana, "do": "create_channel", "name": format!("round-{round}") });
        let channel = fight.pair.act(made).await["channel"].as_str().unwrap().to_owned();
        fight.pair.act(json!({ "as": fight.ana, "do": "invite", "channel": channel, "user": fight.bruno })).await;
        channels.push(channel);
    }
    let places = fight.import(&connection, &channels).await;
    let fight = Arc::new(fight);

    let mut accepted = Vec::new();
    for number in 0..KILLS {
        let (end, over) = watch::channel(false);
        let round = Round { number, place: places[number + 1].clone(), history: places[0].clone(), over };
        let mut sides = JoinSet::new();
        for writer in 0..WRITERS {
            let (one, other) = (Arc::clone(&fight), Arc::clone(&fight));
            let (here, there) = (round.clone(), round.clone());
            sides.spawn(async move { one.ours(&here, writer).await });
            sides.spawn(async move {
                other.theirs(&there, writer).await;
                Vec::new()
            });
        }
        // The moment of the kill is the test's input, not a wait for something.
        tokio::time::sleep(Duration::from_millis(chance.below(LONGEST_LIFE_MILLIS))).await;
        server.kill();
        server = fight.pair.serve(&listen);
        fight.starts.send_modify(|starts| *starts += 1);
        end.send_replace(true);
        while let Some(texts) = sides.join_next().await {
            accepted.extend(texts.unwrap());
        }
    }
    println!("{} sends were accepted", accepted.len());
    settle(&fight, &places, &accepted).await;
    check_feed(&fight.app).await;
    assert!(server.stop(), "a stop is no failure");
}

async fn shared_channel(fight: &Fight) -> String {
    let snapshot = fight.pair.control(Method::GET, "snapshot", None).await;
    let workspaces = snapshot["workspaces"].as_object().unwrap().values();
    let channels = workspaces.flat_map(|one| one["channels"].as_object().unwrap().values());
    let has = |channel: &Value, user: &str| channel["members"].as_array().unwrap().contains(&json!(user));
    let mut shared = channels.filter(|one| one["kind"] == "public" && one["is_archived"] == false);
    let found = shared.find(|one| has(one, &fight.ana) && has(one, &fight.bruno)).expect("they share a channel");
    found["id"].as_str().unwrap().to_owned()
}

/// Looks until both sides hold the same, or says how they differ.
async fn settle(fight: &Fight, places: &[Place], accepted: &[String]) {
    let until = Instant::now() + SETTLED_WITHIN;
    let mut after = 0;
    loop {
        let difference = difference(fight, places, accepted).await;
        let Err(difference) = difference else { return };
        assert!(Instant::now() < until, "{difference}");
        after = news(fight, after).await;
    }
}

/// Waits until something happens on our side.
async fn news(fight: &Fight, after: u64) -> u64 {
    use futures_util::StreamExt;
    let url = format!("{}/v1/events/stream", fight.app.base);
    let call = fight.app.client.get(url).bearer_auth(&fight.app.key).header("bothways-customer", "ana");
    let now = fight.app.get("/v1/events?limit=1").await["as_of_seq"].as_u64().unwrap();
    if now > after {
        return now;
    }
    let mut stream = call.header("last-event-id", after).send().await.unwrap().bytes_stream();
    // A heartbeat comes if nothing else does, and then it is time to look as well.
    let _ = stream.next().await;
    after
}

/// Compares every place on both sides.
async fn difference(fight: &Fight, places: &[Place], accepted: &[String]) -> Result<(), String> {
    let mut texts_there: BTreeMap<String, usize> = BTreeMap::new();
    for Place { channel, chat } in places {
        let there = fight.pair.control(Method::GET, &format!("channels/{channel}"), None).await;
        let there = there["messages"].as_array().unwrap();
        let mut wanted = BTreeMap::new();
        for message in there {
            let text = message["text"].as_str().unwrap();
            *texts_there.entry(text.to_owned()).or_default() += 1;
            let mut emoji: Vec<_> = message["reactions"].as_object().unwrap().keys().cloned().collect();
            emoji.retain(|name| name == "eyes");
            wanted.insert(message["ts"].as_str().unwrap().to_owned(), (text.to_owned(), !emoji.is_empty()));
        }
        let mut seen = BTreeSet::new();
        for message in fight.app.all(&format!("/v1/chats/{chat}/messages")).await {
            let id = message["external_id"].as_str().ok_or_else(|| format!("not at Slack: {message}"))?;
            let ts = id.rsplit(':').next().unwrap_or(id);
            if !seen.insert(ts.to_owned()) {
                return Err(format!("doubled: {message}"));
            }
            match wanted.remove(ts) {
                Some(_) if !message["deleted_at"].is_null() => return Err(format!("deleted here alone: {message}")),
                Some((text, eyes)) => compare(&message, &text, eyes)?,
                None if message["deleted_at"].is_null() => return Err(format!("not there: {message}")),
                None => {}
            }
        }
        if let Some((ts, (text, _))) = wanted.first_key_value() {
            return Err(format!("{} are missing here in {channel}, as {ts}: {text}", wanted.len()));
        }
    }
    for text in accepted {
        let times = texts_there.get(text).copied().unwrap_or(0);
        if times != 1 {
            return Err(format!("{text:?} was accepted, and is {times} times at Slack"));
        }
    }
    let left = texts_there.keys().find(|text| text.starts_with("ours") && !accepted.contains(text));
    left.map_or(Ok(()), |text| Err(format!("{text:?} should not be there any more")))
}

fn compare(message: &Value, text: &str, eyes: bool) -> Result<(), String> {
    let ours = message["body"]["text"].as_str().unwrap_or_default();
    // What was there before has names and links, which read otherwise here.
    let written_now = text.starts_with("ours") || text.starts_with("theirs");
    if written_now && ours != text {
        return Err(format!("{text:?} reads {ours:?} here"));
    }
    let seen = message["reactions"].as_array().unwrap().iter().any(|reaction| reaction["emoji"] == "👀");
    if seen != eyes { Err(format!("reactions differ: {message}")) } else { Ok(()) }
}

/// The feed is gapless, and says nothing twice.
async fn check_feed(app: &Caller) {
    let mut after = 0;
    loop {
        let page = app.get(&format!("/v1/events?limit=500&after={after}")).await;
        let items = page["items"].as_array().unwrap();
        if items.is_empty() {
            assert!(after > 2_500, "only {after} events");
            return;
        }
        for event in items {
            after += 1;
            assert_eq!(event["seq"], json!(after), "{event}");
        }
    }
}
