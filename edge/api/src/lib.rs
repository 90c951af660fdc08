//! Metadata, sessions, playback: the JSON API, and the page that uses it.
//!
//! Reading order: [`api`] (what the handlers share), [`mod@router`] (who answers what), [`access`] (who may call it),
//! `bearer` and `standing` (who asks), `client` and `attempts` (how often they may), `openapi` (how it describes itself),
//! [`users`], [`sessions`], [`songs`], [`playback`], `playlists`, `playlist_entries`, `library`,
//! `purges`, `key_set`,
//! [`page`], [`request_id`] (what every answer gets), [`mod@relay`] (what happened is told).

pub mod access;
pub mod admin;
pub mod api;
mod attempts;
mod bearer;
mod client;
mod hashing;
mod key_set;
mod library;
mod openapi;
mod page;
mod playback;
mod playlist_aliases;
mod playlist_documents;
mod playlist_entries;
mod playlist_refusals;
mod playlists;
mod preconditions;
mod purges;
mod refusals;
pub mod relay;
pub mod request_id;
pub mod router;
mod sessions;
mod songs;
mod standing;
mod users;

pub use access::Access;
pub use api::{Api, Keys, PublicUrl};
pub use relay::relay;
pub use router::router;
