//! Varnish and nginx as `infra/cdn` configures them: PURGE with surrogate keys as the vmod xkey takes them
//! (<https://github.com/varnish/varnish-modules/blob/master/src/vmod_xkey.vcc>). They keep what songs are made of and nothing else, so
//! that covers are not purged there.

use bytes::Bytes;
use http::header::HeaderName;
use http::{Method, Request, Uri};

use super::{Requests, Unable, below};
use crate::batch::Batch;
use crate::secret::Secret;

/// With so many, the header stays under the 8 KiB that both take (`http_req_hdr_len`, `large_client_header_buffers`).
const MOST_KEYS: usize = 100;

const SECRET: HeaderName = HeaderName::from_static("segue-purge-secret");
const HARD: HeaderName = HeaderName::from_static("xkey-purge");
const SOFT: HeaderName = HeaderName::from_static("xkey-softpurge");

/// A node with Varnish or nginx.
#[derive(Debug, Clone)]
pub struct Node {
    /// Where it listens.
    pub url: Uri,
    /// One of its secrets for purges.
    pub secret: Secret,
}

impl Node {
    pub(super) fn requests(&self, batch: &Batch) -> Result<Requests, Unable> {
        requests(self, &self.secret.token()?, batch)
    }
}

fn requests(node: &Node, secret: &str, batch: &Batch) -> Result<Requests, Unable> {
    if batch.everything {
        return Err(Unable::Cannot(
            "a node of Varnish or nginx forgets artists, albums, songs, versions and paths, but not everything at once: \
             restart it",
        ));
    }
    let name = if batch.soft { SOFT } else { HARD };
    let keys: Vec<String> = batch.keys.iter().map(ToString::to_string).collect();
    let request = |keys: &[String]| {
        let request = Request::builder().method(purge_method()).uri(below(&node.url, "/"));
        Ok(request.header(SECRET, secret).header(&name, keys.join(" ")).body(Bytes::new())?)
    };
    keys.chunks(MOST_KEYS).map(request).collect()
}

fn purge_method() -> Method {
    Method::from_bytes(b"PURGE").expect("a method of letters")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::batch::tests::{batch, songs};

    fn node() -> Node {
        let url = Uri::from_static("http://127.0.0.1:6081");
        Node { url, secret: Secret::said("fedcba9876543210fedcba9876543210".to_owned()) }
    }

    #[test]
    fn keys_stand_in_a_header_that_is_not_too_long() {
        let requests = node().requests(&songs(101, false)).expect("requests");
        assert_eq!(requests.len(), 2);
        for request in &requests {
            assert_eq!((request.method().as_str(), request.uri().path()), ("PURGE", "/"));
            assert!(request.headers()["xkey-purge"].len() < 8_192 - 100);
            assert_eq!(request.headers()[SECRET], "fedcba9876543210fedcba9876543210");
            assert!(!request.headers().contains_key(SOFT));
        }
        let soft = &node().requests(&songs(1, true)).expect("requests")[0];
        assert_eq!(soft.headers()[SOFT], "song:0190d2a5-7c1e-7bbb-8123-000000000000");
        assert!(!soft.headers().contains_key(HARD));
    }

    #[test]
    fn covers_are_not_there_and_everything_cannot_be_named() {
        let cover = format!("/artwork/{}.jpg", "ab".repeat(32));
        let requests = node().requests(&batch(&format!("{{\"urls\":[\"{cover}\"]}}")));
        assert!(requests.expect("requests").is_empty());
        let error = node().requests(&batch("{\"everything\":true}")).expect_err("not everything");
        assert!(error.to_string().ends_with("restart it"), "{error}");
    }
}
