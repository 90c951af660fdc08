//! What becomes of versions that are no longer current: their objects are removed once nobody can ask for them any more.
//!
//! Whoever removes them notes that first (`going`), and that it is done (`gone`) only after the last object has gone: one
//! that dies between leaves a version that another begins to remove again. A version that is going, or gone, becomes current only by
//! being made again, and nobody makes one that is going ([`Versions::clear_the_way`]).

use media::{AlbumId, ArtistId, SongId, Version};

use crate::error::CatalogueError;
use crate::row::Row;
use crate::source::Source;
use crate::statement::sql;
use crate::versions::{Versions, lock};

/// A version that is not current any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retired {
    /// The song that it was of.
    pub song: SongId,
    /// Which.
    pub version: Version,
    /// The artist in its object keys.
    pub artist: ArtistId,
    /// The album in its object keys.
    pub album: AlbumId,
    /// The song's length in milliseconds.
    pub duration_ms: u64,
    /// Since when, in milliseconds since 1970.
    pub retired_ms: u64,
}

impl Versions<'_> {
    /// Up to `limit` versions that are not current since `until`, in milliseconds since 1970, or before, and whose objects may
    /// still be in the store; those that were retired first come first.
    ///
    /// # Errors
    /// The database failed.
    pub async fn retired(&self, until: u64, limit: u32) -> Result<Vec<Retired>, CatalogueError> {
        let find = sql("SELECT song_id, version, artist_id, album_id, duration_ms, retired_ms
             FROM versions WHERE objects <> 'gone' AND retired_ms <= $1
             ORDER BY retired_ms LIMIT $2");
        let rows = self.0.read().all(find.bind(until).bind(limit)).await?;
        rows.iter().map(read).collect()
    }

    /// Notes that the objects of a version are about to be removed. Answers whether they are to be: they are not where it
    /// is current again, or was meanwhile.
    ///
    /// # Errors
    /// The database failed.
    pub async fn begin_removal(&self, retired: &Retired) -> Result<bool, CatalogueError> {
        let mut write = self.0.write().await?;
        lock(&mut write, retired.song).await?;
        let note = sql("UPDATE versions SET objects = 'going'
             WHERE song_id = $1 AND version = $2 AND retired_ms = $3 AND objects <> 'gone'");
        let note = note.bind(retired.song).bind(retired.version.to_string());
        let begun = write.execute(note.bind(retired.retired_ms)).await? == 1;
        write.commit().await?;
        Ok(begun)
    }

    /// Notes that the objects of a version are no more.
    ///
    /// # Errors
    /// The database failed.
    pub async fn end_removal(&self, retired: &Retired) -> Result<(), CatalogueError> {
        let mut write = self.0.write().await?;
        let note = sql("UPDATE versions SET objects = 'gone'
             WHERE song_id = $1 AND version = $2 AND objects = 'going'");
        write.execute(note.bind(retired.song).bind(retired.version.to_string())).await?;
        write.commit().await
    }

    /// Keeps the objects of a version from being removed while they are made anew, as if it had been retired just now. Answers
    /// whether it may be made: not as long as they are being removed.
    ///
    /// # Errors
    /// The database failed.
    pub async fn clear_the_way(
        &self,
        song: SongId,
        version: &Version,
    ) -> Result<bool, CatalogueError> {
        let mut write = self.0.write().await?;
        lock(&mut write, song).await?;
        let keep = sql(
            "UPDATE versions SET retired_ms = $1
             WHERE song_id = $2 AND version = $3 AND retired_ms IS NOT NULL AND objects = 'stored'",
        );
        let keep = keep.bind(write.now_ms()).bind(song).bind(version.to_string());
        write.execute(keep).await?;
        let find = sql("SELECT objects FROM versions WHERE song_id = $1 AND version = $2");
        let found = write.optional(find.bind(song).bind(version.to_string())).await?;
        let objects: Option<String> = found.map(|row| row.get("objects")).transpose()?;
        write.commit().await?;
        Ok(objects.as_deref() != Some("going"))
    }
}

fn read(row: &Row) -> Result<Retired, CatalogueError> {
    Ok(Retired {
        song: row.get("song_id")?,
        version: row.parse("version")?,
        artist: row.get("artist_id")?,
        album: row.get("album_id")?,
        duration_ms: row.get("duration_ms")?,
        retired_ms: row.get("retired_ms")?,
    })
}
