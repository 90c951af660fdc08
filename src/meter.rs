//! How far the songs have come, on stderr: a bar each and one for all on a terminal, plain lines
//! elsewhere.

use std::io::{self, IsTerminal, Write};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use transcode::{Progress, Stage};

use crate::shown::Shown;

/// All bars.
#[derive(Debug)]
pub(crate) struct Board {
    /// `None` where stderr is no terminal.
    bars: Option<Bars>,
}

#[derive(Debug)]
struct Bars {
    all: MultiProgress,
    total: ProgressBar,
}

impl Board {
    /// A board for so many files.
    pub(crate) fn of(files: usize) -> Self {
        let bars = io::stderr().is_terminal().then(|| {
            let all = MultiProgress::new();
            let total =
                all.add(bar("{prefix} {bar:30} {pos}/{len} files, {elapsed}", files as u64));
            total.set_prefix("total");
            total.enable_steady_tick(Duration::from_secs(1));
            Bars { all, total }
        });
        Self { bars }
    }

    /// A meter for one file; its bar goes away with it.
    pub(crate) fn song(&self, file: &Path) -> Meter {
        let name = Shown(file.file_name().unwrap_or(file.as_os_str()).display()).to_string();
        let bar = self.bars.as_ref().map(|bars| {
            let bar = bar("{prefix} {bar:30} {percent:>3} % {msg}", 100).with_prefix(name.clone());
            bars.all.insert_before(&bars.total, bar)
        });
        Meter {
            name,
            started: Instant::now(),
            bar,
            stage: Mutex::default(),
            moved: AtomicU64::new(0),
        }
    }

    /// One more file is done with.
    pub(crate) fn done(&self) {
        if let Some(bars) = &self.bars {
            bars.total.inc(1);
        }
    }

    /// Writes to the terminal without a bar getting in the way.
    pub(crate) fn aside<T>(&self, write: impl FnOnce() -> T) -> T {
        match &self.bars {
            Some(bars) => bars.all.suspend(write),
            None => write(),
        }
    }
}

impl Drop for Board {
    fn drop(&mut self) {
        if let Some(bars) = &self.bars {
            bars.total.finish_and_clear();
        }
    }
}

/// Shows one file's progress.
#[derive(Debug)]
pub(crate) struct Meter {
    name: String,
    started: Instant,
    bar: Option<ProgressBar>,
    stage: Mutex<Option<&'static str>>,
    moved: AtomicU64,
}

impl Meter {
    /// Shows a moment of the packaging.
    pub(crate) fn show(&self, progress: Progress) {
        if let Some(bar) = &self.bar {
            let factor = progress.realtime_factor(self.started.elapsed());
            bar.set_position(u64::from(progress.percent().unwrap_or(0)));
            bar.set_message(format!("{}, {factor:.1} x realtime", progress.stage.name()));
        } else if progress.stage != Stage::Done {
            self.say(progress.stage.name());
        }
    }

    /// Shows that so many more bytes, of all that there are, have been moved in this stage.
    pub(crate) fn moved(&self, stage: &'static str, bytes: u64, of: u64) {
        let moved = self.moved.fetch_add(bytes, Ordering::Relaxed) + bytes;
        if let Some(bar) = &self.bar {
            bar.set_position((moved * 100).checked_div(of).unwrap_or(100));
            bar.set_message(format!("{stage}, {:.1} MB", moved as f64 / 1e6));
        } else {
            self.say(stage);
        }
    }

    /// Says a stage when it begins.
    pub(crate) fn say(&self, stage: &'static str) {
        if let Some(bar) = &self.bar {
            return bar.set_message(stage);
        }
        let mut last = self.stage.lock().unwrap_or_else(PoisonError::into_inner);
        if last.replace(stage) != Some(stage) {
            // Progress that nobody can read is no reason to stop.
            drop(writeln!(io::stderr(), "{}: {stage}", self.name));
        }
    }
}

impl Drop for Meter {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

fn bar(template: &str, length: u64) -> ProgressBar {
    let style =
        ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(length).with_style(style)
}
