//! AAC-LC and HE-AAC through the Fraunhofer FDK: our own wrapper, since the published one can neither flush nor
//! set the afterburner or the bandwidth.

use std::ffi::{CStr, c_int, c_void};
use std::ptr;

use fdk_aac_sys as fdk;
use media::codec::Codec;
use media::ladder::Rung;
use media::units::{CHANNELS, SAMPLE_RATE, Samples};

use super::edges::Edges;
use super::{Block, EncodeError, Encoder};
use crate::parameters::Effort;

/// HE-AAC's access units per SBR header (ISO 14496-3 4.6.18): the three units of its priming, and the 135
/// of a segment, are whole periods, so that every segment starts with one.
const SBR_HEADER_PERIOD: u32 = 3;

/// `AACENC_SIGNALING_MODE`: explicit and hierarchical (ISO 14496-3 1.6.5.2). A decoder that knows no
/// SBR then refuses the stream rather than playing half its bandwidth.
const EXPLICIT_HIERARCHICAL: u32 = 2;

/// How far the transform reaches beyond the song: a frame of the core.
const REACH: Samples = Samples(1_024);

/// One song in AAC-LC or HE-AAC: 48 kHz stereo, raw access units.
pub struct AacEncoder {
    handle: Handle,
    audio_specific_config: Vec<u8>,
    priming: Samples,
    /// What goes in before the song.
    lead_in: Samples,
    /// Units still to be dropped: what came before the lead-in is no part of the priming.
    surplus: usize,
    edges: Edges,
    /// The largest unit that the encoder may write.
    unit: Vec<u8>,
}

impl AacEncoder {
    /// An encoder for one AAC rung: its rate and its bandwidth. The best effort is the FDK's
    /// afterburner, which quantises by analysis and synthesis.
    ///
    /// # Errors
    /// What the codec said.
    pub fn new(rung: Rung, effort: Effort) -> Result<Self, EncodeError> {
        let mut handle = Handle::open()?;
        handle.configure(rung, effort)?;
        let info = handle.info()?;
        let delay = delay(rung.codec, info.nDelay);
        let priming = delay.round_up_to(rung.codec.frame());
        let (lead_in, surplus) = lead_in(rung.codec, priming, delay);
        Ok(Self {
            handle,
            audio_specific_config: info.confBuf[..info.confSize as usize].to_vec(),
            priming,
            lead_in,
            surplus,
            edges: Edges::new(REACH),
            unit: vec![0; info.maxOutBufBytes as usize],
        })
    }

    /// The decoder's configuration (ISO 14496-3 1.6.2.1).
    #[must_use]
    pub fn audio_specific_config(&self) -> &[u8] {
        &self.audio_specific_config
    }

    /// Encodes interleaved samples, all of them.
    fn feed(&mut self, pcm: &[i16], units: &mut Vec<Vec<u8>>) -> Result<(), EncodeError> {
        let mut rest = pcm;
        while !rest.is_empty() {
            let step = self.handle.encode(Input::Samples(rest), &mut self.unit)?;
            self.keep(step.unit(&self.unit), units);
            rest = &rest[step.consumed..];
        }
        Ok(())
    }

    fn begin(&mut self, first: &[f32], units: &mut Vec<Vec<u8>>) -> Result<(), EncodeError> {
        let before = self.edges.before(first, self.lead_in);
        self.feed(&pcm16(&before), units)
    }

    /// Appends a unit, unless it is surplus.
    fn keep(&mut self, unit: Option<Vec<u8>>, units: &mut Vec<Vec<u8>>) {
        match unit {
            Some(_) if self.surplus > 0 => self.surplus -= 1,
            unit => units.extend(unit),
        }
    }
}

impl Encoder for AacEncoder {
    fn priming(&self) -> Samples {
        self.priming
    }

    fn encode(&mut self, block: &Block, units: &mut Vec<Vec<u8>>) -> Result<(), EncodeError> {
        self.begin(&block.float, units)?;
        self.edges.pass(&block.float);
        self.feed(&block.pcm16, units)
    }

    fn finish(&mut self, units: &mut Vec<Vec<u8>>) -> Result<(), EncodeError> {
        self.begin(&[], units)?;
        self.feed(&pcm16(&self.edges.after()), units)?;
        loop {
            let step = self.handle.encode(Input::Flush, &mut self.unit)?;
            if step.ended {
                return Ok(());
            }
            self.keep(step.unit(&self.unit), units);
        }
    }
}

/// What to put before the song so that its delay becomes `priming`, and the units to drop for that:
/// where the priming leaves no room for what a transform reaches, it begins one unit earlier.
fn lead_in(codec: Codec, priming: Samples, delay: Samples) -> (Samples, usize) {
    let room = priming.saturating_sub(delay);
    if room < REACH { (room + codec.frame(), 1) } else { (room, 0) }
}

/// 16 bit without dither: nobody hears these samples.
fn pcm16(float: &[f32]) -> Vec<i16> {
    float.iter().map(|sample| (sample * 32_768.0).round() as i16).collect()
}

/// What the song is late by in a decoder, in samples. Of HE-AAC the library says one more than it is:
/// its own decoder and ffmpeg's both give the song back 5,057 samples late, where it says 5,058.
fn delay(codec: Codec, stated: u32) -> Samples {
    let surplus = u64::from(codec == Codec::HeAac);
    Samples(u64::from(stated).saturating_sub(surplus))
}

/// The library's version, as it names itself.
pub(crate) fn version() -> String {
    // SAFETY: LIB_INFO is plain C data (pointers, integers, characters), for which zero is a value.
    let mut infos: [fdk::LIB_INFO; fdk::FDK_MODULE_ID_FDK_MODULE_LAST as usize] =
        unsafe { std::mem::zeroed() };
    // SAFETY: the call fills at most FDK_MODULE_LAST entries, which is what the array holds.
    let answer = unsafe { fdk::aacEncGetLibInfo(infos.as_mut_ptr()) };
    let encoder = infos.iter().find(|info| info.module_id == fdk::FDK_MODULE_ID_FDK_AACENC);
    match encoder {
        Some(info) if answer == fdk::AACENC_ERROR_AACENC_OK => text(&info.versionStr),
        _ => String::from("unknown"),
    }
}

/// C characters up to the first NUL; all of them where there is none.
fn text(characters: &[std::ffi::c_char]) -> String {
    let bytes: Vec<u8> = characters.iter().map(|&character| character as u8).chain([0]).collect();
    CStr::from_bytes_until_nul(&bytes)
        .map_or_else(|_| String::new(), |text| text.to_string_lossy().into_owned())
}

/// An open encoder. It stays on the thread that opened it.
struct Handle(fdk::HANDLE_AACENCODER);

/// What an encode call is given.
enum Input<'a> {
    Samples(&'a [i16]),
    Flush,
}

/// What an encode call did.
struct Step {
    /// Input samples taken, both channels counted.
    consumed: usize,
    /// Bytes of an access unit, 0 where none was completed.
    written: usize,
    /// Whether the flush is complete.
    ended: bool,
}

impl Step {
    fn unit(&self, buffer: &[u8]) -> Option<Vec<u8>> {
        (self.written > 0).then(|| buffer[..self.written].to_vec())
    }
}

impl Handle {
    fn open() -> Result<Self, EncodeError> {
        let mut handle = ptr::null_mut();
        // SAFETY: `handle` is a valid place for the new encoder; all modules, two channels.
        check("aacEncOpen", unsafe { fdk::aacEncOpen(&raw mut handle, 0, CHANNELS as u32) })?;
        Ok(Self(handle))
    }

    fn configure(&mut self, rung: Rung, effort: Effort) -> Result<(), EncodeError> {
        let bits_per_second = rung.kbps.bits_per_second().0 as u32;
        let object_type = match rung.codec {
            Codec::AacLc => fdk::AUDIO_OBJECT_TYPE_AOT_AAC_LC,
            Codec::HeAac => fdk::AUDIO_OBJECT_TYPE_AOT_SBR,
            Codec::Opus => {
                let reason = String::from("Opus is not AAC");
                return Err(EncodeError { call: "aacEncoder_SetParam", reason });
            }
        };
        self.set(fdk::AACENC_PARAM_AACENC_AOT, object_type as u32)?;
        self.set(fdk::AACENC_PARAM_AACENC_SAMPLERATE, SAMPLE_RATE)?;
        self.set(fdk::AACENC_PARAM_AACENC_CHANNELMODE, CHANNELS as u32)?;
        self.set(fdk::AACENC_PARAM_AACENC_BITRATE, bits_per_second)?;
        self.set(fdk::AACENC_PARAM_AACENC_TRANSMUX, fdk::TRANSPORT_TYPE_TT_MP4_RAW as u32)?;
        self.set(fdk::AACENC_PARAM_AACENC_AFTERBURNER, u32::from(effort == Effort::Best))?;
        if rung.codec == Codec::HeAac {
            self.set(fdk::AACENC_PARAM_AACENC_SIGNALING_MODE, EXPLICIT_HIERARCHICAL)?;
            self.set(fdk::AACENC_PARAM_AACENC_HEADER_PERIOD, SBR_HEADER_PERIOD)?;
        }
        if let Some(hertz) = rung.audio_bandwidth {
            self.set(fdk::AACENC_PARAM_AACENC_BANDWIDTH, hertz)?;
        }
        // SAFETY: the handle is open; all pointers null is the documented call that only applies
        // the parameters.
        check("aacEncEncode (initialise)", unsafe {
            fdk::aacEncEncode(self.0, ptr::null(), ptr::null(), ptr::null(), ptr::null_mut())
        })
    }

    fn set(&mut self, parameter: fdk::AACENC_PARAM, value: u32) -> Result<(), EncodeError> {
        // SAFETY: the handle is open; the call takes plain numbers.
        check("aacEncoder_SetParam", unsafe { fdk::aacEncoder_SetParam(self.0, parameter, value) })
    }

    fn info(&self) -> Result<fdk::AACENC_InfoStruct, EncodeError> {
        // SAFETY: AACENC_InfoStruct is integers and an array of bytes, for which zero is a value.
        let mut info = unsafe { std::mem::zeroed() };
        // SAFETY: the handle is open and `info` is a valid place for the answer.
        check("aacEncInfo", unsafe { fdk::aacEncInfo(self.0, &raw mut info) })?;
        Ok(info)
    }

    fn encode(&mut self, input: Input<'_>, unit: &mut [u8]) -> Result<Step, EncodeError> {
        let (samples, count) = match input {
            Input::Samples(samples) => (samples, samples.len().min(1 << 20) as c_int),
            Input::Flush => (&[0i16; CHANNELS][..], -1),
        };
        let mut source = Buffer::new(
            samples.as_ptr().cast_mut().cast(),
            fdk::AACENC_BufferIdentifier_IN_AUDIO_DATA,
            size_of_val(samples),
            size_of::<i16>(),
        );
        let mut target = Buffer::new(
            unit.as_mut_ptr().cast(),
            fdk::AACENC_BufferIdentifier_OUT_BITSTREAM_DATA,
            unit.len(),
            1,
        );
        let (from, to) = (source.description(), target.description());
        let arguments = fdk::AACENC_InArgs { numInSamples: count, numAncBytes: 0 };
        let mut out =
            fdk::AACENC_OutArgs { numOutBytes: 0, numInSamples: 0, numAncBytes: 0, bitResState: 0 };
        // SAFETY: the handle is open. Each description holds one live buffer with its true size;
        // the input is only read, and at most `count` ≤ its length of it; the output is written
        // within `unit`, which is exclusively borrowed. All outlive the call, which keeps none.
        let answer = unsafe {
            fdk::aacEncEncode(
                self.0,
                &raw const from,
                &raw const to,
                &raw const arguments,
                &raw mut out,
            )
        };
        let ended = answer == fdk::AACENC_ERROR_AACENC_ENCODE_EOF;
        if !ended {
            check("aacEncEncode", answer)?;
        }
        let (consumed, written) =
            (out.numInSamples.max(0) as usize, out.numOutBytes.max(0) as usize);
        if count > 0 && consumed == 0 && written == 0 {
            return Err(EncodeError { call: "aacEncEncode", reason: "it takes no more".into() });
        }
        Ok(Step { consumed, written, ended })
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        // SAFETY: the handle was opened by `open` and is closed once, here. The answer could only
        // say that there was none.
        let _answer = unsafe { fdk::aacEncClose(&raw mut self.0) };
    }
}

/// One buffer as the library wants it described: arrays of length one.
struct Buffer {
    start: *mut c_void,
    kind: c_int,
    bytes: c_int,
    element: c_int,
}

impl Buffer {
    fn new(start: *mut c_void, kind: u32, bytes: usize, element: usize) -> Self {
        Self { start, kind: kind as c_int, bytes: bytes as c_int, element: element as c_int }
    }

    /// Points into `self`, which must outlive the call.
    fn description(&mut self) -> fdk::AACENC_BufDesc {
        fdk::AACENC_BufDesc {
            numBufs: 1,
            bufs: &raw mut self.start,
            bufferIdentifiers: &raw mut self.kind,
            bufSizes: &raw mut self.bytes,
            bufElSizes: &raw mut self.element,
        }
    }
}

fn check(call: &'static str, answer: fdk::AACENC_ERROR) -> Result<(), EncodeError> {
    if answer == fdk::AACENC_ERROR_AACENC_OK {
        Ok(())
    } else {
        Err(EncodeError { call, reason: format!("FDK error {answer:#x}") })
    }
}

#[cfg(test)]
mod decoder;
#[cfg(test)]
mod tests;
