//! What a package says of its loudness, in all places where it says it.

use m3u8_rs::{MasterPlaylist, SessionDataField};
use origin::SongFile;

use super::objects::Contents;
use super::rendition::Rendition;
use super::report::Findings;
use super::rule::Rule;
use crate::mux::user_data;
use crate::object_hash::hex;
use crate::playlist::session_data;

/// An fMP4 rendition's `ludt` holds what `asset.json` says, as finely as it can.
pub(super) fn check_ludt(contents: &Contents, it: Rendition, findings: &mut Findings) {
    let Some(init) = contents.inits.get(&it.init()) else { return };
    let wanted = user_data(&contents.asset.loudness);
    let at = format!("{} udta", it.init());
    findings.expect(Rule::LoudnessTold, at, hex(&init.user_data), hex(&wanted));
}

/// A multivariant playlist's session data is what `asset.json` says, and nothing else.
pub(super) fn check_session_data(
    contents: &Contents,
    file: SongFile,
    playlist: &MasterPlaylist,
    findings: &mut Findings,
) {
    let wanted = session_data(&contents.asset.loudness);
    let wanted: Vec<_> = wanted.map(|(name, level)| format!("{name} {level}")).collect();
    let found = playlist.session_data.iter().map(|it| match &it.field {
        SessionDataField::Value(value) => format!("{} {value}", it.data_id),
        SessionDataField::Uri(uri) => format!("{} at {uri}", it.data_id),
    });
    let found: Vec<_> = found.collect();
    findings.expect(Rule::LoudnessTold, file, found.join(", "), wanted.join(", "));
}
