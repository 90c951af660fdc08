//! Who uploads.

use std::fmt;
use std::io;

/// Who uploads. Secrets are not part of what `Debug` tells.
pub(super) enum Credentials {
    /// Logs in, again when the token expires.
    Password { user: String, password: String },
    /// An access token that somebody else got.
    Token(String),
}

/// Nobody to upload as.
#[derive(Debug, thiserror::Error)]
pub(super) enum NoCredentials {
    #[error("the password of '{0}' is missing; set SEGUE_PASSWORD or SEGUE_PASSWORD_FILE")]
    Password(String),
    #[error("the file that {0} names cannot be read: {1}")]
    File(String, #[source] io::Error),
    #[error(
        "say who uploads: --user NAME with SEGUE_PASSWORD set, or an access token in SEGUE_TOKEN \
         or in the file that SEGUE_TOKEN_FILE names"
    )]
    Nobody,
}

impl Credentials {
    /// Secrets come from the environment, or from files that it names: a command line is no place
    /// for them.
    pub(super) fn read(
        user: Option<&str>,
        env: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Self, NoCredentials> {
        let Some(user) = user.map(str::to_owned) else {
            let token = secret("SEGUE_TOKEN", env)?.map(|token| token.trim().to_owned());
            let token = token.filter(|token| !token.is_empty());
            return token.map(Self::Token).ok_or(NoCredentials::Nobody);
        };
        match secret("SEGUE_PASSWORD", env)? {
            Some(password) => Ok(Self::Password { user, password }),
            None => Err(NoCredentials::Password(user)),
        }
    }
}

/// A secret without the end of line that editors and `echo` leave behind it.
fn secret(
    name: &str,
    env: &dyn Fn(&str) -> Option<String>,
) -> Result<Option<String>, NoCredentials> {
    let file = format!("{name}_FILE");
    let text = match (env(name), env(&file)) {
        (Some(text), _) => Some(text),
        (None, Some(path)) => {
            Some(std::fs::read_to_string(path).map_err(|error| NoCredentials::File(file, error))?)
        }
        (None, None) => None,
    };
    Ok(text.map(|text| text.trim_end_matches(['\r', '\n']).to_owned()))
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Password { user, .. } => write!(f, "Password({user}, …)"),
            Self::Token(_) => write!(f, "Token(…)"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(user: Option<&str>, pairs: &[(&str, &str)]) -> Result<Credentials, String> {
        let get = |name: &str| pairs.iter().find(|it| it.0 == name).map(|it| it.1.to_owned());
        Credentials::read(user, &get).map_err(|error| error.to_string())
    }

    #[test]
    fn secrets_come_from_the_environment_or_a_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        std::fs::write(&path, "pass word \r\n").unwrap();
        let file = path.to_str().unwrap();
        for found in [
            read(None, &[("SEGUE_TOKEN", " t\n")]),
            read(None, &[("SEGUE_TOKEN_FILE", file)]),
            read(Some("ann"), &[("SEGUE_PASSWORD", "pass word \n")]),
            read(Some("ann"), &[("SEGUE_PASSWORD_FILE", file)]),
        ] {
            match found.unwrap() {
                Credentials::Token(token) => assert!(["t", "pass word"].contains(&&*token)),
                Credentials::Password { password, .. } => assert_eq!(password, "pass word "),
            }
        }
        assert!(read(None, &[]).unwrap_err().contains("--user NAME"));
        assert!(read(None, &[("SEGUE_TOKEN", "\n")]).unwrap_err().contains("--user NAME"));
        assert!(read(Some("ann"), &[]).unwrap_err().contains("password of 'ann'"));
        let lost = read(Some("ann"), &[("SEGUE_PASSWORD_FILE", "/nowhere")]).unwrap_err();
        assert!(lost.starts_with("the file that SEGUE_PASSWORD_FILE names cannot be read"));
    }

    #[test]
    fn debug_tells_no_secret() {
        for pairs in [[("SEGUE_PASSWORD", "secret")], [("SEGUE_TOKEN", "secret")]] {
            let user = (pairs[0].0 == "SEGUE_PASSWORD").then_some("ann");
            let told = format!("{:?}", read(user, &pairs).unwrap());
            assert!(!told.contains("secret"), "{told}");
        }
    }
}
