//! What edges are told to forget, and how they hear of it.
//!
//! Reading order: [`notice`] (what is said), [`hearing`] (how an edge takes it to heart).

pub mod hearing;
pub mod notice;

pub use hearing::hear;
pub use notice::Notice;
