//! What caches are told to forget: our own edges over the bus, and those of others by hooks.
//!
//! Reading order: [`notice`] (what is said to edges), [`hearing`] (how an edge takes it to heart); then [`hook`] (who else is
//! told), [`batch`] (of what), [`targets`] (how each wants to be told), [`secret`] (what they are shown), [`guard`] and
//! [`sender`] (how it is sent, and whereto it is not), [`pace`] (how fast). What waits to be told is in the catalogue, which
//! this crate does not know: `segue-api` drives both.

pub mod batch;
pub mod guard;
pub mod hearing;
pub mod hook;
pub mod notice;
pub mod pace;
pub mod secret;
pub mod sender;
pub mod targets;

pub use batch::{Batch, Reason};
pub use hearing::hear;
pub use hook::{Hook, HookName};
pub use notice::Notice;
pub use pace::{Pace, Rate};
pub use secret::Secret;
pub use sender::{Fault, Sender};
pub use targets::Target;
