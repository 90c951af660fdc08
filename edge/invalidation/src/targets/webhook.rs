//! A POST of one purge, signed by Standard Webhooks 1.0.0
//! (<https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md>).

use std::time::{SystemTime, UNIX_EPOCH};

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderName};
use http::{Method, Request, Uri};
use serde_json::json;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::{Requests, Unable};
use crate::batch::{Batch, Reason};
use crate::secret::{Secret, SecretError};

const ID: HeaderName = HeaderName::from_static("webhook-id");
const TIMESTAMP: HeaderName = HeaderName::from_static("webhook-timestamp");
const SIGNATURE: HeaderName = HeaderName::from_static("webhook-signature");

/// What a secret looks like; several are all signed with, while one succeeds another.
pub const ACCEPTED: &str = "a line for each secret, whsec_ and 24 to 64 bytes in Base64";

/// Whoever takes a webhook.
#[derive(Debug, Clone)]
pub struct Webhook {
    /// Where.
    pub url: Uri,
    /// `whsec_…`, a line for each: the receiver accepts a message that any of them signed.
    pub secrets: Secret,
}

impl Webhook {
    pub(super) fn requests(&self, batch: &Batch, now: SystemTime) -> Result<Requests, Unable> {
        let keys = self.keys()?;
        batch.reasons.iter().map(|reason| Ok(request(&self.url, &keys, reason, now)?)).collect()
    }

    /// What it is signed with.
    pub(super) fn keys(&self) -> Result<Vec<hmac::Key>, SecretError> {
        let text = self.secrets.text()?;
        let keys: Option<Vec<hmac::Key>> = text.split_whitespace().map(key).collect();
        keys.filter(|keys| !keys.is_empty()).ok_or(SecretError::Unusable(ACCEPTED))
    }
}

fn key(secret: &str) -> Option<hmac::Key> {
    let bytes = BASE64.decode(secret.strip_prefix("whsec_")?).ok()?;
    (24..=64).contains(&bytes.len()).then(|| hmac::Key::new(hmac::HMAC_SHA256, &bytes))
}

/// The message's id is the event's: whoever hears it twice hears one message. An event that is told anew is another
/// message.
fn request(
    url: &Uri,
    keys: &[hmac::Key],
    reason: &Reason,
    now: SystemTime,
) -> Result<Request<Bytes>, http::Error> {
    let at = OffsetDateTime::from(reason.at).format(&Rfc3339).unwrap_or_default();
    let body = json!({
        "type": "cache.purge",
        "timestamp": at,
        "data": { "id": reason.event, "cause": reason.cause, "purge": reason.purge },
    })
    .to_string();
    let id = match reason.round {
        0 => reason.event.to_string(),
        round => format!("{}-{round}", reason.event),
    };
    let timestamp = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    Request::builder()
        .method(Method::POST)
        .uri(url)
        .header(CONTENT_TYPE, "application/json")
        .header(SIGNATURE, signatures(keys, &id, timestamp, body.as_bytes()))
        .header(ID, id)
        .header(TIMESTAMP, timestamp)
        .body(Bytes::from(body))
}

fn signatures(keys: &[hmac::Key], id: &str, timestamp: u64, body: &[u8]) -> String {
    let signed = [format!("{id}.{timestamp}.").as_bytes(), body].concat();
    let signature = |key| format!("v1,{}", BASE64.encode(hmac::sign(key, &signed)));
    keys.iter().map(signature).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::batch::tests::{EVENT, SONG, at, batch, reason};

    const SECRET_TEXT: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

    fn webhook(secrets: &str) -> Webhook {
        let url = Uri::from_static("https://hooks.example/segue?x=1");
        Webhook { url, secrets: Secret::said(secrets.to_owned()) }
    }

    /// The example of the reference libraries' own tests (`libraries/*/…webhook_test`).
    #[test]
    fn signatures_are_those_of_the_published_example() {
        let keys = webhook(SECRET_TEXT).keys().expect("keys");
        let id = "msg_p5jXN8AQM9LWM0D4loKWxJek";
        let signed = signatures(&keys, id, 1_614_265_330, br#"{"test": 2432232314}"#);
        assert_eq!(signed, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn a_message_is_one_purge_and_keeps_its_id() {
        let purge = format!("{{\"keys\":[\"{SONG}\"]}}");
        let requests = webhook(SECRET_TEXT).requests(&batch(&purge), at()).expect("requests");
        let [request] = &requests[..] else { panic!("one request") };
        assert_eq!((request.method(), request.uri().query()), (&Method::POST, Some("x=1")));
        assert_eq!(request.headers()["webhook-id"], EVENT.to_string());
        assert_eq!(request.headers()["webhook-timestamp"], "1735787045");
        let body: Value = serde_json::from_slice(request.body()).expect("JSON");
        let purge = json!({ "keys": [SONG] });
        assert_eq!(
            body,
            json!({
                "type": "cache.purge", "timestamp": "2025-01-02T03:04:05Z",
                "data": { "id": EVENT, "cause": "purge", "purge": purge },
            })
        );
        let again =
            Batch::of(vec![Reason { round: 2, ..reason(&format!("{{\"keys\":[\"{SONG}\"]}}")) }]);
        let requests = webhook(SECRET_TEXT).requests(&again, at()).expect("requests");
        assert_eq!(requests[0].headers()["webhook-id"], format!("{EVENT}-2"));
    }

    #[test]
    fn while_secrets_succeed_each_other_both_sign() {
        let other = format!("whsec_{}", BASE64.encode([7; 32]));
        let both = webhook(&format!("{other}\n{SECRET_TEXT}\n"));
        let request = &both.requests(&batch("{\"everything\":true}"), at()).expect("requests")[0];
        let signatures = request.headers()["webhook-signature"].to_str().expect("text");
        let [first, second] = signatures.split(' ').collect::<Vec<_>>()[..] else {
            panic!("{signatures}")
        };
        let alone = |secret: &str| {
            let request = webhook(secret).requests(&batch("{\"everything\":true}"), at());
            request.expect("requests")[0].headers()["webhook-signature"].clone()
        };
        assert_eq!(
            (alone(&other), alone(SECRET_TEXT)),
            (first.parse().expect("a value"), second.parse().expect("a value"))
        );
    }

    #[test]
    fn other_secrets_are_refused_and_not_repeated() {
        let short = format!("whsec_{}", BASE64.encode([7; 23]));
        let long = format!("whsec_{}", BASE64.encode([7; 65]));
        for wrong in ["", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_!", &short, &long] {
            let error = webhook(wrong).keys().expect_err(wrong).to_string();
            assert!(error.contains("whsec_ and 24 to 64 bytes"), "{error}");
            assert!(wrong.len() < 10 || !error.contains(wrong), "{error}");
        }
    }
}
