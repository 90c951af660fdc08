//! Taking songs down, and putting them back. What becomes of a song meanwhile, its packaging for one, is noted
//! ([`jobs`](crate::jobs)), and is how it comes back.

use media::{SongId, UserId};
use uuid::Uuid;

use crate::error::CatalogueError;
use crate::event::Event;
use crate::song::{Song, SongState};
use crate::songs::{Songs, fetch};
use crate::source::Source;
use crate::statement::{Statement, sql};
use crate::write::Write;

/// A song that was taken down or put back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Withdrawal {
    /// The song as it is now.
    pub song: Song,
    /// The id of the event that said so; none of a song that was never taken down.
    pub notice: Option<Uuid>,
}

impl Songs<'_> {
    /// Takes a song down, if it is still of that `edition`, where one is given: nobody but its uploader and admins knows of
    /// it then, and nobody plays it. One that is down stays so, and nothing is said.
    ///
    /// # Errors
    /// [`CatalogueError::Stale`] where it is of another edition.
    pub async fn withdraw(
        &self,
        id: SongId,
        edition: Option<u64>,
    ) -> Result<Withdrawal, CatalogueError> {
        let statement = sql("UPDATE songs SET restores_to = state, state = 'withdrawn',
                 notice_id = $1, updated_ms = $2, edition = edition + 1
             WHERE id = $3 AND state <> 'withdrawn'
               AND (CAST($4 AS BIGINT) IS NULL OR edition = $4) RETURNING uploader_id");
        let said = |uploader| Event::SongWithdrawn { song: id, uploader: Some(uploader) };
        let changed = self.change(id, edition, statement, said).await?;
        if changed.song.state == SongState::Withdrawn {
            Ok(changed)
        } else {
            Err(CatalogueError::Stale)
        }
    }

    /// Puts a song back as it would be if it had never been taken down, if it is still of that `edition`, where one is
    /// given. One that is not down stays as it is, and nothing is said.
    ///
    /// # Errors
    /// [`CatalogueError::Stale`] where it is of another edition.
    pub async fn restore(
        &self,
        id: SongId,
        edition: Option<u64>,
    ) -> Result<Withdrawal, CatalogueError> {
        let statement = sql("UPDATE songs SET state = restores_to, restores_to = NULL,
                 notice_id = $1, updated_ms = $2, edition = edition + 1
             WHERE id = $3 AND state = 'withdrawn'
               AND (CAST($4 AS BIGINT) IS NULL OR edition = $4) RETURNING uploader_id");
        let said = |uploader| Event::SongRestored { song: id, uploader: Some(uploader) };
        let changed = self.change(id, edition, statement, said).await?;
        if changed.song.state == SongState::Withdrawn {
            Err(CatalogueError::Stale)
        } else {
            Ok(changed)
        }
    }

    /// Runs a statement that changes the song or finds it changed, and says so in the first case.
    async fn change(
        &self,
        id: SongId,
        edition: Option<u64>,
        statement: Statement<'_>,
        said: impl FnOnce(UserId) -> Event,
    ) -> Result<Withdrawal, CatalogueError> {
        let mut write = self.0.write().await?;
        let notice = Uuid::now_v7();
        let statement = statement.bind(notice).bind(write.now_ms()).bind(id).bind(edition);
        if let Some(row) = write.optional(statement).await? {
            write.say_as(notice, &said(row.get("uploader_id")?)).await?;
        }
        let song = fetch(&mut write, id).await?.ok_or(CatalogueError::Stale)?;
        let notice = last_notice(&mut write, id).await?;
        write.commit().await?;
        Ok(Withdrawal { song, notice })
    }
}

async fn last_notice(write: &mut Write, id: SongId) -> Result<Option<Uuid>, CatalogueError> {
    let statement = sql("SELECT notice_id FROM songs WHERE id = $1");
    write.one(statement.bind(id)).await?.get("notice_id")
}
