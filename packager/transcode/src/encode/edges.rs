//! What an encoder is given before a song's first sample and after its last. Its transform reaches
//! beyond both: tracks cut from one recording join at the codec's noise only where it finds there what
//! the recording might have been, not silence.

use media::units::{CHANNELS, Samples};

use crate::beyond::beyond;

/// What an encoder sees beyond a song's ends.
#[derive(Debug)]
pub(super) struct Edges {
    /// How far beyond them it sees anything but silence.
    reach: usize,
    /// The last frames of what has passed.
    last: Vec<f32>,
    begun: bool,
}

impl Edges {
    pub(super) fn new(reach: Samples) -> Self {
        Self { reach: reach.0 as usize, last: Vec::new(), begun: false }
    }

    /// What comes before the song, `frames` of it, interleaved; nothing but the first time. `first` is how
    /// the song begins: all of it, or as far as the reach.
    pub(super) fn before(&mut self, first: &[f32], frames: Samples) -> Vec<f32> {
        if std::mem::replace(&mut self.begun, true) {
            return Vec::new();
        }
        let song = first.as_chunks::<CHANNELS>().0.iter().copied();
        let mut before: Vec<_> = beyond(song, self.reach).collect();
        before.resize(frames.0 as usize, [0.0; CHANNELS]);
        before.reverse();
        before.as_flattened().to_vec()
    }

    /// Remembers the end of a block.
    pub(super) fn pass(&mut self, block: &[f32]) {
        let keep = (self.reach + 1) * CHANNELS;
        self.last.extend_from_slice(&block[block.len().saturating_sub(keep)..]);
        self.last.drain(..self.last.len().saturating_sub(keep));
    }

    /// What comes after the song, as far as the reach, interleaved; less where the song is shorter.
    pub(super) fn after(&self) -> Vec<f32> {
        let song = self.last.as_chunks::<CHANNELS>().0.iter().rev().copied();
        beyond(song, self.reach).flatten().collect()
    }
}
