//! One rung from samples to files: encoder, segmenter and muxers in a row, on one thread. Each
//! switching set that holds the rung is a rendition with a muxer of its own.

use std::io;
use std::sync::Arc;
use std::sync::mpsc::Receiver;

use media::codec::Codec;
use media::ids::MasterHash;
use media::ladder::Rung;
use media::units::Samples;
use media::{Container, Loudness, SwitchingSet, Version};

use crate::encode::{AacEncoder, Block, Encoder, OpusEncoder, libopus_version};
use crate::mux::{DecoderSetup, Fmp4Muxer, MuxedRendition, Muxer, OggMuxer};
use crate::package_error::PackageError;
use crate::parameters::Parameters;
use crate::segment::Segment;
use crate::segmenter::Segmenter;
use crate::work_folder::WorkFolder;

/// What a rendition is sent.
#[derive(Debug, Clone)]
pub(crate) enum Message {
    /// The next samples.
    Block(Arc<Block>),
    /// There are no more.
    End(Ending),
}

/// What is known of a song once all of it has passed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ending {
    /// Its exact length.
    pub(crate) length: Samples,
    /// How loud it is.
    pub(crate) loudness: Loudness,
}

/// What a rendition must know of its master.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Brief {
    /// Significant bits per sample.
    pub(crate) bits: u32,
    /// Tells the master's Ogg streams from those of others (RFC 3533 6).
    pub(crate) serial: u32,
    /// What is made of it.
    pub(crate) version: Version,
}

impl Brief {
    /// The same master gives the same serial number, another one most likely another.
    pub(crate) fn of(hash: &MasterHash, version: Version, bits: u32) -> Self {
        let [a, b, c, d, ..] = *hash.bytes();
        Self { bits, serial: u32::from_be_bytes([a, b, c, d]), version }
    }
}

/// Makes all renditions of a rung from what arrives. `None` where the sender went away before the
/// end: the work was given up, and whoever did so knows why.
pub(crate) fn make(
    rung: Rung,
    parameters: &Parameters,
    brief: Brief,
    work: &WorkFolder,
    messages: &Receiver<Message>,
) -> Result<Option<Vec<MuxedRendition>>, PackageError> {
    let mut line = Line::begin(rung, parameters, brief, work)?;
    while let Ok(message) = messages.recv() {
        match message {
            Message::Block(block) => line.take(&block)?,
            Message::End(ending) => return line.finish(ending).map(Some),
        }
    }
    Ok(None)
}

/// The production line of one rung.
struct Line {
    encoder: Box<dyn Encoder>,
    segmenter: Segmenter,
    muxers: Vec<Box<dyn Muxer>>,
    /// Encoded, but not yet cut; kept for its memory.
    units: Vec<Vec<u8>>,
}

impl Line {
    fn begin(
        rung: Rung,
        parameters: &Parameters,
        brief: Brief,
        work: &WorkFolder,
    ) -> Result<Self, PackageError> {
        let (encoder, setup): (Box<dyn Encoder>, _) = match rung.codec {
            Codec::AacLc | Codec::HeAac => {
                let encoder = AacEncoder::new(rung, parameters.effort)?;
                let setup = DecoderSetup::Aac(encoder.audio_specific_config().to_vec());
                (Box::new(encoder), setup)
            }
            Codec::Opus => {
                let encoder = OpusEncoder::new(rung.kbps, brief.bits, parameters.effort)?;
                (Box::new(encoder), DecoderSetup::Opus)
            }
        };
        let priming = encoder.priming();
        let muxer = |set: SwitchingSet| -> io::Result<Box<dyn Muxer>> {
            Ok(match set.container() {
                Container::Fmp4 => {
                    let storage = parameters.storage(&brief.version, set, rung);
                    let setup = setup.clone();
                    Box::new(Fmp4Muxer::create(work, set, rung, storage, setup, priming)?)
                }
                Container::Ogg => {
                    let serial = brief.serial.wrapping_add(u32::from(rung.kbps.0));
                    Box::new(OggMuxer::create(work, rung, priming, serial, libopus_version())?)
                }
            })
        };
        let muxers = parameters.sets_of(rung).map(muxer).collect::<io::Result<_>>();
        let segmenter = Segmenter::new(rung.codec, priming);
        let muxers = muxers.map_err(PackageError::Write)?;
        Ok(Self { encoder, segmenter, muxers, units: Vec::new() })
    }

    fn take(&mut self, block: &Block) -> Result<(), PackageError> {
        self.encoder.encode(block, &mut self.units)?;
        self.cut()
    }

    fn cut(&mut self) -> Result<(), PackageError> {
        for unit in self.units.drain(..) {
            if let Some(segment) = self.segmenter.push(unit) {
                write(&mut self.muxers, &segment)?;
            }
        }
        Ok(())
    }

    fn finish(mut self, ending: Ending) -> Result<Vec<MuxedRendition>, PackageError> {
        let mut flushed = Vec::new();
        self.encoder.finish(&mut flushed)?;
        for segment in self.segmenter.finish(flushed, ending.length) {
            write(&mut self.muxers, &segment)?;
        }
        let made = self.muxers.into_iter().map(|muxer| muxer.finish(&ending.loudness));
        made.collect::<io::Result<_>>().map_err(PackageError::Write)
    }
}

fn write(muxers: &mut [Box<dyn Muxer>], segment: &Segment) -> Result<(), PackageError> {
    muxers.iter_mut().try_for_each(|muxer| muxer.write(segment)).map_err(PackageError::Write)
}
