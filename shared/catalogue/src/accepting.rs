//! Masters that come again: whoever sends the same bytes twice has one song of them, unless they ask for another.

use media::{SongId, UserId, Version};
use uuid::Uuid;

use crate::error::CatalogueError;
use crate::song::{NewSong, Song};
use crate::song_row::{read_song, songs};
use crate::songs::{Songs, accept_in};
use crate::source::Source;
use crate::statement::sql;
use crate::write::Write;

/// What is to become of a master of which its sender has a song already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Again {
    /// It is that song.
    Same,
    /// It is another song.
    Another,
}

/// A song that was accepted, or was there already.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accepted {
    /// The song.
    pub song: Song,
    /// Whether it was there already.
    pub is_duplicate: bool,
}

/// What became of an upload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Became {
    /// The song.
    pub song: SongId,
    /// Whether it was there already.
    pub is_duplicate: bool,
}

impl From<&Accepted> for Became {
    fn from(accepted: &Accepted) -> Self {
        Self { song: accepted.song.id, is_duplicate: accepted.is_duplicate }
    }
}

impl Songs<'_> {
    /// [`Songs::accept`], where a master that comes again is what `again` says. A song that failed is none of it: whoever
    /// sends its master again means to try again. One that was taken down is: it is put back by whoever may, and not by
    /// sending it once more.
    ///
    /// # Errors
    /// The database failed, and nothing was accepted.
    pub async fn accept_once(
        &self,
        new: &NewSong,
        again: Again,
    ) -> Result<Accepted, CatalogueError> {
        let mut write = self.0.write().await?;
        let accepted = accept_once_in(&mut write, new, again).await?;
        write.commit().await?;
        Ok(accepted)
    }

    /// A song whose master was made into that version already, other than `song`: where it is, there is nothing to make.
    ///
    /// # Errors
    /// The database failed.
    pub async fn twin(
        &self,
        song: &Song,
        version: Version,
    ) -> Result<Option<Twin>, CatalogueError> {
        let statement = sql("SELECT v.song_id, v.artist_id, v.album_id FROM songs s
             JOIN versions v ON v.song_id = s.id AND v.version = $2
                 AND v.retired_ms IS NULL AND v.objects = 'stored'
             WHERE s.master = $1 AND s.id <> $3 ORDER BY s.id LIMIT 1");
        let statement = statement.bind(song.master.to_string()).bind(version.to_string());
        let row = self.0.read().optional(statement.bind(song.id)).await?;
        row.map(|row| {
            Ok(Twin {
                song: row.get("song_id")?,
                artist: row.get("artist_id")?,
                album: row.get("album_id")?,
            })
        })
        .transpose()
    }
}

/// Where the objects of a version lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Twin {
    /// Under which song.
    pub song: SongId,
    /// Under which artist.
    pub artist: media::ArtistId,
    /// Under which album.
    pub album: media::AlbumId,
}

/// [`Songs::accept_once`] as part of a transaction.
pub(crate) async fn accept_once_in(
    write: &mut Write,
    new: &NewSong,
    again: Again,
) -> Result<Accepted, CatalogueError> {
    if again == Again::Same {
        // Of two that come at once, one is first.
        write.alone_on(sender(new.uploader)).await?;
        if let Some(song) = there_already(write, new).await? {
            return Ok(Accepted { song, is_duplicate: true });
        }
    }
    let song = accept_in(write, new).await?;
    Ok(Accepted { song, is_duplicate: false })
}

/// What stands for somebody who sends masters; who notes an upload is alone on themselves, and need not wait.
fn sender(user: UserId) -> Uuid {
    Uuid::from_u128(!user.uuid().as_u128())
}

async fn there_already(write: &mut Write, new: &NewSong) -> Result<Option<Song>, CatalogueError> {
    let statement = sql(concat!(
        songs!(),
        " WHERE s.master = $1 AND s.uploader_id = $2
            AND COALESCE(s.restores_to, s.state) <> 'failed' ORDER BY s.id LIMIT 1"
    ));
    let statement = statement.bind(new.master.to_string()).bind(new.uploader);
    write.optional(statement).await?.as_ref().map(read_song).transpose()
}
