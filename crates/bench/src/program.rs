//! The program `bothways` as a process, as it is shipped.

use anyhow::Context;
use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

/// How long it may take to end once it is asked to.
const LONGEST_STOP: Duration = Duration::from_secs(30);

/// A process that ends with its owner.
pub struct Program {
    child: Child,
    pub base: String,
    /// The address that leads in; only the first start in a folder prints one.
    pub link: Option<String>,
}

impl Program {
    /// Starts it in a folder, and waits until it says where it is.
    pub fn start(program: &Path, folder: &Path, variables: &[(String, String)]) -> anyhow::Result<Self> {
        let mut command = Command::new(program);
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("BOTHWAYS_")) {
            command.env_remove(name);
        }
        command.args(["serve", "--listen", "127.0.0.1:0", "--data-dir"]).arg(folder).current_dir(folder);
        command.envs(variables.iter().cloned()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn()?;
        let said = child.stdout.take().context("it prints")?;
        let mut started = Self { child, base: String::new(), link: None };
        let mut lines = BufReader::new(said).lines();
        for line in lines.by_ref() {
            let line = line?;
            let Some(at) = line.find("http://") else { continue };
            let address = line[at..].split(';').next().unwrap_or_default().trim().to_owned();
            let (base, led_in) = address.split_once("/login/").map_or((&*address, false), |(base, _)| (base, true));
            started.base = base.to_owned();
            started.link = led_in.then_some(address);
            // Somebody must read what it still prints, or it would wait for that.
            std::thread::spawn(move || lines.for_each(drop));
            return Ok(started);
        }
        anyhow::bail!("{} ended", program.display())
    }

    /// How much memory it has in KiB: `VmRSS` is now, `VmHWM` the most so far.
    pub fn memory(&self, what: &str) -> anyhow::Result<u64> {
        let file = format!("/proc/{}/status", self.child.id());
        let status = std::fs::read_to_string(file).context("only Linux tells it")?;
        let line = status.lines().find(|line| line.starts_with(what)).context("the kernel tells it")?;
        Ok(line.split_whitespace().nth(1).context("a number")?.parse()?)
    }

    /// Asks it to end, and waits for that.
    pub fn stop(mut self) -> anyhow::Result<()> {
        let asked = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status()?;
        anyhow::ensure!(asked.success(), "it is there");
        let began = Instant::now();
        while self.child.try_wait()?.is_none() {
            anyhow::ensure!(began.elapsed() < LONGEST_STOP, "it did not end within {LONGEST_STOP:?}");
            std::thread::sleep(Duration::from_millis(5));
        }
        Ok(())
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ended_before = self.child.kill();
        let _status = self.child.wait();
    }
}
