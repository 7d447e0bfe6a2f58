//! The built program as processes of their own, which can be killed.

use crate::{
    browser::{Browser, cookie_of},
    house::{Answer, client, read},
};
use reqwest::{Client, Method, header};
use serde_json::{Value, json};
use std::{
    fs::File,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
};
use tempfile::TempDir;

const PROGRAM: &str = env!("CARGO_BIN_EXE_bothways");

/// A call of a program that hears nothing of the settings around the tests.
pub fn undisturbed(program: &str) -> Command {
    let mut command = Command::new(program);
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("BOTHWAYS_")) {
        command.env_remove(name);
    }
    command
}

/// A process that ends with its owner.
pub struct Process {
    child: Child,
    /// What it printed until it was ready.
    pub said: String,
}

impl Process {
    /// Starts the program and waits until it prints a line with `ready` in it.
    pub fn start(arguments: &[&str], variables: &[(String, String)], errors: &Path, ready: &str) -> Self {
        let log = File::options().create(true).append(true).open(errors).unwrap();
        let mut command = undisturbed(PROGRAM);
        command.args(arguments).envs(variables.iter().cloned()).stdout(Stdio::piped()).stderr(log);
        let mut child = command.current_dir(errors.parent().unwrap()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut said = String::new();
        loop {
            let told = lines.next().map(Result::unwrap);
            let line = told.unwrap_or_else(|| panic!("it ended: {said}\n{}", std::fs::read_to_string(errors).unwrap()));
            said += &format!("{line}\n");
            if line.contains(ready) {
                break;
            }
        }
        // Somebody must read what it still prints, or it would wait for that.
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, said }
    }

    /// The first thing it printed that begins so, to the end of its line.
    pub fn told(&self, beginning: &str) -> &str {
        let from = self.said.find(beginning).unwrap_or_else(|| panic!("no {beginning} in {}", self.said));
        self.said[from..].lines().next().unwrap().trim()
    }

    /// Ends it at once, without a word (SIGKILL).
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Asks it to stop (SIGTERM), and waits until it has. Whether it ended well.
    pub fn stop(mut self) -> bool {
        let asked = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status().unwrap();
        assert!(asked.success());
        self.child.wait().unwrap().success()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// An emulated Slack as a process, and what a server needs to serve it.
pub struct Pair {
    _sandbox: Process,
    pub slack_url: String,
    pub folder: TempDir,
    pub variables: Vec<(String, String)>,
    pub client: Client,
}

impl Pair {
    pub fn new(options: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut arguments = vec!["sandbox", "--listen", "127.0.0.1:0"];
        arguments.extend(options);
        let sandbox = Process::start(&arguments, &[], &folder.path().join("sandbox.log"), "The emulated Slack is at");
        let slack_url = sandbox.told("The emulated Slack is at").rsplit(' ').next().unwrap().to_owned();
        let setting = |name: &str| sandbox.told(name).split('"').nth(1).unwrap().to_owned();
        let names = ["client_id", "client_secret", "signing_secret", "base_url"];
        let variable = |name: &str| (format!("BOTHWAYS_INTEGRATIONS__SLACK__{}", name.to_uppercase()), setting(name));
        let mut variables: Vec<_> = names.map(variable).into();
        variables.push(("BOTHWAYS_LOG__LEVEL".to_owned(), "trace".to_owned()));
        Self { _sandbox: sandbox, slack_url, folder, variables, client: client() }
    }

    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    pub fn log(&self) -> PathBuf {
        self.folder.path().join("server.log")
    }

    /// Starts the server, at a free port or at the one that it had.
    pub fn serve(&self, listen: &str) -> Process {
        let data = self.data();
        let arguments = ["serve", "--data-dir", data.to_str().unwrap(), "--listen", listen];
        Process::start(&arguments, &self.variables, &self.log(), "http://")
    }

    /// Runs the program to its end, with the settings of the server.
    pub fn run(&self, arguments: &[&str]) -> Output {
        let mut command = undisturbed(PROGRAM);
        command.args(arguments).envs(self.variables.iter().cloned()).current_dir(self.folder.path()).output().unwrap()
    }

    /// Lets the emulated Slack do something.
    pub async fn control(&self, method: Method, path: &str, body: Option<Value>) -> Value {
        let mut call = self.client.request(method, format!("{}/control/{path}", self.slack_url));
        if let Some(body) = body {
            call = call.header(header::CONTENT_TYPE, "application/json").body(body.to_string());
        }
        read(call.send().await.unwrap()).await.good()
    }

    /// Lets a person at the emulated Slack do something.
    pub async fn act(&self, act: Value) -> Value {
        self.control(Method::POST, "act", Some(act)).await
    }

    /// Tells the emulated Slack where the server is.
    pub async fn deliver_to(&self, base: &str) {
        let url = json!({ "url": format!("{base}/hooks/slack") });
        self.control(Method::PUT, "events_url", Some(url)).await;
    }

    /// Signs in by the one-time address that a server printed, and makes an API key for a customer's app.
    pub async fn app_of(&self, server: &Process, customer: &'static str) -> Caller {
        let link = server.told("http://");
        let base = link.split_once("/login/").unwrap_or_else(|| panic!("{}", server.said)).0.to_owned();
        let cookie = cookie_of(&self.client.get(link).send().await.unwrap());
        let call =
            self.client.post(format!("{base}/v1/api-keys")).header("cookie", cookie).header("bothways-page", "1");
        let call = call.header(header::CONTENT_TYPE, "application/json").body(r#"{"name":"tests"}"#);
        let key = read(call.send().await.unwrap()).await.good()["key"].as_str().unwrap().to_owned();
        Caller { client: self.client.clone(), base, key, customer }
    }

    /// The first two people of the emulated Slack, Ana and Bruno.
    pub async fn people(&self) -> [String; 2] {
        let users = self.control(Method::GET, "users", None).await;
        let people = users.as_array().unwrap().iter().filter(|user| user["email"].is_string());
        let ids: Vec<_> = people.map(|user| user["id"].as_str().unwrap().to_owned()).take(2).collect();
        ids.try_into().unwrap()
    }
}

/// Somebody who calls a server that may be gone.
#[derive(Clone)]
pub struct Caller {
    pub client: Client,
    pub base: String,
    pub key: String,
    pub customer: &'static str,
}

impl Caller {
    /// Calls. An error is a call that nobody answered.
    pub async fn try_ask(&self, method: Method, path: &str, key: &str, body: Option<Value>) -> reqwest::Result<Answer> {
        let call = self.client.request(method, format!("{}{path}", self.base)).bearer_auth(&self.key);
        let mut call = call.header("bothways-customer", self.customer).header("idempotency-key", key);
        if let Some(body) = body {
            call = call.header(header::CONTENT_TYPE, "application/json").body(body.to_string());
        }
        let answer = call.send().await?;
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        let body = answer.bytes().await?;
        Ok(Answer { status, headers, body: serde_json::from_slice(&body).unwrap_or(Value::Null) })
    }

    pub async fn get(&self, path: &str) -> Value {
        self.try_ask(Method::GET, path, "x", None).await.unwrap().good()
    }

    pub async fn post(&self, path: &str, key: &str, body: Value) -> Value {
        self.try_ask(Method::POST, path, key, Some(body)).await.unwrap().good()
    }

    /// Connects the customer as a person of the emulated Slack. Gives the connection's id.
    pub async fn connect(&self, person: &str) -> String {
        let wish = json!({ "integration": "slack", "return_to": "/" });
        let begun = self.post("/v1/connections", "connect", wish).await;
        let browser = Browser { client: &self.client, cookie: None };
        let back = browser.allow(begun["connect_url"].as_str().unwrap(), person, "allow").await;
        back.strip_prefix("/?connection=").unwrap_or_else(|| panic!("{back}")).to_owned()
    }

    /// All items of a list.
    pub async fn all(&self, path: &str) -> Vec<Value> {
        let (mut items, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = self.get(&format!("{path}?limit=200{cursor}")).await;
            items.extend(page["items"].as_array().unwrap().iter().cloned());
            match page["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return items,
            }
        }
    }
}
