//! How much of a package is checked.

media::choice! {
    /// Which rules a package is checked against.
    Verify, "a way to verify", or UnknownVerify:
    /// Those that read files: what every package passes before it is published.
    #[default]
    Fast = "fast",
    /// All: every rendition is decoded, too, and heard beside the others.
    Full = "full",
}
