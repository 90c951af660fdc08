//! Blocks in memory, coalesced fills. No sockets.
//!
//! An object is cached in [`block`]s of 1 MiB. A miss starts a [`fill`]: a task of its own that
//! no client owns, which every other miss on the block joins. [`cache`] ties the two together,
//! [`reader`] streams a range of an object out of its blocks without copying.

pub mod block;
pub mod cache;
pub mod fill;
pub mod reader;

pub use block::{BLOCK_SIZE, Block, BlockKey};
pub use cache::{Cache, Opened, Source};
pub use fill::FillError;
pub use reader::Reader;
