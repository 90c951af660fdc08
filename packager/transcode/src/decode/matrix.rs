//! `fixtures/MATRIX.md`, proved: every row is made by a tool that is not ours, decoded, and compared
//! with the original by cross-correlation. Only MP4 with the FDK's AAC is put together here (`fdk`).

mod fdk;
mod lena;
mod row;
mod rows;

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use testkit::{Frame, judge, signal};

use self::row::{Exact, Row};
use self::rows::ROWS;
use super::Decoder;
use crate::downmix::Downmix;

/// Seconds of music in a row.
const SECONDS: f64 = 1.3;

/// The original of a row in float, its channels made of two: what they are mixed down to is known.
struct Original {
    stereo: Vec<Frame>,
    channels: usize,
}

impl Original {
    fn of(row: &Row) -> Self {
        let frames = (f64::from(row.4) * SECONDS) as usize + 3;
        let mut stereo = signal::music(frames, row.4, 7);
        if row.5 == 1 {
            stereo.iter_mut().for_each(|frame| *frame = [frame[0]; 2]);
        }
        Self { stereo, channels: row.5 }
    }

    /// Channels in WAVE's order; the LFE is loud, and must not be heard.
    fn channels(&self) -> impl Iterator<Item = f32> + '_ {
        let count = self.channels;
        self.stereo.iter().flat_map(move |&[left, right]| {
            let centre = 0.2 * (left + right);
            let all = match count {
                1 => vec![left],
                2 => vec![left, right],
                3 => vec![0.5 * left, 0.5 * right, centre],
                6 => vec![0.5 * left, 0.5 * right, centre, -left, 0.3 * left, 0.3 * right],
                _ => vec![
                    0.5 * left,
                    0.5 * right,
                    centre,
                    -left,
                    0.3 * left,
                    0.3 * right,
                    -0.2 * left,
                    0.1 * right,
                ],
            };
            all.into_iter()
        })
    }

    /// Writes it as WAV with samples of `bits`; 0 for float.
    fn write(&self, path: &Path, rate: u32, bits: u16) {
        let count = self.channels as u16;
        let bytes = if bits == 0 { 4 } else { bits / 8 };
        let mask: u32 = match count {
            1 => 4,
            2 => 3,
            3 => 7,
            6 => 0x3F,
            _ => 0x63F,
        };
        let mut data = Vec::new();
        for sample in self.channels() {
            let scaled = (f64::from(sample) * 2f64.powi(i32::from(bits) - 1)).round();
            match bits {
                0 => data.extend(sample.to_le_bytes()),
                8 => data.push((scaled + 128.0) as u8),
                _ => data.extend(&(scaled as i32).to_le_bytes()[..usize::from(bytes)]),
            }
        }
        let mut out = Vec::new();
        out.extend(b"RIFF");
        out.extend((60 + data.len() as u32).to_le_bytes());
        out.extend(b"WAVEfmt ");
        out.extend(40u32.to_le_bytes());
        out.extend(0xFFFEu16.to_le_bytes());
        out.extend(count.to_le_bytes());
        out.extend(rate.to_le_bytes());
        out.extend((rate * u32::from(count * bytes)).to_le_bytes());
        out.extend((count * bytes).to_le_bytes());
        out.extend((bytes * 8).to_le_bytes());
        out.extend(22u16.to_le_bytes());
        out.extend((bytes * 8).to_le_bytes());
        out.extend(mask.to_le_bytes());
        out.extend(if bits == 0 { 3u16 } else { 1 }.to_le_bytes());
        out.extend([0, 0, 0, 0, 0x10, 0, 0x80, 0, 0, 0xAA, 0, 0x38, 0x9B, 0x71]);
        out.extend(b"data");
        out.extend((data.len() as u32).to_le_bytes());
        out.extend(data);
        std::fs::write(path, out).expect("a folder to write to");
    }

    /// What its channels are mixed down to (BS.775, by hand).
    fn heard(&self) -> Vec<Frame> {
        let surround = std::f32::consts::FRAC_1_SQRT_2;
        let mix = |[left, right]: Frame| {
            let centre = 0.2 * (left + right) * surround;
            let [back, side_left, side_right] = match self.channels {
                3 => [0.0, 0.0, 0.0],
                6 => [0.3 * surround, 0.0, 0.0],
                _ => [0.3 * surround, -0.2 * surround, 0.1 * surround],
            };
            let scale = match self.channels {
                3 => 1.0 + surround,
                6 => 1.0 + 2.0 * surround,
                _ => 1.0 + 3.0 * surround,
            };
            [
                (0.5 * left + centre + back * left + side_left * left) / scale,
                (0.5 * right + centre + back * right + side_right * right) / scale,
            ]
        };
        match self.channels {
            1 | 2 => self.stereo.clone(),
            _ => self.stereo.iter().copied().map(mix).collect(),
        }
    }
}

/// A master as stereo at its own rate.
fn listen(path: &Path) -> Result<Vec<Frame>, String> {
    let said = |error: crate::PackageError| error.to_string();
    let mut decoder = Decoder::open(path).map_err(said)?;
    let downmix = Downmix::of(decoder.spec().channels, decoder.layout()).map_err(said)?;
    let (mut packet, mut all) = (Vec::new(), Vec::new());
    while decoder.next(&mut packet).map_err(said)? {
        downmix.append(&packet, &mut all);
    }
    Ok(all.as_chunks().0.to_vec())
}

/// The depth in which the original of a row is written.
fn bits(row: &Row) -> u16 {
    match row.3 {
        "8 bit" if row.2 == "FLAC" => 8,
        "16 bit" => 16,
        "24 bit" => 24,
        "32 bit" => 32,
        "float 32" | "float 64" => 0,
        _ => 16,
    }
}

fn check(row: &Row, number: usize, folder: &Path) -> Result<(), String> {
    let original = Original::of(row);
    let wav = folder.join(format!("{number}-original.wav"));
    original.write(&wav, row.4, bits(row));
    let master = row.make(&wav, folder, number);
    let heard = match (listen(&master), row.7) {
        (Err(said), Exact::Refused(wanted)) if said.contains(wanted) => return Ok(()),
        (heard, _) => heard?,
    };
    let wanted = original.heard();
    let lengths = format!("{} frames instead of {}", heard.len(), wanted.len());
    let found = judge::align(&wanted, &heard);
    let snr = judge::snr_db(&wanted, &heard);
    let good = match row.7 {
        Exact::Bits => heard == listen(&wav)? && snr > 75.0 && heard.len() == wanted.len(),
        Exact::Depth(bits) => heard.len() == wanted.len() && snr > f64::from(bits) * 6.0 - 22.0,
        Exact::Place => {
            heard.len() == wanted.len() && found.offset == 0 && found.correlation > 0.95
        }
        Exact::Near => {
            heard.len().abs_diff(wanted.len()) <= 1
                && found.offset.abs() <= 1
                && found.correlation > 0.95
        }
        Exact::Refused(_) => false,
        Exact::Late { frames, more } => {
            let extra = heard.len().wrapping_sub(wanted.len());
            found.offset == frames && extra <= more && found.correlation > 0.95
        }
    };
    // Silence around the song would count.
    let song = usize::try_from(found.offset).unwrap_or(0).min(heard.len());
    let song = &heard[song..heard.len().min(song + wanted.len())];
    let level = judge::level_db(song) - judge::level_db(&wanted);
    let sides = row.5 == 1 || keeps_its_sides(&wanted, song);
    if good && sides && level.abs() < 0.6 {
        return Ok(());
    }
    Err(format!("{lengths}, {found:?}, SNR {snr:.1} dB, level {level:.2} dB, sides {sides}"))
}

/// Whether what is heard on each side is more like what was wanted there than what was wanted on the
/// other, which must differ for that.
fn keeps_its_sides(wanted: &[Frame], heard: &[Frame]) -> bool {
    let like = |ours: usize, theirs: usize| {
        let pairs = wanted.iter().zip(heard).map(|(a, b)| [a[ours], b[theirs]].map(f64::from));
        let [both, a, b] =
            pairs.fold([0.0; 3], |[both, a2, b2], [a, b]| [both + a * b, a2 + a * a, b2 + b * b]);
        both / (a * b).sqrt()
    };
    like(0, 0) > like(0, 1) + 0.1 && like(1, 1) > like(1, 0) + 0.1
}

#[test]
fn swapped_sides_would_be_noticed() {
    let music = signal::music(44_100, 44_100, 7);
    let swapped: Vec<Frame> = music.iter().map(|&[left, right]| [right, left]).collect();
    let sum: Vec<Frame> = music.iter().map(|&[left, right]| [(left + right) / 2.0; 2]).collect();
    assert!(keeps_its_sides(&music, &music));
    assert!(!keeps_its_sides(&music, &swapped));
    assert!(!keeps_its_sides(&music, &sum));
}

#[test]
fn every_row_of_the_matrix_comes_back() {
    let folder = tempfile::tempdir().unwrap();
    let next = AtomicUsize::new(0);
    let work = || {
        let mut failures = Vec::new();
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            let Some(row) = ROWS.get(number) else { return failures };
            if let Err(said) = check(row, number, folder.path()) {
                failures.push(format!("{}\n    {said}", row.line()));
            }
        }
    };
    let failures: Vec<String> = std::thread::scope(|scope| {
        let threads = [scope.spawn(work), scope.spawn(work)];
        threads.into_iter().flat_map(|thread| thread.join().expect("no panic")).collect()
    });
    assert!(failures.is_empty(), "{} rows:\n{}", failures.len(), failures.join("\n"));
}

#[test]
fn the_page_lists_the_rows_that_are_tested() {
    let page = include_str!("../../../../fixtures/MATRIX.md");
    let start = "| --- | --- | --- | --- | --- | --- | --- |\n";
    let table = page.split_once(start).expect("the table").1;
    let lines: Vec<&str> = table.lines().take_while(|line| line.starts_with('|')).collect();
    let wanted: Vec<String> = ROWS.iter().map(Row::line).collect();
    assert!(lines == wanted, "fixtures/MATRIX.md should list:\n{}", wanted.join("\n"));
}
