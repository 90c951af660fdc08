//! Uploads, durable jobs, workers, publishing.
//!
//! Reading order: [`workshop`] (where unfinished work lies), [`received`] (bytes from a stream to
//! disk), [`details`] and `kind` (what is said of them), [`labels`] (what they say of themselves) and `naming` (what that makes of a song), [`intake`] (a master becomes a song and a job), [`upload`] (that in one request), [`tus`] (that in
//! many), [`replacement`] (another master for a song), `ownership` (whose that may be), `refusals` and `lingering` (what either answers where it cannot),
//! `gallery` (pictures in), [`artwork`] (those of songs and albums, in and out), [`avatars`] (those of people), [`worker`] (claims jobs), `halt` (ends one early), [`packaging`] (does one), `progress` (and tells how far it is), [`publish`] (a version to a store), [`shelf`]
//! (a file to an object), `covers` (a picture's sizes to objects), [`collection`] (old versions out of it), [`sweep`] (what nobody needs any more).

pub mod artwork;
pub mod avatars;
pub mod collection;
mod covers;
pub mod details;
pub mod form;
mod gallery;
mod halt;
pub mod intake;
mod kind;
pub mod labels;
mod lingering;
mod naming;
mod ownership;
pub mod packaging;
mod patience;
mod progress;
pub mod publish;
pub mod received;
mod refusals;
pub mod replacement;
pub mod shelf;
pub mod sweep;
pub mod tus;
pub mod upload;
pub mod worker;
pub mod workshop;

pub use collection::Collector;
pub use intake::{Intake, IntakeError};
pub use labels::LabelReader;
pub use publish::PublishError;
pub use received::{ReceiveError, Received};
pub use shelf::{PutError, Shelf};
pub use tus::Uploads;
pub use worker::Worker;
pub use workshop::Workshop;
