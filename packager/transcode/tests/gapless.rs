//! Albums whose tracks run into each other: tracks cut from one recording, packaged each on its own,
//! decoded and joined, are the recording again.

#![allow(clippy::unwrap_used, reason = "a test stops where its ground gives way")]

use std::fs::File;
use std::path::{Path, PathBuf};

use segue_transcode::{MasterReader, Parameters};
use tempfile::TempDir;
use testkit::ffmpeg::Ffmpeg;
use testkit::{Frame, judge, signal, wav};

const RENDITIONS: [&str; 4] =
    ["aac/128/playlist.m3u8", "aac/320/playlist.m3u8", "ogg/128.ogg", "ogg/320.ogg"];

/// Frames around a seam that are judged together: 1.3 ms.
const WINDOW: usize = 64;

/// Tracks of one recording, each packaged.
struct Album {
    folder: TempDir,
    uncut: PathBuf,
    tracks: Vec<(PathBuf, usize)>,
}

impl Album {
    /// Cuts `frames` at `cuts`.
    fn cut(frames: &[Frame], rate: u32, cuts: &[usize]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let uncut = folder.path().join("uncut.wav");
        wav::write(&uncut, frames, rate);
        let starts = [&[0], cuts].concat();
        let ends = [cuts, &[frames.len()]].concat();
        let tracks = starts.iter().zip(&ends).enumerate().map(|(index, (start, end))| {
            let master = folder.path().join(format!("{index}.wav"));
            wav::write(&master, &frames[*start..*end], rate);
            package(&master)
        });
        let tracks = tracks.collect();
        Self { folder, uncut, tracks }
    }

    /// A rendition of every track, decoded and joined.
    fn joined(&self, rendition: &str) -> Vec<Frame> {
        let heard = |(track, length): &(PathBuf, usize)| {
            let heard = Ffmpeg::V8.decode(&track.join(rendition).to_string_lossy());
            // ffmpeg plays an AAC stream's last access unit whole.
            heard[..*length].to_vec()
        };
        self.tracks.iter().flat_map(heard).collect()
    }

    /// The recording at 48 kHz, as ffmpeg sees it.
    fn original(&self) -> Vec<Frame> {
        assert!(self.folder.path().exists());
        Ffmpeg::V8.decode(&self.uncut.to_string_lossy())
    }

    /// Where the tracks meet.
    fn seams(&self) -> Vec<usize> {
        let mut at = 0;
        let ends = self.tracks.iter().map(|(_, length)| {
            at += length;
            at
        });
        ends.take(self.tracks.len() - 1).collect()
    }
}

/// Packages a master; where, and its length in frames.
fn package(master: &Path) -> (PathBuf, usize) {
    let out = master.with_extension("package");
    let hash = segue_transcode::hash_master(File::open(master).unwrap()).unwrap();
    let parameters = Parameters::default();
    let asset =
        segue_transcode::package(&MasterReader::here(), master, &hash, &out, &parameters, &|_| {})
            .unwrap();
    (out, asset.samples.0 as usize)
}

/// The level that 99 windows in 100 are below.
fn tolerable(mut levels: Vec<f64>) -> f64 {
    levels.sort_by(f64::total_cmp);
    levels[levels.len() * 99 / 100]
}

/// Around each seam, for 6 ms on either side: the codec's noise as anywhere else, no dip, no shift.
fn assert_seamless(album: &Album) {
    let original = album.original();
    for rendition in RENDITIONS {
        let heard = album.joined(rendition);
        assert_eq!(heard.len(), original.len(), "{rendition}");
        let limit = tolerable(judge::error_levels(&original, &heard, WINDOW));
        for seam in album.seams() {
            let near = seam - WINDOW * 9 / 2..seam + WINDOW * 9 / 2;
            let errors = judge::error_levels(&original[near.clone()], &heard[near], WINDOW);
            let said = format!("{rendition} at {seam}: {errors:.1?} dB, elsewhere {limit:.1} dB");
            assert!(errors.iter().all(|error| *error <= limit), "{said}");
            let around = seam - WINDOW / 2..seam + WINDOW / 2;
            let (wanted, found) = (&original[around.clone()], &heard[around]);
            let dip = judge::level_db(found) - judge::level_db(wanted);
            assert!(dip.abs() < 0.5, "{rendition} at {seam}: {dip} dB");
            let around = seam - 24_000..seam + 24_000;
            let alignment = judge::align(&original[around.clone()], &heard[around]);
            assert_eq!(alignment.offset, 0, "{rendition} at {seam}");
        }
    }
}

#[test]
fn tracks_at_48_khz_join_at_any_sample() {
    let frames = signal::music(48_000 * 9, 48_000, 21);
    assert_seamless(&Album::cut(&frames, 48_000, &[144_011, 290_003]));
}

/// A compact disc's tracks begin with a sector of 588 samples: 640 at 48 kHz, without a remainder.
#[test]
fn tracks_of_a_compact_disc_join() {
    let frames = signal::music(588 * 675, 44_100, 22);
    assert_seamless(&Album::cut(&frames, 44_100, &[588 * 231, 588 * 443]));
}

/// Cut anywhere else at 44.1 kHz, a track ends between two samples of 48 kHz. What it is lengthened or
/// shortened by, at most half a sample, is not carried on: tracks do not know of each other.
#[test]
fn a_track_that_ends_between_samples_is_half_a_sample_off_at_most() {
    let frames = signal::music(44_100 * 9, 44_100, 23);
    let cuts = [100_001, 220_003, 330_011];
    let album = Album::cut(&frames, 44_100, &cuts);
    let lengths = [cuts[0], cuts[1] - cuts[0], cuts[2] - cuts[1], frames.len() - cuts[2]];
    for ((_, length), cut) in album.tracks.iter().zip(lengths) {
        let exact = cut as f64 * 48_000.0 / 44_100.0;
        assert!((*length as f64 - exact).abs() <= 0.5, "{length} for {exact}");
    }
    let original = album.original();
    for rendition in RENDITIONS {
        let heard = album.joined(rendition);
        for seam in album.seams() {
            let around = seam - 24_000..seam + 24_000;
            let alignment = judge::align(&original[around.clone()], &heard[around]);
            assert!(alignment.offset.abs() <= 1 && alignment.correlation > 0.98, "{alignment:?}");
            let around = seam - WINDOW / 2..seam + WINDOW / 2;
            let dip = judge::level_db(&heard[around.clone()]) - judge::level_db(&original[around]);
            assert!(dip.abs() < 0.5, "{rendition} at {seam}: {dip} dB");
        }
    }
}
