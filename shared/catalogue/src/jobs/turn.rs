//! Whose turn it is: start-time fair queueing (Goyal, Vin and Cheng, SIGCOMM 1996), where every job costs the same.
//!
//! The queue's own time is the turn of the latest job that was begun. A job that is put in gets a turn that stays: now, by
//! that time, or one behind its owner's last, whichever is later. So the first job of somebody who has none stands before
//! the second that others have waiting, and who brings a thousand waits for a thousand turns. Two that are put in for one owner
//! at the very same moment may share a turn; the older of them is first.

use media::{MasterHash, SongId, UserId};
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

    pub(crate) fn of(number: u32) -> Self {
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

/// A job that is put into the queue.
#[derive(Debug, Clone, Copy)]
pub(crate) struct NewJob<'a> {
    pub(crate) song: SongId,
    /// For whom it counts.
    pub(crate) owner: UserId,
    pub(crate) priority: Priority,
    /// What it packages.
    pub(crate) master: &'a MasterHash,
    /// What that was called when it was uploaded.
    pub(crate) file_name: &'a str,
}

/// Puts a job into the queue.
pub(crate) async fn put_in(write: &mut Write, new: &NewJob<'_>) -> Result<(), CatalogueError> {
    let turn = next_turn(write, new.owner, new.priority).await?;
    let statement = sql("INSERT INTO jobs (id, song_id, owner_id, priority, turn, state, attempts,
                                           created_ms, updated_ms, master, file_name)
         VALUES ($1, $2, $3, $4, $5, 'open', 0, $6, $6, $7, $8)")
    .bind(Uuid::now_v7())
    .bind(new.song)
    .bind(new.owner)
    .bind(new.priority.number())
    .bind(turn)
    .bind(write.now_ms())
    .bind(new.master.to_string())
    .bind(new.file_name);
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
