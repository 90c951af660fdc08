//! Playback and access tokens: mint and verify. No clock, no I/O.
