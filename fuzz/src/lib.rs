//! What the targets start from: masters in memory, and a song in every form.

pub mod masters;
mod packages;

pub use packages::Package;
