//! How long the queue may become: who brings more is asked to come back, before they have sent anything.

use media::UserId;

use super::{Jobs, Priority};
use crate::error::CatalogueError;
use crate::source::Source;
use crate::statement::sql;

/// How many jobs that somebody waits for may be open. What was begun before it was reached is taken beyond it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bound {
    /// Of one owner; at least one.
    pub each: u32,
    /// Of all together; at least one.
    pub all: u32,
}

/// Whether there is room in the queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Room {
    /// There is.
    Some,
    /// They have as many jobs open as one may have.
    NoneForThem,
    /// All together have as many as there may be.
    None,
}

impl Jobs<'_> {
    /// Whether `owner` may put another job in.
    ///
    /// # Errors
    /// The database failed.
    pub async fn room(&self, owner: UserId, bound: &Bound) -> Result<Room, CatalogueError> {
        let find = sql("SELECT (SELECT CAST(1 AS BIGINT) FROM jobs
                 WHERE state = 'open' AND priority = $1 AND owner_id = $2 LIMIT 1 OFFSET $3) AS own,
                (SELECT CAST(1 AS BIGINT) FROM jobs
                 WHERE state = 'open' AND priority = $1 LIMIT 1 OFFSET $4) AS others");
        let find = find.bind(Priority::Waiting.number()).bind(owner);
        let find = find.bind(bound.each.saturating_sub(1)).bind(bound.all.saturating_sub(1));
        let row = self.0.read().one(find).await?;
        let full = |name| row.get::<Option<i64>>(name).map(|last| last.is_some());
        Ok(match (full("own")?, full("others")?) {
            (true, _) => Room::NoneForThem,
            (_, true) => Room::None,
            _ => Room::Some,
        })
    }
}
