//! The playlists: who has which, what they are called, who may see them.

use media::{SongId, UserId};
use uuid::Uuid;

use crate::catalogue::Catalogue;
use crate::country::Country;
use crate::error::CatalogueError;
use crate::event::Event;
use crate::feed;
use crate::playlist::{
    MOST_PLAYLISTS, NewPlaylist, Playlist, PlaylistChange, PlaylistError, PlaylistId,
};
use crate::playlist_members::link_of;
use crate::playlist_rules::{Action, MemberRole, Standing};
use crate::row::Row;
use crate::source::Source;
use crate::statement::sql;
use crate::user::{AuthenticatedUser, Role};
use crate::write::Write;

/// Playlists and what the user `$1` is to them, under the given condition.
macro_rules! playlists_where {
    ($condition:literal) => {
        concat!(
            "SELECT p.id, p.owner_id, p.name, p.description, p.public, p.songs, p.version,
                    p.arrangement, p.created_ms, p.updated_ms, m.role
             FROM playlists p
             LEFT JOIN playlist_members m ON m.playlist_id = p.id AND m.user_id = $1
             WHERE ",
            $condition
        )
    };
}

/// The playlists in a catalogue.
#[derive(Debug)]
pub struct Playlists<'a> {
    pub(crate) catalogue: &'a Catalogue,
    pub(crate) country: Option<Country>,
    versions: Option<Vec<u64>>,
}

impl<'a> Playlists<'a> {
    pub(crate) fn new(catalogue: &'a Catalogue) -> Self {
        Self { catalogue, country: None, versions: None }
    }

    /// The same for somebody in that country: their songs may be others than where nobody says.
    #[must_use]
    pub fn seen_from(self, country: Option<Country>) -> Self {
        Self { country, ..self }
    }

    /// The same for somebody who changes playlists only where they are still at one of `versions`, or wherever they are:
    /// changes are otherwise [`PlaylistError::Changed`].
    #[must_use]
    pub fn at(self, versions: Option<Vec<u64>>) -> Self {
        Self { versions, ..self }
    }

    /// Makes an empty playlist of `owner`.
    ///
    /// # Errors
    /// [`PlaylistError::TooMany`], or the database failed.
    pub async fn create(
        &self,
        owner: &AuthenticatedUser,
        new: &NewPlaylist,
    ) -> Result<Playlist, PlaylistError> {
        self.create_with(owner, new, &[]).await
    }

    /// Makes a playlist of `owner` with these songs in it, in their order.
    ///
    /// # Errors
    /// [`PlaylistError`]: it is made with all of them, or not at all.
    pub async fn create_with(
        &self,
        owner: &AuthenticatedUser,
        new: &NewPlaylist,
        songs: &[SongId],
    ) -> Result<Playlist, PlaylistError> {
        let mut write = self.catalogue.write().await?;
        let count = sql("SELECT COUNT(*) AS count FROM playlists WHERE owner_id = $1");
        let has: u32 = write.one(count.bind(owner.id)).await?.get("count")?;
        if has >= MOST_PLAYLISTS {
            return Err(PlaylistError::TooMany);
        }
        let id = PlaylistId::new(Uuid::now_v7());
        let statement =
            sql("INSERT INTO playlists (id, owner_id, name, description, public, songs,
                                 version, arrangement, created_ms, updated_ms)
             VALUES ($1, $2, $3, $4, $5, 0, 1, 0, $6, $6)")
            .bind(id)
            .bind(owner.id)
            .bind(new.name.as_str())
            .bind(new.description.as_str())
            .bind(new.public)
            .bind(self.catalogue.now_ms());
        write.execute(statement).await?;
        feed::playlists_changed(&mut write, owner.id).await?;
        let (playlist, by) = (id.uuid(), owner.id);
        write.say(&Event::PlaylistChanged { playlist, by, members: vec![by] }).await?;
        let playlist = visible(&mut write, Some(owner), None, id).await?;
        if songs.is_empty() {
            write.commit().await?;
            return Ok(playlist);
        }
        // Nobody knows of it yet: there is no turn to wait for.
        let mut edit = Edit { write, playlist, user: owner, left: None };
        edit.add(&self.audience(Some(owner)), songs, None).await?;
        edit.finish().await
    }

    /// The playlist, as `asker` may see it, perhaps by the token of a link.
    ///
    /// # Errors
    /// [`PlaylistError::NoSuchPlaylist`] where there is none that they may see, or the database failed.
    pub async fn get(
        &self,
        asker: Option<&AuthenticatedUser>,
        link: Option<&str>,
        id: PlaylistId,
    ) -> Result<Playlist, PlaylistError> {
        visible(&mut self.catalogue.read(), asker, link, id).await
    }

    /// Up to `limit` playlists that the user made or is a member of, newest first, from the one after `after` on.
    ///
    /// # Errors
    /// The database failed.
    pub async fn of(
        &self,
        user: &AuthenticatedUser,
        after: Option<PlaylistId>,
        limit: u32,
    ) -> Result<Vec<Playlist>, CatalogueError> {
        let statement = sql(playlists_where!(
            "p.id < $2 AND p.id IN
                 (SELECT o.id FROM playlists o WHERE o.owner_id = $1 UNION ALL
                  SELECT n.playlist_id FROM playlist_members n WHERE n.user_id = $1)
             ORDER BY p.id DESC LIMIT $3"
        ));
        let below = after.map_or(Uuid::max(), PlaylistId::uuid);
        let rows =
            self.catalogue.read().all(statement.bind(user.id).bind(below).bind(limit)).await?;
        rows.iter().map(|row| read_playlist(row, Some(user))).collect()
    }

    /// Says something differently of a playlist.
    ///
    /// # Errors
    /// [`PlaylistError::NoSuchPlaylist`], [`PlaylistError::Refused`], [`PlaylistError::Changed`], or the database
    /// failed.
    pub async fn change(
        &self,
        user: &AuthenticatedUser,
        id: PlaylistId,
        change: &PlaylistChange,
    ) -> Result<Playlist, PlaylistError> {
        let mut edit = Edit::begin(self, user, id, Action::Describe).await?;
        let statement = sql("UPDATE playlists SET name = COALESCE($2, name),
                 description = COALESCE($3, description), public = COALESCE($4, public)
             WHERE id = $1")
        .bind(id)
        .bind(change.name.as_ref().map(|name| name.as_str()))
        .bind(change.description.as_ref().map(|text| text.as_str()))
        .bind(change.public);
        edit.write.execute(statement).await?;
        edit.finish().await
    }

    /// Does away with a playlist.
    ///
    /// # Errors
    /// [`PlaylistError::NoSuchPlaylist`], [`PlaylistError::Refused`], [`PlaylistError::Changed`], or the database
    /// failed.
    pub async fn delete(
        &self,
        user: &AuthenticatedUser,
        id: PlaylistId,
    ) -> Result<(), PlaylistError> {
        let mut edit = Edit::begin(self, user, id, Action::Delete).await?;
        let event = edit.happened().await?;
        // In one order: whoever deletes another playlist of the same people waits, and is not waited for.
        let mut losers = event.concerns().to_vec();
        losers.sort_unstable();
        for loser in losers {
            feed::playlists_changed(&mut edit.write, loser).await?;
        }
        edit.write.execute(sql("DELETE FROM playlists WHERE id = $1").bind(id)).await?;
        edit.write.say(&event).await?;
        Ok(edit.write.commit().await?)
    }
}

/// A change to one playlist, of which there is one at a time.
pub(crate) struct Edit<'a> {
    pub(crate) write: Write,
    pub(crate) playlist: Playlist,
    pub(crate) user: &'a AuthenticatedUser,
    /// Who is a member no more.
    pub(crate) left: Option<UserId>,
}

impl<'a> Edit<'a> {
    /// Waits for its turn, and looks whether the user may do that, and the playlist is what they think it is.
    pub(crate) async fn begin(
        playlists: &Playlists<'_>,
        user: &'a AuthenticatedUser,
        id: PlaylistId,
        action: Action,
    ) -> Result<Self, PlaylistError> {
        let edit = Self::begin_at(playlists.catalogue, user, None, id).await?;
        if !edit.playlist.may(action) {
            return Err(PlaylistError::Refused(action));
        }
        let versions = playlists.versions.as_deref();
        let fits = versions.is_none_or(|versions| versions.contains(&edit.playlist.version));
        if fits { Ok(edit) } else { Err(PlaylistError::Changed) }
    }

    /// Waits for its turn, for somebody who may see the playlist by the token of a link.
    pub(crate) async fn begin_by(
        catalogue: &Catalogue,
        user: &'a AuthenticatedUser,
        id: PlaylistId,
        token: &str,
    ) -> Result<Self, PlaylistError> {
        Self::begin_at(catalogue, user, Some(token), id).await
    }

    async fn begin_at(
        catalogue: &Catalogue,
        user: &'a AuthenticatedUser,
        link: Option<&str>,
        id: PlaylistId,
    ) -> Result<Self, PlaylistError> {
        let mut write = catalogue.write_alone_on(id.uuid()).await?;
        let playlist = visible(&mut write, Some(user), link, id).await?;
        Ok(Self { write, playlist, user, left: None })
    }

    /// Counts the change, keeps how many songs there are and how they are arranged, tells of it, and makes it so.
    pub(crate) async fn finish(mut self) -> Result<Playlist, PlaylistError> {
        let Playlist { id, songs, arrangement, .. } = self.playlist;
        let statement = sql("UPDATE playlists SET version = version + 1, songs = $2,
                                 arrangement = $3, updated_ms = $4 WHERE id = $1");
        let now = self.write.now_ms();
        let statement = statement.bind(id).bind(songs).bind(arrangement).bind(now);
        self.write.execute(statement).await?;
        let event = self.happened().await?;
        self.write.say(&event).await?;
        let now = fetch(&mut self.write, Some(self.user), id).await?;
        self.write.commit().await?;
        now.ok_or(PlaylistError::NoSuchPlaylist)
    }

    /// The change, for all who have the playlist or had it until now, in the order of their ids but for the owner.
    async fn happened(&mut self) -> Result<Event, CatalogueError> {
        let id = self.playlist.id;
        let statement = sql("SELECT user_id FROM playlist_members WHERE playlist_id = $1
                             ORDER BY user_id");
        let rows = self.write.all(statement.bind(id)).await?;
        let mut members = vec![self.playlist.owner];
        for row in &rows {
            members.push(row.get("user_id")?);
        }
        members.extend(self.left);
        Ok(Event::PlaylistChanged { playlist: id.uuid(), by: self.user.id, members })
    }
}

/// The playlist, where there is one that `asker` may see, perhaps by the token of a link: whoever has that looks on as a
/// viewer does.
pub(crate) async fn visible(
    from: &mut impl Source,
    asker: Option<&AuthenticatedUser>,
    link: Option<&str>,
    id: PlaylistId,
) -> Result<Playlist, PlaylistError> {
    let mut found = fetch(from, asker, id).await?;
    if let (Some(playlist), Some(token)) = (&mut found, link)
        && playlist.standing == Standing::Stranger
        && link_of(from, token).await?.is_some_and(|(leads_to, _)| leads_to == id)
    {
        playlist.standing = Standing::Viewer;
    }
    found.filter(|playlist| playlist.may(Action::See)).ok_or(PlaylistError::NoSuchPlaylist)
}

async fn fetch(
    from: &mut impl Source,
    asker: Option<&AuthenticatedUser>,
    id: PlaylistId,
) -> Result<Option<Playlist>, CatalogueError> {
    let user = asker.map_or(Uuid::nil(), |asker| asker.id.uuid());
    let row = from.optional(sql(playlists_where!("p.id = $2")).bind(user).bind(id)).await?;
    row.map(|row| read_playlist(&row, asker)).transpose()
}

fn read_playlist(row: &Row, asker: Option<&AuthenticatedUser>) -> Result<Playlist, CatalogueError> {
    let owner: UserId = row.get("owner_id")?;
    let role: Option<String> = row.get("role")?;
    let role: Option<MemberRole> =
        role.map(|role| role.parse()).transpose().map_err(CatalogueError::unreadable("role"))?;
    Ok(Playlist {
        id: row.get("id")?,
        owner,
        name: row.get("name")?,
        description: row.get("description")?,
        public: row.get("public")?,
        songs: row.get("songs")?,
        version: row.get("version")?,
        arrangement: row.get("arrangement")?,
        created_ms: row.get("created_ms")?,
        updated_ms: row.get("updated_ms")?,
        standing: standing(asker, owner, role),
    })
}

fn standing(
    asker: Option<&AuthenticatedUser>,
    owner: UserId,
    role: Option<MemberRole>,
) -> Standing {
    match (asker, role) {
        (Some(asker), _) if asker.id == owner => Standing::Owner,
        (Some(_), Some(role)) => role.into(),
        (Some(asker), None) if asker.role == Role::Admin => Standing::Admin,
        _ => Standing::Stranger,
    }
}
