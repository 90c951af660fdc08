//! What a proxy says of the address that it was asked from.

use std::net::{IpAddr, SocketAddr};

use axum::http::{HeaderMap, HeaderName};

/// The address that the nearest proxy names: the last one in the header, since what stands before it may be made up by
/// whoever asked the proxy. Nothing where it is no address.
pub(crate) fn last(headers: &HeaderMap, name: &HeaderName) -> Option<IpAddr> {
    let line = headers.get_all(name).into_iter().next_back()?.to_str().ok()?;
    let element = line.rsplit(',').next()?.trim();
    if name == "forwarded" { address(for_of(element)?) } else { address(element) }
}

/// The `for` of an element of `Forwarded` (RFC 7239 4).
fn for_of(element: &str) -> Option<&str> {
    element.split(';').find_map(|pair| {
        let (name, value) = pair.split_once('=')?;
        name.trim().eq_ignore_ascii_case("for").then(|| value.trim())
    })
}

/// An address, with or without a port, quotes and brackets.
fn address(text: &str) -> Option<IpAddr> {
    let text = text.trim_matches('"');
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    bare.parse().ok().or_else(|| text.parse::<SocketAddr>().ok().map(|address| address.ip()))
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn said(name: &'static str, lines: &[&'static str]) -> Option<String> {
        let name = HeaderName::from_static(name);
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(name.clone(), HeaderValue::from_static(line));
        }
        last(&headers, &name).map(|address| address.to_string())
    }

    #[test]
    fn the_last_address_is_the_one_that_the_proxy_saw() {
        for (name, lines, address) in [
            ("x-forwarded-for", &["192.0.2.1"][..], Some("192.0.2.1")),
            ("x-forwarded-for", &["198.51.100.9, 192.0.2.1"], Some("192.0.2.1")),
            ("x-forwarded-for", &["198.51.100.9", "192.0.2.1:80"], Some("192.0.2.1")),
            ("x-real-ip", &["2001:db8::1"], Some("2001:db8::1")),
            ("x-real-ip", &["[2001:db8::1]:443"], Some("2001:db8::1")),
            (
                "forwarded",
                &["for=198.51.100.9, For=\"[2001:db8::1]:4711\";proto=https"],
                Some("2001:db8::1"),
            ),
            ("forwarded", &["by=203.0.113.43;for=192.0.2.60"], Some("192.0.2.60")),
            ("forwarded", &["for=unknown"], None),
            ("x-forwarded-for", &["192.0.2.1, "], None),
            ("x-forwarded-for", &[""], None),
            ("x-forwarded-for", &[], None),
        ] {
            assert_eq!(said(name, lines).as_deref(), address, "{name}: {lines:?}");
        }
    }
}
