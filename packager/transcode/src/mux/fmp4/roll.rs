//! Opus's pre-roll: a decoder that starts anywhere needs 80 ms to converge (Opus in ISOBMFF 4.3.6.2),
//! which `roll` sample groups say (ISO 14496-12 10.1).
//!
//! The description stands in `moov`, once, and each fragment maps its samples to it: version 1 of
//! both is what every reader knows, where a default that needs no map is version 2.

use mp4_atom::{AnySampleGroupEntry, FourCC, Sbgp, SbgpEntry, Sgpd, SgpdEntry};

const ROLL: FourCC = FourCC::new(b"roll");

/// Four packets of 20 ms back (RFC 7845 4.6: 80 ms).
pub(crate) const ROLL_DISTANCE: i16 = -4;

/// The description: of two bytes, the distance.
pub(super) fn description() -> Sgpd {
    let distance = ROLL_DISTANCE.to_be_bytes().to_vec();
    let length = Some(distance.len() as u32);
    let entry = AnySampleGroupEntry::UnknownGroupingType(ROLL, distance);
    Sgpd {
        grouping_type: ROLL,
        default_length: length,
        default_group_description_index: None,
        static_group_description: false,
        static_mapping: false,
        essential: false,
        entries: vec![SgpdEntry { description_length: length, entry }],
    }
}

/// All samples of a fragment belong to the one group. An index below 65,537 counts in `moov`
/// (ISO 14496-12 8.9.4).
pub(super) fn map(samples: u32) -> Sbgp {
    let entry = SbgpEntry { sample_count: samples, group_description_index: 1 };
    Sbgp { grouping_type: ROLL, grouping_type_parameter: None, entries: vec![entry] }
}
