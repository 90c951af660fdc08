//! `segue package --out s3://…` against a real S3 server, which is not ours, and which is made to
//! fail in every way that a store on a network fails.

#![allow(clippy::unwrap_used, reason = "a test stops where its ground gives way")]

mod bucket;
mod failures;
mod kills;
mod short_keys;
mod songs;
