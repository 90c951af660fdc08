//! Key sets as operators may come to have them.

use serde_json::{Value, json};
use token::VerifyingKeys;

use super::es256::Minter;

/// Key sets, and the names of the keys that are read from each; null where it is refused.
pub(crate) fn read() -> Vec<Value> {
    const X: &str = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
    let minter = Minter::generate();
    let p256 = minter.keys().to_jwks();
    let p256 = p256.trim_start_matches("{\"keys\":[").trim_end_matches("]}");
    let ed = |extra: &str, x: &str| {
        format!(r#"{{"kty":"OKP","crv":"Ed25519","kid":"a",{extra}"x":"{x}"}}"#)
    };
    let good = ed("", X);
    let rsa = r#"{"kty":"RSA","kid":"r","n":"AAAA","e":"AQAB"}"#;
    let sets = [
        good.clone(),
        p256.to_owned(),
        format!("{good},{p256}"),
        format!("{good},{rsa}"),
        format!("{good},{good}"),
        String::new(),
        rsa.to_owned(),
        r#"{"kty":"oct","kid":"o","k":"AAAA"}"#.to_owned(),
        ed("", "AAAA"),
        ed("", "*"),
        ed("", &format!("{X}=")),
        ed(r#""alg":"HS256","#, X),
        ed(r#""alg":"ES256","#, X),
        ed(r#""alg":"EdDSA","#, X),
        ed(r#""use":"enc","#, X),
        ed(r#""use":"sig","#, X),
        ed("", X).replace("\"kid\":\"a\",", ""),
        p256.replace("ES256", "EdDSA"),
        p256.replace("P-256", "P-384"),
    ];
    let whole = sets.into_iter().map(|keys| format!(r#"{{"keys":[{keys}]}}"#));
    let others = ["", "[]", "{}", "null", "{\"keys\":{}}", "{\"keys\":[1]}"].map(str::to_owned);
    whole
        .chain(others)
        .map(|json| {
            let read = VerifyingKeys::from_jwks(&json).ok();
            let kids = read.as_ref().map(VerifyingKeys::kids);
            json!({ "json": json, "kids": kids })
        })
        .collect()
}
