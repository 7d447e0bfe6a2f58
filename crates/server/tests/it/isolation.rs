//! Every route that `openapi.json` describes, called by everybody who must not reach a customer's data.
//!
//! The calls are made from the description, so that a route that is added is tested from its first day. Last, the
//! right customer makes the same calls, which must go well: what is refused for its form alone proves nothing.

use crate::{
    house::{Answer, Feed, House, read_beginning},
    parked::something_parked,
};
use reqwest::Method;
use sandbox::slack::NewFile;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Routes that are the app's own: a key needs to name no customer.
const OF_THE_APP: [&str; 6] = [
    "/v1/api-keys",
    "/v1/api-keys/{id}",
    "/v1/customers/{id}",
    "/v1/customer-tokens",
    "/v1/events",
    "/v1/events/stream",
];
/// Words that only the customer who owns them may see.
const PLANTED: &str = "quince-marmalade";

/// One call that the description allows.
struct Route {
    method: Method,
    path: String,
    operation: Value,
}

/// What a customer has, by the name of the id's schema or of the field that asks for it.
struct Belongings(BTreeMap<&'static str, Value>);

/// Somebody who calls, and how they say who they are.
struct Caller {
    name: &'static str,
    headers: Vec<(&'static str, String)>,
    kind: Kind,
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    /// Nobody knows them.
    Stranger,
    /// The app, which does not say for whom it speaks.
    OfNobody,
    /// A customer, but not the one whose ids they show.
    Other,
}

fn description() -> Value {
    serde_json::from_str(include_str!("../../../../openapi.json")).unwrap()
}

/// All routes; those that take something away come last, the smallest thing first.
fn routes(description: &Value) -> Vec<Route> {
    let methods = description["paths"].as_object().unwrap().iter().flat_map(|(path, operations)| {
        operations.as_object().unwrap().iter().map(move |(method, operation)| Route {
            method: method.to_uppercase().parse().unwrap(),
            path: path.clone(),
            operation: operation.clone(),
        })
    });
    let mut routes: Vec<_> = methods.filter(|route| route.path.starts_with("/v1/")).collect();
    let takes_away = ["/v1/messages", "/v1/chats", "/v1/connections", "/v1/customers", "/v1/session"];
    routes.sort_by_key(|route| {
        let size = takes_away.iter().position(|place| route.path.starts_with(place)).unwrap_or_default();
        if route.method == Method::DELETE { size + 1 } else { 0 }
    });
    routes
}

impl Belongings {
    fn of(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }

    /// A value of this form. Fields that are not asked for are left out, unless they can hold an id.
    fn sample(&self, name: &str, schema: &Value, description: &Value) -> Value {
        if let Some(own) = self.of(name) {
            return own.clone();
        }
        if let Some(reference) = schema["$ref"].as_str() {
            let referred = reference.rsplit('/').next().unwrap();
            return self.sample(referred, &description["components"]["schemas"][referred], description);
        }
        if let Some(choices) = schema["oneOf"].as_array().or_else(|| schema["anyOf"].as_array()) {
            let choice = choices.iter().find(|choice| choice["type"] != "null").unwrap();
            return self.sample(name, choice, description);
        }
        if let Some(choices) = schema["enum"].as_array() {
            return choices[0].clone();
        }
        if let Some(properties) = schema["properties"].as_object() {
            let required: BTreeSet<_> =
                schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
            let wanted = |name: &str| required.contains(name) || self.of(name).is_some();
            let fields = properties.iter().filter(|(name, _)| wanted(name));
            return fields.map(|(name, schema)| (name.clone(), self.sample(name, schema, description))).collect();
        }
        match schema["type"].as_str().or_else(|| schema["type"][0].as_str()) {
            Some("boolean") => json!(true),
            Some("object") => Value::Object(Map::new()),
            Some("array") => json!([self.sample(name, &schema["items"], description)]),
            _ => panic!("say what a sample of `{name}` is: {schema}"),
        }
    }

    /// The address of a route with these belongings in its path, and those of `asked` in its query.
    fn address(&self, route: &Route, asked: &Self, description: &Value) -> String {
        let (mut path, mut query) = (route.path.clone(), Vec::new());
        for parameter in route.operation["parameters"].as_array().into_iter().flatten() {
            let (name, schema) = (parameter["name"].as_str().unwrap(), &parameter["schema"]);
            let text = |value: Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            match parameter["in"].as_str().unwrap() {
                "path" => {
                    let name = match route.path.as_str() {
                        "/v1/api-keys/{id}" => "api_key",
                        "/v1/customers/{id}" => "customer_id",
                        _ => name,
                    };
                    path = path.replace(
                        &format!("{{{}}}", parameter["name"].as_str().unwrap()),
                        &text(self.sample(name, schema, description)),
                    );
                }
                "query" if parameter["required"] == true || asked.of(name).is_some() => {
                    query.push(format!("{name}={}", text(asked.sample(name, schema, description))));
                }
                _ => {}
            }
        }
        if query.is_empty() { path } else { format!("{path}?{}", query.join("&")) }
    }

    fn body(&self, route: &Route, description: &Value) -> Option<Value> {
        let schema = &route.operation["requestBody"]["content"]["application/json"]["schema"];
        (!schema.is_null()).then(|| self.sample("body", schema, description))
    }

    /// Whether the description gives the route a place for somebody's id outside of its path.
    fn has_place_for_ids(&self, route: &Route, description: &Value) -> bool {
        let ids: Vec<_> = self.0.values().filter(|value| is_id(value)).collect();
        let body = self.body(route, description).map(|body| body.to_string()).unwrap_or_default();
        let address = self.address(route, self, description);
        let query = address.split_once('?').map(|(_, query)| query).unwrap_or_default();
        ids.iter().any(|id| body.contains(id.as_str().unwrap()) || query.contains(id.as_str().unwrap()))
    }
}

fn is_id(value: &Value) -> bool {
    value.as_str().and_then(|text| text.split_once('_')).is_some_and(|(_, uuid)| uuid.len() == 32)
}

/// A customer with a connection, a chat, a message, and whatever else has an id.
async fn settle_in(house: &House, customer: &str, person: &str, name: &str) -> Belongings {
    let channel = house.slack.act_create_channel(person, name, false).unwrap();
    let connection = house.connect(customer, person).await;
    let chat = house.import(customer, &connection, &channel).await;
    let mut feed = Feed::open(house, customer, 0).await;
    let sent = house.send(customer, &chat, &format!("{name} is what I keep to myself")).await;
    feed.message(&sent["id"], |message| message["status"] == "sent").await;
    let file = NewFile { name: format!("{name}.txt"), bytes: PLANTED.into(), ..NewFile::default() };
    house.slack.act_share(person, &channel, "", None, vec![file]).unwrap();
    let shared = feed.until(|event| event["object"]["attachments"][0]["id"].is_string()).await;
    // With the last run that connecting began, it is active.
    let mut feed = Feed::open(house, customer, 0).await;
    feed.until(|event| event["object_id"] == connection.as_str() && event["object"]["state"] == "active").await;
    let run = house.get(customer, "/v1/sync-statuses").await["items"][0]["id"].clone();
    let user = house.get(customer, "/v1/user-platforms").await["items"][0]["id"].clone();
    let made = house.ask(customer, Method::POST, "/v1/api-keys", Some(json!({ "name": "isolation" }))).await.good();
    let parked = something_parked(house, customer, &channel).await;
    let upload = house.upload(customer, "own.txt", PLANTED).await.good();
    let entries = [
        ("PartId", parked["id"].clone()),
        ("AttachmentId", shared["object"]["attachments"][0]["id"].clone()),
        ("ChatId", json!(chat)),
        ("chat_id", json!(chat)),
        ("ConnectionId", json!(connection)),
        ("connection_id", json!(connection)),
        ("MessageId", sent["id"].clone()),
        ("thread_root", sent["id"].clone()),
        ("message_id", sent["id"].clone()),
        ("SyncStatusId", run),
        ("UserPlatformId", user),
        ("api_key", made["id"].clone()),
        ("attachments", json!([upload["id"]])),
        ("chats", json!([channel])),
        ("customer_id", json!(customer)),
        ("external_user_ids", json!([person])),
        ("emoji", json!("%F0%9F%91%8D")),
        ("integration", json!("slack")),
        ("name", json!("anything")),
        ("after", json!(0)),
        ("since", json!("2020-01-01T00:00:00.000Z")),
        ("text", json!("anything")),
    ];
    Belongings(entries.into())
}

async fn customer_token(house: &House, customer: &str, seconds: u64) -> String {
    let wish = json!({ "customer_id": customer, "expires_in_seconds": seconds });
    let made = house.ask(customer, Method::POST, "/v1/customer-tokens", Some(wish)).await.good();
    format!("Bearer {}", made["token"].as_str().unwrap())
}

async fn wrong_callers(house: &House) -> Vec<Caller> {
    let key = format!("Bearer {}", house.key);
    let token = customer_token(house, "ana", 3600).await;
    // Its last letter holds bits that count for nothing, so the signature's first one is another.
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let other = if signature.starts_with('A') { "B" } else { "A" };
    let forged = format!("{signed}.{other}{}", &signature[1..]);
    let named = |authorization: String, customer: &str| {
        vec![("authorization", authorization), ("bothways-customer", customer.to_owned())]
    };
    vec![
        Caller { name: "nobody", headers: Vec::new(), kind: Kind::Stranger },
        Caller { name: "a guessed key", headers: named("Bearer bw_guess".to_owned(), "ana"), kind: Kind::Stranger },
        Caller { name: "a forged token", headers: named(forged, "ana"), kind: Kind::Stranger },
        Caller {
            name: "a key without a customer",
            headers: vec![("authorization", key.clone())],
            kind: Kind::OfNobody,
        },
        Caller { name: "another customer, by key", headers: named(key, "bruno"), kind: Kind::Other },
        Caller {
            name: "another customer, by token",
            headers: named(customer_token(house, "bruno", 3600).await, "ana"),
            kind: Kind::Other,
        },
        Caller {
            name: "another customer, by session",
            headers: vec![("cookie", house.sign_in().await), ("bothways-page", "1".to_owned())],
            kind: Kind::Other,
        },
    ]
}

async fn ask(house: &House, caller: &Caller, route: &Route, address: &str, body: Option<Value>) -> Answer {
    let headers: Vec<_> = caller.headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
    if route.operation["responses"]["200"]["content"].get("text/event-stream").is_some() {
        return read_beginning(house, address, &headers).await;
    }
    house.call(route.method.clone(), address, &headers, body).await
}

#[track_caller]
fn told_nothing(answer: &Answer, secrets: &[&str], what: &str) {
    let shown = answer.body.to_string();
    let leaked: Vec<_> = secrets.iter().filter(|secret| shown.contains(**secret)).collect();
    assert!(leaked.is_empty(), "{what} and is told {leaked:?}: {shown}");
}

/// All that a customer would notice.
async fn whole(house: &House, customer: &str) -> Vec<Value> {
    let mut held = Vec::new();
    for path in ["/v1/connections", "/v1/chats", "/v1/sync-statuses", "/v1/user-platforms", "/v1/events?limit=500"] {
        held.push(house.get(customer, path).await);
    }
    held
}

#[tokio::test(flavor = "multi_thread")]
async fn no_route_lets_a_wrong_caller_reach_a_customer() {
    let house = House::new().await;
    let description = description();
    let (ana, bruno) = (house.person(0), house.person(1));
    let theirs = settle_in(&house, "bruno", &bruno, "elsewhere").await;
    let own = settle_in(&house, "ana", &ana, PLANTED).await;
    house.connect("me", &house.person(2)).await;
    let late = Caller {
        name: "a token that has ended",
        headers: vec![("authorization", customer_token(&house, "ana", 60).await)],
        kind: Kind::Stranger,
    };
    house.all_is_heard().await;
    let before = whole(&house, "ana").await;
    let routes = routes(&description);
    assert!(routes.len() > 25, "the description is read");
    let mut secrets: Vec<_> = own.0.values().filter(|value| is_id(value)).filter_map(Value::as_str).collect();
    secrets.push(PLANTED);

    for caller in wrong_callers(&house).await {
        for route in &routes {
            let of_the_app = OF_THE_APP.contains(&route.path.as_str());
            // With the owner's ids everywhere, and with one's own in the path and the owner's in query and body.
            for place in [&own, &theirs] {
                let address = place.address(route, &own, &description);
                let body = own.body(route, &description);
                let what = format!("{} asks {} {address}", caller.name, route.method);
                let in_path = std::ptr::eq(place, &own) && route.path.contains('{');
                let foreign = in_path || own.has_place_for_ids(route, &description);
                match caller.kind {
                    Kind::Stranger => {
                        let answer = ask(&house, &caller, route, &address, body).await;
                        assert_eq!((answer.status, answer.code()), (401, "unauthorized"), "{what}");
                    }
                    Kind::OfNobody if of_the_app => {}
                    Kind::OfNobody => {
                        let answer = ask(&house, &caller, route, &address, body).await;
                        assert_eq!((answer.status, answer.code()), (400, "customer_missing"), "{what}");
                    }
                    Kind::Other if foreign && !of_the_app => {
                        let answer = ask(&house, &caller, route, &address, body).await;
                        assert_eq!((answer.status, answer.code()), (404, "not_found"), "{what}: {}", answer.body);
                        told_nothing(&answer, &secrets, &what);
                    }
                    Kind::Other if route.method == Method::GET && !route.path.starts_with("/v1/api-keys") => {
                        told_nothing(&ask(&house, &caller, route, &address, body).await, &secrets, &what);
                    }
                    Kind::Other => {} // It names nothing of anybody, and would only act for the caller.
                }
            }
        }
    }
    house.clock.set_seconds(61);
    for route in &routes {
        let address = own.address(route, &own, &description);
        let answer = ask(&house, &late, route, &address, own.body(route, &description)).await;
        assert_eq!((answer.status, answer.code()), (401, "unauthorized"), "{address}");
    }
    house.clock.set_seconds(0);
    assert_eq!(whole(&house, "ana").await, before, "nobody changed anything");

    let right = Caller { name: "ana", headers: vec![], kind: Kind::Other };
    let headers = [("authorization", format!("Bearer {}", house.key)), ("bothways-customer", "ana".to_owned())];
    let right = Caller { headers: headers.into(), ..right };
    for route in &routes {
        let address = own.address(route, &own, &description);
        let answer = ask(&house, &right, route, &address, own.body(route, &description)).await;
        // What is not possible in the message's present state was at least understood, and found.
        let well = !matches!(answer.status, 400..=404) && answer.code() != "wrong_shape";
        assert!(well, "the sample of {} {address} proves nothing: {answer:?}", route.method);
    }
    house.close().await;
}
