//! Masters that were made to do harm, and decoders that come to harm: one song fails with a reason,
//! the others go on, and the service stays up.

#![allow(clippy::unwrap_used, reason = "a test stops where its ground gives way")]

mod batch;
mod children;
mod lock;
mod service;
mod zoo;
