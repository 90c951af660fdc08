//! What its job makes of a song. A song that plays goes on playing, whatever becomes of a job that would replace what it
//! plays; it is all about a song that has nothing to play yet.

use media::{SongId, UserId};

use crate::error::CatalogueError;
use crate::event::Event;
use crate::source::Source;
use crate::statement::sql;
use crate::write::Write;

/// Whose song it is, and whether it has something to play.
pub(super) struct Standing {
    pub(super) uploader: Option<UserId>,
    pub(super) plays: bool,
}

/// Notes how far a song has come that does not play yet. One that was withdrawn stays so, and comes back in that state.
pub(crate) async fn set(
    write: &mut Write,
    song: SongId,
    state: &str,
    failure: Option<&str>,
) -> Result<(), CatalogueError> {
    change(write, song, state, failure).await.map(|_| ())
}

/// The same for a song whose job has ended in nothing, and says so with the `reason`, which is for the artist.
pub(super) async fn fail(
    write: &mut Write,
    song: SongId,
    reason: &str,
) -> Result<(), CatalogueError> {
    let Standing { uploader, plays } = change(write, song, "failed", Some(reason)).await?;
    let reason = reason.to_owned();
    let event = if plays {
        Event::SongReplacementFailed { song, uploader, reason }
    } else {
        Event::SongFailed { song, uploader, reason }
    };
    write.say(&event).await
}

/// The same for a song whose job waits once more.
pub(crate) async fn queue(write: &mut Write, song: SongId) -> Result<(), CatalogueError> {
    let Standing { uploader, plays } = change(write, song, "queued", None).await?;
    if plays { Ok(()) } else { write.say(&Event::SongQueued { song, uploader }).await }
}

async fn change(
    write: &mut Write,
    song: SongId,
    state: &str,
    failure: Option<&str>,
) -> Result<Standing, CatalogueError> {
    let statement = sql("UPDATE songs SET
                 state = CASE WHEN state = 'withdrawn' THEN state ELSE $1 END,
                 restores_to = CASE WHEN state = 'withdrawn' THEN $1 END,
                 failure = $2, updated_ms = $3, edition = edition + 1
             WHERE id = $4
               AND NOT EXISTS (SELECT 1 FROM current_versions c WHERE c.song_id = songs.id)
             RETURNING uploader_id")
    .bind(state)
    .bind(failure)
    .bind(write.now_ms())
    .bind(song);
    if let Some(row) = write.optional(statement).await? {
        return Ok(Standing { uploader: row.get("uploader_id")?, plays: false });
    }
    let find = sql("SELECT uploader_id FROM songs WHERE id = $1").bind(song);
    let uploader = write.optional(find).await?.map(|row| row.get("uploader_id")).transpose()?;
    Ok(Standing { uploader, plays: true })
}
