//! Passwords, and how often they may be guessed.

use serde_json::json;

use super::{PASSWORD, Stage};

#[tokio::test]
async fn another_password_ends_other_sessions_and_the_old_password() {
    let stage = Stage::new().await;
    stage.register("ann").await;
    let (here, _) = stage.log_in("ann", PASSWORD).await;
    let (there, _) = stage.log_in("ann", PASSWORD).await;
    let change = async |current: &str, new: &str| {
        let body = json!({"current": current, "new": new});
        stage.ask(("PUT", "/v1/users/me/password"), Some(&here), Some(body)).await.0
    };
    assert_eq!(change("wrong", "battery staple").await, 403);
    assert_eq!(change(&"p".repeat(1_025), "battery staple").await, 403);
    assert_eq!(change(PASSWORD, "short").await, 422);
    assert_eq!(stage.me(&there).await, 200);
    let wanted = Some(json!({"name": "key", "role": "listener", "password": PASSWORD}));
    let (_, key) = stage.ask(("POST", "/v1/api-keys"), Some(&there), wanted).await;
    assert_eq!(stage.me(key["key"].as_str().unwrap()).await, 200);
    assert_eq!(change(PASSWORD, "battery staple").await, 204);
    assert_eq!((stage.me(&here).await, stage.me(&there).await), (200, 401));
    assert_eq!(stage.me(key["key"].as_str().unwrap()).await, 401, "a thief's key goes, too");
    stage.log_in("ann", "battery staple").await;
    let body = json!({"login": "ann", "password": PASSWORD});
    assert_eq!(stage.ask(("POST", "/v1/sessions"), None, Some(body)).await.0, 401);
}

#[tokio::test]
async fn guesses_are_limited_by_account_and_address_for_known_and_unknown_alike() {
    let stage = Stage::new().await;
    stage.register("ann").await;
    let mut told = Vec::new();
    for login in ["ann@music.example", "nobody@music.example"] {
        let mut answers = Vec::new();
        for guess in 0..12 {
            // However it is spelled.
            let login = if guess % 2 == 0 { login.to_owned() } else { login.to_uppercase() };
            let body = json!({"login": login, "password": "wrong guess"});
            let ask = ("POST", "/v1/sessions");
            let answer = stage.ask_from("192.0.2.1", ask, None, Some(body)).await;
            let wait = answer.headers.get("retry-after").cloned();
            answers.push((answer.status, wait));
        }
        told.push(answers);
    }
    assert_eq!(told[0], told[1]);
    let statuses: Vec<_> = told[0].iter().map(|(status, _)| *status).collect();
    assert_eq!(statuses, [&[401; 10][..], &[429; 2]].concat());
    assert_eq!(told[0][10].1.as_ref().unwrap(), "61");
    // The right password waits, too; but not that of whoever is somewhere else.
    let body = json!({"login": "ann@music.example", "password": PASSWORD});
    let log_in = async |address| {
        let ask = ("POST", "/v1/sessions");
        stage.ask_from(address, ask, None, Some(body.clone())).await.status
    };
    assert_eq!((log_in("192.0.2.1").await, log_in("192.0.2.2").await), (429, 201));
    stage.wait(60);
    assert_eq!(log_in("192.0.2.1").await, 201);
}

#[tokio::test]
async fn a_right_password_costs_no_guess() {
    let stage = Stage::new().await;
    for _ in 0..15 {
        stage.log_in("admin", PASSWORD).await;
    }
}

#[tokio::test]
async fn no_login_is_beyond_words() {
    let stage = Stage::new().await;
    for (login, status) in
        [("a\0", 422), ("a\0@music.example", 422), ("", 401), ("\u{feff}", 401), ("\n", 401)]
    {
        let body = json!({"login": login, "password": PASSWORD});
        let ask = ("POST", "/v1/sessions");
        let answer = stage.ask_from("192.0.2.1", ask, None, Some(body)).await;
        assert_eq!(answer.status, status, "{login:?}");
        let challenge = (status == 401).then(|| "Bearer".parse().unwrap());
        assert_eq!(answer.headers.get("www-authenticate"), challenge.as_ref());
    }
}
