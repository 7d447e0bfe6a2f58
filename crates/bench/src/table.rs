//! The table of what was measured, as it stands in the documentation.

use std::{fmt::Write as _, time::Duration};

/// What was measured, row by row.
#[derive(Default)]
pub struct Table(Vec<[String; 4]>);

impl Table {
    /// Adds a row, and tells it at once: the whole may take a while.
    pub fn row(&mut self, what: &str, measured: String, limit: String, ratio: Option<f64>) {
        let ratio = ratio.map_or_else(|| "—".to_owned(), |ratio| format!("{ratio:.2}"));
        eprintln!("{what}: {measured} | {limit} | {ratio}");
        self.0.push([what.to_owned(), measured, limit, ratio]);
    }

    /// The whole as Markdown.
    pub fn written(&self) -> String {
        let mut text = "| what | measured | limit, in the same run | ratio |\n| --- | --- | --- | ---: |\n".to_owned();
        for [what, measured, limit, ratio] in &self.0 {
            let _infallible = writeln!(text, "| {what} | {measured} | {limit} | {ratio} |");
        }
        text
    }
}

/// Times of many calls.
pub struct Times(Vec<Duration>);

impl Times {
    /// Sorts them.
    pub fn of(mut times: Vec<Duration>) -> Self {
        times.sort_unstable();
        Self(times)
    }

    /// The time within which this share of the calls was done.
    pub fn within(&self, share: f64) -> Duration {
        let last = self.0.len().saturating_sub(1);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "a place among few"
        )]
        let place = (last as f64 * share).round() as usize;
        self.0.get(place).copied().unwrap_or_default()
    }

    /// The median and the slowest in a hundred.
    pub fn told(&self) -> String {
        format!("p50 {}, p99 {}", told(self.within(0.5)), told(self.within(0.99)))
    }
}

/// A time for people.
pub fn told(time: Duration) -> String {
    let millis = time.as_secs_f64() * 1_000.0;
    if millis < 10.0 {
        format!("{millis:.2} ms")
    } else if millis < 10_000.0 {
        format!("{millis:.0} ms")
    } else {
        format!("{:.1} s", millis / 1_000.0)
    }
}

/// How many a second.
#[expect(clippy::cast_precision_loss, reason = "for people to read")]
pub fn rate(count: usize, time: Duration) -> f64 {
    count as f64 / time.as_secs_f64().max(f64::EPSILON)
}

/// How much longer one took than the other.
pub fn ratio(measured: Duration, limit: Duration) -> Option<f64> {
    (limit > Duration::ZERO).then(|| measured.as_secs_f64() / limit.as_secs_f64())
}
