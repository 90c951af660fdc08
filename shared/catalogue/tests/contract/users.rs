//! Accounts.

use media::UserId;
use segue_catalogue::{CatalogueError, Entitlement, Plan, Role};
use uuid::Uuid;

use crate::bench::Bench;
use crate::contract;

contract![
    users_are_found_by_name_and_names_are_taken_once,
    who_runs_it_hears_everything_and_others_what_they_pay_for,
];

async fn users_are_found_by_name_and_names_are_taken_once(bench: &Bench) {
    let users = bench.catalogue.users();
    assert!(!users.are_none().await.unwrap());
    let (found, hash) = users.by_username("admin").await.unwrap().expect("the admin");
    assert_eq!((found, hash.as_str()), (bench.admin.clone(), "hash"));
    assert_eq!(users.by_username("nobody").await.unwrap(), None);
    let again = users.create("admin", "other", Role::Listener).await;
    assert!(matches!(again, Err(CatalogueError::Taken)), "{again:?}");
}

async fn who_runs_it_hears_everything_and_others_what_they_pay_for(bench: &Bench) {
    let users = bench.catalogue.users();
    let ann = users.create("ann", "hash", Role::Artist).await.unwrap();
    let plan = |plan| Some(Entitlement { plan, playback_from_ms: None });
    assert_eq!(users.entitlement(bench.admin.id).await.unwrap(), plan(Plan::Premium));
    assert_eq!(users.entitlement(ann.id).await.unwrap(), plan(Plan::Free));
    assert_eq!(users.entitlement(UserId::new(Uuid::now_v7())).await.unwrap(), None);
}
