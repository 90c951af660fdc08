//! Covers: a picture of any common kind becomes JPEGs in the sizes that players ask for.

use std::io::{BufReader, Cursor, Read};
use std::panic::{AssertUnwindSafe, catch_unwind};

use image::codecs::jpeg::JpegEncoder;
use image::imageops::FilterType;
use image::{DynamicImage, ImageError, ImageReader, Limits};
use lofty::config::ParseOptions;
use lofty::file::TaggedFileExt;
use lofty::picture::PictureType;
use lofty::probe::Probe;
use lofty::tag::Tag;
use media::ArtworkHash;
use sha2::{Digest, Sha256};

use crate::cell::CellError;
use crate::master::Master;

/// The longest edges in pixels: a large screen, a page, a list, a thumbnail.
pub const EDGES: [u32; 4] = [1_200, 600, 300, 96];

/// JPEG quality: no artefact that an eye finds in a cover.
const QUALITY: u8 = 85;

/// What decoding may take: a picture of 4,000 pixels a side at four bytes each, and as much again.
const MOST_PIXELS_A_SIDE: u32 = 4_000;
const MOST_MEMORY: u64 = 128 << 20;

/// The largest file that is taken for a picture, in bytes: what lofty takes of a master, too.
pub const LARGEST_PICTURE: u64 = 16 << 20;

/// A cover in one size.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cover {
    /// In pixels.
    pub width: u32,
    /// In pixels.
    pub height: u32,
    /// The file's bytes.
    pub jpeg: Vec<u8>,
    /// Their SHA-256, which names the object.
    pub hash: ArtworkHash,
}

impl Cover {
    pub(crate) fn of(width: u32, height: u32, jpeg: Vec<u8>) -> Self {
        let hash = ArtworkHash::new(Sha256::digest(&jpeg).into());
        Self { width, height, jpeg, hash }
    }
}

/// Why a picture cannot be a cover.
#[derive(Debug, thiserror::Error)]
pub enum ArtworkError {
    /// Of another kind, damaged, or too large: as its decoder says.
    #[error(
        "the picture cannot be used ({0}); accepted are JPEG, PNG, WebP and GIF of up to 4,000 pixels a side"
    )]
    Picture(String),
    /// The decoder panicked.
    #[error("the picture cannot be used: its decoder stumbled over it")]
    Stumbled,
    /// The process that decoded it did not come to its end.
    #[error("the picture cannot be used: {0}")]
    Cell(#[from] CellError),
}

impl From<ImageError> for ArtworkError {
    fn from(error: ImageError) -> Self {
        Self::Picture(error.to_string())
    }
}

/// The covers of a master; none where it has no picture that can be read.
pub(crate) fn covers_of(master: Master) -> Result<Vec<Cover>, ArtworkError> {
    // Foreign bytes: a parser that panics over them costs the cover, not the song. lofty takes no
    // more than 16 MiB for an item.
    let picture = catch_unwind(AssertUnwindSafe(|| read_front_cover(master))).ok().flatten();
    picture.map_or(Ok(Vec::new()), |picture| covers(&picture))
}

/// The sizes of a picture that is a file of its own.
pub(crate) fn sizes_of(picture: Master) -> Result<Vec<Cover>, ArtworkError> {
    if picture.size() > LARGEST_PICTURE {
        return Err(ArtworkError::Picture("it has more than 16 MiB".to_owned()));
    }
    let (mut bytes, mut picture) = (Vec::new(), picture.take(LARGEST_PICTURE));
    picture.read_to_end(&mut bytes).map_err(|error| ArtworkError::Picture(error.to_string()))?;
    covers(&bytes)
}

fn read_front_cover(master: Master) -> Option<Vec<u8>> {
    let options = ParseOptions::new().read_properties(false);
    let file =
        Probe::new(BufReader::new(master)).options(options).guess_file_type().ok()?.read().ok()?;
    let pictures = || file.tags().iter().flat_map(Tag::pictures);
    let front = pictures().find(|it| it.pic_type() == PictureType::CoverFront);
    front.or_else(|| pictures().next()).map(|it| it.data().to_vec())
}

/// The cover in each size, the largest first.
fn covers(picture: &[u8]) -> Result<Vec<Cover>, ArtworkError> {
    catch_unwind(|| scaled(picture)).unwrap_or(Err(ArtworkError::Stumbled))
}

fn scaled(picture: &[u8]) -> Result<Vec<Cover>, ArtworkError> {
    let picture = decode(picture)?;
    let longest = picture.width().max(picture.height());
    let mut edges = EDGES.map(|edge| edge.min(longest)).to_vec();
    edges.dedup();
    edges.into_iter().map(|edge| cover(&picture, edge)).collect()
}

/// What the picture is, its bytes say; whatever is transparent is seen on white.
fn decode(picture: &[u8]) -> Result<DynamicImage, ImageError> {
    let mut limits = Limits::default();
    limits.max_image_width = Some(MOST_PIXELS_A_SIDE);
    limits.max_image_height = Some(MOST_PIXELS_A_SIDE);
    limits.max_alloc = Some(MOST_MEMORY);
    let mut reader = ImageReader::new(Cursor::new(picture)).with_guessed_format()?;
    reader.limits(limits);
    let mut picture = reader.decode()?.into_rgba8();
    for pixel in picture.pixels_mut() {
        let [colours @ .., alpha] = &mut pixel.0;
        let alpha = u16::from(*alpha);
        for colour in colours {
            *colour = ((u16::from(*colour) * alpha + 255 * (255 - alpha)) / 255) as u8;
        }
    }
    Ok(DynamicImage::ImageRgb8(DynamicImage::ImageRgba8(picture).into_rgb8()))
}

fn cover(picture: &DynamicImage, edge: u32) -> Result<Cover, ArtworkError> {
    let scaled = picture.resize(edge, edge, FilterType::Lanczos3);
    let mut jpeg = Vec::new();
    scaled.write_with_encoder(JpegEncoder::new_with_quality(&mut jpeg, QUALITY))?;
    Ok(Cover::of(scaled.width(), scaled.height(), jpeg))
}

#[cfg(test)]
mod tests {
    use image::{ImageFormat, Rgba, RgbaImage};

    use super::*;

    fn picture(width: u32, height: u32, format: ImageFormat) -> Vec<u8> {
        let pixel = |x: u32, y: u32| Rgba([(x % 256) as u8, (y % 256) as u8, 128, 255]);
        let image = DynamicImage::ImageRgba8(RgbaImage::from_fn(width, height, pixel));
        let mut out = Cursor::new(Vec::new());
        let image = if format == ImageFormat::Jpeg { image.to_rgb8().into() } else { image };
        image.write_to(&mut out, format).unwrap();
        out.into_inner()
    }

    fn sizes(picture: &[u8]) -> Vec<(u32, u32)> {
        covers(picture).unwrap().iter().map(|it| (it.width, it.height)).collect()
    }

    #[test]
    fn each_size_keeps_the_shape() {
        let found = sizes(&picture(1_500, 750, ImageFormat::Png));
        assert_eq!(found, [(1_200, 600), (600, 300), (300, 150), (96, 48)]);
    }

    #[test]
    fn nothing_is_enlarged() {
        assert_eq!(
            sizes(&picture(400, 400, ImageFormat::Jpeg)),
            [(400, 400), (300, 300), (96, 96)]
        );
        assert_eq!(sizes(&picture(20, 10, ImageFormat::WebP)), [(20, 10)]);
    }

    #[test]
    fn the_same_picture_gives_the_same_bytes_under_their_hash() {
        let picture = picture(200, 200, ImageFormat::Png);
        let found = covers(&picture).unwrap();
        assert_eq!(found, covers(&picture).unwrap());
        assert_eq!(found[0].hash.bytes()[..], Sha256::digest(&found[0].jpeg)[..]);
        let back = image::load_from_memory_with_format(&found[0].jpeg, ImageFormat::Jpeg).unwrap();
        let pixel = back.to_rgb8().get_pixel(100, 60).0;
        assert!(pixel.iter().zip([100, 60, 128]).all(|(a, b)| a.abs_diff(b) < 12), "{pixel:?}");
    }

    #[test]
    fn what_is_transparent_is_white() {
        let clear = DynamicImage::ImageRgba8(RgbaImage::from_pixel(32, 32, Rgba([9, 9, 9, 0])));
        let mut png = Cursor::new(Vec::new());
        clear.write_to(&mut png, ImageFormat::Png).unwrap();
        let cover = covers(png.get_ref()).unwrap().remove(0);
        let back = image::load_from_memory(&cover.jpeg).unwrap().to_rgb8();
        assert!(back.get_pixel(16, 16).0.iter().all(|it| *it > 250));
    }

    #[test]
    fn hostile_pictures_are_refused_in_a_sentence() {
        let whole = picture(300, 300, ImageFormat::Png);
        for bytes in [&b""[..], b"not a picture", &whole[..whole.len() / 2]] {
            let said = covers(bytes).unwrap_err().to_string();
            assert!(said.starts_with("the picture cannot be used"), "{said}");
        }
        // A PNG whose header claims 100,000 by 100,000 pixels.
        let mut bomb = whole;
        bomb[16..24].copy_from_slice(&[0, 1, 0x86, 0xA0, 0, 1, 0x86, 0xA0]);
        assert!(covers(&bomb).is_err());
    }
}
