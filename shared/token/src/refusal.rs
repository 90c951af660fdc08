//! Why a token is refused.

use std::fmt;

/// Why a token is refused. [`Refusal::name`] is stable: it is a header's value and a metric's label.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Refusal {
    /// There is no token.
    Missing,
    /// Not a compact JWS of our profile, or longer than any that we mint.
    Malformed,
    /// An algorithm that no key of ours uses: `none`, HMAC, RSA.
    UnknownAlg,
    /// The named key uses another algorithm than the token says.
    WrongAlg,
    /// No key of ours has this `kid`.
    UnknownKey,
    /// The key did not sign these bytes.
    BadSignature,
    /// A token of another kind.
    WrongType,
    /// Minted by somebody else.
    WrongIssuer,
    /// Minted for somebody else.
    WrongAudience,
    /// Its life is over.
    Expired,
    /// Its life has not begun.
    NotYetValid,
    /// Its session or its listener was revoked.
    Revoked,
    /// It opens something else.
    WrongPath,
    /// The rendition is above the listener's entitlement.
    OverCap,
}

impl Refusal {
    /// The stable name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Malformed => "malformed",
            Self::UnknownAlg => "unknown-alg",
            Self::WrongAlg => "wrong-alg",
            Self::UnknownKey => "unknown-key",
            Self::BadSignature => "bad-signature",
            Self::WrongType => "wrong-type",
            Self::WrongIssuer => "wrong-issuer",
            Self::WrongAudience => "wrong-audience",
            Self::Expired => "expired",
            Self::NotYetValid => "not-yet-valid",
            Self::Revoked => "revoked",
            Self::WrongPath => "wrong-path",
            Self::OverCap => "over-cap",
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
