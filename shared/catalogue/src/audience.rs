//! Who looks at the catalogue, and what they are shown. There is one rule, and it is here.

use crate::country::Country;
use crate::song::Viewer;
use crate::statement::Statement;

/// Who looks, and from where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Audience {
    /// Who.
    pub viewer: Viewer,
    /// From where. Whoever is nowhere known is shown what may be heard everywhere.
    pub country: Option<Country>,
}

impl From<Viewer> for Audience {
    /// Somebody who is nowhere known.
    fn from(viewer: Viewer) -> Self {
        Self { viewer, country: None }
    }
}

/// The condition under which the audience of `$1` to `$4` may know of the song `s`, and play it once it is ready:
/// uploaders and admins whatever is the matter with it; all others once it is ready, and neither a draft nor withdrawn,
/// within its window, and where it may be heard.
macro_rules! visible {
    () => {
        "($2 OR s.uploader_id = $1 OR (s.state = 'ready' AND NOT s.draft
           AND (s.available_from_ms IS NULL OR s.available_from_ms <= $3)
           AND (s.available_until_ms IS NULL OR s.available_until_ms > $3)
           AND (s.territories IS NULL
                OR ' ' || s.territories || ' ' LIKE '% ' || CAST($4 AS TEXT) || ' %')))"
    };
}

pub(crate) use visible;

impl Statement<'_> {
    /// The values of `visible!`: the first four of a statement.
    pub(crate) fn bind_audience(self, audience: &Audience, now_ms: i64) -> Self {
        let uploader = match audience.viewer {
            Viewer::Uploader(user) => Some(user),
            Viewer::Public | Viewer::Admin => None,
        };
        self.bind(uploader)
            .bind(audience.viewer == Viewer::Admin)
            .bind(now_ms)
            .bind(audience.country.map(|country| country.to_string()))
    }
}
