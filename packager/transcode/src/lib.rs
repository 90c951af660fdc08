//! A master in, a packaged song out. Pure CPU work over byte streams: no network, no database, no
//! async runtime.
//!
//! Reading order: [`Parameters`] (what is asked for) → [`package()`] (the pipeline) → [`MasterReader`] (who
//! reads a master: this process or a [`cell`]) → `stereo` (decode, downmix, resample) → `source` (dither) → `measure` (loudness, waveform), `rendition` (encode,
//! `segmenter`, mux) → [`segment`] → [`mux`] (and [`cipher`]) → [`playlist`] → [`asset_writer`]. Beside it: [`Tags`] and
//! [`artwork`] (what a master says of itself; no part of a version).

pub mod artwork;
pub mod asset_writer;
mod beyond;
pub mod cell;
pub mod cipher;
mod decode;
mod dither;
mod downmix;
pub mod encode;
#[cfg(any(test, feature = "fuzzing"))]
pub mod fuzzing;
pub mod inspect;
mod master;
mod master_reader;
mod measure;
pub mod mux;
mod normalize;
mod object_hash;
mod ogg_page;
mod package;
mod package_error;
mod parameters;
pub mod playlist;
mod progress;
pub mod publish_order;
mod recipe;
mod rendition;
pub mod resample;
pub mod segment;
mod segmenter;
mod source;
mod stereo;
mod tags;
pub mod work_folder;

pub use master_reader::MasterReader;
pub use package::package;
pub use package_error::PackageError;
pub use parameters::{Contradiction, Effort, Parameters};
pub use progress::{Progress, Stage};
pub use recipe::{hash_master, recipe, version_of};
pub use tags::{Part, Person, Tags};

/// The masters that are accepted, in words for the person who brings one.
pub const ACCEPTED: &str = "WAV, AIFF, CAF, FLAC, ALAC, MP3, AAC (M4A and ADTS), Ogg Vorbis, Opus and Matroska or WebM audio";
