//! Blocks in memory, coalesced fills, exact purges. No sockets.
//!
//! An object is cached in [`block`]s of 1 MiB. A miss starts a [`fill`]: a task of its own that
//! no client owns, which every other miss on the block joins; `filling` is what they share. [`cache`] ties
//! them together, [`opened`] and [`reader`] stream a range of an object out of its blocks as they arrive,
//! without copying.
//!
//! Around that: `manifest`, [`digest`] and `pieces` (what `asset.json` says the bytes must be), `epochs` (what was purged, and when), `renewals` (soft purges), `absent` (what the origin
//! does not have), `budget` (how much may be in flight), `upstreams` (shield and origin, each with a
//! `breaker` and its `latency`), [`settings`], `figures` (what is counted).

mod absent;
pub mod block;
mod breaker;
mod budget;
pub mod cache;
pub mod digest;
mod epochs;
mod facts;
mod figures;
mod fill;
pub mod fill_error;
mod filling;
mod latency;
mod manifest;
pub mod opened;
mod pieces;
pub mod reader;
mod renewals;
pub mod settings;
mod upstreams;
mod waiting;

pub use block::{BLOCK_SIZE, BlockKey};
pub use cache::{Cache, Source};
pub use digest::Digest;
pub use fill_error::FillError;
pub use opened::Opened;
pub use reader::Reader;
pub use settings::Settings;
