//! The edge on a real socket: who may have what, which part of it, and what a failure looks like.

mod answer;
mod clients;
mod conditions;
mod digests;
mod es256;
mod eyes;
mod failures;
mod frames;
mod keys;
mod pulls;
mod ranges;
mod revocation;
mod rotation;
mod shield;
mod shutdown;
mod site;
mod tls;
mod tokens;
mod verifiers;
