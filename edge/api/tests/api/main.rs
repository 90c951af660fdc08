//! The API over HTTP: who may call what ([`access`]), then its answers, subject by subject. All stand on one [`bench`].
#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops at once")]

mod access;
mod accounts;
mod bench;
mod bodies;
mod catalogue;
mod http;
mod limits;
mod playlists;
mod relay;
mod schema;
