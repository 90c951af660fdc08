//! A master goes in through the API; every rendition comes back through the edge and is decoded by
//! ffmpeg: at offset 0, at full length, and from the middle.

use std::path::PathBuf;

use serde_json::Value;
use tempfile::TempDir;
use testkit::ffmpeg::Ffmpeg;
use testkit::judge;
use testkit::server::{Running, Server};
use testkit::{Frame, signal, wav};

const RATE: u32 = 48_000;
/// Four segments and a tail that ends inside an access unit of either codec.
const LENGTH: usize = 4 * 276_480 + 100_001;
const RATES: [u16; 3] = [64, 128, 320];

struct Played {
    server: Running,
    urls: Value,
    master: Vec<Frame>,
    folder: TempDir,
}

fn published(rate: u32, frames: usize) -> Played {
    let folder = TempDir::new().expect("a temporary folder");
    let path = folder.path().join("master.wav");
    let master = signal::music(frames, rate, 7);
    wav::write(&path, &master, rate);
    let server = Server::of(env!("CARGO_BIN_EXE_segue")).start();
    let urls = server.published(&path, "Playback");
    Played { server, urls, master, folder }
}

impl Played {
    /// A file beside the multivariant playlist, under the same token.
    fn url(&self, file: &str) -> String {
        let index = self.urls["hls"].as_str().expect("an hls url");
        let (folder, _) = index.rsplit_once('/').expect("a path");
        assert!(folder.starts_with(self.server.url()), "{folder}");
        format!("{folder}/{file}")
    }

    fn assert_hears(&self, what: &str, heard: &[Frame], from: usize) {
        let reference = &self.master[from..];
        let found = judge::align(reference, heard);
        assert_eq!(found.offset, 0, "{what} from {from}: {found:?}");
        assert!(found.correlation > 0.98, "{what} from {from}: {found:?}");
        let level = judge::level_db(&heard[..reference.len().min(heard.len())]);
        let wanted = judge::level_db(reference);
        assert!((level - wanted).abs() < 0.5, "{what}: {level} dB, master {wanted} dB");
    }
}

#[test]
fn every_aac_rendition_is_at_offset_0_and_whole() {
    let played = published(RATE, LENGTH);
    for kbps in RATES {
        let url = played.url(&format!("aac/{kbps}/playlist.m3u8"));
        for ffmpeg in [Ffmpeg::Debian, Ffmpeg::V8] {
            let heard = ffmpeg.decode(&url);
            played.assert_hears(&format!("aac {kbps} in {ffmpeg:?}"), &heard, 0);
            // Neither ffmpeg shortens the last access unit by its trun duration.
            assert!((LENGTH..LENGTH + 1_024).contains(&heard.len()), "{kbps}: {}", heard.len());
        }
    }
}

#[test]
fn every_ogg_rendition_is_at_offset_0_and_whole() {
    let played = published(RATE, LENGTH);
    for kbps in RATES {
        for file in [format!("ogg/{kbps}.ogg"), format!("ogg/{kbps}.m3u8")] {
            let heard = Ffmpeg::V8.decode(&played.url(&file));
            played.assert_hears(&file, &heard, 0);
            assert_eq!(heard.len(), LENGTH, "{file}");
        }
        let progressive = played.urls["ogg"][kbps.to_string()].as_str().expect("an ogg url");
        assert_eq!(progressive, played.url(&format!("ogg/{kbps}.ogg")));
    }
}

#[test]
fn seeks_land_on_the_sample() {
    let played = published(RATE, LENGTH);
    let from = 7_123 * RATE as usize / 1_000;
    for file in ["index.m3u8", "aac/64/playlist.m3u8", "ogg.m3u8", "ogg/128.m3u8", "ogg/320.ogg"] {
        let heard = Ffmpeg::V8.decode_from(&played.url(file), 7.123);
        played.assert_hears(file, &heard, from);
    }
}

#[test]
fn a_44100_master_keeps_its_length_and_place() {
    let frames = 44_100 * 7 + 123;
    let played = published(44_100, frames);
    let resampled = Ffmpeg::V8.decode(&master_of(&played));
    let wanted = (frames * 48_000 + 22_050) / 44_100;
    for file in ["aac/320/playlist.m3u8", "ogg/320.ogg"] {
        let heard = Ffmpeg::V8.decode(&played.url(file));
        assert!((wanted..wanted + 1_024).contains(&heard.len()), "{file}: {}", heard.len());
        let found = judge::align(&resampled, &heard);
        assert_eq!(found.offset, 0, "{file}: {found:?}");
        assert!(found.correlation > 0.98, "{file}: {found:?}");
    }
}

fn master_of(played: &Played) -> String {
    let path: PathBuf = played.folder.path().join("master.wav");
    path.to_str().expect("a temporary path is text").to_owned()
}
