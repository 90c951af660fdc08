//! Fastly's purging API: <https://www.fastly.com/documentation/reference/api/purging/>.

use http::header::HeaderName;
use http::{HeaderValue, Request, Uri};
use serde_json::{Value, json};

use super::{Requests, Unable, below, on_site, post_json};
use crate::batch::Batch;
use crate::secret::Secret;

/// The most surrogate keys of one request.
const MOST_KEYS: usize = 256;

const FASTLY_KEY: HeaderName = HeaderName::from_static("fastly-key");
const SOFT: HeaderName = HeaderName::from_static("fastly-soft-purge");

/// A service of Fastly's, which keeps our `Surrogate-Key`.
#[derive(Debug, Clone)]
pub struct Fastly {
    /// `https://api.fastly.com`, unless a test says otherwise.
    pub api: Uri,
    /// The service's id.
    pub service: String,
    /// An API token that may purge.
    pub token: Secret,
    /// Where viewers find what it keeps.
    pub site: Option<Uri>,
}

impl Fastly {
    pub(super) fn requests(&self, batch: &Batch) -> Result<Requests, Unable> {
        requests(self, &self.token.token()?, batch)
    }
}

/// `POST /service/{id}/purge` for keys, `/service/{id}/purge_all`, and `/purge/{host}/{path}`.
fn requests(fastly: &Fastly, token: &str, batch: &Batch) -> Result<Requests, Unable> {
    let post =
        |path: &str, body: &Value| post_json(below(&fastly.api, path), (FASTLY_KEY, token), body);
    let service = &fastly.service;
    if batch.everything {
        // It cannot be done softly.
        return Ok(vec![post(&format!("/service/{service}/purge_all"), &json!({}))?]);
    }
    let mut requests = Vec::new();
    let keys: Vec<String> = batch.keys.iter().map(ToString::to_string).collect();
    for keys in keys.chunks(MOST_KEYS) {
        let body = json!({ "surrogate_keys": keys });
        requests.push(softly(batch.soft, post(&format!("/service/{service}/purge"), &body)?));
    }
    for object in &batch.objects {
        let url = on_site(fastly.site.as_ref(), object)?;
        let url = url.split_once("://").map_or(url.as_str(), |(_, rest)| rest);
        requests.push(softly(batch.soft, post(&format!("/purge/{url}"), &json!({}))?));
    }
    Ok(requests)
}

fn softly<T>(soft: bool, mut request: Request<T>) -> Request<T> {
    if soft {
        request.headers_mut().insert(SOFT, HeaderValue::from_static("1"));
    }
    request
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::batch::tests::{batch, songs};

    fn fastly() -> Fastly {
        Fastly {
            api: Uri::from_static("https://api.fastly.com"),
            service: "SU1Z0isxPaozGVKXdv0eY".to_owned(),
            token: Secret::said("token".to_owned()),
            site: Some(Uri::from_static("https://media.example")),
        }
    }

    /// "Up to 256 surrogate keys can be purged in one batch request", in `surrogate_keys` of a JSON body (reference of
    /// `bulk-purge-tag`).
    #[test]
    fn keys_go_in_batches_of_256() {
        for (count, sizes) in
            [(1, &[1][..]), (256, &[256]), (257, &[256, 1]), (600, &[256, 256, 88])]
        {
            let requests = fastly().requests(&songs(count, true)).expect("requests");
            let bodies = requests.iter().map(|request| {
                assert_eq!(request.method(), "POST");
                assert_eq!(
                    request.uri(),
                    "https://api.fastly.com/service/SU1Z0isxPaozGVKXdv0eY/purge"
                );
                assert_eq!(request.headers()["fastly-key"], "token");
                assert_eq!(request.headers()["fastly-soft-purge"], "1");
                assert_eq!(request.headers()["content-type"], "application/json");
                serde_json::from_slice::<Value>(request.body()).expect("JSON")
            });
            let bodies: Vec<Value> = bodies.collect();
            let keys = bodies.iter().map(|body| body["surrogate_keys"].as_array().expect("keys"));
            assert_eq!(keys.map(Vec::len).collect::<Vec<_>>(), sizes);
            assert_eq!(bodies[0]["surrogate_keys"][0], "song:0190d2a5-7c1e-7bbb-8123-000000000000");
        }
    }

    #[test]
    fn a_hard_purge_says_nothing_of_soft() {
        let requests = fastly().requests(&songs(1, false)).expect("requests");
        assert!(!requests[0].headers().contains_key("fastly-soft-purge"));
    }

    /// `purge-all` and `purge-single-url` of the same reference.
    #[test]
    fn everything_and_single_urls_have_ways_of_their_own() {
        let everything = fastly().requests(&batch("{\"everything\":true,\"soft\":true}"));
        let everything = everything.expect("requests");
        assert_eq!(everything.len(), 1);
        assert_eq!(everything[0].uri().path(), "/service/SU1Z0isxPaozGVKXdv0eY/purge_all");
        assert!(!everything[0].headers().contains_key("fastly-soft-purge"));
        let cover = format!("/artwork/{}.jpg", "ab".repeat(32));
        let cover_alone = batch(&format!("{{\"urls\":[\"{cover}\"]}}"));
        let requests = fastly().requests(&cover_alone).expect("requests");
        assert_eq!(requests[0].uri().path(), format!("/purge/media.example{cover}"));
        let nowhere = Fastly { site: None, ..fastly() };
        let error = nowhere.requests(&cover_alone).expect_err("no site").to_string();
        assert!(error.contains("site must be set"), "{error}");
    }
}
