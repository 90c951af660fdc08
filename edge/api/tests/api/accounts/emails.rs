//! Mail addresses that are proved by what is mailed there.

use serde_json::{Value, json};

use super::smtp_sink::{SmtpSink, begin_mailing, link, mailing};
use super::{PASSWORD, Stage, registration};

async fn prove(stage: &Stage, access: &str, token: &str) -> (u16, Value) {
    let path = ("POST", "/v1/users/me/email/proof");
    stage.ask(path, Some(access), Some(json!({"token": token}))).await
}

async fn claim(stage: &Stage, access: &str, email: &str, password: &str) -> (u16, Value) {
    let body = json!({"email": email, "password": password});
    stage.ask(("PUT", "/v1/users/me/email"), Some(access), Some(body)).await
}

/// Without what differs between any two accounts.
fn bare(mut user: Value) -> Value {
    for own in ["id", "username", "created_at"] {
        user.as_object_mut().unwrap().remove(own);
    }
    user
}

#[tokio::test]
async fn whoever_registers_proves_their_address_and_nobody_learns_whose_one_is() {
    let mut sink = SmtpSink::start().await;
    let stage = Stage::with(mailing(sink.port)).await;
    let mailing = begin_mailing(&stage);
    let ann = stage.register("ann").await;
    assert_eq!(ann["email"], Value::Null);
    assert_eq!(ann["claimed_email"], "ann@music.example");
    let mail = sink.next().await;
    assert_eq!(mail["to"], json!(["ann@music.example"]));
    assert!(mail["text"].as_str().unwrap().contains("the account 'ann'"), "{mail}");
    let token = link(&mail, "email");

    let (annas, _) = stage.log_in("ann", PASSWORD).await;
    stage.register("bob").await;
    let bobs_mail = sink.next().await;
    let (bobs, _) = stage.log_in("bob", PASSWORD).await;
    for (access, token, wanted) in [
        (&annas, "0".repeat(64), 403),
        (&annas, token[..63].to_owned(), 403),
        (&bobs, token.clone(), 403),
        (&annas, token.clone(), 200),
        (&annas, token, 403),
    ] {
        let (status, answer) = prove(&stage, access, &token).await;
        assert_eq!(status, wanted, "{answer}");
    }
    let by_mail = stage.log_in("Ann@music.example", PASSWORD).await;
    let (_, me) = stage.ask(("GET", "/v1/users/me"), Some(&by_mail.0), None).await;
    assert_eq!((&me["email"], &me["claimed_email"]), (&json!("ann@music.example"), &Value::Null));

    // Hers again, and nobody's, are answered alike.
    let mut answers = Vec::new();
    for (name, email) in [("eve", "ann@music.example"), ("mia", "nobody@music.example")] {
        let mut body = registration(name);
        body["email"] = json!(email);
        let (status, mut user) = stage.ask(("POST", "/v1/users"), None, Some(body)).await;
        assert_eq!(user["claimed_email"], email);
        user["claimed_email"] = Value::Null;
        answers.push((status, bare(user)));
    }
    assert_eq!((answers[0].0, &answers[0]), (201, &answers[1]));
    let told = sink.next().await;
    assert_eq!(told["to"], json!(["ann@music.example"]));
    let text = told["text"].as_str().unwrap();
    assert!(text.contains("another account already: 'ann'") && !text.contains("#email="), "{text}");
    link(&sink.next().await, "email");
    assert_eq!(prove(&stage, &bobs, &link(&bobs_mail, "email")).await.0, 200);
    mailing.abort();
}

#[tokio::test]
async fn an_address_is_changed_with_the_password_and_a_proof() {
    let mut sink = SmtpSink::start().await;
    let stage = Stage::with(mailing(sink.port)).await;
    let mailing = begin_mailing(&stage);
    stage.register("ann").await;
    let first = link(&sink.next().await, "email");
    let (access, _) = stage.log_in("ann", PASSWORD).await;
    assert_eq!(prove(&stage, &access, &first).await.0, 200);
    for (email, password, wanted, field) in [
        ("new@music.example", "wrong guess", 403, None),
        ("new", PASSWORD, 422, Some("email")),
        ("new@music.example", PASSWORD, 202, None),
    ] {
        let (status, answer) = claim(&stage, &access, email, password).await;
        assert_eq!((status, answer["field"].as_str()), (wanted, field), "{answer}");
    }
    let second = sink.next().await;
    assert_eq!(second["to"], json!(["new@music.example"]));
    stage.log_in("ann@music.example", PASSWORD).await;
    let (_, me) = prove(&stage, &access, &link(&second, "email")).await;
    assert_eq!(me["email"], "new@music.example");
    stage.log_in("new@music.example", PASSWORD).await;
    let old = json!({"login": "ann@music.example", "password": PASSWORD});
    assert_eq!(stage.ask(("POST", "/v1/sessions"), None, Some(old)).await.0, 401);
    // One address is sent three mails at a time, whoever asks.
    let mut asked = Vec::new();
    for _ in 0..4 {
        asked.push(claim(&stage, &access, "third@music.example", PASSWORD).await.0);
    }
    assert_eq!(asked, [202, 202, 202, 429]);
    mailing.abort();
}

#[tokio::test]
async fn without_a_mail_server_people_are_believed() {
    let stage = Stage::new().await;
    let ann = stage.register("ann").await;
    assert_eq!((&ann["email"], &ann["claimed_email"]), (&json!("ann@music.example"), &Value::Null));
    let (access, _) = stage.log_in("ann", PASSWORD).await;
    let (status, problem) = claim(&stage, &access, "new@music.example", PASSWORD).await;
    assert_eq!((status, &problem["type"]), (404, &json!("urn:segue:problem:no-mail")));
}
