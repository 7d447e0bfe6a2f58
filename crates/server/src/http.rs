//! The wire to one platform: calls out, and only to the hosts that its connector lists.
//!
//! Never retries and never follows a redirect. Plain HTTP and private networks are for a host that a
//! person configured, and for no other.

use crate::transfer::{Arriving, stream};
use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use model::{
    http::{Http, HttpError, Incoming, Method, Reach, Request, Response, Transfer},
    world::Clock,
};
use reqwest::{
    Body, Client, Url,
    dns::{Addrs, Name, Resolve, Resolving},
    header::CONTENT_LENGTH,
    redirect::Policy,
};
use std::{
    net::{IpAddr, Ipv6Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};

/// The longest answer of a platform that is read.
pub const LONGEST_ANSWER_BYTES: usize = 32 * 1024 * 1024;
const CONNECT_WITHIN: Duration = Duration::from_secs(10);
const AGENT: &str = concat!("bothways/", env!("CARGO_PKG_VERSION"));

/// The wire to one platform.
pub struct Wire {
    hosts: Vec<String>,
    /// The address that a person configured instead of the platform's own.
    base: Option<Url>,
    open: Client,
    configured: Client,
    clock: Arc<dyn Clock>,
}

impl Wire {
    /// A wire to `hosts`, and to the host of `base_url` where one is configured.
    pub fn new(hosts: Vec<String>, base_url: Option<&str>, clock: Arc<dyn Clock>) -> anyhow::Result<Self> {
        let client = || {
            Client::builder().redirect(Policy::none()).connect_timeout(CONNECT_WITHIN).user_agent(AGENT).referer(false)
        };
        let open = client().https_only(true).dns_resolver(Arc::new(PublicOnly)).build()?;
        let configured = client().no_proxy().build()?;
        Ok(Self { hosts, base: base_url.map(Url::parse).transpose()?, open, configured, clock })
    }

    /// The client for an address, if it may be called at all.
    fn client(&self, url: &Url) -> Option<&Client> {
        if self.base.as_ref().is_some_and(|base| base.origin() == url.origin()) {
            return Some(&self.configured);
        }
        let host = url.host_str()?;
        let listed = self.hosts.iter().any(|listed| listed == host);
        (listed && url.scheme() == "https" && url.port().is_none()).then_some(&self.open)
    }

    /// The client for the address of a socket. Names below those that the connector lists are the platform's as
    /// well: the platform itself gave the address out, and no token goes there.
    pub(crate) fn socket_client(&self, url: &Url) -> Option<&Client> {
        let below = |host: &str| {
            self.hosts.iter().any(|listed| host.strip_suffix(listed.as_str()).is_some_and(|name| name.ends_with('.')))
        };
        let is_below = url.host_str().is_some_and(below) && url.scheme() == "https" && url.port().is_none();
        self.client(url).or_else(|| is_below.then_some(&self.open))
    }

    /// The client for an address that a platform led us to: in the open internet, and without a token.
    fn stranger(&self, url: &Url, headers: &[(String, String)]) -> Option<&Client> {
        // The resolver finds open addresses alone, but it is not asked about an address.
        let address = url.host_str()?.trim_matches(['[', ']']).parse::<IpAddr>().ok();
        let is_open = address.is_none_or(is_public);
        let bears_token = headers.iter().any(|(name, _)| matches!(name.as_str(), "authorization" | "cookie"));
        (url.scheme() == "https" && is_open && !bears_token).then_some(&self.open)
    }
}

fn method(method: Method) -> reqwest::Method {
    match method {
        Method::Get => reqwest::Method::GET,
        Method::Post => reqwest::Method::POST,
    }
}

fn parsed(url: &str) -> Result<Url, HttpError> {
    Url::parse(url).map_err(|_| HttpError::Forbidden("a broken address".to_owned()))
}

fn shown(headers: &reqwest::header::HeaderMap) -> Vec<(String, String)> {
    let text = |value: &reqwest::header::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    headers.iter().map(|(name, value)| (name.as_str().to_owned(), text(value))).collect()
}

#[async_trait]
impl Http for Wire {
    async fn send(&self, request: Request) -> Result<Response, HttpError> {
        let url = parsed(&request.url)?;
        let host = url.host_str().unwrap_or_default().to_owned();
        let client = self.client(&url).ok_or(HttpError::Forbidden(host))?;
        let mut call = client.request(method(request.method), url).body(request.body);
        for (name, value) in &request.headers {
            call = call.header(name, value);
        }
        let left = request.deadline.since(self.clock.now());
        if left.is_zero() {
            return Err(HttpError::NotSent("its time was over".to_owned()));
        }
        let answer = call.timeout(left).send().await.map_err(|error| sorted(&error))?;
        let status = answer.status().as_u16();
        let headers = shown(answer.headers());
        Ok(Response { status, headers, body: bounded(answer).await? })
    }

    async fn transfer(&self, transfer: Transfer) -> Result<Incoming, HttpError> {
        let url = parsed(&transfer.url)?;
        let host = url.host_str().unwrap_or_default().to_owned();
        let client = match transfer.reach {
            Reach::Platform => self.client(&url),
            Reach::Anywhere => self.stranger(&url, &transfer.headers),
        };
        let mut call = client.ok_or(HttpError::Forbidden(host))?.request(method(transfer.method), url);
        for (name, value) in &transfer.headers {
            call = call.header(name, value);
        }
        if let Some(body) = transfer.body {
            call = call.header(CONTENT_LENGTH, body.size_bytes).body(Body::wrap_stream(stream(body.chunks)));
        }
        let left = transfer.deadline.since(self.clock.now());
        if left.is_zero() {
            return Err(HttpError::NotSent("its time was over".to_owned()));
        }
        // Only the beginning of the answer has a deadline; its body has a longest silence.
        let answer = tokio::time::timeout(left, call.send()).await;
        let answer = answer.map_err(|_| HttpError::Broken("no answer in time".to_owned()))?;
        let answer = answer.map_err(|error| sorted(&error))?;
        let (status, headers) = (answer.status().as_u16(), shown(answer.headers()));
        Ok(Incoming { status, headers, chunks: Box::new(Arriving::new(answer, transfer.most_bytes)) })
    }
}

async fn bounded(mut answer: reqwest::Response) -> Result<Bytes, HttpError> {
    let mut body = BytesMut::new();
    while let Some(chunk) = answer.chunk().await.map_err(|error| sorted(&error))? {
        if body.len() + chunk.len() > LONGEST_ANSWER_BYTES {
            return Err(HttpError::Broken("the answer is too long".to_owned()));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body.freeze())
}

/// Sorts by whether the request can have arrived. Addresses are left out: they may hold secrets.
pub(crate) fn sorted(error: &reqwest::Error) -> HttpError {
    if error.is_connect() || error.is_builder() {
        return HttpError::NotSent("no connection to the platform".to_owned());
    }
    HttpError::Broken(if error.is_timeout() { "no answer in time" } else { "the connection broke off" }.to_owned())
}

/// Finds addresses of the open internet alone, so that no name leads into a private network.
struct PublicOnly;

impl Resolve for PublicOnly {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let open: Vec<SocketAddr> = found.filter(|address| is_public(address.ip())).collect();
            if open.is_empty() {
                return Err("the name leads into a private network".into());
            }
            Ok(Box::new(open.into_iter()) as Addrs)
        })
    }
}

fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => {
            let [first, second, third, _] = ip.octets();
            let shared = first == 100 && (64..128).contains(&second);
            let special = first == 0 || first >= 240 || (first, second, third) == (192, 0, 0);
            let testing = first == 198 && (second == 18 || second == 19);
            let inner = ip.is_private() || ip.is_loopback() || ip.is_link_local();
            !(inner || shared || special || testing || ip.is_multicast() || ip.is_documentation())
        }
        IpAddr::V6(ip) => match embedded(ip) {
            Some(inner) => is_public(IpAddr::V4(inner)),
            None => ip.segments()[0] & 0xe000 == 0x2000 && ip.segments()[..2] != [0x2001, 0xdb8],
        },
    }
}

/// The address of the older kind that one of the newer kind stands for.
fn embedded(ip: Ipv6Addr) -> Option<std::net::Ipv4Addr> {
    let segments = ip.segments();
    let low = || std::net::Ipv4Addr::from((u32::from(segments[6]) << 16) | u32::from(segments[7]));
    match segments {
        [0x64, 0xff9b, 0, 0, 0, 0, ..] => Some(low()),
        [0x2002, high, next, ..] => Some(std::net::Ipv4Addr::from((u32::from(high) << 16) | u32::from(next))),
        _ => ip.to_ipv4_mapped(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::SystemClock;

    fn wire(base: Option<&str>) -> Wire {
        let _ = rustls::crypto::ring::default_provider().install_default();
        Wire::new(vec!["slack.com".to_owned()], base, Arc::new(SystemClock)).unwrap()
    }

    fn allowed(wire: &Wire, url: &str) -> bool {
        wire.client(&Url::parse(url).unwrap()).is_some()
    }

    #[test]
    fn tokens_go_to_the_hosts_of_the_platform_and_to_the_configured_one_alone() {
        let wire = wire(Some("http://127.0.0.1:8091"));
        assert!(allowed(&wire, "https://slack.com/api/x"));
        assert!(allowed(&wire, "http://127.0.0.1:8091/api/x"));
        for url in [
            "http://slack.com/api/x",
            "https://slack.com:8443/api/x",
            "https://slack.com.evil.example/x",
            "https://evil.example/slack.com",
            "http://127.0.0.1:8092/x",
            "https://127.0.0.1:8091/x",
            "http://user@127.0.0.1:1/x",
        ] {
            assert!(!allowed(&wire, url), "{url}");
        }
    }

    #[test]
    fn a_socket_is_opened_at_the_platform_alone() {
        let wire = wire(Some("http://127.0.0.1:8091"));
        let allowed = |url: &str| wire.socket_client(&Url::parse(url).unwrap()).is_some();
        assert!(allowed("https://wss-primary.slack.com/link/?ticket=t"));
        assert!(allowed("https://slack.com/link/"));
        assert!(allowed("http://127.0.0.1:8091/link/?ticket=t"));
        for url in [
            "http://wss-primary.slack.com/link/",
            "https://wss-primary.slack.com:8443/link/",
            "https://evilslack.com/link/",
            "https://wss-primary.slack.com.evil.example/link/",
            "http://127.0.0.1:8092/link/",
            "https://10.0.0.1/link/",
        ] {
            assert!(!allowed(url), "{url}");
        }
    }

    #[test]
    fn a_redirect_leads_into_the_open_internet_alone_and_takes_no_token_along() {
        let wire = wire(Some("http://127.0.0.1:8091"));
        let token = [("authorization".to_owned(), "Bearer x".to_owned())];
        let allowed =
            |url: &str, headers: &[(String, String)]| wire.stranger(&Url::parse(url).unwrap(), headers).is_some();
        assert!(allowed("https://cdn.example/x", &[]));
        assert!(allowed("https://8.8.8.8/x", &[]));
        assert!(!allowed("https://cdn.example/x", &token));
        for url in [
            "http://cdn.example/x",
            "https://10.0.0.1/x",
            "https://[::1]/x",
            "https://169.254.169.254/x",
            "file:///etc/passwd",
        ] {
            assert!(!allowed(url, &[]), "{url}");
        }
    }

    #[test]
    fn private_addresses_are_told_from_public_ones() {
        let private = "127.0.0.1 10.1.2.3 172.16.0.1 192.168.1.1 169.254.169.254 100.64.0.1 0.0.0.0 255.255.255.255 \
                       ::1 fe80::1 fc00::1 ::ffff:10.0.0.1 64:ff9b::7f00:1 2002:7f00:1:: ::";
        for ip in private.split_whitespace() {
            assert!(!is_public(ip.parse().unwrap()), "{ip}");
        }
        for ip in ["3.68.124.95", "2a05:d014::1", "::ffff:8.8.8.8"] {
            assert!(is_public(ip.parse().unwrap()), "{ip}");
        }
    }

    #[tokio::test]
    async fn a_call_whose_time_is_over_never_leaves() {
        let base = "http://127.0.0.1:9";
        let request = Request {
            method: Method::Get,
            url: format!("{base}/x"),
            headers: Vec::new(),
            body: Bytes::new(),
            deadline: model::time::Timestamp::from_millis(0),
            quotas: Vec::new(),
        };
        assert!(matches!(wire(Some(base)).send(request).await, Err(HttpError::NotSent(_))));
    }
}
