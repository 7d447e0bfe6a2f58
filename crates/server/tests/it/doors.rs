//! The two ways in for a newcomer: `make run`, and a browser.

use crate::{
    house::client,
    processes::{Process, undisturbed},
};
use std::{
    io::{BufRead, BufReader},
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

/// Where the Makefile is.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// What these tests need beside Rust is made by `make test`.
fn prepared(what: &str) {
    let missing = format!("{what} is missing: `make test` prepares it (or skip with `cargo test -- --skip doors`)");
    assert!(root().join(what).exists(), "{missing}");
}

/// A command and all that it started, which end together.
struct Group(Child);

impl Group {
    /// Asks all of them to stop, as a terminal does, and waits for the first.
    fn stop(&mut self) -> bool {
        let asked = Command::new("kill").args(["-INT", "--", &format!("-{}", self.0.id())]).status().unwrap();
        assert!(asked.success());
        self.0.wait().is_ok()
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        let _ = Command::new("kill").args(["-KILL", "--", &format!("-{}", self.0.id())]).stderr(Stdio::null()).status();
        let _ = self.0.wait();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn doors_make_run_starts_the_demo_and_prints_the_address_last() {
    prepared("ui/dist/index.html");
    let folder = tempfile::tempdir().unwrap();
    let options = format!("--data-dir {} --listen 127.0.0.1:0 --sandbox-port 0", folder.path().display());
    let mut command = undisturbed("make");
    command.arg("run").arg(format!("ARGS={options}")).current_dir(root()).process_group(0);
    for inherited in ["MAKEFLAGS", "MAKELEVEL", "MFLAGS"] {
        command.env_remove(inherited);
    }
    let mut group = Group(command.stdout(Stdio::piped()).spawn().unwrap());
    let mut lines = BufReader::new(group.0.stdout.take().unwrap()).lines().map(Result::unwrap);
    let mut said: Vec<String> = Vec::new();
    let address = loop {
        let line = lines.next().unwrap_or_else(|| panic!("make run ended: {said:?}"));
        said.push(line.trim().to_owned());
        if line.contains("/login/") {
            break line.trim().to_owned();
        }
    };
    let base = &address[..address.find("/login/").unwrap()];
    let ready = client().get(format!("{base}/readyz")).send().await.unwrap();
    assert!(ready.status().is_success());
    let page = client().get(base).send().await.unwrap().text().await.unwrap();
    assert!(page.contains("<div id=\"root\">"), "the page is not there: {page}");
    assert!(group.stop());
    assert_eq!(lines.collect::<Vec<_>>(), Vec::<String>::new(), "the address is what is printed last");
}

#[test]
fn doors_a_person_goes_the_whole_way_in_a_browser() {
    prepared("ui/dist/index.html");
    prepared("ui/node_modules/playwright-core");
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let arguments = ["demo", "--data-dir", data.to_str().unwrap(), "--listen", "127.0.0.1:0", "--sandbox-port", "0"];
    let demo = Process::start(&arguments, &[], &folder.path().join("demo.log"), "/login/");
    let addresses: Vec<_> = demo.said.lines().map(str::trim).filter(|line| line.starts_with("http://")).collect();
    let [slack, gmail, login] = addresses[..] else { panic!("three addresses are printed: {}", demo.said) };
    let way = Command::new("node")
        .arg("e2e/whole-way.mjs")
        .current_dir(root().join("ui"))
        .env("BOTHWAYS_LOGIN_URL", login)
        .env("BOTHWAYS_SANDBOX_URL", slack.trim_end_matches('/'))
        .env("BOTHWAYS_MAIL_URL", gmail.trim_end_matches('/'))
        .output()
        .unwrap();
    let (out, error) = (String::from_utf8_lossy(&way.stdout), String::from_utf8_lossy(&way.stderr));
    assert!(way.status.success(), "{out}\n{error}");
}
