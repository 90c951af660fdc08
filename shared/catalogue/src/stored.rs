//! What the rows name in the store. Whatever they do not name may be removed, by whoever makes sure that nobody names it
//! meanwhile: see [`Unnamed`].

use std::collections::HashSet;

use media::ids::ArtworkHash;
use media::{MasterHash, SongId};
use origin::SongFolder;
use uuid::Uuid;

use crate::artwork::Artwork;
use crate::catalogue::Catalogue;
use crate::error::CatalogueError;
use crate::source::Source;
use crate::statement::{Statement, sql, sql_each};
use crate::write::Write;

/// Rows that are read at once.
const AT_ONCE: u32 = 10_000;

/// What the rows name in the store.
#[derive(Debug)]
pub struct Stored<'a>(&'a Catalogue);

/// A promise that no row names something: for as long as this lives, none comes to. Whoever is about to waits, so that it
/// should not live for longer than a few objects take to be removed.
#[derive(Debug)]
#[must_use = "dropped, it promises nothing any more"]
pub struct Unnamed(Write);

impl Unnamed {
    /// What was to be removed is.
    ///
    /// # Errors
    /// The database failed; the promise may have been broken for a while.
    pub async fn removed(self) -> Result<(), CatalogueError> {
        self.0.commit().await
    }
}

impl<'a> Stored<'a> {
    pub(crate) fn new(catalogue: &'a Catalogue) -> Self {
        Self(catalogue)
    }

    /// Whether no song has that master, or had it, or is to have it; none where one does.
    ///
    /// # Errors
    /// The database failed.
    pub async fn unnamed_master(
        &self,
        master: &MasterHash,
    ) -> Result<Option<Unnamed>, CatalogueError> {
        let mut write = self.0.write_alone_on(turn_of(master)).await?;
        let find = sql("SELECT 1 AS one FROM songs WHERE master = $1
             UNION ALL SELECT 1 AS one FROM versions WHERE master = $1
             UNION ALL SELECT 1 AS one FROM jobs WHERE master = $1 LIMIT 1");
        let named = write.optional(find.bind(master.to_string())).await?.is_some();
        Ok((!named).then_some(Unnamed(write)))
    }

    /// Whether that version is none of the song's, and nobody may be making it; none where it is, or somebody is.
    ///
    /// # Errors
    /// The database failed.
    pub async fn unnamed_version(
        &self,
        folder: &SongFolder,
    ) -> Result<Option<Unnamed>, CatalogueError> {
        let SongFolder { artist, album, song, version } = *folder;
        let mut write = self.0.write().await?;
        // Whoever puts a job of the song back, or finishes one, changes this row.
        let lock = sql_each(
            "SELECT 1 AS one FROM songs WHERE id = $1",
            "SELECT 1 AS one FROM songs WHERE id = $1 FOR NO KEY UPDATE",
        );
        write.optional(lock.bind(song)).await?;
        let find = sql("SELECT 1 AS one FROM versions
             WHERE song_id = $1 AND version = $2 AND artist_id = $3 AND album_id = $4");
        let find = find.bind(song).bind(version.to_string()).bind(artist).bind(album);
        let named = write.optional(find).await?.is_some();
        let job = sql("SELECT 1 AS one FROM jobs WHERE song_id = $1 AND state = 'open' LIMIT 1");
        let made = write.optional(job.bind(song)).await?.is_some();
        Ok((!named && !made).then_some(Unnamed(write)))
    }

    /// All pictures that songs, albums and people are shown with.
    ///
    /// # Errors
    /// The database failed.
    pub async fn pictures(&self) -> Result<HashSet<ArtworkHash>, CatalogueError> {
        let mut pictures = HashSet::new();
        for page in [songs_with_covers, albums_with_covers, people_with_pictures] {
            let mut after = Uuid::nil();
            loop {
                let rows = self.0.read().all(page().bind(after).bind(AT_ONCE)).await?;
                let Some(last) = rows.last() else { break };
                after = last.get("id")?;
                for row in &rows {
                    let sizes: Option<Artwork> = row.parse_optional("picture")?;
                    pictures.extend(sizes.iter().flat_map(Artwork::sizes).map(|it| it.hash));
                }
            }
        }
        Ok(pictures)
    }
}

fn songs_with_covers() -> Statement<'static> {
    sql("SELECT id, cover AS picture FROM songs WHERE id > $1 ORDER BY id LIMIT $2")
}

fn albums_with_covers() -> Statement<'static> {
    sql("SELECT id, cover AS picture FROM albums WHERE id > $1 ORDER BY id LIMIT $2")
}

fn people_with_pictures() -> Statement<'static> {
    sql("SELECT id, avatar AS picture FROM users WHERE id > $1 ORDER BY id LIMIT $2")
}

impl Write {
    /// Waits until nobody [removes](Unnamed) that master.
    pub(crate) async fn alone_on_master(
        &mut self,
        master: &MasterHash,
    ) -> Result<(), CatalogueError> {
        self.alone_on(turn_of(master)).await
    }
}

/// What those take turns on who name the master, or remove it.
fn turn_of(master: &MasterHash) -> Uuid {
    SongId::derived_from(master).uuid()
}
