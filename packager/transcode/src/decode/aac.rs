//! AAC through the Fraunhofer FDK's decoder: LC, HE (v1, v2) and what else it knows, whole.
//! Symphonia's decodes only the LC core, without the upper octave and the stereo of HE.

use fdk_aac_sys as fdk;

use crate::downmix::{Layout, Speaker};

/// The most samples of one frame: 2,048 of 8 channels.
const LONGEST: usize = 2_048 * 8;

/// Bits of the samples that the decoder delivers: what is louder than full scale is clipped.
pub(super) const BITS: u32 = 16;

/// What the decoder found out. It is only known once a frame was decoded: SBR and parametric stereo
/// may be signalled by nothing but their presence.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Found {
    pub(crate) rate: u32,
    /// The rate of the LC core: half of `rate` with SBR.
    pub(crate) core_rate: u32,
    pub(crate) channels: usize,
    pub(crate) layout: Option<Layout>,
}

/// An open decoder. It stays on the thread that opened it.
pub(crate) struct AacDecoder {
    handle: fdk::HANDLE_AACDECODER,
    pcm: Vec<i16>,
}

// SAFETY: the handle is owned by this value alone, and the library keeps no state beside it.
unsafe impl Send for AacDecoder {}

/// What the library answers where it does not decode: its error number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Refused(u32);

impl AacDecoder {
    /// A decoder of raw access units that an AudioSpecificConfig describes (ISO 14496-3 1.6.2.1). It
    /// neither limits nor levels what it decodes, and delays nothing.
    pub(crate) fn open(audio_specific_config: &[u8]) -> Result<Self, Refused> {
        // SAFETY: plain numbers.
        let handle = unsafe { fdk::aacDecoder_Open(fdk::TRANSPORT_TYPE_TT_MP4_RAW, 1) };
        if handle.is_null() {
            return Err(Refused(fdk::AAC_DECODER_ERROR_AAC_DEC_OUT_OF_MEMORY));
        }
        let decoder = Self { handle, pcm: vec![0; LONGEST] };
        decoder.configure()?;
        let mut config = audio_specific_config.to_vec();
        let (mut start, size) = (config.as_mut_ptr(), config.len() as u32);
        // SAFETY: the handle is open; one buffer with its true size, only read.
        check(unsafe { fdk::aacDecoder_ConfigRaw(handle, &raw mut start, &raw const size) })?;
        Ok(decoder)
    }

    fn configure(&self) -> Result<(), Refused> {
        let settings = [
            // Both would delay the sound.
            (fdk::AACDEC_PARAM_AAC_PCM_LIMITER_ENABLE, 0),
            (fdk::AACDEC_PARAM_AAC_CONCEAL_METHOD, 1),
            // The master's own level and dynamics, whatever its metadata would have a player do.
            (fdk::AACDEC_PARAM_AAC_DRC_REFERENCE_LEVEL, -1),
            (fdk::AACDEC_PARAM_AAC_DRC_BOOST_FACTOR, 0),
            (fdk::AACDEC_PARAM_AAC_DRC_ATTENUATION_FACTOR, 0),
            (fdk::AACDEC_PARAM_AAC_UNIDRC_SET_EFFECT, -1),
            // All channels, in WAVE's order; they are mixed down by the house's rule.
            (fdk::AACDEC_PARAM_AAC_PCM_MAX_OUTPUT_CHANNELS, -1),
            (fdk::AACDEC_PARAM_AAC_PCM_OUTPUT_CHANNEL_MAPPING, 1),
        ];
        settings.into_iter().try_for_each(|(parameter, value)| {
            // SAFETY: the handle is open; plain numbers.
            check(unsafe { fdk::aacDecoder_SetParam(self.handle, parameter, value) })
        })
    }

    /// Appends what one unit decodes to, interleaved.
    pub(crate) fn decode(&mut self, unit: &[u8], out: &mut Vec<f32>) -> Result<(), Refused> {
        let mut unit = unit.to_vec();
        let (mut start, size, mut left) = (unit.as_mut_ptr(), unit.len() as u32, unit.len() as u32);
        // SAFETY: the handle is open; one buffer with its true size, which the call copies.
        check(unsafe {
            fdk::aacDecoder_Fill(self.handle, &raw mut start, &raw const size, &raw mut left)
        })?;
        if left > 0 {
            return Err(Refused(fdk::AAC_DECODER_ERROR_AAC_DEC_NOT_ENOUGH_BITS));
        }
        self.decode_frame(0, out)
    }

    /// Appends what the filter banks still hold behind the last unit: one frame. SBR delays.
    pub(crate) fn flush(&mut self, out: &mut Vec<f32>) -> Result<(), Refused> {
        self.decode_frame(fdk::AACDEC_FLUSH, out)
    }

    fn decode_frame(&mut self, flags: u32, out: &mut Vec<f32>) -> Result<(), Refused> {
        // SAFETY: the handle is open; `pcm` is as large as said.
        check(unsafe {
            let (pcm, room) = (self.pcm.as_mut_ptr(), self.pcm.len() as i32);
            fdk::aacDecoder_DecodeFrame(self.handle, pcm, room, flags)
        })?;
        if let Some((_, frames, channels)) = self.info() {
            let samples = self.pcm.iter().take(frames * channels);
            out.extend(samples.map(|&sample| f32::from(sample) / 32_768.0));
        }
        Ok(())
    }

    /// What is known after a frame.
    pub(crate) fn found(&self) -> Option<Found> {
        self.info().map(|(found, _, _)| found)
    }

    fn info(&self) -> Option<(Found, usize, usize)> {
        // SAFETY: the handle is open; the answer points into it and is only read here.
        let info = unsafe { fdk::aacDecoder_GetStreamInfo(self.handle).as_ref() }?;
        let channels = usize::try_from(info.numChannels).ok().filter(|count| *count > 0)?;
        let frames = usize::try_from(info.frameSize).ok()?;
        let list = |start: *const u8| {
            // SAFETY: the library keeps arrays of at least `numChannels` entries.
            (!start.is_null()).then(|| unsafe { std::slice::from_raw_parts(start, channels) })
        };
        let types = (!info.pChannelType.is_null())
            // SAFETY: as above.
            .then(|| unsafe { std::slice::from_raw_parts(info.pChannelType, channels) });
        let layout = match (types, list(info.pChannelIndices)) {
            (Some(types), Some(indices)) => layout(types, indices),
            _ => None,
        };
        let rate = u32::try_from(info.sampleRate).ok()?;
        let core_rate = u32::try_from(info.aacSampleRate).ok()?;
        Some((Found { rate, core_rate, channels, layout }, frames, channels))
    }
}

impl Drop for AacDecoder {
    fn drop(&mut self) {
        // SAFETY: opened by `open`, closed once.
        unsafe { fdk::aacDecoder_Close(self.handle) }
    }
}

/// The speakers as the library names them: a type, and a number within it. Of the front ones, the
/// centre is the first where they are odd in number.
fn layout(types: &[fdk::AUDIO_CHANNEL_TYPE], indices: &[u8]) -> Option<Layout> {
    let count = |wanted| types.iter().filter(|it| **it == wanted).count();
    let speaker = |(&kind, &index): (&fdk::AUDIO_CHANNEL_TYPE, &u8)| {
        let index = usize::from(index);
        let of = |names: &[&[Speaker]]| names.get(count(kind))?.get(index).copied();
        use Speaker::*;
        match kind {
            fdk::AUDIO_CHANNEL_TYPE_ACT_FRONT => of(&[
                &[],
                &[FrontCentre],
                &[FrontLeft, FrontRight],
                &[FrontCentre, FrontLeft, FrontRight],
                &[FrontLeftOfCentre, FrontRightOfCentre, FrontLeft, FrontRight],
                &[FrontCentre, FrontLeftOfCentre, FrontRightOfCentre, FrontLeft, FrontRight],
            ]),
            fdk::AUDIO_CHANNEL_TYPE_ACT_SIDE => of(&[&[], &[], &[SideLeft, SideRight]]),
            fdk::AUDIO_CHANNEL_TYPE_ACT_BACK => of(&[
                &[],
                &[BackCentre],
                &[BackLeft, BackRight],
                &[SideLeft, SideRight, BackCentre],
                &[SideLeft, SideRight, BackLeft, BackRight],
            ]),
            fdk::AUDIO_CHANNEL_TYPE_ACT_LFE => Some(LowFrequency),
            _ => None,
        }
    };
    types.iter().zip(indices).map(speaker).collect::<Option<Vec<_>>>().map(Layout::of)
}

fn check(answer: fdk::AAC_DECODER_ERROR) -> Result<(), Refused> {
    if answer == fdk::AAC_DECODER_ERROR_AAC_DEC_OK { Ok(()) } else { Err(Refused(answer)) }
}
