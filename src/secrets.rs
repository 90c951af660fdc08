//! The file that holds an operator's segment secrets.

use media::SegmentSecrets;

/// Reads the file that a flag names: 64 hex digits a line, the secret to encrypt with first.
pub(crate) fn read(path: &str) -> Result<SegmentSecrets, String> {
    let text = std::fs::read_to_string(path).map_err(|error| error.to_string())?;
    text.parse().map_err(|error: media::segment_secret::InvalidSecret| error.to_string())
}
