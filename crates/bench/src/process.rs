//! The program as a process: how soon it answers, and how much memory it takes.

use crate::{
    place::{Place, one_channel_each},
    program::Program,
    table::{Table, Times, ratio, told},
    webhooks::{Channel, Load, tell},
};
use anyhow::Context;
use reqwest::{Client, Method};
use std::{
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

const STARTS: usize = 9;
/// How many customers import and hear news, each in a workspace of their own.
const CUSTOMERS: usize = 8;
const IMPORTED_EACH: usize = 5_000;
const NEWS: usize = 10_000;
const READERS: usize = 16;
const READS_EACH: usize = 200;
/// How long a server without work is left alone before its memory is looked at.
const REST: Duration = Duration::from_secs(5);

/// Starts the program a few times, gives it work, and looks at its memory.
pub async fn measure(table: &mut Table, program: &Path) -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    Program::start(program, folder.path(), &[])?.stop()?;
    let ready = starts(program, folder.path()).await?;
    let bare = at_once(program)?;
    let limit = format!("a process that ends at once: {}", bare.told());
    table.row("start-up to ready, nothing stored", ready.told(), limit, ratio(ready.within(0.5), bare.within(0.5)));
    memory(table, program).await
}

/// How soon it is ready in a folder where it was before.
pub async fn starts(program: &Path, folder: &Path) -> anyhow::Result<Times> {
    let client = Client::builder().no_proxy().build()?;
    let mut times = Vec::new();
    for _ in 0..STARTS {
        let began = Instant::now();
        let started = Program::start(program, folder, &[])?;
        client.get(format!("{}/readyz", started.base)).send().await?.error_for_status()?;
        times.push(began.elapsed());
        started.stop()?;
    }
    Ok(Times::of(times))
}

/// How soon the system starts it and hears of its end.
fn at_once(program: &Path) -> anyhow::Result<Times> {
    let mut times = Vec::new();
    for _ in 0..STARTS {
        let began = Instant::now();
        let status = Command::new(program).arg("--version").stdout(Stdio::null()).status()?;
        anyhow::ensure!(status.success(), "{} runs", program.display());
        times.push(began.elapsed());
    }
    Ok(Times::of(times))
}

/// Its memory once it has nothing to do, in MiB.
pub async fn resting(program: &Program) -> anyhow::Result<u64> {
    tokio::time::sleep(REST).await;
    Ok(program.memory("VmRSS")? / 1_024)
}

async fn memory(table: &mut Table, program: &Path) -> anyhow::Result<()> {
    let place = Place::open_program(program, one_channel_each(CUSTOMERS, IMPORTED_EACH)).await?;
    let at_work = place.program().context("it is a program")?;
    let rest = resting(at_work).await?;
    table.row("memory at rest, nothing stored", format!("{rest} MiB"), "—".to_owned(), None);

    let began = Instant::now();
    let customers = place.connect_all().await?;
    place.import_all(&customers).await?;
    let channels: Vec<Channel> = customers.iter().map(Channel::from).collect();
    tell(&place, &channels, Load { connections: 32, messages: NEWS, first: 0, pace: None }).await?;
    let readers = (0..READERS).map(|reader| {
        let paths = ["/v1/chats", "/v1/timeline", "/v1/search?q=the"];
        let customer = &customers[reader % customers.len()].name;
        let calls = paths.map(|path| place.asking(customer, Method::GET, path));
        tokio::spawn(async move {
            for number in 0..READS_EACH {
                let call = calls[number % calls.len()].try_clone().context("it has no body")?;
                call.send().await?.error_for_status()?.bytes().await?;
            }
            anyhow::Ok(())
        })
    });
    for reader in readers.collect::<Vec<_>>() {
        reader.await??;
    }
    place.until_indexed(&customers).await?;
    let lasted = told(began.elapsed());
    let peak = at_work.memory("VmHWM")? / 1_024;
    let after = resting(at_work).await?;
    let what = format!(
        "memory under load: {} messages imported, {NEWS} told, {} reads by {READERS} at once",
        CUSTOMERS * IMPORTED_EACH,
        READERS * READS_EACH,
    );
    let measured = format!("at most {peak} MiB, afterwards {after} MiB; it lasted {lasted}");
    #[expect(clippy::cast_precision_loss, reason = "for people to read")]
    let ratio = peak as f64 / rest as f64;
    table.row(&what, measured, format!("at rest: {rest} MiB"), Some(ratio));
    place.close().await?;
    Ok(())
}
