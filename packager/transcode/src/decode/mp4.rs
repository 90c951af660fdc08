//! What an ISO media file's boxes say of where the song lies in its samples (ISO 14496-12).
//! Symphonia reads the samples, but neither edit lists nor iTunes' comment.

mod boxes;

use std::io::BufReader;

use self::boxes::{Boxes, Edit, Track};
use super::Broken;
use super::trim::Trim;
use crate::master::Master;
use crate::package_error::PackageError;

/// What SBR's filter banks delay, in samples of the core (ISO 14496-3 4.6.18.5, ISO 14496-24).
const SBR_DELAY: u64 = 481;

/// Where the song lies.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Mp4 {
    tracks: Vec<Track>,
    /// Of the movie: edits are as long in its ticks.
    timescale: u32,
    /// Of iTunes: delay, padding and length in ticks of the track.
    smpb: Option<[u64; 3]>,
    /// Whether the description of the sound is there.
    pub(super) described: bool,
    /// Whether there is sound.
    sound: bool,
    /// Whether sound or its description reaches beyond the file's end.
    pub(super) torn: bool,
}

/// A stretch of a track in its own ticks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stretch {
    skip: u64,
    length: u64,
}

impl Mp4 {
    /// Reads all boxes but the sound.
    pub(super) fn read(file: Master, size: u64) -> Result<Self, Broken> {
        Boxes::new(BufReader::new(file), size).read()
    }

    /// Where the song lies in what a track decodes to, at `rate`. `core_rate` is that of an AAC
    /// decoder's core. `None` where the file does not say.
    pub(super) fn trim(
        &self,
        track: u32,
        rate: u32,
        core_rate: u32,
    ) -> Result<Option<Trim>, PackageError> {
        let Some(track) = self.tracks.iter().find(|it| it.id == track) else { return Ok(None) };
        let Some(stretch) = self.stretch(track)? else { return Ok(None) };
        let timescale = u64::from(track.timescale).max(1);
        let frames = |ticks: u64| {
            let scaled = u128::from(ticks) * u128::from(rate) + u128::from(timescale / 2);
            (scaled / u128::from(timescale)) as u64
        };
        // Apple's convention, and that of all who follow it: a track whose ticks are samples of the
        // core is described as LC decoders see it; who decodes SBR adds its delay. A track whose
        // ticks are samples of the output counts it in.
        let layered = core_rate < rate && track.timescale == core_rate;
        let delay = if layered { SBR_DELAY * u64::from(rate / core_rate.max(1)) } else { 0 };
        let skip = frames(stretch.skip).saturating_add(delay);
        Ok(Some(Trim::of(skip, Some(frames(stretch.length)))))
    }

    /// iTunes' comment comes first where its numbers add up to this track: it counts in samples, and
    /// edits in ticks of the movie, often thousandths of a second. Where they do not, the file was
    /// cut since by somebody who took the comment along.
    fn stretch(&self, track: &Track) -> Result<Option<Stretch>, PackageError> {
        if let Some([delay, padding, length]) = self.smpb {
            let sum = delay.saturating_add(padding).saturating_add(length);
            if length > 0 && sum.abs_diff(track.ticks) < track.longest_sample.max(1) {
                return Ok(Some(Stretch { skip: delay, length }));
            }
        }
        self.edited(track)
    }

    /// The edit list (ISO 14496-12 8.6.6). Empty edits around the song, which only delay it against a
    /// picture, are passed over; one within it, or a piece that is not the next, is refused.
    fn edited(&self, track: &Track) -> Result<Option<Stretch>, PackageError> {
        let empty = |edit: &&Edit| edit.start.is_none();
        let before = track.edits.iter().take_while(empty).count();
        let behind = track.edits[before..].iter().rev().take_while(empty).count();
        let edits = &track.edits[before..track.edits.len() - behind];
        let Some(skip) = edits.first().and_then(|edit| edit.start) else { return Ok(None) };
        // Exact to a tick of the movie; the samples' durations are exact.
        let tick = u64::from(track.timescale).div_ceil(self.timescale());
        let mut ticks: u64 = 0;
        for edit in edits {
            let next = skip.saturating_add(self.of_track(ticks, track));
            if edit.start.is_none_or(|start| start.abs_diff(next) > tick) {
                return Err(PackageError::Pieces);
            }
            ticks = ticks.saturating_add(edit.duration);
        }
        let Some(rest) = track.ticks.checked_sub(skip).filter(|rest| *rest > 0) else {
            return Ok(None);
        };
        let edited = self.of_track(ticks, track);
        let all = ticks == 0 || edited.saturating_add(tick) >= rest;
        Ok(Some(Stretch { skip, length: if all { rest } else { edited } }))
    }

    fn timescale(&self) -> u64 {
        u64::from(self.timescale).max(1)
    }

    /// Ticks of the movie in those of a track.
    fn of_track(&self, ticks: u64, track: &Track) -> u64 {
        let scaled = u128::from(ticks) * u128::from(track.timescale) / u128::from(self.timescale());
        u64::try_from(scaled).unwrap_or(u64::MAX)
    }
}
