//! Kinds of music, as artists name them.

use crate::audience::{Audience, visible};
use crate::catalogue::Catalogue;
use crate::error::CatalogueError;
use crate::name::Name;
use crate::source::Source;
use crate::statement::sql;
use crate::write::Write;

/// The genres in a catalogue.
#[derive(Debug)]
pub struct Genres<'a>(&'a Catalogue);

impl<'a> Genres<'a> {
    pub(crate) fn new(catalogue: &'a Catalogue) -> Self {
        Self(catalogue)
    }

    /// Up to `limit` genres that `audience` may know a song of, in the order of their names, behind `after`.
    ///
    /// # Errors
    /// The database failed.
    pub async fn list(
        &self,
        audience: &Audience,
        after: Option<&Name>,
        limit: u32,
    ) -> Result<Vec<String>, CatalogueError> {
        let statement = sql(concat!(
            "SELECT g.name FROM genres g WHERE g.genre_key > $5 AND EXISTS
                 (SELECT 1 FROM songs s WHERE s.genre_key = g.genre_key AND ",
            visible!(),
            ") ORDER BY g.genre_key LIMIT $6"
        ))
        .bind_audience(audience, self.0.now_ms())
        .bind(after.map_or_else(String::new, Name::key))
        .bind(limit);
        self.0.read().all(statement).await?.iter().map(|row| row.get("name")).collect()
    }
}

/// Remembers how a genre is written: as whoever named it first did.
pub(crate) async fn note_genre(
    write: &mut Write,
    genre: Option<&Name>,
) -> Result<(), CatalogueError> {
    let Some(genre) = genre else { return Ok(()) };
    let statement = sql("INSERT INTO genres (genre_key, name) VALUES ($1, $2)
                         ON CONFLICT (genre_key) DO NOTHING");
    write.execute(statement.bind(genre.key()).bind(genre.as_str())).await.map(|_| ())
}
