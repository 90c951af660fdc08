//! The validator: reads a packaged version back and checks it against every rule that it was made
//! by. What it reads may be hostile: whatever the bytes are, the answer is a list of findings.
//!
//! Reading order: [`source`] (where bytes come from), `objects` (one pass over all of them), `fmp4`
//! and `ogg` (what they hold), `rendition` and `multivariant` (what must hold between them),
//! [`report`] (what was found).

mod aac;
mod fmp4;
mod multivariant;
mod objects;
mod ogg;
mod opus;
mod opus_packet;
mod page;
mod rendition;
pub mod report;
pub mod source;

pub use report::{Finding, Report, Rule, Severity};
pub use source::{Folder, Source};

use media::Codec;
use media::ladder::LADDER;

use self::report::Findings;

/// Checks the version whose files `source` gives.
#[must_use]
pub fn inspect(source: &dyn Source) -> Report {
    let mut findings = Findings::default();
    let mut report = Report::default();
    if let Some(contents) = objects::read(source, &mut findings) {
        report.objects = contents.sizes.len();
        report.bytes = contents.sizes.values().sum();
        report.duration_ms = contents.asset.duration_ms;
        for rung in LADDER {
            match rung.codec {
                Codec::AacLc => aac::check(&contents, rung, &mut findings),
                Codec::Opus => opus::check(&contents, rung, &mut findings),
            }
        }
        multivariant::check_all(&contents, &mut findings);
    }
    report.findings = findings.into_vec();
    report
}
