//! Messages between roles: in one process, or over NATS JetStream.
//!
//! Two kinds of things are said. A *passing* message is news once ("purge this"): it is kept for [`KEPT`], in order. A
//! *standing* one holds until something else is said under the same key ("this is withdrawn"): its last word is
//! kept for good. Once [`Bus::pass`] or [`Bus::set`] has returned, the message outlives a crash. A [`Follower`] is handed all
//! that is kept and then whatever comes, at least once, and told where it stands: caught up, cut off, or that
//! passing messages were gone before it came to read them.
//!
//! Beside them there are *remarks* ([`Bus::remark`]), which whoever listens at that moment hears, and nobody keeps.
//!
//! Reading order: [`message`] (what is said), [`bus`] (who says it), [`follower`] (who hears it), [`remarks`], then the transports:
//! `local` (a journal on the disk) and `jetstream`.

pub mod bus;
pub mod follower;
mod jetstream;
mod local;
pub mod message;
pub mod remarks;

pub use bus::{Bus, BusError};
pub use follower::{Acknowledging, Follower};
pub use message::{Identity, KEPT, MessageId, Name, News, Presence, Receipt, Receipts};
pub use remarks::Remarks;
