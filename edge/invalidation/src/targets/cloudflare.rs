//! Cloudflare's purging API: <https://developers.cloudflare.com/api/resources/cache/methods/purge/>.

use http::Uri;
use http::header::AUTHORIZATION;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Requests, Unable, below, on_site, post_json};
use crate::batch::Batch;
use crate::secret::Secret;

/// The most tags or URLs of one request, on every plan
/// (<https://developers.cloudflare.com/cache/how-to/purge-cache/#availability-and-limits>).
const MOST: usize = 100;

/// A zone of Cloudflare's, which keeps our `Cache-Tag`. It knows no soft purges.
#[derive(Debug, Clone)]
pub struct Cloudflare {
    /// `https://api.cloudflare.com/client/v4`, unless a test says otherwise.
    pub api: Uri,
    /// The zone's id.
    pub zone: String,
    /// An API token with the permission "Cache Purge".
    pub token: Secret,
    /// Where viewers find what it keeps.
    pub site: Option<Uri>,
}

impl Cloudflare {
    pub(super) fn requests(&self, batch: &Batch) -> Result<Requests, Unable> {
        requests(self, &self.token.token()?, batch)
    }
}

fn requests(cloudflare: &Cloudflare, token: &str, batch: &Batch) -> Result<Requests, Unable> {
    let url = below(&cloudflare.api, &format!("/zones/{}/purge_cache", cloudflare.zone));
    let bearer = format!("Bearer {token}");
    let post = |body: &Value| post_json(&url, (AUTHORIZATION, &bearer), body);
    if batch.everything {
        return Ok(vec![post(&json!({ "purge_everything": true }))?]);
    }
    let tags: Vec<String> = batch.keys.iter().map(ToString::to_string).collect();
    let files = batch.objects.iter().map(|object| on_site(cloudflare.site.as_ref(), object));
    let files = files.collect::<Result<Vec<_>, _>>()?;
    let tags = tags.chunks(MOST).map(|tags| json!({ "tags": tags }));
    let files = files.chunks(MOST).map(|files| json!({ "files": files }));
    Ok(tags.chain(files).map(|body| post(&body)).collect::<Result<_, _>>()?)
}

/// Whether its answer says `"success": false`.
pub(super) fn denies(body: &[u8]) -> bool {
    #[derive(Deserialize)]
    struct Answer {
        success: bool,
    }
    serde_json::from_slice(body).is_ok_and(|Answer { success }| !success)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::batch::tests::{batch, songs};

    fn cloudflare() -> Cloudflare {
        Cloudflare {
            api: Uri::from_static("https://api.cloudflare.com/client/v4"),
            zone: "023e105f4ecef8ad9ca31a8372d0c353".to_owned(),
            token: Secret::said("token".to_owned()),
            site: Some(Uri::from_static("https://media.example/")),
        }
    }

    fn bodies(batch: &Batch) -> Vec<Value> {
        let requests = cloudflare().requests(batch).expect("requests");
        let body = |request: &http::Request<bytes::Bytes>| {
            assert_eq!(request.method(), "POST");
            let url = "https://api.cloudflare.com/client/v4/zones/023e105f4ecef8ad9ca31a8372d0c353/purge_cache";
            assert_eq!(request.uri(), url);
            assert_eq!(request.headers()["authorization"], "Bearer token");
            assert_eq!(request.headers()["content-type"], "application/json");
            serde_json::from_slice(request.body()).expect("JSON")
        };
        requests.iter().map(body).collect()
    }

    /// "Max operations per request: 100" (Availability and limits), in `tags` of the body.
    #[test]
    fn tags_go_in_batches_of_100() {
        let bodies = bodies(&songs(201, false));
        let sizes = bodies.iter().map(|body| body["tags"].as_array().expect("tags").len());
        assert_eq!(sizes.collect::<Vec<_>>(), [100, 100, 1]);
        assert_eq!(bodies[2]["tags"][0], "song:0190d2a5-7c1e-7bbb-8123-000000000200");
    }

    #[test]
    fn everything_and_files_are_named_as_such() {
        assert_eq!(bodies(&batch("{\"everything\":true}")), [json!({"purge_everything": true})]);
        let cover = format!("/artwork/{}.jpg", "ab".repeat(32));
        let bodies = bodies(&batch(&format!("{{\"urls\":[\"{cover}\"]}}")));
        assert_eq!(bodies, [json!({"files": [format!("https://media.example{cover}")]})]);
    }

    #[test]
    fn an_answer_may_deny_itself() {
        assert!(denies(br#"{"success":false,"errors":[{"code":10000}]}"#));
        assert!(!denies(br#"{"success":true,"errors":[]}"#));
        assert!(!denies(b"OK"));
    }
}
