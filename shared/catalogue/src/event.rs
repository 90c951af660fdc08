//! What can happen. An event is told to everybody who cares, at least once, after the change that it is about.

use media::{AlbumId, ArtistId, SongId, UserId};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Something that has happened. As JSON, an object whose `event` is its [name](Event::name).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event")]
pub enum Event {
    /// A song was accepted and waits to be packaged.
    #[serde(rename = "song.uploaded")]
    SongUploaded {
        /// Which.
        song: SongId,
        /// Whose.
        uploader: UserId,
    },
    /// A song that could not be packaged waits to be packaged again.
    #[serde(rename = "song.queued")]
    SongQueued {
        /// Which.
        song: SongId,
        /// Whose.
        #[serde(default)]
        uploader: Option<UserId>,
    },
    /// A song can be played for the first time, unless it was withdrawn meanwhile.
    #[serde(rename = "song.ready")]
    SongReady {
        /// Which.
        song: SongId,
        /// Whose; events of before do not say so.
        #[serde(default)]
        uploader: Option<UserId>,
        /// Its artist.
        artist: ArtistId,
        /// Its album.
        album: AlbumId,
    },
    /// A song cannot be packaged.
    #[serde(rename = "song.failed")]
    SongFailed {
        /// Which.
        song: SongId,
        /// Whose; events of before do not say so.
        #[serde(default)]
        uploader: Option<UserId>,
        /// Why, for its artist.
        reason: String,
    },
    /// A song has another current version.
    #[serde(rename = "song.replaced")]
    SongReplaced {
        /// Which.
        song: SongId,
        /// Whose; events of before do not say so.
        #[serde(default)]
        uploader: Option<UserId>,
        /// Its artist.
        artist: ArtistId,
        /// Its album.
        album: AlbumId,
    },
    /// A song plays on as before: what was to replace its current version cannot be packaged, or was called off.
    #[serde(rename = "song.replacement-failed")]
    SongReplacementFailed {
        /// Which.
        song: SongId,
        /// Whose.
        #[serde(default)]
        uploader: Option<UserId>,
        /// Why, for its artist.
        reason: String,
    },
    /// A song must not be played any more.
    #[serde(rename = "song.withdrawn")]
    SongWithdrawn {
        /// Which.
        song: SongId,
        /// Whose.
        #[serde(default)]
        uploader: Option<UserId>,
    },
    /// A song that was withdrawn is as it would be otherwise.
    #[serde(rename = "song.restored")]
    SongRestored {
        /// Which.
        song: SongId,
        /// Whose.
        #[serde(default)]
        uploader: Option<UserId>,
    },
    /// What is said about a song, or when and where it may be heard, is not what it was.
    #[serde(rename = "song.edited")]
    SongEdited {
        /// Which.
        song: SongId,
        /// Its artist.
        artist: ArtistId,
        /// Its album.
        album: AlbumId,
    },
    /// Somebody plays.
    #[serde(rename = "playback.started")]
    PlaybackStarted {
        /// Who.
        user: UserId,
        /// What.
        song: SongId,
    },
    /// Somebody paused.
    #[serde(rename = "playback.paused")]
    PlaybackPaused {
        /// Who.
        user: UserId,
        /// What.
        song: SongId,
    },
    /// Somebody stopped.
    #[serde(rename = "playback.stopped")]
    PlaybackStopped {
        /// Who.
        user: UserId,
        /// What.
        song: SongId,
    },
    /// Somebody is elsewhere in a song, or in another song, on this device or another.
    #[serde(rename = "playback.moved")]
    PlaybackMoved {
        /// Who.
        user: UserId,
        /// In what.
        song: SongId,
    },
    /// Somebody has an account.
    #[serde(rename = "user.registered")]
    UserRegistered {
        /// Who.
        user: UserId,
    },
    /// A session or key of somebody has ended, or they may do something else than before: whatever is open by those is to
    /// be looked at anew.
    #[serde(rename = "access.changed")]
    AccessChanged {
        /// Whose.
        user: UserId,
    },
    /// A playlist, or who may see it, is not what it was.
    #[serde(rename = "playlist.changed")]
    PlaylistChanged {
        /// Which.
        playlist: Uuid,
        /// Who did it.
        by: UserId,
        /// Its owner and its members, those included who are none any more; events of before name nobody.
        #[serde(default)]
        members: Vec<UserId>,
    },
    /// Somebody likes, follows or has marked something else than before.
    #[serde(rename = "library.changed")]
    LibraryChanged {
        /// Who.
        user: UserId,
    },
}

impl Event {
    /// What it is called on the bus.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::SongUploaded { .. } => "song.uploaded",
            Self::SongQueued { .. } => "song.queued",
            Self::SongReady { .. } => "song.ready",
            Self::SongFailed { .. } => "song.failed",
            Self::SongReplaced { .. } => "song.replaced",
            Self::SongReplacementFailed { .. } => "song.replacement-failed",
            Self::SongWithdrawn { .. } => "song.withdrawn",
            Self::SongRestored { .. } => "song.restored",
            Self::SongEdited { .. } => "song.edited",
            Self::PlaybackStarted { .. } => "playback.started",
            Self::PlaybackPaused { .. } => "playback.paused",
            Self::PlaybackStopped { .. } => "playback.stopped",
            Self::PlaybackMoved { .. } => "playback.moved",
            Self::UserRegistered { .. } => "user.registered",
            Self::AccessChanged { .. } => "access.changed",
            Self::PlaylistChanged { .. } => "playlist.changed",
            Self::LibraryChanged { .. } => "library.changed",
        }
    }

    /// What it is about: events about one thing are told in their order.
    #[must_use]
    pub fn about(&self) -> Uuid {
        match self {
            Self::SongUploaded { song, .. }
            | Self::SongQueued { song, .. }
            | Self::SongReady { song, .. }
            | Self::SongFailed { song, .. }
            | Self::SongReplaced { song, .. }
            | Self::SongReplacementFailed { song, .. }
            | Self::SongEdited { song, .. }
            | Self::SongWithdrawn { song, .. }
            | Self::SongRestored { song, .. } => song.uuid(),
            Self::PlaybackStarted { user, .. }
            | Self::PlaybackPaused { user, .. }
            | Self::PlaybackStopped { user, .. }
            | Self::PlaybackMoved { user, .. }
            | Self::LibraryChanged { user }
            | Self::AccessChanged { user }
            | Self::UserRegistered { user } => user.uuid(),
            Self::PlaylistChanged { playlist, .. } => *playlist,
        }
    }

    /// Who has what it is about, beside that itself: whoever is to hear of it.
    #[must_use]
    pub fn concerns(&self) -> &[UserId] {
        match self {
            Self::SongUploaded { uploader, .. } => std::slice::from_ref(uploader),
            Self::SongQueued { uploader, .. }
            | Self::SongReady { uploader, .. }
            | Self::SongFailed { uploader, .. }
            | Self::SongReplaced { uploader, .. }
            | Self::SongReplacementFailed { uploader, .. }
            | Self::SongWithdrawn { uploader, .. }
            | Self::SongRestored { uploader, .. } => uploader.as_slice(),
            Self::PlaylistChanged { members, .. } => members,
            _ => &[],
        }
    }

    /// Whether it may change what is said about a song, or who is shown it.
    pub(crate) fn is_of_a_song(&self) -> bool {
        matches!(
            self,
            Self::SongUploaded { .. }
                | Self::SongQueued { .. }
                | Self::SongReady { .. }
                | Self::SongFailed { .. }
                | Self::SongReplaced { .. }
                | Self::SongWithdrawn { .. }
                | Self::SongRestored { .. }
                | Self::SongEdited { .. }
        )
    }

    /// Itself as JSON.
    pub(crate) fn payload(&self) -> String {
        serde_json::to_string(self).expect("an event is plain JSON")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_reads_back_and_its_json_has_its_name() {
        let id = Uuid::from_u128(7);
        let (user, song) = (UserId::new(id), SongId::new(id));
        let (artist, album) = (ArtistId::new(id), AlbumId::new(id));
        for event in [
            Event::SongUploaded { song, uploader: user },
            Event::SongQueued { song, uploader: Some(user) },
            Event::SongReady { song, uploader: Some(user), artist, album },
            Event::SongFailed { song, uploader: None, reason: "because".to_owned() },
            Event::SongReplaced { song, uploader: None, artist, album },
            Event::SongReplacementFailed { song, uploader: None, reason: "because".to_owned() },
            Event::SongWithdrawn { song, uploader: Some(user) },
            Event::SongRestored { song, uploader: Some(user) },
            Event::SongEdited { song, artist, album },
            Event::PlaybackStarted { user, song },
            Event::PlaybackPaused { user, song },
            Event::PlaybackStopped { user, song },
            Event::PlaybackMoved { user, song },
            Event::UserRegistered { user },
            Event::AccessChanged { user },
            Event::PlaylistChanged { playlist: id, by: user, members: vec![user] },
            Event::LibraryChanged { user },
        ] {
            let payload = event.payload();
            let json: serde_json::Value = serde_json::from_str(&payload).expect("JSON");
            assert_eq!(json["event"], event.name());
            assert_eq!(serde_json::from_str::<Event>(&payload).expect("the event"), event);
            assert_eq!(event.about(), id);
        }
    }

    #[test]
    fn events_of_before_name_nobody() {
        let id = Uuid::from_u128(7);
        let event = format!(r#"{{"event":"playlist.changed","playlist":"{id}","by":"{id}"}}"#);
        let event: Event = serde_json::from_str(&event).expect("an event");
        assert_eq!(event.concerns(), []);
        let event = format!(r#"{{"event":"song.failed","song":"{id}","reason":"because"}}"#);
        let event: Event = serde_json::from_str(&event).expect("an event");
        assert_eq!(event.concerns(), []);
    }
}
