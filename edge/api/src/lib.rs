//! Metadata, sessions, playback: the JSON API, and the page that uses it.
//!
//! Reading order: [`api`] (what the handlers share), [`mod@router`] (who answers what), [`bearer`] (who
//! asks), [`sessions`], [`songs`], [`playback`], `purges`, `key_set`, [`page`], [`request_id`] (what every answer gets).

pub mod admin;
pub mod api;
pub mod bearer;
mod hashing;
mod key_set;
mod page;
mod playback;
mod purges;
mod refusals;
pub mod request_id;
pub mod router;
mod sessions;
mod songs;

pub use api::{Api, Keys, PublicUrl};
pub use router::router;
