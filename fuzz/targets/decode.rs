//! A master's bytes, through whatever reader and decoder they call for.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    fuzz::masters::only_ours_may_not_panic();
    let _ = transcode::fuzzing::decode(fuzz::masters::file_of(bytes));
});
