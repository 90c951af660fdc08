//! Members of playlists, and the links by which they come.

use segue_catalogue::playlist_members::MOST_LINKS;
use segue_catalogue::playlist_rules::{Action, MemberRole, Standing};
use segue_catalogue::{AuthenticatedUser, PlaylistError, PlaylistId, Role};
use uuid::Uuid;

use crate::bench::Bench;
use crate::contract;
use crate::playlists::{new, user};

contract![
    whoever_has_a_link_looks_on_and_may_join,
    a_revoked_link_leads_nowhere,
    members_get_other_roles_and_are_put_out,
    a_link_raises_a_member_and_never_lowers_one,
    links_are_few,
];

async fn made(bench: &Bench) -> (AuthenticatedUser, AuthenticatedUser, PlaylistId) {
    let (ann, bob) =
        (user(bench, "ann", Role::Listener).await, user(bench, "bob", Role::Listener).await);
    let made = bench.catalogue.playlists().create(&ann, &new("Ours", false)).await.unwrap();
    (ann, bob, made.id)
}

async fn whoever_has_a_link_looks_on_and_may_join(bench: &Bench) {
    let (ann, bob, id) = made(bench).await;
    let playlists = bench.catalogue.playlists();
    let link = playlists.make_link(&ann, id, MemberRole::Editor).await.unwrap();
    let token = Some(link.token.as_str());
    for asker in [None, Some(&bob)] {
        let seen = playlists.get(asker, token, id).await.unwrap();
        assert_eq!(seen.standing, Standing::Viewer, "an account must join to edit");
        assert_eq!(playlists.entries(asker, token, id, None, 9).await.unwrap().1, []);
    }
    let other = playlists.create(&ann, &new("Other", false)).await.unwrap().id;
    let seen = playlists.get(Some(&bob), token, other).await;
    assert!(matches!(seen, Err(PlaylistError::NoSuchPlaylist)), "{seen:?}");
    let joined = playlists.join(&bob, &link.token).await.unwrap();
    assert_eq!((joined.id, joined.standing), (id, Standing::Editor));
    assert_eq!(playlists.of(&bob, None, 9).await.unwrap(), [joined]);
    let own = playlists.join(&ann, &link.token).await.unwrap();
    assert_eq!(own.standing, Standing::Owner);
    let members = playlists.members(&ann, id).await.unwrap();
    assert_eq!((members.len(), members[0].user, members[0].role), (1, bob.id, MemberRole::Editor));
}

async fn a_revoked_link_leads_nowhere(bench: &Bench) {
    let (ann, bob, id) = made(bench).await;
    let playlists = bench.catalogue.playlists();
    let link = playlists.make_link(&ann, id, MemberRole::Viewer).await.unwrap();
    assert_eq!(playlists.links(&ann, id).await.unwrap(), std::slice::from_ref(&link));
    playlists.revoke_link(&ann, id, link.id).await.unwrap();
    let again = playlists.revoke_link(&ann, id, link.id).await;
    assert!(matches!(again, Err(PlaylistError::NoSuchLink)), "{again:?}");
    let seen = playlists.get(None, Some(&link.token), id).await;
    assert!(matches!(seen, Err(PlaylistError::NoSuchPlaylist)), "{seen:?}");
    for token in [link.token.as_str(), "", "\0", "'"] {
        let joined = playlists.join(&bob, token).await;
        assert!(matches!(joined, Err(PlaylistError::NoSuchLink)), "{joined:?}");
    }
}

async fn members_get_other_roles_and_are_put_out(bench: &Bench) {
    let (ann, bob, id) = made(bench).await;
    let playlists = bench.catalogue.playlists();
    let nobody = playlists.set_role(&ann, id, bob.id, MemberRole::Editor).await;
    assert!(matches!(nobody, Err(PlaylistError::NoSuchMember)), "{nobody:?}");
    let link = playlists.make_link(&ann, id, MemberRole::Viewer).await.unwrap();
    playlists.join(&bob, &link.token).await.unwrap();
    playlists.set_role(&ann, id, bob.id, MemberRole::Editor).await.unwrap();
    assert_eq!(playlists.get(Some(&bob), None, id).await.unwrap().standing, Standing::Editor);
    let refused = playlists.set_role(&bob, id, bob.id, MemberRole::Viewer).await;
    assert!(matches!(refused, Err(PlaylistError::Refused(Action::Share))), "{refused:?}");
    let refused = playlists.remove_member(&ann, id, ann.id).await;
    assert!(matches!(refused, Err(PlaylistError::Refused(Action::Leave))), "{refused:?}");
    playlists.remove_member(&ann, id, bob.id).await.unwrap();
    let gone = playlists.get(Some(&bob), None, id).await;
    assert!(matches!(gone, Err(PlaylistError::NoSuchPlaylist)), "{gone:?}");
    let again = playlists.remove_member(&ann, id, bob.id).await;
    assert!(matches!(again, Err(PlaylistError::NoSuchMember)), "{again:?}");
}

async fn a_link_raises_a_member_and_never_lowers_one(bench: &Bench) {
    let (ann, bob, id) = made(bench).await;
    let playlists = bench.catalogue.playlists();
    let viewer = playlists.make_link(&ann, id, MemberRole::Viewer).await.unwrap();
    let editor = playlists.make_link(&ann, id, MemberRole::Editor).await.unwrap();
    for (link, standing) in
        [(&viewer, Standing::Viewer), (&editor, Standing::Editor), (&viewer, Standing::Editor)]
    {
        let joined = playlists.join(&bob, &link.token).await.unwrap();
        assert_eq!(joined.standing, standing);
    }
}

async fn links_are_few(bench: &Bench) {
    let (ann, bob, id) = made(bench).await;
    let playlists = bench.catalogue.playlists();
    for _ in 0..MOST_LINKS {
        playlists.make_link(&ann, id, MemberRole::Viewer).await.unwrap();
    }
    let more = playlists.make_link(&ann, id, MemberRole::Viewer).await;
    assert!(matches!(more, Err(PlaylistError::TooManyLinks)), "{more:?}");
    let hidden = playlists.revoke_link(&bob, id, Uuid::now_v7()).await;
    assert!(matches!(hidden, Err(PlaylistError::NoSuchPlaylist)), "{hidden:?}");
}
