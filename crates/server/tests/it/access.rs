//! Who may call, and whose data they reach.

use crate::{browser::cookie_of, house::House};
use reqwest::{Method, header};
use serde_json::{Value, json};

async fn token(house: &House, customer: &str) -> String {
    let headers = [("authorization", format!("Bearer {}", house.key))];
    let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let wish = json!({ "customer_id": customer, "expires_in_seconds": 60 });
    let made = house.call(Method::POST, "/v1/customer-tokens", &headers, Some(wish)).await.good();
    format!("Bearer {}", made["token"].as_str().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stranger_learns_nothing_of_what_was_wrong() {
    let house = House::new().await;
    let good = token(&house, "ana").await;
    let (mut forged, longer) = (good.clone(), format!("Bearer {}x", house.key));
    forged.pop();
    let wrong = ["", "Bearer", "Bearer bw_wrong", "Basic x", longer.as_str(), forged.as_str()];
    let told = house.call(Method::GET, "/v1/chats", &[], None).await;
    told.refused(401, "unauthorized");
    for authorization in wrong {
        let headers = [("authorization", authorization), ("bothways-customer", "ana")];
        let answer = house.call(Method::GET, "/v1/chats", &headers, None).await;
        assert_eq!((answer.status, &answer.body), (401, &told.body), "{authorization}");
    }
    let answer = house.call(Method::GET, "/v1/chats", &[("cookie", "bothways_session=guess")], None).await;
    assert_eq!((answer.status, &answer.body), (401, &told.body));
    // The keys of the server do not stand in for each other.
    let answer = house.call(Method::POST, server::login::CONTROL_PATH, &[("authorization", &good)], None).await;
    answer.refused(401, "unauthorized");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_api_key_names_its_customer() {
    let house = House::new().await;
    let key = format!("Bearer {}", house.key);
    let bare = [("authorization", key.as_str())];
    house.call(Method::GET, "/v1/chats", &bare, None).await.refused(400, "customer_missing");
    let long = "x".repeat(201);
    for customer in ["", long.as_str()] {
        house.ask(customer, Method::GET, "/v1/chats", None).await.refused(400, "bad_customer");
    }
    assert_eq!(house.get("Zoë/7", "/v1/session").await["customer_id"], "Zoë/7");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_customer_token_speaks_for_one_customer_until_it_ends() {
    let house = House::new().await;
    let token = token(&house, "ana").await;
    let ask = |method: Method, path: &'static str, body: Option<Value>| {
        let headers = [("authorization", token.as_str()), ("bothways-customer", "bruno")];
        let house = &house;
        async move { house.call(method, path, &headers, body).await }
    };
    assert_eq!(ask(Method::GET, "/v1/session", None).await.good()["customer_id"], "ana");
    ask(Method::GET, "/v1/api-keys", None).await.refused(403, "forbidden");
    ask(Method::POST, "/v1/api-keys", Some(json!({ "name": "x" }))).await.refused(403, "forbidden");
    ask(Method::POST, "/v1/customer-tokens", Some(json!({ "customer_id": "bruno" }))).await.refused(403, "forbidden");
    house.clock.set_seconds(61);
    ask(Method::GET, "/v1/session", None).await.refused(401, "unauthorized");
    let wish = json!({ "customer_id": "ana", "expires_in_seconds": 86_401 });
    house.ask("ana", Method::POST, "/v1/customer-tokens", Some(wish)).await.refused(422, "wrong_shape");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_shown_once_and_refused_once_it_is_deleted() {
    let house = House::new().await;
    let made = house.ask("ana", Method::POST, "/v1/api-keys", Some(json!({ "name": "second" }))).await.good();
    let (id, key) = (made["id"].as_str().unwrap(), made["key"].as_str().unwrap());
    let listed = house.get("ana", "/v1/api-keys").await;
    assert_eq!(listed["items"].as_array().unwrap().len(), 2);
    assert!(!listed.to_string().contains(key) && !listed.to_string().contains("hash"), "{listed}");
    let authorization = format!("Bearer {key}");
    let headers = [("authorization", authorization.as_str()), ("bothways-customer", "ana")];
    assert_eq!(house.call(Method::GET, "/v1/session", &headers, None).await.status, 200);
    let path = format!("/v1/api-keys/{id}");
    assert_eq!(house.ask("ana", Method::DELETE, &path, None).await.status, 204);
    house.ask("ana", Method::DELETE, &path, None).await.refused(404, "not_found");
    house.call(Method::GET, "/v1/session", &headers, None).await.refused(401, "unauthorized");
    house.ask("ana", Method::POST, "/v1/api-keys", Some(json!({ "name": " " }))).await.refused(422, "wrong_shape");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_begins_by_an_address_that_is_good_once_and_no_other_site_can_use_it() {
    let house = House::new().await;
    let link = server::login::link(&house.running.server).await.unwrap();
    let first = house.client.get(&link).send().await.unwrap();
    let written = first.headers()[header::SET_COOKIE].to_str().unwrap();
    assert!(written.contains("HttpOnly") && written.contains("SameSite=Lax"), "{written}");
    let cookie = cookie_of(&first);
    assert_eq!(house.client.get(&link).send().await.unwrap().status(), 401);
    let page = [("cookie", cookie.as_str())];
    assert_eq!(house.call(Method::GET, "/v1/session", &page, None).await.good()["customer_id"], "me");
    let wish = Some(json!({ "integration": "slack" }));
    house.call(Method::POST, "/v1/connections", &page, wish.clone()).await.refused(403, "page_header_missing");
    let own = [("cookie", cookie.as_str()), ("bothways-page", "1")];
    assert_eq!(house.call(Method::POST, "/v1/connections", &own, wish).await.status, 201);
    assert_eq!(house.call(Method::DELETE, "/v1/session", &own, None).await.status, 204);
    house.call(Method::GET, "/v1/session", &page, None).await.refused(401, "unauthorized");

    let late = server::login::link(&house.running.server).await.unwrap();
    house.clock.set_seconds(15 * 60 + 1);
    assert_eq!(house.client.get(&late).send().await.unwrap().status(), 401);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_reaches_what_is_another_customers() {
    let house = House::new().await;
    let (ana, bruno) = (house.person(0), house.person(1));
    let channel = house.shared_channel(&[&ana, &bruno]);
    let theirs = house.connect("bruno", &bruno).await;
    let own = house.connect("ana", &ana).await;
    let chat = house.import("bruno", &theirs, &channel).await;
    let message = house.messages("bruno", &chat).await[0]["id"].as_str().unwrap().to_owned();
    let run = house.get("bruno", "/v1/sync-statuses").await["items"][0]["id"].as_str().unwrap().to_owned();
    let text = Some(json!({ "text": "x" }));
    let import = |id: &str| Some(json!({ "connection_id": id, "all": true }));
    let calls = [
        (Method::GET, format!("/v1/connections/{theirs}"), None),
        (Method::PATCH, format!("/v1/connections/{theirs}"), Some(json!({ "import_new_chats": true }))),
        (Method::DELETE, format!("/v1/connections/{theirs}"), None),
        (Method::GET, format!("/v1/connections/{theirs}/people"), None),
        (Method::GET, format!("/v1/chats/available?connection_id={theirs}"), None),
        (Method::POST, "/v1/chats/import".to_owned(), import(&theirs)),
        (Method::GET, format!("/v1/chats?connection_id={theirs}"), None),
        (Method::GET, format!("/v1/sync-statuses?connection_id={theirs}"), None),
        (Method::GET, format!("/v1/chats/{chat}"), None),
        (Method::DELETE, format!("/v1/chats/{chat}"), None),
        (Method::POST, format!("/v1/chats/{chat}/sync"), None),
        (Method::GET, format!("/v1/chats/{chat}/messages"), None),
        (Method::POST, format!("/v1/chats/{chat}/messages"), text.clone()),
        (Method::GET, format!("/v1/messages/{message}"), None),
        (Method::PATCH, format!("/v1/messages/{message}"), text),
        (Method::DELETE, format!("/v1/messages/{message}"), None),
        (Method::POST, format!("/v1/messages/{message}/retry"), Some(json!({}))),
        (Method::PUT, format!("/v1/messages/{message}/reactions/%F0%9F%91%8D"), None),
        (Method::DELETE, format!("/v1/messages/{message}/reactions/%F0%9F%91%8D"), None),
        (Method::POST, format!("/v1/sync-statuses/{run}/cancel"), None),
        (Method::POST, format!("/v1/sync-statuses/{run}/retry"), None),
    ];
    for (method, path, body) in calls {
        let foreign = house.ask("ana", method.clone(), &path, body.clone()).await;
        assert_eq!((foreign.status, foreign.body["code"].as_str()), (404, Some("not_found")), "{method} {path}");
        // What is nobody's looks the same.
        let nobodys = path.replace(|letter: char| letter.is_ascii_digit(), "0");
        let body = body.map(|body| if body.get("all").is_some() { import("con_1").unwrap() } else { body });
        let unknown = house.ask("ana", method.clone(), &nobodys.replace("/v0/", "/v1/"), body).await;
        assert_eq!(unknown.body, foreign.body, "{method} {nobodys}");
    }
    let own_chat = house.import("ana", &own, &channel).await;
    let reply = json!({ "text": "x", "thread_root": message });
    house
        .ask("ana", Method::POST, &format!("/v1/chats/{own_chat}/messages"), Some(reply))
        .await
        .refused(404, "not_found");
    assert_ne!(own_chat, chat);
    for path in ["/v1/connections", "/v1/chats", "/v1/sync-statuses", "/v1/user-platforms"] {
        let shown = house.get("ana", path).await.to_string();
        assert!(!shown.contains(&theirs) && !shown.contains(&chat) && shown.contains(&own), "{path}");
    }
    assert_eq!(house.get("bruno", &format!("/v1/connections/{theirs}")).await["state"], "active");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_tells_browsers_to_be_careful() {
    let house = House::new().await;
    for path in ["/", "/inbox", "/docs", "/openapi.json", "/v1/chats", "/v1/nothing", "/healthz", "/assets/none.js"] {
        let answer = house.call(Method::GET, path, &[], None).await;
        let header = |name: &str| answer.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        assert_eq!((header("x-content-type-options"), header("referrer-policy")), ("nosniff", "no-referrer"), "{path}");
        let policy = header("content-security-policy");
        assert!(policy.contains("frame-ancestors 'none'") && policy.contains("default-src 'self'"), "{path}: {policy}");
    }
    assert_eq!(house.call(Method::GET, "/readyz", &[], None).await.good()["ready"], true);
    house.close().await;
}
