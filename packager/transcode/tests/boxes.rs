//! Box dumps of what the fMP4 muxer writes, and the pages of what the Ogg muxer writes, from
//! synthetic access units: independent of any encoder's version.

#![allow(clippy::unwrap_used, reason = "a test stops where its ground gives way")]

#[path = "inspect/package.rs"]
#[allow(dead_code, reason = "the other test uses the rest")]
mod package;

use std::fs;
use std::io::Cursor;

use media::{LADDER, Rung, SwitchingSet};
use mp4_atom::{Atom, Decode, Ftyp, Moof, Moov, Styp};
use package::Recipe;
use segue_transcode::work_folder::WorkFolder;

/// A song of 2,500 samples, in one segment.
fn rendered(set: SwitchingSet, rung: Rung) -> (tempfile::TempDir, WorkFolder) {
    let folder = tempfile::tempdir().unwrap();
    let work = WorkFolder::create(&folder.path().join("version")).unwrap();
    package::render(&work, set, rung, Recipe { length: 2_500, cut: 276_480 });
    (folder, work)
}

#[test]
fn the_init_section() {
    let (_folder, work) = rendered(SwitchingSet::Aac, LADDER[0]);
    let bytes = fs::read(work.path().join("aac/128/init.mp4")).unwrap();
    let mut rest = &bytes[..];
    insta::assert_debug_snapshot!(Ftyp::decode(&mut rest).unwrap());
    insta::assert_debug_snapshot!(Moov::decode(&mut rest).unwrap());
    assert!(rest.is_empty());
}

/// mp4-atom reads children in any order; this is the order that ISO 14496-12 6.2.3 recommends.
#[test]
fn the_init_sections_boxes_stand_in_the_recommended_order() {
    let (_folder, work) = rendered(SwitchingSet::Aac, LADDER[0]);
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
    let (_folder, work) = rendered(SwitchingSet::Aac, LADDER[0]);
    let bytes = fs::read(work.path().join("aac/128/00000.m4s")).unwrap();
    let mut rest = &bytes[..];
    insta::assert_debug_snapshot!(Styp::decode(&mut rest).unwrap());
    insta::assert_debug_snapshot!(Moof::decode(&mut rest).unwrap());
    assert_eq!(&rest[4..8], mp4_atom::Mdat::KIND.as_ref());
}

/// The ogg crate reads back what it wrote: packets, granules, ends of pages and of the stream.
#[test]
fn an_ogg_file() {
    let (_folder, work) = rendered(SwitchingSet::Ogg, LADDER[3]);
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
