//! The init section: `ftyp` and `moov` (CMAF header, ISO 23000-19 7.3.1).

use media::Loudness;
use media::units::{SAMPLE_RATE, Samples};
use mp4_atom::{
    BufMut, Codec, Dinf, Dref, Edts, Elst, ElstEntry, Encode, FixedPoint, FourCC, Ftyp, Hdlr, Mdhd,
    Mvex, Mvhd, Sgpd, Smhd, Stbl, Stco, Stsd, Tkhd, Trex, Url,
};

use super::{TRACK_ID, ludt};

/// What the init section depends on. No clock: the same master gives the same bytes.
pub(super) struct InitSection<'a> {
    pub(super) sample_entry: Codec,
    pub(super) sample_groups: Vec<Sgpd>,
    pub(super) priming: Samples,
    pub(super) loudness: &'a Loudness,
}

impl InitSection<'_> {
    pub(super) fn encode(&self) -> mp4_atom::Result<Vec<u8>> {
        let mut out = Vec::new();
        ftyp().encode(&mut out)?;
        self.encode_moov(&mut out)?;
        Ok(out)
    }

    /// `moov`, `trak` and `minf` are put together here, since mp4-atom writes their required
    /// children first and ISO 14496-12 6.2.3 recommends another order: `mvex` after `trak`, `edts`
    /// before `mdia`, `smhd` before `dinf`.
    fn encode_moov(&self, out: &mut Vec<u8>) -> mp4_atom::Result<()> {
        out.encode_atom(b"moov", |out| {
            mvhd().encode(out)?;
            self.encode_trak(out)?;
            mvex().encode(out)
        })
    }

    fn encode_trak(&self, out: &mut Vec<u8>) -> mp4_atom::Result<()> {
        out.encode_atom(b"trak", |out| {
            tkhd().encode(out)?;
            self.edts().encode(out)?;
            out.encode_atom(b"mdia", |out| {
                mdhd().encode(out)?;
                hdlr().encode(out)?;
                self.encode_minf(out)
            })?;
            out.append_slice(&ludt::user_data(self.loudness));
            Ok(())
        })
    }

    fn encode_minf(&self, out: &mut Vec<u8>) -> mp4_atom::Result<()> {
        out.encode_atom(b"minf", |out| {
            Smhd::default().encode(out)?;
            dinf().encode(out)?;
            self.stbl().encode(out)
        })
    }

    /// Presentation begins after the priming. The duration is 0, "all that follows in fragments"
    /// (ISO 14496-12 8.6.6.1, CMAF 7.5.13).
    fn edts(&self) -> Edts {
        let entry = ElstEntry {
            segment_duration: 0,
            media_time: Some(self.priming.0),
            media_rate: FixedPoint::from(1),
        };
        Edts { elst: Some(Elst { entries: vec![entry] }) }
    }

    /// The sample tables are empty: samples are in fragments alone (CMAF 7.5.12).
    fn stbl(&self) -> Stbl {
        Stbl {
            stsd: Stsd { codecs: vec![self.sample_entry.clone()] },
            stco: Some(Stco::default()),
            sgpd: self.sample_groups.clone(),
            ..Stbl::default()
        }
    }
}

/// `cmfc`: a CMAF track (ISO 23000-19 7.2).
fn ftyp() -> Ftyp {
    let (iso6, cmfc) = (FourCC::new(b"iso6"), FourCC::new(b"cmfc"));
    Ftyp { major_brand: iso6, minor_version: 0, compatible_brands: vec![iso6, cmfc] }
}

/// Durations are 0 where fragments tell them (CMAF 7.5.1, 7.5.4 and 7.5.5), times are 0: no clock.
fn mvhd() -> Mvhd {
    Mvhd {
        timescale: SAMPLE_RATE,
        rate: FixedPoint::from(1),
        volume: FixedPoint::from(1),
        next_track_id: TRACK_ID + 1,
        ..Mvhd::default()
    }
}

fn tkhd() -> Tkhd {
    Tkhd {
        track_id: TRACK_ID,
        enabled: true,
        in_movie: true,
        volume: FixedPoint::from(1),
        ..Tkhd::default()
    }
}

fn mdhd() -> Mdhd {
    Mdhd { timescale: SAMPLE_RATE, language: "und".to_owned(), ..Mdhd::default() }
}

fn hdlr() -> Hdlr {
    Hdlr { handler: FourCC::new(b"soun"), name: "SoundHandler".to_owned() }
}

fn dinf() -> Dinf {
    Dinf { dref: Dref { entries: vec![Url::default().into()] } }
}

fn mvex() -> Mvex {
    let trex = Trex { track_id: TRACK_ID, default_sample_description_index: 1, ..Trex::default() };
    Mvex { mehd: None, trex: vec![trex] }
}
