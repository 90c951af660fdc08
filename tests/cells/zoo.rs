//! Files that are made to do harm. What is large in them is a hole in the file, or a claim.

use std::fs::File;
use std::io::{Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

use testkit::{signal, wav};

/// Writes `bytes` as a file of the zoo.
pub(crate) fn written(folder: &Path, name: &str, bytes: &[u8]) -> PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, bytes).unwrap();
    path
}

/// Sound of a fraction of a second, as ffmpeg encodes it.
pub(crate) fn made(folder: &Path, name: &str, arguments: &[&str]) -> Vec<u8> {
    let (source, path) = (folder.join(".source.wav"), folder.join(format!(".{name}")));
    wav::write(&source, &signal::music(20_000, 48_000, 5), 48_000);
    let mut ffmpeg = Command::new("ffmpeg");
    ffmpeg.args(["-v", "error", "-nostdin", "-y", "-i"]).arg(&source);
    assert!(ffmpeg.args(arguments).arg(&path).status().unwrap().success(), "{name}");
    std::fs::read(path).unwrap()
}

/// ALAC whose configuration claims to be 34 GB long.
pub(crate) fn alac_of_34_gigabytes(folder: &Path) -> PathBuf {
    let mut bytes = made(folder, "alac.caf", &["-c:a", "alac"]);
    let size = find(&bytes, b"kuki") + 4;
    bytes[size..size + 8].copy_from_slice(&(1u64 << 35).to_be_bytes());
    written(folder, "34-gigabytes.caf", &bytes)
}

/// The most that an ID3v2 tag can hold.
pub(crate) const LARGEST_TAG: u32 = (1 << 28) - 1;

/// An MP3 behind `tags` ID3v2 tags, each of which holds a picture of `size` bytes.
pub(crate) fn mp3_with_covers(folder: &Path, tags: usize, size: u32) -> PathBuf {
    let path = folder.join("cover.mp3");
    let mut file = File::create(&path).unwrap();
    for _ in 0..tags {
        let start = file.stream_position().unwrap();
        file.write_all(&[&b"ID3\x04\0\0"[..], &syncsafe(size)].concat()).unwrap();
        let frame = [&b"APIC"[..], &syncsafe(size - 10), b"\0\0\0image/png\0\x03\0"].concat();
        file.write_all(&frame).unwrap();
        file.seek(SeekFrom::Start(start + 10 + u64::from(size))).unwrap();
    }
    file.write_all(&made(folder, "plain.mp3", &["-id3v2_version", "0"])).unwrap();
    path
}

/// Matroska with 125 million empty elements before its sound: nothing but work.
pub(crate) fn matroska_of_empty_elements(folder: &Path) -> PathBuf {
    let mut bytes = vec![0x1A, 0x45, 0xDF, 0xA3, 0x8B, 0x42, 0x82, 0x88];
    bytes.extend(b"matroska");
    bytes.extend([0x18, 0x53, 0x80, 0x67, 0x01, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF]);
    bytes.extend([0xEC, 0x80].repeat(125_000_000));
    written(folder, "elements.mka", &bytes)
}

/// FLAC that says it lasts for sixteen days.
pub(crate) fn flac_that_promises_days(folder: &Path) -> PathBuf {
    let mut bytes = flac_head((1 << 36) - 1, &[]);
    bytes.extend(silent_frame(0));
    written(folder, "days.flac", &bytes)
}

/// `minutes` of silence in FLAC, which does not say how long it is: 7 KB an hour.
pub(crate) fn flac_bomb(folder: &Path, minutes: u32) -> PathBuf {
    let mut bytes = flac_head(0, &[]);
    for number in 0..minutes * 60 * 8_000 / u32::from(u16::MAX) + 1 {
        bytes.extend(silent_frame(number));
    }
    written(folder, "bomb.flac", &bytes)
}

/// FLAC with ten thousand metadata blocks before its sound.
pub(crate) fn flac_of_10_000_blocks(folder: &Path) -> PathBuf {
    let mut bytes = flac_head(65_535, &[[1, 0, 0, 0]; 10_000]);
    bytes.extend(silent_frame(0));
    written(folder, "blocks.flac", &bytes)
}

/// FLAC with sound, and a picture whose header claims 65,535 by 65,535 pixels.
pub(crate) fn flac_with_an_image_bomb(folder: &Path, name: &str, picture: &[u8]) -> PathBuf {
    let mut block = 3u32.to_be_bytes().to_vec();
    for text in ["image/png", ""] {
        block.extend((text.len() as u32).to_be_bytes());
        block.extend(text.as_bytes());
    }
    block.extend([0; 16]);
    block.extend((picture.len() as u32).to_be_bytes());
    block.extend(picture);
    let mut head = flac_head(
        65_535,
        &[[6, (block.len() >> 16) as u8, (block.len() >> 8) as u8, block.len() as u8]],
    );
    head.extend(block);
    head.extend(silent_frame(0));
    written(folder, name, &head)
}

/// A PNG of 65,535 by 65,535 pixels whose image data is missing.
pub(crate) fn png_bomb() -> Vec<u8> {
    let mut header = b"IHDR".to_vec();
    header.extend([0, 0, 0xFF, 0xFF, 0, 0, 0xFF, 0xFF, 8, 6, 0, 0, 0]);
    let checksum = crc32(&header);
    [&b"\x89PNG\r\n\x1a\n\0\0\0\r"[..], &header, &checksum.to_be_bytes(), &[0; 64]].concat()
}

/// A JPEG of 65,535 by 65,535 pixels, progressive, of one empty scan.
pub(crate) fn jpeg_bomb() -> Vec<u8> {
    let mut bytes = vec![0xFF, 0xD8, 0xFF, 0xDB, 0, 67, 0];
    bytes.extend([1; 64]);
    bytes.extend([0xFF, 0xC2, 0, 17, 8, 0xFF, 0xFF, 0xFF, 0xFF, 3]);
    bytes.extend([1, 0x11, 0, 2, 0x11, 0, 3, 0x11, 0]);
    bytes.extend([0xFF, 0xC4, 0, 20, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    bytes.extend([0xFF, 0xDA, 0, 12, 3, 1, 0, 2, 0, 3, 0, 0, 0, 0, 0, 0, 0xFF, 0xD9]);
    bytes
}

/// Plain samples, twenty gigabytes of them by file size: a hole.
pub(crate) fn endless_wav(folder: &Path) -> PathBuf {
    let mut bytes = wav::encode(&[[0.0; 2]; 10], 8_000);
    for field in [4..8, 40..44] {
        bytes[field].fill(0xFF);
    }
    let path = written(folder, "endless.wav", &bytes);
    File::options().write(true).open(&path).unwrap().set_len(20 << 30).unwrap();
    path
}

/// A WAV of no channels, and one that claims more sound than there is.
pub(crate) fn lying_wav(folder: &Path, name: &str, at: usize, value: u8) -> PathBuf {
    let mut bytes = wav::encode(&signal::music(20_000, 48_000, 5), 48_000);
    bytes[at] = value;
    written(folder, name, &bytes)
}

fn find(bytes: &[u8], mark: &[u8]) -> usize {
    bytes.windows(mark.len()).position(|it| it == mark).unwrap()
}

fn syncsafe(size: u32) -> [u8; 4] {
    [size >> 21, size >> 14, size >> 7, size].map(|it| it as u8 & 0x7F)
}

/// STREAMINFO of 8 kHz, stereo, 16 bit (RFC 9639 8.2), and the heads of further blocks.
fn flac_head(samples: u64, blocks: &[[u8; 4]]) -> Vec<u8> {
    let mut bytes = b"fLaC".to_vec();
    bytes.extend([if blocks.is_empty() { 0x80 } else { 0 }, 0, 0, 34]);
    bytes.extend([0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0, 0, 0]);
    bytes.extend((8_000u64 << 44 | 1 << 41 | 15 << 36 | samples).to_be_bytes());
    bytes.extend([0; 16]);
    for (number, head) in blocks.iter().enumerate() {
        let last = if number + 1 == blocks.len() { 0x80 } else { 0 };
        bytes.extend([head[0] | last, head[1], head[2], head[3]]);
    }
    bytes
}

/// A frame of 65,535 silent samples (RFC 9639 9): two constant subframes.
fn silent_frame(number: u32) -> Vec<u8> {
    // Fixed block size, given in 16 bits; the rate of STREAMINFO; left and right; 16 bit.
    let mut frame = vec![0xFF, 0xF8, 0x70, 0x18];
    let number = char::from_u32(number).unwrap();
    frame.extend(number.encode_utf8(&mut [0; 4]).as_bytes());
    frame.extend(65_534u16.to_be_bytes());
    frame.push(crc(&frame, 8, 0x07) as u8);
    frame.extend([0; 6]);
    frame.extend((crc(&frame, 16, 0x8005) as u16).to_be_bytes());
    frame
}

/// A checksum of `width` bits, the highest bit first.
fn crc(bytes: &[u8], width: u32, polynomial: u32) -> u32 {
    let (top, mask) = (1 << (width - 1), ((1u64 << width) - 1) as u32);
    bytes.iter().fold(0, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte) << (width - 8), |crc, _| {
            mask & if crc & top == 0 { crc << 1 } else { crc << 1 ^ polynomial }
        })
    })
}

fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            if crc & 1 == 0 { crc >> 1 } else { crc >> 1 ^ 0xEDB8_8320 }
        })
    })
}
