//! Playback and access tokens: mint and verify. No clock, no I/O: the time is an argument.
//!
//! Both are JSON Web Tokens (RFC 7519) signed with Ed25519 (RFC 8037), so that who verifies can
//! mint nothing. Each kind has its own `typ` and `aud`: neither is ever taken for the other.
//!
//! Reading order: [`key`] (who signs, who is believed), [`refusal`] (why a token is not), [`prefix`]
//! (what a playback token opens), [`playback`] and [`access`] (the two kinds), [`revocation`] (what ends a
//! playback token before its time).

pub mod access;
mod jws;
pub mod key;
mod numeric_date;
pub mod playback;
pub mod prefix;
pub mod refusal;
pub mod revocation;

pub use key::{SigningKey, UnusableKey, VerifyingKeys};
pub use numeric_date::SKEW;
pub use prefix::{InvalidPrefix, Prefix};
pub use refusal::Refusal;
pub use revocation::{Revocation, Revoked};
