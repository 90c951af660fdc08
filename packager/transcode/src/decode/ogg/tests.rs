//! Ogg files that are odd, and ones that are broken, made page by page from oggenc's.

use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;
use testkit::{signal, wav};

use crate::decode::Decoder;

/// A page before it has a checksum.
#[derive(Clone)]
struct Page {
    flags: u8,
    granule: u64,
    serial: u32,
    sequence: u32,
    lacing: Vec<u8>,
    body: Vec<u8>,
}

impl Page {
    fn of(flags: u8, granule: u64, serial: u32, packet: &[u8]) -> Self {
        let mut lacing = vec![255; packet.len() / 255];
        lacing.push((packet.len() % 255) as u8);
        Self { flags, granule, serial, sequence: 0, lacing, body: packet.to_vec() }
    }

    fn bytes(&self) -> Vec<u8> {
        let mut page = [&b"OggS\0"[..], &[self.flags], &self.granule.to_le_bytes()].concat();
        page.extend(self.serial.to_le_bytes());
        page.extend(self.sequence.to_le_bytes());
        page.extend([0; 4]);
        page.push(self.lacing.len() as u8);
        page.extend(&self.lacing);
        page.extend(&self.body);
        let sum = page.iter().fold(0u32, |crc, byte| {
            (0..8).fold(crc ^ u32::from(*byte) << 24, |crc, _| {
                if crc >> 31 == 1 { crc << 1 ^ 0x04C1_1DB7 } else { crc << 1 }
            })
        });
        page[22..26].copy_from_slice(&sum.to_le_bytes());
        page
    }
}

fn parse(mut bytes: &[u8]) -> Vec<Page> {
    let mut pages = Vec::new();
    while let Some((head, rest)) = bytes.split_at_checked(27) {
        let (lacing, rest) = rest.split_at(usize::from(head[26]));
        let size = lacing.iter().map(|value| usize::from(*value)).sum();
        let (body, rest) = rest.split_at(size);
        pages.push(Page {
            flags: head[5],
            granule: u64::from_le_bytes(*head[6..].first_chunk().unwrap()),
            serial: u32::from_le_bytes(*head[14..].first_chunk().unwrap()),
            sequence: u32::from_le_bytes(*head[18..].first_chunk().unwrap()),
            lacing: lacing.to_vec(),
            body: body.to_vec(),
        });
        bytes = rest;
    }
    pages
}

/// A Vorbis file, taken apart.
struct Song {
    folder: TempDir,
    /// Identification, comment, setup.
    headers: [Vec<u8>; 3],
    audio: Vec<Page>,
    plain: Vec<f32>,
}

impl Song {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (original, encoded) = (folder.path().join("a.wav"), folder.path().join("a.ogg"));
        wav::write(&original, &signal::music(150_001, 44_100, 5), 44_100);
        let mut oggenc = Command::new("oggenc");
        oggenc.args(["-Q", "-q", "4", "-o"]).arg(&encoded).arg(&original);
        assert!(oggenc.status().expect("oggenc runs").success());
        let pages = parse(&std::fs::read(&encoded).unwrap());
        let (headers, audio) = pages.split_at(pages.iter().position(|it| it.granule > 0).unwrap());
        let rest: Vec<u8> = headers[1..].iter().flat_map(|page| page.body.clone()).collect();
        let setup = rest.windows(7).position(|it| it == b"\x05vorbis").unwrap();
        let headers = [headers[0].body.clone(), rest[..setup].to_vec(), rest[setup..].to_vec()];
        let plain = decode(&encoded).unwrap();
        assert_eq!(plain.len(), 150_001 * 2);
        Self { audio: audio.to_vec(), headers, plain, folder }
    }

    fn serial(&self) -> u32 {
        self.audio[0].serial
    }

    /// The file with these header pages in front, numbered.
    fn written(&self, name: &str, before: &[Page], headers: &[Page], audio: &[Page]) -> PathBuf {
        let mut pages: Vec<Page> = headers.iter().chain(audio).cloned().collect();
        for (sequence, page) in pages.iter_mut().enumerate() {
            page.sequence = sequence as u32;
        }
        let all: Vec<u8> = before.iter().chain(&pages).flat_map(Page::bytes).collect();
        let path = self.folder.path().join(name);
        std::fs::write(&path, all).unwrap();
        path
    }

    fn header_pages(&self, [identification, comment, setup]: [&[u8]; 3]) -> Vec<Page> {
        let serial = self.serial();
        [(2, identification), (0, comment), (0, setup)]
            .map(|(flags, packet)| self.split(flags, packet, serial, 255))
            .concat()
    }

    /// A packet in pages of at most `most` pieces.
    fn split(&self, flags: u8, packet: &[u8], serial: u32, most: usize) -> Vec<Page> {
        let whole = Page::of(flags, 0, serial, packet);
        let chunks: Vec<&[u8]> = whole.lacing.chunks(most).collect();
        let mut body = &whole.body[..];
        let mut pages = Vec::new();
        for (index, lacing) in chunks.iter().enumerate() {
            let size = lacing.iter().map(|value| usize::from(*value)).sum();
            let (piece, rest) = body.split_at(size);
            body = rest;
            pages.push(Page {
                flags: if index == 0 { flags } else { 1 },
                granule: if index + 1 == chunks.len() { 0 } else { u64::MAX },
                lacing: lacing.to_vec(),
                body: piece.to_vec(),
                ..whole.clone()
            });
        }
        pages
    }
}

fn decode(path: &Path) -> Result<Vec<f32>, String> {
    let mut decoder = Decoder::open(path).map_err(|error| error.to_string())?;
    let (mut packet, mut all) = (Vec::new(), Vec::new());
    while decoder.next(&mut packet).map_err(|error| error.to_string())? {
        all.extend_from_slice(&packet);
    }
    Ok(all)
}

fn ogginfo_accepts(path: &Path) -> bool {
    Command::new("ogginfo").arg("-q").arg(path).status().expect("ogginfo runs").success()
}

fn comment(vendor: &[u8], entry: &[u8]) -> Vec<u8> {
    let size = |bytes: &[u8]| (bytes.len() as u32).to_le_bytes();
    [b"\x03vorbis", &size(vendor)[..], vendor, &1u32.to_le_bytes(), &size(entry), entry, &[1]]
        .concat()
}

/// Whether Debian 12's ffmpeg, 5.1, decodes it.
fn ffmpeg_accepts(path: &Path) -> bool {
    let mut ffmpeg = Command::new("ffmpeg");
    ffmpeg.args(["-v", "quiet", "-nostdin", "-xerror", "-i"]).arg(path).args(["-f", "null", "-"]);
    ffmpeg.status().expect("ffmpeg runs").success()
}

/// ffmpeg 5.1 refuses the first ("Header processing failed") and the fourth.
#[test]
fn odd_headers_and_other_streams_do_not_keep_a_song_from_playing() {
    let song = Song::new();
    let [identification, usual, setup] = &song.headers;
    let serial = song.serial();
    let longer = [&identification[..], &[0]].concat();
    let large = comment(b"\xFF\xFE", &[b"PICTURE=".to_vec(), vec![b'y'; 200_000]].concat());
    let empty = Page { lacing: vec![], body: vec![], ..Page::of(0, u64::MAX, serial, b"") };
    let plain = song.header_pages([identification, usual, setup]);
    let mut continued = song.split(2, identification, serial, 255);
    continued.extend([empty.clone(), empty.clone()]);
    continued.extend(song.split(0, &large, serial, 50));
    continued.push(empty.clone());
    continued.extend(song.split(0, setup, serial, 3));
    let nameless = comment(b"", b"NO EQUALS SIGN");
    let skeleton = [&b"fishead\0\x09\0\x09\0"[..], &[0; 20]].concat();
    let unknown = [Page::of(2, 0, 77, &skeleton), Page::of(2, 0, 78, b"\x80a codec of tomorrow")];
    let files = [
        ("longer", vec![], song.header_pages([&longer, usual, setup]), true),
        ("continued", vec![], continued, true),
        ("nameless", vec![], song.header_pages([identification, &nameless, setup]), false),
        ("others", unknown.to_vec(), plain.clone(), false),
        ("plain", vec![], plain, true),
    ];
    for (name, before, headers, accepted) in files {
        let mut audio = song.audio.clone();
        audio.insert(1, empty.clone());
        let path = song.written(name, &before, &headers, &audio);
        // Of the others, ogginfo warns: of a comment without a value, of short foreign packets.
        assert!(ogginfo_accepts(&path) == accepted, "{name}");
        let refused = ["longer", "others"].contains(&name);
        assert!(ffmpeg_accepts(&path) != refused, "{name}");
        assert!(decode(&path).as_ref() == Ok(&song.plain), "{name}: {:?}", decode(&path).err());
    }
}

#[test]
fn a_damaged_or_missing_page_is_told() {
    let song = Song::new();
    let [identification, comment, setup] = &song.headers;
    let headers = song.header_pages([identification, comment, setup]);
    let whole = song.written("whole", &[], &headers, &song.audio);
    let bytes = std::fs::read(&whole).unwrap();
    let broken = song.folder.path().join("broken");
    for parts in [40, 60, 80] {
        let mut spoilt = bytes.clone();
        spoilt[bytes.len() * parts / 100] ^= 1;
        std::fs::write(&broken, spoilt).unwrap();
        let said = decode(&broken).unwrap_err();
        assert!(said.starts_with("the file is damaged"), "{parts}: {said}");
    }
    let pages = parse(&bytes);
    let without: Vec<u8> = (pages.iter().enumerate())
        .filter(|(index, _)| *index != pages.len() / 2)
        .flat_map(|(_, page)| page.bytes())
        .collect();
    std::fs::write(&broken, without).unwrap();
    let said = decode(&broken).unwrap_err();
    assert!(said.contains("a part of it is missing"), "{said}");
    let mut audio = song.audio.clone();
    audio[0].granule = u64::MAX;
    let said = decode(&song.written("nowhere", &[], &headers, &audio)).unwrap_err();
    assert!(said.contains("does not say where its packets lie"), "{said}");
    let unended: Vec<u8> = pages[..pages.len() - 1].iter().flat_map(Page::bytes).collect();
    std::fs::write(&broken, unended).unwrap();
    let said = decode(&broken).unwrap_err();
    assert!(said.starts_with("the file is cut off"), "{said}");
}

#[test]
fn songs_chained_in_one_file_are_told_and_junk_behind_one_is_not_heard() {
    let song = Song::new();
    let [identification, comment, setup] = &song.headers;
    let headers = song.header_pages([identification, comment, setup]);
    let bytes = std::fs::read(song.written("whole", &[], &headers, &song.audio)).unwrap();
    let path = song.folder.path().join("more");
    std::fs::write(&path, [&bytes[..], b"TAG and whatever"].concat()).unwrap();
    assert!(decode(&path).unwrap() == song.plain);
    let mut second = parse(&bytes);
    second.iter_mut().for_each(|page| page.serial ^= 1);
    let second: Vec<u8> = second.iter().flat_map(Page::bytes).collect();
    std::fs::write(&path, [bytes, second].concat()).unwrap();
    let said = decode(&path).unwrap_err();
    assert!(said.starts_with("the file holds several streams"), "{said}");
}

#[test]
fn a_song_cut_out_of_a_stream_is_whole_and_an_early_start_is_not_heard() {
    let song = Song::new();
    let [identification, comment, setup] = &song.headers;
    let headers = song.header_pages([identification, comment, setup]);
    let moved = |by: i64| {
        let mut audio = song.audio.clone();
        audio.iter_mut().for_each(|page| page.granule = page.granule.wrapping_add_signed(by));
        decode(&song.written("moved", &[], &headers, &audio)).unwrap()
    };
    assert!(moved(1_000_000) == song.plain);
    assert!(moved(-100) == song.plain[200..]);
}
