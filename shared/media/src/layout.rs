//! How the fMP4 renditions of a version are laid out in the store.

use serde::{Deserialize, Serialize};

/// How fMP4 renditions are stored. Ogg renditions are one file each either way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Layout {
    /// A file for the init section and one per segment.
    #[default]
    Segments,
    /// One file, with a segment index and byte ranges: fewer objects.
    SingleFile,
}
