//! What is found, what is no longer found, and all chats as one stream.

use crate::house::{DEADLINE, Feed, House};
use reqwest::Method;
use serde_json::{Value, json};

/// Seeks once the index holds all that has happened.
async fn seek(house: &House, customer: &str, query: &str) -> Value {
    let as_of = house.get(customer, "/v1/chats").await["as_of_seq"].as_u64().unwrap();
    let whole = async {
        loop {
            let found = house.get(customer, &format!("/v1/search?{query}")).await;
            if found["indexed_to_seq"].as_u64().unwrap() >= as_of && found["rebuilding"] == false {
                return found;
            }
        }
    };
    tokio::time::timeout(DEADLINE, whole).await.expect("the index follows")
}

/// Whether the index's files hold these letters anywhere.
fn is_kept(house: &House, word: &str) -> bool {
    let files = std::fs::read_dir(house.folder.path()).unwrap().map(|file| file.unwrap().path());
    let of_index = files.filter(|path| path.file_name().unwrap().to_string_lossy().starts_with("search.db"));
    let holds = |bytes: Vec<u8>| bytes.windows(word.len()).any(|window| window == word.as_bytes());
    of_index.filter_map(|path| std::fs::read(path).ok()).any(holds)
}

fn texts(found: &Value) -> Vec<&str> {
    let items = found["items"].as_array().unwrap().iter();
    items.map(|item| item["message"]["body"]["text"].as_str().unwrap()).collect()
}

async fn feed_from_now(house: &House, customer: &str) -> Feed {
    Feed::open(house, customer, house.get(customer, "/v1/chats").await["as_of_seq"].as_u64().unwrap()).await
}

fn says(text: &'static str) -> impl Fn(&Value) -> bool {
    move |event| event["object"]["body"]["text"] == text
}

#[tokio::test(flavor = "multi_thread")]
async fn words_are_found_as_they_stand_by_now_and_by_nobody_else() {
    let house = House::new().await;
    let (ana, bruno) = (house.person(0), house.person(1));
    let channel = house.slack.act_create_channel(&ana, "zebra-crossing", false).unwrap();
    house.slack.act_invite(&ana, &channel, &bruno).unwrap();
    let connection = house.connect("ana", &ana).await;
    let chat = house.import("ana", &connection, &channel).await;
    let mut feed = feed_from_now(&house, "ana").await;
    let post = |text: &str| house.slack.act_post(&bruno, &channel, text, None).unwrap();
    let first = post("Um café no Zanzibar, e std::vec quokka");
    feed.until(says("Um café no Zanzibar, e std::vec quokka")).await;
    post("我们在家 👍 zanzibar eva.lima@example.com");
    feed.until(says("我们在家 👍 zanzibar eva.lima@example.com")).await;

    let found = seek(&house, "ana", "q=CAFE").await;
    assert_eq!(texts(&found), ["Um café no Zanzibar, e std::vec quokka"]);
    let item = &found["items"][0];
    assert_eq!((&item["chat_name"], &item["connection_ids"]), (&json!("zebra-crossing"), &json!([connection])));
    let pieces = json!([
        { "text": "Um ", "hit": false }, { "text": "café", "hit": true },
        { "text": " no Zanzibar, e std::vec quokka", "hit": false }
    ]);
    assert_eq!(item["snippet"], pieces);
    for (query, count) in [
        ("q=zanz", 2),
        ("q=cafe%20zanz", 1),
        ("q=zanz%20cafe", 0),
        ("q=%22zanzibar%20e%22", 1),
        ("q=%22e%20zanzibar%22", 0),
        ("q=std%3A%3Av", 1),
        ("q=%E6%88%91%E4%BB%AC", 1),
        ("q=%F0%9F%91%8D", 1),
        ("q=eva.lima%40example.com", 1),
        ("q=LIMA%40exam", 1),
        ("q=eva.souza%40example.com", 0),
        ("q=zanzibar&connection_id=CON", 2),
        ("q=zanzibar&chat_id=CHAT", 2),
        ("q=zanzibar&platform=slack", 2),
        ("q=zanzibar&platform=gmail", 0),
        ("q=zanzibar&from=2020-01-01T00:00:00Z", 2),
        ("q=zanzibar&to=2020-01-01T00:00:00Z", 0),
        ("q=nowhere", 0),
        ("q=", 0),
        ("", 0),
        ("q=%22", 0),
        ("q=*%20OR%20%22%20NEAR(%20-%5E%7B%7D%00", 0),
    ] {
        let query = query.replace("CON", &connection).replace("CHAT", &chat);
        assert_eq!(texts(&seek(&house, "ana", &query).await).len(), count, "{query}");
    }
    let mut paged = Vec::new();
    for item in house.all("ana", "/v1/search?q=zanzibar&limit=1").await {
        paged.push(item["message"]["body"]["text"].as_str().unwrap().to_owned());
    }
    assert_eq!(
        paged,
        ["我们在家 👍 zanzibar eva.lima@example.com", "Um café no Zanzibar, e std::vec quokka"],
        "the latest first"
    );
    let found = seek(&house, "ana", "q=zebra").await;
    assert_eq!(found["chats"][0]["chat"]["id"], chat.as_str());
    assert_eq!(found["chats"][0]["name"][0], json!({ "text": "zebra", "hit": true }));

    let other = house.connect("bruno", &bruno).await;
    assert_eq!(texts(&seek(&house, "bruno", "q=zanzibar").await), [""; 0], "what they did not import");
    house.ask("bruno", Method::GET, &format!("/v1/search?q=x&chat_id={chat}"), None).await.refused(404, "not_found");
    let long = "x".repeat(201);
    house.ask("ana", Method::GET, &format!("/v1/search?q={long}"), None).await.refused(400, "question_too_long");
    let strange = house.get("bruno", &format!("/v1/search?q=x&connection_id={other}")).await;
    assert_eq!(strange["items"], json!([]));

    house.slack.act_edit(&bruno, &channel, &first, "Um chá").unwrap();
    feed.until(says("Um chá")).await;
    assert_eq!(texts(&seek(&house, "ana", "q=cafe").await), [""; 0]);
    assert_eq!(texts(&seek(&house, "ana", "q=%22cha%22").await), ["Um chá"]);
    house.slack.act_delete(&bruno, &channel, &first).unwrap();
    feed.until(|event| event["kind"] == "message.deleted").await;
    assert_eq!(texts(&seek(&house, "ana", "q=%22cha%22").await), [""; 0]);
    assert!(is_kept(&house, "zanzibar") && !is_kept(&house, "quokka"), "what is edited or deleted leaves the files");

    house.ask("ana", Method::DELETE, &format!("/v1/chats/{chat}"), None).await;
    let found = seek(&house, "ana", "q=zanzibar").await;
    assert_eq!((texts(&found), &found["chats"]), (vec![], &json!([])));
    assert_eq!(seek(&house, "ana", "q=zebra").await["chats"], json!([]));
    let gone = async {
        while is_kept(&house, "zanzibar") {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(DEADLINE, gone).await.expect("a chat that is deleted leaves the files");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_changes_finds_what_was_written_before() {
    let house = House::new().await;
    let (ana, bruno) = (house.person(0), house.person(1));
    let channel = house.slack.act_create_channel(&ana, "names", false).unwrap();
    house.slack.act_invite(&ana, &channel, &bruno).unwrap();
    house.slack.act_post(&bruno, &channel, "by whom?", None).unwrap();
    house.slack.act_post(&ana, &channel, &format!("ask <@{bruno}> of it"), None).unwrap();
    let connection = house.connect("ana", &ana).await;
    house.import("ana", &connection, &channel).await;
    let before = texts(&seek(&house, "ana", "q=quetzalcoatl").await).len();
    assert_eq!(before, 0);
    house.slack.act_rename_user(&bruno, "Nunes", "Quétzalcoatl").unwrap();
    let named = async { while texts(&seek(&house, "ana", "q=quetzalcoatl").await).is_empty() {} };
    tokio::time::timeout(DEADLINE, named).await.expect("the name is learnt");
    let found = seek(&house, "ana", "q=quetzal").await;
    assert!(texts(&found).contains(&"by whom?"), "{found}");
    let found = seek(&house, "ana", "q=%22ask%20quetzalcoatl%20of%22").await;
    assert_eq!(texts(&found), ["ask @Quétzalcoatl of it"], "a phrase goes through the name that is shown");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_two_connections_see_is_shown_once() {
    let house = House::new().await;
    let (ana, bruno) = (house.person(0), house.person(1));
    let shared = house.slack.act_create_channel(&ana, "shared", false).unwrap();
    house.slack.act_invite(&ana, &shared, &bruno).unwrap();
    let own = house.slack.act_create_channel(&ana, "own", false).unwrap();
    let (one, two) = (house.connect("ana", &ana).await, house.connect("ana", &bruno).await);
    for text in ["axolotl one", "axolotl two", "axolotl three"] {
        house.slack.act_post(&bruno, &shared, text, None).unwrap();
    }
    house.slack.act_post(&ana, &own, "axolotl alone", None).unwrap();
    house.import("ana", &one, &shared).await;
    let second = house.import("ana", &two, &shared).await;
    house.import("ana", &one, &own).await;

    seek(&house, "ana", "q=axolotl").await;
    for list in ["/v1/search?q=axolotl", "/v1/timeline?"] {
        for limit in 1..5 {
            let items = house.all("ana", &format!("{list}&limit={limit}")).await;
            let said: Vec<_> = items.iter().map(|item| item["message"]["body"]["text"].as_str().unwrap()).collect();
            let said: Vec<_> = said.into_iter().filter(|text| text.starts_with("axolotl")).collect();
            assert_eq!(said, ["axolotl alone", "axolotl three", "axolotl two", "axolotl one"], "{list} by {limit}");
            let through = |text: &str| {
                items.iter().find(|item| item["message"]["body"]["text"] == text).unwrap()["connection_ids"].clone()
            };
            assert_eq!((through("axolotl one"), through("axolotl alone")), (json!([one, two]), json!([one])));
        }
        let of_second = house.all("ana", &format!("{list}&connection_id={two}")).await;
        let said =
            of_second.iter().filter(|item| item["message"]["body"]["text"].as_str().unwrap().starts_with("axolotl"));
        assert_eq!(said.count(), 3, "{list}: a connection shows what it sees, whoever sees it, too");
    }
    let in_chat = seek(&house, "ana", &format!("q=axolotl&chat_id={second}")).await;
    assert_eq!(texts(&in_chat).len(), 3);
    let times: Vec<_> =
        house.all("ana", "/v1/timeline?limit=9").await.iter().map(|item| item["message"]["sent_at"].clone()).collect();
    assert!(times.windows(2).all(|pair| pair[0].as_str() >= pair[1].as_str()), "{times:?}");
    assert_eq!(house.get("bruno", "/v1/timeline").await["items"], json!([]));
    let seq = house.get("ana", "/v1/chats").await["as_of_seq"].clone();
    assert_eq!(house.get("ana", "/v1/timeline").await["as_of_seq"], seq);
    house.close().await;
}
