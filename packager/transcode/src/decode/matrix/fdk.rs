//! HE-AAC masters, which no Debian tool makes: encoded by the FDK through its published wrapper, and
//! put into ADTS by itself, or into MP4 here, as Apple's tools and as ISO's do.

use std::path::Path;

use fdk_aac::enc::{AudioObjectType, BitRate, ChannelMode, Encoder, EncoderParams, Transport};

use super::super::Decoder;

/// Units of silence that push the song out of the encoder, which the wrapper cannot flush.
const FLUSH: usize = 6;

/// SBR's decoder delays by so much, in samples of the output.
const SBR_DELAY: usize = 962;

/// Encodes `wav` with an audio object type: 2 (LC), 5 (HE v1) or 29 (HE v2).
pub(super) fn write(wav: &Path, kind: u32, container: &str, out: &Path) {
    let adts = container == "ADTS";
    let mut decoder = Decoder::open(wav).expect("the original");
    let (rate, mut packet, mut pcm) = (decoder.spec().rate, Vec::new(), Vec::new());
    while decoder.next(&mut packet).expect("the original") {
        pcm.extend(packet.iter().map(|sample| (sample * 32_768.0) as i16));
    }
    let length = pcm.len() / 2;
    pcm.resize(pcm.len() + FLUSH * 2 * 2_048, 0);
    let encoder = Encoder::new(EncoderParams {
        bit_rate: BitRate::Cbr(if kind == 2 { 160_000 } else { 64_000 }),
        sample_rate: rate,
        transport: if adts { Transport::Adts } else { Transport::Raw },
        channels: ChannelMode::Stereo,
        audio_object_type: match kind {
            2 => AudioObjectType::Mpeg4LowComplexity,
            5 => AudioObjectType::Mpeg4HeAac,
            _ => AudioObjectType::Mpeg4HeAacV2,
        },
    })
    .expect("an encoder");
    let info = encoder.info().expect("what it is");
    let (mut rest, mut units, mut buffer) = (&pcm[..], Vec::new(), vec![0; 8_192]);
    while !rest.is_empty() {
        let step = encoder.encode(rest, &mut buffer).expect("a unit");
        units.extend((step.output_size > 0).then(|| buffer[..step.output_size].to_vec()));
        rest = &rest[step.input_consumed..];
    }
    let bytes = if adts {
        units.concat()
    } else {
        let song = Song {
            config: &info.confBuf[..info.confSize as usize],
            units: &units,
            rate,
            frame: info.frameLength as usize,
            delay: info.nDelay as usize,
            length,
            sbr: kind != 2,
        };
        song.mp4(container)
    };
    std::fs::write(out, bytes).expect("a folder to write to");
}

struct Song<'a> {
    config: &'a [u8],
    units: &'a [Vec<u8>],
    rate: u32,
    frame: usize,
    delay: usize,
    length: usize,
    sbr: bool,
}

impl Song<'_> {
    /// With iTunes' comment, the ticks are the core's samples, and SBR's delay is not counted, as
    /// Apple does it. With an edit list, they are the output's, and it is.
    fn mp4(&self, container: &str) -> Vec<u8> {
        let (comment, edit) = (container.contains("iTunSMPB"), container.contains("edit"));
        let halved = if comment && self.sbr { 2 } else { 1 };
        let delay = if halved == 2 { self.delay - SBR_DELAY } else { self.delay };
        let (frame, delay, length) =
            (self.frame / halved, delay / halved, self.length.div_ceil(halved));
        let total = self.units.len() * frame;
        let timescale = self.rate / halved as u32;
        let head = boxed(b"ftyp", &[b"M4A ", &word(0), b"isom"]);
        let moov = |start: usize| {
            let table = self.table(frame, start);
            let media = boxed(
                b"mdia",
                &[
                    &boxed(b"mdhd", &[&[0; 12], &word(timescale), &word(total as u32), &[0; 4]]),
                    &boxed(b"hdlr", &[&[0; 8], b"soun", &[0; 13]]),
                    &boxed(b"minf", &[&boxed(b"smhd", &[&[0; 8]]), &table]),
                ],
            );
            let entry = [word(1), word(self.length as u32)].concat();
            let edits = boxed(b"elst", &[&[0; 4], &entry, &word(delay as u32), &[0, 1, 0, 0]]);
            let edits = if edit { boxed(b"edts", &[&edits]) } else { Vec::new() };
            let header = [&[0; 12][..], &word(1), &[0; 68]].concat();
            let track = boxed(b"trak", &[&boxed(b"tkhd", &[&header]), &edits, &media]);
            let movie = boxed(b"mvhd", &[&[0; 12], &word(self.rate), &[0; 84]]);
            // Of a file that this one was cut out of.
            let longer = if container.contains("stale") { 100 * frame } else { 0 };
            let smpb = smpb(delay, total - delay - length, length + longer);
            let udta = if comment { smpb } else { Vec::new() };
            boxed(b"moov", &[&movie, &track, &udta])
        };
        let start = head.len() + moov(0).len() + 8;
        [head, moov(start), boxed(b"mdat", &[&self.units.concat()])].concat()
    }

    fn table(&self, frame: usize, start: usize) -> Vec<u8> {
        let count = word(self.units.len() as u32);
        // Descriptors (ISO 14496-1 7.2.6): stream, decoder, its configuration.
        let specific = descriptor(5, &[self.config]);
        let decoder = descriptor(4, &[&[0x40, 0x15], &[0; 11], &specific]);
        let stream = descriptor(3, &[&[0, 1, 0], &decoder, &descriptor(6, &[&[2]])]);
        let esds = boxed(b"esds", &[&[0; 4], &stream]);
        let rate = word(self.rate.min(0xFFFF) << 16);
        let fields: [&[u8]; 5] =
            [&[0, 0, 0, 0, 0, 0, 0, 1], &[0; 8], &[0, 2, 0, 16, 0, 0, 0, 0], &rate, &esds];
        let sizes: Vec<u8> = self.units.iter().flat_map(|unit| word(unit.len() as u32)).collect();
        boxed(
            b"stbl",
            &[
                &boxed(b"stsd", &[&[0; 4], &word(1), &boxed(b"mp4a", &fields)]),
                &boxed(b"stts", &[&[0; 4], &word(1), &count, &word(frame as u32)]),
                &boxed(b"stsc", &[&[0; 4], &word(1), &word(1), &count, &word(1)]),
                &boxed(b"stsz", &[&[0; 8], &count, &sizes]),
                &boxed(b"stco", &[&[0; 4], &word(1), &word(start as u32)]),
            ],
        )
    }
}

fn smpb(delay: usize, padding: usize, length: usize) -> Vec<u8> {
    let text = format!(" 00000000 {delay:08X} {padding:08X} {length:016X} 00000000 00000000");
    let comment = boxed(
        b"----",
        &[
            &boxed(b"mean", &[&[0; 4], b"com.apple.iTunes"]),
            &boxed(b"name", &[&[0; 4], b"iTunSMPB"]),
            &boxed(b"data", &[&word(1), &[0; 4], text.as_bytes()]),
        ],
    );
    let handler = boxed(b"hdlr", &[&[0; 8], b"mdirappl", &[0; 9]]);
    boxed(b"udta", &[&boxed(b"meta", &[&[0; 4], &handler, &boxed(b"ilst", &[&comment])])])
}

fn boxed(kind: &[u8; 4], parts: &[&[u8]]) -> Vec<u8> {
    let body = parts.concat();
    [&word(body.len() as u32 + 8)[..], kind, &body].concat()
}

fn descriptor(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let body = parts.concat();
    [&[tag, 0x80, 0x80, 0x80, body.len() as u8], &body[..]].concat()
}

fn word(value: u32) -> [u8; 4] {
    value.to_be_bytes()
}
