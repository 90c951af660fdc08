//! The media data plane on hyper: listener, token, lookup, range, response. It is stateless and
//! knows no database.
//!
//! Reading order, which is a request's: [`serve`](mod@serve) (connections), `target` (what is
//! asked for), [`pull`] (who needs no token), `carrier` (where the token is), `gate` and `revocations`
//! (whether it may be had), [`edge`] (the answer as a whole), then its parts:
//! `content`, `preconditions`, `range`, `encoding`, `head`, [`body`].

pub mod body;
mod carrier;
mod content;
pub mod edge;
mod encoding;
mod gate;
mod head;
mod preconditions;
pub mod pull;
mod range;
mod refused;
mod revocations;
pub mod serve;
mod target;
pub mod tls;
pub mod trust;

pub use body::Body;
pub use edge::Edge;
pub use pull::{Caller, PullSecrets};
pub use serve::{Limits, Site, serve};
pub use tls::{Tls, UnusableCertificate};
pub use trust::Trust;
