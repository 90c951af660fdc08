//! The demo song, embedded. Where it comes from stands in `fixtures/README.md`.

use bytes::Bytes;
use catalogue::Name;
use futures::stream;
use ingest::details::Details;
use ingest::{Intake, Received};
use media::UserId;

const MASTER: &[u8] = include_bytes!("../../fixtures/demo.flac");
const TITLE: &str = "On The Next Day";
const ARTIST: &str = "Freedoom contributors";
const ALBUM: &str = "Freedoom: Phase 1";

/// Takes the demo song in on the way that every upload takes.
pub(super) async fn upload(intake: &Intake, uploader: UserId) -> anyhow::Result<()> {
    let body = stream::iter([Ok::<_, std::convert::Infallible>(Bytes::from_static(MASTER))]);
    let received = Received::from_stream(intake.workshop(), body, u64::MAX).await?;
    let name = |text| Some(Name::nearest(text, text));
    let details = Details {
        title: name(TITLE),
        artist: name(ARTIST),
        album: name(ALBUM),
        file_name: Some("demo.flac".to_owned()),
        ..Details::default()
    };
    intake.accept(received, details, uploader).await?;
    Ok(())
}
