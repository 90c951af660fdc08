//! Domain model and its repositories: users, songs, jobs. The only crate that speaks SQL.
//!
//! Reading order: [`name`], [`identifier`] and [`musicbrainz`], [`user`], [`account`], [`preferences`], [`plan`], [`song`] and [`event`] (the model), [`catalogue`] (how it is
//! opened), `statement`, `source`, `write`, `turns` and `changes` (how repositories speak to either [`database`]), `chores` (what migrations leave to do), [`audience`] (who is shown
//! what), [`artwork`] and `covers` (what songs are shown with), [`users`], `avatars`, [`sessions`], [`password_resets`], [`email_claims`] and [`mailing`], [`identities`] and [`oidc_logins`],
//! [`api_keys`], [`songs`] and [`accepting`] (and [`song_cursor`]: where their pages end), [`matching`], [`albums`], [`artists`], [`genres`], [`trends`], [`playbacks`], [`streams`],
//! [`player`] and [`players`], [`previews`], [`jobs`], [`versions`] (with [`replacements`] and [`retirement`]), [`progress`] and [`stored`] (what the store is for) (one
//! repository per noun), [`playlist`], [`playlist_rules`] (who may do what with one), [`playlists`], [`playlist_entries`]
//! and [`playlist_members`], [`library`], [`mod@export`] (all that is somebody's), [`history`], [`bookmarks`], [`feed`] (what of all that is new), [`outbox`], [`inbox`] and [`duties`] (what is told to others), [`deliveries`] and `whereabouts` (what external caches are told),
//! [`backup`] (all of it as lines). Two writes that must not be parted are one
//! method and one transaction: a song is accepted together with its job ([`songs::Songs::accept`]), and finished together
//! with it ([`jobs::Jobs::complete`]).

pub mod accepting;
pub mod account;
pub mod albums;
pub mod api_keys;
pub mod artists;
pub mod artwork;
pub mod audience;
mod avatars;
pub mod backup;
pub mod bookmarks;
pub mod catalogue;
mod changes;
mod chores;
pub mod country;
mod covers;
pub mod credits;
pub mod database;
pub mod deliveries;
pub mod duties;
pub mod email_claims;
pub mod error;
pub mod event;
pub mod export;
pub mod feed;
pub mod genres;
pub mod history;
pub mod identifier;
pub mod identities;
pub mod inbox;
pub mod jobs;
pub mod kept_answers;
pub mod library;
pub mod mailing;
pub mod matching;
pub mod musicbrainz;
pub mod name;
pub mod oidc_logins;
pub mod outbox;
pub mod password;
pub mod password_resets;
mod place;
pub mod plan;
pub mod playbacks;
pub mod player;
pub mod players;
pub mod playlist;
pub mod playlist_entries;
pub mod playlist_members;
pub mod playlist_rules;
pub mod playlists;
pub mod preferences;
pub mod previews;
pub mod progress;
mod reader;
pub mod replacements;
pub mod retirement;
mod row;
pub mod secret;
pub mod sessions;
mod snapshot;
pub mod song;
pub mod song_cursor;
pub mod song_document;
pub mod song_edit;
pub mod song_filter;
mod song_row;
pub mod songs;
mod source;
mod statement;
pub mod stored;
pub mod streams;
pub mod trends;
mod turns;
pub mod uploads;
pub mod user;
pub mod users;
pub mod versions;
mod whereabouts;
pub mod withdrawals;
mod write;

pub use accepting::{Accepted, Again, Became, Twin};
pub use account::{Email, NewEmail, NewUser, Profile, ProfileChange, Username};
pub use albums::{Album, AlbumEdit, AlbumEdition, Albums};
pub use artists::{Artist, Artists};
pub use artwork::{Artwork, Cover, CoverDocument, cover_documents};
pub use audience::Audience;
pub use catalogue::Catalogue;
pub use country::{Country, Territories};
pub use credits::{Credit, NewCredit};
pub use database::url::DatabaseUrl;
pub use deliveries::{Deliveries, Delivery, DeliveryState, NewDelivery};
pub use email_claims::{ClaimMail, ClaimSays, EmailClaims};
pub use error::CatalogueError;
pub use event::Event;
pub use genres::Genres;
pub use identifier::{Isrc, Upc};
pub use identities::{Identities, Identity};
pub use jobs::{Attempt, Job, Jobs, Packaged, Priority};
pub use library::Library;
pub use musicbrainz::{ArtistIds, Mbid, MusicBrainz};
pub use name::{Name, ReleaseYear};
pub use oidc_logins::OidcLogins;
pub use outbox::Happening;
pub use password_resets::{PasswordResets, ResetMail};
pub use plan::Plan;
pub use player::{Device, Player, Queue, Setting};
pub use players::{PlayerError, Players};
pub use playlist::{Description, NewPlaylist, Playlist, PlaylistChange, PlaylistError, PlaylistId};
pub use playlists::Playlists;
pub use preferences::{Language, Preferences, PreferencesChange, Quality};
pub use previews::{Preview, Previews};
pub use replacements::{NewMaster, Replaced};
pub use retirement::Retired;
pub use secret::Secret;
pub use sessions::{Refreshed, Sessions};
pub use song::{CurrentVersion, NewSong, Particulars, Song, SongState, TrackNumber, Viewer};
pub use song_cursor::SongCursor;
pub use song_document::SongDocument;
pub use song_edit::SongEdit;
pub use song_filter::SongFilter;
pub use songs::Songs;
pub use streams::{StreamId, Streams};
pub use trends::Trends;
pub use uploads::{NewUpload, Quota, Upload, Uploads};
pub use user::{AuthenticatedUser, Role, User};
pub use users::{Entitled, Entitlement, Entitling, Users};
pub use versions::{Replacement, SongVersion, SongVersions, Switched, Versions};
pub use withdrawals::Withdrawal;
