//! The keys of the emulated Google and of the app's service account, and what is signed with them.
//!
//! They were made for this emulator, stand here for everybody to read, and guard nothing.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, encode};
use serde_json::{Value, json};

use super::config::App;

pub const SERVICE_ACCOUNT: &str = "bothways@bothways-sandbox.iam.gserviceaccount.com";
/// The name of Google's key.
pub const KEY_ID: &str = "7e5c0b1f29d84a6683c1d0a4b3f2e19876543210";
const ACCOUNT_KEY_ID: &str = "1f0e2d3c4b5a69788796a5b4c3d2e1f001234567";

const GOOGLE: &str = include_str!("keys/google.pem");
const GOOGLE_MODULUS: &str = include_str!("keys/google.modulus");
const ACCOUNT: &str = include_str!("keys/service_account.pem");
const ACCOUNT_MODULUS: &str = include_str!("keys/service_account.modulus");
/// 65537, the exponent of both.
const EXPONENT: &str = "AQAB";

/// Signs claims as Google does.
pub fn signed(claims: &Value) -> String {
    let body: String = GOOGLE.lines().filter(|line| !line.starts_with("-----")).collect();
    let key = EncodingKey::from_rsa_der(&STANDARD.decode(body).expect("the key in this folder is base64"));
    let header = Header { kid: Some(KEY_ID.into()), ..Header::new(Algorithm::RS256) };
    encode(&header, claims, &key).expect("the key in this folder signs")
}

/// The keys that Google's signatures are checked with.
pub fn key_set() -> Value {
    let modulus = GOOGLE_MODULUS.trim();
    json!({ "keys": [{ "kty": "RSA", "alg": "RS256", "use": "sig", "kid": KEY_ID, "n": modulus, "e": EXPONENT }] })
}

/// The file that Google hands out once for a service account.
pub fn service_account_file(app: &App, token_uri: &str) -> Value {
    json!({
        "type": "service_account", "project_id": app.project, "private_key_id": ACCOUNT_KEY_ID,
        "private_key": ACCOUNT, "client_email": app.service_account, "client_id": "103547991597142817347",
        "auth_uri": "https://accounts.google.com/o/oauth2/auth", "token_uri": token_uri,
        "auth_provider_x509_cert_url": "https://www.googleapis.com/oauth2/v1/certs",
        "universe_domain": "googleapis.com",
    })
}

/// What a service account claims, if its signature is right. The times are for the caller to check.
pub fn checked(assertion: &str) -> Option<Value> {
    let key = DecodingKey::from_rsa_components(ACCOUNT_MODULUS.trim(), EXPONENT).ok()?;
    let mut validation = Validation::new(Algorithm::RS256);
    (validation.validate_exp, validation.validate_aud) = (false, false);
    validation.required_spec_claims.clear();
    decode::<Value>(assertion, &key, &validation).ok().map(|token| token.claims)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_google_signs_is_checked_with_the_published_key() {
        let claims = json!({ "iss": "https://accounts.google.com", "aud": "https://app.example/push", "exp": 4_000_000_000_u64 });
        let token = signed(&claims);
        let set = key_set();
        let key = set["keys"][0]["n"].as_str().zip(set["keys"][0]["e"].as_str());
        let key = key.and_then(|(n, e)| DecodingKey::from_rsa_components(n, e).ok()).expect("two numbers");
        let mut validation = Validation::new(Algorithm::RS256);
        validation.set_audience(&["https://app.example/push"]);
        assert_eq!(decode::<Value>(&token, &key, &validation).map(|token| token.claims).ok(), Some(claims));
        assert_eq!(checked(&token), None);
    }
}
