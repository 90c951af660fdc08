//! How the fMP4 renditions of a version are laid out in the store.

use serde::{Deserialize, Serialize};

crate::choice! {
    /// How fMP4 renditions are stored. Ogg renditions are one file each either way.
    #[derive(Serialize, Deserialize)]
    #[serde(rename_all = "kebab-case")]
    Layout, "a layout", or UnknownLayout:
    /// A file for the init section and one per segment.
    #[default]
    Segments = "segments",
    /// One file, with a segment index and byte ranges: fewer objects.
    SingleFile = "single-file",
}
