//! What `bothways doctor` finds: in order, and with each thing that can be wrong.

use crate::{processes::Pair, traces::Collector};
use serde_json::Value;

/// What is found, as `grade about: says`, and whether all is well.
fn examine(pair: &Pair) -> (Vec<String>, bool) {
    let output = pair.run(&["doctor", "--json", "--data-dir", "data"]);
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    let found: Value = serde_json::from_str(&told).unwrap_or_else(|error| panic!("{error}: {told}"));
    let text = |found: &Value, name: &str| found[name].as_str().unwrap().to_owned();
    let line = |one: &Value| format!("{} {}: {}", text(one, "grade"), text(one, "about"), text(one, "says"));
    (found.as_array().unwrap().iter().map(line).collect(), output.status.success())
}

#[track_caller]
fn says(found: &[String], beginning: &str, words: &str) {
    let there = found.iter().any(|line| line.starts_with(beginning) && line.contains(words));
    assert!(there, "no {beginning} … {words} in {found:#?}");
}

fn set(pair: &mut Pair, name: &str, value: &str) {
    pair.variables.retain(|(held, _)| held != name);
    pair.variables.push((name.to_owned(), value.to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_doctor_finds_a_server_well_and_touches_nothing() {
    let mut pair = Pair::new(&[]);
    let (found, well) = examine(&pair);
    assert!(well && !pair.data().exists(), "{found:#?}");
    says(&found, "good data folder", "the first start makes it");
    says(&found, "doubtful public address", "public_url is not set");
    says(&found, "good integration slack", "knows client_id and client_secret");
    says(&found, "good clock", "right");
    assert!(!found.iter().any(|line| line.contains("traces")), "nobody asked for traces: {found:#?}");
    let _collector = Collector::start(&mut pair).await;
    says(&examine(&pair).0, "good traces", "takes them");
    set(&mut pair, "BOTHWAYS_TELEMETRY__OTLP_ENDPOINT", "http://127.0.0.1:9");
    says(&examine(&pair).0, "doubtful traces", "does not answer");
    pair.variables.retain(|(name, _)| !name.contains("TELEMETRY"));

    let server = pair.serve("127.0.0.1:0");
    let address = std::fs::read_to_string(pair.data().join("server.address")).unwrap();
    set(&mut pair, "BOTHWAYS_PUBLIC_URL", &address);
    let (found, well) = examine(&pair);
    assert!(well, "{found:#?}");
    says(&found, "good public address", "leads to the server");
    says(&found, "good public address", "/hooks/slack refuses what nobody signed");
    says(&found, "good data folder", "The file is whole");
    says(&found, "good key", "It opens all 0 logins");
    let plain = pair.run(&["doctor", "--data-dir", "data"]);
    let plain = String::from_utf8_lossy(&plain.stdout).into_owned();
    assert!(plain.contains("ok    clock: ") && plain.contains("look  public address: "), "{plain}");
    assert!(server.stop());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_doctor_says_what_to_mend() {
    let mut pair = Pair::new(&[]);
    assert!(pair.serve("127.0.0.1:0").stop());
    set(&mut pair, "BOTHWAYS_INTEGRATIONS__SLACK__CLIENT_SECRET", "another");
    set(&mut pair, "BOTHWAYS_INTEGRATIONS__SLACK__SIGNING_SECRET", "");
    set(&mut pair, "BOTHWAYS_PUBLIC_URL", "http://127.0.0.1:9");
    std::fs::write(pair.data().join("secret.key"), "no key\n").unwrap();
    let database = pair.data().join("bothways.db");
    let whole = std::fs::read(&database).unwrap();
    let mut damaged = whole.clone();
    damaged[4096..].fill(0x5a);
    std::fs::write(&database, damaged).unwrap();
    let (found, well) = examine(&pair);
    assert!(!well, "{found:#?}");
    says(&found, "bad integration slack", "client_secret is not the one");
    says(&found, "bad integration slack", "signing_secret is not set");
    says(&found, "bad public address", "is not reached from here");
    says(&found, "bad data folder", "damaged");
    says(&found, "bad key", "64 hexadecimal digits");

    std::fs::write(&database, whole).unwrap();
    set(&mut pair, "BOTHWAYS_INTEGRATIONS__SLACK__CLIENT_ID", "1.2");
    set(&mut pair, "BOTHWAYS_INTEGRATIONS__SLACK__BASE_URL", "http://127.0.0.1:9");
    let (found, _) = examine(&pair);
    says(&found, "bad integration slack", "does not answer");
    set(&mut pair, "BOTHWAYS_LISTEN", "everywhere");
    let (found, well) = examine(&pair);
    assert!(!well && found.len() == 1, "{found:#?}");
    says(&found, "bad configuration", "listen");
}
