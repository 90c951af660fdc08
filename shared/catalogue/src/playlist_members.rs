//! Who else may see or edit a playlist, and the links by which people come to.

use media::UserId;
use uuid::Uuid;

use crate::error::CatalogueError;
use crate::feed;
use crate::playlist::{Playlist, PlaylistError, PlaylistId};
use crate::playlist_rules::{Action, MemberRole};
use crate::playlists::{Edit, Playlists, visible};
use crate::row::Row;
use crate::source::Source;
use crate::statement::sql;
use crate::user::AuthenticatedUser;

/// Links of one playlist at most.
pub const MOST_LINKS: usize = 100;

/// Members of one playlist at most, beside its owner.
pub const MOST_MEMBERS: usize = 1_000;

/// Somebody beside the owner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Who.
    pub user: UserId,
    /// What they may do.
    pub role: MemberRole,
    /// Since when, in milliseconds since 1970.
    pub since_ms: u64,
}

/// A link: whoever has its token may see the playlist, and join it with its role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// Which, to revoke it by.
    pub id: Uuid,
    /// The secret in it: 64 hex digits, 244 bits of them random.
    pub token: String,
    /// What joins with it become.
    pub role: MemberRole,
    /// When it was made, in milliseconds since 1970.
    pub created_ms: u64,
}

impl Playlists<'_> {
    /// The members of a playlist beside its owner, up to [`MOST_MEMBERS`], by their ids.
    ///
    /// # Errors
    /// [`PlaylistError`].
    pub async fn members(
        &self,
        user: &AuthenticatedUser,
        id: PlaylistId,
    ) -> Result<Vec<Member>, PlaylistError> {
        self.may_share(user, id).await?;
        let statement = sql("SELECT user_id, role, since_ms FROM playlist_members
                             WHERE playlist_id = $1 ORDER BY user_id");
        let rows = self.catalogue.read().all(statement.bind(id)).await?;
        let member = |row: &Row| {
            Ok(Member {
                user: row.get("user_id")?,
                role: row.parse("role")?,
                since_ms: row.get("since_ms")?,
            })
        };
        rows.iter().map(member).collect()
    }

    /// Gives a member another role.
    ///
    /// # Errors
    /// [`PlaylistError::NoSuchMember`] where they are none, and other [`PlaylistError`]s.
    pub async fn set_role(
        &self,
        user: &AuthenticatedUser,
        id: PlaylistId,
        member: UserId,
        role: MemberRole,
    ) -> Result<Playlist, PlaylistError> {
        let mut edit = Edit::begin(self, user, id, Action::Share).await?;
        let statement = sql("UPDATE playlist_members SET role = $3
                             WHERE playlist_id = $1 AND user_id = $2");
        let statement = statement.bind(id).bind(member).bind(role.to_string());
        if edit.write.execute(statement).await? == 0 {
            return Err(PlaylistError::NoSuchMember);
        }
        edit.finish().await
    }

    /// Puts a member out, or lets them leave where they are the user themselves.
    ///
    /// # Errors
    /// [`PlaylistError::NoSuchMember`] where they are none, and other [`PlaylistError`]s.
    pub async fn remove_member(
        &self,
        user: &AuthenticatedUser,
        id: PlaylistId,
        member: UserId,
    ) -> Result<(), PlaylistError> {
        let action = if member == user.id { Action::Leave } else { Action::Share };
        let mut edit = Edit::begin(self, user, id, action).await?;
        let statement = sql("DELETE FROM playlist_members WHERE playlist_id = $1 AND user_id = $2");
        if edit.write.execute(statement.bind(id).bind(member)).await? == 0 {
            return Err(PlaylistError::NoSuchMember);
        }
        feed::playlists_changed(&mut edit.write, member).await?;
        edit.left = Some(member);
        edit.finish().await.map(|_| ())
    }

    /// Makes a link.
    ///
    /// # Errors
    /// [`PlaylistError::TooManyLinks`], and other [`PlaylistError`]s.
    pub async fn make_link(
        &self,
        user: &AuthenticatedUser,
        id: PlaylistId,
        role: MemberRole,
    ) -> Result<Link, PlaylistError> {
        let mut edit = Edit::begin(self, user, id, Action::Share).await?;
        let statement = sql("SELECT id FROM playlist_links WHERE playlist_id = $1");
        if edit.write.all(statement.bind(id)).await?.len() >= MOST_LINKS {
            return Err(PlaylistError::TooManyLinks);
        }
        let token = format!("{}{}", Uuid::new_v4().simple(), Uuid::new_v4().simple());
        let created_ms = edit.write.now_ms();
        let link = Link { id: Uuid::now_v7(), token, role, created_ms: created_ms.unsigned_abs() };
        let statement = sql("INSERT INTO playlist_links (id, playlist_id, token, role, created_ms)
                             VALUES ($1, $2, $3, $4, $5)");
        let statement = statement.bind(link.id).bind(id).bind(link.token.as_str());
        edit.write.execute(statement.bind(role.to_string()).bind(created_ms)).await?;
        edit.finish().await?;
        Ok(link)
    }

    /// The links of a playlist that were not revoked, oldest first.
    ///
    /// # Errors
    /// [`PlaylistError`].
    pub async fn links(
        &self,
        user: &AuthenticatedUser,
        id: PlaylistId,
    ) -> Result<Vec<Link>, PlaylistError> {
        self.may_share(user, id).await?;
        let statement = sql("SELECT id, token, role, created_ms FROM playlist_links
                             WHERE playlist_id = $1 ORDER BY id");
        let rows = self.catalogue.read().all(statement.bind(id)).await?;
        let link = |row: &Row| {
            Ok(Link {
                id: row.get("id")?,
                token: row.get("token")?,
                role: row.parse("role")?,
                created_ms: row.get("created_ms")?,
            })
        };
        rows.iter().map(link).collect()
    }

    /// Makes a link worthless. Whoever joined by it stays.
    ///
    /// # Errors
    /// [`PlaylistError::NoSuchLink`], and other [`PlaylistError`]s.
    pub async fn revoke_link(
        &self,
        user: &AuthenticatedUser,
        id: PlaylistId,
        link: Uuid,
    ) -> Result<(), PlaylistError> {
        let mut edit = Edit::begin(self, user, id, Action::Share).await?;
        let statement = sql("DELETE FROM playlist_links WHERE playlist_id = $1 AND id = $2");
        if edit.write.execute(statement.bind(id).bind(link)).await? == 0 {
            return Err(PlaylistError::NoSuchLink);
        }
        edit.finish().await.map(|_| ())
    }

    /// Makes the user a member of the playlist that the link with this token is to, with its role; whoever may do as
    /// much already stays what they are.
    ///
    /// # Errors
    /// [`PlaylistError::NoSuchLink`] where there is none, or it was revoked; [`PlaylistError::TooManyMembers`].
    pub async fn join(
        &self,
        user: &AuthenticatedUser,
        token: &str,
    ) -> Result<Playlist, PlaylistError> {
        // A link is made by one and used by another: a replica may not have heard of it.
        let link = link_of(&mut self.catalogue.latest().read(), token).await?;
        let (id, _) = link.ok_or(PlaylistError::NoSuchLink)?;
        let mut edit = Edit::begin_by(self.catalogue, user, id, token).await?;
        // Read again in its turn: it may have been revoked meanwhile.
        let link = link_of(&mut edit.write, token).await?;
        let (_, role) = link.ok_or(PlaylistError::NoSuchLink)?;
        if edit.playlist.owner == user.id {
            return Ok(edit.playlist);
        }
        let counted = sql("SELECT COUNT(*) AS count FROM playlist_members WHERE playlist_id = $1");
        let members: u32 = edit.write.one(counted.bind(id)).await?.get("count")?;
        if members as usize >= MOST_MEMBERS {
            return Err(PlaylistError::TooManyMembers);
        }
        let statement = sql("INSERT INTO playlist_members (playlist_id, user_id, role, since_ms)
             VALUES ($1, $2, $3, $4)
             ON CONFLICT (playlist_id, user_id) DO UPDATE SET role = excluded.role
             WHERE playlist_members.role = 'viewer' AND excluded.role = 'editor'");
        let now = edit.write.now_ms();
        let statement = statement.bind(id).bind(user.id).bind(role.to_string()).bind(now);
        if edit.write.execute(statement).await? == 0 {
            return Ok(edit.playlist);
        }
        feed::playlists_changed(&mut edit.write, user.id).await?;
        edit.finish().await
    }

    async fn may_share(
        &self,
        user: &AuthenticatedUser,
        id: PlaylistId,
    ) -> Result<(), PlaylistError> {
        let playlist = visible(&mut self.catalogue.read(), Some(user), None, id).await?;
        let may = playlist.may(Action::Share);
        if may { Ok(()) } else { Err(PlaylistError::Refused(Action::Share)) }
    }
}

/// Where a link leads to, and what joins by it become.
pub(crate) async fn link_of(
    from: &mut impl Source,
    token: &str,
) -> Result<Option<(PlaylistId, MemberRole)>, CatalogueError> {
    // PostgreSQL fails on text with NUL, which people may send.
    if !token.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return Ok(None);
    }
    let statement = sql("SELECT playlist_id, role FROM playlist_links WHERE token = $1");
    let row = from.optional(statement.bind(token)).await?;
    row.map(|row| Ok((row.get("playlist_id")?, row.parse("role")?))).transpose()
}
