//! How far a file has come, on stderr: a bar on a terminal, plain lines elsewhere.

use std::io::{self, IsTerminal, Write};
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use indicatif::{ProgressBar, ProgressStyle};
use transcode::{Progress, Stage};

/// Shows one file's progress; the bar goes away with it.
pub(crate) struct Meter {
    name: String,
    started: Instant,
    /// `None` where stderr is no terminal.
    bar: Option<ProgressBar>,
    stage: Mutex<Option<Stage>>,
}

impl Meter {
    pub(crate) fn new(file: &Path) -> Self {
        let name = file.file_name().unwrap_or(file.as_os_str()).to_string_lossy().into_owned();
        let bar = io::stderr().is_terminal().then(|| bar(&name));
        Self { name, started: Instant::now(), bar, stage: Mutex::new(None) }
    }

    /// Shows a moment of the work.
    pub(crate) fn show(&self, progress: Progress) {
        if let Some(bar) = &self.bar {
            let factor = progress.realtime_factor(self.started.elapsed());
            bar.set_position(u64::from(progress.percent().unwrap_or(0)));
            bar.set_message(format!("{}, {factor:.1} x realtime", progress.stage.name()));
        } else if self.is_new(progress.stage) && progress.stage != Stage::Done {
            // Progress that nobody can read is no reason to stop.
            drop(writeln!(io::stderr(), "{}: {}", self.name, progress.stage.name()));
        }
    }

    fn is_new(&self, stage: Stage) -> bool {
        let mut last = self.stage.lock().unwrap_or_else(PoisonError::into_inner);
        last.replace(stage) != Some(stage)
    }
}

impl Drop for Meter {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

fn bar(name: &str) -> ProgressBar {
    let style = ProgressStyle::with_template("{prefix} {bar:30} {percent:>3} % {msg}")
        .unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(100).with_style(style).with_prefix(name.to_owned())
}
