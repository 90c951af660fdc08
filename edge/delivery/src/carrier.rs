//! The token of a request whose path has none: RFC 9246's query parameter, for players that are given one
//! URL, or its cookie, which every URI of a playlist inherits.

use http::header::COOKIE;
use http::request::Parts;
use token::Refusal;

/// The attribute's registered name, of the parameter and of the cookie (RFC 9246).
const NAME: &str = "URISigningPackage";

/// The one token that the request carries. The query goes before the cookie, as it was written for this
/// request; two of either are refused rather than chosen between.
pub(crate) fn token(request: &Parts) -> Result<&str, Refusal> {
    let parameters = request.uri.query().into_iter().flat_map(|query| query.split('&'));
    if let Some(token) = one(parameters)? {
        return Ok(token);
    }
    let headers = request.headers.get_all(COOKIE).iter();
    let cookies = headers.filter_map(|value| value.to_str().ok()).flat_map(|it| it.split(';'));
    one(cookies)?.ok_or(Refusal::Missing)
}

/// The value of the one pair that has the name; none of them is decoded, since tokens need no escapes.
fn one<'a>(pairs: impl Iterator<Item = &'a str>) -> Result<Option<&'a str>, Refusal> {
    let named = |pair: &'a str| pair.trim_ascii().strip_prefix(NAME)?.strip_prefix('=');
    let mut values = pairs.filter_map(named);
    let first = values.next();
    if values.next().is_some() { Err(Refusal::Malformed) } else { Ok(first) }
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    fn found(uri: &str, cookies: &[&str]) -> Result<String, Refusal> {
        let mut request = Request::builder().uri(uri);
        for cookie in cookies {
            request = request.header(COOKIE, *cookie);
        }
        let (parts, ()) = request.body(()).expect("a request").into_parts();
        token(&parts).map(str::to_owned)
    }

    #[test]
    fn a_token_comes_in_the_query_or_in_a_cookie() {
        let token = Ok("a.b-c.d_e".to_owned());
        assert_eq!(found("/x?URISigningPackage=a.b-c.d_e", &[]), token);
        assert_eq!(found("/x?y=1&URISigningPackage=a.b-c.d_e&z", &[]), token);
        assert_eq!(found("/x", &["y=1; URISigningPackage=a.b-c.d_e"]), token);
        assert_eq!(found("/x?y=1", &["y=1", "URISigningPackage=a.b-c.d_e"]), token);
        assert_eq!(
            found("/x?URISigningPackage=a.b-c.d_e", &["URISigningPackage=old"]),
            token,
            "the query goes first"
        );
    }

    #[test]
    fn none_is_missing_and_two_are_none() {
        for uri in ["/x", "/x?", "/x?urisigningpackage=a", "/x?XURISigningPackage=a", "/x?token=a"]
        {
            assert_eq!(found(uri, &["URISigningPackages=a"]), Err(Refusal::Missing), "{uri}");
        }
        let twice = "/x?URISigningPackage=a&URISigningPackage=a";
        assert_eq!(found(twice, &[]), Err(Refusal::Malformed));
        let cookies = ["URISigningPackage=a; URISigningPackage=b"];
        assert_eq!(found("/x", &cookies), Err(Refusal::Malformed));
    }
}
