//! Forgotten passwords.

use std::time::Duration;

use media::UserId;
use segue_catalogue::mailing::LEASE;
use segue_catalogue::password_resets::{GOOD, PAUSE, TRIED};
use segue_catalogue::{ResetMail, Secret};

use crate::bench::Bench;
use crate::contract;
use crate::users::newcomer;

contract![
    whoever_has_a_mail_address_is_mailed_what_sets_a_password_once,
    a_mail_that_cannot_be_sent_is_tried_again_with_another_secret_for_a_day,
    what_was_mailed_is_good_for_half_an_hour_and_until_the_password_is_changed,
    whoever_asks_often_is_mailed_once_a_minute,
    each_mail_is_taken_once,
];

async fn ann(bench: &Bench) -> UserId {
    let users = bench.catalogue.users();
    users.register(&newcomer("ann", "ann@music.example")).await.unwrap().id
}

async fn wish(bench: &Bench, login: &str) {
    bench.catalogue.password_resets().wish(login).await.unwrap();
}

async fn taken(bench: &Bench) -> Option<ResetMail> {
    bench.catalogue.password_resets().take().await.unwrap()
}

async fn redeemed(bench: &Bench, secret: &Secret) -> bool {
    bench.catalogue.password_resets().redeem(secret, "new", 7_000).await.unwrap()
}

async fn whoever_has_a_mail_address_is_mailed_what_sets_a_password_once(bench: &Bench) {
    let (resets, ann) = (bench.catalogue.password_resets(), ann(bench).await);
    let (session, _) = bench.catalogue.sessions().begin(ann, GOOD).await.unwrap();
    for login in ["nobody", "nobody@music.example", "admin", "ann"] {
        wish(bench, login).await;
    }
    let mail = taken(bench).await.expect("ann's mail");
    assert_eq!((mail.username.as_str(), mail.email.as_str()), ("ann", "ann@music.example"));
    resets.sent(&mail).await.unwrap();
    bench.wait(LEASE);
    assert!(taken(bench).await.is_none(), "nobody else is mailed to, and she not twice");
    assert_eq!(resets.holder(&mail.secret).await.unwrap().map(|holder| holder.id), Some(ann));
    assert!(!redeemed(bench, &Secret::generate().unwrap()).await);
    assert!(redeemed(bench, &mail.secret).await);
    assert!(!redeemed(bench, &mail.secret).await, "once");
    assert_eq!(resets.holder(&mail.secret).await.unwrap(), None);
    let hash = bench.catalogue.users().password_hash(ann).await.unwrap();
    assert_eq!(hash.as_deref(), Some("new"));
    assert_eq!(bench.catalogue.sessions().standing(session).await.unwrap(), None);
    let entitlement = bench.catalogue.users().entitlement(ann).await.unwrap().expect("ann");
    assert_eq!(entitlement.playback_from_ms, Some(7_000));
}

async fn a_mail_that_cannot_be_sent_is_tried_again_with_another_secret_for_a_day(bench: &Bench) {
    let resets = bench.catalogue.password_resets();
    ann(bench).await;
    wish(bench, "ANN@music.example").await;
    let first = taken(bench).await.expect("a mail");
    assert_eq!(resets.failed(&first).await.unwrap(), Duration::from_secs(5));
    assert!(taken(bench).await.is_none(), "not yet");
    bench.wait(Duration::from_secs(5));
    let second = taken(bench).await.expect("the mail again");
    assert_eq!(first.wish, second.wish);
    assert!(!redeemed(bench, &first.secret).await, "the newest alone is good");
    // Whoever took it died.
    bench.wait(LEASE);
    let mut last = taken(bench).await.expect("the mail again");
    let mut tried = LEASE + Duration::from_secs(5);
    let mut attempts = 3;
    while let Ok(wait) = resets.failed(&last).await {
        bench.wait(wait);
        tried += wait;
        let Some(next) = taken(bench).await else { break };
        (last, attempts) = (next, attempts + 1);
    }
    assert!(tried >= TRIED && tried < TRIED + Duration::from_secs(60 * 60), "{tried:?}");
    assert!((20..50).contains(&attempts), "{attempts}");
    assert!(taken(bench).await.is_none());
}

async fn what_was_mailed_is_good_for_half_an_hour_and_until_the_password_is_changed(bench: &Bench) {
    let (resets, ann) = (bench.catalogue.password_resets(), ann(bench).await);
    wish(bench, "ann").await;
    let mail = taken(bench).await.expect("a mail");
    resets.sent(&mail).await.unwrap();
    bench.wait(GOOD - Duration::from_secs(1));
    assert_eq!(resets.holder(&mail.secret).await.unwrap().map(|holder| holder.id), Some(ann));
    bench.wait(Duration::from_secs(1));
    assert!(!redeemed(bench, &mail.secret).await);
    resets.sweep().await.unwrap();
    wish(bench, "ann").await;
    let mail = taken(bench).await.expect("another mail");
    let change = bench.catalogue.users().change_password(ann, ("hash", "newer"), None).await;
    assert!(change.unwrap());
    assert!(!redeemed(bench, &mail.secret).await, "she has not forgotten it");
}

async fn whoever_asks_often_is_mailed_once_a_minute(bench: &Bench) {
    let resets = bench.catalogue.password_resets();
    ann(bench).await;
    for login in ["ann", "ann@music.example", "ann"] {
        wish(bench, login).await;
    }
    let mail = taken(bench).await.expect("a mail");
    resets.sent(&mail).await.unwrap();
    assert!(taken(bench).await.is_none());
    bench.wait(PAUSE);
    wish(bench, "ann").await;
    let next = taken(bench).await.expect("a mail");
    assert!(!redeemed(bench, &mail.secret).await, "the newest alone is good");
    assert!(redeemed(bench, &next.secret).await);
}

async fn each_mail_is_taken_once(bench: &Bench) {
    let users = bench.catalogue.users();
    for number in 0..6 {
        let name = format!("user{number}");
        users.register(&newcomer(&name, &format!("{name}@music.example"))).await.unwrap();
        wish(bench, &name).await;
    }
    let other = bench.opened_again().await;
    let takers: Vec<_> = [&bench.catalogue, &other, &bench.catalogue, &other]
        .map(|catalogue| {
            let catalogue = catalogue.clone();
            tokio::spawn(async move {
                let mut names = Vec::new();
                while let Some(mail) = catalogue.password_resets().take().await.unwrap() {
                    names.push(mail.username);
                }
                names
            })
        })
        .into();
    let mut names = Vec::new();
    for taker in takers {
        names.extend(taker.await.unwrap());
    }
    names.sort_unstable();
    assert_eq!(names, (0..6).map(|number| format!("user{number}")).collect::<Vec<_>>());
    other.close().await;
}
