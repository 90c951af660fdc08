//! The compact JWS (RFC 7515 7.1) that both kinds of token are.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::Algorithm;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::key::{SigningKey, VerifyingKeys};
use crate::refusal::Refusal;

/// Longer than any token that we mint: what is longer is not even parsed.
pub(crate) const MAX_LENGTH: usize = 2_048;

/// The whole header. Anything more (`crit`, `jwk`, `jku`, `b64` …) is refused: it could only ask
/// for something that we don't do.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header<'a> {
    alg: &'a str,
    kid: &'a str,
    typ: &'a str,
}

/// Signs `claims` as a token of the kind `typ`.
pub(crate) fn sign(key: &SigningKey, typ: &str, claims: &impl Serialize) -> String {
    let mut token = part(&Header { alg: "EdDSA", kid: key.kid(), typ });
    token.push('.');
    token.push_str(&part(claims));
    let signature = key.sign(token.as_bytes());
    token.push('.');
    URL_SAFE_NO_PAD.encode_string(signature, &mut token);
    token
}

/// The claims of a token of the kind `typ` that one of `keys` signed. Nothing of the claims is
/// parsed before the signature holds.
pub(crate) fn open<T: DeserializeOwned>(
    keys: &VerifyingKeys,
    typ: &str,
    token: &str,
) -> Result<T, Refusal> {
    if token.is_empty() {
        return Err(Refusal::Missing);
    }
    if token.len() > MAX_LENGTH {
        return Err(Refusal::Malformed);
    }
    let (message, signature) = token.rsplit_once('.').ok_or(Refusal::Malformed)?;
    let (header, claims) = message.split_once('.').ok_or(Refusal::Malformed)?;
    if claims.contains('.') {
        return Err(Refusal::Malformed);
    }
    check_signature(keys, typ, header, message, signature)?;
    object(&decode(claims)?)
}

/// Header and claims are JSON objects (RFC 7515 4, RFC 7519 4); of a list, serde would take the values in their order.
fn object<'a, T: Deserialize<'a>>(json: &'a [u8]) -> Result<T, Refusal> {
    if json.trim_ascii_start().first() != Some(&b'{') {
        return Err(Refusal::Malformed);
    }
    serde_json::from_slice(json).map_err(|_| Refusal::Malformed)
}

fn check_signature(
    keys: &VerifyingKeys,
    typ: &str,
    header: &str,
    message: &str,
    signature: &str,
) -> Result<(), Refusal> {
    let header = decode(header)?;
    let header: Header<'_> = object(&header)?;
    let algorithm = match header.alg {
        "EdDSA" => Algorithm::EdDSA,
        "ES256" => Algorithm::ES256,
        _ => return Err(Refusal::UnknownAlg),
    };
    if header.typ != typ {
        return Err(Refusal::WrongType);
    }
    let key = keys.find(header.kid).ok_or(Refusal::UnknownKey)?;
    if key.algorithm != algorithm {
        return Err(Refusal::WrongAlg);
    }
    match jsonwebtoken::crypto::verify(signature, message.as_bytes(), &key.key, key.algorithm) {
        Ok(true) => Ok(()),
        Ok(false) => Err(Refusal::BadSignature),
        Err(_) => Err(Refusal::Malformed),
    }
}

fn part(value: &impl Serialize) -> String {
    URL_SAFE_NO_PAD.encode(serde_json::to_vec(value).expect("claims are plain JSON"))
}

fn decode(part: &str) -> Result<Vec<u8>, Refusal> {
    URL_SAFE_NO_PAD.decode(part).map_err(|_| Refusal::Malformed)
}
