//! A server that reloads its configuration closes the library and opens it again. Threads of the server may still
//! hold what belongs to it, so it stays where it is once it was opened.

fn main() {
    println!("cargo::rustc-cdylib-link-arg=-Wl,-z,nodelete");
}
