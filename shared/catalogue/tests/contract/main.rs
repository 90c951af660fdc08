//! What every database behind the catalogue must do: each test runs on SQLite and on PostgreSQL.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops at once")]

mod api_keys;
mod artwork;
mod backup;
mod bench;
mod browsing;
mod deliveries;
mod edits;
mod email_claims;
mod events;
mod export;
mod feed;
mod history;
mod identities;
mod jobs;
mod kept_answers;
mod library;
mod matching;
mod migrations;
mod password_resets;
mod plans;
mod playbacks;
mod players;
mod playlist_members;
mod playlists;
mod previews;
mod progress;
mod replica;
mod sessions;
mod songs;
mod streams;
mod uploads;
mod users;
mod versions;
mod visibility;
mod withdrawals;
