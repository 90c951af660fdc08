//! How far the work on a song has come: heard from whoever does it, noted in the catalogue now and then, and said on the
//! bus in between.

use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bus::Bus;
use catalogue::progress::{Progress, Remark, Stage};
use catalogue::{Catalogue, Job};
use tokio::sync::watch;
use tokio::time::sleep;

/// Between two remarks on one song.
const PAUSE: Duration = Duration::from_millis(300);

/// How often it is noted, beside the beginning of each stage.
const NOTED_EVERY: Duration = Duration::from_secs(20);

/// What part of all the work a stage is: from this percent to that.
fn span(stage: Stage) -> (f64, f64) {
    match stage {
        Stage::Fetching => (0.0, 2.0),
        Stage::Measuring => (2.0, 10.0),
        Stage::Transcoding => (10.0, 85.0),
        Stage::Inspecting => (85.0, 93.0),
        Stage::Publishing => (93.0, 99.0),
    }
}

/// Who is told how far the work on one song has come. Cloning shares it.
#[derive(Debug, Clone)]
pub(crate) struct Reporter {
    told: Arc<watch::Sender<Option<Progress>>>,
    /// The stage that goes on, and since when.
    begun: Arc<Mutex<Option<(Stage, Instant)>>>,
}

impl Reporter {
    pub(crate) fn new() -> Self {
        let (told, _) = watch::channel(None);
        Self { told: Arc::new(told), begun: Arc::default() }
    }

    /// A stage begins, or goes on: so much of it is done, from 0 to 1, if that is known.
    pub(crate) fn tell(&self, stage: Stage, done: Option<f64>) {
        self.say(stage, done, None);
    }

    /// What the packager tells.
    pub(crate) fn packaging(&self, at: transcode::Progress) {
        let stage = match at.stage {
            transcode::Stage::Measure => Stage::Measuring,
            transcode::Stage::Encode => Stage::Transcoding,
            transcode::Stage::Describe | transcode::Stage::Inspect | transcode::Stage::Done => {
                return self.say(Stage::Inspecting, Some(0.0), None);
            }
        };
        let done = at.total.map(|total| at.done.seconds() / total.seconds().max(1e-3));
        self.say(stage, done, Some(at));
    }

    fn say(&self, stage: Stage, done: Option<f64>, at: Option<transcode::Progress>) {
        let elapsed = self.since(stage);
        let realtime_factor = at.map(|at| rounded(at.realtime_factor(elapsed)));
        let progress =
            Progress { stage, percent: done.map(|done| percent(stage, done)), realtime_factor };
        self.told.send_if_modified(|told| {
            let differs = *told != Some(progress);
            *told = Some(progress);
            differs
        });
    }

    /// For how long the stage has gone on.
    fn since(&self, stage: Stage) -> Duration {
        let mut begun = self.begun.lock().unwrap_or_else(PoisonError::into_inner);
        match &*begun {
            Some((going, since)) if *going == stage => since.elapsed(),
            _ => {
                *begun = Some((stage, Instant::now()));
                Duration::ZERO
            }
        }
    }

    /// Notes and says what is told, for as long as somebody waits for it.
    pub(crate) async fn report(
        &self,
        catalogue: &Catalogue,
        bus: Option<&Bus>,
        job: &Job,
    ) -> Infallible {
        let (mut told, mut noted) = (self.told.subscribe(), None::<(Stage, Instant)>);
        // Something may have been told before.
        told.mark_changed();
        loop {
            // The sender is ours.
            let _ = told.changed().await;
            let Some(progress) = *told.borrow_and_update() else { continue };
            let is_noted = noted
                .is_some_and(|(stage, at)| stage == progress.stage && at.elapsed() < NOTED_EVERY);
            if !is_noted {
                noted = Some((progress.stage, Instant::now()));
                if let Err(error) = catalogue.progress().note(job, &progress).await {
                    tracing::debug!(%error, "progress is not noted");
                }
            }
            if let Some(bus) = bus {
                let remark = Remark { song: job.song, attempt: job.attempt, progress };
                if let Ok(body) = serde_json::to_value(remark) {
                    bus.remark(body).await;
                }
            }
            sleep(PAUSE).await;
        }
    }
}

/// How much of all the work is done.
fn percent(stage: Stage, done: f64) -> u8 {
    let (from, to) = span(stage);
    (from + (to - from) * done.clamp(0.0, 1.0)) as u8
}

/// To a tenth: what is finer tells nobody anything.
fn rounded(factor: f64) -> f64 {
    (factor * 10.0).round() / 10.0
}

#[cfg(test)]
mod tests {
    use media::Samples;

    use super::*;

    #[test]
    fn percents_never_go_back_and_the_whole_is_never_reached() {
        let reporter = Reporter::new();
        let mut last = 0;
        let mut told = |stage| {
            let now = reporter.told.borrow().expect("told");
            assert_eq!(now.stage, stage);
            let percent = now.percent.expect("known");
            assert!(percent >= last && percent < 100, "{percent} after {last}");
            last = percent;
        };
        reporter.tell(Stage::Fetching, Some(0.0));
        told(Stage::Fetching);
        let total = Some(Samples(1_000));
        for (stage, done, of) in [
            (transcode::Stage::Measure, 0, Stage::Measuring),
            (transcode::Stage::Measure, 1_000, Stage::Measuring),
            (transcode::Stage::Encode, 0, Stage::Transcoding),
            (transcode::Stage::Encode, 500, Stage::Transcoding),
            // A header may promise too little.
            (transcode::Stage::Encode, 2_000, Stage::Transcoding),
            (transcode::Stage::Describe, 2_000, Stage::Inspecting),
            (transcode::Stage::Inspect, 2_000, Stage::Inspecting),
            (transcode::Stage::Done, 2_000, Stage::Inspecting),
        ] {
            reporter.packaging(transcode::Progress { stage, done: Samples(done), total });
            told(of);
        }
        for done in [0.0, 0.5, 1.0] {
            reporter.tell(Stage::Publishing, Some(done));
            told(Stage::Publishing);
        }
        let unknown =
            transcode::Progress { stage: transcode::Stage::Encode, done: Samples(9), total: None };
        reporter.packaging(unknown);
        assert_eq!(reporter.told.borrow().expect("told").percent, None);
    }
}
