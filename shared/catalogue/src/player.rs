//! What somebody listens to, wherever they are.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use media::{SessionId, SongId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::name::Name;
use crate::song::Song;

/// For how long a player is believed to go on playing that says nothing: it would have told where it is six times.
pub const SILENT: Duration = Duration::from_secs(60);

/// One of a user's devices: where they are logged in, and what it calls itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Device {
    /// The session that it speaks in; none for a program with a key.
    pub session: Option<SessionId>,
    /// Its name. One that does not say its name is any of its session.
    pub name: Option<Name>,
}

/// What kind of queue a song is from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum QueueKind {
    /// A playlist's songs.
    Playlist,
    /// An album's songs.
    Album,
    /// An artist's songs.
    Artist,
}

/// The queue that a song is from, so that another device goes on with the one after it. As text, `playlist:ID`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Queue {
    /// What kind.
    #[serde(rename = "type")]
    pub kind: QueueKind,
    /// Which one. Whether there is such a one, and whether the song is in it, is not looked at.
    pub id: Uuid,
}

/// Not a queue.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is no queue")]
pub struct InvalidQueue(String);

impl fmt::Display for Queue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.kind {
            QueueKind::Playlist => "playlist",
            QueueKind::Album => "album",
            QueueKind::Artist => "artist",
        };
        write!(f, "{kind}:{}", self.id)
    }
}

impl FromStr for Queue {
    type Err = InvalidQueue;

    fn from_str(text: &str) -> Result<Self, InvalidQueue> {
        let invalid = || InvalidQueue(text.to_owned());
        let (kind, id) = text.split_once(':').ok_or_else(invalid)?;
        let kind = match kind {
            "playlist" => QueueKind::Playlist,
            "album" => QueueKind::Album,
            "artist" => QueueKind::Artist,
            _ => return Err(invalid()),
        };
        Ok(Self { kind, id: id.parse().map_err(|_| invalid())? })
    }
}

/// What a user's player is, or is to be like, said by one of their devices.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// The song.
    pub song: SongId,
    /// Where in it, in milliseconds.
    pub position_ms: u64,
    /// Whether it plays.
    pub playing: bool,
    /// Who says so, and has the player from now on.
    pub device: Device,
    /// The queue that the song is from.
    pub queue: Option<Queue>,
}

/// A user's player, wherever it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Player {
    /// Which song.
    pub song_id: SongId,
    /// The song, where the user may still know of it.
    pub song: Option<Song>,
    /// Where in it, in milliseconds: where it was last said to be, and what has passed since, if it plays.
    pub position_ms: u64,
    /// Whether it plays: it was said so, has not come to its end, and was not [silent](SILENT) since.
    pub playing: bool,
    /// Who has it.
    pub device: Device,
    /// The queue that the song is from.
    pub queue: Option<Queue>,
    /// Counts what was done on purpose: playing, pausing, seeking, stopping, setting.
    pub version: u64,
    /// When it was last heard of, in milliseconds since 1970.
    pub at_ms: u64,
}

/// Where a player is now, and whether it still plays, that was at `position_ms` at `at_ms`.
pub(crate) fn now_at(
    position_ms: u64,
    playing: bool,
    at_ms: u64,
    duration_ms: Option<u64>,
    now_ms: u64,
) -> (u64, bool) {
    let end = duration_ms.unwrap_or(u64::MAX);
    if !playing {
        return (position_ms.min(end), false);
    }
    let silent = u64::try_from(SILENT.as_millis()).unwrap_or(u64::MAX);
    let passed = now_ms.saturating_sub(at_ms);
    let position = position_ms.saturating_add(passed.min(silent));
    (position.min(end), position < end && passed <= silent)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_passes_while_it_plays_and_is_heard_of() {
        let at = |playing, now| now_at(10_000, playing, 1_000, Some(90_000), now);
        assert_eq!(at(true, 4_000), (13_000, true));
        assert_eq!(at(true, 500), (10_000, true), "a clock that was set back");
        assert_eq!(at(false, 4_000), (10_000, false));
        assert_eq!(at(true, 61_000), (70_000, true));
        assert_eq!(at(true, 61_001), (70_000, false), "it fell silent");
        assert_eq!(now_at(80_000, true, 0, Some(90_000), 10_000), (90_000, false), "it ended");
        assert_eq!(now_at(80_000, false, 0, Some(70_000), 0), (70_000, false), "a shorter version");
    }

    #[test]
    fn a_queue_reads_back() {
        for kind in [QueueKind::Playlist, QueueKind::Album, QueueKind::Artist] {
            let queue = Queue { kind, id: Uuid::from_u128(7) };
            assert_eq!(queue.to_string().parse(), Ok(queue));
        }
        for wrong in ["", "playlist", "playlist:", "song:00000000-0000-0000-0000-000000000007"] {
            assert!(wrong.parse::<Queue>().is_err(), "{wrong:?}");
        }
    }
}
