//! `bothways doctor`: looks at everything that a server needs, says what is found and what to mend. It changes
//! nothing, here or at a platform, and works whether or not the server runs.

mod folder;

use crate::{
    cli::Place,
    config::{BASE_URL, Config},
    http::Wire,
    world::SystemClock,
};
use anyhow::bail;
use async_trait::async_trait;
use clap::Args;
use model::{
    connector::{Connector, Finding, Grade, Threshold},
    http::{Http, HttpError, Incoming, Request, Response, Transfer},
    time::Timestamp,
    world::Clock,
};
use serde::Serialize;
use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use time::{OffsetDateTime, format_description::well_known::Rfc2822};

/// How long one answer is waited for.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);
/// A clock that is wrong by so much makes times of messages wrong.
const NOTICEABLE: Duration = Duration::from_secs(5);
/// A clock that is wrong by so much makes platforms' signatures look too old.
const TOO_WRONG: Duration = Duration::from_secs(4 * 60);

/// What can be chosen for `doctor`.
#[derive(Args, Clone, Debug)]
pub struct Options {
    /// Print the findings as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    place: Place,
}

/// One finding, and what it is about.
#[derive(Debug, Serialize)]
struct Found {
    about: String,
    #[serde(flatten)]
    finding: Finding,
}

/// What is found, in the order in which it is looked for.
#[derive(Default)]
pub struct Findings(Vec<Found>);

impl Findings {
    /// Notes what was found.
    pub fn note(&mut self, about: &str, finding: Finding) {
        self.0.push(Found { about: about.to_owned(), finding });
    }

    fn count(&self, grade: Grade) -> usize {
        self.0.iter().filter(|found| found.finding.grade == grade).count()
    }
}

/// Looks at everything. An error if something must be mended.
pub async fn run(options: &Options) -> anyhow::Result<()> {
    let mut findings = Findings::default();
    match options.place.load() {
        Ok(config) => {
            findings.note("configuration", Finding::good("It is read and holds what is known."));
            folder::examine(&config, &mut findings);
            examine_address(&config, &mut findings).await?;
            examine_platforms(&config, &mut findings).await?;
            examine_collector(&config, &mut findings).await?;
        }
        Err(error) => findings.note("configuration", Finding::bad(format!("{error:#}"))),
    }
    if options.json {
        println!("{}", serde_json::to_string_pretty(&findings.0)?);
    } else {
        for Found { about, finding } in &findings.0 {
            let mark = match finding.grade {
                Grade::Good => "ok  ",
                Grade::Doubtful => "look",
                Grade::Bad => "MEND",
            };
            println!("{mark}  {about}: {}", finding.says);
        }
    }
    match findings.count(Grade::Bad) {
        0 => Ok(()),
        1 => bail!("One thing must be mended."),
        count => bail!("{count} things must be mended."),
    }
}

/// Calls the public address as a platform would: reading, and writing what nobody signed.
async fn examine_address(config: &Config, findings: &mut Findings) -> anyhow::Result<()> {
    const ABOUT: &str = "public address";
    let Some(base) = &config.public_url else {
        let has_sockets =
            |(name, connector): &(&str, Arc<dyn Connector>)| connector.has_sockets(&config.settings(name));
        let news = if connectors::all().iter().any(has_sockets) { "only sockets tell" } else { "no platform can tell" };
        let says = format!("public_url is not set, so {news} what is new, and people sign in on this computer.");
        findings.note(ABOUT, Finding::doubtful(says));
        return Ok(());
    };
    if !base.starts_with("https://") {
        findings.note(ABOUT, Finding::doubtful(format!("{base} is not HTTPS, which platforms ask for.")));
    }
    let client =
        reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).timeout(ANSWER_WITHIN).build()?;
    let read = client.get(format!("{base}/healthz")).send().await;
    let healthy = match read {
        Ok(answer) => answer.status().is_success() && answer.text().await.is_ok_and(|text| text == "ok"),
        Err(error) => {
            let why = if error.is_timeout() { "no answer in time" } else { "no connection" };
            let says = format!("{base} is not reached from here ({why}). Start the server, or mend the way to it.");
            findings.note(ABOUT, Finding::bad(says));
            return Ok(());
        }
    };
    if !healthy {
        let says = format!("{base}/healthz is answered by something else. Lead that address to the server.");
        findings.note(ABOUT, Finding::bad(says));
        return Ok(());
    }
    findings.note(ABOUT, Finding::good(format!("{base} leads to the server.")));
    for (platform, _) in connectors::all() {
        let hook = format!("{base}/hooks/{platform}");
        let answer = client.post(&hook).header("content-type", "application/json").body("{}").send().await;
        let finding = match answer.map(|answer| answer.status().as_u16()) {
            Ok(401) => Finding::good(format!("{hook} refuses what nobody signed.")),
            Ok(503) if config.settings(platform).values.is_empty() => continue,
            Ok(status) => Finding::doubtful(format!("{hook} answered {status} to what nobody signed.")),
            Err(_) => Finding::bad(format!("{hook} is not answered, though {base} is. Let POST through.")),
        };
        findings.note(ABOUT, finding);
    }
    Ok(())
}

async fn examine_platforms(config: &Config, findings: &mut Findings) -> anyhow::Result<()> {
    for (platform, connector) in connectors::all() {
        let about = format!("integration {platform}");
        let settings = config.settings(platform);
        if settings.values.is_empty() {
            findings.note(&about, Finding::doubtful(format!("integrations.{platform} is not configured.")));
            continue;
        }
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let wire = Wire::new(connector.describe().hosts, settings.get(BASE_URL), Arc::clone(&clock))?;
        let http = Dated { wire, behind: Mutex::default() };
        let deadline = clock.now() + ANSWER_WITHIN;
        let threshold = Threshold { settings: &settings, http: &http, clock: &*clock, deadline };
        for finding in connector.examine(&threshold).await {
            findings.note(&about, finding);
        }
        let behind = *http.behind.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(behind) = behind {
            findings.note("clock", judge(behind, connector.describe().name));
        }
    }
    Ok(())
}

/// Asks the collector to take no spans.
async fn examine_collector(config: &Config, findings: &mut Findings) -> anyhow::Result<()> {
    let Some(url) = config.telemetry.traces_url() else { return Ok(()) };
    let client = reqwest::Client::builder().timeout(ANSWER_WITHIN).build()?;
    let mut call = client.post(&url).header("content-type", "application/json").body(r#"{"resourceSpans":[]}"#);
    if let Some(authorization) = &config.telemetry.authorization {
        call = call.header("authorization", &authorization.0);
    }
    findings.note(
        "traces",
        match call.send().await.map(|answer| answer.status()) {
            Ok(status) if status.is_success() => Finding::good(format!("The collector takes them at {url}.")),
            Ok(status) => Finding::doubtful(format!("{url} answered {}. Traces are lost.", status.as_u16())),
            Err(_) => Finding::doubtful(format!("{url} does not answer. Traces are lost, and nothing else is.")),
        },
    );
    Ok(())
}

fn judge(behind: i64, platform: &str) -> Finding {
    let off = Duration::from_micros(behind.unsigned_abs());
    let says = format!("It is {} seconds off from {platform}'s.", off.as_secs());
    match off {
        off if off > TOO_WRONG => Finding::bad(format!("{says} Signed events look too old. Set it (NTP).")),
        off if off > NOTICEABLE => Finding::doubtful(format!("{says} Set it (NTP).")),
        _ => Finding::good("It is right."),
    }
}

/// A wire that compares the dates of answers with the clock.
struct Dated {
    wire: Wire,
    /// By how many microseconds our clock is behind; an answer shows whole seconds.
    behind: Mutex<Option<i64>>,
}

#[async_trait]
impl Http for Dated {
    async fn send(&self, request: Request) -> Result<Response, HttpError> {
        let response = self.wire.send(request).await?;
        let date = response.header("date").and_then(|date| OffsetDateTime::parse(date, &Rfc2822).ok());
        if let Some(date) = date {
            let theirs = Timestamp::from_micros(date.unix_timestamp().saturating_mul(1_000_000));
            let behind = theirs.micros() - SystemClock.now().micros();
            *self.behind.lock().unwrap_or_else(PoisonError::into_inner) = Some(behind);
        }
        Ok(response)
    }

    async fn transfer(&self, transfer: Transfer) -> Result<Incoming, HttpError> {
        self.wire.transfer(transfer).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_clock_is_told_by_how_much_it_is_wrong() {
        let grade = |seconds: i64| judge(seconds * 1_000_000, "Slack").grade;
        assert_eq!(
            [grade(0), grade(-3), grade(60), grade(-600)],
            [Grade::Good, Grade::Good, Grade::Doubtful, Grade::Bad]
        );
    }
}
