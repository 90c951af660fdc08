//! Amazon CloudFront's `CreateInvalidation`, API 2020-05-31:
//! <https://docs.aws.amazon.com/cloudfront/latest/APIReference/API_CreateInvalidation.html>.

use std::collections::BTreeSet;
use std::time::SystemTime;

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{Method, Request, Uri};

use super::{Requests, Unable, below};
use crate::batch::Batch;
use crate::secret::{Secret, SecretError};

/// CloudFront is everywhere, but signed for there.
const REGION: &str = "us-east-1";

/// As many paths with a `*` at their end may be in progress at once
/// (<https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/cloudfront-limits.html>).
const MOST_PATHS: usize = 15;

/// What a secret looks like.
const ACCEPTED: &str =
    "lines with aws_access_key_id = …, aws_secret_access_key = … and perhaps aws_session_token = …";

/// A distribution of CloudFront's. It knows paths, no surrogate keys and no soft purges.
#[derive(Debug, Clone)]
pub struct CloudFront {
    /// `https://cloudfront.amazonaws.com`, unless a test says otherwise.
    pub api: Uri,
    /// The distribution's id.
    pub distribution: String,
    /// As a file of AWS's credentials has it, of whoever may `cloudfront:CreateInvalidation`.
    pub credentials: Secret,
}

impl CloudFront {
    pub(super) fn requests(&self, batch: &Batch, now: SystemTime) -> Result<Requests, Unable> {
        let credentials = self.credentials()?;
        let paths: Vec<String> = paths(batch).into_iter().collect();
        let parts = paths.chunks(MOST_PATHS).enumerate();
        parts.map(|(part, paths)| self.request(batch, (part, paths), &credentials, now)).collect()
    }

    pub(super) fn credentials(&self) -> Result<Credentials, SecretError> {
        let text = self.credentials.text()?;
        let field = |name| Secret::field(&text, name).map(str::to_owned);
        let id = field("aws_access_key_id").ok_or(SecretError::Unusable(ACCEPTED))?;
        let key = field("aws_secret_access_key").ok_or(SecretError::Unusable(ACCEPTED))?;
        Ok(Credentials::new(id, key, field("aws_session_token"), None, "segue"))
    }

    fn request(
        &self,
        batch: &Batch,
        (part, paths): (usize, &[String]),
        credentials: &Credentials,
        now: SystemTime,
    ) -> Result<Request<Bytes>, Unable> {
        let reference = match part {
            0 => batch.reference(),
            part => format!("{}.{part}", batch.reference()),
        };
        let path = format!("/2020-05-31/distribution/{}/invalidation", self.distribution);
        let mut request = Request::builder()
            .method(Method::POST)
            .uri(below(&self.api, &path))
            .header(CONTENT_TYPE, "application/xml")
            .body(Bytes::from(xml(&reference, paths)))?;
        signed(&mut request, credentials, now)?;
        Ok(request)
    }
}

/// What a batch comes to in paths: each names all below it.
fn paths(batch: &Batch) -> BTreeSet<String> {
    if batch.everything {
        return BTreeSet::from(["/*".to_owned()]);
    }
    let objects = batch.objects.iter().map(|object| format!("/{object}"));
    if batch.anywhere {
        return objects.chain(["/artist/*".to_owned()]).collect();
    }
    let folders = batch.folders.iter().map(|folder| format!("/{}/*", String::from(*folder)));
    objects.chain(folders).collect()
}

/// Neither ids nor hashes, of which paths are made, hold anything that XML would escape.
fn xml(reference: &str, paths: &[String]) -> String {
    let items: String = paths.iter().map(|path| format!("<Path>{path}</Path>")).collect();
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\
         <InvalidationBatch xmlns=\"http://cloudfront.amazonaws.com/doc/2020-05-31/\">\
         <CallerReference>{reference}</CallerReference>\
         <Paths><Items>{items}</Items><Quantity>{}</Quantity></Paths></InvalidationBatch>",
        paths.len()
    )
}

/// Signature Version 4.
fn signed(
    request: &mut Request<Bytes>,
    credentials: &Credentials,
    now: SystemTime,
) -> Result<(), Unable> {
    let identity = credentials.clone().into();
    let parameters = v4::SigningParams::builder()
        .identity(&identity)
        .region(REGION)
        .name("cloudfront")
        .time(now)
        .settings(SigningSettings::default())
        .build()
        .map_err(|_| Unable::Signing)?
        .into();
    let url = request.uri().to_string();
    let headers = [("content-type", "application/xml")];
    let body = SignableBody::Bytes(request.body());
    let signable = SignableRequest::new("POST", &url, headers.into_iter(), body);
    let signable = signable.map_err(|_| Unable::Signing)?;
    let (instructions, _) = sign(signable, &parameters).map_err(|_| Unable::Signing)?.into_parts();
    instructions.apply_to_request_http1x(request);
    Ok(())
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::hmac;
    use origin::PathPrefix;
    use roxmltree::Document;
    use sha2::{Digest, Sha256};

    use super::*;
    use crate::batch::tests::{EVENT, FOLDER, SONG, at, batch, songs};

    const KEY: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

    fn cloudfront() -> CloudFront {
        let credentials =
            format!("[default]\naws_access_key_id = AKIDEXAMPLE\naws_secret_access_key = {KEY}\n");
        CloudFront {
            api: Uri::from_static("https://cloudfront.amazonaws.com"),
            distribution: "EDFDVBD632BHDS5".to_owned(),
            credentials: Secret::said(credentials),
        }
    }

    fn located(folder: &str) -> Batch {
        let mut batch = batch(&format!("{{\"keys\":[\"{SONG}\"]}}"));
        batch.found([folder.parse::<PathPrefix>().expect("a folder")]);
        batch
    }

    /// Caller reference, quantity and paths.
    fn told(request: &Request<Bytes>) -> (String, String, Vec<String>) {
        let text = std::str::from_utf8(request.body()).expect("text");
        let document = Document::parse(text).expect("XML");
        let root = document.root_element();
        let space = "http://cloudfront.amazonaws.com/doc/2020-05-31/";
        assert!(root.has_tag_name((space, "InvalidationBatch")));
        let texts = |name: &str| -> Vec<String> {
            let nodes = root.descendants().filter(|node| node.has_tag_name((space, name)));
            nodes.filter_map(|node| node.text().map(str::to_owned)).collect()
        };
        (texts("CallerReference").remove(0), texts("Quantity").remove(0), texts("Path"))
    }

    #[test]
    fn an_invalidation_has_the_events_id_and_the_songs_folder() {
        let song = FOLDER.rsplit_once('/').expect("a folder").0;
        let requests = cloudfront().requests(&located(song), at()).expect("requests");
        let [request] = &requests[..] else { panic!("one request") };
        assert_eq!(request.method(), "POST");
        assert_eq!(
            request.uri(),
            "https://cloudfront.amazonaws.com/2020-05-31/distribution/EDFDVBD632BHDS5/invalidation"
        );
        let path = format!("/{song}/*");
        assert_eq!(told(request), (EVENT.to_string(), "1".to_owned(), vec![path]));
    }

    #[test]
    fn what_lies_nobody_knows_where_is_purged_everywhere() {
        let mut batch = batch(&format!("{{\"keys\":[\"{SONG}\"]}}"));
        batch.found([]);
        let requests = cloudfront().requests(&batch, at()).expect("requests");
        assert_eq!(told(&requests[0]).2, ["/artist/*"]);
        let everything = super::super::super::batch::tests::batch("{\"everything\":true}");
        let requests = cloudfront().requests(&everything, at()).expect("requests");
        assert_eq!(told(&requests[0]).2, ["/*"]);
    }

    #[test]
    fn no_more_wildcards_than_may_be_in_progress() {
        let mut batch = songs(20, false);
        for song in 0..20 {
            let song = FOLDER
                .rsplit_once('/')
                .expect("a folder")
                .0
                .replace("000003", &format!("{song:06}"));
            batch.found([song.parse::<PathPrefix>().expect("a folder")]);
        }
        let requests = cloudfront().requests(&batch, at()).expect("requests");
        let told: Vec<_> = requests.iter().map(told).collect();
        assert_eq!(told.iter().map(|told| told.1.as_str()).collect::<Vec<_>>(), ["15", "5"]);
        assert_eq!(told[1].0, format!("{}.1", told[0].0));
    }

    /// Computed anew from the description of Signature Version 4
    /// (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html>), headers as they
    /// are sent.
    #[test]
    fn the_signature_is_aws_s() {
        let request = &cloudfront().requests(&located(FOLDER), at()).expect("requests")[0];
        let said = request.headers()["authorization"].to_str().expect("text");
        assert_eq!(request.headers()["x-amz-date"], "20250102T030405Z");
        let field = |name: &str| {
            let from = said.split_once(&format!("{name}=")).expect("a field").1;
            from.split(", ").next().expect("a value")
        };
        let scope = "20250102/us-east-1/cloudfront/aws4_request";
        assert!(said.starts_with("AWS4-HMAC-SHA256 "));
        assert_eq!(field("Credential"), format!("AKIDEXAMPLE/{scope}"));
        let names = field("SignedHeaders");
        assert!(names.split(';').any(|name| name == "host"));
        assert!(names.split(';').any(|name| name == "x-amz-date"));
        let headers = names.split(';').map(|name| {
            let value = match name {
                "host" => request.uri().authority().expect("a host").as_str(),
                name => request.headers()[name].to_str().expect("text"),
            };
            format!("{name}:{value}\n")
        });
        let hash = |text: &[u8]| hex::encode(Sha256::digest(text));
        let headers: String = headers.collect();
        let canonical = format!(
            "POST\n{}\n\n{headers}\n{names}\n{}",
            request.uri().path(),
            hash(request.body())
        );
        let to_sign =
            format!("AWS4-HMAC-SHA256\n20250102T030405Z\n{scope}\n{}", hash(canonical.as_bytes()));
        let step = |key: &[u8], text: &str| {
            let key = hmac::Key::new(hmac::HMAC_SHA256, key);
            hmac::sign(&key, text.as_bytes()).as_ref().to_vec()
        };
        let key = step(format!("AWS4{KEY}").as_bytes(), "20250102");
        let key = step(&step(&step(&key, "us-east-1"), "cloudfront"), "aws4_request");
        assert_eq!(field("Signature"), hex::encode(step(&key, &to_sign)));
    }

    #[test]
    fn credentials_are_as_aws_writes_them() {
        let with =
            |text: &str| CloudFront { credentials: Secret::said(text.to_owned()), ..cloudfront() };
        for wrong in ["", "AKIDEXAMPLE:secret", "aws_access_key_id = AKIDEXAMPLE"] {
            let error = with(wrong).credentials().expect_err(wrong).to_string();
            assert!(error.contains("aws_secret_access_key = …"), "{error}");
        }
        let session = "aws_access_key_id=A\naws_secret_access_key=B\naws_session_token=C";
        let requests = with(session).requests(&located(FOLDER), at()).expect("requests");
        assert_eq!(requests[0].headers()["x-amz-security-token"], "C");
    }
}
