//! Whose turn it is: start-time fair queueing (Goyal, Vin and Cheng, SIGCOMM 1996), where every job costs the same.
//!
//! The queue's own time is the turn of the latest job that was begun. A job that is put in gets a turn that stays: now, by
//! that time, or one behind its owner's last, whichever is later. So the first job of somebody who has none stands before
//! the second that others have waiting, and who brings a thousand waits for a thousand turns. Two that are put in for one owner
//! at the very same moment may share a turn; the older of them is first.

use media::{SongId, UserId};
use uuid::Uuid;

use crate::error::CatalogueError;
use crate::source::Source;
use crate::statement::sql;
use crate::write::Write;

/// Which jobs come first, whatever their turns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Priority {
    /// Somebody waits for it: an upload.
    Waiting,
    /// Nobody does: a song that is packaged anew with many others.
    Bulk,
}

impl Priority {
    pub(super) fn number(self) -> u32 {
        match self {
            Self::Waiting => 0,
            Self::Bulk => 1,
        }
    }

    pub(super) fn of(number: u32) -> Self {
        if number == 0 { Self::Waiting } else { Self::Bulk }
    }

    /// A word for people and machines.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Bulk => "bulk",
        }
    }
}

/// Puts a job for the song into the queue, which counts for `owner`.
pub(crate) async fn put_in(
    write: &mut Write,
    song: SongId,
    owner: UserId,
    priority: Priority,
) -> Result<(), CatalogueError> {
    let turn = next_turn(write, owner, priority).await?;
    let statement = sql("INSERT INTO jobs (id, song_id, owner_id, priority, turn, state, attempts,
                                           created_ms, updated_ms)
         VALUES ($1, $2, $3, $4, $5, 'open', 0, $6, $6)")
    .bind(Uuid::now_v7())
    .bind(song)
    .bind(owner)
    .bind(priority.number())
    .bind(turn)
    .bind(write.now_ms());
    write.execute(statement).await.map(|_| ())
}

/// The turn that a job of the owner's gets when it is put in now.
pub(super) async fn next_turn(
    write: &mut Write,
    owner: UserId,
    priority: Priority,
) -> Result<i64, CatalogueError> {
    let find =
        sql("SELECT (SELECT MAX(turn) FROM jobs WHERE priority = $1 AND attempts > 0) AS present,
                (SELECT MAX(turn) FROM jobs WHERE owner_id = $2 AND priority = $1) AS last");
    let row = write.one(find.bind(priority.number()).bind(owner)).await?;
    let (present, last): (Option<i64>, Option<i64>) = (row.get("present")?, row.get("last")?);
    Ok(present.unwrap_or(0).max(last.map_or(0, |last| last + 1)))
}
