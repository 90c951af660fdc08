//! What edges are told of what has happened to songs.

use catalogue::Event;
use invalidation::Notice;
use origin::SurrogateKey;

use crate::hooks;

/// What edges are to be told of an event.
pub(crate) fn notice(event: &Event) -> Option<Notice> {
    match event {
        Event::SongWithdrawn { song, .. } => Some(Notice::Withdraw(SurrogateKey::Song(*song))),
        Event::SongRestored { song, .. } => Some(Notice::Restore(SurrogateKey::Song(*song))),
        Event::SongReplaced { .. } => hooks::purge(event).map(Notice::Purge),
        _ => None,
    }
}
