//! What players tell: where they are in a song, and what of it was heard. A play is 30 seconds of distinct position, or the
//! whole of a shorter song, once per listener and song in six hours.

use media::{SongId, UserId};
use uuid::Uuid;

use crate::catalogue::Catalogue;
use crate::error::CatalogueError;
use crate::event::Event;
use crate::player::{Device, Queue, Setting};
use crate::players;
use crate::source::Source;
use crate::statement::sql;
use crate::trends::count_play;
use crate::write::Write;

/// What has to be heard of a song, in milliseconds.
pub const PLAY_MS: u64 = 30_000;

/// One listener's plays of one song count once in this time, in milliseconds: as long as they are given one and the same
/// token.
const WINDOW_MS: u64 = 6 * 60 * 60 * 1_000;

/// By how much a player's clock and ours may differ between two reports, in milliseconds.
const SLACK_MS: u64 = 1_000;

/// Spans that are remembered of one playback; whoever jumps more often has to stay for a while.
const MOST_SPANS: usize = 64;

/// What a player does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Report {
    /// It begins to play, or goes on.
    Play,
    /// It pauses.
    Pause,
    /// It jumps, from that position (milliseconds) where it says so.
    Seek(Option<u64>),
    /// It stops.
    Stop,
    /// It plays as before.
    Heartbeat,
}

/// What a device tells of its playback.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// What it does.
    pub report: Report,
    /// Where it is now, in milliseconds.
    pub position_ms: u64,
    /// Which device.
    pub device: Device,
    /// The queue that the song is from, where it says so.
    pub queue: Option<Queue>,
}

/// A playback after a report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Playing {
    /// Whether it plays.
    pub playing: bool,
    /// Where it is, in milliseconds.
    pub position_ms: u64,
    /// Whether it counts as a play.
    pub counted: bool,
}

/// The playbacks in a catalogue.
#[derive(Debug)]
pub struct Playbacks<'a>(&'a Catalogue);

struct Kept {
    user: UserId,
    song: SongId,
    position_ms: u64,
    playing: bool,
    heard: Heard,
    opened_ms: u64,
    at_ms: u64,
    counted: bool,
    duration_ms: u64,
}

impl<'a> Playbacks<'a> {
    pub(crate) fn new(catalogue: &'a Catalogue) -> Self {
        Self(catalogue)
    }

    /// Notes that `user` may play `song` under that id; once, however often they ask.
    ///
    /// # Errors
    /// The database failed.
    pub async fn open(&self, id: Uuid, user: UserId, song: SongId) -> Result<(), CatalogueError> {
        let known = sql("SELECT 1 AS one FROM playbacks WHERE id = $1").bind(id);
        if self.0.read().optional(known).await?.is_some() {
            return Ok(());
        }
        let statement = sql("INSERT INTO playbacks
                 (id, user_id, song_id, position_ms, playing, heard, opened_ms, at_ms)
             VALUES ($1, $2, $3, 0, FALSE, '[]', $4, $4) ON CONFLICT (id) DO NOTHING");
        let now = self.0.now_ms();
        let mut write = self.0.write().await?;
        write.execute(statement.bind(id).bind(user).bind(song).bind(now)).await?;
        write.commit().await
    }

    /// Takes what one of `user`'s devices tells of its playback; `None` where they have no such playback. Nothing that
    /// comes twice is counted twice. Their [player](crate::player) follows it, if that device has it.
    ///
    /// # Errors
    /// The database failed.
    pub async fn report(
        &self,
        id: Uuid,
        user: UserId,
        told: &Told,
    ) -> Result<Option<Playing>, CatalogueError> {
        let report = told.report;
        let mut write = self.0.write_alone_on(id).await?;
        let Some(kept) = fetch(&mut write, id).await?.filter(|kept| kept.user == user) else {
            return Ok(None);
        };
        let now = u64::try_from(write.now_ms()).unwrap_or_default();
        let position_ms = told.position_ms.min(kept.duration_ms);
        let playing = match report {
            Report::Play | Report::Heartbeat => true,
            Report::Pause | Report::Stop => false,
            Report::Seek(_) => kept.playing,
        };
        let heard = kept.heard_until(report, position_ms, now);
        let counts = !kept.counted && heard.suffices(&kept, now);
        if counts {
            // Whoever counts the same song waits: of two playbacks of one listener, the second finds the first.
            write.alone_on(kept.song.uuid()).await?;
        }
        let anew = counts && !counted_lately(&mut write, &kept, now).await?;
        let counted = kept.counted || counts;
        let statement = sql("UPDATE playbacks SET position_ms = $1, playing = $2, heard = $3,
                 at_ms = $4, counted_ms = COALESCE(counted_ms, $5),
                 played_ms = CASE WHEN $6 THEN $4 ELSE played_ms END WHERE id = $7")
        .bind(position_ms)
        .bind(playing)
        .bind(if counted { "[]".to_owned() } else { heard.to_json() })
        .bind(now)
        .bind(counts.then_some(now))
        .bind(playing && !kept.playing)
        .bind(id);
        write.execute(statement).await?;
        if anew {
            count_play(&mut write, kept.song).await?;
        }
        let (song, device, queue) = (kept.song, told.device.clone(), told.queue);
        let setting = Setting { song, position_ms, playing, device, queue };
        let moved = players::follow(&mut write, user, report, &setting).await?;
        let moved = moved.then_some(Event::PlaybackMoved { user, song });
        if let Some(event) = kept.became(report).or(moved) {
            write.say(&event).await?;
        }
        write.commit().await?;
        Ok(Some(Playing { playing, position_ms, counted }))
    }
}

/// Whether another playback of the song has counted for the listener within a [`WINDOW_MS`]: a new token is no new play.
async fn counted_lately(
    write: &mut Write,
    kept: &Kept,
    now_ms: u64,
) -> Result<bool, CatalogueError> {
    let statement = sql("SELECT 1 AS one FROM playbacks
                         WHERE user_id = $1 AND song_id = $2 AND counted_ms > $3 LIMIT 1");
    let since = now_ms.saturating_sub(WINDOW_MS);
    let statement = statement.bind(kept.user).bind(kept.song).bind(since);
    Ok(write.optional(statement).await?.is_some())
}

async fn fetch(write: &mut Write, id: Uuid) -> Result<Option<Kept>, CatalogueError> {
    let statement = sql("SELECT p.user_id, p.song_id, p.position_ms, p.playing, p.heard,
             p.opened_ms, p.at_ms, p.counted_ms, v.duration_ms
         FROM playbacks p
         JOIN current_versions c ON c.song_id = p.song_id
         JOIN versions v ON v.song_id = c.song_id AND v.version = c.version
         WHERE p.id = $1");
    let Some(row) = write.optional(statement.bind(id)).await? else { return Ok(None) };
    let heard: String = row.get("heard")?;
    Ok(Some(Kept {
        user: row.get("user_id")?,
        song: row.get("song_id")?,
        position_ms: row.get("position_ms")?,
        playing: row.get("playing")?,
        heard: Heard(serde_json::from_str(&heard).map_err(CatalogueError::unreadable("heard"))?),
        opened_ms: row.get("opened_ms")?,
        at_ms: row.get("at_ms")?,
        counted: row.get::<Option<i64>>("counted_ms")?.is_some(),
        duration_ms: row.get("duration_ms")?,
    }))
}

impl Kept {
    /// What was heard when the player has come to `position_ms`: nobody hears faster than time passes.
    fn heard_until(&self, report: Report, position_ms: u64, now_ms: u64) -> Heard {
        let end = match report {
            Report::Seek(from) => from.unwrap_or(self.position_ms).min(self.duration_ms),
            _ => position_ms,
        };
        let passed = now_ms.saturating_sub(self.at_ms) + SLACK_MS;
        let mut heard = self.heard.clone();
        if self.playing && end > self.position_ms && end - self.position_ms <= passed {
            heard.add(self.position_ms, end);
        }
        heard
    }

    fn became(&self, report: Report) -> Option<Event> {
        let (user, song) = (self.user, self.song);
        match (self.playing, report) {
            (false, Report::Play | Report::Heartbeat) => {
                Some(Event::PlaybackStarted { user, song })
            }
            (true, Report::Pause) => Some(Event::PlaybackPaused { user, song }),
            (true, Report::Stop) => Some(Event::PlaybackStopped { user, song }),
            _ => None,
        }
    }
}

/// Spans of a song in milliseconds, in their order, none touching another.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Heard(Vec<(u64, u64)>);

impl Heard {
    fn add(&mut self, from: u64, to: u64) {
        self.0.push((from, to));
        self.0.sort_unstable();
        let mut joined: Vec<(u64, u64)> = Vec::with_capacity(self.0.len());
        for (from, to) in self.0.drain(..) {
            match joined.last_mut() {
                Some(last) if from <= last.1 => last.1 = last.1.max(to),
                _ => joined.push((from, to)),
            }
        }
        joined.truncate(MOST_SPANS);
        self.0 = joined;
    }

    /// Whether it is a play: enough of the song, in no less time. Reports of one playback that follow each other closely
    /// cannot add up their slack.
    fn suffices(&self, kept: &Kept, now_ms: u64) -> bool {
        // Players stop a little before the end that we know of.
        let whole = kept.duration_ms.saturating_sub(SLACK_MS.min(kept.duration_ms / 20));
        let needed = PLAY_MS.min(whole);
        let heard: u64 = self.0.iter().map(|(from, to)| to - from).sum();
        let passed = now_ms.saturating_sub(kept.opened_ms) + SLACK_MS;
        heard >= needed && passed >= needed
    }

    fn to_json(&self) -> String {
        serde_json::to_string(&self.0).expect("numbers are plain JSON")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_heard_twice_counts_once() {
        let mut heard = Heard(Vec::new());
        for (from, to) in [(0, 10), (20, 30), (5, 12), (12, 20), (40, 50)] {
            heard.add(from, to);
        }
        assert_eq!(heard.0, [(0, 30), (40, 50)]);
    }
}
