//! What was answered to requests that named a key (`Idempotency-Key`), so that a request that is sent again happens once.

use std::time::Duration;

use media::UserId;

use crate::catalogue::Catalogue;
use crate::error::CatalogueError;
use crate::row::Row;
use crate::source::Source;
use crate::statement::sql;
use crate::write::Write;

/// How long an answer is kept.
pub const KEPT: Duration = Duration::from_secs(24 * 60 * 60);

/// The most answers of an account that are kept at a time, but for a few that begin at once.
pub const MOST: u32 = 10_000;

/// An answer as it is given again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptAnswer {
    /// The status of HTTP.
    pub status: u16,
    /// Headers that belong to it, in a form of the API's.
    pub headers: String,
    /// The body.
    pub body: String,
}

/// What is known of a request when it comes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Begun {
    /// It is the first with its key: whoever has this finishes or forgets it.
    First(Turn),
    /// The first with its key still runs.
    Running,
    /// It was answered.
    Answered(KeptAnswer),
    /// The key was used for another request.
    OfAnother,
    /// The account has [`MOST`] already.
    TooMany,
}

/// The right to finish a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Turn(i64);

/// The answers that are kept.
#[derive(Debug)]
pub struct KeptAnswers<'a>(&'a Catalogue);

impl<'a> KeptAnswers<'a> {
    pub(crate) fn new(catalogue: &'a Catalogue) -> Self {
        Self(catalogue)
    }

    /// Begins a request of `user` under `key`, unless one has begun. One that has not ended after `longest` died: the next
    /// one takes its place.
    ///
    /// # Errors
    /// The database failed, or there is no such user.
    pub async fn begin(
        &self,
        user: UserId,
        key: &str,
        fingerprint: &[u8],
        longest: Duration,
    ) -> Result<Begun, CatalogueError> {
        let now = self.0.now_ms();
        let begin = sql("INSERT INTO kept_answers (user_id, request_key, fingerprint, begun_ms)
             VALUES ($1, $2, $3, $4)
             ON CONFLICT (user_id, request_key) DO UPDATE
             SET fingerprint = excluded.fingerprint, begun_ms = excluded.begun_ms,
                 status = NULL, headers = NULL, body = NULL
             WHERE kept_answers.begun_ms < $5
                OR (kept_answers.status IS NULL AND kept_answers.begun_ms < $6)");
        let begin = begin.bind(user).bind(key).bind(fingerprint).bind(now);
        let begin = begin.bind(self.0.before(KEPT)).bind(self.0.before(longest));
        let mut write = self.0.write().await?;
        if write.execute(begin).await? == 1 {
            let since = self.0.before(KEPT);
            let count = sql("SELECT COUNT(*) AS answers FROM kept_answers
                             WHERE user_id = $1 AND begun_ms >= $2");
            let count = write.one(count.bind(user).bind(since)).await?;
            if count.get::<u32>("answers")? > MOST {
                return Ok(Begun::TooMany);
            }
            write.commit().await?;
            return Ok(Begun::First(Turn(now)));
        }
        let find = sql("SELECT fingerprint, status, headers, body FROM kept_answers
                        WHERE user_id = $1 AND request_key = $2");
        let found = write.optional(find.bind(user).bind(key)).await?;
        write.commit().await?;
        // Forgotten between the two: whoever comes again is the first.
        found.map_or(Ok(Begun::Running), |row| read(&row, fingerprint))
    }

    /// Keeps the answer to what began.
    ///
    /// # Errors
    /// The database failed.
    pub async fn finish(
        &self,
        user: UserId,
        key: &str,
        Turn(begun): Turn,
        answer: &KeptAnswer,
    ) -> Result<(), CatalogueError> {
        let finish = sql("UPDATE kept_answers SET status = $4, headers = $5, body = $6
             WHERE user_id = $1 AND request_key = $2 AND begun_ms = $3 AND status IS NULL");
        let finish = finish.bind(user).bind(key).bind(begun).bind(answer.status);
        let finish = finish.bind(answer.headers.as_str()).bind(answer.body.as_str());
        let mut write = self.0.write().await?;
        write.execute(finish).await?;
        write.commit().await
    }

    /// Forgets what began: it has not happened, or may happen again.
    ///
    /// # Errors
    /// The database failed.
    pub async fn forget(
        &self,
        user: UserId,
        key: &str,
        Turn(begun): Turn,
    ) -> Result<(), CatalogueError> {
        let forget = sql("DELETE FROM kept_answers
             WHERE user_id = $1 AND request_key = $2 AND begun_ms = $3 AND status IS NULL");
        let mut write = self.0.write().await?;
        write.execute(forget.bind(user).bind(key).bind(begun)).await?;
        write.commit().await
    }
}

impl Write {
    /// Forgets what was answered longer than [`KEPT`] ago.
    pub(crate) async fn sweep_answers(&mut self) -> Result<(), CatalogueError> {
        let before = self.before(KEPT);
        let sweep = sql("DELETE FROM kept_answers WHERE begun_ms < $1");
        self.execute(sweep.bind(before)).await.map(|_| ())
    }
}

fn read(row: &Row, fingerprint: &[u8]) -> Result<Begun, CatalogueError> {
    if row.get::<Vec<u8>>("fingerprint")? != fingerprint {
        return Ok(Begun::OfAnother);
    }
    let Some(status) = row.get::<Option<i64>>("status")? else { return Ok(Begun::Running) };
    Ok(Begun::Answered(KeptAnswer {
        status: u16::try_from(status).map_err(CatalogueError::unreadable("status"))?,
        headers: row.get("headers")?,
        body: row.get("body")?,
    }))
}
