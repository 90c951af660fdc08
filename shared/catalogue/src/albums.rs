//! The albums: songs in an order.

use std::collections::BTreeSet;

use media::{AlbumId, ArtistId, SongId};
use sha2::{Digest, Sha256};

use crate::artwork::Artwork;
use crate::audience::{Audience, visible};
use crate::catalogue::Catalogue;
use crate::error::CatalogueError;
use crate::event::Event;
use crate::identifier::Upc;
use crate::name::Name;
use crate::song::{Song, Viewer};
use crate::song_row::{read_song, songs};
use crate::source::Source;
use crate::statement::sql;
use crate::write::Write;

/// An album as somebody may see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Album {
    /// Which.
    pub id: AlbumId,
    /// Its title.
    pub title: String,
    /// Whom it is filed under.
    pub artist_id: ArtistId,
    /// Their name.
    pub artist: String,
    /// Its bar code.
    pub upc: Option<Upc>,
    /// What it is shown with: its own cover, else the first that one of `songs` has.
    pub artwork: Option<Artwork>,
    /// Its songs in their order, those without a place last.
    pub songs: Vec<Song>,
    edition: u64,
}

/// What an album was like: its own edition, and what stands for its songs and theirs. Whoever is shown other songs, or the
/// same at another time, sees another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AlbumEdition(pub u64, pub u64);

impl Album {
    /// What it is like.
    #[must_use]
    pub fn edition(&self) -> AlbumEdition {
        let mut songs = Sha256::new();
        for song in &self.songs {
            songs.update(song.id.uuid());
            songs.update(song.edition.to_be_bytes());
        }
        let [a, b, c, d, e, f, g, h, ..]: [u8; 32] = songs.finalize().into();
        AlbumEdition(self.edition, u64::from_be_bytes([a, b, c, d, e, f, g, h]))
    }
}

/// What is to be different; `None` leaves it as it is, and `Some(None)` leaves it out.
#[derive(Debug, Clone, Default)]
pub struct AlbumEdit {
    /// Its title.
    pub title: Option<Name>,
    /// Its bar code.
    pub upc: Option<Option<Upc>>,
    /// All its songs, in their new order.
    pub order: Option<Vec<SongId>>,
}

/// The albums in a catalogue.
#[derive(Debug)]
pub struct Albums<'a>(pub(crate) &'a Catalogue);

impl<'a> Albums<'a> {
    pub(crate) fn new(catalogue: &'a Catalogue) -> Self {
        Self(catalogue)
    }

    /// The album with that id and those of its songs that `audience` may know of; `None` where those are none.
    ///
    /// # Errors
    /// The database failed.
    pub async fn seen(
        &self,
        id: AlbumId,
        audience: &Audience,
    ) -> Result<Option<Album>, CatalogueError> {
        fetch(&mut self.0.read(), id, audience, self.0.now_ms()).await
    }

    /// Whether `viewer` may change what is said about the album: whoever uploaded all that is on it, and admins.
    ///
    /// # Errors
    /// The database failed.
    pub async fn is_of(&self, id: AlbumId, viewer: &Viewer) -> Result<bool, CatalogueError> {
        let uploader = match viewer {
            Viewer::Public => return Ok(false),
            Viewer::Admin => return Ok(true),
            Viewer::Uploader(user) => *user,
        };
        let statement = sql("SELECT EXISTS (SELECT 1 FROM songs
                             WHERE album_id = $1 AND uploader_id <> $2) AS found");
        let row = self.0.read().one(statement.bind(id).bind(uploader)).await?;
        Ok(!row.get::<bool>("found")?)
    }

    /// Changes what is said about an album, if it is still of that `edition`.
    ///
    /// # Errors
    /// [`CatalogueError::Stale`] where it is not, [`CatalogueError::NotItsSongs`], [`CatalogueError::Taken`] where its
    /// artist has another album of that title.
    pub async fn edit(
        &self,
        id: AlbumId,
        edition: AlbumEdition,
        edit: &AlbumEdit,
    ) -> Result<Album, CatalogueError> {
        let everything = Audience::from(Viewer::Admin);
        let now = self.0.now_ms();
        let mut write = self.0.write_alone_on(id.uuid()).await?;
        let album = fetch(&mut write, id, &everything, now).await?;
        let album = album.filter(|album| album.edition() == edition);
        let album = album.ok_or(CatalogueError::Stale)?;
        store(&mut write, &album, edit).await?;
        if let Some(order) = &edit.order {
            reorder(&mut write, &album, order).await?;
        }
        for song in &album.songs {
            renumber(&mut write, song.id).await?;
            let event = Event::SongEdited { song: song.id, artist: song.artist_id, album: id };
            write.say(&event).await?;
        }
        let album = fetch(&mut write, id, &everything, now).await?;
        write.commit().await?;
        album.ok_or(CatalogueError::Stale)
    }
}

pub(crate) async fn fetch(
    from: &mut impl Source,
    id: AlbumId,
    audience: &Audience,
    now_ms: i64,
) -> Result<Option<Album>, CatalogueError> {
    let statement =
        sql("SELECT l.id, l.title, l.artist_id, a.name AS artist, l.upc, l.cover, l.edition
         FROM albums l JOIN artists a ON a.id = l.artist_id WHERE l.id = $1");
    let Some(album) = from.optional(statement.bind(id)).await? else { return Ok(None) };
    let statement = sql(concat!(
        songs!(),
        " WHERE ",
        visible!(),
        " AND s.album_id = $5
          ORDER BY COALESCE(s.disc, 1), COALESCE(s.track, 1000000), s.id"
    ));
    let rows = from.all(statement.bind_audience(audience, now_ms).bind(id)).await?;
    let songs: Vec<Song> = rows.iter().map(read_song).collect::<Result<_, _>>()?;
    if songs.is_empty() {
        return Ok(None);
    }
    let own: Option<Artwork> = album.parse_optional("cover")?;
    let artwork = own.or_else(|| songs.iter().find_map(|song| song.artwork.clone()));
    Ok(Some(Album {
        id,
        title: album.get("title")?,
        artist_id: album.get("artist_id")?,
        artist: album.get("artist")?,
        upc: album.parse_optional("upc")?,
        artwork,
        songs,
        edition: album.get("edition")?,
    }))
}

async fn store(write: &mut Write, album: &Album, edit: &AlbumEdit) -> Result<(), CatalogueError> {
    let upc = edit.upc.clone().unwrap_or_else(|| album.upc.clone());
    let statement = sql("UPDATE albums SET title = $1, upc = $2, edition = edition + 1
                         WHERE id = $3 AND edition = $4")
    .bind(edit.title.as_ref().map_or(album.title.as_str(), Name::as_str))
    .bind(upc.as_ref().map(Upc::to_string))
    .bind(album.id)
    .bind(album.edition);
    match write.execute(statement).await.map_err(CatalogueError::or_taken)? {
        0 => Err(CatalogueError::Stale),
        _ => Ok(()),
    }
}

async fn reorder(write: &mut Write, album: &Album, order: &[SongId]) -> Result<(), CatalogueError> {
    let (there, named): (BTreeSet<SongId>, BTreeSet<SongId>) =
        (album.songs.iter().map(|song| song.id).collect(), order.iter().copied().collect());
    if there != named || order.len() != named.len() {
        return Err(CatalogueError::NotItsSongs);
    }
    // Counted through: what its discs were says nothing any more.
    for (track, song) in (1_u32..).zip(order) {
        let statement = sql("UPDATE songs SET track = $1, disc = NULL WHERE id = $2");
        write.execute(statement.bind(track).bind(*song)).await?;
    }
    Ok(())
}

/// What is said about a song says its album's title, too.
async fn renumber(write: &mut Write, song: SongId) -> Result<(), CatalogueError> {
    let statement = sql("UPDATE songs SET edition = edition + 1 WHERE id = $1");
    write.execute(statement.bind(song)).await.map(|_| ())
}
