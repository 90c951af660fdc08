//! Metadata, sessions, playback: the JSON API, and the page that uses it.
//!
//! Reading order: [`api`] (what the handlers share), `options` and `public_url` (what an operator decides), [`mod@router`] (who answers what), [`access`] (who may call it),
//! `bearer` and `standing` (who asks), `client` and `forwarded` (from where), `attempts` and `rates` (how often they may), `body`, `parameters`, `paging` and
//! `json_reader` (what they say), `deadline`, `idempotency`, `panics`, `origins` and `compressing` (what surrounds every handler), `openapi` (how it describes itself),
//! `registration`, [`users`], `passwords`, `password_resets`, `emails`, [`mail`], [`mails`], `administration`, `preferences`, `export`, [`sessions`], `oidc`, `oidc_newcomer`, `oidc_sessions` and `identities`, `login_methods`, `api_keys`, `visitor` (who looks), `hot` (what all are answered alike), [`songs`], `song_edits` and `edition` (changing them), `withdrawals`, `versions`, `heeding` (what edges hear of those), `albums`, `artists`,
//! `browse`, `search`, `previews`, `alias`, `song_aliases`, [`playback`], `listening`, `position`, `now_playing`, `playlists`, `playlist_entries`, `playlist_members`, `playlist_files`,
//! `playlist_export`, `playlist_import`, [`live`] and
//! `event_stream`, `playlist_events`, `song_events`, `user_events`, `library`, `history`, `bookmarks`, `purges`, `key_set`,
//! [`page`], [`request_id`] (what every answer gets), [`mod@relay`] (what happened is told), [`hooks`] (what other people's caches are told).

pub mod access;
pub mod admin;
mod administration;
mod albums;
mod alias;
pub mod api;
mod api_keys;
mod artists;
mod attempts;
mod bearer;
mod body;
mod bookmarks;
mod browse;
mod client;
mod compressing;
mod deadline;
mod edition;
mod emails;
mod event_stream;
mod export;
mod forwarded;
mod hashing;
mod heeding;
mod history;
pub mod hooks;
mod hot;
mod idempotency;
mod identities;
mod json_reader;
mod key_set;
mod library;
mod listening;
pub mod live;
mod login_methods;
pub mod mail;
pub mod mails;
mod now_playing;
mod oidc;
mod oidc_newcomer;
mod oidc_sessions;
mod openapi;
mod options;
mod origins;
mod page;
mod paging;
mod panics;
mod parameters;
mod password_resets;
mod passwords;
mod patch;
mod playback;
mod playlist_aliases;
mod playlist_documents;
mod playlist_entries;
mod playlist_events;
mod playlist_export;
mod playlist_files;
mod playlist_import;
mod playlist_members;
mod playlist_refusals;
mod playlists;
mod position;
mod preconditions;
mod preferences;
mod previews;
mod public_url;
mod purges;
mod rates;
mod refusals;
mod registration;
pub mod relay;
pub mod request_id;

pub mod router;
mod search;
mod sessions;
mod song_aliases;
mod song_edits;
mod song_events;
mod songs;
mod standing;
mod user_document;
mod user_events;
mod users;
mod versions;
mod visitor;
mod withdrawals;

pub use access::Access;
pub use api::{Api, Keys};
pub use hooks::{Hooks, tell_hooks};
pub use live::Live;
pub use mail::{MailServer, Mailer, Sender};
pub use mails::send_mails;
pub use oidc::{InvalidIssuer, Issuer, NoCertificates, OidcClient};
pub use options::{Options, REQUEST_TIMEOUT, Registration};
pub use origins::{InvalidOrigin, Origins};
pub use public_url::{InvalidUrl, PublicUrl};
pub use relay::relay;
pub use router::{Ingest, router};
