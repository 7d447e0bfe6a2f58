//! A house with mail: an emulated Gmail beside its Slack, and somebody who signs in there.

use crate::{browser::Browser, house::House};
use model::world::Secret;
use reqwest::{Method, header};
use sandbox::{
    clock::{Clock, SystemClock},
    gmail::{App, Config as World, Gmail, Quota},
};
use serde_json::json;
use server::config::Config;
use std::sync::Arc;
use tokio::{net::TcpListener, sync::oneshot};

/// Whose mailbox is connected.
pub const ANA: &str = "ana@acme.example";

/// A house that has an emulated Gmail beside its Slack.
pub async fn with_mail() -> (House, Gmail, oneshot::Sender<()>) {
    with_mail_and(|_| {}).await
}

/// One whose configuration is changed before it starts.
pub async fn with_mail_and(configure: impl FnOnce(&mut Config)) -> (House, Gmail, oneshot::Sender<()>) {
    with_mail_by(Arc::new(SystemClock), configure).await
}

/// One whose Gmail has a clock of its own.
pub async fn with_mail_by(
    clock: Arc<dyn Clock>,
    configure: impl FnOnce(&mut Config),
) -> (House, Gmail, oneshot::Sender<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let app = App::default();
    let gmail = Gmail::new(World { quota: Quota::New, ..World::default() }, clock);
    let (stop, stopped) = oneshot::channel::<()>();
    tokio::spawn(sandbox::serve::run(gmail.clone(), listener, async move { drop(stopped.await) }));
    let house = House::with(
        |config| {
            let settings = [("client_id", app.client_id), ("client_secret", app.client_secret), ("base_url", address)];
            let settings = settings.into_iter().map(|(name, value)| (name.to_owned(), Secret(value)));
            config.integrations.insert("gmail".to_owned(), settings.collect());
            config.checks.poll_seconds = 1;
            configure(config);
        },
        |_| {},
    );
    (house.await, gmail, stop)
}

/// Signs in with Google and allows everything. Gives the connection's id.
pub async fn connect(house: &House, customer: &str, address: &str) -> String {
    let back = connect_with(house, customer, address, |_| true).await;
    back.strip_prefix("/?connection=").unwrap_or_else(|| panic!("{back}")).to_owned()
}

/// Signs in with Google and leaves only these permissions ticked. Gives where the browser comes to.
pub async fn connect_with(house: &House, customer: &str, address: &str, ticks: impl Fn(&str) -> bool) -> String {
    let wish = json!({ "integration": "gmail", "return_to": "/" });
    let begun = house.ask(customer, Method::POST, "/v1/connections", Some(wish)).await.good();
    let mut browser = Browser::new(house);
    let consent = reqwest::Url::parse(&browser.leave(begun["connect_url"].as_str().unwrap()).await).unwrap();
    let mut form: Vec<(String, String)> = consent.query_pairs().into_owned().collect();
    let scopes = form.iter().find(|(name, _)| name == "scope").unwrap().1.clone();
    let ticked = scopes.split(' ').filter(|scope| ticks(scope));
    form.extend(ticked.map(|scope| ("granted".to_owned(), scope.to_owned())));
    form.extend([("user", address), ("decision", "allow")].map(|(name, value)| (name.to_owned(), value.to_owned())));
    let mut body = reqwest::Url::parse("http://form.example").unwrap();
    body.query_pairs_mut().extend_pairs(form);
    let call = house.client.post(consent.origin().ascii_serialization() + consent.path());
    let call = call.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    let answer = call.body(body.query().unwrap().to_owned()).send().await.unwrap();
    let back = browser.come_back(answer.headers()["location"].to_str().unwrap()).await;
    back.headers()["location"].to_str().unwrap().to_owned()
}
