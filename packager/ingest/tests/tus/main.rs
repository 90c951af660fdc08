//! Masters that come in pieces, by tus 1.0: as requests one by one, and by other people's clients over connections that break.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops at once")]

mod bench;
mod clients;
mod concatenation;
mod cutter;
mod ending;
mod pieces;
mod races;
mod refusals;
