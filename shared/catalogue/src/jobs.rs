//! The durable queue: leased jobs. A worker that dies loses its lease, and another takes the job.
//!
//! Reading order: [`Jobs`] (what workers do), `completion` (what comes of it), `standing` (what else it makes of the song), `turn` (whose turn it is),
//! `time` (what time it is), [`bound`] (how many there may be), [`desk`] (what an operator sees and does).

pub mod bound;
mod completion;
pub mod desk;
pub(crate) mod standing;
mod time;
mod turn;

use std::time::Duration;

use media::{JobId, MasterHash, SongId};
use uuid::Uuid;

use self::desk::State;
use crate::catalogue::Catalogue;
use crate::error::CatalogueError;
use crate::source::Source;
use crate::statement::{sql, sql_each};
use crate::write::Write;

pub use self::completion::Packaged;
pub(crate) use self::time::DatabaseTime;
pub use self::turn::Priority;
pub(crate) use self::turn::{NewJob, put_in};

/// How often a job is tried before the song fails.
pub const MOST_ATTEMPTS: u32 = 5;

const FIRST_DELAY: Duration = Duration::from_secs(2);
const LONGEST_DELAY: Duration = Duration::from_secs(300);
const KEEPS_DYING: &str = "Segue stopped again and again while it worked on this song. \
    The file may be damaged; export it anew and upload it again.";

/// What an operator reads of such a job.
const WORKERS_DIED: &str = "its workers died, or lost their leases, as often as it may be tried";

/// A job that a worker holds. The lease is of this one claim: whoever lost it cannot renew it, nor
/// finish the job, even if it is the same worker that claimed it again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Job {
    /// Which.
    pub id: JobId,
    /// The song to package.
    pub song: SongId,
    /// The master to package it from, which becomes the song's when that is done.
    pub master: MasterHash,
    /// How many times it was claimed, this time included.
    pub attempt: u32,
    lease: Uuid,
}

impl Job {
    /// What says that it is still held.
    pub(crate) fn lease(&self) -> Uuid {
        self.lease
    }
}

/// What became of an attempt that did not work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Attempt {
    /// It is tried again after this delay.
    Again(Duration),
    /// That was the last one.
    Last,
}

/// Takes the open job whose turn it is.
macro_rules! take_next {
    ($locked:literal) => {
        concat!(
            "UPDATE jobs SET lease = $1, due_ms = $2, attempts = attempts + 1, updated_ms = $3
             WHERE id = (SELECT id FROM jobs WHERE state = 'open' AND due_ms IS NULL
                         ORDER BY priority, turn, id LIMIT 1 ",
            $locked,
            ") RETURNING id, song_id, master, attempts"
        )
    };
}

/// Lets jobs be taken whose lease has ended, or whose rest is over. Whoever held one has it until somebody takes it.
macro_rules! wake {
    ($locked:literal) => {
        concat!(
            "UPDATE jobs SET due_ms = NULL
             WHERE id IN (SELECT id FROM jobs WHERE state = 'open' AND due_ms <= $1 ",
            $locked,
            ")"
        )
    };
}

/// The queue in a catalogue.
#[derive(Debug)]
pub struct Jobs<'a>(&'a Catalogue);

impl<'a> Jobs<'a> {
    pub(crate) fn new(catalogue: &'a Catalogue) -> Self {
        Self(catalogue)
    }

    /// Takes the job whose turn it is, for the length of `lease`; its song is then processing.
    /// Of a smaller [`Priority`] all come first; within one, owners are served in turn. Parks jobs whose workers died
    /// [`MOST_ATTEMPTS`] times.
    ///
    /// # Errors
    /// The database failed.
    pub async fn claim(&self, lease: Duration) -> Result<Option<Job>, CatalogueError> {
        loop {
            let mut write = self.0.write().await?;
            let Some(job) = self.take_next(&mut write, lease).await? else { return Ok(None) };
            let worn_out = job.attempt > MOST_ATTEMPTS;
            if worn_out {
                self.give_up(&mut write, &job, State::Parked, WORKERS_DIED, KEEPS_DYING).await?;
            } else {
                standing::set(&mut write, job.song, "processing", None).await?;
            }
            write.commit().await?;
            if !worn_out {
                return Ok(Some(job));
            }
        }
    }

    /// Holds the job for another `lease` from now.
    ///
    /// # Errors
    /// [`CatalogueError::LeaseLost`] where somebody else took it.
    pub async fn renew(&self, job: &Job, lease: Duration) -> Result<(), CatalogueError> {
        let mut write = self.0.write().await?;
        let due = Some(self.after(&mut write, lease).await?);
        self.reschedule(&mut write, job, Some(job.lease), due, None).await?;
        write.commit().await
    }

    /// Fails the job and its song for good. `reason` is for the artist.
    ///
    /// # Errors
    /// [`CatalogueError::LeaseLost`] where somebody else took it.
    pub async fn fail(&self, job: &Job, reason: &str) -> Result<(), CatalogueError> {
        let mut write = self.0.write().await?;
        self.give_up(&mut write, job, State::Failed, reason, reason).await?;
        write.commit().await
    }

    /// Puts the job back after a fault that may pass, to be tried again later, each time after a
    /// longer delay; after the last attempt the job is parked with `error`, and the song fails with `reason`.
    ///
    /// # Errors
    /// [`CatalogueError::LeaseLost`] where somebody else took it.
    pub async fn retry(
        &self,
        job: &Job,
        error: &str,
        reason: &str,
    ) -> Result<Attempt, CatalogueError> {
        let mut write = self.0.write().await?;
        if job.attempt >= MOST_ATTEMPTS {
            self.give_up(&mut write, job, State::Parked, error, reason).await?;
            write.commit().await?;
            return Ok(Attempt::Last);
        }
        let delay = delay_after(job.attempt);
        let due = Some(self.after(&mut write, delay).await?);
        self.reschedule(&mut write, job, None, due, Some(error)).await?;
        standing::set(&mut write, job.song, "queued", None).await?;
        write.commit().await?;
        Ok(Attempt::Again(delay))
    }

    /// Puts the job back untouched, for a worker that is told to stop: the attempt does not count.
    ///
    /// # Errors
    /// [`CatalogueError::LeaseLost`] where somebody else took it.
    pub async fn hand_back(&self, job: &Job) -> Result<(), CatalogueError> {
        let mut write = self.0.write().await?;
        self.reschedule(&mut write, job, None, None, None).await?;
        let statement = sql("UPDATE jobs SET attempts = attempts - 1 WHERE id = $1");
        write.execute(statement.bind(job.id)).await?;
        standing::set(&mut write, job.song, "queued", None).await?;
        write.commit().await
    }

    /// Ends every lease at once. Only for a process that knows itself alone on its database: all
    /// holders are then dead. Answers how many jobs that freed.
    ///
    /// # Errors
    /// The database failed.
    pub async fn take_over(&self) -> Result<u64, CatalogueError> {
        let mut write = self.0.write().await?;
        let statement = sql("UPDATE jobs SET lease = NULL, due_ms = NULL, updated_ms = $1
                             WHERE state = 'open' AND due_ms IS NOT NULL AND lease IS NOT NULL");
        let freed = write.execute(statement.bind(self.0.now_ms())).await?;
        write.commit().await?;
        Ok(freed)
    }

    async fn take_next(
        &self,
        write: &mut Write,
        lease: Duration,
    ) -> Result<Option<Job>, CatalogueError> {
        let lease_id = Uuid::now_v7();
        // Several workers of PostgreSQL ask at once: each passes over what another is about to take.
        let wake = sql_each(wake!(""), wake!("FOR UPDATE SKIP LOCKED"));
        let now = self.0.database_time().now_ms(write).await?;
        write.execute(wake.bind(now)).await?;
        let statement = sql_each(take_next!(""), take_next!("FOR UPDATE SKIP LOCKED"))
            .bind(lease_id)
            .bind(now.saturating_add(milliseconds(lease)))
            .bind(self.0.now_ms());
        let Some(row) = write.optional(statement).await? else { return Ok(None) };
        Ok(Some(Job {
            id: row.get("id")?,
            song: row.get("song_id")?,
            master: row.parse("master")?,
            attempt: row.get("attempts")?,
            lease: lease_id,
        }))
    }

    async fn reschedule(
        &self,
        write: &mut Write,
        job: &Job,
        lease: Option<Uuid>,
        due_ms: Option<i64>,
        error: Option<&str>,
    ) -> Result<(), CatalogueError> {
        let statement = sql("UPDATE jobs SET lease = $1, due_ms = $2, updated_ms = $3,
                             last_error = COALESCE($4, last_error)
             WHERE id = $5 AND lease = $6 AND state = 'open'")
        .bind(lease)
        .bind(due_ms)
        .bind(self.0.now_ms())
        .bind(error)
        .bind(job.id)
        .bind(job.lease);
        held(write.execute(statement).await?)
    }

    async fn close(
        &self,
        write: &mut Write,
        job: &Job,
        state: State,
        error: Option<&str>,
        reason: Option<&str>,
    ) -> Result<(), CatalogueError> {
        let statement = sql("UPDATE jobs SET state = $1, lease = NULL, due_ms = NULL,
                                 updated_ms = $2, last_error = $3, reason = $4
             WHERE id = $5 AND lease = $6 AND state = 'open'")
        .bind(state.column())
        .bind(self.0.now_ms())
        .bind(error)
        .bind(reason)
        .bind(job.id)
        .bind(job.lease);
        held(write.execute(statement).await?)
    }

    /// `error` is for whoever operates Segue, `reason` for the artist.
    async fn give_up(
        &self,
        write: &mut Write,
        job: &Job,
        state: State,
        error: &str,
        reason: &str,
    ) -> Result<(), CatalogueError> {
        self.close(write, job, state, Some(error), Some(reason)).await?;
        standing::fail(write, job.song, reason).await
    }

    /// By the database's clock.
    async fn after(&self, write: &mut Write, delay: Duration) -> Result<i64, CatalogueError> {
        let now = self.0.database_time().now_ms(write).await?;
        Ok(now.saturating_add(milliseconds(delay)))
    }
}

/// No further is counted: who waits behind so many waits for long.
const FARTHEST: u32 = 1_000;

/// The place in the queue, from 1 to [`FARTHEST`], of an open job that nobody holds: how many are taken before it, in the
/// order of `claim`.
pub(crate) async fn position(
    from: &mut impl Source,
    job: Uuid,
) -> Result<Option<u64>, CatalogueError> {
    let turn = sql("SELECT priority, turn FROM jobs
                    WHERE id = $1 AND state = 'open' AND lease IS NULL");
    let Some(turn) = from.optional(turn.bind(job)).await? else { return Ok(None) };
    let ahead = sql("SELECT id FROM jobs
         WHERE state = 'open' AND due_ms IS NULL AND (priority, turn, id) < ($1, $2, $3) LIMIT $4");
    let ahead = ahead.bind(turn.get::<i64>("priority")?).bind(turn.get::<i64>("turn")?);
    let ahead = from.all(ahead.bind(job).bind(FARTHEST - 1)).await?;
    Ok(Some(ahead.len() as u64 + 1))
}

fn milliseconds(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
}

fn held(rows: u64) -> Result<(), CatalogueError> {
    if rows == 0 { Err(CatalogueError::LeaseLost) } else { Ok(()) }
}

/// Doubles from [`FIRST_DELAY`] up to [`LONGEST_DELAY`].
fn delay_after(attempt: u32) -> Duration {
    FIRST_DELAY.saturating_mul(1 << attempt.saturating_sub(1).min(16)).min(LONGEST_DELAY)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_double_up_to_a_bound() {
        let delays: Vec<u64> = (1..=4).map(|attempt| delay_after(attempt).as_secs()).collect();
        assert_eq!(delays, [2, 4, 8, 16]);
        assert_eq!(delay_after(40), LONGEST_DELAY);
    }
}
