//! Accounts.

use std::time::Duration;

use media::UserId;
use media::ids::ArtworkHash;
use segue_catalogue::users::Deleted;
use segue_catalogue::{
    Artwork, CatalogueError, Cover, Entitled, Entitlement, Entitling, NewEmail, NewUser, Plan,
    Preferences, PreferencesChange, ProfileChange, Quality, Role,
};
use uuid::Uuid;

use crate::bench::Bench;
use crate::contract;

contract![
    users_are_found_by_name_and_names_are_taken_once,
    who_runs_it_hears_everything_and_others_what_they_pay_for,
    whoever_registers_logs_in_by_name_or_mail_and_both_are_taken_once,
    of_many_who_want_one_name_one_has_it,
    what_is_not_said_of_oneself_stays,
    a_picture_of_somebody_is_theirs_until_they_take_it_away,
    everybody_is_listed_in_pages,
    an_admin_changes_roles_and_one_admin_is_always_left,
    two_admins_cannot_take_each_others_role,
    an_account_is_deleted_with_all_that_is_its_own,
    whoever_logs_in_while_their_account_is_deleted_keeps_nobody_from_it,
    nothing_that_an_old_password_opened_outlives_it,
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

pub(crate) fn newcomer(username: &str, email: &str) -> NewUser {
    NewUser {
        username: username.parse().unwrap(),
        email: NewEmail::Believed(email.parse().unwrap()),
        display_name: Some("Ann B".parse().unwrap()),
        password_hash: "hash".to_owned(),
    }
}

async fn whoever_registers_logs_in_by_name_or_mail_and_both_are_taken_once(bench: &Bench) {
    let users = bench.catalogue.users();
    let ann = users.register(&newcomer("ann", "Ann@music.example")).await.unwrap();
    assert_eq!((ann.role, ann.plan), (Role::Listener, Plan::Free));
    assert_eq!(ann.email.as_deref(), Some("ann@music.example"));
    assert_eq!(ann.created_ms, 1_800_000_000_000);
    for login in ["ann", "ann@music.example", "ANN@music.example"] {
        let (user, hash) = users.by_login(login).await.unwrap().expect("ann");
        assert_eq!((user.id, hash.as_str()), (ann.id, "hash"));
    }
    assert_eq!(users.by_login("bob@music.example").await.unwrap(), None);
    for (name, mail) in [("ann", "bob@music.example"), ("bob", "ann@music.example")] {
        let taken = users.register(&newcomer(name, mail)).await;
        assert!(matches!(taken, Err(CatalogueError::Taken)), "{taken:?}");
    }
    assert_eq!(users.profile(ann.id).await.unwrap(), Some(ann.clone()));
    let unnamed = ProfileChange { display_name: Some(None), ..ProfileChange::default() };
    let renamed = users.change(ann.id, &unnamed).await.unwrap().expect("ann");
    assert_eq!(renamed.display_name, None);
    let nobody = UserId::new(Uuid::now_v7());
    assert_eq!(users.change(nobody, &unnamed).await.unwrap(), None);
    assert_eq!(users.profile(nobody).await.unwrap(), None);
}

async fn what_is_not_said_of_oneself_stays(bench: &Bench) {
    let users = bench.catalogue.users();
    let ann = users.register(&newcomer("ann", "ann@music.example")).await.unwrap();
    let bob = users.register(&newcomer("bob", "bob@music.example")).await.unwrap();
    assert_eq!(ann.preferences, Preferences::default());
    let change = async |preferences| {
        let change = ProfileChange { preferences, ..ProfileChange::default() };
        let changed = users.change(ann.id, &change).await.unwrap().expect("ann");
        assert_eq!(changed.display_name.as_deref(), Some("Ann B"));
        changed.preferences
    };
    let none = PreferencesChange::default;
    let language = |tag: &str| Some(Some(tag.parse().unwrap()));
    change(PreferencesChange { quality: Some(Quality::High), ..none() }).await;
    change(PreferencesChange { language: language("pt-BR"), ..none() }).await;
    change(PreferencesChange { explicit: Some(false), ..none() }).await;
    let all = change(PreferencesChange { normalize_volume: Some(false), ..none() }).await;
    let language = language("pt-BR").flatten();
    let wanted =
        Preferences { quality: Quality::High, language, explicit: false, normalize_volume: false };
    assert_eq!(all, wanted);
    let spoken = change(PreferencesChange { language: Some(None), ..none() }).await;
    assert_eq!(spoken, Preferences { language: None, ..wanted });
    assert_eq!(change(Preferences::default().into()).await, Preferences::default());
    let bobs = users.profile(bob.id).await.unwrap().expect("bob");
    assert_eq!(bobs, bob);
}

async fn of_many_who_want_one_name_one_has_it(bench: &Bench) {
    let wanting: Vec<_> = (0..8)
        .map(|number| {
            let catalogue = bench.catalogue.clone();
            let new = newcomer("ann", &format!("{number}@music.example"));
            tokio::spawn(async move { catalogue.users().register(&new).await })
        })
        .collect();
    let mut made = 0;
    for wanting in wanting {
        match wanting.await.unwrap() {
            Ok(_) => made += 1,
            Err(error) => assert!(matches!(error, CatalogueError::Taken), "{error:?}"),
        }
    }
    assert_eq!(made, 1);
}

async fn a_picture_of_somebody_is_theirs_until_they_take_it_away(bench: &Bench) {
    let users = bench.catalogue.users();
    let [ann, bob] = [("ann", "a@x.example"), ("bob", "b@x.example")].map(|(a, b)| newcomer(a, b));
    let (ann, bob) = (users.register(&ann).await.unwrap(), users.register(&bob).await.unwrap());
    assert_eq!(ann.avatar, None);
    let cover = |width| Cover { hash: ArtworkHash::new([7; 32]), width, height: width };
    let artwork = Artwork::of(vec![cover(300), cover(96)]).unwrap();
    let shown = async |user| users.profile(user).await.unwrap().expect("an account").avatar;
    users.put_avatar(ann.id, Some(&artwork)).await.unwrap();
    assert_eq!((shown(ann.id).await.as_ref(), shown(bob.id).await), (Some(&artwork), None));
    let listed = users.list(None, 9).await.unwrap();
    assert!(listed.iter().any(|profile| profile.avatar.as_ref() == Some(&artwork)), "{listed:?}");
    let export = bench.catalogue.export(ann.id).await.unwrap().expect("ann");
    let url = format!("/artwork/{}.jpg", "07".repeat(32));
    assert_eq!(export["account"]["avatar"][1]["url"], url, "{export}");
    users.put_avatar(ann.id, None).await.unwrap();
    assert_eq!(shown(ann.id).await, None);
    let nobodys = users.put_avatar(UserId::new(Uuid::now_v7()), Some(&artwork)).await;
    assert!(matches!(nobodys, Err(CatalogueError::Gone)), "{nobodys:?}");
}

async fn everybody_is_listed_in_pages(bench: &Bench) {
    let users = bench.catalogue.users();
    for name in ["ann", "bob", "eve"] {
        users.register(&newcomer(name, &format!("{name}@music.example"))).await.unwrap();
    }
    let names = async |after, limit| {
        let page = users.list(after, limit).await.unwrap();
        let names: Vec<_> = page.iter().map(|user| user.username.clone()).collect();
        (names, page.last().map(|user| user.id))
    };
    let (first, last) = names(None, 3).await;
    assert_eq!(first, ["eve", "bob", "ann"]);
    assert_eq!(names(last, 3).await.0, ["admin"]);
}

fn role(role: Role) -> Entitling {
    Entitling { role: Some(role), ..Entitling::default() }
}

async fn an_admin_changes_roles_and_one_admin_is_always_left(bench: &Bench) {
    let (users, admin) = (bench.catalogue.users(), bench.admin.id);
    let ann = users.register(&newcomer("ann", "ann@music.example")).await.unwrap();
    let artist = users.entitle(admin, ann.id, role(Role::Artist)).await.unwrap();
    assert!(
        matches!(artist, Entitled::Now(of) if (of.role, of.plan) == (Role::Artist, Plan::Free))
    );
    let premium = users
        .entitle(admin, ann.id, Entitling { plan: Some(Plan::Premium), ..Entitling::default() })
        .await
        .unwrap();
    assert!(
        matches!(premium, Entitled::Now(of) if (of.role, of.plan) == (Role::Artist, Plan::Premium))
    );
    let change = async |by, whose, to| users.entitle(by, whose, role(to)).await.unwrap();
    assert_eq!(change(ann.id, ann.id, Role::Admin).await, Entitled::NoAdmin);
    assert_eq!(change(admin, admin, Role::Listener).await, Entitled::LastAdmin);
    let nobody = UserId::new(Uuid::now_v7());
    assert_eq!(change(admin, nobody, Role::Artist).await, Entitled::Nobody);
    assert!(matches!(change(admin, ann.id, Role::Admin).await, Entitled::Now(_)));
    assert!(matches!(change(admin, admin, Role::Listener).await, Entitled::Now(_)));
}

async fn two_admins_cannot_take_each_others_role(bench: &Bench) {
    let (users, admin) = (bench.catalogue.users(), bench.admin.id);
    let bob = users.create("bob", "hash", Role::Admin).await.unwrap().id;
    let demote = |by, whose| {
        let catalogue = bench.catalogue.clone();
        let role = role(Role::Listener);
        tokio::spawn(async move { catalogue.users().entitle(by, whose, role).await.unwrap() })
    };
    let (one, two) = (demote(admin, bob), demote(bob, admin));
    let both = [one.await.unwrap(), two.await.unwrap()];
    assert_eq!(both.iter().filter(|one| matches!(one, Entitled::Now(_))).count(), 1, "{both:?}");
    let left = users.list(None, 9).await.unwrap();
    assert_eq!(left.iter().filter(|user| user.role == Role::Admin).count(), 1);
}

async fn an_account_is_deleted_with_all_that_is_its_own(bench: &Bench) {
    let (users, keys) = (bench.catalogue.users(), bench.catalogue.api_keys());
    let ann = users.register(&newcomer("ann", "ann@music.example")).await.unwrap().id;
    let idle = Duration::from_secs(60);
    let (session, _) = bench.catalogue.sessions().begin(ann, idle).await.unwrap();
    let name = "key".parse().unwrap();
    let (_, key) = keys.create(ann, &name, Role::Listener, None).await.unwrap().expect("a key");
    let song = bench.make_ready("Song").await;
    let public = segue_catalogue::Audience::from(segue_catalogue::Viewer::Public);
    bench.catalogue.library().like(ann, &public, song.id).await.unwrap();
    assert_eq!(users.delete(ann).await.unwrap(), Deleted::Done);
    assert_eq!(users.delete(ann).await.unwrap(), Deleted::Nobody);
    assert_eq!(users.profile(ann).await.unwrap(), None);
    assert_eq!(bench.catalogue.sessions().standing(session).await.unwrap(), None);
    assert_eq!(keys.owner(&key).await.unwrap(), None);
    assert!(users.register(&newcomer("ann", "ann@music.example")).await.is_ok(), "free again");
    assert_eq!(users.delete(bench.admin.id).await.unwrap(), Deleted::HasSongs);
    let bob = users.create("bob", "hash", Role::Admin).await.unwrap().id;
    users.entitle(bob, bench.admin.id, role(Role::Artist)).await.unwrap();
    assert_eq!(users.delete(bob).await.unwrap(), Deleted::LastAdmin);
}

async fn whoever_logs_in_while_their_account_is_deleted_keeps_nobody_from_it(bench: &Bench) {
    let idle = Duration::from_secs(60);
    for round in 0..8 {
        let ann = newcomer("ann", "ann@music.example");
        let ann = bench.catalogue.users().register(&ann).await.unwrap();
        let log_in = || {
            let catalogue = bench.catalogue.clone();
            tokio::spawn(async move {
                let mut begun = Ok(());
                while begun.is_ok() {
                    begun = catalogue.sessions().begin(ann.id, idle).await.map(drop);
                }
                begun
            })
        };
        let logins: Vec<_> = (0..4).map(|_| log_in()).collect();
        tokio::time::sleep(Duration::from_millis(10 * round)).await;
        assert_eq!(bench.catalogue.users().delete(ann.id).await.unwrap(), Deleted::Done);
        for login in logins {
            let refused = login.await.unwrap();
            assert!(matches!(refused, Err(CatalogueError::Gone)), "{refused:?}");
        }
    }
}

async fn nothing_that_an_old_password_opened_outlives_it(bench: &Bench) {
    let idle = Duration::from_secs(60);
    let ann = newcomer("ann", "ann@music.example");
    let ann = bench.catalogue.users().register(&ann).await.unwrap().id;
    let passwords: Vec<_> = (0..8).map(|round| format!("hash{round}")).collect();
    let first = bench.catalogue.users().change_password(ann, ("hash", &passwords[0]), None).await;
    assert!(first.unwrap());
    for (round, change) in passwords.windows(2).enumerate() {
        let (old, new) = (change[0].clone(), change[1].as_str());
        let log_in = || {
            let (catalogue, old) = (bench.catalogue.clone(), old.clone());
            tokio::spawn(async move {
                let (mut sessions, name) = (Vec::new(), "key".parse().unwrap());
                loop {
                    match catalogue.sessions().begin_by_password((ann, &old), idle).await {
                        Ok((session, _)) => sessions.push(session),
                        Err(error) => break (sessions, error),
                    }
                    let keys = catalogue.api_keys();
                    let _ = keys.create(ann, &name, Role::Listener, Some(&old)).await;
                }
            })
        };
        let logins: Vec<_> = (0..4).map(|_| log_in()).collect();
        tokio::time::sleep(Duration::from_millis(10 * u64::try_from(round).unwrap())).await;
        let changed = bench.catalogue.users().change_password(ann, (&old, new), None).await;
        assert!(changed.unwrap());
        for login in logins {
            let (sessions, refused) = login.await.unwrap();
            assert!(matches!(refused, CatalogueError::PasswordChanged), "{refused:?}");
            for session in sessions {
                assert_eq!(bench.catalogue.sessions().standing(session).await.unwrap(), None);
            }
        }
        assert_eq!(bench.catalogue.api_keys().list(ann).await.unwrap(), []);
    }
}
