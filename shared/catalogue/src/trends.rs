//! What is played most lately.
//!
//! A play is worth twice what one [`HALF_LIFE`] earlier is. Counting forward instead of decaying what was counted, a play
//! at time t weighs 2^(t / half-life) for good, and songs keep their order while nobody plays: it is an index, and
//! nothing has to be computed again as time passes. What is stored is the logarithm, since weights outgrow any number.

use std::time::Duration;

use media::SongId;

use crate::audience::{Audience, visible};
use crate::catalogue::Catalogue;
use crate::error::CatalogueError;
use crate::name::Name;
use crate::song::Song;
use crate::song_row::{read_song, songs};
use crate::source::Source;
use crate::statement::sql;
use crate::write::Write;

/// How long it takes until a play counts half.
pub const HALF_LIFE: Duration = Duration::from_secs(3 * 24 * 60 * 60);

const DAY_MS: i64 = 24 * 60 * 60 * 1_000;

/// What is played, in a catalogue.
#[derive(Debug)]
pub struct Trends<'a>(&'a Catalogue);

impl<'a> Trends<'a> {
    pub(crate) fn new(catalogue: &'a Catalogue) -> Self {
        Self(catalogue)
    }

    /// Up to `limit` songs that `audience` may know of, of one genre or all, most played lately first.
    ///
    /// # Errors
    /// The database failed.
    pub async fn list(
        &self,
        audience: &Audience,
        genre: Option<&Name>,
        limit: u32,
    ) -> Result<Vec<Song>, CatalogueError> {
        // SQLite goes through a CROSS JOIN from left to right: along the scores, until there are enough.
        let statement = sql(concat!(
            songs!("trends t CROSS JOIN songs s"),
            " WHERE t.song_id = s.id AND ",
            visible!()
        ))
        .bind_audience(audience, self.0.now_ms());
        let statement = match genre {
            Some(genre) => statement.with(" AND t.genre_key = ?", genre.key()),
            None => statement,
        };
        let statement = statement.with(" ORDER BY t.score DESC LIMIT ?", limit);
        self.0.read().all(statement).await?.iter().map(read_song).collect()
    }

    /// Counts a play of `song` now.
    ///
    /// # Errors
    /// The database failed.
    pub async fn count(&self, song: SongId) -> Result<(), CatalogueError> {
        let mut write = self.0.write().await?;
        count_play(&mut write, song).await?;
        write.commit().await
    }

    /// How often `song` was played on the day of now (UTC) and the days before, of which there are `days`.
    ///
    /// # Errors
    /// The database failed.
    pub async fn plays(&self, song: SongId, days: u32) -> Result<u64, CatalogueError> {
        let today = self.0.now_ms() / DAY_MS;
        let statement = sql("SELECT CAST(COALESCE(SUM(plays), 0) AS BIGINT) AS plays FROM plays
                             WHERE song_id = $1 AND day > $2");
        let statement = statement.bind(song).bind(today - i64::from(days));
        self.0.read().one(statement).await?.get("plays")
    }
}

pub(crate) async fn count_play(write: &mut Write, song: SongId) -> Result<(), CatalogueError> {
    let now = write.now_ms();
    // Who counts the same song waits: the score is read before it is written.
    write.alone_on(song.uuid()).await?;
    let statement = sql("INSERT INTO plays (song_id, day, plays) VALUES ($1, $2, 1)
                         ON CONFLICT (song_id, day) DO UPDATE SET plays = plays.plays + 1");
    write.execute(statement.bind(song).bind(now / DAY_MS)).await?;
    let statement = sql("SELECT score FROM trends WHERE song_id = $1").bind(song);
    let row = write.optional(statement).await?;
    let score = row.map(|row| row.get::<f64>("score")).transpose()?;
    let statement = sql("INSERT INTO trends (song_id, genre_key, score)
         SELECT id, genre_key, $2 FROM songs WHERE id = $1
         ON CONFLICT (song_id) DO UPDATE SET score = excluded.score");
    let statement = statement.bind(song).bind(with_one_more(score, now));
    write.execute(statement).await.map(|_| ())
}

/// The score after a play at `now_ms`.
#[expect(
    clippy::cast_precision_loss,
    reason = "milliseconds since 1970 have 41 bits, a double has 53"
)]
fn with_one_more(score: Option<f64>, now_ms: i64) -> f64 {
    let weight = now_ms as f64 / HALF_LIFE.as_millis() as f64;
    let Some(score) = score else { return weight };
    let (less, more) = if score < weight { (score, weight) } else { (weight, score) };
    more + (less - more).exp2().ln_1p() / std::f64::consts::LN_2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_play_is_worth_half_after_a_half_life() {
        let half_life = i64::try_from(HALF_LIFE.as_millis()).unwrap();
        let now = 600 * half_life;
        let old = with_one_more(None, now - half_life);
        // Two old ones are worth one new one; a third tips the scales.
        let two = with_one_more(Some(old), now - half_life);
        let new = with_one_more(None, now);
        assert!((two - new).abs() < 1e-9, "{two} {new}");
        assert!(with_one_more(Some(two), now - half_life) > new);
    }
}
