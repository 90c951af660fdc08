//! The vocabulary that both sides of Segue agree on. No I/O, no clock, no randomness.
//!
//! Reading order: [`units`] (what a number means), [`codec`], [`switching_set`] and [`ladder`]
//! (what is made of a song), [`grid`] (where it is cut), [`layout`] (how it is stored), [`ids`]
//! (what it is called), [`segment_secret`] (how segments are encrypted), [`loudness`] (how loud it is), [`asset`] (what is written down about it).

pub mod asset;
mod choice;
pub mod codec;
pub mod grid;
pub mod ids;
pub mod ladder;
pub mod layout;
pub mod loudness;
pub mod segment_secret;
pub mod switching_set;
pub mod units;

pub use asset::Asset;
pub use codec::Codec;
pub use grid::Grid;
pub use ids::{
    AlbumId, ArtistId, ArtworkHash, EntryId, JobId, MasterHash, PlaylistId, SecretFingerprint,
    SessionId, SongId, UploadId, UserId, Version,
};
pub use ladder::{LADDER, Rung};
pub use layout::Layout;
pub use loudness::{Decibels, Loudness, Lufs, Normalization};
pub use segment_secret::{SegmentKey, SegmentSecret, SegmentSecrets};
pub use switching_set::{Container, SwitchingSet, SwitchingSets};
pub use units::{BitsPerSecond, Kbps, Samples};
