//! Secrets at rest, in logs and in answers: nowhere in the clear. And the program's other doors.

use crate::{
    browser::{Browser, cookie_of},
    house::DEADLINE,
    processes::Pair,
    traces::Collector,
};
use reqwest::Method;
use serde_json::{Value, json};

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn contains(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_is_on_disk_in_the_log_or_in_an_answer() {
    let mut pair = Pair::new(&[]);
    let app_token = sandbox::slack::App::default().app_token;
    pair.variables.push(("BOTHWAYS_INTEGRATIONS__SLACK__APP_TOKEN".to_owned(), app_token.clone()));
    pair.control(Method::PUT, "socket_mode", Some(json!({ "on": true }))).await;
    let collector = Collector::start(&mut pair).await;
    let server = pair.serve("127.0.0.1:0");
    let app = pair.app_of(&server, "ana").await;
    let (link, [ana, _]) = (server.told("http://").to_owned(), pair.people().await);

    let begun = app.post("/v1/connections", "a", json!({ "integration": "slack", "return_to": "/" })).await;
    let connect_url = begun["connect_url"].as_str().unwrap();
    let mut browser = Browser { client: &pair.client, cookie: None };
    let platform = browser.leave(connect_url).await;
    let callback = browser.decide(&platform, &ana, "allow").await;
    assert_eq!(browser.come_back(&callback).await.status(), 303);
    let made = json!({ "as": ana, "do": "create_channel", "name": "quiet" });
    let channel = pair.act(made).await["channel"].clone();
    let connection = app.get("/v1/connections").await["items"][0]["id"].clone();
    let wish = json!({ "connection_id": connection, "chats": [channel] });
    let runs = app.post("/v1/chats/import", "b", wish).await;
    let path = format!("/v1/chats/{}/messages", runs["items"][0]["chat_id"].as_str().unwrap());
    app.post(&path, "c", json!({ "text": "eyes only 4711" })).await;
    pair.act(json!({ "as": ana, "do": "post", "channel": channel, "text": "ears: eyes only 4712" })).await;
    let heard = async { while !app.get(&path).await.to_string().contains("4712") {} };
    assert!(tokio::time::timeout(DEADLINE, heard).await.is_ok(), "nothing came through the socket");
    let token = app.post("/v1/customer-tokens", "d", json!({ "customer_id": "ana" })).await;
    let mut answers = String::new();
    for path in ["/v1/connections", "/v1/chats", "/v1/events?limit=500", "/v1/api-keys", "/v1/integrations"] {
        answers += &app.get(path).await.to_string();
    }
    let again = pair.run(&["login-link", "--data-dir", "data"]);
    let fresh = text(&again.stdout).trim().to_owned();
    let cookie = cookie_of(&pair.client.get(&fresh).send().await.unwrap());
    assert!(server.stop());

    let installed = pair
        .control(
            Method::POST,
            "install",
            Some(json!({ "user": ana, "scopes": "chat:write", "user_scopes": "chat:write" })),
        )
        .await;
    let setting = |name: &str| pair.variables.iter().find(|(held, _)| held.ends_with(name)).unwrap().1.clone();
    let query = |name: &str| {
        let url = reqwest::Url::parse(&callback).unwrap();
        url.query_pairs().find(|(held, _)| held == name).unwrap().1.into_owned()
    };
    let last = |url: &str| url.rsplit('/').next().unwrap().to_owned();
    let value = |value: &Value| value.as_str().unwrap().to_owned();
    let secrets = [
        ("bot token", value(&installed["bot_token"])),
        ("user token", value(&installed["user_token"])),
        ("client secret", setting("CLIENT_SECRET")),
        ("signing secret", setting("SIGNING_SECRET")),
        ("token of the app", app_token),
        ("api key", app.key),
        ("customer token", value(&token["token"])),
        ("login ticket", last(&link)),
        ("fresh login ticket", last(&fresh)),
        ("connect ticket", last(connect_url)),
        ("state", query("state")),
        ("code", query("code")),
        ("session", cookie.split('=').nth(1).unwrap().to_owned()),
    ];
    let log = std::fs::read(pair.log()).unwrap();
    assert!(contains(&log, "/connect/{ticket}"), "the log must have said something: {}", text(&log));
    assert!(contains(&log, "TRACE"), "and all that it can say");
    assert!(!contains(&log, "eyes only"), "a message's text is in the log");
    let exported = collector.told();
    assert!(exported.contains("chat.postMessage"), "the traces must have said something: {exported}");
    assert!(!exported.contains("eyes only"), "a message's text is in the traces");
    assert!(!contains(&log, "ticket="), "the ticket of a socket is in the log");
    for (name, secret) in &secrets {
        assert!(secret.len() > 8, "{name}: {secret}");
        assert!(!contains(&log, secret), "the {name} is in the log");
        assert!(!exported.contains(secret), "the {name} is in the traces");
        assert!(!answers.contains(secret), "the {name} is in an answer");
        for entry in std::fs::read_dir(pair.data()).unwrap() {
            let path = entry.unwrap().path();
            let bytes = std::fs::read(&path).unwrap_or_default();
            assert!(!contains(&bytes, secret), "the {name} is in {}", path.display());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_program_says_in_words_what_is_wrong() {
    let pair = Pair::new(&[]);
    let version = text(&pair.run(&["--version"]).stdout);
    assert!(version.starts_with("bothways ") && version.contains("(schema "), "{version}");
    for command in ["serve", "demo", "sandbox", "openapi", "login-link"] {
        assert!(pair.run(&[command, "--help"]).status.success(), "{command}");
    }
    let stopped = pair.run(&["login-link", "--data-dir", "data"]);
    assert!(!stopped.status.success() && text(&stopped.stderr).contains("does not run"), "{}", text(&stopped.stderr));
    std::fs::write(pair.folder.path().join("wrong.toml"), "lisen = \"x\"\n").unwrap();
    let wrong = pair.run(&["serve", "--config", "wrong.toml"]);
    let said = text(&wrong.stderr);
    assert!(!wrong.status.success() && said.contains("wrong.toml") && said.contains("lisen"), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");

    let server = pair.serve("127.0.0.1:0");
    let second = pair.run(&["serve", "--data-dir", "data", "--listen", "127.0.0.1:0"]);
    assert!(
        !second.status.success() && text(&second.stderr).contains("in use by another server"),
        "{}",
        text(&second.stderr)
    );
    let link = pair.run(&["login-link", "--data-dir", "data"]);
    let link = text(&link.stdout).trim().to_owned();
    assert_eq!(pair.client.get(&link).send().await.unwrap().status(), 303);
    assert!(server.stop());
    std::fs::remove_file(pair.data().join("secret.key")).unwrap();
    let lost = pair.run(&["serve", "--data-dir", "data", "--listen", "127.0.0.1:0"]);
    assert!(!lost.status.success() && text(&lost.stderr).contains("secret.key is missing"), "{}", text(&lost.stderr));
}
