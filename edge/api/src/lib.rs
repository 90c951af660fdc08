//! Metadata, sessions, playback: the JSON API.
