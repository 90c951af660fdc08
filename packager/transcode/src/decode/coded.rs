//! Sound in packets: a container and a codec.

use symphonia::core::codecs::audio::AudioDecoder;
use symphonia::core::packet::Packet;

use super::MasterSpec;
use super::aac::Found;
use super::codec::{Codec, Undecodable};
use super::demuxer::{Broken, Demuxer};
use super::flac_end::FlacEnd;
use super::opus;
use super::tally::Tally;
use crate::package_error::PackageError;

/// The most samples of one FLAC frame (RFC 9639 9.1.1).
const LONGEST_FRAME: u64 = 65_536;

/// How many packets are tried until one says what an AAC stream is.
const TRIES: u32 = 16;

/// What the decoder may still hold at the end: SBR delays by less than a frame.
const LONGEST_FLUSH: u64 = 2_048;

/// Packets being decoded.
pub(super) struct Coded {
    demuxer: Demuxer,
    codec: Codec,
    /// Where the master is native FLAC.
    flac: Option<FlacEnd>,
    /// The most frames that a packet had so far: what one is taken for that cannot be decoded.
    usual: u64,
    /// What was decoded to find out what the stream is.
    waiting: Option<Vec<f32>>,
    /// Whether the decoder gave what it still held.
    flushed: bool,
}

/// What `next` found.
pub(super) enum Step {
    /// A packet's samples, trimmed by what the packet says, and whether they stand for one that cannot
    /// be decoded.
    Samples { concealed: bool },
    /// Nothing more.
    End,
}

impl Coded {
    pub(super) fn new(demuxer: Demuxer, codec: Codec) -> Self {
        Self { demuxer, codec, flac: None, usual: 0, waiting: None, flushed: false }
    }

    /// Watches the end of a native FLAC stream.
    pub(super) fn follow(&mut self, flac: FlacEnd) {
        self.flac = Some(flac);
    }

    pub(super) fn is_flac(&self) -> bool {
        self.codec.is_flac()
    }

    pub(super) fn is_aac(&self) -> bool {
        matches!(self.codec, Codec::Aac(_))
    }

    fn is_opus(&self) -> bool {
        matches!(self.codec, Codec::Opus(_))
    }

    /// Decodes the beginning of an AAC stream: what it is, only its sound says.
    pub(super) fn begin(&mut self) -> Result<Found, PackageError> {
        let mut out = Vec::new();
        let mut undecodable = 0;
        for _ in 0..TRIES {
            let packet = match self.demuxer.next(0) {
                Ok(Some(packet)) => packet,
                Ok(None) => return Err(PackageError::NoSamples),
                Err(Broken::CutOff) => return Err(PackageError::CutOff { seconds: 0.0 }),
                Err(Broken::Read(error)) => return Err(PackageError::Read(error)),
                Err(_) => return Err(PackageError::NotAudio),
            };
            let decoded = self.codec.decode(&packet, &mut out).is_ok() && !out.is_empty();
            let Codec::Aac(decoder) = &self.codec else { break };
            match decoder.found() {
                Some(found) if decoded => {
                    self.usual = (out.len() / found.channels) as u64;
                    let lost = undecodable * out.len();
                    self.waiting = Some([vec![0.0; lost], out].concat());
                    return Ok(found);
                }
                _ => undecodable += 1,
            }
        }
        Err(PackageError::NotAudio)
    }

    /// Replaces `out` by the next packet's samples.
    pub(super) fn next(
        &mut self,
        out: &mut Vec<f32>,
        spec: MasterSpec,
        tally: &mut Tally,
    ) -> Result<Step, PackageError> {
        if let Some(waiting) = self.waiting.take() {
            *out = waiting;
            return Ok(Step::Samples { concealed: false });
        }
        match self.demuxer.next(spec.rate) {
            Ok(Some(packet)) => {
                self.check_place(&packet, spec, tally)?;
                let step = self.decode(&packet, out, spec, tally)?;
                if let Some(flac) = &mut self.flac {
                    flac.pass(&packet);
                }
                Ok(step)
            }
            // What follows the sound that was promised is a tag or junk.
            Ok(None) | Err(_) if self.flac.is_some() && tally.missing(spec) == Some(0) => {
                Ok(Step::End)
            }
            Ok(None) => self.finish(out, None, spec, tally),
            Err(broken) => self.finish(out, Some(broken), spec, tally),
        }
    }

    /// FLAC frames say where they belong (RFC 9639 9.1.5): between them, none may be missing, and
    /// none may come again or after the last.
    fn check_place(
        &self,
        packet: &Packet,
        spec: MasterSpec,
        tally: &mut Tally,
    ) -> Result<(), PackageError> {
        if self.flac.is_none() {
            return match &self.demuxer {
                Demuxer::Matroska(_) => Ok(()),
                _ => tally.check_surplus(spec, packet.trim_end.get()),
            };
        }
        let ahead = tally.ahead(packet.pts.get());
        if ahead > 0 {
            return Err(tally.damaged(spec, "a part of it is missing or spoilt"));
        }
        let again = packet.pts.get() == 0 && !tally.is_at_start();
        if again || tally.missing(spec) == Some(0) {
            return Err(tally.several(spec));
        }
        Ok(())
    }

    /// The reader found no further packet: where only a FLAC file's last frame is missing, it may
    /// be there behind what the reader takes for a part of it; where the end of an AAC file is, in
    /// the decoder's filter banks.
    fn finish(
        &mut self,
        out: &mut Vec<f32>,
        broken: Option<Broken>,
        spec: MasterSpec,
        tally: &Tally,
    ) -> Result<Step, PackageError> {
        let missing = tally.missing(spec).unwrap_or(0);
        if let (Some(flac), 1..=LONGEST_FRAME, Codec::Symphonia(codec)) =
            (&mut self.flac, missing, &mut self.codec)
        {
            let codec: &mut dyn AudioDecoder = &mut **codec;
            let last =
                flac.last_frame(codec, missing, spec.channels).map_err(PackageError::Read)?;
            if let Some(packet) = last {
                return self.decode(&packet, out, spec, tally);
            }
        }
        if let (None, 1..=LONGEST_FLUSH, Codec::Aac(decoder)) = (&broken, missing, &mut self.codec)
            && !std::mem::replace(&mut self.flushed, true)
            && decoder.flush(out).is_ok()
            && !out.is_empty()
        {
            return Ok(Step::Samples { concealed: false });
        }
        match broken {
            Some(broken) => Err(tally.broken(spec, broken)),
            None => Ok(Step::End),
        }
    }

    fn decode(
        &mut self,
        packet: &Packet,
        out: &mut Vec<f32>,
        spec: MasterSpec,
        tally: &Tally,
    ) -> Result<Step, PackageError> {
        match self.codec.decode(packet, out) {
            Ok(shape) => {
                let same =
                    shape.is_none_or(|it| it.rate == spec.rate && it.channels == spec.channels);
                if !same {
                    let reason = "it changes its sample rate or channels on the way";
                    return Err(tally.damaged(spec, reason));
                }
                self.usual = self.usual.max((out.len() / spec.channels) as u64);
                if !self.codec.trims() {
                    trim(packet, out, spec.channels);
                }
                Ok(Step::Samples { concealed: false })
            }
            Err(Undecodable::Packet(_)) if self.demuxer.is_torn() => Err(tally.cut_off(spec)),
            Err(Undecodable::Packet(reason)) if spec.lossless => Err(tally.damaged(spec, &reason)),
            // It becomes silence of its length, so that the rest keeps its place.
            Err(Undecodable::Packet(_)) => {
                let frames = match packet.dur.get() {
                    _ if self.is_opus() => opus::frames(&packet.data),
                    _ if self.is_aac() => 0,
                    frames => frames,
                };
                let frames = if frames == 0 { self.usual } else { frames };
                out.clear();
                out.resize(frames as usize * spec.channels, 0.0);
                Ok(Step::Samples { concealed: true })
            }
            Err(Undecodable::Stream(error)) => Err(tally.broken(spec, error.into())),
        }
    }
}

/// Drops what a packet itself says is none of the song.
fn trim(packet: &Packet, out: &mut Vec<f32>, channels: usize) {
    let samples = |frames: u64| usize::try_from(frames).unwrap_or(usize::MAX);
    let end = samples(packet.trim_end.get()).saturating_mul(channels);
    out.truncate(out.len().saturating_sub(end));
    let start = samples(packet.trim_start.get()).saturating_mul(channels);
    out.drain(..start.min(out.len()));
}
