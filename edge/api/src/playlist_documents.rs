//! What the API says of playlists.

use catalogue::playlist::{Entry, EntryId};
use catalogue::playlist_rules::Standing;
use catalogue::song_document::rfc3339;
use catalogue::{Playlist, PlaylistId, SongDocument};
use media::UserId;
use serde::Serialize;
use utoipa::ToSchema;

/// A playlist, as the caller may see it.
#[derive(Serialize, ToSchema)]
#[schema(as = Playlist)]
pub(crate) struct PlaylistDocument {
    /// Which.
    #[schema(value_type = Uuid)]
    id: PlaylistId,
    /// Who made it.
    #[schema(value_type = Uuid)]
    owner: UserId,
    /// Its name.
    name: String,
    /// What it is.
    description: String,
    /// Whether everybody may see it.
    public: bool,
    /// How many songs it has.
    song_count: u32,
    /// How often it was changed: its entity tag, without the quotes.
    version: u64,
    /// What the caller is to it: owner, editor, viewer, admin or stranger.
    #[schema(value_type = String)]
    role: Standing,
    /// When it was made (RFC 3339).
    created_at: String,
    /// When it was last changed (RFC 3339).
    updated_at: String,
}

impl From<Playlist> for PlaylistDocument {
    fn from(playlist: Playlist) -> Self {
        Self {
            id: playlist.id,
            owner: playlist.owner,
            name: playlist.name,
            description: playlist.description,
            public: playlist.public,
            song_count: playlist.songs,
            version: playlist.version,
            role: playlist.standing,
            created_at: rfc3339(playlist.created_ms),
            updated_at: rfc3339(playlist.updated_ms),
        }
    }
}

/// A playlist, and its songs where they were asked for.
#[derive(Serialize, ToSchema)]
pub(crate) struct PlaylistWithSongs {
    #[serde(flatten)]
    pub(crate) playlist: PlaylistDocument,
    /// Its songs in their order, from the first on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) songs: Option<EntryPage>,
}

/// One page of playlists. `next`, given back as `after`, leads to the one that follows.
#[derive(Serialize, ToSchema)]
pub(crate) struct PlaylistPage {
    pub(crate) playlists: Vec<PlaylistDocument>,
    #[schema(value_type = Option<Uuid>)]
    pub(crate) next: Option<PlaylistId>,
}

/// One page of entries. `next`, given back as `after`, leads to the one that follows, whatever is edited meanwhile.
#[derive(Serialize, ToSchema)]
pub(crate) struct EntryPage {
    entries: Vec<EntryDocument>,
    next: Option<String>,
}

/// A song's place in a playlist.
#[derive(Serialize, ToSchema)]
#[schema(as = PlaylistEntry)]
struct EntryDocument {
    /// Which: it stays the same wherever the entry is moved.
    #[schema(value_type = Uuid)]
    id: EntryId,
    /// The song; `null` where it cannot be played by the caller now.
    song: Option<SongDocument>,
    /// Who put it in, if they still have an account.
    #[schema(value_type = Option<Uuid>)]
    added_by: Option<UserId>,
    /// When (RFC 3339).
    added_at: String,
}

impl EntryPage {
    /// A page of at most `limit`, from one entry more where there are more.
    pub(crate) fn new(mut entries: Vec<Entry>, limit: usize) -> Self {
        let more = entries.len() > limit;
        entries.truncate(limit);
        let next = entries.last().filter(|_| more).map(|entry| entry.cursor.to_string());
        Self { entries: entries.into_iter().map(EntryDocument::from).collect(), next }
    }
}

impl From<Entry> for EntryDocument {
    fn from(entry: Entry) -> Self {
        Self {
            id: entry.id,
            song: entry.song.map(SongDocument::from),
            added_by: entry.added_by,
            added_at: rfc3339(entry.added_ms),
        }
    }
}
