//! Accounts over HTTP: what is granted, and what is refused.

mod administration;
mod emails;
mod keys;
mod oidc;
mod oidc_provider;
mod own;
mod password_resets;
mod passwords;
mod registration;
mod sessions;
mod smtp_sink;
mod streams;

use std::ops::Deref;
use std::time::Duration;

use catalogue::{Role, password};
use segue_api::Options;
use serde_json::{Value, json};

use crate::bench::{Answer, Bench};

const PASSWORD: &str = "correct horse";

/// An admin, who can log in.
struct Stage(Bench);

impl Deref for Stage {
    type Target = Bench;

    fn deref(&self) -> &Bench {
        &self.0
    }
}

impl Stage {
    async fn new() -> Self {
        Self::with(|options| options).await
    }

    async fn with(decide: impl FnOnce(Options) -> Options) -> Self {
        let bench = Bench::with(decide).await;
        let hash = password::hash(PASSWORD).unwrap();
        bench.catalogue.users().create("admin", &hash, Role::Admin).await.unwrap();
        Self(bench)
    }

    fn wait(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }

    /// One request from an address, and its whole answer.
    async fn ask_from(
        &self,
        address: &str,
        (method, path): (&str, &str),
        token: Option<&str>,
        body: Option<Value>,
    ) -> Answer {
        let mut ask = self.0.ask(&format!("{method} {path}")).from(address);
        if let Some(token) = token {
            ask = ask.token(token);
        }
        if let Some(body) = &body {
            ask = ask.json(body);
        }
        ask.await
    }

    async fn ask(
        &self,
        line: (&str, &str),
        token: Option<&str>,
        body: Option<Value>,
    ) -> (u16, Value) {
        let answer = self.ask_from("192.0.2.1", line, token, body).await;
        (answer.status, answer.body)
    }

    async fn register(&self, username: &str) -> Value {
        let body = registration(username);
        let (status, user) = self.ask(("POST", "/v1/users"), None, Some(body)).await;
        assert_eq!(status, 201, "{user}");
        user
    }

    /// An access and a refresh token.
    async fn log_in(&self, login: &str, password: &str) -> (String, String) {
        let body = json!({"login": login, "password": password});
        let (status, session) = self.ask(("POST", "/v1/sessions"), None, Some(body)).await;
        assert_eq!(status, 201, "{session}");
        tokens(&session)
    }

    async fn refresh(&self, token: &str) -> (u16, Value) {
        let body = json!({"refresh_token": token});
        self.ask(("POST", "/v1/sessions/refresh"), None, Some(body)).await
    }

    async fn me(&self, token: &str) -> u16 {
        self.ask(("GET", "/v1/users/me"), Some(token), None).await.0
    }
}

fn registration(username: &str) -> Value {
    let email = format!("{username}@music.example");
    json!({"username": username, "email": email, "password": PASSWORD})
}

fn tokens(session: &Value) -> (String, String) {
    let text = |name: &str| session[name].as_str().unwrap().to_owned();
    (text("access_token"), text("refresh_token"))
}
