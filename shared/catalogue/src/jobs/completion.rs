//! A song was packaged: what was made is what listeners get from now on.

use media::{AlbumId, ArtistId, SongId, SwitchingSets, UserId, Version};

use super::desk::State;
use super::{Job, Jobs};
use crate::artwork::Artwork;
use crate::covers;
use crate::error::CatalogueError;
use crate::event::Event;
use crate::statement::sql;
use crate::versions;
use crate::write::Write;

/// A finished packaging.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packaged {
    /// The version that is now in the store.
    pub version: Version,
    /// The artist in its object keys.
    pub artist: ArtistId,
    /// The album in its object keys.
    pub album: AlbumId,
    /// The song's length in milliseconds.
    pub duration_ms: u64,
    /// What was made.
    pub sets: SwitchingSets,
    /// Whether there is a DASH manifest.
    pub dash: bool,
    /// The master's cover, whose sizes are in the store.
    pub artwork: Option<Artwork>,
}

impl Jobs<'_> {
    /// Finishes the job: the version, the song's current version and master, its state and the end of the job
    /// are one transaction. Where that is what listeners get anyhow, nothing but the job changes.
    ///
    /// # Errors
    /// [`CatalogueError::LeaseLost`] where somebody else took it; nothing has changed then.
    pub async fn complete(&self, job: &Job, done: &Packaged) -> Result<(), CatalogueError> {
        let mut write = self.0.write().await?;
        self.close(&mut write, job, State::Done, None, None).await?;
        let uploader = versions::lock(&mut write, job.song).await?;
        insert(&mut write, job, done).await?;
        let before = versions::make_current(&mut write, job.song, &done.version).await?;
        if before.as_ref() != Some(&done.version) {
            set_ready(&mut write, job.song).await?;
            covers::dress(&mut write, job.song, done.artwork.as_ref()).await?;
            write.say(&became(job.song, uploader, before.is_some(), done)).await?;
        }
        write.commit().await
    }

    /// Finishes a job that found what it was to make: its song has it already.
    ///
    /// # Errors
    /// [`CatalogueError::LeaseLost`] where somebody else took it.
    pub async fn find_done(&self, job: &Job) -> Result<(), CatalogueError> {
        let mut write = self.0.write().await?;
        self.close(&mut write, job, State::Done, None, None).await?;
        write.commit().await
    }
}

/// A song that was withdrawn stays so.
async fn set_ready(write: &mut Write, song: SongId) -> Result<(), CatalogueError> {
    let statement = sql("UPDATE songs SET
             state = CASE WHEN state = 'withdrawn' THEN state ELSE 'ready' END,
             restores_to = CASE WHEN state = 'withdrawn' THEN 'ready' END,
             failure = NULL, updated_ms = $1, edition = edition + 1
         WHERE id = $2");
    write.execute(statement.bind(write.now_ms()).bind(song)).await.map(|_| ())
}

/// What was collected before may have been made again.
async fn insert(write: &mut Write, job: &Job, done: &Packaged) -> Result<(), CatalogueError> {
    let statement = sql("INSERT INTO versions (song_id, version, artist_id, album_id, duration_ms,
                                sets, dash, created_ms, master, file_name)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, (SELECT file_name FROM jobs WHERE id = $10))
             ON CONFLICT (song_id, version) DO UPDATE SET artist_id = excluded.artist_id,
                 album_id = excluded.album_id, file_name = excluded.file_name, objects = 'stored'")
    .bind(job.song)
    .bind(done.version.to_string())
    .bind(done.artist)
    .bind(done.album)
    .bind(done.duration_ms)
    .bind(done.sets.to_string())
    .bind(done.dash)
    .bind(write.now_ms())
    .bind(job.master.to_string())
    .bind(job.id);
    write.execute(statement).await.map(|_| ())
}

/// What has happened to a song that played before, or did not.
fn became(song: SongId, uploader: Option<UserId>, played: bool, done: &Packaged) -> Event {
    let (artist, album) = (done.artist, done.album);
    if played {
        Event::SongReplaced { song, uploader, artist, album }
    } else {
        Event::SongReady { song, uploader, artist, album }
    }
}
