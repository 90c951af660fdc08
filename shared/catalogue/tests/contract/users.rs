//! Accounts.

use segue_catalogue::{CatalogueError, Role};

use crate::bench::Bench;
use crate::contract;

contract![users_are_found_by_name_and_names_are_taken_once,];

async fn users_are_found_by_name_and_names_are_taken_once(bench: &Bench) {
    let users = bench.catalogue.users();
    assert!(!users.are_none().await.unwrap());
    let (found, hash) = users.by_username("admin").await.unwrap().expect("the admin");
    assert_eq!((found, hash.as_str()), (bench.admin.clone(), "hash"));
    assert_eq!(users.by_username("nobody").await.unwrap(), None);
    let again = users.create("admin", "other", Role::Listener).await;
    assert!(matches!(again, Err(CatalogueError::Taken)), "{again:?}");
}
