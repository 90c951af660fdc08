//! All that is somebody's, as one JSON document of one moment.
//!
//! A table that refers to users is either a [`PARTS`] of it, or [`LEFT_OUT`] with a reason: the contract's tests walk the
//! schema, so that none is forgotten.

use media::UserId;
use serde_json::{Map, Value, json};

use crate::artwork::{Artwork, cover_documents};
use crate::catalogue::Catalogue;
use crate::error::CatalogueError;
use crate::row::Row;
use crate::snapshot::Snapshot;
use crate::song_document::rfc3339;
use crate::source::Source;
use crate::statement::sql;

/// One list of the document.
#[derive(Debug)]
pub struct Part {
    /// What it is called there.
    pub name: &'static str,
    /// The column by which its rows are somebody's.
    pub owner: (&'static str, &'static str),
    /// `$1` is whose, `$2` now.
    select: &'static str,
    columns: &'static [Column],
}

/// How a column is told.
#[derive(Debug)]
enum Column {
    Id(&'static str),
    Text(&'static str),
    Number(&'static str),
    Flag(&'static str),
    /// Milliseconds since 1970, as RFC 3339: `created_ms` becomes `created_at`.
    Time(&'static str),
    /// As everybody finds it.
    Picture(&'static str),
}

use Column::{Flag, Id, Number, Picture, Text, Time};

/// Columns that refer to users and are nothing to be told, and why.
pub const LEFT_OUT: &[(&str, &str, &str)] = &[
    (
        "kept_answers",
        "user_id",
        "for a day, what was answered to requests that may be sent again: it is told where it is kept",
    ),
    (
        "password_resets",
        "user_id",
        "a hash of what was mailed, for half an hour: it is of use to thieves alone",
    ),
    (
        "oidc_grants",
        "user_id",
        "a hash of what a browser takes for its session, for a minute: it is of use to thieves alone",
    ),
    (
        "oidc_logins",
        "user_id",
        "hashes of what a provider is to send back, for ten minutes: then it is among the identities, or nothing",
    ),
    ("feeds", "user_id", "counters of what has changed, which the rest tells in full"),
];

/// What a song of somebody's is called, as far as they may know of it by now (`$2`, milliseconds since 1970): it may have
/// become a draft. Where they are makes no difference to what they have done.
macro_rules! title {
    () => {
        "CASE WHEN s.uploader_id = $1 OR (s.state = 'ready' AND NOT s.draft
             AND (s.available_from_ms IS NULL OR s.available_from_ms <= $2)
             AND (s.available_until_ms IS NULL OR s.available_until_ms > $2))
         THEN s.title END AS title"
    };
}

/// What the document consists of, beside the account itself.
pub const PARTS: &[Part] = &[
    Part {
        name: "sessions",
        owner: ("sessions", "user_id"),
        select: "SELECT id, created_ms, ends_ms FROM sessions WHERE user_id = $1 ORDER BY id",
        columns: &[Id("id"), Time("created_ms"), Time("ends_ms")],
    },
    Part {
        name: "api_keys",
        owner: ("api_keys", "user_id"),
        select: "SELECT id, name, role, created_ms FROM api_keys WHERE user_id = $1 ORDER BY id",
        columns: &[Id("id"), Text("name"), Text("role"), Time("created_ms")],
    },
    Part {
        name: "identities",
        owner: ("identities", "user_id"),
        select: "SELECT issuer, subject, linked_ms FROM identities
                 WHERE user_id = $1 ORDER BY issuer, subject",
        columns: &[Text("issuer"), Text("subject"), Time("linked_ms")],
    },
    Part {
        name: "songs",
        owner: ("songs", "uploader_id"),
        select: "SELECT s.id, s.title, a.name AS artist, s.file_name, s.state, s.genre,
                     s.created_ms, s.updated_ms
                 FROM songs s JOIN artists a ON a.id = s.artist_id
                 WHERE s.uploader_id = $1 ORDER BY s.id",
        columns: &[
            Id("id"),
            Text("title"),
            Text("artist"),
            Text("file_name"),
            Text("state"),
            Text("genre"),
            Time("created_ms"),
            Time("updated_ms"),
        ],
    },
    Part {
        name: "uploads",
        owner: ("uploads", "user_id"),
        select: "SELECT id, length, metadata, song_id, created_ms, expires_ms FROM uploads
                 WHERE user_id = $1 ORDER BY id",
        columns: &[
            Id("id"),
            Number("length"),
            Text("metadata"),
            Id("song_id"),
            Time("created_ms"),
            Time("expires_ms"),
        ],
    },
    Part {
        name: "playlists",
        owner: ("playlists", "owner_id"),
        select: "SELECT id, name, description, public, created_ms, updated_ms FROM playlists
                 WHERE owner_id = $1 ORDER BY id",
        columns: &[
            Id("id"),
            Text("name"),
            Text("description"),
            Flag("public"),
            Time("created_ms"),
            Time("updated_ms"),
        ],
    },
    Part {
        name: "playlist_entries",
        owner: ("playlists", "owner_id"),
        select: concat!(
            "SELECT e.playlist_id, e.song_id, ",
            title!(),
            ", e.added_ms
                 FROM playlists p JOIN playlist_entries e ON e.playlist_id = p.id
                 JOIN songs s ON s.id = e.song_id
                 WHERE p.owner_id = $1 ORDER BY e.playlist_id, e.place"
        ),
        columns: &[Id("playlist_id"), Id("song_id"), Text("title"), Time("added_ms")],
    },
    Part {
        name: "added_to_playlists_of_others",
        owner: ("playlist_entries", "added_by"),
        select: concat!(
            "SELECT e.playlist_id, e.song_id, ",
            title!(),
            ", e.added_ms
                 FROM playlist_entries e JOIN playlists p ON p.id = e.playlist_id
                 JOIN songs s ON s.id = e.song_id
                 WHERE e.added_by = $1 AND p.owner_id <> $1 ORDER BY e.id"
        ),
        columns: &[Id("playlist_id"), Id("song_id"), Text("title"), Time("added_ms")],
    },
    Part {
        name: "memberships",
        owner: ("playlist_members", "user_id"),
        select: "SELECT playlist_id, role, since_ms FROM playlist_members
                 WHERE user_id = $1 ORDER BY playlist_id",
        columns: &[Id("playlist_id"), Text("role"), Time("since_ms")],
    },
    Part {
        name: "likes",
        owner: ("likes", "user_id"),
        select: concat!(
            "SELECT l.song_id, ",
            title!(),
            ", l.liked_ms FROM likes l
                 JOIN songs s ON s.id = l.song_id WHERE l.user_id = $1 ORDER BY l.id"
        ),
        columns: &[Id("song_id"), Text("title"), Time("liked_ms")],
    },
    Part {
        name: "follows",
        owner: ("follows", "user_id"),
        select: "SELECT f.artist_id, a.name, f.followed_ms FROM follows f
                 JOIN artists a ON a.id = f.artist_id WHERE f.user_id = $1 ORDER BY f.id",
        columns: &[Id("artist_id"), Text("name"), Time("followed_ms")],
    },
    Part {
        name: "playbacks",
        owner: ("playbacks", "user_id"),
        select: concat!(
            "SELECT p.song_id, ",
            title!(),
            ", p.position_ms, p.opened_ms, p.at_ms, p.counted_ms
                 FROM playbacks p JOIN songs s ON s.id = p.song_id
                 WHERE p.user_id = $1 ORDER BY p.at_ms, p.id"
        ),
        columns: &[
            Id("song_id"),
            Text("title"),
            Number("position_ms"),
            Time("opened_ms"),
            Time("at_ms"),
            Time("counted_ms"),
        ],
    },
    Part {
        name: "player",
        owner: ("players", "user_id"),
        select: concat!(
            "SELECT p.song_id, ",
            title!(),
            ", p.position_ms, p.playing, p.device, p.context, p.at_ms
                 FROM players p JOIN songs s ON s.id = p.song_id WHERE p.user_id = $1"
        ),
        columns: &[
            Id("song_id"),
            Text("title"),
            Number("position_ms"),
            Flag("playing"),
            Text("device"),
            Text("context"),
            Time("at_ms"),
        ],
    },
    Part {
        name: "bookmarks",
        owner: ("bookmarks", "user_id"),
        select: concat!(
            "SELECT b.song_id, ",
            title!(),
            ", b.position_ms, b.note, b.created_ms FROM bookmarks b
                 JOIN songs s ON s.id = b.song_id WHERE b.user_id = $1 ORDER BY b.id"
        ),
        columns: &[
            Id("song_id"),
            Text("title"),
            Number("position_ms"),
            Text("note"),
            Time("created_ms"),
        ],
    },
    Part {
        name: "email_claims",
        owner: ("email_claims", "user_id"),
        select: "SELECT email, created_ms, ends_ms FROM email_claims WHERE user_id = $1",
        columns: &[Text("email"), Time("created_ms"), Time("ends_ms")],
    },
    Part {
        name: "albums",
        owner: ("albums", "owner_id"),
        select: "SELECT id, title, upc, created_ms FROM albums WHERE owner_id = $1 ORDER BY id",
        columns: &[Id("id"), Text("title"), Text("upc"), Time("created_ms")],
    },
    Part {
        name: "streams",
        owner: ("streams", "user_id"),
        select: "SELECT playing, began_ms, heard_ms, taken_over_ms FROM streams
                 WHERE user_id = $1 ORDER BY began_ms",
        columns: &[Flag("playing"), Time("began_ms"), Time("heard_ms"), Time("taken_over_ms")],
    },
];

const ACCOUNT: &str = "SELECT id, username, email, display_name, role, plan, max_streams,
         quality, language, explicit, normalize_volume, avatar, created_ms FROM users WHERE id = $1";

const ACCOUNT_COLUMNS: &[Column] = &[
    Id("id"),
    Text("username"),
    Text("email"),
    Text("display_name"),
    Text("role"),
    Text("plan"),
    Number("max_streams"),
    Text("quality"),
    Text("language"),
    Flag("explicit"),
    Flag("normalize_volume"),
    Picture("avatar"),
    Time("created_ms"),
];

impl Catalogue {
    /// All that is `user`'s, as JSON: their account, and each of [`PARTS`] as a list under its name. Nothing where there
    /// is no such account. It is as large as what they have.
    ///
    /// # Errors
    /// The database failed.
    pub async fn export(&self, user: UserId) -> Result<Option<Value>, CatalogueError> {
        let mut moment = Snapshot::begin(self.database()).await?;
        let Some(account) = moment.optional(sql(ACCOUNT).bind(user)).await? else {
            return Ok(None);
        };
        let mut document = Map::new();
        document.insert("account".to_owned(), told(&account, ACCOUNT_COLUMNS)?);
        for part in PARTS {
            let select = sql(part.select).bind(user);
            let dated = part.select.contains("$2");
            let select = if dated { select.bind(self.now_ms()) } else { select };
            let rows = moment.all(select).await?;
            let rows = rows.iter().map(|row| told(row, part.columns));
            document.insert(part.name.to_owned(), Value::Array(rows.collect::<Result<_, _>>()?));
        }
        Ok(Some(Value::Object(document)))
    }
}

fn told(row: &Row, columns: &[Column]) -> Result<Value, CatalogueError> {
    columns.iter().map(|column| column.told(row)).collect::<Result<Map<_, _>, _>>().map(Value::from)
}

impl Column {
    fn told(&self, row: &Row) -> Result<(String, Value), CatalogueError> {
        Ok(match self {
            Id(name) => {
                let id = row.get::<Option<uuid::Uuid>>(name)?;
                ((*name).to_owned(), id.map(|id| id.to_string()).into())
            }
            Text(name) => ((*name).to_owned(), row.get::<Option<String>>(name)?.into()),
            Number(name) => ((*name).to_owned(), row.get::<Option<i64>>(name)?.into()),
            Flag(name) => ((*name).to_owned(), row.get::<bool>(name)?.into()),
            Picture(name) => {
                let artwork = row.parse_optional::<Artwork>(name)?;
                ((*name).to_owned(), json!(cover_documents(artwork.as_ref())))
            }
            Time(name) => {
                let at = row.get::<Option<u64>>(name)?.map(rfc3339);
                (format!("{}_at", name.trim_end_matches("_ms")), at.into())
            }
        })
    }
}
