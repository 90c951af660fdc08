//! What requests and answers say in their heads.

use std::time::{Duration, UNIX_EPOCH};

use axum::body::Body;
use axum::http::header::CACHE_CONTROL;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::Response;
use media::UploadId;
use service::Problem;

use catalogue::Became;

use super::Standing;

pub(super) const LENGTH: &str = "Upload-Length";
pub(super) const OFFSET: &str = "Upload-Offset";
pub(super) const METADATA: &str = "Upload-Metadata";
pub(super) const CONCAT: &str = "Upload-Concat";
pub(super) const CHECKSUM: &str = "Upload-Checksum";

const UPLOAD_LENGTH: HeaderName = HeaderName::from_static("upload-length");
const UPLOAD_OFFSET: HeaderName = HeaderName::from_static("upload-offset");
const UPLOAD_METADATA: HeaderName = HeaderName::from_static("upload-metadata");
const UPLOAD_CONCAT: HeaderName = HeaderName::from_static("upload-concat");
const UPLOAD_EXPIRES: HeaderName = HeaderName::from_static("upload-expires");

/// Names it, too, where it was there already.
const SEGUE_DUPLICATE_OF: HeaderName = HeaderName::from_static("segue-duplicate-of");

/// Names what an upload became: a song's id.
const SEGUE_SONG: HeaderName = HeaderName::from_static("segue-song");

/// The longest that any of them may be, in bytes.
const LONGEST: usize = 8 * 1_024;

/// Where an upload is.
pub(super) fn path(id: UploadId) -> String {
    format!("/v1/uploads/{id}")
}

/// A header as text, if it is there: once, and in ASCII.
pub(super) fn text<'h>(headers: &'h HeaderMap, name: &str) -> Result<Option<&'h str>, Problem> {
    let mut values = headers.get_all(name).iter();
    let (Some(value), None) = (values.next(), values.next()) else {
        return if headers.contains_key(name) { Err(twice(name)) } else { Ok(None) };
    };
    let text = value.to_str().ok().filter(|text| text.len() <= LONGEST);
    let detail = || format!("{name} cannot be read; accepted are up to {LONGEST} bytes of ASCII.");
    text.map(|text| Some(text.trim())).ok_or_else(|| Problem::field(name, detail()))
}

fn twice(name: &str) -> Problem {
    Problem::field(name, format!("{name} was sent twice; accepted is one."))
}

/// A header that says a number of bytes, and must be there.
pub(super) fn number(headers: &HeaderMap, name: &str) -> Result<u64, Problem> {
    let text = text(headers, name)?;
    let digits = |text: &&str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let number = text.filter(digits).and_then(|text| text.parse().ok());
    // What the databases hold.
    let number = number.filter(|number| i64::try_from(*number).is_ok());
    number.ok_or_else(|| {
        let detail = format!("{name} is missing, or is not a number of bytes, such as 1048576.");
        Problem::new(StatusCode::BAD_REQUEST, "invalid-upload-header", detail)
    })
}

/// What tells how far an upload is.
pub(super) fn told(status: StatusCode, standing: &Standing) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.extend(no_store());
    headers.insert(UPLOAD_OFFSET, standing.offset.into());
    match standing.song {
        Some(Became { song, is_duplicate }) => {
            say(headers, SEGUE_SONG, &song.to_string());
            if is_duplicate {
                say(headers, SEGUE_DUPLICATE_OF, &song.to_string());
            }
        }
        None => say(headers, UPLOAD_EXPIRES, &date(standing.upload.expires_ms)),
    }
    response
}

/// The same, with what was said when it began.
pub(super) fn told_in_full(standing: &Standing) -> Response<Body> {
    let mut response = told(StatusCode::OK, standing);
    let (headers, upload) = (response.headers_mut(), &standing.upload);
    headers.insert(UPLOAD_LENGTH, upload.length.into());
    if !upload.metadata.is_empty() {
        say(headers, UPLOAD_METADATA, &upload.metadata);
    }
    if let Some(concat) = &upload.concat {
        say(headers, UPLOAD_CONCAT, concat);
    }
    response
}

/// How much has come is true for a moment.
pub(super) fn no_store() -> HeaderMap {
    HeaderMap::from_iter([(CACHE_CONTROL, HeaderValue::from_static("no-store"))])
}

fn say(headers: &mut HeaderMap, name: HeaderName, text: &str) {
    headers.insert(name, HeaderValue::from_str(text).expect("it was a header, or is our own"));
}

/// As RFC 9110 5.6.7 writes it.
fn date(ms: u64) -> String {
    httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_millis(ms))
}
