//! Logging in by a provider of OpenID Connect, a real one.

use std::time::{Duration, SystemTime};

use catalogue::identities::Newcomer;
use catalogue::{Identity, User};
use media::UserId;
use reqwest::Url;
use segue_api::{OidcClient, Options, Registration};
use serde_json::{Value, json};
use uuid::Uuid;

use super::oidc_provider::{At, OidcProvider, visit};
use super::{PASSWORD, Stage, registration, tokens};
use crate::bench::{Answer, Bench};

/// Where a bench's public URL is, and below it.
const PAGE: &str = "https://music.example/cdn/";
const CALLBACK: &str = "https://music.example/cdn/v1/sessions/oidc/callback";

/// A login that has begun in a browser.
struct Begun {
    cookie: String,
    to: String,
}

impl Stage {
    /// Beside a provider, at the time that it has.
    async fn beside(decide: impl FnOnce(Options) -> Options) -> (Self, OidcProvider) {
        let provider = OidcProvider::start(CALLBACK);
        let oidc = Some(provider.client());
        let decide = |options| decide(Options { oidc, ..options });
        (Self(Bench::at(SystemTime::now(), decide).await), provider)
    }

    async fn begin(&self) -> Begun {
        let answer = self.0.ask("GET /v1/sessions/oidc").await;
        assert_eq!(answer.status, 302, "{}", answer.body);
        assert_eq!(answer.headers["cache-control"], "no-store");
        let cookie = answer.headers["set-cookie"].to_str().unwrap();
        assert!(cookie.ends_with("; HttpOnly; SameSite=Lax; Secure"), "{cookie}");
        assert!(cookie.contains("; Path=/cdn/v1/sessions/oidc; Max-Age=600;"), "{cookie}");
        let cookie = cookie.split(';').next().unwrap().to_owned();
        Begun { cookie, to: answer.headers["location"].to_str().unwrap().to_owned() }
    }

    /// The provider sends a browser back.
    async fn back(&self, url: &Url, cookie: &str) -> Answer {
        assert!(url.as_str().starts_with(CALLBACK), "{url}");
        let path = format!("GET /v1/sessions/oidc/callback?{}", url.query().unwrap());
        self.0.ask(&path).with("cookie", cookie).await
    }

    /// What the page takes for a session.
    async fn code(&self, name: &str) -> (String, String) {
        let begun = self.begin().await;
        let url = visit(&begun.to, At::LogsIn(name)).await;
        (code(&self.back(&url, &begun.cookie).await), begun.cookie)
    }

    async fn take(&self, code: &str, cookie: &str) -> Answer {
        let ask = self.0.ask("POST /v1/sessions/oidc").with("cookie", cookie);
        ask.json(&json!({"code": code})).await
    }

    /// Logs in by the provider; answers an access token.
    async fn enter(&self, name: &str) -> String {
        let (code, cookie) = self.code(name).await;
        let answer = self.take(&code, &cookie).await;
        assert_eq!(answer.status, 201, "{}", answer.body);
        tokens(&answer.body).0
    }

    /// Logs in by the provider; answers who they are here.
    async fn come(&self, name: &str) -> Value {
        let access = self.enter(name).await;
        let (status, me) = self.ask(("GET", "/v1/users/me"), Some(&access), None).await;
        assert_eq!(status, 200, "{me}");
        me
    }
}

fn code(answer: &Answer) -> String {
    assert_eq!(answer.status, 302, "{}", answer.body);
    let to = answer.headers["location"].to_str().unwrap();
    to.strip_prefix(PAGE).and_then(|to| to.strip_prefix("#login=")).expect(to).to_owned()
}

fn with(url: &str, name: &str, value: &str) -> String {
    let mut url: Url = url.parse().unwrap();
    let kept: Vec<_> = url.query_pairs().into_owned().filter(|(of, _)| of != name).collect();
    url.query_pairs_mut().clear().extend_pairs(kept).append_pair(name, value);
    url.into()
}

fn told(answer: &Answer) -> (u16, &str) {
    (answer.status, answer.problem())
}

#[tokio::test]
async fn whoever_the_provider_vouches_for_is_logged_in_and_known_again() {
    let (stage, provider) = Stage::beside(|options| options).await;
    let ann = stage.come("ann").await;
    assert_eq!(ann["username"], "ann");
    assert_eq!(ann["email"], "ann@music.example");
    assert_eq!(ann["display_name"], "The ann");
    assert_eq!((&ann["role"], &ann["plan"]), (&json!("listener"), &json!("free")));
    assert_eq!(stage.come("ann").await["id"], ann["id"]);
    let bob = stage.come("bob").await;
    assert_ne!(bob["id"], ann["id"]);
    let id = UserId::new(ann["id"].as_str().unwrap().parse().unwrap());
    let document = stage.catalogue.export(id).await.unwrap().unwrap();
    assert_eq!(document["identities"][0]["issuer"], provider.issuer.as_str());
    assert_eq!(document["identities"][0]["subject"], "ann");
    assert_eq!(document["identities"].as_array().map(Vec::len), Some(1));
    // Nobody knows a password of an account that has none.
    let body = json!({"login": "ann", "password": ""});
    assert_eq!(stage.ask(("POST", "/v1/sessions"), None, Some(body)).await.0, 401);
}

#[tokio::test]
async fn each_step_is_taken_once_by_the_browser_that_took_the_one_before() {
    let (stage, _provider) = Stage::beside(|options| options).await;
    let over = (403, "login-over");
    let (begun, other) = (stage.begin().await, stage.begin().await);
    let url = visit(&begun.to, At::LogsIn("ann")).await;
    for wrong in [
        with(url.as_str(), "state", &"0".repeat(64)),
        with(url.as_str(), "state", ""),
        format!("{CALLBACK}?code=x"),
    ] {
        assert_eq!(told(&stage.back(&wrong.parse().unwrap(), &begun.cookie).await), over);
    }
    for cookie in ["", "segue_login=", "other=1", &other.cookie] {
        assert_eq!(told(&stage.back(&url, cookie).await), over, "{cookie}");
    }
    let cookies = format!("a=b; {}; c=d", begun.cookie);
    let code = code(&stage.back(&url, &cookies).await);
    assert_eq!(told(&stage.back(&url, &begun.cookie).await), over, "a state is good once");
    assert_eq!(told(&stage.take(&code, &other.cookie).await), over);
    assert_eq!(told(&stage.take(&code, "").await), over);
    assert_eq!(told(&stage.take(&"0".repeat(64), &begun.cookie).await), over);
    let answer = stage.take(&code, &begun.cookie).await;
    assert_eq!(answer.status, 201, "{}", answer.body);
    assert!(answer.headers["set-cookie"].to_str().unwrap().contains("Max-Age=0"));
    assert_eq!(answer.headers["cache-control"], "no-store");
    assert_eq!(told(&stage.take(&code, &begun.cookie).await), over, "a code is good once");
}

#[tokio::test]
async fn what_the_provider_said_to_another_login_is_not_believed() {
    let (stage, _provider) = Stage::beside(|options| options).await;
    let refused = (403, "login-not-vouched-for");
    // An ID token of another login.
    let begun = stage.begin().await;
    let url = visit(&with(&begun.to, "nonce", "another"), At::LogsIn("ann")).await;
    assert_eq!(told(&stage.back(&url, &begun.cookie).await), refused);
    // A code that was asked for by another verifier.
    let (theirs, ours) = (stage.begin().await, stage.begin().await);
    let stolen = visit(&theirs.to, At::LogsIn("ann")).await;
    let stolen = stolen.query_pairs().find(|(name, _)| name == "code").unwrap().1.into_owned();
    let url = visit(&ours.to, At::LogsIn("mallory")).await;
    let url: Url = with(url.as_str(), "code", &stolen).parse().unwrap();
    assert_eq!(told(&stage.back(&url, &ours.cookie).await), refused);
    // A code that was used.
    let begun = stage.begin().await;
    let url = visit(&begun.to, At::LogsIn("ann")).await;
    let used = url.query_pairs().find(|(name, _)| name == "code").unwrap().1.into_owned();
    code(&stage.back(&url, &begun.cookie).await);
    let begun = stage.begin().await;
    let url = visit(&begun.to, At::LogsIn("ann")).await;
    let url: Url = with(url.as_str(), "code", &used).parse().unwrap();
    assert_eq!(told(&stage.back(&url, &begun.cookie).await), refused);
    // An answer of another provider, and no answer at all.
    let declined = (403, "login-declined");
    let begun = stage.begin().await;
    let url = visit(&begun.to, At::LogsIn("ann")).await;
    let url: Url = with(url.as_str(), "iss", "https://evil.example").parse().unwrap();
    assert_eq!(told(&stage.back(&url, &begun.cookie).await), declined);
    let begun = stage.begin().await;
    let url = visit(&begun.to, At::Aborts).await;
    assert!(url.query().unwrap().contains("error=access_denied"), "{url}");
    assert_eq!(told(&stage.back(&url, &begun.cookie).await), declined);
}

#[tokio::test]
async fn what_takes_too_long_is_over() {
    let (stage, _provider) = Stage::beside(|options| options).await;
    let begun = stage.begin().await;
    let url = visit(&begun.to, At::LogsIn("ann")).await;
    stage.wait(600);
    assert_eq!(told(&stage.back(&url, &begun.cookie).await), (403, "login-over"));
    let (code, cookie) = stage.code("ann").await;
    stage.wait(60);
    assert_eq!(told(&stage.take(&code, &cookie).await), (403, "login-over"));
    // The provider's ID tokens live for an hour, by its own clock.
    stage.wait(2 * 3_600);
    let begun = stage.begin().await;
    let url = visit(&begun.to, At::LogsIn("ann")).await;
    let late = stage.back(&url, &begun.cookie).await;
    assert_eq!(told(&late), (403, "login-not-vouched-for"));
}

#[tokio::test]
async fn nobody_is_given_an_account_by_a_mail_address() {
    let (stage, _provider) = Stage::beside(|options| options).await;
    // Whoever has registered here has not proved that the address is theirs: they may be lying in wait.
    let body = registration("ann");
    assert_eq!(stage.ask(("POST", "/v1/users"), None, Some(body)).await.0, 201);
    let begun = stage.begin().await;
    let url = visit(&begun.to, At::LogsIn("ann")).await;
    assert_eq!(told(&stage.back(&url, &begun.cookie).await), (409, "taken"));
    // Somebody who only says that it is theirs is another, without it.
    let other = stage.come("unseen-ann").await;
    assert_eq!((&other["email"], &other["username"]), (&Value::Null, &json!("ann2")));
    let (access, _) = stage.log_in("ann@music.example", PASSWORD).await;
    let (_, me) = stage.ask(("GET", "/v1/users/me"), Some(&access), None).await;
    assert_ne!(me["id"], other["id"]);
}

#[tokio::test]
async fn whoever_knows_the_password_links_their_account() {
    let (stage, _provider) = Stage::beside(|options| options).await;
    let ann = stage.register("ann").await;
    let (access, _) = stage.log_in("ann", PASSWORD).await;
    let link = async |password: &str| {
        let ask = stage.0.ask("POST /v1/users/me/identities").token(&access);
        ask.json(&json!({"password": password})).await
    };
    assert_eq!(told(&link("wrong horse").await), (403, "wrong-password"));
    let back_from = async |name: &str| {
        let answer = link(PASSWORD).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        let cookie = answer.headers["set-cookie"].to_str().unwrap().to_owned();
        let url = visit(answer.body["url"].as_str().unwrap(), At::LogsIn(name)).await;
        stage.back(&url, cookie.split(';').next().unwrap()).await
    };
    let answer = back_from("anna").await;
    assert_eq!(answer.status, 302, "{}", answer.body);
    assert_eq!(answer.headers["location"], "https://music.example/cdn/#linked");
    assert_eq!(stage.come("anna").await["id"], ann["id"]);
    let bob = stage.come("bob").await;
    assert_eq!(told(&back_from("bob").await), (409, "linked"));
    assert_eq!(stage.come("bob").await["id"], bob["id"]);
    let body = json!({"name": "radio", "role": "listener", "password": PASSWORD});
    let (_, key) = stage.ask(("POST", "/v1/api-keys"), Some(&access), Some(body)).await;
    // Whom the provider has just sent needs no password, for ten minutes.
    let fresh = stage.enter("anna").await;
    let make = async || {
        let body = json!({"name": "fresh", "role": "listener"});
        stage.ask(("POST", "/v1/api-keys"), Some(&fresh), Some(body)).await.0
    };
    assert_eq!(make().await, 201);
    stage.wait(600);
    assert_eq!(make().await, 403);
    let body = Some(json!({"password": PASSWORD}));
    let line = ("POST", "/v1/users/me/identities");
    assert_eq!(stage.ask(line, key["key"].as_str(), body).await.0, 403, "not for keys");
}

#[tokio::test]
async fn where_registration_is_closed_those_who_are_known_are_logged_in() {
    let closed = |options| Options { registration: Registration::Closed, ..options };
    let (stage, provider) = Stage::beside(closed).await;
    let begun = stage.begin().await;
    let url = visit(&begun.to, At::LogsIn("ann")).await;
    assert_eq!(told(&stage.back(&url, &begun.cookie).await), (403, "registration-closed"));
    let identity = Identity { issuer: provider.issuer.clone(), subject: "ann".to_owned() };
    let newcomer = Newcomer {
        usernames: vec!["annika".parse().unwrap()],
        email: None,
        display_name: None,
        password_hash: "hash".to_owned(),
    };
    let user: User = stage.catalogue.identities().register(&identity, &newcomer).await.unwrap();
    let ann = stage.come("ann").await;
    assert_eq!((&ann["id"], &ann["username"]), (&json!(user.id.to_string()), &json!("annika")));
}

#[tokio::test]
async fn in_which_ways_one_gets_in_is_told_to_everybody() {
    let methods = async |stage: &Stage| stage.ask(("GET", "/v1/login-methods"), None, None).await;
    let usual = json!({"registration": true, "password_reset": false, "oidc": false});
    assert_eq!(methods(&Stage::new().await).await, (200, usual));
    let decide = |options| Options { registration: Registration::Closed, ..options };
    let (stage, _provider) = Stage::beside(decide).await;
    let closed = json!({"registration": false, "password_reset": false, "oidc": true});
    assert_eq!(methods(&stage).await, (200, closed));
}

#[tokio::test]
async fn without_a_provider_there_is_no_such_login() {
    let stage = Stage::new().await;
    let cookie = format!("segue_login={}", "0".repeat(64));
    assert_eq!(told(&stage.0.ask("GET /v1/sessions/oidc").await), (404, "no-oidc"));
    let url = format!("{CALLBACK}?state={}&code=x", Uuid::now_v7()).parse().unwrap();
    assert_eq!(told(&stage.back(&url, &cookie).await), (404, "no-oidc"));
    assert_eq!(told(&stage.take(&"0".repeat(64), &cookie).await), (404, "no-oidc"));
    // One that is not there.
    let oidc = OidcClient::new("http://127.0.0.1:1".parse().unwrap(), "segue".to_owned(), None);
    let oidc = Some(oidc.unwrap());
    let stage = Stage::with(|options| Options { oidc, ..options }).await;
    let begin = stage.0.ask("GET /v1/sessions/oidc");
    assert_eq!(told(&begin.from("192.0.2.1").await), (502, "no-provider"));
    for _ in 0..99 {
        stage.0.ask("GET /v1/sessions/oidc").from("192.0.2.1").await;
    }
    let begin = stage.0.ask("GET /v1/sessions/oidc");
    assert_eq!(told(&begin.from("192.0.2.1").await), (429, "too-many-attempts"));
    stage.clock.advance(Duration::from_secs(600));
    let begin = stage.0.ask("GET /v1/sessions/oidc");
    assert_eq!(told(&begin.from("192.0.2.1").await), (502, "no-provider"));
}
