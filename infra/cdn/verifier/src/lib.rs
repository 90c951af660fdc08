//! The check of playback tokens as a C library, for servers that are not ours: what nginx and Varnish ask before
//! they answer from their caches. The verdict is [`delivery::Verifier`]'s, so that a node of a CDN and an edge cannot
//! differ.
//!
//! Reading order: [`guard`] (who is asked: the verifier, its key set and the purgers' secrets), `followed` (files that
//! change while it runs), [`purgeable`] (what a purge may name), `abi` (the same in C; `include/segue_verifier.h`
//! declares it).

#[expect(unsafe_code, reason = "C hands over pointers: every one of them is read in here")]
mod abi;
mod followed;
pub mod guard;
pub mod purgeable;
