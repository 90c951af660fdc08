//! Who people are elsewhere, and logins by those who say so.

use std::time::Duration;

use media::UserId;
use segue_catalogue::identities::Newcomer;
use segue_catalogue::oidc_logins::{GOOD, GRANTED};
use segue_catalogue::{CatalogueError, Identity, Secret};
use uuid::Uuid;

use crate::bench::Bench;
use crate::contract;
use crate::users::newcomer as registered;

contract![
    whoever_comes_first_has_the_name_and_a_mail_address_is_not_shared,
    whoever_is_linked_is_known_and_nobody_else_is,
    nobody_lies_in_wait_at_a_provider,
    of_many_who_come_at_once_as_one_there_is_one_account,
    a_login_is_answered_once_in_its_browser_and_in_time,
    a_grant_is_good_once_in_its_browser_and_in_time,
];

fn identity(subject: &str) -> Identity {
    Identity { issuer: "https://login.example".to_owned(), subject: subject.to_owned() }
}

fn newcomer(usernames: &[&str], email: Option<&str>) -> Newcomer {
    Newcomer {
        usernames: usernames.iter().map(|name| name.parse().unwrap()).collect(),
        email: email.map(|email| email.parse().unwrap()),
        display_name: Some("Ann B".parse().unwrap()),
        password_hash: "hash".to_owned(),
    }
}

async fn whoever_comes_first_has_the_name_and_a_mail_address_is_not_shared(bench: &Bench) {
    let (identities, users) = (bench.catalogue.identities(), bench.catalogue.users());
    users.register(&registered("ann", "ann@music.example")).await.unwrap();
    assert_eq!(identities.user(&identity("1")).await.unwrap(), None);
    let names = ["ann", "ann2", "ann3"];
    let first = newcomer(&names, Some("first@music.example"));
    let first = identities.register(&identity("1"), &first).await.unwrap();
    assert_eq!(first.username, "ann2");
    assert_eq!(identities.user(&identity("1")).await.unwrap(), Some(first.clone()));
    let profile = users.profile(first.id).await.unwrap().expect("the first");
    assert_eq!(profile.email.as_deref(), Some("first@music.example"));
    assert_eq!(profile.display_name.as_deref(), Some("Ann B"));
    let second = identities.register(&identity("2"), &newcomer(&names, None)).await.unwrap();
    assert_eq!(second.username, "ann3");
    for taken in [newcomer(&names, None), newcomer(&["fresh"], Some("ann@music.example"))] {
        let made = identities.register(&identity("3"), &taken).await;
        assert!(matches!(made, Err(CatalogueError::Taken)), "{made:?}");
        assert_eq!(identities.user(&identity("3")).await.unwrap(), None);
    }
    assert_eq!(users.by_username("fresh").await.unwrap(), None, "nothing is left of it");
    let elsewhere = Identity { issuer: "https://other.example".to_owned(), ..identity("1") };
    assert_eq!(identities.user(&elsewhere).await.unwrap(), None);
}

async fn whoever_is_linked_is_known_and_nobody_else_is(bench: &Bench) {
    let (identities, admin) = (bench.catalogue.identities(), &bench.admin);
    let other = identities.register(&identity("2"), &newcomer(&["bob"], None)).await.unwrap();
    assert!(identities.link(&identity("1"), admin.id).await.unwrap());
    assert!(identities.link(&identity("1"), admin.id).await.unwrap());
    assert!(!identities.link(&identity("1"), other.id).await.unwrap());
    assert!(!identities.link(&identity("2"), admin.id).await.unwrap());
    assert_eq!(identities.user(&identity("1")).await.unwrap().as_ref(), Some(admin));
    assert_eq!(identities.user(&identity("2")).await.unwrap(), Some(other));
}

/// Whoever could be somebody for a while, and linked a login of their own, is not they for ever.
async fn nobody_lies_in_wait_at_a_provider(bench: &Bench) {
    let catalogue = &bench.catalogue;
    let ann = registered("ann", "ann@music.example");
    let ann = catalogue.users().register(&ann).await.unwrap().id;
    let (identities, logins) = (catalogue.identities(), catalogue.oidc_logins());
    let browser = Secret::generate().unwrap();
    for number in 0..4 {
        assert!(identities.link(&identity("thief"), ann).await.unwrap());
        assert_eq!(identities.of_user(ann).await.unwrap().len(), 1);
        let hash = catalogue.users().password_hash(ann).await.unwrap().expect("ann");
        let begun = logins.begin(Some((ann, &hash))).await.unwrap();
        let grant = logins.grant(ann, &browser).await.unwrap();
        let kept = match number {
            0 => {
                let sessions = catalogue.sessions();
                let (thiefs, _) = sessions.begin(ann, GOOD).await.unwrap();
                let (own, _) = sessions.begin(ann, GOOD).await.unwrap();
                identities.forget(ann, own).await.unwrap();
                assert_eq!(sessions.standing(thiefs).await.unwrap(), None);
                assert!(sessions.standing(own).await.unwrap().is_some());
                false
            }

            1 => {
                let resets = catalogue.password_resets();
                resets.wish("ann").await.unwrap();
                let mail = resets.take().await.unwrap().expect("a mail");
                !resets.redeem(&mail.secret, "anew", 1).await.unwrap()
            }
            2 => {
                let old = catalogue.users().password_hash(ann).await.unwrap().unwrap();
                catalogue.users().change_password(ann, (&old, "new"), None).await.unwrap()
            }
            _ => catalogue.sessions().end_all(ann, 1).await.map(|()| true).unwrap(),
        };
        assert_eq!(logins.take(&begun.state, &begun.browser).await.unwrap(), None, "{number}");
        assert_eq!(logins.redeem(&grant, &browser).await.unwrap(), None, "{number}");
        // A new password leaves what its owner has linked, who can see it and take it away.
        assert_eq!(identities.of_user(ann).await.unwrap().len(), usize::from(kept), "{number}");
    }
}

async fn of_many_who_come_at_once_as_one_there_is_one_account(bench: &Bench) {
    let come = || {
        let catalogue = bench.catalogue.clone();
        tokio::spawn(async move {
            let ann = newcomer(&["ann", "ann2", "ann3"], Some("ann@music.example"));
            catalogue.identities().register(&identity("1"), &ann).await.unwrap()
        })
    };
    let coming: Vec<_> = (0..10).map(|_| come()).collect();
    let mut came = Vec::new();
    for user in coming {
        came.push(user.await.unwrap());
    }
    assert!(came.iter().all(|user| *user == came[0]), "{came:?}");
    assert_eq!(bench.catalogue.users().list(None, 9).await.unwrap().len(), 2);
}

async fn a_login_is_answered_once_in_its_browser_and_in_time(bench: &Bench) {
    let logins = bench.catalogue.oidc_logins();
    let begun = logins.begin(None).await.unwrap();
    let other = logins.begin(Some((bench.admin.id, "hash"))).await.unwrap();
    assert_ne!(begun.proof.nonce, other.proof.nonce);
    assert_ne!(begun.proof.verifier, other.proof.verifier);
    assert_eq!((begun.proof.links, other.proof.links), (None, Some(bench.admin.id)));
    assert_eq!(logins.take(&begun.state, &other.browser).await.unwrap(), None);
    assert_eq!(logins.take(&begun.browser, &begun.browser).await.unwrap(), None);
    bench.wait(GOOD - Duration::from_secs(1));
    assert_eq!(logins.take(&begun.state, &begun.browser).await.unwrap(), Some(begun.proof));
    assert_eq!(logins.take(&begun.state, &begun.browser).await.unwrap(), None);
    logins.sweep().await.unwrap();
    bench.wait(Duration::from_secs(1));
    assert_eq!(logins.take(&other.state, &other.browser).await.unwrap(), None);
    logins.sweep().await.unwrap();
}

async fn a_grant_is_good_once_in_its_browser_and_in_time(bench: &Bench) {
    let (logins, admin) = (bench.catalogue.oidc_logins(), &bench.admin);
    let (browser, other) = (Secret::generate().unwrap(), Secret::generate().unwrap());
    let grant = logins.grant(admin.id, &browser).await.unwrap();
    let late = logins.grant(admin.id, &browser).await.unwrap();
    assert_eq!(logins.redeem(&grant, &other).await.unwrap(), None);
    assert_eq!(logins.redeem(&other, &browser).await.unwrap(), None);
    bench.wait(GRANTED - Duration::from_secs(1));
    assert_eq!(logins.redeem(&grant, &browser).await.unwrap().as_ref(), Some(admin));
    assert_eq!(logins.redeem(&grant, &browser).await.unwrap(), None);
    bench.wait(Duration::from_secs(1));
    assert_eq!(logins.redeem(&late, &browser).await.unwrap(), None);
    let nobody = logins.grant(UserId::new(Uuid::now_v7()), &browser).await;
    assert!(matches!(nobody, Err(CatalogueError::Gone)), "{nobody:?}");
}
