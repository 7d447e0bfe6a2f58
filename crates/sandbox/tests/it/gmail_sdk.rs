//! Google's own client drives the emulator, as a program of its own language.

use std::path::Path;
use std::process::Command;

use sandbox::gmail::Config;

use crate::gmail_port::Port;
use crate::slack_sdk::prepared;

#[tokio::test(flavor = "multi_thread")]
async fn sdk_python_finds_the_gmail_that_it_knows() {
    let python = prepared("SANDBOX_SDK_PYTHON");
    let port = Port::open(Config::default()).await;
    let mut command = Command::new(python);
    command.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/gmail_sdk.py")).arg(&port.address);
    let output = tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap();
    let said = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    port.close().await;
}
