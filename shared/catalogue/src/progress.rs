//! How far the work on a song has come: what its worker notes now and then, and says in between.

use std::fmt;
use std::str::FromStr;

use media::{SongId, UserId};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::catalogue::Catalogue;
use crate::error::CatalogueError;
use crate::jobs::{Job, position};
use crate::row::Row;
use crate::song::SongState;
use crate::source::Source;
use crate::statement::sql;

/// What a worker does with a song, in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Stage {
    /// The master comes from the store.
    Fetching,
    /// It is heard once, since its loudness is to change.
    Measuring,
    /// It is decoded, and all renditions are made.
    Transcoding,
    /// What was made is read back and checked.
    Inspecting,
    /// It goes to the store.
    Publishing,
}

const STAGES: [Stage; 5] =
    [Stage::Fetching, Stage::Measuring, Stage::Transcoding, Stage::Inspecting, Stage::Publishing];

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Fetching => "fetching",
            Self::Measuring => "measuring",
            Self::Transcoding => "transcoding",
            Self::Inspecting => "inspecting",
            Self::Publishing => "publishing",
        })
    }
}

/// Not such a stage.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is no stage of the work on a song")]
pub struct UnknownStage(String);

impl FromStr for Stage {
    type Err = UnknownStage;

    fn from_str(text: &str) -> Result<Self, UnknownStage> {
        let found = STAGES.into_iter().find(|stage| stage.to_string() == text);
        found.ok_or_else(|| UnknownStage(text.to_owned()))
    }
}

/// How far the work has come.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Progress {
    /// What is being done.
    pub stage: Stage,
    /// How much of all the work is done, from 0 to 99; nothing where the song's length is not known.
    pub percent: Option<u8>,
    /// Seconds of the song for each second of work, while it is measured or transcoded.
    pub realtime_factor: Option<f64>,
}

/// What a worker says of a song between two notes.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Remark {
    /// Which song.
    pub song: SongId,
    /// Which attempt at it.
    pub attempt: u32,
    /// How far it has come.
    pub progress: Progress,
}

/// Where a song stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Standing {
    /// How far it has come.
    pub state: SongState,
    /// Why it failed.
    pub failure: Option<String>,
    /// Whose it is.
    pub uploader: UserId,
    /// Its place in the queue from 1, where it waits for its turn; the thousandth stands for all behind it.
    pub position: Option<u64>,
    /// The number of the attempt at it that goes on.
    pub attempt: Option<u32>,
    /// What its worker noted last of that attempt.
    pub progress: Option<Progress>,
}

/// The progress of songs in a catalogue.
#[derive(Debug)]
pub struct Progresses<'a>(&'a Catalogue);

impl<'a> Progresses<'a> {
    pub(crate) fn new(catalogue: &'a Catalogue) -> Self {
        Self(catalogue)
    }

    /// Notes how far the work on a job has come. Nothing is noted for who has lost it.
    ///
    /// # Errors
    /// The database failed.
    pub async fn note(&self, job: &Job, progress: &Progress) -> Result<(), CatalogueError> {
        let mut write = self.0.write().await?;
        let statement = sql("UPDATE jobs SET noted_attempt = $1, stage = $2, percent = $3,
                 realtime_factor = $4
             WHERE id = $5 AND lease = $6 AND state = 'open'")
        .bind(job.attempt)
        .bind(progress.stage.to_string())
        .bind(progress.percent.map(u32::from))
        .bind(progress.realtime_factor)
        .bind(job.id)
        .bind(job.lease());
        write.execute(statement).await?;
        write.commit().await
    }

    /// Where a song stands; `None` where there is none.
    ///
    /// # Errors
    /// The database failed.
    pub async fn of(&self, song: SongId) -> Result<Option<Standing>, CatalogueError> {
        let statement = sql("SELECT s.state, s.failure, s.uploader_id, j.id AS job, j.lease,
                 j.attempts, j.noted_attempt, j.stage, j.percent, j.realtime_factor
             FROM songs s LEFT JOIN jobs j ON j.song_id = s.id AND j.state = 'open'
             WHERE s.id = $1 ORDER BY j.id DESC LIMIT 1");
        let mut read = self.0.read();
        let Some(row) = read.optional(statement.bind(song)).await? else { return Ok(None) };
        let (job, lease): (Option<Uuid>, Option<Uuid>) = (row.get("job")?, row.get("lease")?);
        let position = match (job, lease) {
            (Some(job), None) => position(&mut read, job).await?,
            _ => None,
        };
        let attempt = if lease.is_some() { row.get("attempts")? } else { None };
        Ok(Some(Standing {
            state: row.parse("state")?,
            failure: row.get("failure")?,
            uploader: row.get("uploader_id")?,
            position,
            attempt,
            progress: noted(&row, attempt)?,
        }))
    }
}

/// What was noted of that attempt.
fn noted(row: &Row, attempt: Option<u32>) -> Result<Option<Progress>, CatalogueError> {
    let of: Option<u32> = row.get("noted_attempt")?;
    let stage = row.parse_optional("stage")?.filter(|_| attempt.is_some() && of == attempt);
    let Some(stage) = stage else { return Ok(None) };
    let percent = row.get::<Option<u16>>("percent")?.and_then(|percent| percent.try_into().ok());
    Ok(Some(Progress { stage, percent, realtime_factor: row.get("realtime_factor")? }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stages_read_back_as_they_are_written() {
        for stage in STAGES {
            assert_eq!(stage.to_string().parse(), Ok(stage));
            assert_eq!(serde_json::to_value(stage).expect("JSON"), stage.to_string());
        }
        assert!("dancing".parse::<Stage>().is_err());
    }
}
