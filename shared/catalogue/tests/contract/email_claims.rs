//! Mail addresses that are to be proved.

use std::time::Duration;

use media::UserId;
use segue_catalogue::email_claims::STANDS;
use segue_catalogue::mailing::LEASE;
use segue_catalogue::{
    CatalogueError, ClaimMail, ClaimSays, Email, NewEmail, NewUser, Profile, Secret,
};

use crate::bench::Bench;
use crate::contract;
use crate::users::newcomer;

contract![
    an_address_is_theirs_who_prove_it,
    whoever_claims_what_is_taken_is_told_nothing_and_its_owner_is,
    a_mail_that_cannot_be_sent_is_tried_again_with_another_secret_while_the_claim_stands,
    a_newer_claim_takes_the_place_of_an_older,
    of_two_who_prove_one_address_one_has_it,
];

fn email(text: &str) -> Email {
    text.parse().unwrap()
}

async fn claimant(bench: &Bench, name: &str, address: &str) -> Profile {
    let new = newcomer(name, address);
    let new = NewUser { email: NewEmail::Claimed(email(address)), ..new };
    bench.catalogue.users().register(&new).await.unwrap()
}

async fn taken(bench: &Bench) -> Option<ClaimMail> {
    bench.catalogue.email_claims().take().await.unwrap()
}

/// What proves the claim in the next mail, which is then out.
async fn mailed(bench: &Bench) -> Secret {
    let mail = taken(bench).await.expect("a mail");
    bench.catalogue.email_claims().sent(&mail).await.unwrap();
    match mail.says {
        ClaimSays::Secret(secret) => secret,
        ClaimSays::TakenBy(other) => panic!("it is taken by {other}"),
    }
}

async fn proved(bench: &Bench, user: UserId, secret: &Secret) -> bool {
    bench.catalogue.email_claims().prove(user, secret).await.unwrap()
}

/// The address that is theirs, and the one that they claim.
async fn addresses(bench: &Bench, user: UserId) -> (Option<String>, Option<String>) {
    let profile = bench.catalogue.users().profile(user).await.unwrap().expect("an account");
    (profile.email, profile.claimed_email)
}

async fn an_address_is_theirs_who_prove_it(bench: &Bench) {
    let (address, users) = ("ann@music.example", bench.catalogue.users());
    let ann = claimant(bench, "ann", address).await;
    assert_eq!((ann.email, ann.claimed_email.as_deref()), (None, Some(address)));
    assert_eq!(addresses(bench, ann.id).await, (None, Some(address.to_owned())));
    assert_eq!(users.by_login(address).await.unwrap(), None);
    bench.catalogue.password_resets().wish(address).await.unwrap();
    assert!(bench.catalogue.password_resets().take().await.unwrap().is_none());
    let bob = claimant(bench, "bob", "bob@music.example").await;
    let mail = taken(bench).await.expect("a mail");
    assert_eq!((mail.username.as_str(), mail.email.as_str()), ("ann", address));
    bench.catalogue.email_claims().sent(&mail).await.unwrap();
    let ClaimSays::Secret(secret) = &mail.says else { panic!("{mail:?}") };
    mailed(bench).await;
    bench.wait(LEASE);
    assert!(taken(bench).await.is_none(), "both are out");
    assert!(!proved(bench, ann.id, &Secret::generate().unwrap()).await);
    assert!(!proved(bench, bob.id, secret).await, "it is not his");
    assert!(proved(bench, ann.id, secret).await);
    assert!(!proved(bench, ann.id, secret).await, "once");
    assert_eq!(addresses(bench, ann.id).await, (Some(address.to_owned()), None));
    let found = users.by_login(address).await.unwrap().expect("ann");
    assert_eq!(found.0.id, ann.id);
    bench.wait(STANDS);
    bench.catalogue.email_claims().sweep().await.unwrap();
    assert_eq!(addresses(bench, bob.id).await, (None, None));
}

async fn whoever_claims_what_is_taken_is_told_nothing_and_its_owner_is(bench: &Bench) {
    let address = "ann@music.example";
    bench.catalogue.users().register(&newcomer("ann", address)).await.unwrap();
    let bob = claimant(bench, "bob", address).await;
    assert_eq!(bob.claimed_email.as_deref(), Some(address));
    let mail = taken(bench).await.expect("a mail");
    assert_eq!((mail.username.as_str(), mail.email.as_str()), ("bob", address));
    assert!(matches!(&mail.says, ClaimSays::TakenBy(owner) if owner == "ann"), "{mail:?}");
}

async fn a_mail_that_cannot_be_sent_is_tried_again_with_another_secret_while_the_claim_stands(
    bench: &Bench,
) {
    let claims = bench.catalogue.email_claims();
    let ann = claimant(bench, "ann", "ann@music.example").await;
    let first = taken(bench).await.expect("a mail");
    assert_eq!(claims.failed(&first).await.unwrap(), Duration::from_secs(5));
    assert!(taken(bench).await.is_none(), "not yet");
    bench.wait(Duration::from_secs(5));
    let second = taken(bench).await.expect("the mail again");
    assert_eq!(first.claim, second.claim);
    let ClaimSays::Secret(secret) = &first.says else { panic!("{first:?}") };
    assert!(!proved(bench, ann.id, secret).await, "the newest alone is good");
    // Whoever took it died.
    bench.wait(LEASE);
    let third = taken(bench).await.expect("the mail again");
    bench.wait(STANDS);
    let ClaimSays::Secret(secret) = &third.says else { panic!("{third:?}") };
    assert!(!proved(bench, ann.id, secret).await, "it is over");
    assert!(taken(bench).await.is_none());
}

async fn a_newer_claim_takes_the_place_of_an_older(bench: &Bench) {
    let claims = bench.catalogue.email_claims();
    let ann =
        bench.catalogue.users().register(&newcomer("ann", "ann@music.example")).await.unwrap();
    claims.claim(ann.id, &email("new@music.example")).await.unwrap();
    let old = taken(bench).await.expect("a mail");
    claims.claim(ann.id, &email("newer@music.example")).await.unwrap();
    // The older mail's fate is nothing to the newer.
    claims.sent(&old).await.unwrap();
    let secret = mailed(bench).await;
    let before = addresses(bench, ann.id).await;
    assert_eq!(before.0.as_deref(), Some("ann@music.example"), "it is not proved yet");
    let ClaimSays::Secret(over) = &old.says else { panic!("{old:?}") };
    assert!(!proved(bench, ann.id, over).await);
    // What was mailed to the address of before.
    bench.catalogue.password_resets().wish("ann").await.unwrap();
    let reset = bench.catalogue.password_resets().take().await.unwrap().expect("a mail");
    assert!(proved(bench, ann.id, &secret).await);
    let after = addresses(bench, ann.id).await;
    assert_eq!(after, (Some("newer@music.example".to_owned()), None));
    let holder = bench.catalogue.password_resets().holder(&reset.secret).await.unwrap();
    assert_eq!(holder, None, "whoever reads the old mailbox sets no password");
}

async fn of_two_who_prove_one_address_one_has_it(bench: &Bench) {
    let address = "both@music.example";
    let (ann, bob) = (claimant(bench, "ann", address).await, claimant(bench, "bob", address).await);
    let (first, second) = (mailed(bench).await, mailed(bench).await);
    assert!(proved(bench, ann.id, &first).await);
    let late = bench.catalogue.email_claims().prove(bob.id, &second).await;
    assert!(matches!(late, Err(CatalogueError::Taken)), "{late:?}");
    assert_eq!(addresses(bench, ann.id).await.0.as_deref(), Some(address));
    assert_eq!(addresses(bench, bob.id).await.0, None);
}
