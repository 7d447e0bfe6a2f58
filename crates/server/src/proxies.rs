//! Who is at the other end where proxies stand between: what they say is believed from listed addresses only.
//!
//! `X-Forwarded-For` and `X-Forwarded-Proto` alone are read. A proxy replaces the headers that it knows and lets
//! others pass, so reading a second kind (`Forwarded`) would let a caller say who they are.

use anyhow::{Context, bail};
use axum::{
    extract::{ConnectInfo, Request, State},
    http::{HeaderMap, HeaderValue, header},
    middleware::Next,
    response::Response,
};
use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

const FORWARDED_FOR: &str = "x-forwarded-for";
const FORWARDED_PROTO: &str = "x-forwarded-proto";

/// Who called, as far as it is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Client {
    /// From where; none where the server was called without a socket.
    pub address: Option<IpAddr>,
    /// Whether the browser's own connection was HTTPS, by the word of a proxy.
    pub https: bool,
}

/// Proxies that are believed.
#[derive(Clone, Debug, Default)]
pub struct Trusted(Arc<[Network]>);

#[derive(Clone, Copy, Debug)]
struct Network {
    address: IpAddr,
    bits: u8,
}

impl Trusted {
    /// Reads addresses and networks.
    pub fn parse(listed: &[String]) -> anyhow::Result<Self> {
        listed.iter().map(|text| Network::parse(text)).collect::<anyhow::Result<_>>().map(Self)
    }

    fn holds(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.holds(address))
    }

    /// Who called: the nearest address that is no proxy of ours. What stands beyond that is hearsay.
    pub fn client(&self, peer: Option<IpAddr>, headers: &HeaderMap) -> Client {
        let mut client = Client { address: peer.map(|peer| peer.to_canonical()), https: false };
        if !client.address.is_some_and(|peer| self.holds(peer)) {
            return client;
        }
        client.https = last(headers, FORWARDED_PROTO).is_some_and(|word| word.eq_ignore_ascii_case("https"));
        for hop in words(headers, FORWARDED_FOR).rev() {
            let Some(address) = address(hop) else { break };
            client.address = Some(address);
            if !self.holds(address) {
                break;
            }
        }
        client
    }
}

impl Network {
    fn parse(text: &str) -> anyhow::Result<Self> {
        let (address, bits) = text.split_once('/').map_or((text, None), |(address, bits)| (address, Some(bits)));
        let wanted = || format!("{text} is no address and no network such as 10.0.0.0/8.");
        let address: IpAddr = address.trim().parse().with_context(wanted)?;
        let all = if address.is_ipv4() { 32 } else { 128 };
        let bits = bits.map_or(Ok(all), |bits| bits.trim().parse()).with_context(wanted)?;
        if bits > all {
            bail!(wanted());
        }
        Ok(Self { address, bits })
    }

    fn holds(&self, other: IpAddr) -> bool {
        match (self.address, other) {
            (IpAddr::V4(own), IpAddr::V4(other)) => {
                let shift = 32 - u32::from(self.bits);
                own.to_bits().checked_shr(shift) == other.to_bits().checked_shr(shift)
            }
            (IpAddr::V6(own), IpAddr::V6(other)) => {
                let shift = 128 - u32::from(self.bits);
                own.to_bits().checked_shr(shift) == other.to_bits().checked_shr(shift)
            }
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
        }
    }
}

/// The words of a header that may come several times, each with commas.
fn words<'a>(headers: &'a HeaderMap, name: &'static str) -> impl DoubleEndedIterator<Item = &'a str> {
    let lines = headers.get_all(name).iter().map(|value| value.to_str().unwrap_or("?"));
    lines.flat_map(|line| line.split(',')).map(str::trim).collect::<Vec<_>>().into_iter()
}

fn last<'a>(headers: &'a HeaderMap, name: &'static str) -> Option<&'a str> {
    words(headers, name).next_back()
}

/// An address, with or without a port and brackets.
fn address(word: &str) -> Option<IpAddr> {
    let bare = word.trim_start_matches('[').trim_end_matches(']');
    let parsed = bare.parse().ok().or_else(|| word.parse::<SocketAddr>().ok().map(|address| address.ip()));
    parsed.map(|address| address.to_canonical())
}

/// Notes who called, and keeps cookies to HTTPS for whoever came by it.
pub async fn meet(State(trusted): State<Trusted>, mut request: Request, next: Next) -> Response {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip());
    let client = trusted.client(peer, request.headers());
    request.extensions_mut().insert(client);
    let mut response = next.run(request).await;
    if client.https {
        secure_cookies(response.headers_mut());
    }
    response
}

fn secure_cookies(headers: &mut HeaderMap) {
    let header::Entry::Occupied(mut cookies) = headers.entry(header::SET_COOKIE) else { return };
    for cookie in cookies.iter_mut() {
        let Ok(text) = cookie.to_str() else { continue };
        if text.split(';').any(|part| part.trim().eq_ignore_ascii_case("secure")) {
            continue;
        }
        if let Ok(secure) = HeaderValue::from_str(&format!("{text}; Secure")) {
            *cookie = secure;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(trusted: &[&str], peer: &str, headers: &[(&'static str, &str)]) -> (String, bool) {
        let listed: Vec<_> = trusted.iter().map(|text| (*text).to_owned()).collect();
        let mut held = HeaderMap::new();
        for (name, value) in headers {
            held.append(*name, HeaderValue::from_str(value).unwrap());
        }
        let client = Trusted::parse(&listed).unwrap().client(Some(peer.parse().unwrap()), &held);
        (client.address.unwrap().to_string(), client.https)
    }

    #[test]
    fn nobody_is_believed_who_is_not_listed() {
        let said = [(FORWARDED_FOR, "203.0.113.9"), (FORWARDED_PROTO, "https")];
        assert_eq!(client(&[], "127.0.0.1", &said), ("127.0.0.1".to_owned(), false));
        assert_eq!(client(&["10.0.0.0/8"], "192.0.2.1", &said), ("192.0.2.1".to_owned(), false));
        assert_eq!(client(&["127.0.0.1"], "127.0.0.1", &said), ("203.0.113.9".to_owned(), true));
        assert_eq!(client(&["127.0.0.1"], "::ffff:127.0.0.1", &said), ("203.0.113.9".to_owned(), true));
    }

    #[test]
    fn a_caller_cannot_say_who_they_are_through_a_proxy() {
        let said = [(FORWARDED_FOR, "198.51.100.7, 203.0.113.9"), (FORWARDED_PROTO, "https, http")];
        assert_eq!(client(&["127.0.0.1"], "127.0.0.1", &said), ("203.0.113.9".to_owned(), false));
        let lines = [(FORWARDED_FOR, "198.51.100.7"), (FORWARDED_FOR, "203.0.113.9, 10.1.2.3")];
        assert_eq!(client(&["127.0.0.1", "10.0.0.0/8"], "127.0.0.1", &lines).0, "203.0.113.9");
        let broken = [(FORWARDED_FOR, "203.0.113.9, nonsense, 10.1.2.3")];
        assert_eq!(client(&["127.0.0.1", "10.0.0.0/8"], "127.0.0.1", &broken).0, "10.1.2.3");
        assert_eq!(client(&["::1"], "::1", &[(FORWARDED_FOR, "[2001:db8::1]:443")]).0, "2001:db8::1");
    }

    #[test]
    fn networks_are_told_from_their_neighbours() {
        let holds = |network: &str, address: &str| Network::parse(network).unwrap().holds(address.parse().unwrap());
        assert!(holds("10.0.0.0/8", "10.255.0.1") && !holds("10.0.0.0/8", "11.0.0.1"));
        assert!(holds("0.0.0.0/0", "8.8.8.8") && !holds("0.0.0.0/0", "::1"));
        assert!(holds("2001:db8::/32", "2001:db8:1::1") && !holds("2001:db8::/32", "2001:db9::1"));
        for wrong in ["10.0.0.0/33", "proxy.example.com", "10.0.0.0/x", "::/129"] {
            assert!(Network::parse(wrong).is_err(), "{wrong}");
        }
    }
}
