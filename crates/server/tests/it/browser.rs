//! A browser: it keeps its cookie and goes where it is led.

use crate::house::House;
use reqwest::{Client, StatusCode, header};

/// A browser that goes from page to page, without scripts.
pub struct Browser<'a> {
    pub client: &'a Client,
    pub cookie: Option<String>,
}

impl<'a> Browser<'a> {
    pub fn new(house: &'a House) -> Self {
        Self { client: &house.client, cookie: None }
    }

    /// Leaves our connect page, and gives the address at the platform.
    pub async fn leave(&mut self, connect_url: &str) -> String {
        let page = self.client.get(connect_url).send().await.unwrap();
        assert_eq!(page.status(), StatusCode::OK);
        let left = self.client.post(connect_url).send().await.unwrap();
        assert_eq!(left.status(), StatusCode::SEE_OTHER);
        self.cookie = Some(cookie_of(&left));
        location(&left)
    }

    /// Decides at the platform, and gives the address that it leads back to.
    pub async fn decide(&self, platform_url: &str, person: &str, decision: &str) -> String {
        let url = reqwest::Url::parse(platform_url).unwrap();
        let mut form: Vec<(String, String)> = url.query_pairs().into_owned().collect();
        form.push(("user".to_owned(), person.to_owned()));
        form.push(("decision".to_owned(), decision.to_owned()));
        let mut body = reqwest::Url::parse("http://form.example").unwrap();
        body.query_pairs_mut().extend_pairs(form);
        let call = self.client.post(url.origin().ascii_serialization() + url.path());
        let call = call.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        let answer = call.body(body.query().unwrap().to_owned()).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::FOUND);
        location(&answer)
    }

    /// Comes back from the platform.
    pub async fn come_back(&self, callback: &str) -> reqwest::Response {
        let mut call = self.client.get(callback);
        if let Some(cookie) = &self.cookie {
            call = call.header(header::COOKIE, cookie);
        }
        call.send().await.unwrap()
    }

    /// The whole way. Gives the address at its end.
    pub async fn allow(mut self, connect_url: &str, person: &str, decision: &str) -> String {
        let platform = self.leave(connect_url).await;
        let callback = self.decide(&platform, person, decision).await;
        let back = self.come_back(&callback).await;
        assert_eq!(back.status(), StatusCode::SEE_OTHER, "{:?}", back.text().await);
        location(&back)
    }
}

pub fn location(answer: &reqwest::Response) -> String {
    answer.headers()[header::LOCATION].to_str().unwrap().to_owned()
}

pub fn cookie_of(answer: &reqwest::Response) -> String {
    let cookie = answer.headers()[header::SET_COOKIE].to_str().unwrap();
    cookie.split(';').next().unwrap().to_owned()
}
