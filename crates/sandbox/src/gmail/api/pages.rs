//! Page tokens: digits that say where a listing goes on, and that it is the same listing.

use sha2::{Digest, Sha256};

use super::errors::Refused;

/// Digits of the sum over what is listed; of a time; of an id.
const SUM: usize = 5;
const TIME: usize = 14;
const ID: usize = 20;

/// A place in a listing, after which the next page begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    pub millis: i64,
    pub id: u64,
}

/// `listing` names whose listing it is and of what. The token may begin with a zero.
pub fn token(listing: &str, place: Place) -> String {
    format!("{:0SUM$}{:0TIME$}{:0ID$}", sum(listing), place.millis.max(0), place.id)
}

pub fn read(listing: &str, token: &str) -> Result<Place, Refused> {
    let wrong = || Refused::invalid("Invalid pageToken");
    if token.len() != SUM + TIME + ID || !token.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(wrong());
    }
    let (is_of, rest) = token.split_at(SUM);
    let (millis, id) = rest.split_at(TIME);
    if is_of.parse() != Ok(sum(listing)) {
        return Err(wrong());
    }
    Ok(Place { millis: millis.parse().map_err(|_| wrong())?, id: id.parse().map_err(|_| wrong())? })
}

fn sum(listing: &str) -> u32 {
    let digest = Sha256::digest(listing);
    u32::from_be_bytes([digest[0], digest[1], digest[2], digest[3]]) % 100_000
}

/// An id as the number that it is.
pub fn number(id: &str) -> u64 {
    u64::from_str_radix(id, 16).unwrap_or(0)
}
