//! What a master says of itself: its tags and its cover, which readers of others take out of it.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    fuzz::masters::only_ours_may_not_panic();
    transcode::fuzzing::describe(fuzz::masters::file_of(bytes));
});
