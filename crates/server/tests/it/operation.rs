//! What a person needs who runs the server: metrics, other sites' pages, proxies, a service manager.

use crate::{
    house::{Answer, Feed, House},
    processes::Pair,
};
use model::world::Secret;
use reqwest::{Method, StatusCode, header};
use std::os::unix::net::UnixDatagram;

/// The value of a sample whose line begins so.
fn sample(text: &str, line: &str) -> Option<f64> {
    let found = text.lines().find_map(|one| one.strip_prefix(line))?;
    found.trim().parse().ok()
}

async fn metrics(house: &House, token: Option<&str>) -> (StatusCode, String) {
    let mut call = house.client.get(format!("{}/metrics", house.base));
    if let Some(token) = token {
        call = call.bearer_auth(token);
    }
    let answer = call.send().await.unwrap();
    (answer.status(), answer.text().await.unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn metrics_count_what_happened_and_name_nobody() {
    let house = House::new().await;
    let (ana, bruno) = (house.person(0), house.person(1));
    let connection = house.connect("customer-of-ours", &ana).await;
    let channel = house.shared_channel(&[&ana, &bruno]);
    let chat = house.import("customer-of-ours", &connection, &channel).await;
    let mut feed = Feed::open(&house, "customer-of-ours", 0).await;
    let sent = house.send("customer-of-ours", &chat, "words of mine").await;
    feed.message(&sent["id"], |message| message["status"] == "sent").await;
    house.slack.act_post(&bruno, &channel, "words of theirs", None).unwrap();
    feed.until(|event| event["object"]["body"]["text"] == "words of theirs").await;

    let (status, text) = metrics(&house, None).await;
    assert_eq!(status, StatusCode::OK);
    let at_least = |line: &str, least: f64| {
        let held = sample(&text, line);
        assert!(held.is_some_and(|held| held >= least), "{line} is {held:?} in:\n{text}");
    };
    at_least("bothways_intake_total{platform=\"slack\",outcome=\"kept\"}", 1.0);
    at_least("bothways_parts_total{outcome=\"read\"}", 1.0);
    at_least("bothways_commands_total{kind=\"send\",outcome=\"done\"}", 1.0);
    at_least("bothways_runs_total{kind=\"import\",outcome=\"completed\"}", 1.0);
    at_least("bothways_platform_calls_total{platform=\"slack\",method=\"chat.postMessage\",status=\"200\"}", 1.0);
    at_least("bothways_events_total", 20.0);
    at_least("bothways_store_syncs_total", 5.0);
    at_least("bothways_streams_open", 1.0);
    at_least("bothways_waiting{what=\"parked\"}", 0.0);
    at_least("bothways_resident_memory_bytes", 1_000_000.0);
    let route = "bothways_http_requests_total{method=\"POST\",route=\"/v1/chats/{id}/messages\",status=\"202\"}";
    at_least(route, 1.0);
    assert!(text.contains("bothways_build_info{") && text.trim_end().ends_with("# EOF"), "{text}");
    for nobodys in ["customer-of-ours", "words", &channel, &chat, &connection, &ana, &house.key] {
        assert!(!text.contains(nobodys), "{nobodys} is in the metrics");
    }
    drop(feed);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn metrics_are_for_whoever_bears_the_token() {
    let token = |config: &mut server::config::Config| config.metrics.token = Some(Secret("let-me-read".to_owned()));
    let house = House::with(token, |_| {}).await;
    assert_eq!(metrics(&house, None).await.0, StatusCode::UNAUTHORIZED);
    assert_eq!(metrics(&house, Some("let-me-reap")).await.0, StatusCode::UNAUTHORIZED);
    assert_eq!(metrics(&house, Some("let-me-read")).await.0, StatusCode::OK);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn metrics_are_not_for_this_computer_where_there_is_a_public_address() {
    // Behind a proxy on this computer, everybody comes from this computer.
    let mut pair = Pair::new(&[]);
    pair.variables.push(("BOTHWAYS_PUBLIC_URL".to_owned(), "http://messages.example.com".to_owned()));
    let server = pair.serve("127.0.0.1:0");
    let address = std::fs::read_to_string(pair.data().join("server.address")).unwrap();
    let answer = pair.client.get(format!("{address}/metrics")).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
    assert!(server.stop());
}

async fn ask(house: &House, method: Method, origin: &str, more: &[(&str, &str)]) -> Answer {
    let mut headers = vec![("origin", origin)];
    headers.extend(more);
    house.call(method, "/v1/connections", &headers, None).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_listed_site_may_call_with_a_token_and_no_other_may() {
    let ours = "https://app.example.com";
    let listed = |config: &mut server::config::Config| config.allowed_origins = vec![ours.to_owned()];
    let house = House::with(listed, |_| {}).await;
    let asks = [("access-control-request-method", "POST"), ("access-control-request-headers", "authorization")];
    let answer = ask(&house, Method::OPTIONS, ours, &asks).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.headers["access-control-allow-origin"], ours);
    let allowed = answer.headers["access-control-allow-headers"].to_str().unwrap().to_owned();
    assert!(allowed.contains("authorization") && !allowed.contains("bothways-page"), "{allowed}");
    assert!(!answer.headers.contains_key("access-control-allow-credentials"), "a cookie of ours is good for no other");
    for stranger in ["https://app.example.com.evil.example", "http://app.example.com", "null"] {
        let answer = ask(&house, Method::OPTIONS, stranger, &asks).await;
        assert!(!answer.headers.contains_key("access-control-allow-origin"), "{stranger}: {answer:?}");
    }
    let authorization = format!("Bearer {}", house.key);
    let bearing = [("authorization", authorization.as_str()), ("bothways-customer", "ana")];
    let answer = ask(&house, Method::GET, ours, &bearing).await;
    assert_eq!((answer.status, &answer.headers["access-control-allow-origin"]), (200, &ours.parse().unwrap()));
    assert_eq!(answer.headers[header::X_CONTENT_TYPE_OPTIONS], "nosniff");
    house.close().await;

    let closed = House::new().await;
    let answer = ask(&closed, Method::OPTIONS, ours, &asks).await;
    assert!(!answer.headers.contains_key("access-control-allow-origin"), "nobody is listed");
    closed.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cookie_is_kept_to_https_where_a_trusted_proxy_says_so() {
    let trusting = |config: &mut server::config::Config| config.trusted_proxies = vec!["127.0.0.1".to_owned()];
    for (house, secure) in [(House::with(trusting, |_| {}).await, true), (House::new().await, false)] {
        let link = server::login::link(&house.running.server).await.unwrap();
        let answer = house.client.get(link).header("x-forwarded-proto", "https").send().await.unwrap();
        let cookie = answer.headers()[header::SET_COOKIE].to_str().unwrap().to_owned();
        assert_eq!(cookie.contains("; Secure"), secure, "{cookie}");
        house.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_manager_hears_when_the_server_answers_and_when_it_stops() {
    let mut pair = Pair::new(&[]);
    let path = pair.folder.path().join("notify");
    let manager = UnixDatagram::bind(&path).unwrap();
    pair.variables.push(("NOTIFY_SOCKET".to_owned(), path.to_str().unwrap().to_owned()));
    let server = pair.serve("127.0.0.1:0");
    let heard = || {
        let mut said = [0; 64];
        let length = manager.recv(&mut said).unwrap();
        String::from_utf8_lossy(&said[..length]).into_owned()
    };
    assert_eq!(heard(), "READY=1");
    assert!(server.stop());
    assert_eq!(heard(), "STOPPING=1");
}
