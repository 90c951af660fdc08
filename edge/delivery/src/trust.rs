//! Whom an edge lets to what.

use media::SegmentSecrets;
use token::VerifyingKeys;

use crate::pull::PullSecrets;

/// Whom an edge lets to what.
#[derive(Debug, Clone)]
pub struct Trust {
    /// Whose tokens it believes; [`Edge::believe`](crate::Edge::believe) changes them.
    pub keys: VerifyingKeys,
    /// What it opens encrypted segments with; none where nothing is encrypted.
    pub segments: SegmentSecrets,
    /// Who may pull without a token; none where nobody may, but by client certificate.
    pub pulls: PullSecrets,
}

impl From<VerifyingKeys> for Trust {
    fn from(keys: VerifyingKeys) -> Self {
        Self { keys, segments: SegmentSecrets::default(), pulls: PullSecrets::default() }
    }
}
