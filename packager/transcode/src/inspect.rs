//! The validator: reads a packaged version back and checks it against every rule that it was made
//! by. What it reads may be hostile: whatever the bytes are, the answer is a list of findings.
//!
//! Reading order: [`source`] (where bytes come from), `objects` (one pass over all of them), `keys` (what opens
//! them), `boxes`,
//! `fmp4`, `sample_entry`, `roll`, `ogg` and `waveform` (what they hold), `rendition`, `key_tags`, `fmp4_rendition`,
//! `fmp4_whole`, `ogg_rendition`, `multivariant`, `dash` and `loudness` (what must hold between them),
//! `foreign` (what others have packaged), [`acoustic`] (what only ears notice), [`rule`] (what is demanded), [`report`] (what was found).

mod acoustic;
mod boxes;
mod dash;
mod fmp4;
mod fmp4_rendition;
mod fmp4_whole;
mod foreign;
mod key_tags;
mod keys;
mod loudness;
mod multivariant;
mod objects;
mod ogg;
mod ogg_rendition;
mod opus_packet;
mod rendition;
pub mod report;
mod roll;
pub mod rule;
mod sample_entry;
pub mod source;
pub mod verify;
mod waveform;

pub use foreign::inspect_foreign;
pub use report::{Finding, Report};
pub use rule::{Rule, Severity};
pub use source::{Folder, Source};
pub use verify::Verify;

use media::{Container, SegmentSecrets};

use self::rendition::Rendition;
use self::report::Findings;

/// Checks the version whose files `source` gives. Where it is encrypted, its keys follow from one of
/// `secrets`, or the source gives them too, as an edge does; without them, what is encrypted is compared with
/// its hash alone.
#[must_use]
pub fn inspect(source: &dyn Source, secrets: &SegmentSecrets, verify: Verify) -> Report {
    let mut findings = Findings::default();
    let mut report = Report::default();
    if let Some(contents) = objects::read(source, secrets, &mut findings) {
        report.objects = contents.sizes.len();
        report.bytes = contents.sizes.values().sum();
        report.duration_ms = contents.asset.duration_ms;
        for it in Rendition::all(&contents.asset.sets) {
            match it.set.container() {
                Container::Fmp4 if contents.is_closed() => {
                    rendition::playlist(&contents, it, &mut findings);
                }
                Container::Fmp4 => fmp4_rendition::check(&contents, it, &mut findings),
                Container::Ogg => ogg_rendition::check(&contents, it, &mut findings),
            }
        }
        multivariant::check_all(&contents, &mut findings);
        dash::check_all(&contents, &mut findings);
        waveform::check(&contents, &mut findings);
        if verify == Verify::Full {
            acoustic::check(source, &contents, &mut findings);
        }
    }
    report.findings = findings.into_vec();
    report
}
