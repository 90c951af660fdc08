//! Box dumps of what the fMP4 muxer writes, and the pages of what the Ogg muxer writes, from
//! synthetic access units: independent of any encoder's version.

#![allow(clippy::unwrap_used, reason = "a test stops where its ground gives way")]

#[path = "inspect/package.rs"]
#[allow(dead_code, reason = "the other test uses the rest")]
mod package;

use std::fs;
use std::io::Cursor;

use media::{LADDER, Layout, Rung, SwitchingSet, Version};
use mp4_atom::{Atom, Codec, Decode, Ftyp, Moof, Moov, Sidx, Styp};
use package::Recipe;
use segue_transcode::Parameters;
use segue_transcode::work_folder::WorkFolder;

/// A song of 2,500 samples, in one segment.
fn rendered(set: SwitchingSet, rung: Rung, layout: Layout) -> (tempfile::TempDir, WorkFolder) {
    let folder = tempfile::tempdir().unwrap();
    let work = WorkFolder::create(&folder.path().join("version")).unwrap();
    let recipe = Recipe { length: 2_500, cut: 276_480 };
    let version = Version::new([7; 16]);
    let storage = Parameters { layout, ..Parameters::default() }.storage(&version, set, rung);
    package::render(&work, set, rung, storage, recipe);
    (folder, work)
}

#[test]
fn the_init_section() {
    let (_folder, work) = rendered(SwitchingSet::Aac, LADDER[0], Layout::Segments);
    let bytes = fs::read(work.path().join("aac/128/init.mp4")).unwrap();
    let mut rest = &bytes[..];
    insta::assert_debug_snapshot!(Ftyp::decode(&mut rest).unwrap());
    insta::assert_debug_snapshot!(Moov::decode(&mut rest).unwrap());
    assert!(rest.is_empty());
}

/// mp4-atom reads children in any order; this is the order that ISO 14496-12 6.2.3 recommends.
#[test]
fn the_init_sections_boxes_stand_in_the_recommended_order() {
    let (_folder, work) = rendered(SwitchingSet::Aac, LADDER[0], Layout::Segments);
    let bytes = fs::read(work.path().join("aac/128/init.mp4")).unwrap();
    let place = |name: &[u8; 4]| bytes.windows(4).position(|it| it == name).unwrap();
    let names = [
        b"ftyp", b"moov", b"mvhd", b"trak", b"tkhd", b"edts", b"elst", b"mdia", b"mdhd", b"hdlr",
        b"minf", b"smhd", b"dinf", b"stbl", b"stsd", b"mp4a", b"esds", b"stts", b"stsc", b"stsz",
        b"stco", b"mvex", b"trex",
    ];
    assert!(names.is_sorted_by_key(|name| place(name)));
}

#[test]
fn a_segment() {
    let (_folder, work) = rendered(SwitchingSet::Aac, LADDER[0], Layout::Segments);
    let bytes = fs::read(work.path().join("aac/128/00000.m4s")).unwrap();
    let mut rest = &bytes[..];
    insta::assert_debug_snapshot!(Styp::decode(&mut rest).unwrap());
    insta::assert_debug_snapshot!(Moof::decode(&mut rest).unwrap());
    assert_eq!(&rest[4..8], mp4_atom::Mdat::KIND.as_ref());
}

/// What differs from AAC: the sample entry, the edit, and the roll group.
#[test]
fn an_opus_init_section() {
    let (_folder, work) = rendered(SwitchingSet::Opus, LADDER[3], Layout::Segments);
    let bytes = fs::read(work.path().join("opus/128/init.mp4")).unwrap();
    let mut rest = &bytes[..];
    Ftyp::decode(&mut rest).unwrap();
    let moov = Moov::decode(&mut rest).unwrap();
    let stbl = &moov.trak[0].mdia.minf.stbl;
    insta::assert_debug_snapshot!((&moov.trak[0].edts, &stbl.stsd, &stbl.sgpd));
    let place = bytes.windows(4).position(|it| it == b"dOps").unwrap() + 4;
    // Version 0, 2 channels, pre-skip 960, 48,000 Hz, no gain, family 0.
    assert_eq!(bytes[place..place + 11], [0, 2, 0x03, 0xC0, 0, 0, 0xBB, 0x80, 0, 0, 0]);
}

#[test]
fn an_opus_segment() {
    let (_folder, work) = rendered(SwitchingSet::Opus, LADDER[3], Layout::Segments);
    let bytes = fs::read(work.path().join("opus/128/00000.m4s")).unwrap();
    let mut rest = &bytes[..];
    Styp::decode(&mut rest).unwrap();
    insta::assert_debug_snapshot!(Moof::decode(&mut rest).unwrap());
}

/// The sample rate in the entry is that of the output.
#[test]
fn a_savers_sample_entry() {
    let (_folder, work) = rendered(SwitchingSet::Saver, LADDER[6], Layout::Segments);
    let bytes = fs::read(work.path().join("saver/64/init.mp4")).unwrap();
    let mut rest = &bytes[..];
    Ftyp::decode(&mut rest).unwrap();
    let moov = Moov::decode(&mut rest).unwrap();
    let [Codec::Mp4a(entry)] = &moov.trak[0].mdia.minf.stbl.stsd.codecs[..] else { panic!() };
    assert_eq!(entry.audio.sample_rate.integer(), 48_000);
    insta::assert_debug_snapshot!(entry.esds.es_desc.dec_config.dec_specific);
}

/// The index counts what is heard of the first segment: 2,500 samples of 4,548.
#[test]
fn a_single_file() {
    let (_folder, work) = rendered(SwitchingSet::Aac, LADDER[0], Layout::SingleFile);
    let bytes = fs::read(work.path().join("aac/128/media.mp4")).unwrap();
    let mut rest = &bytes[..];
    Ftyp::decode(&mut rest).unwrap();
    Moov::decode(&mut rest).unwrap();
    insta::assert_debug_snapshot!(Sidx::decode(&mut rest).unwrap());
    Moof::decode(&mut rest).unwrap();
    assert_eq!(&rest[4..8], mp4_atom::Mdat::KIND.as_ref());
    let spooled: Vec<_> = fs::read_dir(work.path().join("aac/128")).unwrap().collect();
    assert_eq!(spooled.len(), 1, "what was spooled is gone");
}

/// The ogg crate reads back what it wrote: packets, granules, ends of pages and of the stream.
#[test]
fn an_ogg_file() {
    let (_folder, work) = rendered(SwitchingSet::Ogg, LADDER[3], Layout::Segments);
    let bytes = fs::read(work.path().join("ogg/128.ogg")).unwrap();
    let mut reader = ogg::PacketReader::new(Cursor::new(bytes));
    let mut packets = Vec::new();
    while let Some(packet) = reader.read_packet().unwrap() {
        packets.push(format!(
            "{} bytes, granule {}, first in page {}, last in page {}, last in stream {}",
            packet.data.len(),
            packet.absgp_page(),
            packet.first_in_page(),
            packet.last_in_page(),
            packet.last_in_stream(),
        ));
    }
    insta::assert_debug_snapshot!(packets);
}
