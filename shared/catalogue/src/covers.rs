//! Putting other covers on songs and albums.

use media::{AlbumId, SongId};

use crate::albums::{self, Album, Albums};
use crate::artwork::Artwork;
use crate::audience::Audience;
use crate::error::CatalogueError;
use crate::event::Event;
use crate::song::{Song, Viewer};
use crate::songs::{self, Songs};
use crate::statement::sql;
use crate::write::Write;

impl Songs<'_> {
    /// Puts a cover on a song, which it keeps whatever its album is shown with. The objects are stored already.
    ///
    /// # Errors
    /// [`CatalogueError::Gone`] where there is no such song.
    pub async fn put_artwork(&self, id: SongId, artwork: &Artwork) -> Result<Song, CatalogueError> {
        let mut write = self.0.write().await?;
        let statement = sql("UPDATE songs SET cover = $1, cover_put = TRUE, updated_ms = $2,
                                 edition = edition + 1 WHERE id = $3");
        let statement = statement.bind(artwork.to_string()).bind(write.now_ms()).bind(id);
        if write.execute(statement).await? == 0 {
            return Err(CatalogueError::Gone);
        }
        let song = songs::fetch(&mut write, id).await?.ok_or(CatalogueError::Gone)?;
        say_edited(&mut write, &song).await?;
        write.commit().await?;
        Ok(song)
    }
}

impl Albums<'_> {
    /// Puts a cover on an album and on those of its songs whose artist put none of their own there. The objects are
    /// stored already.
    ///
    /// # Errors
    /// [`CatalogueError::Gone`] where there is no such album, or nothing on it.
    pub async fn put_artwork(
        &self,
        id: AlbumId,
        artwork: &Artwork,
    ) -> Result<Album, CatalogueError> {
        let (cover, everything) = (artwork.to_string(), Audience::from(Viewer::Admin));
        let mut write = self.0.write_alone_on(id.uuid()).await?;
        let statement = sql("UPDATE albums SET cover = $1, edition = edition + 1 WHERE id = $2");
        write.execute(statement.bind(cover.as_str()).bind(id)).await?;
        let statement = sql("UPDATE songs SET edition = edition + 1, updated_ms = $2,
                                 cover = CASE WHEN cover_put THEN cover ELSE $1 END
                             WHERE album_id = $3");
        let now = write.now_ms();
        write.execute(statement.bind(cover.as_str()).bind(now).bind(id)).await?;
        let album = albums::fetch(&mut write, id, &everything, now).await?;
        let album = album.ok_or(CatalogueError::Gone)?;
        for song in &album.songs {
            say_edited(&mut write, song).await?;
        }
        write.commit().await?;
        Ok(album)
    }
}

/// What a song that was just packaged is shown with: what its artist put there before, else its album's, else its
/// master's. The row is locked already, so that whoever changes the album's now waits, and finds the song.
pub(crate) async fn dress(
    write: &mut Write,
    song: SongId,
    of_master: Option<&Artwork>,
) -> Result<(), CatalogueError> {
    let statement = sql("UPDATE songs SET cover =
             COALESCE((SELECT l.cover FROM albums l WHERE l.id = songs.album_id), $1)
         WHERE id = $2 AND NOT cover_put");
    let statement = statement.bind(of_master.map(Artwork::to_string)).bind(song);
    write.execute(statement).await.map(|_| ())
}

async fn say_edited(write: &mut Write, song: &Song) -> Result<(), CatalogueError> {
    let (artist, album) = (song.artist_id, song.album_id);
    write.say(&Event::SongEdited { song: song.id, artist, album }).await
}
