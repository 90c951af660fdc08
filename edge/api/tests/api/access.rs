//! Who may call what: every cell of role × route, and no route without a row.

use std::collections::BTreeSet;

use catalogue::{Role, User};
use http_body_util::BodyExt;
use segue_api::Access::{self, Admin, Anybody, Artist, Listener, Open};
use uuid::Uuid;

use crate::bench::{Answer, Bench};

/// A route that is not here fails the test: say who may call it. The binary's routes are compared with it, too.
const TABLE: &str = include_str!("../access.txt");

/// Method, path, and who may call it.
fn rows() -> Vec<(&'static str, &'static str, Access)> {
    let row = |line: &'static str| {
        let mut words = line.split_whitespace();
        let access = words.next().expect("who may");
        let all = [Open, Anybody, Listener, Artist, Admin];
        let access = all.into_iter().find(|one| one.to_string() == access).expect(line);
        (words.next().expect("a method"), words.next().expect("a path"), access)
    };
    TABLE.lines().map(row).collect()
}

/// The kinds of problem by which a caller is turned away for who they are.
const TURNED_AWAY: &[&str] = &["login-required", "artists-only", "admins-only"];

fn line(method: &str, path: &str) -> String {
    format!("{} {path}", method.to_uppercase())
}

/// Somebody new in that role.
async fn caller(bench: &Bench, role: Role) -> User {
    bench.user(&format!("u{}", Uuid::now_v7().simple()), role).await
}

#[tokio::test]
async fn every_cell_of_role_and_route_is_as_the_table_says() {
    let bench = Bench::new().await;
    let callers = [None, Some(Role::Listener), Some(Role::Artist), Some(Role::Admin)];
    for (method, path, access) in rows() {
        let least = match access {
            Open | Anybody => 0,
            Listener => 1,
            Artist => 2,
            Admin => 3,
        };
        for (rank, role) in callers.into_iter().enumerate() {
            let path = path
                .split('/')
                .map(|part| {
                    if part.starts_with('{') { Uuid::now_v7().to_string() } else { part.to_owned() }
                })
                .collect::<Vec<_>>()
                .join("/");
            let mut ask = bench.ask(&line(method, &path));
            if let Some(role) = role {
                // Some of them log out.
                ask = ask.by(&caller(&bench, role).await);
            }
            let response = ask.response().await;
            if response
                .headers()
                .get("content-type")
                .is_some_and(|kind| kind == "text/event-stream")
            {
                assert!(rank >= least, "{method} {path} as {role:?} is told what happens");
                continue;
            }
            let answer = Answer::of(response, method == "head").await;
            let (status, slug) = (answer.status, answer.problem());
            // The answer to a HEAD has no body that would say why.
            let told = method != "head" || status == 200;
            let turned_away = TURNED_AWAY.contains(&slug) || !told;
            assert_eq!(turned_away, rank < least, "{method} {path} as {role:?}: {answer:?}");
            let wanted = if rank == 0 { 401 } else { 403 };
            assert!(!turned_away || status == wanted, "{method} {path} as {role:?}: {status}");
            assert!(status != 404 || slug != "not-found", "{method} {path} is there");
            assert!(status < 500, "{method} {path} as {role:?}: {answer:?}");
        }
    }
}

/// Who logs in because a token is over may well send it along.
#[tokio::test]
async fn a_token_that_is_over_is_not_looked_at_where_none_is_needed() {
    let bench = Bench::new().await;
    for (method, path, access) in rows().into_iter().filter(|row| !row.1.contains('{')) {
        let answer = bench.ask(&line(method, path)).token("over").await;
        let refused = answer.problem() == "invalid-token";
        assert_eq!(refused, access != Open, "{method} {path}: {answer:?}");
    }
}

#[tokio::test]
async fn every_route_has_a_row_and_says_who_may_call_it() {
    let bench = Bench::new().await;
    let Answer { status, body: description, .. } = bench.ask("GET /openapi.json").await;
    assert_eq!((status, &description["openapi"]), (200, &"3.1.0".into()));
    let mut routes = BTreeSet::new();
    for (path, item) in description["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let access = operation["x-access"].as_str().unwrap();
            routes.insert((method.clone(), path.clone(), access.to_owned()));
        }
    }
    let row = |(method, path, access): (&str, &str, Access)| {
        (method.to_owned(), path.to_owned(), access.to_string())
    };
    let rows: BTreeSet<_> = rows().into_iter().map(row).collect();
    assert_eq!(routes, rows);
}

#[tokio::test]
async fn the_description_is_shown_without_another_host() {
    let bench = Bench::new().await;
    let page = bench.ask("GET /docs/").response().await;
    assert_eq!(page.status(), 200);
    let page = page.into_body().collect().await.unwrap().to_bytes();
    let page = String::from_utf8(page.to_vec()).unwrap();
    assert!(page.contains("swagger-ui"), "{page}");
    assert!(!page.contains("//cdn") && !page.contains("https://"), "{page}");
}
