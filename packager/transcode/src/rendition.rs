//! One rendition from samples to files: encoder, segmenter and muxer in a row, on one thread.

use std::sync::Arc;
use std::sync::mpsc::Receiver;

use media::codec::Codec;
use media::ids::MasterHash;
use media::ladder::Rung;
use media::units::Samples;

use crate::encode::{AacEncoder, Block, Encoder, OpusEncoder, libopus_version};
use crate::mux::{Fmp4Muxer, MuxedRendition, Muxer, OggMuxer};
use crate::package_error::PackageError;
use crate::segmenter::Segmenter;
use crate::work_folder::WorkFolder;

/// What a rendition is sent.
#[derive(Debug, Clone)]
pub(crate) enum Message {
    /// The next samples.
    Block(Arc<Block>),
    /// There are no more: the song is this long.
    End(Samples),
}

/// What a rendition must know of its master.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Brief {
    /// Significant bits per sample.
    pub(crate) bits: u32,
    /// Tells the master's Ogg streams from those of others (RFC 3533 6).
    pub(crate) serial: u32,
}

impl Brief {
    /// The same master gives the same serial number, another one most likely another.
    pub(crate) fn of(hash: &MasterHash, bits: u32) -> Self {
        let [a, b, c, d, ..] = *hash.bytes();
        Self { bits, serial: u32::from_be_bytes([a, b, c, d]) }
    }
}

/// Makes one rendition of all that arrives. `None` where the sender went away before the end: the
/// work was given up, and whoever did so knows why.
pub(crate) fn make(
    rung: Rung,
    brief: Brief,
    work: &WorkFolder,
    messages: &Receiver<Message>,
) -> Result<Option<MuxedRendition>, PackageError> {
    let mut rendition = Rendition::begin(rung, brief, work)?;
    while let Ok(message) = messages.recv() {
        match message {
            Message::Block(block) => rendition.take(&block)?,
            Message::End(length) => return rendition.finish(length).map(Some),
        }
    }
    Ok(None)
}

struct Rendition {
    encoder: Box<dyn Encoder>,
    segmenter: Segmenter,
    muxer: Box<dyn Muxer>,
    /// Encoded, but not yet cut; kept for its memory.
    units: Vec<Vec<u8>>,
}

impl Rendition {
    fn begin(rung: Rung, brief: Brief, work: &WorkFolder) -> Result<Self, PackageError> {
        let (encoder, muxer) = match rung.codec {
            Codec::AacLc => aac(rung, work)?,
            Codec::Opus => opus(rung, brief, work)?,
        };
        let segmenter = Segmenter::new(rung.codec, encoder.priming());
        Ok(Self { encoder, segmenter, muxer, units: Vec::new() })
    }

    fn take(&mut self, block: &Block) -> Result<(), PackageError> {
        self.encoder.encode(block, &mut self.units)?;
        self.write()
    }

    fn write(&mut self) -> Result<(), PackageError> {
        for unit in self.units.drain(..) {
            if let Some(segment) = self.segmenter.push(unit) {
                self.muxer.write(&segment).map_err(PackageError::Write)?;
            }
        }
        Ok(())
    }

    fn finish(mut self, length: Samples) -> Result<MuxedRendition, PackageError> {
        self.encoder.finish(&mut self.units)?;
        self.write()?;
        for segment in self.segmenter.finish(length) {
            self.muxer.write(&segment).map_err(PackageError::Write)?;
        }
        self.muxer.finish().map_err(PackageError::Write)
    }
}

type Chain = (Box<dyn Encoder>, Box<dyn Muxer>);

fn aac(rung: Rung, work: &WorkFolder) -> Result<Chain, PackageError> {
    let encoder = AacEncoder::new(rung)?;
    let config = encoder.audio_specific_config();
    let muxer = Fmp4Muxer::create(work, rung, config, encoder.priming());
    Ok((Box::new(encoder), Box::new(muxer.map_err(PackageError::Write)?)))
}

fn opus(rung: Rung, brief: Brief, work: &WorkFolder) -> Result<Chain, PackageError> {
    let encoder = OpusEncoder::new(rung.kbps, brief.bits)?;
    let serial = brief.serial.wrapping_add(u32::from(rung.kbps.0));
    let muxer = OggMuxer::create(work, rung, encoder.priming(), serial, libopus_version());
    Ok((Box::new(encoder), Box::new(muxer.map_err(PackageError::Write)?)))
}
