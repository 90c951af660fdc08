//! Common Media Client Data (CTA-5004): what a player says of itself with a request, in the query or in headers.

use http::request::Parts;

/// The headers that the keys are sharded over (CTA-5004 2).
const HEADERS: [&str; 4] = ["cmcd-object", "cmcd-request", "cmcd-session", "cmcd-status"];

/// The query parameter.
const PARAMETER: &str = "CMCD=";

/// Longer than what a player sends: what is longer is not looked at.
const LONGEST: usize = 2_048;

/// The longest identifier (CTA-5004 table 1).
const LONGEST_ID: usize = 64;

/// What a player said. What it got wrong is not there, and neither are keys of its own making.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Cmcd {
    /// Of the requested object, in kbit/s.
    pub(crate) bitrate: Option<u64>,
    /// What the player has buffered, in milliseconds.
    pub(crate) buffer: Option<u64>,
    /// Whether it ran out since the last request.
    pub(crate) starved: bool,
    /// The content, as the player names it.
    pub(crate) content: Option<String>,
    /// The object's playing time in milliseconds.
    pub(crate) duration: Option<u64>,
    /// How long until the buffer is empty, in milliseconds.
    pub(crate) deadline: Option<u64>,
    /// The throughput that the player measured, in kbit/s.
    pub(crate) throughput: Option<u64>,
    /// The kind of object: `m`, `a`, `v`, `av`, `i`, `c`, `tt`, `k` or `o`.
    pub(crate) object: Option<String>,
    /// The playback's rate in hundredths.
    pub(crate) rate: Option<u64>,
    /// The throughput that the player asks for, in kbit/s.
    pub(crate) requested: Option<u64>,
    /// The streaming format: `h` is HLS, `d` DASH.
    pub(crate) format: Option<String>,
    /// The player's session.
    pub(crate) session: Option<String>,
    /// Live or on demand: `l` or `v`.
    pub(crate) stream: Option<String>,
    /// Whether it is needed at once: start, seek or an empty buffer.
    pub(crate) startup: bool,
    /// The highest rate that the player could play, in kbit/s.
    pub(crate) top: Option<u64>,
}

impl Cmcd {
    /// What came with a request; nothing where there is nothing. The query goes before the headers, of which a
    /// player sends one or the other.
    pub(crate) fn of(request: &Parts) -> Option<Self> {
        let query = request.uri.query().unwrap_or_default();
        let parameter = query.split('&').find_map(|pair| pair.strip_prefix(PARAMETER));
        let mut said = Self::default();
        match parameter {
            Some(encoded) => said.read(&decoded(encoded)?),
            None => {
                let headers = HEADERS.iter().filter_map(|name| request.headers.get(*name));
                headers.filter_map(|value| value.to_str().ok()).for_each(|list| said.read(list));
            }
        }
        (said != Self::default()).then_some(said)
    }

    fn read(&mut self, list: &str) {
        if list.len() <= LONGEST {
            members(list).for_each(|member| self.take(member));
        }
    }

    fn take(&mut self, member: &str) {
        let (key, value) = member.split_once('=').unwrap_or((member, ""));
        let number = || value.parse().ok();
        match key {
            "br" => self.bitrate = number(),
            "bl" => self.buffer = number(),
            "bs" => self.starved = is_true(value),
            "cid" => self.content = identifier(value),
            "d" => self.duration = number(),
            "dl" => self.deadline = number(),
            "mtp" => self.throughput = number(),
            "ot" => self.object = token(value),
            "pr" => self.rate = hundredths(value),
            "rtp" => self.requested = number(),
            "sf" => self.format = token(value),
            "sid" => self.session = identifier(value),
            "st" => self.stream = token(value),
            "su" => self.startup = is_true(value),
            "tb" => self.top = number(),
            _ => {}
        }
    }
}

/// The members of a list whose quoted strings may hold commas.
fn members(list: &str) -> impl Iterator<Item = &str> {
    let (mut quoted, mut escaped) = (false, false);
    let parts = list.split(move |c: char| {
        let literally = escaped;
        escaped = quoted && c == '\\' && !literally;
        if c == '"' && !literally {
            quoted = !quoted;
        }
        c == ',' && !quoted
    });
    parts.map(str::trim).filter(|member| !member.is_empty())
}

/// A boolean is there where it is true (CTA-5004 table 1); some write so.
fn is_true(value: &str) -> bool {
    matches!(value, "" | "true" | "?1")
}

/// A decimal number of at most two places.
fn hundredths(value: &str) -> Option<u64> {
    let (whole, part) = value.split_once('.').unwrap_or((value, "0"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole) || !digits(part) || part.len() > 2 {
        return None;
    }
    let places: u64 = format!("{part:0<2}").parse().ok()?;
    whole.parse::<u64>().ok()?.checked_mul(100)?.checked_add(places)
}

/// A word of up to two letters, quoted or not.
fn token(value: &str) -> Option<String> {
    let value = unquoted(value).unwrap_or(value);
    let fits =
        (1..=2).contains(&value.len()) && value.bytes().all(|byte| byte.is_ascii_lowercase());
    fits.then(|| value.to_owned())
}

fn identifier(value: &str) -> Option<String> {
    let text = unquoted(value)?.replace("\\\"", "\"").replace("\\\\", "\\");
    let fits = (1..=LONGEST_ID).contains(&text.len()) && !text.contains(char::is_control);
    fits.then_some(text)
}

fn unquoted(value: &str) -> Option<&str> {
    value.strip_prefix('"')?.strip_suffix('"')
}

/// What percent-encoding stood for; nothing where it is long or no text.
fn decoded(encoded: &str) -> Option<String> {
    if encoded.len() > 3 * LONGEST {
        return None;
    }
    let (mut bytes, mut rest) = (Vec::with_capacity(encoded.len()), encoded.as_bytes());
    while let [first, tail @ ..] = rest {
        (rest, _) = match (first, tail) {
            (b'%', [high, low, tail @ ..]) => {
                let digit = |byte: &u8| char::from(*byte).to_digit(16);
                let value = digit(high)? * 16 + digit(low)?;
                (tail, bytes.push(u8::try_from(value).ok()?))
            }
            (b'%', _) => return None,
            (byte, tail) => (tail, bytes.push(*byte)),
        };
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use http::Request;
    use proptest::prelude::*;

    use super::*;

    fn of(uri: &str, headers: &[(&str, &str)]) -> Option<Cmcd> {
        let mut request = Request::builder().uri(uri);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        Cmcd::of(&request.body(()).expect("a request").into_parts().0)
    }

    /// What hls.js sends in its query mode.
    #[test]
    fn a_query() {
        let said = "bl=21300,br=320,cid=\"a, \\\"b\\\"\",d=5760,dl=18500,mtp=48100,ot=a,pr=1.25,sf=h,\
            sid=\"6e2fb550-c457-11e9-bb97-0800200c9a66\",st=v,su,tb=320,com.example-x=1";
        let encoded: String = said.bytes().map(|byte| format!("%{byte:02X}")).collect();
        let cmcd = of(&format!("/x?a=b&CMCD={encoded}&c"), &[]).expect("something");
        assert_eq!(
            cmcd,
            Cmcd {
                bitrate: Some(320),
                buffer: Some(21_300),
                content: Some("a, \"b\"".to_owned()),
                duration: Some(5_760),
                deadline: Some(18_500),
                throughput: Some(48_100),
                object: Some("a".to_owned()),
                rate: Some(125),
                format: Some("h".to_owned()),
                session: Some("6e2fb550-c457-11e9-bb97-0800200c9a66".to_owned()),
                stream: Some("v".to_owned()),
                startup: true,
                top: Some(320),
                ..Cmcd::default()
            }
        );
    }

    #[test]
    fn headers() {
        let cmcd = of(
            "/x",
            &[
                ("CMCD-Object", "br=128,d=5760,ot=a,tb=320"),
                ("CMCD-Request", "bl=1200,mtp=9900,su"),
                ("CMCD-Session", "sid=\"one\",sf=h"),
                ("CMCD-Status", "bs,rtp=400"),
            ],
        );
        let cmcd = cmcd.expect("something");
        assert_eq!(
            (cmcd.bitrate, cmcd.buffer, cmcd.requested),
            (Some(128), Some(1_200), Some(400))
        );
        assert!(cmcd.starved && cmcd.startup);
        assert_eq!(cmcd.session.as_deref(), Some("one"));
    }

    #[test]
    fn what_is_wrong_is_not_there() {
        for wrong in [
            "/x",
            "/x?CMCD=",
            "/x?CMCD=br%3Dfast",
            "/x?CMCD=br%3D-1",
            "/x?CMCD=bl%3D1.5",
            "/x?CMCD=sid%3Dbare",
            "/x?CMCD=sid%3D%22%0A%22",
            "/x?CMCD=ot%3Dabc",
            "/x?CMCD=pr%3D1.234",
            "/x?CMCD=%",
            "/x?CMCD=%zz",
            "/x?CMCD=%ff",
            "/x?cmcd=br%3D128",
        ] {
            assert_eq!(of(wrong, &[]), None, "{wrong}");
        }
        let long = format!("/x?CMCD=sid%3D%22{}%22", "a".repeat(65));
        assert_eq!(of(&long, &[]), None);
    }

    proptest! {
        #[test]
        fn no_list_panics(list in "\\PC{0,80}") {
            let mut cmcd = Cmcd::default();
            cmcd.read(&list);
            let _ = decoded(&list);
        }
    }
}
