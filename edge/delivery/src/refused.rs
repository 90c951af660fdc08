//! Why a request is turned away before anything is looked up.

use http::StatusCode;
use token::Refusal;

/// Why a request is turned away before anything is looked up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Refused {
    /// For its token, or for having none.
    Token(Refusal),
    /// For a path that is never written this way.
    BadPath,
    /// For a path longer than any of ours.
    TooLong,
    /// For a puller's secret that is none.
    WrongSecret,
    /// For what may not be served to anybody.
    Withdrawn,
}

impl Refused {
    /// The stable name: a header's value and a metric's label.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Token(refusal) => refusal.name(),
            Self::BadPath => "bad-path",
            Self::TooLong => "too-long",
            Self::WrongSecret => "wrong-edge-secret",
            Self::Withdrawn => "withdrawn",
        }
    }

    /// 401 where a token would help, 403 where this one does not, 410 where none ever will.
    pub(crate) fn status(self) -> StatusCode {
        match self {
            Self::Token(Refusal::Missing) => StatusCode::UNAUTHORIZED,
            Self::TooLong => StatusCode::URI_TOO_LONG,
            Self::Withdrawn => StatusCode::GONE,
            Self::Token(_) | Self::BadPath | Self::WrongSecret => StatusCode::FORBIDDEN,
        }
    }
}
