//! Content encoding (RFC 9110 12.5.3): text goes out gzipped where that is welcome.

use std::io::Write;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use origin::Object;

/// How a representation is encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Encoding {
    Identity,
    Gzip,
}

impl Encoding {
    /// The one that an Accept-Encoding header likes best; gzip where it likes both alike.
    pub(crate) fn choose(accept: &str) -> Self {
        let (mut gzip, mut identity, mut any) = (None, None, None);
        for item in accept.split(',') {
            let (name, parameters) = item.split_once(';').unwrap_or((item, ""));
            let weight = Some(weight(parameters));
            match name.trim().to_ascii_lowercase().as_str() {
                "gzip" | "x-gzip" => gzip = weight,
                "identity" => identity = weight,
                "*" => any = weight,
                _ => {}
            }
        }
        let gzip = gzip.or(any).unwrap_or(0);
        if gzip > 0 && gzip >= identity.unwrap_or(0) { Self::Gzip } else { Self::Identity }
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

/// Gzipped texts: each is compressed once while it is remembered.
#[derive(Debug)]
pub(crate) struct Gzipped(moka::sync::Cache<Object, Compressed>);

/// A text and what it came to. The text is held so that no other can be taken for it.
#[derive(Debug, Clone)]
struct Compressed {
    text: Bytes,
    gzipped: Bytes,
}

impl Compressed {
    /// Whether it was made of the very bytes of `text`, not of what was stored there before a purge.
    fn is_of(&self, text: &Bytes) -> bool {
        self.text.as_ptr() == text.as_ptr() && self.text.len() == text.len()
    }

    fn weight(&self) -> u32 {
        u32::try_from(self.text.len() + self.gzipped.len() + 512).unwrap_or(u32::MAX)
    }
}

impl Gzipped {
    /// Remembers about 16 MiB.
    pub(crate) fn new() -> Self {
        let weigh = |_: &Object, compressed: &Compressed| compressed.weight();
        Self(moka::sync::Cache::builder().max_capacity(16 << 20).weigher(weigh).build())
    }

    pub(crate) fn get(&self, object: Object, text: &Bytes) -> Bytes {
        let known = self.0.get(&object).filter(|known| known.is_of(text));
        let compressed = known.unwrap_or_else(|| {
            let made = Compressed { text: text.clone(), gzipped: gzip(text) };
            self.0.insert(object, made.clone());
            made
        });
        compressed.gzipped
    }
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
        let gzip = ["gzip", "gzip, deflate, br", "GZIP;q=0.5", "*", "br, *;q=0.1", "x-gzip"];
        for accept in gzip {
            assert_eq!(Encoding::choose(accept), Encoding::Gzip, "{accept}");
        }
        for accept in [
            "",
            "identity",
            "br",
            "gzip;q=0",
            "gzip; q=0.000",
            "*, gzip;q=0",
            "*;q=0",
            "identity, gzip;q=0.5",
            "gzip;q=high",
            "gzip;q=-1",
        ] {
            assert_eq!(Encoding::choose(accept), Encoding::Identity, "{accept}");
        }
    }
}
