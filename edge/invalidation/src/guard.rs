//! Where hooks may connect: to addresses of the public internet, unless an operator allowed others. Otherwise a hook's URL,
//! or whoever answers for its name, could make us ask machines that only we reach (server-side request forgery).

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use http::Uri;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use tokio::net::lookup_host;

/// Whether an address is one of the public internet (IANA's special-purpose registries, RFC 6890).
#[must_use]
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let special = address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_documentation()
        || address.is_multicast()
        || a == 0
        || a >= 240
        // Shared by carriers (RFC 6598).
        || (a == 100 && (64..128).contains(&b))
        // Protocol assignments, the former relays of 6to4 and AS112.
        || (a == 192 && b == 0 && c == 0)
        || (a == 192 && b == 88 && c == 99)
        // Benchmarks (RFC 2544).
        || (a == 198 && (18..20).contains(&b));
    !special
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    if let Some(inner) = address.to_ipv4_mapped() {
        return is_public_v4(inner);
    }
    let words = address.segments();
    let [.., high, low] = words;
    match words {
        // NAT64 reaches whatever the embedded address is (RFC 6052).
        [0x64, 0xff9b, 0, 0, 0, 0, ..] => {
            let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
            is_public_v4(Ipv4Addr::new(a, b, c, d))
        }
        // Protocol assignments with Teredo, documentation, 6to4 and documentation again.
        [0x2001, 0..=0x01ff, ..] | [0x2001, 0x0db8, ..] | [0x2002, ..] => false,
        [0x3fff, 0..=0x0fff, ..] => false,
        // Global unicast is there so far.
        [first, ..] => first & 0xe000 == 0x2000,
    }
}

/// Whether a hook may be told at a URL, as far as that can be seen before anybody is asked for its address: https, and no
/// address that is not public, unless others are allowed.
#[must_use]
pub fn may_be(url: &Uri, allow_private: bool) -> bool {
    // As whoever connects reads it: an address has many spellings.
    let Ok(read) = reqwest::Url::parse(&url.to_string()) else { return false };
    let Some(host) = read.host_str().filter(|host| !host.is_empty()) else { return false };
    let named = url.authority().is_some_and(|authority| authority.as_str().contains('@'));
    let scheme = url.scheme_str();
    let schemed = scheme == Some("https") || (allow_private && scheme == Some("http"));
    let address = host.trim_start_matches('[').trim_end_matches(']').parse();
    let public = address.map_or(true, is_public);
    schemed && !named && (public || allow_private)
}

/// Answers names with addresses that may be connected to, and the connection goes to these: what another question would
/// be answered does not matter.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Guard;

impl Resolve for Guard {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found = lookup_host((name.as_str(), 0)).await?;
            let public: Vec<SocketAddr> = found.filter(|it| is_public(it.ip())).collect();
            if public.is_empty() {
                let reason = "it has no address of the public internet";
                return Err(io::Error::new(io::ErrorKind::PermissionDenied, reason).into());
            }
            Ok(Box::new(public.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_public_internet_is_public() {
        for address in ["1.1.1.1", "93.184.216.34", "2606:4700::1111", "100.63.0.1", "172.32.0.1"] {
            assert!(is_public(address.parse().expect("an address")), "{address}");
        }
        for address in [
            "0.0.0.0",
            "0.1.2.3",
            "10.0.0.1",
            "100.64.0.1",
            "100.127.255.255",
            "127.0.0.1",
            "127.9.9.9",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.1",
            "192.0.2.1",
            "192.88.99.1",
            "192.168.1.1",
            "198.18.0.1",
            "198.19.0.1",
            "198.51.100.1",
            "203.0.113.1",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::7f00:1",
            "::ffff:10.0.0.1",
            "::ffff:169.254.169.254",
            "64:ff9b::10.0.0.1",
            "64:ff9b:1::1",
            "100::1",
            "2001::1",
            "2001:db8::1",
            "2002:7f00:1::",
            "3fff::1",
            "5f00::1",
            "fc00::1",
            "fd00:ec2::254",
            "fe80::1",
            "fec0::1",
            "ff02::1",
        ] {
            assert!(!is_public(address.parse().expect("an address")), "{address}");
        }
        assert!(is_public("64:ff9b::1.1.1.1".parse().expect("an address")));
        assert!(is_public("::ffff:1.1.1.1".parse().expect("an address")));
    }

    #[test]
    fn urls_are_judged_before_anybody_is_asked() {
        let may = |url: &str, allow| may_be(&url.parse().expect("a URL"), allow);
        for url in
            ["https://hooks.example/x", "https://1.1.1.1/", "https://[2606:4700::1111]:8443/"]
        {
            assert!(may(url, false), "{url}");
        }
        for url in [
            "http://hooks.example/",
            "https://127.0.0.1/",
            "https://2130706433/",
            "https://0x7f000001/",
            "https://127.1/",
            "https://0177.0.0.1/",
            "https://127.0.0.1./",
            "https://[::1]/",
            "https://[::ffff:10.0.0.1]/",
            "https://user@hooks.example/",
            "ftp://hooks.example/",
            "/path",
        ] {
            assert!(!may(url, false), "{url}");
        }
        assert!(may("http://127.0.0.1:6081", true) && may("https://10.0.0.1/", true));
        assert!(!may("http://user:word@10.0.0.1/", true) && !may("/path", true));
    }

    #[tokio::test]
    async fn a_name_of_ours_is_refused_when_it_is_looked_up() {
        let name = "localhost".parse().expect("a name");
        let Err(error) = Guard.resolve(name).await else { panic!("localhost is not public") };
        assert!(error.to_string().contains("public internet"), "{error}");
    }
}
