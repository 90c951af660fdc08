//! Content encoding (RFC 9110 12.5.3): text goes out compressed where that is welcome.

use std::io::Write;

use brotli::enc::BrotliEncoderParams;
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use http::HeaderValue;
use origin::Object;

/// How a representation is encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Encoding {
    Identity,
    Gzip,
    Brotli,
}

impl Encoding {
    /// The one that an Accept-Encoding header likes best; of those that it likes alike, the one that comes to
    /// the fewest bytes.
    pub(crate) fn choose(accept: &str) -> Self {
        let (mut brotli, mut gzip, mut identity, mut any) = (None, None, None, None);
        for item in accept.split(',') {
            let (name, parameters) = item.split_once(';').unwrap_or((item, ""));
            let weight = Some(weight(parameters));
            match name.trim().to_ascii_lowercase().as_str() {
                "br" => brotli = weight,
                "gzip" | "x-gzip" => gzip = weight,
                "identity" => identity = weight,
                "*" => any = weight,
                _ => {}
            }
        }
        let of = |weight: Option<u16>| weight.or(any).unwrap_or(0);
        let (brotli, gzip, identity) = (of(brotli), of(gzip), identity.unwrap_or(0));
        if brotli > 0 && brotli >= gzip.max(identity) {
            Self::Brotli
        } else if gzip > 0 && gzip >= identity {
            Self::Gzip
        } else {
            Self::Identity
        }
    }

    /// Its registered name; none where nothing was done.
    pub(crate) fn name(self) -> Option<HeaderValue> {
        match self {
            Self::Identity => None,
            Self::Gzip => Some(HeaderValue::from_static("gzip")),
            Self::Brotli => Some(HeaderValue::from_static("br")),
        }
    }

    /// What tells its entity tags from the others'.
    pub(crate) fn suffix(self) -> &'static str {
        match self {
            Self::Identity => "",
            Self::Gzip => "-gzip",
            Self::Brotli => "-br",
        }
    }

    fn apply(self, text: &Bytes) -> Bytes {
        match self {
            Self::Identity => text.clone(),
            Self::Gzip => gzip(text),
            Self::Brotli => brotli(text),
        }
    }
}

/// A weight in thousandths; what can't be read weighs nothing (RFC 9110 12.4.2).
fn weight(parameters: &str) -> u16 {
    let Some((_, value)) = parameters.split_once('=') else { return 1_000 };
    match value.trim().parse::<f32>() {
        Ok(value) if (0.0..=1.0).contains(&value) => (value * 1_000.0) as u16,
        _ => 0,
    }
}

/// Compressed texts: each is compressed once while it is remembered.
#[derive(Debug)]
pub(crate) struct Texts(moka::sync::Cache<(Object, Encoding), Compressed>);

/// A text and what it came to. The text is held so that no other can be taken for it.
#[derive(Debug, Clone)]
struct Compressed {
    text: Bytes,
    compressed: Bytes,
}

impl Compressed {
    /// Whether it was made of the very bytes of `text`, not of what was stored there before a purge.
    fn is_of(&self, text: &Bytes) -> bool {
        self.text.as_ptr() == text.as_ptr() && self.text.len() == text.len()
    }

    fn weight(&self) -> u32 {
        u32::try_from(self.text.len() + self.compressed.len() + 512).unwrap_or(u32::MAX)
    }
}

impl Texts {
    /// Remembers about 16 MiB.
    pub(crate) fn new() -> Self {
        let weigh = |_: &(Object, Encoding), compressed: &Compressed| compressed.weight();
        Self(moka::sync::Cache::builder().max_capacity(16 << 20).weigher(weigh).build())
    }

    pub(crate) fn get(&self, object: Object, encoding: Encoding, text: &Bytes) -> Bytes {
        let known = self.0.get(&(object, encoding)).filter(|known| known.is_of(text));
        let known = known.unwrap_or_else(|| {
            let made = Compressed { text: text.clone(), compressed: encoding.apply(text) };
            self.0.insert((object, encoding), made.clone());
            made
        });
        known.compressed
    }
}

/// Quality 9 of 11: the last two cost ten times as much, while somebody waits.
fn brotli(text: &[u8]) -> Bytes {
    let parameters =
        BrotliEncoderParams { quality: 9, size_hint: text.len(), ..BrotliEncoderParams::default() };
    let mut compressed = Vec::new();
    brotli::BrotliCompress(&mut &*text, &mut compressed, &parameters)
        .expect("a vector takes every byte");
    compressed.into()
}

fn gzip(text: &[u8]) -> Bytes {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder
        .write_all(text)
        .and_then(|()| encoder.finish())
        .expect("a vector takes every byte")
        .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_are_honoured() {
        for (accept, encoding) in [
            ("gzip", Encoding::Gzip),
            ("gzip, deflate, br", Encoding::Brotli),
            ("br;q=0.9, gzip", Encoding::Gzip),
            ("br;q=0, gzip;q=0.1", Encoding::Gzip),
            ("BR;q=0.5", Encoding::Brotli),
            ("GZIP;q=0.5", Encoding::Gzip),
            ("*", Encoding::Brotli),
            ("br;q=0, *;q=0.1", Encoding::Gzip),
            ("gzip, *;q=0.5", Encoding::Gzip),
            ("x-gzip", Encoding::Gzip),
            ("", Encoding::Identity),
            ("identity", Encoding::Identity),
            ("deflate, zstd", Encoding::Identity),
            ("gzip;q=0", Encoding::Identity),
            ("gzip; q=0.000", Encoding::Identity),
            ("*;q=0", Encoding::Identity),
            ("identity, gzip;q=0.5, br;q=0.5", Encoding::Identity),
            ("gzip;q=high", Encoding::Identity),
            ("gzip;q=-1", Encoding::Identity),
        ] {
            assert_eq!(Encoding::choose(accept), encoding, "{accept}");
        }
    }
}
