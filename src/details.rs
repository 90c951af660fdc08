//! What is said of songs on the command line, over what their tags say.

use transcode::Tags;

/// What somebody says of the songs: it goes before their tags.
#[derive(Debug, Default, clap::Args)]
pub(crate) struct Details {
    /// The title of the song [default: its tag].
    #[arg(long, value_name = "TEXT")]
    title: Option<String>,
    /// Who made the songs [default: their tags].
    #[arg(long, value_name = "TEXT")]
    pub(crate) artist: Option<String>,
    /// The album that the songs belong to [default: their tags].
    #[arg(long, value_name = "TEXT")]
    pub(crate) album: Option<String>,
    /// What kind of music it is [default: their tags].
    #[arg(long, value_name = "TEXT")]
    genre: Option<String>,
    /// The year in which the songs came out [default: their tags].
    #[arg(long, value_name = "YEAR", value_parser = clap::value_parser!(u16).range(1860..=2100))]
    release_year: Option<u16>,
}

impl Details {
    /// The tags of a song with what is said in their place.
    pub(crate) fn over(&self, tags: Tags) -> Tags {
        tags.under(self.said())
    }

    /// The same as tags would say it.
    pub(crate) fn said(&self) -> Tags {
        Tags {
            title: self.title.clone(),
            artist: self.artist.clone(),
            album: self.album.clone(),
            genre: self.genre.clone(),
            year: self.release_year,
            ..Tags::default()
        }
    }

    /// Whether one song's title is said, which cannot be that of several.
    pub(crate) fn names_one_song(&self) -> bool {
        self.title.is_some()
    }
}
