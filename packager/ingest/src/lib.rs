//! Uploads, durable jobs, workers, publishing.
//!
//! Reading order: [`workshop`] (where unfinished work lies), [`received`] (bytes from a stream to
//! disk), [`intake`] (a master becomes a song and a job), [`upload`] (the HTTP side of that),
//! `gallery` (pictures in), [`artwork`] (those of songs and albums, in and out), [`avatars`] (those of people), [`worker`] (claims jobs), [`packaging`] (does one), [`publish`] (a version to a store), [`shelf`]
//! (a file to an object), `covers` (a picture's sizes to objects).

pub mod artwork;
pub mod avatars;
mod covers;
pub mod form;
mod gallery;
pub mod intake;
pub mod packaging;
mod patience;
pub mod publish;
pub mod received;
pub mod shelf;
pub mod upload;
pub mod worker;
pub mod workshop;

pub use intake::{Intake, IntakeError};
pub use publish::PublishError;
pub use received::{ReceiveError, Received};
pub use shelf::{PutError, Shelf};
pub use worker::Worker;
pub use workshop::Workshop;
