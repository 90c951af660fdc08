//! A master in, a packaged song out. Pure CPU work over byte streams: no network, no database, no
//! async runtime.
//!
//! Reading order: decode → resample → encode → [`segment`] → [`mux`] → playlist.

pub mod mux;
pub mod publish_order;
pub mod segment;
pub mod work_folder;
