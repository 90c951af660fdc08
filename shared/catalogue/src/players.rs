//! The users' players: what each listens to, wherever they are, so that another of their devices goes on with it.
//!
//! One device has a player: the last that began to play, or set it. What the others tell of their playbacks (late
//! heartbeats, the pause of a device that makes room) changes nothing.

use media::{SongId, UserId};

use crate::audience::Audience;
use crate::catalogue::Catalogue;
use crate::error::CatalogueError;
use crate::event::Event;
use crate::playbacks::Report;
use crate::player::{Device, Player, Setting, now_at};
use crate::songs;
use crate::source::Source;
use crate::statement::sql;
use crate::write::Write;

/// The players in a catalogue, one for each user who ever listened.
#[derive(Debug)]
pub struct Players<'a>(&'a Catalogue);

/// Why a player could not be set.
#[derive(Debug, thiserror::Error)]
pub enum PlayerError {
    /// No song that the user may know of.
    #[error("there is no such song")]
    NoSuchSong,
    /// It is at none of the versions that were insisted upon.
    #[error("the player was used meanwhile")]
    Changed,
    /// The database failed.
    #[error(transparent)]
    Catalogue(#[from] CatalogueError),
}

impl<'a> Players<'a> {
    pub(crate) fn new(catalogue: &'a Catalogue) -> Self {
        Self(catalogue)
    }

    /// The player of `user`, whom `audience` is; `None` where they never listened to anything.
    ///
    /// # Errors
    /// The database failed.
    pub async fn get(
        &self,
        user: UserId,
        audience: &Audience,
    ) -> Result<Option<Player>, CatalogueError> {
        fetch(&mut self.0.read(), user, audience, self.0.now_ms()).await
    }

    /// Sets the player of `user`, whom `audience` is, where it is at one of `versions`, or wherever it is. A player that
    /// there is not yet is at version 0.
    ///
    /// # Errors
    /// [`PlayerError`].
    pub async fn set(
        &self,
        user: UserId,
        audience: &Audience,
        setting: &Setting,
        versions: Option<&[u64]>,
    ) -> Result<Player, PlayerError> {
        let mut write = self.0.write().await?;
        let now = write.now_ms();
        let song = songs::among(&mut write, audience, now, [setting.song].into_iter()).await?;
        let song = song.into_iter().next().ok_or(PlayerError::NoSuchSong)?;
        let at = version(&mut write, user).await?;
        if versions.is_some_and(|versions| !versions.contains(&at)) {
            return Err(PlayerError::Changed);
        }
        let end = song.current.map_or(u64::MAX, |current| current.duration_ms);
        let setting = Setting { position_ms: setting.position_ms.min(end), ..setting.clone() };
        let only_at = versions.map(|_| at);
        if !put(&mut write, user, &setting, QueueOfBefore::Forgotten, only_at).await? {
            return Err(PlayerError::Changed);
        }
        write.say(&Event::PlaybackMoved { user, song: setting.song }).await?;
        let player = fetch(&mut write, user, audience, now).await?;
        write.commit().await?;
        player.ok_or_else(|| CatalogueError::from(sqlx::Error::RowNotFound).into())
    }
}

/// Takes what a device says of its own playback, and is like now: the player follows if that device has it, or takes it
/// by beginning to play. Answers whether it was moved on purpose.
pub(crate) async fn follow(
    write: &mut Write,
    user: UserId,
    report: Report,
    now: &Setting,
) -> Result<bool, CatalogueError> {
    let heartbeat = report == Report::Heartbeat;
    if report != Report::Play && keep_up(write, user, now, !heartbeat).await? {
        return Ok(!heartbeat);
    }
    // A heartbeat is the first that is heard of a player whose beginning was lost.
    if report == Report::Play || heartbeat && version(write, user).await? == 0 {
        return put(write, user, now, QueueOfBefore::KeptWithTheSong, None).await;
    }
    Ok(false)
}

/// Whether the device has the player, with that song, and has now said where it is.
async fn keep_up(
    write: &mut Write,
    user: UserId,
    now: &Setting,
    on_purpose: bool,
) -> Result<bool, CatalogueError> {
    let statement = sql("UPDATE players SET position_ms = $2, at_ms = $3,
             version = version + CASE WHEN $4 OR playing <> $5 THEN 1 ELSE 0 END, playing = $5
         WHERE user_id = $1 AND song_id = $6 AND session_id IS NOT DISTINCT FROM $7
             AND (device IS NULL OR CAST($8 AS TEXT) IS NULL OR device = $8)");
    let at = write.now_ms();
    let statement = statement
        .bind(user)
        .bind(now.position_ms)
        .bind(at)
        .bind(on_purpose)
        .bind(now.playing)
        .bind(now.song)
        .bind(now.device.session)
        .bind(now.device.name.as_ref().map(|name| name.as_str()));
    Ok(write.execute(statement).await? == 1)
}

/// What becomes of the queue that the player was in, where no other is named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum QueueOfBefore {
    Forgotten,
    KeptWithTheSong,
}

/// Makes the player what it is to be; only at one version, where that is said. Answers whether it was.
async fn put(
    write: &mut Write,
    user: UserId,
    setting: &Setting,
    before: QueueOfBefore,
    only_at: Option<u64>,
) -> Result<bool, CatalogueError> {
    let statement = sql("INSERT INTO players (user_id, song_id, position_ms, playing, session_id,
                                              device, context, version, at_ms)
         VALUES ($1, $2, $3, $4, $5, $6, $7, 1, $8)
         ON CONFLICT (user_id) DO UPDATE SET song_id = excluded.song_id,
             position_ms = excluded.position_ms, playing = excluded.playing,
             session_id = excluded.session_id, device = excluded.device,
             context = COALESCE(excluded.context,
                 CASE WHEN $9 AND players.song_id = excluded.song_id THEN players.context END),
             version = players.version + 1, at_ms = excluded.at_ms
         WHERE CAST($10 AS BIGINT) IS NULL OR players.version = $10");
    let at = write.now_ms();
    let statement = statement
        .bind(user)
        .bind(setting.song)
        .bind(setting.position_ms)
        .bind(setting.playing)
        .bind(setting.device.session)
        .bind(setting.device.name.as_ref().map(|name| name.as_str()))
        .bind(setting.queue.map(|queue| queue.to_string()))
        .bind(at)
        .bind(before == QueueOfBefore::KeptWithTheSong)
        .bind(only_at);
    Ok(write.execute(statement).await? == 1)
}

/// 0 where there is no player yet.
async fn version(write: &mut Write, user: UserId) -> Result<u64, CatalogueError> {
    let statement = sql("SELECT version FROM players WHERE user_id = $1").bind(user);
    write.optional(statement).await?.map_or(Ok(0), |row| row.get("version"))
}

async fn fetch(
    from: &mut impl Source,
    user: UserId,
    audience: &Audience,
    now_ms: i64,
) -> Result<Option<Player>, CatalogueError> {
    let statement = sql("SELECT song_id, position_ms, playing, session_id, device, context,
                                version, at_ms
                         FROM players WHERE user_id = $1");
    let Some(row) = from.optional(statement.bind(user)).await? else { return Ok(None) };
    let song_id: SongId = row.get("song_id")?;
    let song = songs::among(from, audience, now_ms, [song_id].into_iter()).await?.pop();
    let duration = song.as_ref().and_then(|song| song.current.as_ref());
    let at_ms = row.get("at_ms")?;
    let (position_ms, playing) = now_at(
        row.get("position_ms")?,
        row.get("playing")?,
        at_ms,
        duration.map(|current| current.duration_ms),
        now_ms.unsigned_abs(),
    );
    let device = Device { session: row.get("session_id")?, name: row.parse_optional("device")? };
    let (queue, version) = (row.parse_optional("context")?, row.get("version")?);
    Ok(Some(Player { song_id, song, position_ms, playing, device, queue, version, at_ms }))
}
