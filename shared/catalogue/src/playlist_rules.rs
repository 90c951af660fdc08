//! Who may do what with a playlist: every rule is here.

use std::fmt;
use std::str::FromStr;

use serde::Serialize;

/// How somebody stands to a playlist.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Standing {
    /// Nobody in particular, with an account or without.
    Stranger,
    /// An admin who is nothing else to it.
    Admin,
    /// Was let in to look.
    Viewer,
    /// Was let in to edit.
    Editor,
    /// Made it.
    Owner,
}

/// What can be done with a playlist.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Know of it, and read all of it.
    See,
    /// Put songs in, move and remove them.
    Edit,
    /// Rename and describe it, make it public or private.
    Describe,
    /// See its members and links, let people in and put them out.
    Share,
    /// Be a member no longer.
    Leave,
    /// Do away with it.
    Delete,
}

impl Standing {
    /// Whether somebody who stands so to a playlist, `public` or not, may do that.
    #[must_use]
    pub fn may(self, action: Action, public: bool) -> bool {
        match action {
            Action::See => public || self != Self::Stranger,
            Action::Edit => matches!(self, Self::Editor | Self::Owner),
            Action::Describe | Action::Share => self == Self::Owner,
            Action::Leave => matches!(self, Self::Viewer | Self::Editor),
            Action::Delete => matches!(self, Self::Owner | Self::Admin),
        }
    }
}

/// What a member beside the owner may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum MemberRole {
    /// Reads.
    Viewer,
    /// Reads and edits the songs.
    Editor,
}

impl From<MemberRole> for Standing {
    fn from(role: MemberRole) -> Self {
        match role {
            MemberRole::Viewer => Self::Viewer,
            MemberRole::Editor => Self::Editor,
        }
    }
}

impl fmt::Display for MemberRole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Viewer => "viewer",
            Self::Editor => "editor",
        })
    }
}

/// Not a member's role.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a member is a viewer or an editor")]
pub struct UnknownMemberRole;

impl FromStr for MemberRole {
    type Err = UnknownMemberRole;

    fn from_str(text: &str) -> Result<Self, UnknownMemberRole> {
        match text {
            "viewer" => Ok(Self::Viewer),
            "editor" => Ok(Self::Editor),
            _ => Err(UnknownMemberRole),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cell_of_standing_and_action() {
        use Action::{Delete, Describe, Edit, Leave, See, Share};
        let actions = [See, Edit, Describe, Share, Leave, Delete];
        for (standing, private, public) in [
            (Standing::Stranger, "------", "x-----"),
            (Standing::Admin, "x----x", "x----x"),
            (Standing::Viewer, "x---x-", "x---x-"),
            (Standing::Editor, "xx--x-", "xx--x-"),
            (Standing::Owner, "xxxx-x", "xxxx-x"),
        ] {
            for (row, is_public) in [(private, false), (public, true)] {
                let cell = |action: Action| if standing.may(action, is_public) { 'x' } else { '-' };
                assert_eq!(actions.map(cell).iter().collect::<String>(), row, "{standing:?}");
            }
        }
    }
}
