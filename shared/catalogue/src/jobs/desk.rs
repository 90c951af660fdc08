//! What an operator sees of the queue, and does: jobs are put back, and called off. Whatever is done twice is done once.

use std::str::FromStr;

use media::{JobId, SongId, UserId};
use uuid::Uuid;

use super::turn::next_turn;
use super::{Jobs, Priority, standing};
use crate::error::CatalogueError;
use crate::row::Row;
use crate::source::Source;
use crate::statement::sql;
use crate::write::Write;

/// What the artist reads of a song whose job was called off.
const CANCELLED: &str = "the upload was cancelled";

/// What has become of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// It waits for its turn.
    Queued,
    /// It is tried again after a while.
    Delayed,
    /// A worker has it.
    Running,
    /// Its song was packaged.
    Done,
    /// Its master cannot be packaged.
    Failed,
    /// It was tried in vain, for no known fault of its master, until somebody puts it back.
    Parked,
    /// Somebody called it off.
    Cancelled,
}

impl State {
    /// All of them, in the order of a job's life.
    pub const ALL: [Self; 7] = [
        Self::Queued,
        Self::Delayed,
        Self::Running,
        Self::Done,
        Self::Failed,
        Self::Parked,
        Self::Cancelled,
    ];

    /// A word for people and machines.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Delayed => "delayed",
            Self::Running => "running",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Parked => "parked",
            Self::Cancelled => "cancelled",
        }
    }

    /// Whether it is not over.
    #[must_use]
    pub fn is_open(self) -> bool {
        matches!(self, Self::Queued | Self::Delayed | Self::Running)
    }

    /// What stands in the row.
    pub(super) fn column(self) -> &'static str {
        if self.is_open() { "open" } else { self.name() }
    }

    fn condition(self) -> &'static str {
        match self {
            Self::Queued => " AND j.due_ms IS NULL",
            Self::Delayed => " AND j.due_ms IS NOT NULL AND j.lease IS NULL",
            Self::Running => " AND j.due_ms IS NOT NULL AND j.lease IS NOT NULL",
            _ => "",
        }
    }
}

/// Not a state of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("accepted are queued, delayed, running, done, failed, parked and cancelled")]
pub struct UnknownState;

impl FromStr for State {
    type Err = UnknownState;

    fn from_str(text: &str) -> Result<Self, UnknownState> {
        Self::ALL.into_iter().find(|state| state.name() == text).ok_or(UnknownState)
    }
}

/// A job, as an operator sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Which.
    pub id: JobId,
    /// The song that it packages.
    pub song: SongId,
    /// The song's title.
    pub title: String,
    /// For whom it counts.
    pub owner: UserId,
    /// Their name here; none where they have no account any more.
    pub owner_name: Option<String>,
    /// What has become of it.
    pub state: State,
    /// Which jobs come first.
    pub priority: Priority,
    /// How many times it was begun.
    pub attempts: u32,
    /// What went wrong last, for whoever operates Segue.
    pub last_error: Option<String>,
    /// When it was put in, in milliseconds since 1970.
    pub created_ms: u64,
    /// When something last became of it, in milliseconds since 1970.
    pub updated_ms: u64,
    /// Until when it is held or rests, in milliseconds since 1970.
    pub due_ms: Option<u64>,
}

/// Which jobs are looked at: those that pass all that is said.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// In that state.
    pub state: Option<State>,
    /// That count for them.
    pub owner: Option<UserId>,
    /// Of that song.
    pub song: Option<SongId>,
}

/// What came of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// It was done.
    Done,
    /// The job was as ordered already.
    Idle,
    /// The job is over: [`State::Done`] cannot be put back, and what is not open cannot be called off.
    TooLate(State),
    /// There is no such job.
    Unknown,
}

/// A job with what it is shown with.
macro_rules! entries {
    () => {
        "SELECT j.id, j.song_id, j.owner_id, j.state, j.priority, j.attempts, j.due_ms, j.lease,
                j.last_error, j.created_ms, j.updated_ms, s.title, u.username
         FROM jobs j JOIN songs s ON s.id = j.song_id LEFT JOIN users u ON u.id = j.owner_id"
    };
}

impl Jobs<'_> {
    /// Up to `limit` jobs that pass `filter`, newest first.
    ///
    /// # Errors
    /// The database failed.
    pub async fn list(&self, filter: &Filter, limit: u32) -> Result<Vec<Entry>, CatalogueError> {
        let mut statement = sql(concat!(entries!(), " WHERE 1 = 1"));
        if let Some(state) = filter.state {
            statement = statement.with(" AND j.state = ?", state.column());
            statement = statement.and(state.condition());
        }
        if let Some(owner) = filter.owner {
            statement = statement.with(" AND j.owner_id = ?", owner);
        }
        if let Some(song) = filter.song {
            statement = statement.with(" AND j.song_id = ?", song);
        }
        let statement = statement.with(" ORDER BY j.id DESC LIMIT ?", limit);
        self.0.read().all(statement).await?.iter().map(read).collect()
    }

    /// Puts a job back that failed, was parked or called off: it begins anew behind its owner's others, and its song waits
    /// to be packaged again.
    ///
    /// # Errors
    /// The database failed, and nothing was done.
    pub async fn put_back(&self, id: JobId) -> Result<Order, CatalogueError> {
        let Some(found) = self.find(id).await? else { return Ok(Order::Unknown) };
        let mut write = self.0.write_alone_on(found.song.uuid()).await?;
        let Some(found) = locked(&mut write, id).await? else { return Ok(Order::Unknown) };
        match found.state {
            state if state.is_open() => return Ok(Order::Idle),
            State::Done => return Ok(Order::TooLate(State::Done)),
            _ => {}
        }
        call_off_all(&mut write, found.song, "an older job was put back").await?;
        let turn = next_turn(&mut write, found.owner, found.priority).await?;
        let statement = sql("UPDATE jobs SET state = 'open', attempts = 0, lease = NULL,
                                 due_ms = NULL, turn = $1, updated_ms = $2, reason = NULL
                             WHERE id = $3");
        write.execute(statement.bind(turn).bind(write.now_ms()).bind(id)).await?;
        standing::queue(&mut write, found.song).await?;
        write.commit().await?;
        Ok(Order::Done)
    }

    async fn find(&self, id: JobId) -> Result<Option<Entry>, CatalogueError> {
        let find = sql(concat!(entries!(), " WHERE j.id = $1")).bind(id);
        self.0.read().optional(find).await?.as_ref().map(read).transpose()
    }

    /// Calls off a job that is not over; its song has failed then. A worker that has it learns of it when it next renews
    /// its lease. `by` is told to operators.
    ///
    /// # Errors
    /// The database failed, and nothing was done.
    pub async fn cancel(&self, id: JobId, by: &str) -> Result<Order, CatalogueError> {
        let mut write = self.0.write().await?;
        let Some(found) = locked(&mut write, id).await? else { return Ok(Order::Unknown) };
        match found.state {
            State::Cancelled => return Ok(Order::Idle),
            state if !state.is_open() => return Ok(Order::TooLate(state)),
            _ => {}
        }
        let statement = sql("UPDATE jobs SET state = 'cancelled', lease = NULL, due_ms = NULL,
                                 last_error = $1, reason = $2, updated_ms = $3 WHERE id = $4");
        let statement = statement.bind(format!("cancelled by {by}")).bind(CANCELLED);
        write.execute(statement.bind(write.now_ms()).bind(id)).await?;
        standing::fail(&mut write, found.song, CANCELLED).await?;
        write.commit().await?;
        Ok(Order::Done)
    }
}

/// Calls off whatever is to be made of a song, for an `error` that operators and its artist read. Nothing is said: whoever
/// calls it off says what happens instead.
pub(crate) async fn call_off_all(
    write: &mut Write,
    song: SongId,
    error: &str,
) -> Result<(), CatalogueError> {
    let statement = sql("UPDATE jobs SET state = 'cancelled', lease = NULL, due_ms = NULL,
                             last_error = $1, reason = $1, updated_ms = $2
                         WHERE song_id = $3 AND state = 'open'");
    write.execute(statement.bind(error).bind(write.now_ms()).bind(song)).await.map(|_| ())
}

/// The job, which nobody else changes until the transaction ends.
async fn locked(write: &mut Write, id: JobId) -> Result<Option<Entry>, CatalogueError> {
    // Touched first: whoever has it under change is waited for, and what is read is what they made of it.
    let touch = sql("UPDATE jobs SET updated_ms = updated_ms WHERE id = $1").bind(id);
    if write.execute(touch).await? == 0 {
        return Ok(None);
    }
    let find = sql(concat!(entries!(), " WHERE j.id = $1")).bind(id);
    write.optional(find).await?.as_ref().map(read).transpose()
}

fn read(row: &Row) -> Result<Entry, CatalogueError> {
    Ok(Entry {
        id: row.get("id")?,
        song: row.get("song_id")?,
        title: row.get("title")?,
        owner: row.get("owner_id")?,
        owner_name: row.get("username")?,
        state: state(row)?,
        priority: Priority::of(row.get("priority")?),
        attempts: row.get("attempts")?,
        last_error: row.get("last_error")?,
        created_ms: row.get("created_ms")?,
        updated_ms: row.get("updated_ms")?,
        due_ms: row.get("due_ms")?,
    })
}

pub(crate) fn state(row: &Row) -> Result<State, CatalogueError> {
    let column: String = row.get("state")?;
    if column == "open" {
        let (due, lease): (Option<i64>, Option<Uuid>) = (row.get("due_ms")?, row.get("lease")?);
        return Ok(match (due, lease) {
            (None, _) => State::Queued,
            (Some(_), None) => State::Delayed,
            (Some(_), Some(_)) => State::Running,
        });
    }
    column.parse().map_err(CatalogueError::unreadable("job's state"))
}
