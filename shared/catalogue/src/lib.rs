//! Domain model and its repositories: users, songs, jobs. The only crate that speaks SQL.
//!
//! Reading order: [`name`], [`user`] and [`song`] (the model), [`database`] (how it is opened),
//! [`users`], [`songs`] and [`jobs`] (one repository per noun). Two writes that must not be parted
//! are one method and one transaction: a song is accepted together with its job
//! ([`songs::Songs::accept`]), and finished together with it ([`jobs::Jobs::complete`]).

pub mod database;
pub mod jobs;
pub mod name;
pub mod password;
pub mod song;
pub mod song_document;
pub mod songs;
pub mod user;
pub mod users;

pub use database::{Catalogue, CatalogueError};
pub use jobs::{Attempt, Job, Jobs, Packaged};
pub use name::{Name, ReleaseYear};
pub use song::{CurrentVersion, NewSong, Song, SongState, Viewer};
pub use song_document::SongDocument;
pub use songs::Songs;
pub use user::{AuthenticatedUser, Role, User};
pub use users::Users;
