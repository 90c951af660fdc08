//! Logging in, staying logged in, logging out.

use bus::News;

use super::{PASSWORD, Stage, tokens};

#[tokio::test]
async fn a_refresh_token_is_good_once_and_a_used_one_logs_out() {
    let stage = Stage::new().await;
    let (access, first) = stage.log_in("admin", PASSWORD).await;
    let (status, session) = stage.refresh(&first).await;
    assert_eq!(status, 201, "{session}");
    let (second_access, second) = tokens(&session);
    assert_eq!((stage.me(&access).await, stage.me(&second_access).await), (200, 200));
    let (status, problem) = stage.refresh(&first).await;
    assert_eq!(status, 401, "{problem}");
    assert_eq!((stage.me(&access).await, stage.me(&second_access).await), (401, 401));
    let mut told = Vec::new();
    for token in [&second, "", "x", &"0".repeat(64), &second.to_uppercase()] {
        let (status, mut problem) = stage.refresh(token).await;
        problem.as_object_mut().unwrap().remove("request_id");
        told.push((status, problem));
    }
    assert!(told.iter().all(|one| *one == told[0] && one.0 == 401), "{told:?}");
}

#[tokio::test]
async fn of_two_refreshes_at_once_one_wins_and_both_are_out() {
    let stage = Stage::new().await;
    let (_, token) = stage.log_in("admin", PASSWORD).await;
    let (one, two) = tokio::join!(stage.refresh(&token), stage.refresh(&token));
    let mut statuses = [one.0, two.0];
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 401]);
    let won = if one.0 == 201 { one.1 } else { two.1 };
    let (access, refresh) = tokens(&won);
    assert_eq!((stage.me(&access).await, stage.refresh(&refresh).await.0), (401, 401));
}

#[tokio::test]
async fn logging_out_ends_this_session_alone_and_at_once() {
    let stage = Stage::new().await;
    let (here, refresh) = stage.log_in("admin", PASSWORD).await;
    let (there, _) = stage.log_in("admin", PASSWORD).await;
    assert_eq!((stage.me(&here).await, stage.me(&there).await), (200, 200));
    let out = ("DELETE", "/v1/sessions/current");
    assert_eq!(stage.ask(out, Some(&here), None).await.0, 204);
    assert_eq!((stage.me(&here).await, stage.me(&there).await), (401, 200));
    assert_eq!(stage.refresh(&refresh).await.0, 401);
    assert_eq!(stage.ask(out, Some(&here), None).await.0, 401);
}

#[tokio::test]
async fn a_session_that_another_process_ended_is_believed_for_seconds() {
    let stage = Stage::new().await;
    let (access, _) = stage.log_in("admin", PASSWORD).await;
    assert_eq!(stage.me(&access).await, 200);
    let (admin, _) = stage.catalogue.users().by_username("admin").await.unwrap().unwrap();
    stage.catalogue.sessions().end_all(admin.id, 0).await.unwrap();
    assert_eq!(stage.me(&access).await, 200, "believed");
    stage.wait(5);
    assert_eq!(stage.me(&access).await, 401);
}

#[tokio::test]
async fn logging_out_everywhere_ends_all_sessions_and_what_plays() {
    let stage = Stage::new().await;
    let user = stage.register("ann").await["id"].as_str().unwrap().to_owned();
    let (here, _) = stage.log_in("ann", PASSWORD).await;
    let (there, refresh) = stage.log_in("ann", PASSWORD).await;
    let (admin, _) = stage.log_in("admin", PASSWORD).await;
    let mut edge = stage.bus.follow("edge".parse().unwrap());
    assert_eq!(stage.ask(("DELETE", "/v1/sessions"), Some(&here), None).await.0, 204);
    for token in [&here, &there] {
        assert_eq!(stage.me(token).await, 401);
    }
    assert_eq!((stage.refresh(&refresh).await.0, stage.me(&admin).await), (401, 200));
    let body = loop {
        if let News::Set { body, .. } = edge.next().await {
            break body;
        }
    };
    assert_eq!(body["revoked"]["user"], user);
    let at = body["revoked"]["at"].as_u64().unwrap();
    let entitlement = stage.catalogue.users().entitlement(user.parse().unwrap()).await.unwrap();
    let from_ms = entitlement.unwrap().playback_from_ms.unwrap();
    assert!(from_ms > at * 1_000, "what is minted from now on is not revoked");
}
