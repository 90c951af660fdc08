//! What every daemon needs.

pub mod clock;

pub use clock::Clock;
