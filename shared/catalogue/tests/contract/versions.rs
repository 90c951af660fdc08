//! Songs whose masters are replaced: what listeners get meanwhile and afterwards, what is chosen again, and what goes.

use media::{MasterHash, Version};
use segue_catalogue::jobs::desk::{Filter, Order, State};
use segue_catalogue::{
    CatalogueError, Event, Job, NewMaster, NewUpload, Packaged, Quota, Replaced, Retired, Song,
    SongState, SongVersions, Switched,
};
use std::time::Duration;

use crate::bench::{Bench, LEASE, packaged};
use crate::contract;

contract![
    a_song_plays_on_until_its_replacement_is_packaged,
    a_replacement_that_fails_leaves_the_song_as_it_was,
    the_newest_master_counts_whatever_was_under_way,
    the_same_master_is_nothing_to_do,
    a_song_that_never_played_is_about_its_newest_master,
    a_withdrawn_song_is_replaced_and_stays_so,
    of_two_who_replace_at_once_one_job_is_left,
    an_upload_in_pieces_replaces_once,
    an_older_version_is_chosen_again,
    who_read_an_older_edition_chooses_nothing,
    what_went_is_made_again_and_what_came_back_does_not_go,
    what_is_being_removed_is_not_made_anew,
    all_that_plays_is_packaged_once_more_after_everything_else,
];

fn master(byte: u8) -> MasterHash {
    MasterHash::new([byte; 32])
}

fn version(byte: u8) -> Version {
    Version::of(&master(byte), "recipe")
}

fn made_of(song: &Song, byte: u8) -> Packaged {
    Packaged { version: version(byte), ..packaged(song) }
}

fn new_master(song: &Song, byte: u8) -> NewMaster {
    let file_name = format!("{byte}.flac").parse().unwrap();
    NewMaster { song: song.id, master: master(byte), file_name, version: version(byte) }
}

async fn replace(bench: &Bench, song: &Song, byte: u8) -> Replaced {
    bench.catalogue.versions().replace(&new_master(song, byte)).await.unwrap()
}

async fn claim(bench: &Bench) -> Option<Job> {
    bench.catalogue.jobs().claim(LEASE).await.unwrap()
}

async fn complete(bench: &Bench, song: &Song, byte: u8) -> Song {
    let job = claim(bench).await.expect("a job");
    assert_eq!((job.song, job.master), (song.id, master(byte)));
    bench.catalogue.jobs().complete(&job, &made_of(song, byte)).await.unwrap();
    bench.song(song.id).await
}

async fn versions(bench: &Bench, song: &Song) -> SongVersions {
    bench.catalogue.versions().of_song(song.id).await.unwrap()
}

/// What was said since somebody last asked.
async fn said(bench: &Bench) -> Vec<Event> {
    let outbox = bench.catalogue.outbox();
    let pending = outbox.pending(100).await.unwrap();
    outbox.note_told(&pending, &[]).await.unwrap();
    pending.iter().map(|happening| happening.event().unwrap()).collect()
}

fn was_replaced(song: &Song) -> Event {
    let (artist, album) = (song.artist_id, song.album_id);
    Event::SongReplaced { song: song.id, uploader: Some(song.uploader), artist, album }
}

async fn a_song_plays_on_until_its_replacement_is_packaged(bench: &Bench) {
    let song = bench.make_ready("Song").await;
    said(bench).await;
    bench.wait(LEASE);
    assert_eq!(replace(bench, &song, 8).await, Replaced::Queued(song.clone()));
    let waiting = versions(bench, &song).await;
    let replacement = waiting.replacement.expect("what is under way");
    assert_eq!((replacement.master, replacement.state), (master(8), State::Queued));
    assert_eq!((replacement.file_name.as_str(), replacement.reason), ("8.flac", None));
    let job = claim(bench).await.expect("its job");
    assert_eq!((job.song, job.master), (song.id, master(8)));
    assert_eq!(bench.song(song.id).await, song, "nobody notices");
    let state = versions(bench, &song).await.replacement.unwrap().state;
    assert_eq!((state, said(bench).await), (State::Running, vec![]));

    bench.catalogue.jobs().complete(&job, &made_of(&song, 8)).await.unwrap();
    let after = bench.song(song.id).await;
    assert_eq!((after.state, after.master), (SongState::Ready, master(8)));
    assert_eq!(after.current.as_ref().unwrap().version, version(8));
    assert!(after.edition > song.edition);
    assert_eq!(said(bench).await, [was_replaced(&song)]);
    let SongVersions { versions: all, replacement } = versions(bench, &song).await;
    assert_eq!(replacement, None);
    let shown = all.iter().map(|it| (it.master, &*it.file_name, it.is_current, it.is_stored));
    assert_eq!(
        shown.collect::<Vec<_>>(),
        [(master(8), "8.flac", true, true), (master(7), "song.flac", false, true)]
    );
}

async fn a_replacement_that_fails_leaves_the_song_as_it_was(bench: &Bench) {
    let song = bench.make_ready("Song").await;
    said(bench).await;
    replace(bench, &song, 8).await;
    let job = claim(bench).await.expect("its job");
    bench.catalogue.jobs().fail(&job, "it is words").await.unwrap();
    assert_eq!(bench.song(song.id).await, song);
    let replacement = versions(bench, &song).await.replacement.expect("what became of it");
    assert_eq!(
        (replacement.state, replacement.reason.as_deref()),
        (State::Failed, Some("it is words"))
    );
    let (uploader, reason) = (Some(song.uploader), "it is words".to_owned());
    assert_eq!(
        said(bench).await,
        [Event::SongReplacementFailed { song: song.id, uploader, reason }]
    );
    assert_eq!(bench.catalogue.jobs().put_back(job.id).await.unwrap(), Order::Done);
    assert_eq!((bench.song(song.id).await, said(bench).await), (song.clone(), vec![]));
    let after = complete(bench, &song, 8).await;
    assert_eq!(after.current.unwrap().version, version(8));
}

async fn the_newest_master_counts_whatever_was_under_way(bench: &Bench) {
    let song = bench.make_ready("Song").await;
    replace(bench, &song, 8).await;
    let older = claim(bench).await.expect("a job");
    replace(bench, &song, 9).await;
    let jobs = bench.catalogue.jobs();
    for lost in [jobs.renew(&older, LEASE).await, jobs.complete(&older, &made_of(&song, 8)).await] {
        assert!(matches!(lost, Err(CatalogueError::LeaseLost)), "{lost:?}");
    }
    replace(bench, &song, 9).await;
    let after = complete(bench, &song, 9).await;
    assert_eq!((after.master, after.current.unwrap().version), (master(9), version(9)));
    assert_eq!(claim(bench).await, None, "the same master twice is one job");
    // An operator may still want the other.
    assert_eq!(jobs.put_back(older.id).await.unwrap(), Order::Done);
    replace(bench, &song, 9).await;
    assert_eq!(claim(bench).await, None, "what is current was asked for last");
}

async fn the_same_master_is_nothing_to_do(bench: &Bench) {
    let song = bench.make_ready("Song").await;
    assert_eq!(replace(bench, &song, 7).await, Replaced::Same(song.clone()));
    replace(bench, &song, 8).await;
    assert_eq!(replace(bench, &song, 7).await, Replaced::Same(song.clone()), "minds are changed");
    assert_eq!(claim(bench).await, None);
    // Made in another way, it is another version.
    let other = Version::of(&master(7), "another recipe");
    let new = NewMaster { version: other, ..new_master(&song, 7) };
    let queued = bench.catalogue.versions().replace(&new).await.unwrap();
    assert_eq!(queued, Replaced::Queued(song.clone()));
    // Whoever makes it finds that it is what there is after all: nothing has happened.
    said(bench).await;
    let job = claim(bench).await.expect("a job");
    bench.catalogue.jobs().complete(&job, &made_of(&song, 7)).await.unwrap();
    assert_eq!((bench.song(song.id).await, said(bench).await), (song.clone(), vec![]));
    replace(bench, &song, 8).await;
    let job = claim(bench).await.expect("a job");
    bench.catalogue.jobs().find_done(&job).await.unwrap();
    assert_eq!((bench.song(song.id).await, claim(bench).await), (song, None));
}

async fn a_song_that_never_played_is_about_its_newest_master(bench: &Bench) {
    let song = bench.accept("Song").await;
    let first = claim(bench).await.expect("its job");
    assert_eq!(first.master, master(7));
    let Replaced::Queued(queued) = replace(bench, &song, 8).await else { panic!("it is new") };
    assert_eq!(queued.state, SongState::Queued);
    let job = claim(bench).await.expect("the new one's");
    bench.catalogue.jobs().fail(&job, "because").await.unwrap();
    assert_eq!(bench.song(song.id).await.state, SongState::Failed);
    said(bench).await;
    replace(bench, &song, 9).await;
    let after = complete(bench, &song, 9).await;
    assert_eq!((after.state, after.master, after.failure), (SongState::Ready, master(9), None));
    let (artist, album, uploader) = (song.artist_id, song.album_id, Some(song.uploader));
    assert_eq!(
        said(bench).await,
        [
            Event::SongQueued { song: song.id, uploader },
            Event::SongReady { song: song.id, uploader, artist, album }
        ]
    );
    let nowhere = Song { id: media::SongId::new(uuid::Uuid::now_v7()), ..song };
    let nowhere = bench.catalogue.versions().replace(&new_master(&nowhere, 8)).await;
    assert!(matches!(nowhere, Err(CatalogueError::Gone)), "{nowhere:?}");
}

async fn a_withdrawn_song_is_replaced_and_stays_so(bench: &Bench) {
    let song = bench.make_ready("Song").await;
    bench.catalogue.songs().withdraw(song.id, None).await.unwrap();
    replace(bench, &song, 8).await;
    let after = complete(bench, &song, 8).await;
    assert_eq!((after.state, after.master), (SongState::Withdrawn, master(8)));
    let back = bench.catalogue.songs().restore(song.id, None).await.unwrap().song;
    assert_eq!((back.state, back.current.unwrap().version), (SongState::Ready, version(8)));
}

async fn of_two_who_replace_at_once_one_job_is_left(bench: &Bench) {
    let song = bench.make_ready("Song").await;
    let versions = bench.catalogue.versions();
    let masters: Vec<_> = (10..18).map(|byte| new_master(&song, byte)).collect();
    let replaced = masters.iter().map(|new| versions.replace(new));
    for replaced in futures::future::join_all(replaced).await {
        replaced.unwrap();
    }
    let of_song = Filter { state: None, owner: None, song: Some(song.id) };
    let jobs = bench.catalogue.jobs().list(&of_song, 99).await.unwrap();
    let count = |state| jobs.iter().filter(|job| job.state == state).count();
    assert_eq!((count(State::Queued), count(State::Cancelled)), (1, 7));
}

async fn an_upload_in_pieces_replaces_once(bench: &Bench) {
    let song = bench.make_ready("Song").await;
    let quota = Quota { uploads: 9, bytes: 99 };
    let new = NewUpload { user: song.uploader, length: 9, metadata: String::new(), concat: None };
    let uploads = bench.catalogue.uploads();
    let upload = uploads.create(&new, &quota, LEASE).await.unwrap().expect("an upload").id;
    for _ in 0..2 {
        let replaced = bench.catalogue.versions().replace_by(upload, &new_master(&song, 8)).await;
        assert_eq!(replaced.unwrap().song(), &song);
    }
    let became = uploads.find(upload).await.unwrap().unwrap().became;
    assert_eq!(became.map(|became| became.song), Some(song.id));
    complete(bench, &song, 8).await;
    assert_eq!(claim(bench).await, None);
    uploads.remove(upload).await.unwrap();
    let gone = bench.catalogue.versions().replace_by(upload, &new_master(&song, 9)).await;
    assert!(matches!(gone, Err(CatalogueError::Gone)), "{gone:?}");
    assert_eq!(claim(bench).await, None);
}

async fn an_older_version_is_chosen_again(bench: &Bench) {
    let song = bench.make_ready("Song").await;
    replace(bench, &song, 8).await;
    let newer = complete(bench, &song, 8).await;
    replace(bench, &song, 9).await;
    said(bench).await;
    let repository = bench.catalogue.versions();
    let chosen = repository.switch(song.id, &version(7), newer.edition).await.unwrap();
    let Some(Switched::Now(older)) = chosen else { panic!("{chosen:?}") };
    assert_eq!((older.master, &older.current), (master(7), &song.current));
    assert_eq!((older.state, older.edition), (SongState::Ready, newer.edition + 1));
    assert_eq!(said(bench).await, [was_replaced(&song)]);
    assert_eq!(claim(bench).await, None, "what was under way is called off");
    let SongVersions { versions: all, replacement } = versions(bench, &song).await;
    assert_eq!(all.iter().find(|it| it.is_current).map(|it| it.version), Some(version(7)));
    let reason = replacement.expect("what was called off").reason.expect("a reason");
    assert!(reason.contains("another version"), "{reason}");
    let again = repository.switch(song.id, &version(7), older.edition).await.unwrap();
    assert_eq!((again, said(bench).await), (Some(Switched::Now(older.clone())), vec![]));
    let forward = repository.switch(song.id, &version(8), older.edition).await.unwrap();
    assert!(matches!(forward, Some(Switched::Now(song)) if song.master == master(8)));
    let edition = bench.song(song.id).await.edition;
    assert_eq!(repository.switch(song.id, &version(1), edition).await.unwrap(), None);
}

async fn who_read_an_older_edition_chooses_nothing(bench: &Bench) {
    let song = bench.make_ready("Song").await;
    replace(bench, &song, 8).await;
    let newer = complete(bench, &song, 8).await;
    let stale = bench.catalogue.versions().switch(song.id, &version(7), song.edition).await;
    assert!(matches!(stale, Err(CatalogueError::Stale)), "{stale:?}");
    assert_eq!(bench.song(song.id).await, newer);
}

/// All that was retired until now.
async fn retired(bench: &Bench) -> Vec<Retired> {
    let now = bench.clock.now().duration_since(std::time::UNIX_EPOCH).unwrap();
    bench.catalogue.versions().retired(now.as_millis() as u64, 9).await.unwrap()
}

async fn what_went_is_made_again_and_what_came_back_does_not_go(bench: &Bench) {
    let song = bench.make_ready("Song").await;
    assert_eq!(retired(bench).await, []);
    replace(bench, &song, 8).await;
    let newer = complete(bench, &song, 8).await;
    let repository = bench.catalogue.versions();
    let found = retired(bench).await;
    assert_eq!((found.len(), found[0].version, found[0].song), (1, version(7), song.id));
    assert_eq!((found[0].artist, found[0].album), (song.artist_id, song.album_id));
    // It is chosen again, and given up again, before anybody comes to remove it.
    bench.wait(LEASE);
    let back = repository.switch(song.id, &version(7), newer.edition).await.unwrap();
    let Some(Switched::Now(back)) = back else { panic!("{back:?}") };
    assert!(!repository.begin_removal(&found[0]).await.unwrap(), "it is current");
    bench.wait(LEASE);
    let newer = repository.switch(song.id, &version(8), back.edition).await.unwrap();
    assert!(!repository.begin_removal(&found[0]).await.unwrap(), "it was current since");
    let Some(Switched::Now(newer)) = newer else { panic!("{newer:?}") };

    let found = retired(bench).await.remove(0);
    assert!(repository.begin_removal(&found).await.unwrap());
    assert!(repository.begin_removal(&found).await.unwrap(), "the first one died");
    assert_eq!(retired(bench).await.len(), 1, "it may still be there");
    repository.end_removal(&found).await.unwrap();
    assert_eq!(retired(bench).await, []);
    assert!(!repository.begin_removal(&found).await.unwrap());
    let all = versions(bench, &song).await.versions;
    assert!(all.iter().any(|it| it.version == version(7) && !it.is_stored), "{all:?}");

    said(bench).await;
    let later = repository.switch(song.id, &version(7), newer.edition).await.unwrap();
    assert_eq!(later, Some(Switched::Later(newer)));
    assert_eq!(said(bench).await, []);
    let after = complete(bench, &song, 7).await;
    assert_eq!((after.master, after.current), (master(7), song.current.clone()));
    assert_eq!(said(bench).await, [was_replaced(&song)]);
    assert!(versions(bench, &song).await.versions.iter().all(|it| it.is_stored));
}

async fn what_is_being_removed_is_not_made_anew(bench: &Bench) {
    let song = bench.make_ready("Song").await;
    let repository = bench.catalogue.versions();
    assert!(repository.clear_the_way(song.id, &version(8)).await.unwrap(), "there is none yet");
    assert!(repository.clear_the_way(song.id, &version(7)).await.unwrap(), "it is current");
    replace(bench, &song, 8).await;
    complete(bench, &song, 8).await;
    let found = retired(bench).await.remove(0);
    bench.wait(Duration::from_secs(1));
    assert!(repository.clear_the_way(song.id, &version(7)).await.unwrap());
    assert!(!repository.begin_removal(&found).await.unwrap(), "somebody makes it anew");
    let found = retired(bench).await.remove(0);
    assert!(repository.begin_removal(&found).await.unwrap());
    assert!(!repository.clear_the_way(song.id, &version(7)).await.unwrap());
    repository.end_removal(&found).await.unwrap();
    assert!(repository.clear_the_way(song.id, &version(7)).await.unwrap());
}

async fn all_that_plays_is_packaged_once_more_after_everything_else(bench: &Bench) {
    let first = bench.make_ready("First").await;
    let second = bench.make_ready("Second").await;
    let repository = bench.catalogue.versions();
    assert_eq!(repository.repackage(Some(&[second.id])).await.unwrap(), 1);
    let waiting = bench.accept("Waiting").await;
    assert_eq!(repository.repackage(None).await.unwrap(), 1, "one is under way");
    assert_eq!(repository.repackage(None).await.unwrap(), 0);
    let order = [claim(bench).await, claim(bench).await, claim(bench).await];
    let order = order.map(|job| job.expect("a job").song);
    assert_eq!(order, [waiting.id, second.id, first.id]);
    assert_eq!(bench.song(first.id).await, first);
    let nobody = media::SongId::new(uuid::Uuid::now_v7());
    assert_eq!(repository.repackage(Some(&[nobody])).await.unwrap(), 0);
}
