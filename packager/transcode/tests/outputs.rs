//! Every fMP4 output, decoded by a player that is not ours: at offset 0, whole, and from 20 s.

#![allow(clippy::unwrap_used, reason = "a test stops where its ground gives way")]

use std::fs::File;
use std::path::PathBuf;

use media::{Asset, Layout};
use segue_transcode::{MasterReader, Parameters, hash_master, package};
use tempfile::TempDir;
use testkit::ffmpeg::Ffmpeg;
use testkit::{Frame, judge, signal, wav};

/// Four segments and a tail that ends inside an access unit of every codec.
const LENGTH: usize = 4 * 276_480 + 100_001;

struct Packaged {
    folder: TempDir,
    master: Vec<Frame>,
    asset: Asset,
}

impl Packaged {
    fn new(sets: &str, layout: Layout, dash: bool) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("master.wav");
        let master = signal::music(LENGTH, 48_000, 7);
        wav::write(&path, &master, 48_000);
        let hash = hash_master(File::open(&path).unwrap()).unwrap();
        let parameters =
            Parameters { sets: sets.parse().unwrap(), layout, dash, ..Parameters::default() };
        let out = folder.path().join("version");
        let asset =
            package(&MasterReader::here(), &path, &hash, &out, &parameters, &|_| {}).unwrap();
        Self { folder, master, asset }
    }

    fn path(&self, file: &str) -> PathBuf {
        self.folder.path().join("version").join(file)
    }

    /// Plays `file` whole and from 20 s. ffmpeg does not shorten the last access unit by its `trun`
    /// duration, so that up to one of `unit` samples may follow the song.
    fn assert_plays(&self, file: &str, unit: usize) {
        let path = self.path(file);
        let path = path.to_str().unwrap();
        let heard = Ffmpeg::V8.decode(path);
        assert!((LENGTH..LENGTH + unit).contains(&heard.len()), "{file}: {}", heard.len());
        self.assert_hears(file, &heard, 0);
        let heard = Ffmpeg::V8.decode_from(path, 20.0);
        self.assert_hears(file, &heard, 20 * 48_000);
    }

    fn assert_hears(&self, file: &str, heard: &[Frame], from: usize) {
        let reference = &self.master[from..];
        let found = judge::align(reference, heard);
        assert_eq!(found.offset, 0, "{file} from {from}: {found:?}");
        assert!(found.correlation > 0.98, "{file} from {from}: {found:?}");
        let level = judge::level_db(&heard[..reference.len().min(heard.len())]);
        let wanted = judge::level_db(reference);
        assert!((level - wanted).abs() < 0.5, "{file}: {level} dB, master {wanted} dB");
    }
}

#[test]
fn opus_in_fmp4() {
    let packaged = Packaged::new("opus", Layout::Segments, false);
    for kbps in [64, 128, 320] {
        packaged.assert_plays(&format!("opus/{kbps}/playlist.m3u8"), 960);
    }
    packaged.assert_plays("opus.m3u8", 960);
}

#[test]
fn the_saver() {
    let packaged = Packaged::new("saver", Layout::Segments, false);
    packaged.assert_plays("saver.m3u8", 2_048);
    assert_eq!(packaged.asset.renditions.len(), 1);
}

#[test]
fn single_files() {
    let packaged = Packaged::new("aac,opus,saver", Layout::SingleFile, false);
    for (set, kbps, unit) in [("aac", 64, 1_024), ("opus", 128, 960), ("saver", 64, 2_048)] {
        packaged.assert_plays(&format!("{set}/{kbps}/playlist.m3u8"), unit);
        packaged.assert_plays(&format!("{set}/{kbps}/media.mp4"), unit);
    }
    assert_eq!(
        packaged.asset.objects.len(),
        1 + 3 * 3 + 7 * 2,
        "a waveform, playlists, and one file each"
    );
}

/// ffmpeg reads the manifest by an XML parser that is not ours, and plays one of its renditions. Debian's,
/// since 8.0 opens every segment with the init section anew and drops the priming's length from each.
#[test]
fn dash() {
    for layout in [Layout::Segments, Layout::SingleFile] {
        let packaged = Packaged::new("aac", layout, true);
        for file in ["manifest.mpd", "manifest-64.mpd"] {
            let heard = Ffmpeg::Debian.decode(packaged.path(file).to_str().unwrap());
            packaged.assert_hears(file, &heard, 0);
            assert!((LENGTH..LENGTH + 1_024).contains(&heard.len()), "{file}: {}", heard.len());
        }
    }
}

/// One encoding, two containers: the packets of the fMP4 segments are those of the Ogg file, but for two
/// headers and the three packets of priming that fMP4 leaves out.
#[test]
fn opus_packets_are_those_of_ogg() {
    let packaged = Packaged::new("ogg,opus", Layout::Segments, false);
    let mut reader = ogg::PacketReader::new(File::open(packaged.path("ogg/128.ogg")).unwrap());
    let mut packets = Vec::new();
    while let Some(packet) = reader.read_packet().unwrap() {
        packets.push(packet.data);
    }
    let mut samples = Vec::new();
    for index in 0..5 {
        let bytes = std::fs::read(packaged.path(&format!("opus/128/{index:05}.m4s"))).unwrap();
        let mdat = bytes.windows(4).position(|it| it == b"mdat").unwrap();
        samples.extend_from_slice(&bytes[mdat + 4..]);
    }
    assert_eq!(packets[2 + 3..].concat(), samples);
}
