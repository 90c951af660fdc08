//! The guard in C, as `include/segue_verifier.h` declares and describes it.

use std::ffi::{CStr, OsStr, c_char, c_int};
use std::os::unix::ffi::OsStrExt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::ptr;

use service::Clock;

use crate::guard::{Guard, Judgement};
use crate::purgeable::{are_keys, is_object};

/// `struct segue_judgement`.
#[repr(C)]
#[derive(Debug)]
pub(crate) struct CJudgement {
    status: u16,
    path_from: usize,
    path_until: usize,
    refusal: *const c_char,
    refusal_length: usize,
}

/// # Safety
/// `keys` and `purgers` are texts that end in zero; `error` has room for `error_size` bytes.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn segue_verifier_new(
    keys: *const c_char,
    purgers: *const c_char,
    error: *mut c_char,
    error_size: usize,
) -> *mut Guard {
    let made = catch_unwind(|| {
        // SAFETY: both are texts that end in zero.
        let (keys, purgers) = unsafe { (path(keys), path(purgers)) };
        Guard::new(keys, purgers, Clock::system()).map_err(|error| error.to_string())
    });
    match made.unwrap_or_else(|_| Err("the verifier panicked".to_owned())) {
        Ok(guard) => Box::into_raw(Box::new(guard)),
        Err(sentence) => {
            // SAFETY: there is room for so much.
            unsafe { tell(&sentence, error, error_size) };
            ptr::null_mut()
        }
    }
}

/// # Safety
/// `guard` comes from [`segue_verifier_new`] and is not used any more, or is null.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn segue_verifier_free(guard: *mut Guard) {
    if !guard.is_null() {
        // SAFETY: it was boxed by `segue_verifier_new`, and is given back once.
        let guard = unsafe { Box::from_raw(guard) };
        // What is left of it after a panic is leaked: the process goes on.
        let _panicked = catch_unwind(AssertUnwindSafe(|| drop(guard)));
    }
}

/// # Safety
/// `guard` comes from [`segue_verifier_new`]; the texts have their lengths; `judgement` can be written to.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn segue_verifier_judge(
    guard: *const Guard,
    target: *const c_char,
    target_length: usize,
    cookies: *const c_char,
    cookies_length: usize,
    judgement: *mut CJudgement,
) {
    let judged = catch_unwind(AssertUnwindSafe(|| {
        // SAFETY: the guard lives, and the texts have their lengths.
        let (guard, target, cookies) =
            unsafe { (&*guard, bytes(target, target_length), bytes(cookies, cookies_length)) };
        guard.judge(target, cookies)
    }));
    let judged = judged.map_or(CJudgement::BROKEN, CJudgement::from);
    // SAFETY: it can be written to.
    unsafe { judgement.write(judged) };
}

/// # Safety
/// `guard` comes from [`segue_verifier_new`]; the text has its length.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn segue_verifier_may_purge(
    guard: *const Guard,
    secret: *const c_char,
    length: usize,
) -> c_int {
    let may = catch_unwind(AssertUnwindSafe(|| {
        // SAFETY: the guard lives, and the text has its length.
        let (guard, secret) = unsafe { (&*guard, bytes(secret, length)) };
        guard.may_purge(secret)
    }));
    c_int::from(may.unwrap_or(false))
}

/// # Safety
/// The text has its length.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn segue_verifier_is_object(
    path: *const c_char,
    length: usize,
) -> c_int {
    // SAFETY: the text has its length.
    let path = unsafe { bytes(path, length) };
    c_int::from(catch_unwind(|| is_object(path)).unwrap_or(false))
}

/// # Safety
/// The text has its length.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn segue_verifier_are_keys(
    list: *const c_char,
    length: usize,
) -> c_int {
    // SAFETY: the text has its length.
    let list = unsafe { bytes(list, length) };
    c_int::from(catch_unwind(|| are_keys(list)).unwrap_or(false))
}

impl CJudgement {
    /// Whoever cannot be judged is not let in.
    const BROKEN: Self =
        Self { status: 500, path_from: 0, path_until: 0, refusal: ptr::null(), refusal_length: 0 };
}

impl From<Judgement> for CJudgement {
    fn from(judgement: Judgement) -> Self {
        let (path_from, path_until) = judgement.path;
        Self {
            status: judgement.status.as_u16(),
            path_from,
            path_until,
            refusal: judgement.refusal.as_ptr().cast(),
            refusal_length: judgement.refusal.len(),
        }
    }
}

/// # Safety
/// It ends in zero, and stays for as long as the result.
unsafe fn path<'a>(text: *const c_char) -> &'a Path {
    // SAFETY: as above.
    Path::new(OsStr::from_bytes(unsafe { CStr::from_ptr(text) }.to_bytes()))
}

/// # Safety
/// So many bytes are there, and stay for as long as the result; null where there are none.
unsafe fn bytes<'a>(text: *const c_char, length: usize) -> &'a [u8] {
    if text.is_null() || length == 0 {
        return &[];
    }
    // SAFETY: as above; a `char` is a byte.
    unsafe { std::slice::from_raw_parts(text.cast(), length) }
}

/// Writes as much of a sentence as there is room for, and a zero.
///
/// # Safety
/// There is room for `size` bytes.
unsafe fn tell(sentence: &str, room: *mut c_char, size: usize) {
    let Some(most) = size.checked_sub(1) else { return };
    let length = sentence.len().min(most);
    // SAFETY: `length` and the zero fit into `size`.
    unsafe {
        ptr::copy_nonoverlapping(sentence.as_ptr().cast(), room, length);
        room.add(length).write(0);
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::CString;

    use super::*;

    #[test]
    fn a_sentence_is_cut_to_its_room() {
        for (size, wanted) in [(0, None), (1, Some("")), (4, Some("abc")), (7, Some("abcdef"))] {
            // One more than there is room for, to see that it stays.
            let mut room = vec![b'#'; size + 1];
            // SAFETY: there is room for `size`.
            unsafe { tell("abcdef", room.as_mut_ptr().cast(), size) };
            assert_eq!(room[size], b'#');
            let said = CStr::from_bytes_until_nul(&room).ok();
            assert_eq!(said.and_then(|it| it.to_str().ok()), wanted);
        }
    }

    #[test]
    fn nobody_is_made_of_nothing_and_nothing_is_freed() {
        let (nowhere, mut room) = (CString::new("/nonexistent/keys").expect("text"), [0_u8; 64]);
        let error = room.as_mut_ptr().cast();
        // SAFETY: texts that end in zero, and room for 64 bytes; null is taken.
        unsafe {
            let made = segue_verifier_new(nowhere.as_ptr(), nowhere.as_ptr(), error, 64);
            assert!(made.is_null());
            segue_verifier_free(made);
        }
        let said = CStr::from_bytes_until_nul(&room).expect("a sentence").to_str().expect("text");
        assert!(said.starts_with("/nonexistent/keys cannot be read"), "{said}");
    }

    #[test]
    fn no_text_is_no_bytes() {
        // SAFETY: null where there are none.
        assert!(unsafe { bytes(ptr::null(), 0) }.is_empty());
        // SAFETY: null is not read, whatever the length.
        assert!(unsafe { bytes(ptr::null(), 7) }.is_empty());
    }
}
