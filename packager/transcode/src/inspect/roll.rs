//! The pre-roll of Opus in fMP4 (Opus in ISOBMFF 4.3.6.2).

use mp4_atom::{AnySampleGroupEntry, FourCC, Sgpd, Traf};

use super::report::Findings;
use super::rule::Rule;
use crate::mux::ROLL_DISTANCE;

const ROLL: FourCC = FourCC::new(b"roll");

/// The one description says four packets.
pub(super) fn check_description(at: &str, groups: &[Sgpd], findings: &mut Findings) {
    let described = groups.iter().filter(|it| it.grouping_type == ROLL).flat_map(|it| &it.entries);
    let found: Vec<_> = described.map(|it| &it.entry).collect();
    let distance = ROLL_DISTANCE.to_be_bytes();
    match found[..] {
        [AnySampleGroupEntry::UnknownGroupingType(ROLL, bytes)] if bytes[..] == distance => {}
        _ => {
            let wanted = format!("one roll distance of {ROLL_DISTANCE}");
            findings.breach(Rule::Fmp4Roll, at, format!("{found:?}"), wanted);
        }
    }
}

/// All samples of a fragment belong to it.
pub(super) fn check_map(at: &str, traf: &Traf, findings: &mut Findings) {
    let samples: u64 = traf.trun.iter().map(|run| run.samples.len() as u64).sum();
    let maps: Vec<_> = traf.sbgp.iter().filter(|it| it.grouping_type == ROLL).collect();
    let whole = maps.len() == 1
        && maps[0].entries.iter().all(|it| it.group_description_index == 1)
        && maps[0].entries.iter().map(|it| u64::from(it.sample_count)).sum::<u64>() == samples;
    if !whole {
        let wanted = format!("{samples} samples in the roll group");
        findings.breach(Rule::Fmp4Roll, at, format!("{maps:?}"), wanted);
    }
}
