//! bunny.net's purging API: <https://docs.bunny.net/cdn/purge-cache>.

use http::Uri;
use http::header::HeaderName;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::json;

use super::{Requests, Unable, below, on_site, post_json};
use crate::batch::Batch;
use crate::secret::Secret;

const ACCESS_KEY: HeaderName = HeaderName::from_static("accesskey");

/// A pull zone of bunny.net's, which keeps our `CDN-Tag`. It takes one tag at a time and knows no soft purges.
#[derive(Debug, Clone)]
pub struct Bunny {
    /// `https://api.bunny.net`, unless a test says otherwise.
    pub api: Uri,
    /// The pull zone's number.
    pub pull_zone: u64,
    /// The account's API key.
    pub access_key: Secret,
    /// Where viewers find what it keeps.
    pub site: Option<Uri>,
}

impl Bunny {
    pub(super) fn requests(&self, batch: &Batch) -> Result<Requests, Unable> {
        requests(self, &self.access_key.token()?, batch)
    }
}

/// `POST /pullzone/{id}/purgeCache`, where a body without `CacheTag` means the whole zone, and `POST /purge?url=…`.
fn requests(bunny: &Bunny, access_key: &str, batch: &Batch) -> Result<Requests, Unable> {
    let zone = below(&bunny.api, &format!("/pullzone/{}/purgeCache", bunny.pull_zone));
    let header = (ACCESS_KEY, access_key);
    if batch.everything {
        return Ok(vec![post_json(zone, header, &json!({}))?]);
    }
    let mut requests = Vec::new();
    for key in &batch.keys {
        let tag = json!({ "CacheTag": key.to_string() });
        requests.push(post_json(&zone, header.clone(), &tag)?);
    }
    for object in &batch.objects {
        let url = on_site(bunny.site.as_ref(), object)?;
        let url = utf8_percent_encode(&url, NON_ALPHANUMERIC);
        let purge = below(&bunny.api, &format!("/purge?url={url}&async=false"));
        requests.push(post_json(purge, header.clone(), &json!({}))?);
    }
    Ok(requests)
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::batch::tests::{batch, songs};

    fn bunny() -> Bunny {
        Bunny {
            api: Uri::from_static("https://api.bunny.net"),
            pull_zone: 643_475,
            access_key: Secret::said("key".to_owned()),
            site: Some(Uri::from_static("https://media.example")),
        }
    }

    /// "Purge by tag" of the page above: one `CacheTag` a request.
    #[test]
    fn each_key_is_a_request() {
        let requests = bunny().requests(&songs(3, false)).expect("requests");
        assert_eq!(requests.len(), 3);
        for (number, request) in requests.iter().enumerate() {
            assert_eq!(request.method(), "POST");
            assert_eq!(request.uri(), "https://api.bunny.net/pullzone/643475/purgeCache");
            assert_eq!(request.headers()["accesskey"], "key");
            assert_eq!(request.headers()["content-type"], "application/json");
            let body: Value = serde_json::from_slice(request.body()).expect("JSON");
            let key = format!("song:0190d2a5-7c1e-7bbb-8123-{number:012}");
            assert_eq!(body, json!({ "CacheTag": key }));
        }
    }

    #[test]
    fn the_whole_zone_is_purged_where_everything_is_meant_and_never_else() {
        let everything = bunny().requests(&batch("{\"everything\":true}")).expect("requests");
        assert_eq!((everything.len(), &everything[0].body()[..]), (1, &b"{}"[..]));
        let cover = format!("/artwork/{}.jpg", "ab".repeat(32));
        let one = bunny().requests(&batch(&format!("{{\"urls\":[\"{cover}\"]}}")));
        let one = &one.expect("requests")[0];
        let query = format!(
            "url=https%3A%2F%2Fmedia%2Eexample%2Fartwork%2F{}%2Ejpg&async=false",
            "ab".repeat(32)
        );
        assert_eq!((one.uri().path(), one.uri().query()), ("/purge", Some(query.as_str())));
    }
}
