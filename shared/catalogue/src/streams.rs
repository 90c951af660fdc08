//! At how many places an account plays at a time.
//!
//! A stream is what one session, or one API key, plays: whatever it plays next is the same stream. Where an account may
//! have no more of them, whoever begins takes over from the one that began first, which hears of it when it next tells
//! where it is.

use std::time::Duration;

use media::{SessionId, UserId};
use uuid::Uuid;

use crate::catalogue::Catalogue;
use crate::error::CatalogueError;
use crate::plan::Plan;
use crate::secret::Secret;
use crate::source::Source;
use crate::statement::sql;
use crate::write::Write;

/// How long a stream counts that is not heard of: players tell where they are every ten seconds.
pub const HEARD: Duration = Duration::from_secs(45);

/// How long streams are remembered that are not heard of.
const KEPT: Duration = Duration::from_secs(24 * 60 * 60);

/// Whose stream it is within an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StreamId(Uuid);

/// The streams in a catalogue.
#[derive(Debug)]
pub struct Streams<'a>(&'a Catalogue);

impl From<SessionId> for StreamId {
    fn from(session: SessionId) -> Self {
        Self(session.uuid())
    }
}

impl From<&Secret> for StreamId {
    /// Of an API key.
    fn from(key: &Secret) -> Self {
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&key.hash()[..16]);
        Self(uuid::Builder::from_custom_bytes(bytes).into_uuid())
    }
}

impl<'a> Streams<'a> {
    pub(crate) fn new(catalogue: &'a Catalogue) -> Self {
        Self(catalogue)
    }

    /// Begins to play. Where that is more than the account may, those that began first are taken over.
    ///
    /// # Errors
    /// The database failed.
    pub async fn begin(&self, user: UserId, stream: StreamId) -> Result<(), CatalogueError> {
        let mut write = Write::begin_alone(self.0, user.uuid()).await?;
        write.begin_stream(user, stream).await?;
        write.commit().await
    }

    /// Takes note of a stream that is heard of. One that was silent for longer than [`HEARD`], or paused, begins anew.
    ///
    /// # Errors
    /// [`CatalogueError::TakenOver`] where it may play no more; the database failed.
    pub async fn tell(
        &self,
        user: UserId,
        stream: StreamId,
        playing: bool,
    ) -> Result<(), CatalogueError> {
        let mut write = self.0.write().await?;
        write.hear_stream(user, stream, playing).await?;
        write.commit().await
    }

    /// Forgets those that nobody has heard of for a day.
    ///
    /// # Errors
    /// The database failed.
    pub async fn sweep(&self) -> Result<(), CatalogueError> {
        let mut write = self.0.write().await?;
        let long_ago = write.before(KEPT);
        write.execute(sql("DELETE FROM streams WHERE heard_ms <= $1").bind(long_ago)).await?;
        write.commit().await
    }
}

impl Write {
    async fn hear_stream(
        &mut self,
        user: UserId,
        stream: StreamId,
        playing: bool,
    ) -> Result<(), CatalogueError> {
        let now = self.now_ms();
        // Whoever goes on disturbs nobody: its own row alone is touched.
        let goes_on = sql("UPDATE streams SET heard_ms = $1, playing = $2
             WHERE user_id = $3 AND device = $4 AND taken_over_ms IS NULL
               AND (NOT $2 OR (playing AND heard_ms > $5))");
        let goes_on = goes_on.bind(now).bind(playing).bind(user).bind(stream.0);
        if self.execute(goes_on.bind(self.before(HEARD))).await? == 1 {
            return Ok(());
        }
        self.alone_on(user.uuid()).await?;
        let taken_over = sql("SELECT 1 AS one FROM streams
             WHERE user_id = $1 AND device = $2 AND taken_over_ms IS NOT NULL");
        if self.optional(taken_over.bind(user).bind(stream.0)).await?.is_some() {
            return Err(CatalogueError::TakenOver);
        }
        if playing { self.begin_stream(user, stream).await } else { Ok(()) }
    }

    /// The caller is alone on the user.
    async fn begin_stream(&mut self, user: UserId, stream: StreamId) -> Result<(), CatalogueError> {
        let (limit, now) = (self.stream_limit(user).await?, self.now_ms());
        let others = sql("SELECT device FROM streams
             WHERE user_id = $1 AND device <> $2 AND playing AND taken_over_ms IS NULL
               AND heard_ms > $3 ORDER BY began_ms DESC, device DESC");
        let others = others.bind(user).bind(stream.0).bind(self.before(HEARD));
        let others = self.all(others).await?;
        for row in others.iter().skip(limit.saturating_sub(1)) {
            let device: Uuid = row.get("device")?;
            let end = sql("UPDATE streams SET taken_over_ms = $1, playing = FALSE
                           WHERE user_id = $2 AND device = $3");
            self.execute(end.bind(now).bind(user).bind(device)).await?;
        }
        let begin = sql("INSERT INTO streams (user_id, device, playing, began_ms, heard_ms)
             VALUES ($1, $2, TRUE, $3, $3) ON CONFLICT (user_id, device) DO UPDATE SET
                 playing = TRUE, began_ms = excluded.began_ms, heard_ms = excluded.heard_ms,
                 taken_over_ms = NULL");
        self.execute(begin.bind(user).bind(stream.0).bind(now)).await.map(drop)
    }

    async fn stream_limit(&mut self, user: UserId) -> Result<usize, CatalogueError> {
        let find = sql("SELECT plan, max_streams FROM users WHERE id = $1").bind(user);
        let row = self.one(find).await?;
        let (plan, most): (Plan, Option<u32>) = (row.parse("plan")?, row.get("max_streams")?);
        Ok(usize::try_from(most.unwrap_or(plan.streams())).unwrap_or(usize::MAX))
    }
}
