//! The API over HTTP: who may call what ([`access`]), then its answers, subject by subject. All stand on one [`bench`], some with
//! the two people of a [`stage`].
#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops at once")]

mod access;
mod accounts;
mod bench;
mod bodies;
mod catalogue;
mod history;
mod hooks;
mod hot;
mod http;
mod idempotency;
mod library;
mod limits;
mod live;
mod now_playing;
mod playlist_files;
mod playlist_sharing;
mod playlists;
mod relay;
mod schema;
mod song_aliases;
mod song_events;
mod stage;
mod user_events;
mod versions;
mod withdrawals;
