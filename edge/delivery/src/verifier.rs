//! The gate by itself, for a node of somebody's CDN: it lets viewers in as an edge would, and pulls from an edge
//! what they may have.

use http::StatusCode;
use http::request::Parts;
use origin::Object;
use service::Clock;
use token::VerifyingKeys;

use crate::carrier;
use crate::gate::Gate;
use crate::refused::Refused;
use crate::target::Target;

/// Judges requests by their path and token. It knows no revocations, and nothing of what is withdrawn.
#[derive(Debug)]
pub struct Verifier {
    gate: Gate,
    clock: Clock,
}

/// What becomes of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict<'a> {
    /// It may have the object with this key, which is the end of its path. An edge has it at `/{key}`.
    Pass(&'a str),
    /// No object can be there: 404.
    Absent,
    /// It is turned away: the status, and the stable reason that `Segue-Refusal` tells.
    Refuse(StatusCode, &'static str),
}

impl Verifier {
    /// One that believes `keys`.
    #[must_use]
    pub fn new(keys: VerifyingKeys, clock: Clock) -> Self {
        Self { gate: Gate::new(keys), clock }
    }

    /// Believes `keys` and no others from its return on.
    pub fn believe(&self, keys: VerifyingKeys) {
        self.gate.believe(keys);
    }

    /// What an edge would say to a GET, but for what it finds in its store.
    #[must_use]
    pub fn judge<'a>(&self, request: &'a Parts) -> Verdict<'a> {
        let Some(target) = Target::read(request.uri.path()) else { return Verdict::Absent };
        match self.admit(request, &target) {
            Ok(key) => key.map_or(Verdict::Absent, Verdict::Pass),
            Err(refused) => Verdict::Refuse(refused.status(), refused.name()),
        }
    }

    fn admit<'a>(&self, request: &Parts, target: &Target<'a>) -> Result<Option<&'a str>, Refused> {
        let (token, key, object) = match *target {
            Target::Song { token, key, object } => (token, key, object),
            Target::Crooked => return Err(Refused::BadPath),
            Target::TooLong => return Err(Refused::TooLong),
        };
        let token = token.map_or_else(|| carrier::token(request), Ok).map_err(Refused::Token)?;
        let kbps = match object {
            Some(Object::Song(_, file)) => file.required_kbps(),
            _ => None,
        };
        let verdict = self.gate.check(token, key, kbps, self.clock.now());
        verdict.map(|()| object.map(|_| key)).map_err(Refused::Token)
    }
}
