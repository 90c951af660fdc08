//! What is stored where. An object is a value: its key, content type, cache policy, entitlement and
//! surrogate keys stand together and are all read off its path. No I/O.
//!
//! Reading order: [`song_file`] (the files of a version), [`folder`] (where a version lives),
//! [`object`] (everything in the store); then what caches are told to forget: [`surrogate_key`] and
//! [`path_prefix`] (many objects at once), [`purge`].

pub mod folder;
pub mod object;
pub mod path_prefix;
pub mod purge;
pub mod song_file;
pub mod surrogate_key;

pub use folder::SongFolder;
pub use object::{CachePolicy, Object, UnknownObject};
pub use path_prefix::{InvalidPathPrefix, PathPrefix};
pub use purge::{InvalidPurge, MAX_TARGETS, Purge, PurgeTarget};
pub use song_file::SongFile;
pub use surrogate_key::{InvalidSurrogateKey, SurrogateKey};
