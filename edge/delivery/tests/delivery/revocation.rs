//! What ends tokens before their time: revocations, and keys that are believed no more.

use std::time::Duration;

use token::{Revocation, Revoked, SigningKey, VerifyingKeys, playback};

use crate::site::{Running, USER};

const SEGMENT: &str = "aac/64/init.mp4";
const OTHER_USER: &str = "0190d2a5-7c1e-7bbb-8123-00000000000a";
const HOUR: Duration = Duration::from_secs(3_600);

async fn ask(edge: &Running, token: &str) -> (u16, String) {
    edge.verdict(token, SEGMENT).await
}

fn passed() -> (u16, String) {
    (200, String::new())
}

fn refused(reason: &str) -> (u16, String) {
    (403, reason.to_owned())
}

fn revoke(edge: &Running, of: Revoked) {
    let at = edge.clock.now();
    edge.edge.revoke(Revocation { of, at, until: at + playback::longest_life(HOUR) });
}

#[tokio::test]
async fn a_revoked_session_or_user_is_refused_on_the_next_request() {
    let edge = Running::start().await;
    let (token, other) = (edge.token(320), edge.token_of(OTHER_USER, 320));
    let sid = playback::open(&VerifyingKeys::from(&edge.key), &token, edge.clock.now());
    let sid = sid.expect("ours").sid;
    for of in [Revoked::Session(sid), Revoked::User(USER.parse().expect("a UUID"))] {
        let edge = Running::start_signing(edge.key.clone()).await;
        edge.store(SEGMENT, "sound").await;
        assert_eq!(ask(&edge, &token).await, passed(), "remembered from here on");
        revoke(&edge, of);
        assert_eq!(ask(&edge, &token).await, refused("revoked"));
        assert_eq!(ask(&edge, &other).await, passed(), "another's");
    }
}

#[tokio::test]
async fn who_was_never_seen_is_revoked_as_well_and_a_later_window_is_another_session() {
    let edge = Running::start().await;
    edge.store(SEGMENT, "sound").await;
    let token = edge.token(320);
    let open = |token: &str, at| playback::open(&VerifyingKeys::from(&edge.key), token, at);
    let sid = open(&token, edge.clock.now()).expect("ours").sid;
    revoke(&edge, Revoked::Session(sid));
    assert_eq!(ask(&edge, &token).await, refused("revoked"));
    edge.clock.advance(playback::WINDOW);
    assert_eq!(ask(&edge, &token).await, refused("revoked"));
    assert_eq!(ask(&edge, &edge.token(320)).await, passed());
    revoke(&edge, Revoked::User(USER.parse().expect("a UUID")));
    assert_eq!(ask(&edge, &edge.token(320)).await, refused("revoked"));
    edge.clock.advance(playback::WINDOW);
    assert_eq!(ask(&edge, &edge.token(320)).await, passed(), "issued later: who logs in again");
}

#[tokio::test]
async fn a_revocation_outlives_every_token_from_before() {
    let edge = Running::start().await;
    edge.store(SEGMENT, "sound").await;
    edge.clock.advance(playback::WINDOW - Duration::from_secs(1));
    let token = edge.token(320);
    let until = edge.clock.now() + playback::longest_life(Duration::from_secs(210));
    let user = USER.parse().expect("a UUID");
    edge.edge.revoke(Revocation { of: Revoked::User(user), at: edge.clock.now(), until });
    // Enough of them that those that are over are swept away.
    while edge.clock.now() < until {
        for at in 0..100 {
            let of = Revoked::Session(format!("{at} {:?}", edge.clock.now()));
            let at = edge.clock.now();
            edge.edge.revoke(Revocation { of, at, until: at + HOUR / 60 });
        }
        let (status, reason) = ask(&edge, &token).await;
        assert!(status == 403 && ["revoked", "expired"].contains(&reason.as_str()), "{reason}");
        edge.clock.advance(HOUR / 2);
    }
    assert_eq!(ask(&edge, &token).await, refused("expired"));
}

#[tokio::test]
async fn a_key_that_is_taken_away_opens_nothing_more() {
    let edge = Running::start().await;
    edge.store(SEGMENT, "sound").await;
    let (old, new) = (edge.key.clone(), SigningKey::generate().expect("randomness"));
    let (by_old, by_new) = (edge.token_by(&old, 320), edge.token_by(&new, 320));
    assert_eq!(ask(&edge, &by_old).await, passed());
    assert_eq!(ask(&edge, &by_new).await, refused("unknown-key"));
    edge.edge.believe(VerifyingKeys::from_iter([(&old).into(), (&new).into()]));
    assert_eq!(ask(&edge, &by_old).await, passed());
    assert_eq!(ask(&edge, &by_new).await, passed());
    edge.edge.believe(VerifyingKeys::from(&new));
    assert_eq!(ask(&edge, &by_old).await, refused("unknown-key"));
    assert_eq!(ask(&edge, &by_new).await, passed());
}
