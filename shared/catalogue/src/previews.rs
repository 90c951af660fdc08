//! Private links to songs: whoever has the secret may hear the song before it is out, until the link is taken back.

use media::SongId;
use uuid::Uuid;

use crate::catalogue::Catalogue;
use crate::error::CatalogueError;
use crate::song::Song;
use crate::song_row::{read_song, songs};
use crate::source::Source;
use crate::statement::sql;

/// A private link. Its secret is told once, when it is made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preview {
    /// Which.
    pub id: Uuid,
    /// When it was made, in milliseconds since 1970.
    pub created_ms: u64,
}

/// The private links in a catalogue.
#[derive(Debug)]
pub struct Previews<'a>(&'a Catalogue);

impl<'a> Previews<'a> {
    pub(crate) fn new(catalogue: &'a Catalogue) -> Self {
        Self(catalogue)
    }

    /// Makes a link to `song`, of whose secret this is the digest.
    ///
    /// # Errors
    /// The database failed.
    pub async fn make(&self, song: SongId, secret: &[u8]) -> Result<Preview, CatalogueError> {
        let (id, now) = (Uuid::now_v7(), self.0.now_ms());
        let statement = sql("INSERT INTO previews (id, song_id, secret, created_ms)
                             VALUES ($1, $2, $3, $4)");
        let mut write = self.0.write().await?;
        write.execute(statement.bind(id).bind(song).bind(secret).bind(now)).await?;
        write.commit().await?;
        Ok(Preview { id, created_ms: u64::try_from(now).unwrap_or_default() })
    }

    /// All links to `song`, oldest first.
    ///
    /// # Errors
    /// The database failed.
    pub async fn of(&self, song: SongId) -> Result<Vec<Preview>, CatalogueError> {
        let statement = sql("SELECT id, created_ms FROM previews WHERE song_id = $1 ORDER BY id");
        let rows = self.0.read().all(statement.bind(song)).await?;
        let read = |row: &crate::row::Row| {
            Ok(Preview { id: row.get("id")?, created_ms: row.get("created_ms")? })
        };
        rows.iter().map(read).collect()
    }

    /// Takes a link to `song` back. Answers whether there was one.
    ///
    /// # Errors
    /// The database failed.
    pub async fn revoke(&self, song: SongId, id: Uuid) -> Result<bool, CatalogueError> {
        let mut write = self.0.write().await?;
        let statement = sql("DELETE FROM previews WHERE id = $1 AND song_id = $2");
        let found = write.execute(statement.bind(id).bind(song)).await? == 1;
        write.commit().await?;
        Ok(found)
    }

    /// The link with that secret and its song, unless that was withdrawn.
    ///
    /// # Errors
    /// The database failed.
    pub async fn open(&self, secret: &[u8]) -> Result<Option<(Preview, Song)>, CatalogueError> {
        let statement = sql("SELECT id, song_id, created_ms FROM previews WHERE secret = $1");
        let Some(row) = self.0.read().optional(statement.bind(secret)).await? else {
            return Ok(None);
        };
        let preview = Preview { id: row.get("id")?, created_ms: row.get("created_ms")? };
        let statement = sql(concat!(songs!(), " WHERE s.id = $1 AND s.state <> 'withdrawn'"));
        let song = self.0.read().optional(statement.bind(row.get::<Uuid>("song_id")?)).await?;
        song.map(|row| Ok((preview, read_song(&row)?))).transpose()
    }
}
