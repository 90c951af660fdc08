//! What programs log in with.

use segue_catalogue::{Entitling, Event, Role, Secret, api_keys};

use crate::bench::Bench;
use crate::contract;

contract![
    a_key_opens_no_more_than_its_role_and_its_owners,
    a_key_is_revoked_by_its_owner_alone,
    nobody_has_more_keys_than_allowed_however_many_are_made_at_once,
];

async fn a_key_opens_no_more_than_its_role_and_its_owners(bench: &Bench) {
    let (users, keys) = (bench.catalogue.users(), bench.catalogue.api_keys());
    let ann = users.create("ann", "hash", Role::Artist).await.unwrap();
    let name = "import".parse().unwrap();
    let make = async |role| keys.create(ann.id, &name, role, None).await.unwrap().expect("a key");
    let (key, artist) = make(Role::Artist).await;
    let (_, listener) = make(Role::Listener).await;
    assert_eq!((key.name.as_str(), key.role), ("import", Role::Artist));
    let role = async |secret: &Secret| {
        let (key, owner) = keys.owner(secret).await.unwrap().expect("an owner");
        assert_eq!(owner.id, ann.id);
        assert_eq!(keys.standing(key).await.unwrap(), Some(owner));
        owner.role
    };
    assert_eq!((role(&artist).await, role(&listener).await), (Role::Artist, Role::Listener));
    let less = Entitling { role: Some(Role::Listener), ..Entitling::default() };
    users.entitle(bench.admin.id, ann.id, less).await.unwrap();
    assert_eq!(role(&artist).await, Role::Listener, "the account may no more");
    assert_eq!(keys.owner(&Secret::generate().unwrap()).await.unwrap(), None);
}

async fn a_key_is_revoked_by_its_owner_alone(bench: &Bench) {
    let (users, keys) = (bench.catalogue.users(), bench.catalogue.api_keys());
    let ann = users.create("ann", "hash", Role::Listener).await.unwrap();
    let name = "player".parse().unwrap();
    let (key, secret) =
        keys.create(ann.id, &name, Role::Listener, None).await.unwrap().expect("a key");
    assert_eq!(keys.list(ann.id).await.unwrap(), std::slice::from_ref(&key));
    assert_eq!(keys.list(bench.admin.id).await.unwrap(), []);
    assert!(!keys.revoke(bench.admin.id, key.id).await.unwrap());
    assert!(keys.owner(&secret).await.unwrap().is_some());
    assert!(keys.revoke(ann.id, key.id).await.unwrap());
    assert!(!keys.revoke(ann.id, key.id).await.unwrap());
    assert_eq!(keys.owner(&secret).await.unwrap(), None);
    assert_eq!(keys.standing(key.id).await.unwrap(), None);
    let said = bench.catalogue.outbox().pending(100).await.unwrap();
    let said = said.iter().filter_map(segue_catalogue::Happening::event);
    let said = said.filter(|event| matches!(event, Event::AccessChanged { .. }));
    assert_eq!(said.collect::<Vec<_>>(), [Event::AccessChanged { user: ann.id }], "once");
}

async fn nobody_has_more_keys_than_allowed_however_many_are_made_at_once(bench: &Bench) {
    let making: Vec<_> = (0..api_keys::MOST_KEYS + 4)
        .map(|_| {
            let (catalogue, user) = (bench.catalogue.clone(), bench.admin.id);
            let name = "key".parse().unwrap();
            tokio::spawn(async move {
                catalogue
                    .api_keys()
                    .create(user, &name, Role::Listener, None)
                    .await
                    .unwrap()
                    .is_some()
            })
        })
        .collect();
    let mut made = 0;
    for making in making {
        made += u32::from(making.await.unwrap());
    }
    assert_eq!(made, api_keys::MOST_KEYS);
}
