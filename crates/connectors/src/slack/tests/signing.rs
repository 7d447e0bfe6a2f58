//! A request is Slack's, or it is refused without saying why.

use super::{NOW, settings};
use crate::slack::Slack;
use bytes::Bytes;
use hmac::{Hmac, KeyInit, Mac};
use model::{
    connector::{Admission, Connector, Refusal, Settings, Trust},
    intake::RawRequest,
};
use proptest::prelude::*;
use sha2::Sha256;

const SECRET: &str = "8f742231b10e8888abcd99yyyzzz85a5";

fn sign(secret: &str, stamp: &str, body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update([b"v0:", stamp.as_bytes(), b":", body].concat().as_slice());
    format!("v0={}", hex::encode(mac.finalize().into_bytes()))
}

fn request(headers: &[(&str, &str)], body: &[u8]) -> RawRequest {
    let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    RawRequest { headers, body: Bytes::copy_from_slice(body), received_at: NOW }
}

fn signed(seconds_from_now: i64, content_type: &str, body: &[u8]) -> RawRequest {
    let stamp = (NOW.micros() / 1_000_000 + seconds_from_now).to_string();
    let signature = sign(SECRET, &stamp, body);
    let headers = [
        ("content-type", content_type),
        ("x-slack-request-timestamp", stamp.as_str()),
        ("x-slack-signature", signature.as_str()),
    ];
    request(&headers, body)
}

fn admit(request: &RawRequest) -> Admission {
    Slack.admit(request, &Trust { settings: &settings(), now: NOW, keys: None })
}

const EVENT: &[u8] = br#"{"type":"event_callback","event":{"type":"message"}}"#;
const JSON: &str = "application/json";

#[test]
fn a_signed_event_is_kept() {
    assert_eq!(admit(&signed(0, JSON, EVENT)), Admission::Keep);
    assert_eq!(admit(&signed(0, "application/json; charset=utf-8", EVENT)), Admission::Keep);
}

/// The example that Slack's documentation works through.
#[test]
fn the_signature_is_computed_as_slack_does() {
    let body = b"token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&\
channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=\
https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=\
398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c";
    let signature = "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503";
    assert_eq!(sign(SECRET, "1531420618", body), signature);
    let headers = [("x-slack-request-timestamp", "1531420618"), ("x-slack-signature", signature)];
    let trust =
        Trust { settings: &settings(), now: model::time::Timestamp::from_millis(1_531_420_618_000), keys: None };
    assert_eq!(Slack.admit(&request(&headers, body), &trust), Admission::Refuse(Refusal::WrongType));
}

#[test]
fn the_window_is_five_minutes_both_ways() {
    for (seconds, admitted) in [(-299, true), (-301, false), (300, true), (302, false), (-1_000_000, false)] {
        let expected = if admitted { Admission::Keep } else { Admission::Refuse(Refusal::Untrusted) };
        assert_eq!(admit(&signed(seconds, JSON, EVENT)), expected, "{seconds}");
    }
}

#[test]
fn what_is_missing_or_odd_is_not_trusted() {
    let stamp = (NOW.micros() / 1_000_000).to_string();
    let signature = sign(SECRET, &stamp, EVENT);
    let odd: [&[(&str, &str)]; 8] = [
        &[],
        &[("x-slack-signature", &signature)],
        &[("x-slack-request-timestamp", &stamp)],
        &[("x-slack-request-timestamp", &stamp), ("x-slack-signature", &signature[3..])],
        &[("x-slack-request-timestamp", &stamp), ("x-slack-signature", &signature[..20])],
        &[("x-slack-request-timestamp", &stamp), ("x-slack-signature", "v0=")],
        &[("x-slack-request-timestamp", &stamp), ("x-slack-signature", "v0=zz")],
        &[("x-slack-request-timestamp", "99999999999999999999"), ("x-slack-signature", &signature)],
    ];
    for headers in odd {
        assert_eq!(admit(&request(headers, EVENT)), Admission::Refuse(Refusal::Untrusted), "{headers:?}");
    }
}

#[test]
fn without_a_signing_secret_nothing_is_believed() {
    let trust = Trust { settings: &Settings::default(), now: NOW, keys: None };
    assert_eq!(Slack.admit(&signed(0, JSON, EVENT), &trust), Admission::Refuse(Refusal::NotConfigured));
}

#[test]
fn the_form_is_looked_at_once_the_signature_holds() {
    assert_eq!(admit(&signed(0, "text/plain", EVENT)), Admission::Refuse(Refusal::WrongType));
    assert_eq!(admit(&signed(0, JSON, b"{")), Admission::Refuse(Refusal::Unreadable));
    assert_eq!(admit(&signed(0, JSON, b"[1]")), Admission::Refuse(Refusal::Unreadable));
    assert_eq!(admit(&signed(0, JSON, b"\xff")), Admission::Refuse(Refusal::Unreadable));
}

#[test]
fn the_address_is_proven_by_its_challenge() {
    let body = br#"{"token":"old","challenge":"3eZbrw1a","type":"url_verification"}"#;
    let answer = Admission::Answer { content_type: "text/plain", body: Bytes::from_static(b"3eZbrw1a") };
    assert_eq!(admit(&signed(0, JSON, body)), answer);
    let none = br#"{"type":"url_verification"}"#;
    assert_eq!(admit(&signed(0, JSON, none)), Admission::Refuse(Refusal::Unreadable));
}

proptest! {
    /// No byte of the body, the time or the signature can be another one.
    #[test]
    fn a_changed_byte_is_noticed(place in 0_usize..1_000, flip in 1_u8..=255) {
        let mut changed = signed(0, JSON, EVENT);
        let mut body = EVENT.to_vec();
        let at = place % body.len();
        body[at] ^= flip;
        changed.body = Bytes::from(body);
        prop_assert_eq!(admit(&changed), Admission::Refuse(Refusal::Untrusted));
        let mut changed = signed(0, JSON, EVENT);
        let value = &mut changed.headers[2].1;
        let at = 3 + place % (value.len() - 3);
        let digit = u8::from_str_radix(&value[at..=at], 16).unwrap();
        value.replace_range(at..=at, &format!("{:x}", digit ^ (flip % 15 + 1)));
        prop_assert_eq!(admit(&changed), Admission::Refuse(Refusal::Untrusted));
    }
}
