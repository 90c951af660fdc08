//! The FDK's decoder, for tests: what an access unit sounds like.

use fdk_aac_sys as fdk;
use testkit::Frame;

/// Decodes raw access units of 1,024 stereo frames each; all of what comes out, priming included.
pub(super) fn decode(audio_specific_config: &[u8], units: &[Vec<u8>]) -> Vec<Frame> {
    let decoder = Decoder::open(audio_specific_config);
    units.iter().flat_map(|unit| decoder.decode(unit)).collect()
}

struct Decoder(fdk::HANDLE_AACDECODER);

impl Decoder {
    fn open(audio_specific_config: &[u8]) -> Self {
        let mut config = audio_specific_config.to_vec();
        let (mut start, size) = (config.as_mut_ptr(), config.len() as u32);
        // SAFETY: plain numbers.
        let handle = unsafe { fdk::aacDecoder_Open(fdk::TRANSPORT_TYPE_TT_MP4_RAW, 1) };
        assert!(!handle.is_null());
        // SAFETY: the handle is open; one buffer with its true size, only read.
        let answer = unsafe { fdk::aacDecoder_ConfigRaw(handle, &raw mut start, &raw const size) };
        assert_eq!(answer, fdk::AAC_DECODER_ERROR_AAC_DEC_OK);
        // The limiter, and concealment by interpolation, would delay the sound.
        let settings = [
            (fdk::AACDEC_PARAM_AAC_PCM_LIMITER_ENABLE, 0),
            (fdk::AACDEC_PARAM_AAC_CONCEAL_METHOD, 1),
        ];
        for (parameter, value) in settings {
            // SAFETY: the handle is open; plain numbers.
            let answer = unsafe { fdk::aacDecoder_SetParam(handle, parameter, value) };
            assert_eq!(answer, fdk::AAC_DECODER_ERROR_AAC_DEC_OK);
        }
        Self(handle)
    }

    fn decode(&self, unit: &[u8]) -> Vec<Frame> {
        let mut unit = unit.to_vec();
        let (mut start, size, mut left) = (unit.as_mut_ptr(), unit.len() as u32, unit.len() as u32);
        let mut pcm = [0i16; 2_048];
        // SAFETY: the handle is open; one buffer with its true size, which the call copies.
        let answer =
            unsafe { fdk::aacDecoder_Fill(self.0, &raw mut start, &raw const size, &raw mut left) };
        assert_eq!((answer, left), (fdk::AAC_DECODER_ERROR_AAC_DEC_OK, 0));
        // SAFETY: the handle is open; `pcm` is as large as said.
        let answer =
            unsafe { fdk::aacDecoder_DecodeFrame(self.0, pcm.as_mut_ptr(), pcm.len() as i32, 0) };
        assert_eq!(answer, fdk::AAC_DECODER_ERROR_AAC_DEC_OK);
        let float = |sample: i16| f32::from(sample) / 32_768.0;
        pcm.as_chunks::<2>().0.iter().map(|&[l, r]| [float(l), float(r)]).collect()
    }
}

impl Drop for Decoder {
    fn drop(&mut self) {
        // SAFETY: opened by `open`, closed once.
        unsafe { fdk::aacDecoder_Close(self.0) }
    }
}
