//! Akamai's Fast Purge API v3 (<https://techdocs.akamai.com/purge-cache/reference/api>), signed as EdgeGrid says
//! (<https://techdocs.akamai.com/developer/docs/authenticate-with-edgegrid>).

use std::time::SystemTime;

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderValue, Method, Request, Uri};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use time::OffsetDateTime;
use time::macros::format_description;
use uuid::Uuid;

use super::{Requests, Unable, below, on_site};
use crate::batch::Batch;
use crate::secret::{Secret, SecretError};

/// So many tags of at most 48 bytes stay well under a request's 50,000 bytes
/// (<https://techdocs.akamai.com/purge-cache/reference/rate-limiting>), and a minute's tokens (500) do for two.
const MOST: usize = 250;

/// No more of a body is signed.
const SIGNED_BODY: usize = 131_072;

/// What a secret looks like.
const ACCEPTED: &str =
    "a section of .edgerc: client_secret, host, access_token and client_token, a line each";

/// A network of Akamai's, which keeps our `Edge-Cache-Tag`.
#[derive(Debug, Clone)]
pub struct Akamai {
    /// Where to instead of the `host` of the credentials, in a test.
    pub api: Option<Uri>,
    /// Which network.
    pub network: Network,
    /// As `.edgerc` has it, of whoever may purge.
    pub credentials: Secret,
    /// What is purged where everything is meant: a CP code.
    pub cp_code: Option<u64>,
    /// Where viewers find what it keeps.
    pub site: Option<Uri>,
}

/// Which of Akamai's networks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Network {
    /// What viewers see.
    #[default]
    Production,
    /// What is tried out.
    Staging,
}

/// Who asks.
#[derive(Clone)]
pub(super) struct Credentials {
    client_token: String,
    client_secret: String,
    access_token: String,
    host: Uri,
}

impl Akamai {
    pub(super) fn requests(&self, batch: &Batch, now: SystemTime) -> Result<Requests, Unable> {
        let credentials = self.credentials()?;
        let bodies = self.bodies(batch)?;
        let request = |(kind, objects): (&str, Value)| {
            let stamp = Stamp { now, nonce: Uuid::new_v4().to_string() };
            Ok(self.request(batch.soft, kind, &objects, &credentials, &stamp)?)
        };
        bodies.into_iter().map(request).collect()
    }

    pub(super) fn credentials(&self) -> Result<Credentials, SecretError> {
        let text = self.credentials.text()?;
        let unusable = || SecretError::Unusable(ACCEPTED);
        let field = |name| {
            let value = Secret::field(&text, name).map(str::to_owned).ok_or_else(unusable)?;
            let is_plain = value.bytes().all(|byte| byte.is_ascii_graphic() && byte != b';');
            if is_plain { Ok(value) } else { Err(unusable()) }
        };
        let host = field("host")?;
        let host = host.trim_start_matches("https://").trim_end_matches('/');
        Ok(Credentials {
            client_token: field("client_token")?,
            client_secret: field("client_secret")?,
            access_token: field("access_token")?,
            host: format!("https://{host}").parse().map_err(|_| unusable())?,
        })
    }

    /// What is named, by kind: a request names things of one kind.
    fn bodies(&self, batch: &Batch) -> Result<Vec<(&'static str, Value)>, Unable> {
        if batch.everything {
            let missing =
                "all that Akamai keeps is purged by a CP code: the hook's cp_code must be set";
            return Ok(vec![("cpcode", json!([self.cp_code.ok_or(Unable::Cannot(missing))?]))]);
        }
        let tags: Vec<String> = batch.keys.iter().map(|key| tag(&key.to_string())).collect();
        let urls = batch.objects.iter().map(|object| on_site(self.site.as_ref(), object));
        let urls = urls.collect::<Result<Vec<_>, _>>()?;
        let tags = tags.chunks(MOST).map(|tags| ("tag", json!(tags)));
        Ok(tags.chain(urls.chunks(MOST).map(|urls| ("url", json!(urls)))).collect())
    }

    /// `POST /ccu/v3/{delete|invalidate}/{kind}/{network}`.
    fn request(
        &self,
        soft: bool,
        kind: &str,
        objects: &Value,
        credentials: &Credentials,
        stamp: &Stamp,
    ) -> Result<Request<Bytes>, http::Error> {
        let how = if soft { "invalidate" } else { "delete" };
        let network = match self.network {
            Network::Production => "production",
            Network::Staging => "staging",
        };
        let api = self.api.as_ref().unwrap_or(&credentials.host);
        let mut request = Request::builder()
            .method(Method::POST)
            .uri(below(api, &format!("/ccu/v3/{how}/{kind}/{network}")))
            .header(CONTENT_TYPE, "application/json")
            .body(Bytes::from(json!({ "objects": objects }).to_string()))?;
        let authorization = HeaderValue::from_str(&authorization(&request, credentials, stamp))?;
        request.headers_mut().insert(AUTHORIZATION, authorization);
        Ok(request)
    }
}

/// A tag has no colon (<https://techdocs.akamai.com/purge-cache/docs/purge-content-cache-tag>).
fn tag(key: &str) -> String {
    key.replace(':', "-")
}

/// When, and a word that is never said again.
struct Stamp {
    now: SystemTime,
    nonce: String,
}

impl Stamp {
    fn time(&self) -> String {
        let format = format_description!("[year][month][day]T[hour]:[minute]:[second]+0000");
        OffsetDateTime::from(self.now).format(format).unwrap_or_default()
    }
}

/// EdgeGrid's `EG1-HMAC-SHA256`, without signed headers.
fn authorization(request: &Request<Bytes>, credentials: &Credentials, stamp: &Stamp) -> String {
    let (uri, time) = (request.uri(), stamp.time());
    let Credentials { client_token, client_secret, access_token, .. } = credentials;
    let unsigned = format!(
        "EG1-HMAC-SHA256 client_token={client_token};access_token={access_token};timestamp={time};nonce={};",
        stamp.nonce
    );
    let body = request.body();
    let hashed = !body.is_empty() && request.method() == Method::POST;
    let content = if hashed {
        BASE64.encode(Sha256::digest(&body[..body.len().min(SIGNED_BODY)]))
    } else {
        String::new()
    };
    let target = uri.path_and_query().map_or("/", |target| target.as_str());
    let authority = uri.authority().map_or("", |authority| authority.as_str());
    let scheme = uri.scheme_str().unwrap_or("https");
    let signed =
        [request.method().as_str(), scheme, authority, target, "", &content, &unsigned].join("\t");
    let key = mac(client_secret.as_bytes(), &time);
    format!("{unsigned}signature={}", mac(key.as_bytes(), &signed))
}

fn mac(key: &[u8], text: &str) -> String {
    BASE64.encode(hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), text.as_bytes()))
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use super::*;
    use crate::batch::tests::{at, batch, songs};

    const EDGERC: &str = "[default]\n\
        client_secret = xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx=\n\
        host = akaa-baseurl-xxxxxxxxxxx-xxxxxxxxxxxxx.luna.akamaiapis.net\n\
        access_token = akab-access-token-xxx-xxxxxxxxxxxxxxxx\n\
        client_token = akab-client-token-xxx-xxxxxxxxxxxxxxxx\n";

    fn akamai() -> Akamai {
        Akamai {
            api: None,
            network: Network::Production,
            credentials: Secret::said(EDGERC.to_owned()),
            cp_code: Some(12_345),
            site: Some(Uri::from_static("https://media.example")),
        }
    }

    /// Akamai's own examples (`testcases.json` of AkamaiOPEN-edgegrid-python): client secret, nonce and time are those of
    /// its test.
    #[test]
    fn signatures_are_those_of_akamais_examples() {
        let stamp = Stamp {
            now: UNIX_EPOCH + Duration::from_secs(1_395_430_461),
            nonce: "nonce-xx-xxxx-xxxx-xxxx-xxxxxxxxxxxx".to_owned(),
        };
        let credentials = akamai().credentials().expect("credentials");
        let host = "https://akaa-baseurl-xxxxxxxxxxx-xxxxxxxxxxxxx.luna.akamaiapis.net";
        let data = "datadatadatadatadatadatadatadata";
        for (method, path, body, signature) in [
            ("GET", "/", "", "tL+y4hxyHxgWVD30X3pWnGKHcPzmrIF+LThiAOhMxYU="),
            ("GET", "/testapi/v1/t1?p1=1&p2=2", "", "hKDH1UlnQySSHjvIcZpDMbQHihTQ0XyVAKZaApabdeA="),
            ("POST", "/testapi/v1/t3", data, "hXm4iCxtpN22m4cbZb4lVLW5rhX8Ca82vCFqXzSTPe4="),
            ("POST", "/testapi/v1/t6", "", "1gEDxeQGD5GovIkJJGcBaKnZ+VaPtrc4qBUHixjsPCQ="),
        ] {
            let request = Request::builder().method(method).uri(format!("{host}{path}"));
            let request = request.body(Bytes::from(body)).expect("a request");
            let expected = format!(
                "EG1-HMAC-SHA256 client_token=akab-client-token-xxx-xxxxxxxxxxxxxxxx;\
                 access_token=akab-access-token-xxx-xxxxxxxxxxxxxxxx;\
                 timestamp=20140321T19:34:21+0000;nonce=nonce-xx-xxxx-xxxx-xxxx-xxxxxxxxxxxx;\
                 signature={signature}"
            );
            assert_eq!(authorization(&request, &credentials, &stamp), expected, "{method} {path}");
        }
    }

    #[test]
    fn tags_have_no_colon_and_requests_no_more_than_they_may() {
        let requests = akamai().requests(&songs(600, false), at()).expect("requests");
        let sizes = requests.iter().map(|request| {
            assert_eq!(request.method(), "POST");
            assert_eq!(request.uri().path(), "/ccu/v3/delete/tag/production");
            assert!(request.body().len() < 50_000);
            let body: Value = serde_json::from_slice(request.body()).expect("JSON");
            let tags = body["objects"].as_array().expect("tags").clone();
            assert!(tags.iter().all(|tag| !tag.as_str().expect("text").contains(':')));
            tags.len()
        });
        assert_eq!(sizes.collect::<Vec<_>>(), [250, 250, 100]);
        let nonce = |request: &Request<Bytes>| {
            let said = request.headers()["authorization"].to_str().expect("text").to_owned();
            said.split("nonce=").nth(1).expect("a nonce")[..36].to_owned()
        };
        assert_ne!(nonce(&requests[0]), nonce(&requests[1]));
    }

    #[test]
    fn soft_is_invalidate_and_everything_is_a_cp_code() {
        let staging = Akamai { network: Network::Staging, ..akamai() };
        let requests = staging.requests(&songs(1, true), at()).expect("requests");
        assert_eq!(requests[0].uri().path(), "/ccu/v3/invalidate/tag/staging");
        let everything = batch("{\"everything\":true}");
        let requests = akamai().requests(&everything, at()).expect("requests");
        assert_eq!(requests[0].uri().path(), "/ccu/v3/delete/cpcode/production");
        assert_eq!(&requests[0].body()[..], br#"{"objects":[12345]}"#);
        let error = Akamai { cp_code: None, ..akamai() }.requests(&everything, at());
        assert!(error.expect_err("no code").to_string().contains("cp_code must be set"));
        let cover = format!("/artwork/{}.jpg", "ab".repeat(32));
        let requests = akamai().requests(&batch(&format!("{{\"urls\":[\"{cover}\"]}}")), at());
        let requests = requests.expect("requests");
        assert_eq!(requests[0].uri().path(), "/ccu/v3/delete/url/production");
        let body: Value = serde_json::from_slice(requests[0].body()).expect("JSON");
        assert_eq!(body, json!({"objects": [format!("https://media.example{cover}")]}));
    }

    #[test]
    fn credentials_are_a_section_of_edgerc() {
        for missing in ["client_secret", "host", "access_token", "client_token"] {
            let text = EDGERC.replace(missing, "other");
            let error = Akamai { credentials: Secret::said(text), ..akamai() }.credentials();
            let error = error.err().expect(missing).to_string();
            assert!(error.contains(".edgerc") && !error.contains("xxxxxx="), "{error}");
        }
    }
}
