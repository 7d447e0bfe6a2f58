//! Connecting: over our page to the platform and back, each step once, and by pasted tokens.

use crate::{
    browser::{Browser, location},
    house::House,
};
use reqwest::{Method, StatusCode, header};
use serde_json::{Value, json};

async fn begin(house: &House, customer: &str, return_to: Option<&str>) -> String {
    let wish = json!({ "integration": "slack", "return_to": return_to });
    let begun = house.ask(customer, Method::POST, "/v1/connections", Some(wish)).await.good();
    begun["connect_url"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_names_the_app_and_the_customer_and_leads_nowhere_else() {
    let house = House::with(|config| config.app_name = "Tom & Ana's".to_owned(), |_| {}).await;
    let page = house.client.get(begin(&house, "<b>x</b>", None).await).send().await.unwrap();
    let policy = page.headers()[header::CONTENT_SECURITY_POLICY].to_str().unwrap().to_owned();
    let slack = house.running.server.config.settings("slack").get("base_url").unwrap().to_owned();
    assert!(policy.contains(&format!("form-action 'self' {slack}")), "{policy}");
    assert_eq!(page.headers()[header::REFERRER_POLICY], "no-referrer");
    let text = page.text().await.unwrap();
    assert!(text.contains("Tom &amp; Ana&#39;s") && text.contains("&lt;b&gt;x&lt;/b&gt;"), "{text}");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_who_declines_is_told_so_and_nothing_is_connected() {
    let house = House::new().await;
    let ana = house.person(0);
    let back = Browser::new(&house).allow(&begin(&house, "ana", Some("/x?y=1")).await, &ana, "deny").await;
    assert_eq!(back, "/x?y=1&error=access_denied");
    let mut browser = Browser::new(&house);
    let platform = browser.leave(&begin(&house, "ana", None).await).await;
    let page = browser.come_back(&browser.decide(&platform, &ana, "deny").await).await;
    assert!(page.text().await.unwrap().contains("You did not allow it"));
    assert_eq!(house.get("ana", "/v1/connections").await["items"], json!([]));
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_step_is_good_once_and_for_one_browser() {
    let house = House::new().await;
    let ana = house.person(0);
    let url = begin(&house, "ana", None).await;
    let mut browser = Browser::new(&house);
    let platform = browser.leave(&url).await;
    let gone = async |call: reqwest::RequestBuilder| assert_eq!(call.send().await.unwrap().status(), StatusCode::GONE);
    gone(house.client.get(&url)).await;
    gone(house.client.post(&url)).await;
    let callback = browser.decide(&platform, &ana, "allow").await;
    // A stranger who saw the address does not have the browser's cookie, and cannot spend the state.
    gone(house.client.get(&callback)).await;
    gone(house.client.get(&callback).header("cookie", "bothways_connect_0=guess")).await;
    gone(house.client.get(callback.replace("state=", "state=x"))).await;
    let back = browser.come_back(&callback).await;
    assert!(back.text().await.unwrap().contains("Connected"));
    assert_eq!(browser.come_back(&callback).await.status(), StatusCode::GONE);
    house.clock.set_seconds(11 * 60);
    let late = begin(&house, "ana", None).await;
    house.clock.set_seconds(22 * 60);
    gone(house.client.get(&late)).await;
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_returns_only_to_where_it_may() {
    let house = House::with(|config| config.return_to = vec!["https://app.example.com/slack".to_owned()], |_| {}).await;
    let ours = format!("{}/inbox", house.base);
    let ask = async |address: &str| {
        let wish = json!({ "integration": "slack", "return_to": address });
        house.ask("ana", Method::POST, "/v1/connections", Some(wish)).await
    };
    for address in ["/inbox", ours.as_str(), "https://app.example.com/slack/done?x=1"] {
        assert_eq!(ask(address).await.status, 201, "{address}");
    }
    let elsewhere = format!("{}.evil.example/", house.base);
    for address in [
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example/",
        "/x\r\nset-cookie: y",
        "javascript:alert(1)",
        "https://app.example.com/slackers",
        "https://app.example.com",
        "",
        elsewhere.as_str(),
    ] {
        ask(address).await.refused(400, "bad_return_to");
    }
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pasted_token_connects_at_once_and_a_wrong_one_is_refused() {
    let house = House::new().await;
    let given =
        house.slack.install(&house.person(0), &["channels:read", "channels:history", "chat:write", "users:read"], &[]);
    let ask = async |token: &str| {
        let wish = json!({ "integration": "slack", "pasted": { "bot_token": token } });
        house.ask("ana", Method::POST, "/v1/connections", Some(wish)).await
    };
    let made = ask(&given.unwrap().bot_token.unwrap()).await.good();
    assert_eq!(made["connection"]["customer_id"], "ana");
    assert!(made["connect_url"].is_null());
    let wrong = ask("xoxb-wrong").await;
    assert!((400..500).contains(&wrong.status), "{wrong:?}");
    assert!(!wrong.body.to_string().contains("xoxb-wrong"), "{wrong:?}");
    let wish = json!({ "integration": "irc" });
    house.ask("ana", Method::POST, "/v1/connections", Some(wish)).await.refused(404, "not_found");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn connecting_again_revives_the_connection_with_its_chats() {
    let house = House::new().await;
    let ana = house.person(0);
    let connection = house.connect("ana", &ana).await;
    let chat = house.import("ana", &connection, &house.shared_channel(&[&ana])).await;
    let path = format!("/v1/connections/{connection}");
    let changed = house.ask("ana", Method::PATCH, &path, Some(json!({ "import_new_chats": true }))).await.good();
    assert_eq!(changed["import_new_chats"], true);
    let ended = house.ask("ana", Method::DELETE, &path, None).await.good();
    assert_eq!(ended["state"], "disconnected");
    let send =
        house.ask("ana", Method::POST, &format!("/v1/chats/{chat}/messages"), Some(json!({ "text": "x" }))).await;
    send.refused(422, "connection_closed");
    assert_eq!(house.connect("ana", &ana).await, connection);
    let chats: Value = house.get("ana", &format!("/v1/chats?connection_id={connection}")).await;
    assert_eq!(chats["items"][0]["id"], chat.as_str());
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_integration_without_credentials_says_what_is_missing() {
    let house =
        House::with(|config| drop(config.integrations.get_mut("slack").unwrap().remove("client_id")), |_| {}).await;
    let offered = house.get("ana", "/v1/integrations").await;
    let slack = offered["items"].as_array().unwrap().iter().find(|one| one["platform"] == "slack").unwrap();
    assert_eq!((&slack["oauth"], &slack["ready"]), (&json!(false), &json!(true)));
    assert!(slack["reason"].as_str().unwrap().contains("client_id"), "{slack}");
    let wish = json!({ "integration": "slack" });
    let refused = house.ask("ana", Method::POST, "/v1/connections", Some(wish)).await;
    assert_eq!(refused.status, 422, "{refused:?}");
    let page = house.client.get(&house.base).send().await.unwrap();
    assert_eq!(page.status(), StatusCode::OK);
    let signed_in = house.client.get(format!("{}/login/none", house.base)).send().await.unwrap();
    assert_eq!(signed_in.status(), StatusCode::UNAUTHORIZED);
    assert!(!signed_in.headers().contains_key(header::SET_COOKIE) && location_is_none(&signed_in));
    house.close().await;
}

fn location_is_none(answer: &reqwest::Response) -> bool {
    !answer.headers().contains_key(header::LOCATION) || location(answer).is_empty()
}
