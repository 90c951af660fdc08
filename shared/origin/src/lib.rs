//! What is stored where. An object is a value: its key, content type, cache policy, entitlement and
//! surrogate keys stand together and are all read off its path. No I/O.
//!
//! Reading order: [`song_file`] (the files of a version), [`folder`] (where a version lives),
//! [`object`] (everything in the store).

pub mod folder;
pub mod object;
pub mod song_file;

pub use folder::SongFolder;
pub use object::{CachePolicy, Object, UnknownObject};
pub use song_file::SongFile;
