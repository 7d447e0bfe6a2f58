//! Measures Bothways: how fast, against which limit taken in the same run, and how much memory.
//!
//! Nothing here passes or fails. A row tells what was measured, its limit, and their ratio; a reader judges.

mod import;
mod intake;
mod live;
mod mail;
mod opening;
mod place;
mod process;
mod program;
mod stream;
mod table;
mod webhooks;

use clap::Parser;
use std::path::PathBuf;
use table::Table;

/// Measures, and prints a table.
#[derive(Parser)]
#[command(name = "cargo xtask bench")]
struct Arguments {
    /// Only these parts: process, intake, live, import, mail, opening. All of them without
    parts: Vec<String>,
    /// How many messages the chats hold that are opened; several sizes may be named
    #[arg(long, value_delimiter = ',', default_values_t = [10_000, 1_000_000])]
    sizes: Vec<u64>,
    /// How many messages are imported
    #[arg(long, default_value_t = 200_000)]
    import: usize,
    /// How many mails are read
    #[arg(long, default_value_t = 10_000)]
    mails: usize,
}

/// The program, which was built beside this one.
fn program() -> anyhow::Result<PathBuf> {
    Ok(std::env::current_exe()?.with_file_name("bothways"))
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let _installed_before = rustls::crypto::ring::default_provider().install_default();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let wanted = |part: &str| arguments.parts.is_empty() || arguments.parts.iter().any(|wanted| wanted == part);
    let mut table = Table::default();
    runtime.block_on(async {
        if wanted("process") {
            process::measure(&mut table, &program()?).await?;
        }
        if wanted("intake") {
            intake::measure(&mut table).await?;
        }
        if wanted("live") {
            live::measure(&mut table).await?;
        }
        if wanted("import") {
            import::measure(&mut table, arguments.import).await?;
        }
        if wanted("mail") {
            mail::measure(&mut table, arguments.mails);
        }
        if wanted("opening") {
            for size in &arguments.sizes {
                opening::measure(&mut table, &program()?, *size).await?;
            }
        }
        anyhow::Ok(())
    })?;
    print!("{}", table.written());
    Ok(())
}
