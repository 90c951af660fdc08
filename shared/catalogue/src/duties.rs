//! What one process at a time does for all: a duty is held for a while, and anybody may take it afterwards.

use std::time::Duration;

use uuid::Uuid;

use crate::catalogue::Catalogue;
use crate::error::CatalogueError;
use crate::statement::sql;

/// The duties that processes on one catalogue share.
#[derive(Debug)]
pub struct Duties<'a>(&'a Catalogue);

impl<'a> Duties<'a> {
    pub(crate) fn new(catalogue: &'a Catalogue) -> Self {
        Self(catalogue)
    }

    /// Takes the duty, or keeps it, until `time` from now. Answers whether `holder` has it then.
    ///
    /// # Errors
    /// The database failed.
    pub async fn hold(
        &self,
        duty: &str,
        holder: Uuid,
        time: Duration,
    ) -> Result<bool, CatalogueError> {
        let now = self.0.now_ms();
        let until = now.saturating_add(i64::try_from(time.as_millis()).unwrap_or(i64::MAX));
        let statement = sql("INSERT INTO duties (name, holder, until_ms) VALUES ($1, $2, $3)
             ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, until_ms = excluded.until_ms
             WHERE duties.holder = excluded.holder OR duties.until_ms <= $4");
        let statement = statement.bind(duty).bind(holder).bind(until).bind(now);
        let mut write = self.0.write().await?;
        let held = write.execute(statement).await? == 1;
        write.commit().await?;
        Ok(held)
    }
}
