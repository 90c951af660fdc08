//! The media data plane on hyper: listener, token, lookup, range, response. It is stateless and
//! knows no database.
//!
//! Reading order, which is a request's: [`serve`](mod@serve), `connection` and `traffic` (who is there), [`fallback`] (what is not ours), `target` (what is
//! asked for), [`pull`] (who needs no token), `carrier` (where the token is), `gate` and `revocations`
//! (whether it may be had), [`edge`] (the answer as a whole), then its parts:
//! `content`, `preconditions`, `range`, `encoding`, `head`, [`body`], `answer` (the rest of them). What it tells: `figures`, and `access` with [`served`]
//! and `cmcd`. What it is told: [`trust`], [`tls`], and anew
//! while it runs [`key_source`] (`watched`). Towards its own origin: [`shield`].
//! For nodes that only check tokens: [`verifier`].

mod access;
mod answer;
pub mod body;
mod carrier;
mod cmcd;
pub mod connection;
mod content;
pub mod edge;
mod encoding;
pub mod fallback;
mod figures;
mod gate;
mod head;
pub mod key_source;
mod preconditions;
pub mod pull;
mod range;
mod refused;
mod revocations;
pub mod serve;
pub mod served;
pub mod shield;
mod target;
pub mod tls;
mod traffic;
pub mod trust;
pub mod verifier;
mod watched;
mod withdrawn;

pub use body::Body;
pub use connection::Connected;
pub use edge::Edge;
pub use fallback::Fallback;
pub use key_source::{KeySource, NoKeys};
pub use pull::{Caller, PullSecrets};
pub use serve::{Limits, Site, serve};
pub use served::Served;
pub use tls::{Tls, TlsFiles, UnusableCertificate};
pub use trust::Trust;
pub use verifier::{Verdict, Verifier};
