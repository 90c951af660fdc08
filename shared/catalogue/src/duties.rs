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
        let (now, until) = (self.0.now_ms(), self.0.after(time));
        let statement = sql("INSERT INTO duties (name, holder, until_ms) VALUES ($1, $2, $3)
             ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, until_ms = excluded.until_ms
             WHERE duties.holder = excluded.holder OR duties.until_ms <= $4");
        let statement = statement.bind(duty).bind(holder).bind(until).bind(now);
        let mut write = self.0.write().await?;
        let held = write.execute(statement).await? == 1;
        write.commit().await?;
        Ok(held)
    }

    /// Writes a row, to see whether the database takes any.
    ///
    /// # Errors
    /// It does not.
    pub async fn try_out(&self) -> Result<(), CatalogueError> {
        let statement = sql("INSERT INTO duties (name, holder, until_ms) VALUES ('probe', $1, $2)
             ON CONFLICT (name) DO UPDATE SET until_ms = excluded.until_ms");
        let statement = statement.bind(Uuid::nil()).bind(self.0.now_ms());
        let mut write = self.0.write().await?;
        write.execute(statement).await?;
        write.commit().await
    }

    /// Leaves the duty to others, if `holder` has it.
    ///
    /// # Errors
    /// The database failed: it is theirs once its time is over.
    pub async fn leave(&self, duty: &str, holder: Uuid) -> Result<(), CatalogueError> {
        let leave = sql("DELETE FROM duties WHERE name = $1 AND holder = $2");
        let mut write = self.0.write().await?;
        write.execute(leave.bind(duty).bind(holder)).await?;
        write.commit().await
    }

    /// Takes all duties from whoever had them. Only for a process that knows itself alone on its database: all holders are
    /// then dead.
    ///
    /// # Errors
    /// The database failed.
    pub async fn take_over(&self) -> Result<(), CatalogueError> {
        let mut write = self.0.write().await?;
        write.execute(sql("DELETE FROM duties")).await?;
        write.commit().await
    }
}
