//! Settings that are one of a few words.

/// Declares an enum of words: what each is called, how it is read back, and a refusal that says what is
/// accepted.
#[macro_export]
macro_rules! choice {
    (
        $(#[$meta:meta])*
        $name:ident, $what:literal, or $unknown:ident:
        $($(#[$value_meta:meta])* $value:ident = $word:literal,)+
    ) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
        pub enum $name {
            $($(#[$value_meta])* $value,)+
        }

        impl $name {
            const ALL: &[(Self, &str)] = &[$((Self::$value, $word),)+];
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(match self {
                    $(Self::$value => $word,)+
                })
            }
        }

        #[doc = concat!("Not ", $what, ".")]
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub struct $unknown(String);

        impl std::fmt::Display for $unknown {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                let words: Vec<_> = $name::ALL.iter().map(|(_, word)| *word).collect();
                let accepted = words.join(" and ");
                write!(f, "'{}' is not {}; accepted are {accepted}", self.0, $what)
            }
        }

        impl std::error::Error for $unknown {}

        impl std::str::FromStr for $name {
            type Err = $unknown;

            fn from_str(text: &str) -> Result<Self, $unknown> {
                let mut all = Self::ALL.iter();
                let found = all.find(|(_, word)| *word == text).map(|(value, _)| *value);
                found.ok_or_else(|| $unknown(text.to_owned()))
            }
        }
    };
}

#[cfg(test)]
mod tests {
    use crate::Layout;

    #[test]
    fn words_read_back_and_others_are_refused() {
        for (layout, word) in [(Layout::Segments, "segments"), (Layout::SingleFile, "single-file")]
        {
            assert_eq!((layout.to_string().as_str(), word.parse()), (word, Ok(layout)));
        }
        let refused = "Segments".parse::<Layout>().expect_err("words are as they are");
        let said = "'Segments' is not a layout; accepted are segments and single-file";
        assert_eq!(refused.to_string(), said);
    }
}
