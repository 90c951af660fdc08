//! Forgotten passwords, with mail that goes over a socket.

use std::net::TcpListener;
use std::time::Duration;

use bus::News;
use catalogue::{NewEmail, NewUser, password};
use segue_api::send_mails;
use serde_json::{Value, json};
use service::Shutdown;

use super::smtp_sink::SmtpSink;
use super::smtp_sink::{begin_mailing, link, mailing};
use super::{PASSWORD, Stage};

const NEW: &str = "battery staple";

/// Ann, whose mail address is known.
async fn reachable(stage: &Stage) {
    let new = NewUser {
        username: "ann".parse().unwrap(),
        email: NewEmail::Believed("ann@music.example".parse().unwrap()),
        display_name: None,
        password_hash: password::hash(PASSWORD).unwrap(),
    };
    stage.catalogue.users().register(&new).await.unwrap();
}

async fn forget(stage: &Stage, login: &str) -> (u16, Value) {
    let body = json!({"login": login});
    stage.ask(("POST", "/v1/password-resets"), None, Some(body)).await
}

async fn redeem(stage: &Stage, token: &str, password: &str) -> (u16, Value) {
    let body = json!({"token": token, "password": password});
    stage.ask(("POST", "/v1/password-resets/redemption"), None, Some(body)).await
}

fn token(mail: &Value) -> String {
    link(mail, "reset")
}

#[tokio::test]
async fn whoever_forgot_their_password_sets_a_new_one_by_mail() {
    let mut sink = SmtpSink::start().await;
    let stage = Stage::with(mailing(sink.port)).await;
    reachable(&stage).await;
    let (access, refresh) = stage.log_in("ann", PASSWORD).await;
    let guess = json!({"login": "ann", "password": "wrong guess"});
    for _ in 0..10 {
        stage.ask(("POST", "/v1/sessions"), None, Some(guess.clone())).await;
    }
    let mut edge = stage.bus.follow("edge".parse().unwrap());
    assert_eq!(forget(&stage, "nobody").await.0, 202);
    assert_eq!(forget(&stage, "Ann@music.example").await, (202, Value::Null));
    // The answer was there before anybody sends: another process does after a crash.
    let mailing = begin_mailing(&stage);
    let mail = sink.next().await;
    assert_eq!(mail["from"], "music@music.example");
    assert_eq!(mail["to"], json!(["ann@music.example"]));
    assert_eq!(mail["hello"], "music.example");
    let (head, text) = (mail["head"].as_str().unwrap(), mail["text"].as_str().unwrap());
    for header in [
        "From: Segue <music@music.example>",
        "To: ann@music.example",
        "Subject: Your new password",
        "Date: Fri, 15 Jan 2027 08:00:00 +0000",
        "Auto-Submitted: auto-generated",
        "MIME-Version: 1.0",
    ] {
        assert!(head.lines().any(|line| line == header), "{header}\n{head}");
    }
    let ids: Vec<_> = head.lines().filter(|line| line.starts_with("Message-ID: <")).collect();
    assert!(ids.len() == 1 && ids[0].ends_with("@music.example>"), "{head}");
    assert!(text.contains("the account 'ann'") && text.is_ascii(), "{text}");

    let token = token(&mail);
    for (token, password, wanted) in [
        (&token, "short", 422),
        (&token[..63].to_owned(), NEW, 403),
        (&"0".repeat(64), NEW, 403),
        (&token, NEW, 204),
        (&token, NEW, 403),
    ] {
        let (status, problem) = redeem(&stage, token, password).await;
        assert_eq!(status, wanted, "{problem}");
    }
    assert_eq!((stage.me(&access).await, stage.refresh(&refresh).await.0), (401, 401));
    let revoked = loop {
        if let News::Set { body, .. } = edge.next().await {
            break body;
        }
    };
    assert!(revoked["revoked"]["user"].is_string(), "{revoked}");
    stage.log_in("ann", NEW).await;
    mailing.abort();
}

#[tokio::test]
async fn a_mail_server_that_is_down_loses_nothing() {
    let dead = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = dead.local_addr().unwrap().port();
    let stage = Stage::with(mailing(port)).await;
    reachable(&stage).await;
    assert_eq!(forget(&stage, "ann").await.0, 202);
    let mailing = begin_mailing(&stage);
    // It hangs up on the first attempt and is gone for the next ones.
    let hang_up = tokio::task::spawn_blocking(move || dead.accept().map(drop));
    hang_up.await.unwrap().unwrap();
    for _ in 0..3 {
        stage.wait(60);
        tokio::time::sleep(Duration::from_millis(400)).await;
    }
    let mut sink = SmtpSink::start_at(port).await;
    let mail = loop {
        tokio::select! {
            mail = sink.next() => break mail,
            () = tokio::time::sleep(Duration::from_millis(200)) => stage.wait(60),
        }
    };
    assert_eq!(redeem(&stage, &token(&mail), NEW).await.0, 204);
    stage.log_in("ann", NEW).await;
    mailing.abort();
}

#[tokio::test]
async fn mails_are_limited_for_known_and_unknown_alike() {
    let stage = Stage::with(mailing(9)).await;
    reachable(&stage).await;
    let mut told = Vec::new();
    for login in ["ann", "nobody"] {
        let mut answers = Vec::new();
        for _ in 0..4 {
            let (status, mut answer) = forget(&stage, login).await;
            if let Some(answer) = answer.as_object_mut() {
                answer.remove("request_id");
            }
            answers.push((status, answer));
        }
        told.push(answers);
    }
    assert_eq!(told[0], told[1]);
    let statuses: Vec<_> = told[0].iter().map(|(status, _)| *status).collect();
    assert_eq!(statuses, [202, 202, 202, 429]);
    for number in 0..14 {
        assert_eq!(forget(&stage, &format!("user{number}")).await.0, 202);
    }
    // The refusals above were of this address, too.
    let mut more = Vec::new();
    for number in 0..4 {
        more.push(forget(&stage, &format!("other{number}")).await.0);
    }
    assert_eq!(more.last(), Some(&429), "{more:?}");
    for wrong in [String::new(), "a".repeat(255), "an\0n".to_owned(), "a\r\nBcc: b".to_owned()] {
        let (status, problem) = forget(&stage, &wrong).await;
        assert_eq!((status, &problem["field"]), (422, &json!("login")), "{wrong:?}");
    }
}

#[tokio::test]
async fn without_a_mail_server_there_is_nothing_to_ask_for() {
    let stage = Stage::new().await;
    let (status, problem) = forget(&stage, "admin").await;
    assert_eq!((status, &problem["type"]), (404, &json!("urn:segue:problem:no-mail")));
    send_mails(stage.api.clone(), Shutdown::new()).await;
}
