//! Finds out what a file is, by its bytes alone.

use std::io::{self, BufReader, Read, Seek, SeekFrom};
#[cfg(test)]
use std::path::Path;

use symphonia::core::codecs::CodecParameters;
use symphonia::core::codecs::audio::AudioCodecParameters;
use symphonia::core::errors::Error;
use symphonia::core::formats::probe::{Hint, Probe, ProbeOptions};
use symphonia::core::formats::well_known::FORMAT_ID_FLAC;
use symphonia::core::formats::{FormatOptions, FormatReader, Track, TrackType};
use symphonia::core::io::{MediaSource, MediaSourceStream, ReadOnlySource};
use symphonia::core::meta::{MetadataOptions, RawValue};
use symphonia::default::formats::{CafReader, FlacReader, IsoMp4Reader, MpaReader};
use symphonia::default::meta::{Id3v1Reader, Id3v2Reader};

use super::aac::{self, AacDecoder, Found};
use super::adts::{self, Adts};
use super::codec::{Codec, LOSSY_BITS};
use super::coded::Coded;
use super::demuxer::{Broken, Demuxer};
use super::flac_end::FlacEnd;
use super::flac_mask;
use super::matroska::{self, Matroska};
use super::mp4::Mp4;
use super::ogg::{Headers, Ogg};
use super::opus::{self, OpusDecoder, OpusHead};
use super::pcm::{self, Pcm};
use super::tally::Tally;
use super::trim::Trim;
use super::{Decoder, MasterSpec, PANIC, Sound, guarded};
use crate::downmix::Layout;
use crate::master::Master;
use crate::package_error::PackageError;

/// The rates of masters, in Hz.
const RATES: std::ops::RangeInclusive<u32> = 8_000..=384_000;

/// How far into a file its audio may begin: players skip some junk before an MP3, but a picture is
/// no song because somewhere in it two bytes look like one.
const JUNK: u32 = 16 * 1_024;

/// How much of a file is looked at to tell what it is: two ADTS frames.
const HEAD: u64 = 2 * 8_192;

/// The deepest FLAC that Symphonia decodes: it stops at 32 bits, and sides of 32 have 33.
const MOST_FLAC_BITS: u32 = 24;

/// Tags before the sound that are passed over.
const TAGS: usize = 8;

impl Decoder {
    /// Opens a master.
    pub(crate) fn of(master: &Master) -> Result<Self, PackageError> {
        if master.size() == 0 {
            return Err(PackageError::Empty);
        }
        let panicked = || PackageError::Damaged { seconds: 0.0, reason: PANIC.to_owned() };
        guarded(|| Self::recognise(master)).unwrap_or_else(|| Err(panicked()))
    }

    /// Opens the master at `path`.
    #[cfg(test)]
    pub(crate) fn open(path: &Path) -> Result<Self, PackageError> {
        Self::of(&Master::open(path).map_err(PackageError::Read)?)
    }

    fn recognise(master: &Master) -> Result<Self, PackageError> {
        let (start, head) = read_head(&mut master.clone()).map_err(PackageError::Read)?;
        let marks = head.get(..12).unwrap_or_default();
        if let Some((pcm, spec, layout)) = Pcm::open(master.clone(), start, marks)? {
            return Self::new(Sound::Pcm(pcm), spec, layout, Trim::default());
        }
        match &head[..] {
            [b'O', b'g', b'g', b'S', ..] => of_ogg(master.clone(), start),
            [0x1A, 0x45, 0xDF, 0xA3, ..] => of_matroska(master.clone(), start),
            // Their tables count from the file's beginning.
            [_, _, _, _, b'f', b't', b'y', b'p', ..] if start == 0 => of_mp4(master),
            [b'c', b'a', b'f', b'f', ..] if start == 0 => of_caf(master),
            head if adts::begins(head) => of_adts(master.clone(), start),
            _ => of_stream(master),
        }
    }

    pub(super) fn new(
        sound: Sound,
        spec: MasterSpec,
        layout: Option<Layout>,
        trim: Trim,
    ) -> Result<Self, PackageError> {
        if spec.channels == 0 {
            return Err(PackageError::Channels(0));
        }
        if let Sound::Coded(coded) = &sound
            && coded.is_flac()
            && spec.bits > MOST_FLAC_BITS
        {
            return Err(PackageError::FlacBits(spec.bits));
        }
        if !RATES.contains(&spec.rate) {
            return Err(PackageError::SampleRate(spec.rate));
        }
        // Nothing and not known are written alike (FLAC: RFC 9639 8.2).
        let coded = !matches!(sound, Sound::Pcm(_));
        let promised = spec.promised.filter(|&frames| frames > 0 || !coded);
        let spec = MasterSpec { promised, ..spec };
        Ok(Self { sound, spec, layout, tally: Tally::default(), trim })
    }
}

/// The first bytes behind ID3v2 tags, and where they lie.
fn read_head(file: &mut Master) -> io::Result<(u64, Vec<u8>)> {
    let mut start = 0;
    let mut head = Vec::new();
    for _ in 0..TAGS {
        head.clear();
        file.seek(SeekFrom::Start(start))?;
        file.by_ref().take(HEAD).read_to_end(&mut head)?;
        let [b'I', b'D', b'3', _, _, flags, size @ ..] = &head[..] else { break };
        // Four times seven bits (ID3v2.4 3.1), and a footer as long as the header.
        let size = size.iter().take(4).fold(0, |sum, byte| sum << 7 | u64::from(byte & 0x7F));
        start += 10 + size + if flags & 0x10 == 0 { 0 } else { 10 };
    }
    Ok((start, head))
}

fn of_ogg(file: Master, start: u64) -> Result<Decoder, PackageError> {
    let (mut ogg, headers) =
        Ogg::open(file, start).map_err(broken)?.ok_or(PackageError::NotAudio)?;
    let (coded, spec, layout, trim) = match headers {
        Headers::Opus(head) => {
            let codec = OpusDecoder::open(&head).map(Codec::Opus).ok_or_else(no_sense)?;
            let count = |packets: &[_]| {
                let packets: &[symphonia::core::packet::Packet] = packets;
                packets.iter().map(|packet| opus::frames(&packet.data)).sum()
            };
            let span = ogg.span(head.pre_skip, count).map_err(broken)?;
            let spec = lossy(opus::RATE, head.channels, span.length);
            let layout = head.layout();
            (Coded::new(Demuxer::Ogg(ogg), codec), spec, layout, Trim::of(span.skip, span.length))
        }
        Headers::Symphonia(parameters, length) => {
            let open = || Codec::symphonia(&parameters).ok_or_else(no_sense);
            let (codec, mut trial) = (open()?, open()?);
            let count = |packets: &[_]| {
                let mut out = Vec::new();
                packets.iter().map(|packet| trial.frames(packet, &mut out)).sum()
            };
            let mask = ogg.channel_mask().map_err(broken)?;
            let span = ogg.span(0, count).map_err(broken)?;
            let length = span.length.or(length);
            let spec = codec.spec(&parameters, length);
            let layout = heard(mask, &codec, &spec);
            (Coded::new(Demuxer::Ogg(ogg), codec), spec, layout, Trim::of(span.skip, length))
        }
    };
    Decoder::new(Sound::coded(coded), spec, layout, trim)
}

fn of_matroska(file: Master, start: u64) -> Result<Decoder, PackageError> {
    let size = file.size();
    let matroska =
        Matroska::open(file, start, size).map_err(broken)?.ok_or(PackageError::NotAudio)?;
    let track = matroska.track().clone();
    let codec = track.decoder().ok_or(PackageError::NotAudio)?;
    let lossless = !matches!(codec, Codec::Aac(_) | Codec::Opus(_));
    let mut spec = match track.parameters() {
        Some(parameters) => codec.spec(&parameters, None),
        None => MasterSpec {
            rate: track.rate,
            channels: track.channels,
            bits: track.bits.filter(|_| lossless).unwrap_or(LOSSY_BITS),
            promised: None,
            lossless,
        },
    };
    let mut layout =
        heard(track.flac_mask(), &codec, &spec).or_else(|| Layout::usual(track.channels));
    let head = track.opus_head();
    if let Some(head) = &head {
        (spec.rate, spec.channels, layout) = (opus::RATE, head.channels, head.layout());
    }
    let mut coded = Coded::new(Demuxer::Matroska(matroska), codec);
    if coded.is_aac() {
        let found = coded.begin()?;
        spec = aac(&found, None);
        layout = found.layout;
    }
    let skip = track.delay.map(|delay| matroska::frames(delay, spec.rate));
    let skip = skip.or(head.map(|head| head.pre_skip)).unwrap_or(0);
    Decoder::new(Sound::coded(coded), spec, layout, Trim::of(skip, None))
}

fn of_adts(file: Master, start: u64) -> Result<Decoder, PackageError> {
    let adts = Adts::open(file, start).map_err(broken)?;
    let codec = AacDecoder::open(&adts.config()).map(Codec::Aac).map_err(|_| no_sense())?;
    let mut coded = Coded::new(Demuxer::Adts(adts), codec);
    let found = coded.begin()?;
    let spec = aac(&found, None);
    Decoder::new(Sound::coded(coded), spec, found.layout, Trim::default())
}

fn of_mp4(master: &Master) -> Result<Decoder, PackageError> {
    let boxes = Mp4::read(master.clone(), master.size()).map_err(broken)?;
    if boxes.torn && !boxes.described {
        return Err(PackageError::CutOff { seconds: 0.0 });
    }
    let mut probe = Probe::new();
    probe.register_format::<IsoMp4Reader<'_>>();
    let reader = match read(&probe, Box::new(master.clone())) {
        Err(_) if boxes.torn => return Err(PackageError::CutOff { seconds: 0.0 }),
        reader => reader?,
    };
    let (track, parameters, codec) = sound(&*reader).ok_or(PackageError::NotAudio)?;
    let (id, length) = (track.id, track.num_frames);
    let opus = parameters.extra_data.as_deref().and_then(OpusHead::parse_dops);
    let opus = opus.filter(|_| matches!(codec, Codec::Opus(_)));
    let mut spec = codec.spec(&parameters, length);
    let mut layout = codec.layout();
    let mut core_rate = spec.rate;
    let demuxer = Demuxer::Symphonia { reader, track: id, torn: boxes.torn };
    let mut coded = Coded::new(demuxer, codec);
    if coded.is_aac() {
        let found = coded.begin()?;
        spec = aac(&found, None);
        (core_rate, layout) = (found.core_rate, found.layout);
    }
    if let Some(head) = &opus {
        (spec, layout) = (lossy(opus::RATE, head.channels, None), head.layout());
    }
    let trim = boxes.trim(id, spec.rate, core_rate)?;
    let trim = trim.unwrap_or_else(|| Trim::of(opus.map_or(0, |head| head.pre_skip), None));
    spec.promised = trim.left().or(spec.promised);
    Decoder::new(Sound::coded(coded), spec, layout, trim)
}

/// CAF that holds something else than plain samples.
fn of_caf(master: &Master) -> Result<Decoder, PackageError> {
    let torn = pcm::is_torn_caf(master.clone(), master.size()).map_err(PackageError::Read)?;
    let mut probe = Probe::new();
    probe.register_format::<CafReader<'_>>();
    let reader = match read(&probe, Box::new(master.clone())) {
        // The table of packets often lies at the end.
        Err(_) if torn => return Err(PackageError::CutOff { seconds: 0.0 }),
        reader => reader?,
    };
    let (track, parameters, codec) = sound(&*reader).ok_or(PackageError::NotAudio)?;
    let (id, skip, length) = (track.id, track.delay.unwrap_or(0), track.num_frames);
    let mut spec = codec.spec(&parameters, length);
    let mut layout = codec.layout();
    let mut coded = Coded::new(Demuxer::Symphonia { reader, track: id, torn }, codec);
    if coded.is_aac() {
        let found = coded.begin()?;
        spec = aac(&found, length);
        layout = found.layout;
    } else {
        // ALAC's last packet tells its own length, and ffmpeg counts it as a whole one.
        spec.promised = None;
    }
    let trim = Trim::of(u64::from(skip), spec.promised);
    Decoder::new(Sound::coded(coded), spec, layout, trim)
}

/// FLAC or MP3. Not seekable on purpose: Symphonia would guess the length of an MP3 without a Xing
/// header from its first frames, and cut the song there.
fn of_stream(master: &Master) -> Result<Decoder, PackageError> {
    let options = ProbeOptions { max_probe_depth: JUNK, ..Default::default() };
    let mut probe = Probe::new_with_options(&options);
    probe.register_format::<FlacReader<'_>>();
    probe.register_format::<MpaReader<'_>>();
    probe.register_metadata::<Id3v1Reader<'_>>();
    probe.register_metadata::<Id3v2Reader<'_>>();
    let source = ReadOnlySource::new(BufReader::with_capacity(1 << 16, master.clone()));
    let mut reader = read(&probe, Box::new(source))?;
    let (track, parameters, codec) = sound(&*reader).ok_or(PackageError::NotAudio)?;
    let (id, length) = (track.id, track.num_frames);
    let spec = codec.spec(&parameters, length);
    let layout = heard(channel_mask(&mut *reader), &codec, &spec);
    let flac = reader.format_info().format == FORMAT_ID_FLAC;
    let mut coded = Coded::new(Demuxer::Symphonia { reader, track: id, torn: false }, codec);
    if flac {
        coded.follow(FlacEnd::of(master.clone()));
    }
    Decoder::new(Sound::coded(coded), spec, layout, Trim::default())
}

/// Where channels are heard: as a mask says, or else as the codec does.
fn heard(mask: Option<u64>, codec: &Codec, spec: &MasterSpec) -> Option<Layout> {
    match mask {
        Some(mask) => Layout::of_mask(mask, spec.channels),
        None => codec.layout(),
    }
}

/// Where a FLAC file's channels are heard, where a comment says it.
fn channel_mask(reader: &mut dyn FormatReader) -> Option<u64> {
    let mut metadata = reader.metadata();
    let tags = &metadata.skip_to_latest()?.media.tags;
    tags.iter().find_map(|tag| match &tag.raw.value {
        RawValue::String(text) => flac_mask::of_comment(&tag.raw.key, text),
        _ => None,
    })
}

fn read(
    probe: &Probe,
    source: Box<dyn MediaSource>,
) -> Result<Box<dyn FormatReader>, PackageError> {
    let stream = MediaSourceStream::new(source, Default::default());
    probe
        .probe(&Hint::new(), stream, FormatOptions::default(), MetadataOptions::default())
        .map_err(unknown)
}

/// The first track that can be decoded.
fn sound(reader: &dyn FormatReader) -> Option<(Track, AudioCodecParameters, Codec)> {
    let default = reader.default_track(TrackType::Audio);
    default.into_iter().chain(reader.tracks()).find_map(|track| {
        let Some(CodecParameters::Audio(parameters)) = &track.codec_params else { return None };
        let codec = Codec::of(parameters)?;
        Some((track.clone(), parameters.clone(), codec))
    })
}

/// A lossy master.
fn lossy(rate: u32, channels: usize, promised: Option<u64>) -> MasterSpec {
    MasterSpec { rate, channels, bits: LOSSY_BITS, promised, lossless: false }
}

/// An AAC master.
fn aac(found: &Found, promised: Option<u64>) -> MasterSpec {
    MasterSpec { bits: aac::BITS, ..lossy(found.rate, found.channels, promised) }
}

/// A stream that named its codec, and then nothing that the codec knows.
fn no_sense() -> PackageError {
    PackageError::Damaged { seconds: 0.0, reason: "its header makes no sense".to_owned() }
}

/// What it means that a file cannot even be opened.
fn broken(broken: Broken) -> PackageError {
    match broken {
        Broken::CutOff => PackageError::CutOff { seconds: 0.0 },
        Broken::Damaged(reason) => {
            PackageError::Damaged { seconds: 0.0, reason: reason.to_owned() }
        }
        Broken::Several => PackageError::Several { seconds: 0.0 },
        Broken::Read(error) => PackageError::Read(error),
    }
}

/// What it means that no reader takes a file.
fn unknown(error: Error) -> PackageError {
    match error {
        Error::IoError(_) | Error::DecodeError(_) => broken(error.into()),
        _ => PackageError::NotAudio,
    }
}
