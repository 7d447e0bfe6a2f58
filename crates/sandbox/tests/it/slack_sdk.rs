//! Slack's own SDKs drive the emulator, each as a program of its own language.

use std::path::{Path, PathBuf};
use std::process::Command;

use sandbox::slack::Config;

use crate::slack_port::Port;

pub fn prepared(variable: &str) -> PathBuf {
    match std::env::var_os(variable) {
        Some(path) => PathBuf::from(path),
        None => panic!(
            "{variable} is not set: `make test` prepares the SDKs of the platforms (or skip with `-- --skip sdk`)"
        ),
    }
}

async fn drive(program: impl FnOnce(&str) -> Command) {
    let port = Port::open(Config::default()).await;
    let mut command = program(&port.address);
    let output = tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap();
    let said = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    port.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sdk_python_finds_the_slack_that_it_knows() {
    let python = prepared("SANDBOX_SDK_PYTHON");
    drive(|address| {
        let mut command = Command::new(python);
        command.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/slack_sdk.py")).arg(address);
        command
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sdk_node_finds_the_slack_that_it_knows() {
    let modules = prepared("SANDBOX_SDK_NODE_MODULES");
    drive(|address| {
        let mut command = Command::new("node");
        command.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/slack_web_api.mjs")).arg(address);
        command.env("SANDBOX_SDK_NODE_MODULES", modules);
        command
    })
    .await;
}
