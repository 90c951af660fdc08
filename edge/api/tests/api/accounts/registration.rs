//! Making an account.

use segue_api::{Options, Registration};
use serde_json::{Value, json};

use super::{PASSWORD, Stage, registration};

#[tokio::test]
async fn whoever_registers_can_log_in_by_name_and_by_mail() {
    let stage = Stage::new().await;
    let ann = stage.register("ann").await;
    assert_eq!((&ann["role"], &ann["plan"]), (&json!("listener"), &json!("free")), "{ann}");
    assert_eq!(ann["created_at"], "2027-01-15T08:00:00Z");
    assert!(!ann.to_string().contains("argon2"), "{ann}");
    for login in ["ann", "ann@music.example", "Ann@Music.example"] {
        let (access, _) = stage.log_in(login, PASSWORD).await;
        let (status, me) = stage.ask(("GET", "/v1/users/me"), Some(&access), None).await;
        assert_eq!((status, &me), (200, &ann));
    }
    let (status, bob) = stage.ask(("POST", "/users"), None, Some(registration("bob"))).await;
    assert_eq!((status, &bob["username"]), (201, &json!("bob")));
}

#[tokio::test]
async fn registrations_that_cannot_be_are_refused_by_field() {
    let stage = Stage::new().await;
    stage.register("ann").await;
    let with = |field: &str, value: Value| {
        let mut body = registration("bob");
        body[field] = value;
        body
    };
    for (body, wanted, field) in [
        (with("username", json!("ann")), 409, None),
        (with("email", json!("ANN@music.example")), 409, None),
        (with("username", json!("a")), 422, Some("username")),
        (with("username", json!("B ob")), 422, Some("username")),
        (with("username", json!("b".repeat(31))), 422, Some("username")),
        (with("email", json!("bob")), 422, Some("email")),
        (with("email", json!(format!("{}@b.c", "b".repeat(251)))), 422, Some("email")),
        (with("password", json!("short")), 422, Some("password")),
        (with("password", json!("p".repeat(1_025))), 422, Some("password")),
        (with("display_name", json!("")), 422, Some("display_name")),
        (with("display_name", json!("n".repeat(201))), 422, Some("display_name")),
        (with("role", json!("admin")), 422, Some("role")),
        (json!({"username": "bob"}), 422, Some("email")),
        (json!([]), 422, None),
    ] {
        let (status, problem) = stage.ask(("POST", "/v1/users"), None, Some(body)).await;
        assert_eq!(status, wanted, "{problem}");
        assert_eq!(problem["field"].as_str(), field, "{problem}");
    }
    assert_eq!(stage.catalogue.users().list(None, 9).await.unwrap().len(), 2);
}

#[tokio::test]
async fn new_accounts_are_limited_by_address() {
    let stage = Stage::new().await;
    for number in 0..20 {
        stage.register(&format!("user{number}")).await;
    }
    let late = registration("late");
    let register = async |address| {
        stage.ask_from(address, ("POST", "/v1/users"), None, Some(late.clone())).await.status
    };
    assert_eq!(register("192.0.2.1").await, 429);
    assert_eq!(register("192.0.2.2").await, 201);
}

#[tokio::test]
async fn nobody_registers_where_registration_is_closed() {
    let closed = |options| Options { registration: Registration::Closed, ..options };
    let stage = Stage::with(closed).await;
    for path in ["/v1/users", "/users"] {
        let (status, problem) = stage.ask(("POST", path), None, Some(registration("ann"))).await;
        let kind = &problem["type"];
        assert_eq!((status, kind), (403, &json!("urn:segue:problem:registration-closed")));
    }
    stage.log_in("admin", PASSWORD).await;
    assert_eq!(stage.catalogue.users().list(None, 9).await.unwrap().len(), 1);
}
