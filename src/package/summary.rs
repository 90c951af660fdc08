//! What became of all files: a table and a line of sums.

use std::fmt;
use std::time::Duration;

use super::outcome::{Outcome, State};
use crate::shown::Shown;

/// The widest name that is written in full, in characters.
const WIDEST: usize = 48;

/// The sums so far.
#[derive(Debug, Default)]
pub(crate) struct Summary {
    rows: Vec<Row>,
    failed: usize,
    skipped: usize,
    stopped: usize,
    /// Seconds of sound that were packaged.
    seconds: f64,
}

#[derive(Debug)]
struct Row {
    name: String,
    seconds: Option<f64>,
    factor: Option<f64>,
    state: String,
}

impl Summary {
    /// One more file.
    pub(crate) fn add(&mut self, outcome: &Outcome<'_>) {
        let (mut seconds, mut factor) = (outcome.state.seconds(), None);
        let state = match &outcome.state {
            State::Packaged { elapsed, .. } => {
                self.seconds += seconds.unwrap_or_default();
                factor = seconds.map(|it| it / elapsed.as_secs_f64().max(1e-3));
                "packaged".to_owned()
            }
            State::AlreadyPackaged { .. } => "already packaged".to_owned(),
            State::Planned { .. } => "would be packaged".to_owned(),
            State::Skipped => {
                self.skipped += 1;
                return;
            }
            State::Stopped => {
                self.stopped += 1;
                return;
            }
            State::Failed(failure) => {
                self.failed += 1;
                seconds = None;
                format!("failed: {}", Shown(failure))
            }
        };
        let name = outcome.file.file_name().unwrap_or(outcome.file.as_os_str());
        self.rows.push(Row {
            name: shortened(&Shown(name.to_string_lossy()).to_string()),
            seconds,
            factor,
            state,
        });
    }

    /// Whether nothing failed.
    pub(crate) fn is_clean(&self) -> bool {
        self.failed == 0
    }

    /// The table, for a run that took so long.
    pub(crate) fn over(&self, elapsed: Duration) -> Table<'_> {
        Table { summary: self, elapsed }
    }
}

/// What a person reads at the end. One song is its own summary.
#[derive(Debug)]
pub(crate) struct Table<'a> {
    summary: &'a Summary,
    elapsed: Duration,
}

impl fmt::Display for Table<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Summary { rows, failed, skipped, stopped, seconds } = self.summary;
        if rows.len() > 1 {
            let width = rows.iter().map(|row| row.name.chars().count()).max().unwrap_or(0);
            writeln!(f, "\n{:<width$}  {:>9}  {:>10}", "song", "length", "x realtime")?;
            for row in rows {
                let length = row.seconds.map(clock).unwrap_or_default();
                let factor = row.factor.map(|it| format!("{it:.1}")).unwrap_or_default();
                writeln!(f, "{:<width$}  {length:>9}  {factor:>10}  {}", row.name, row.state)?;
            }
            let took = self.elapsed.as_secs_f64();
            let count = |state: &str| rows.iter().filter(|row| row.state == state).count();
            let (packaged, planned) = (count("packaged"), count("would be packaged"));
            let made = if planned > 0 {
                format!("{planned} to be packaged")
            } else {
                let factor = seconds / took.max(1e-3);
                format!(
                    "{packaged} packaged ({} of sound at {factor:.1} x realtime)",
                    clock(*seconds)
                )
            };
            writeln!(f, "{made}, {} already packaged, {failed} failed", count("already packaged"))?;
        }
        if *skipped > 0 {
            let files = if *skipped == 1 { "1 file was" } else { &format!("{skipped} files were") };
            writeln!(f, "{files} left alone: no audio")?;
        }
        if *stopped > 0 {
            writeln!(f, "{stopped} not packaged: stopped before")?;
        }
        Ok(())
    }
}

/// Minutes and seconds.
fn clock(seconds: f64) -> String {
    let whole = seconds.round() as u64;
    match (whole / 3600, whole / 60 % 60, whole % 60) {
        (0, minutes, seconds) => format!("{minutes}:{seconds:02}"),
        (hours, minutes, seconds) => format!("{hours}:{minutes:02}:{seconds:02}"),
    }
}

fn shortened(name: &str) -> String {
    if name.chars().count() <= WIDEST {
        return name.to_owned();
    }
    let kept: String = name.chars().take(WIDEST - 1).collect();
    format!("{kept}…")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_told_as_on_a_sleeve() {
        assert_eq!(clock(0.4), "0:00");
        assert_eq!(clock(209.6), "3:30");
        assert_eq!(clock(43_205.0), "12:00:05");
        assert_eq!(shortened(&"ä".repeat(60)).chars().count(), WIDEST);
    }
}
