//! Many readings in one request. Gmail answers each for itself, in any order, and counts each.
//!
//! Pure: what is written and what is read.

use model::{connector::ConnectorError, http::Response};

/// How many calls one request holds. A hundred are allowed; more than about ten at a time are refused for one mailbox.
pub const MOST_CALLS: usize = 10;
/// What parts the calls. It stands in none of them: addresses have no such letters.
const BOUNDARY: &str = "bothways-batch-5f1c";

/// The media type of what is written.
pub fn content_type() -> String {
    format!("multipart/mixed; boundary={BOUNDARY}")
}

/// Calls that read, by their paths.
pub fn written(paths: &[String]) -> String {
    let call = |(number, path): (usize, &String)| {
        format!("--{BOUNDARY}\r\nContent-Type: application/http\r\nContent-ID: <{number}>\r\n\r\nGET {path}\r\n\r\n")
    };
    let calls: String = paths.iter().enumerate().map(call).collect();
    format!("{calls}--{BOUNDARY}--\r\n")
}

/// The answers, in the order of the calls.
pub fn read(answer: &Response, calls: usize) -> Result<Vec<Response>, ConnectorError> {
    let mut read: Vec<Option<Response>> = vec![None; calls];
    for (number, one) in numbered(answer) {
        if let Some(slot) = read.get_mut(number) {
            *slot = Some(one);
        }
    }
    let lacks = || ConnectorError::Unreadable("Gmail's answer to a batch lacks a call".to_owned());
    read.into_iter().collect::<Option<_>>().ok_or_else(lacks)
}

/// All answers in one; none in one that is no batch's.
pub fn answers(answer: &Response) -> Vec<Response> {
    numbered(answer).into_iter().map(|(_, one)| one).collect()
}

/// Each answer with the number of its call.
fn numbered(answer: &Response) -> Vec<(usize, Response)> {
    let kind = answer.header("content-type").filter(|kind| kind.starts_with("multipart/mixed")).unwrap_or_default();
    let boundary = kind.split(';').find_map(|part| part.trim().strip_prefix("boundary="));
    let boundary = boundary.map(|boundary| boundary.trim_matches('"')).filter(|boundary| !boundary.is_empty());
    let Some((boundary, text)) = boundary.zip(std::str::from_utf8(&answer.body).ok()) else { return Vec::new() };
    let boundary = format!("--{boundary}");
    let parts = text.split(boundary.as_str()).skip(1).filter(|part| !part.starts_with("--"));
    parts.filter_map(part).collect()
}

fn part(part: &str) -> Option<(usize, Response)> {
    let (head, inner) = parted(part.trim_start_matches(['\r', '\n']));
    let id = head.iter().find(|(name, _)| name == "content-id").map(|(_, id)| id.trim_matches(['<', '>']))?;
    let number = id.strip_prefix("response-")?.parse().ok()?;
    let (status, rest) = inner.split_once('\n').unwrap_or((inner, ""));
    let status = status.split_whitespace().nth(1)?.parse().ok()?;
    let (headers, body) = parted(rest);
    Some((number, Response { status, headers, body: body.trim_end().as_bytes().to_vec().into() }))
}

/// The headers of a part, names in lower case, and what follows the empty line.
fn parted(text: &str) -> (Vec<(String, String)>, &str) {
    let (head, body) = text.split_once("\r\n\r\n").or_else(|| text.split_once("\n\n")).unwrap_or((text, ""));
    let named = head.lines().filter_map(|line| line.split_once(':'));
    (named.map(|(name, value)| (name.trim().to_lowercase(), value.trim().to_owned())).collect(), body)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(body: &str) -> Response {
        let headers = vec![("content-type".to_owned(), "multipart/mixed; boundary=\"b_1\"".to_owned())];
        Response { status: 200, headers, body: body.as_bytes().to_vec().into() }
    }

    #[test]
    fn calls_are_written_one_after_another() {
        let written = written(&["/gmail/v1/users/me/threads/a".to_owned(), "/gmail/v1/users/me/threads/b".to_owned()]);
        insta::assert_snapshot!(written.replace('\r', ""));
    }

    #[test]
    fn answers_are_found_by_their_names_in_any_order() {
        let part = |id: &str, status: &str, body: &str| {
            format!(
                "--b_1\r\nContent-Type: application/http\r\nContent-ID: <response-{id}>\r\n\r\nHTTP/1.1 {status}\r\nContent-Type: application/json\r\nRetry-After: 7\r\n\r\n{body}\r\n"
            )
        };
        let whole = format!("{}{}--b_1--\r\n", part("1", "404 Not Found", "{}"), part("0", "200 OK", "{\"id\":\"a\"}"));
        let read = super::read(&answer(&whole), 2).unwrap();
        assert_eq!((read[0].status, &read[0].body[..]), (200, &b"{\"id\":\"a\"}"[..]));
        assert_eq!((read[1].status, read[1].header("retry-after")), (404, Some("7")));
        assert!(super::read(&answer(&whole), 3).is_err(), "a call without an answer");
        assert!(super::read(&answer("nonsense"), 1).is_err());
        assert!(super::read(&Response { headers: Vec::new(), ..answer(&whole) }, 2).is_err());
    }
}
