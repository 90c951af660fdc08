//! Domain model and its repositories: users, songs, jobs. The only crate that speaks SQL.
//!
//! Reading order: [`name`], [`user`], [`account`], [`plan`], [`song`] and [`event`] (the model), [`catalogue`] (how it is opened),
//! `statement`, `source` and `write` (how repositories speak to either [`database`]), [`users`], [`sessions`], [`songs`] and [`jobs`]
//! (one repository per noun), [`playlist`], [`playlist_rules`] (who may do what with one), [`playlists`] and
//! [`playlist_entries`], [`library`], [`outbox`], [`inbox`] and [`duties`] (what is told to others). Two writes that must not be parted are one
//! method and one transaction: a song is accepted together with its job ([`songs::Songs::accept`]), and finished together
//! with it ([`jobs::Jobs::complete`]).

pub mod account;
pub mod catalogue;
pub mod database;
pub mod duties;
pub mod error;
pub mod event;
pub mod inbox;
pub mod jobs;
pub mod library;
pub mod name;
pub mod outbox;
pub mod password;
mod place;
pub mod plan;
pub mod playlist;
pub mod playlist_entries;
pub mod playlist_rules;
pub mod playlists;
mod reader;
mod row;
pub mod secret;
pub mod sessions;
pub mod song;
pub mod song_document;
pub mod songs;
mod source;
mod statement;
pub mod user;
pub mod users;
mod write;

pub use account::{Email, NewUser, Profile, Username};
pub use catalogue::Catalogue;
pub use database::url::DatabaseUrl;
pub use error::CatalogueError;
pub use event::Event;
pub use jobs::{Attempt, Job, Jobs, Packaged};
pub use library::Library;
pub use name::{Name, ReleaseYear};
pub use outbox::Happening;
pub use plan::Plan;
pub use playlist::{Description, NewPlaylist, Playlist, PlaylistChange, PlaylistError, PlaylistId};
pub use playlists::Playlists;
pub use secret::Secret;
pub use sessions::{Refreshed, Sessions};
pub use song::{CurrentVersion, NewSong, Song, SongState, Viewer};
pub use song_document::SongDocument;
pub use songs::Songs;
pub use user::{AuthenticatedUser, Role, User};
pub use users::{Entitled, Entitlement, Users};
