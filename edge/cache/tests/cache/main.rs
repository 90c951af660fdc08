//! The cache over an origin that obeys its test.

mod coalescing;
mod digests;
mod model;
mod purging;
mod site;
mod storm;
mod streaming;
mod upstreams;
