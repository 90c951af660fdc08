//! The artists.

use std::collections::BTreeMap;

use media::ArtistId;
use uuid::Uuid;

use crate::artwork::Artwork;
use crate::audience::Audience;
use crate::catalogue::Catalogue;
use crate::error::CatalogueError;
use crate::name::Name;
use crate::row::Row;
use crate::song_filter::starting_with;
use crate::source::Source;
use crate::statement::sql;
use crate::write::Write;

/// Somebody who makes music.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Artist {
    /// Which.
    pub id: ArtistId,
    /// Their name.
    pub name: String,
    /// The cover of their newest song that has one, of those that the audience may know of.
    pub artwork: Option<Artwork>,
}

/// The condition under which the audience of `$1` to `$4` may know of the artist `a`: by a song of theirs, or one that
/// credits them.
macro_rules! known {
    () => {
        concat!(
            "(EXISTS (SELECT 1 FROM songs s WHERE s.artist_id = a.id AND ",
            crate::audience::visible!(),
            ") OR EXISTS (SELECT 1 FROM credits k JOIN songs s ON s.id = k.song_id
                          WHERE k.artist_id = a.id AND ",
            crate::audience::visible!(),
            "))"
        )
    };
}

pub(crate) use known;

/// Artists whom the audience may know of.
macro_rules! artists {
    () => {
        concat!(
            "SELECT a.id, a.name,
                 (SELECT s.cover FROM songs s
                  WHERE s.artist_id = a.id AND s.cover IS NOT NULL AND ",
            crate::audience::visible!(),
            " ORDER BY s.id DESC LIMIT 1) AS cover
             FROM artists a WHERE ",
            known!()
        )
    };
}

/// The artists in a catalogue.
#[derive(Debug)]
pub struct Artists<'a>(&'a Catalogue);

impl<'a> Artists<'a> {
    pub(crate) fn new(catalogue: &'a Catalogue) -> Self {
        Self(catalogue)
    }

    /// The artist with that id, if `audience` may know a song of theirs.
    ///
    /// # Errors
    /// The database failed.
    pub async fn seen(
        &self,
        id: ArtistId,
        audience: &Audience,
    ) -> Result<Option<Artist>, CatalogueError> {
        let statement = sql(artists!()).bind_audience(audience, self.0.now_ms());
        let row = self.0.read().optional(statement.with(" AND a.id = ?", id)).await?;
        row.as_ref().map(read_artist).transpose()
    }

    /// Up to `limit` artists whose names begin like `text`, however they are capitalised, in the order of their names,
    /// behind the first `offset` of them.
    ///
    /// # Errors
    /// The database failed.
    pub async fn starting_with(
        &self,
        text: &str,
        audience: &Audience,
        offset: u32,
        limit: u32,
    ) -> Result<Vec<Artist>, CatalogueError> {
        let statement = sql(artists!()).bind_audience(audience, self.0.now_ms());
        let range = [" AND a.name_key >= ?", " AND a.name_key < ?"];
        let statement = starting_with(statement, range, text)
            .with(" ORDER BY a.name_key, a.id LIMIT ?", limit)
            .with(" OFFSET ?", offset);
        self.0.read().all(statement).await?.iter().map(read_artist).collect()
    }
}

/// The artists of those names, made where nobody has them yet. In the order of their names, whoever names them in which:
/// two that make the same ones wait for each other one way round.
pub(crate) async fn find_or_make<'n>(
    write: &mut Write,
    names: impl IntoIterator<Item = &'n Name>,
) -> Result<BTreeMap<&'n str, ArtistId>, CatalogueError> {
    let mut artists: BTreeMap<&str, ArtistId> = BTreeMap::new();
    let names: BTreeMap<&str, &Name> =
        names.into_iter().map(|name| (name.as_str(), name)).collect();
    for (text, name) in names {
        artists.insert(text, find_or_make_one(write, name).await?);
    }
    Ok(artists)
}

/// Most are there: those are read, not locked.
async fn find_or_make_one(write: &mut Write, name: &Name) -> Result<ArtistId, CatalogueError> {
    let find = sql("SELECT id FROM artists WHERE name = $1").bind(name.as_str());
    if let Some(row) = write.optional(find).await? {
        return row.get("id");
    }
    let make = sql("INSERT INTO artists (id, name, name_key, created_ms) VALUES ($1, $2, $3, $4)
         ON CONFLICT (name) DO UPDATE SET name_key = excluded.name_key RETURNING id")
    .bind(Uuid::now_v7())
    .bind(name.as_str())
    .bind(name.key())
    .bind(write.now_ms());
    write.one(make).await?.get("id")
}

fn read_artist(row: &Row) -> Result<Artist, CatalogueError> {
    let artwork = row.parse_optional("cover")?;
    Ok(Artist { id: row.get("id")?, name: row.get("name")?, artwork })
}
