//! Where in the store lies what has a surrogate key, for caches that know paths alone.

use origin::{PathPrefix, SongFolder, SurrogateKey};

use crate::catalogue::Catalogue;
use crate::error::CatalogueError;
use crate::row::Row;
use crate::source::Source;
use crate::statement::sql;

impl Catalogue {
    /// Every folder in which something with this key lies or lay; none where nothing of it was ever packaged.
    ///
    /// # Errors
    /// The database failed.
    pub async fn folders_of(&self, key: SurrogateKey) -> Result<Vec<PathPrefix>, CatalogueError> {
        let statement = match key {
            SurrogateKey::Artist(artist) => return Ok(vec![PathPrefix::Artist(artist)]),
            SurrogateKey::Album(album) => {
                sql("SELECT DISTINCT artist_id FROM versions WHERE album_id = $1").bind(album)
            }
            SurrogateKey::Song(song) => {
                sql("SELECT DISTINCT artist_id, album_id FROM versions WHERE song_id = $1")
                    .bind(song)
            }
            SurrogateKey::Version(version) => {
                sql("SELECT artist_id, album_id, song_id FROM versions WHERE version = $1")
                    .bind(version.to_string())
            }
        };
        self.read().all(statement).await?.iter().map(|row| folder(row, key)).collect()
    }
}

fn folder(row: &Row, key: SurrogateKey) -> Result<PathPrefix, CatalogueError> {
    let artist = row.get("artist_id")?;
    Ok(match key {
        SurrogateKey::Artist(artist) => PathPrefix::Artist(artist),
        SurrogateKey::Album(album) => PathPrefix::Album(artist, album),
        SurrogateKey::Song(song) => PathPrefix::Song(artist, row.get("album_id")?, song),
        SurrogateKey::Version(version) => {
            let (album, song) = (row.get("album_id")?, row.get("song_id")?);
            PathPrefix::Version(SongFolder { artist, album, song, version })
        }
    })
}
