//! The program as a process: how soon it answers, and how much memory it takes.

use crate::table::{Table, told};
use anyhow::Context;
use reqwest::Client;
use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

const STARTS: usize = 5;

struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _ended_before = self.0.kill();
        let _status = self.0.wait();
    }
}

/// Starts the program a few times, and looks at its memory.
pub async fn measure(table: &mut Table, program: &Path) -> anyhow::Result<()> {
    let client = Client::builder().no_proxy().build()?;
    let folder = tempfile::tempdir()?;
    let mut starts = Vec::new();
    let mut bare = Vec::new();
    let mut rest = 0;
    for _ in 0..STARTS {
        let began = Instant::now();
        let status = Command::new(program).arg("--version").stdout(Stdio::null()).status()?;
        anyhow::ensure!(status.success(), "{} runs", program.display());
        bare.push(began.elapsed());

        let began = Instant::now();
        let (process, base) = start(program, folder.path())?;
        client.get(format!("{base}/readyz")).send().await?.error_for_status()?;
        starts.push(began.elapsed());
        rest = resident(&process.0, "VmRSS")?;
    }
    starts.sort_unstable();
    bare.sort_unstable();
    let (ready, limit) = (starts[STARTS / 2], bare[STARTS / 2]);
    let limit_told = format!("a process that ends at once: {}", told(limit));
    table.row("start-up to ready", told(ready), limit_told, crate::table::ratio(ready, limit));
    table.row("memory at rest", format!("{} MiB", rest / 1_024), "—".to_owned(), None);

    let (process, base) = start(program, folder.path())?;
    let load = (0..64).map(|_| {
        let (client, url) = (client.clone(), format!("{base}/v1/integrations"));
        tokio::spawn(async move {
            for _ in 0..500 {
                let _refused = client.get(&url).send().await?.bytes().await?;
            }
            anyhow::Ok(())
        })
    });
    for caller in load.collect::<Vec<_>>() {
        caller.await??;
    }
    let peak = resident(&process.0, "VmHWM")?;
    tokio::time::sleep(Duration::from_secs(2)).await;
    let after = resident(&process.0, "VmRSS")?;
    let taken = format!("at most {} MiB, {} MiB afterwards", peak / 1_024, after / 1_024);
    #[expect(clippy::cast_precision_loss, reason = "for people to read")]
    let ratio = peak as f64 / rest as f64;
    table.row("memory under 32,000 calls by 64 callers", taken, format!("at rest: {} MiB", rest / 1_024), Some(ratio));
    Ok(())
}

fn start(program: &Path, folder: &Path) -> anyhow::Result<(Process, String)> {
    let mut command = Command::new(program);
    command.args(["serve", "--listen", "127.0.0.1:0", "--data-dir"]).arg(folder.join("data")).current_dir(folder);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
    let lines = child.stdout.take().context("it prints")?;
    let process = Process(child);
    for line in BufReader::new(lines).lines() {
        let line = line?;
        if let Some(at) = line.find("http://") {
            let address = line[at..].split("/login/").next().unwrap_or_default();
            return Ok((process, address.trim().to_owned()));
        }
    }
    anyhow::bail!("{} ended", program.display())
}

/// In KiB.
fn resident(process: &Child, what: &str) -> anyhow::Result<u64> {
    let status = std::fs::read_to_string(format!("/proc/{}/status", process.id())).context("only Linux tells it")?;
    let line = status.lines().find(|line| line.starts_with(what)).context("the kernel tells it")?;
    Ok(line.split_whitespace().nth(1).context("a number")?.parse()?)
}
