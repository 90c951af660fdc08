//! The cache over an origin that obeys its test.

mod coalescing;
mod purging;
mod site;
mod storm;
mod streaming;
