use std::io::Write;
use std::net::SocketAddr;

use super::*;

const LISTEN: Key = Key::new("listen", "an address and port such as 127.0.0.1:8080");
const WORKERS: Key = Key::new("workers", "a number from 1 to 64");
const PASSWORD: Key = Key::secret("admin_password", "a password");
const KEYS: [Key; 3] = [LISTEN, WORKERS, PASSWORD];

struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("segue-config-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&path).expect("a temporary folder");
        Self(path)
    }

    fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.join(name);
        let mut file = std::fs::File::create(&path).expect("a file");
        file.write_all(text.as_bytes()).expect("written");
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).ok();
    }
}

fn nothing(_: &str) -> Option<String> {
    None
}

fn told(error: Result<Said, ConfigError>) -> String {
    error.expect_err("refused").to_string()
}

#[test]
fn flags_beat_the_environment_which_beats_the_file() {
    let folder = Folder::new("layers");
    let file = folder.file("segue.toml", "listen = '127.0.0.1:1'\nworkers = 1\n");
    let env = |name: &str| match name {
        "SEGUE_LISTEN" => Some("127.0.0.1:2".to_owned()),
        "SEGUE_WORKERS" => Some("2".to_owned()),
        _ => None,
    };
    let port = |said: &Said| said.get::<SocketAddr>(&LISTEN).unwrap().unwrap().port();

    let said = Said::read(&KEYS, Some(&file), &nothing, []).unwrap();
    assert_eq!((port(&said), said.get::<u8>(&WORKERS).unwrap()), (1, Some(1)));
    let said = Said::read(&KEYS, Some(&file), &env, []).unwrap();
    assert_eq!((port(&said), said.get::<u8>(&WORKERS).unwrap()), (2, Some(2)));
    let flags = [("listen", "127.0.0.1:3".to_owned())];
    let said = Said::read(&KEYS, Some(&file), &env, flags).unwrap();
    assert_eq!((port(&said), said.get::<u8>(&WORKERS).unwrap()), (3, Some(2)));
    let said = Said::read(&KEYS, None, &nothing, []).unwrap();
    assert_eq!(said.get::<u8>(&WORKERS).unwrap(), None);
}

#[test]
fn a_bad_value_names_key_value_place_and_what_is_accepted() {
    let env = |name: &str| (name == "SEGUE_LISTEN").then(|| "8080".to_owned());
    let said = Said::read(&KEYS, None, &env, []).unwrap();
    assert_eq!(
        said.get::<SocketAddr>(&LISTEN).unwrap_err().to_string(),
        "listen = '8080' (in the environment variable SEGUE_LISTEN) cannot be used; \
         accepted is an address and port such as 127.0.0.1:8080"
    );
}

#[test]
fn unknown_keys_and_odd_types_in_the_file_are_refused() {
    let folder = Folder::new("unknown");
    let file = folder.file("a.toml", "lisen = 'x'\n");
    let said = told(Said::read(&KEYS, Some(&file), &nothing, []));
    assert!(said.contains("unknown key 'lisen'") && said.contains("listen, workers"), "{said}");
    let file = folder.file("b.toml", "workers = [1]\n");
    let said = told(Said::read(&KEYS, Some(&file), &nothing, []));
    assert!(said.contains("workers = '[1]'") && said.contains("from 1 to 64"), "{said}");
    let file = folder.file("c.toml", "workers = = 2\n");
    assert!(told(Said::read(&KEYS, Some(&file), &nothing, [])).contains("not valid TOML"));
    let missing = folder.0.join("none.toml");
    assert!(told(Said::read(&KEYS, Some(&missing), &nothing, [])).contains("cannot be read"));
}

#[test]
fn a_secret_comes_from_a_file_and_is_never_shown() {
    let folder = Folder::new("secret");
    let path = folder.file("password", "hunter2\n").display().to_string();
    let env = |name: &str| (name == "SEGUE_ADMIN_PASSWORD_FILE").then(|| path.clone());
    let said = Said::read(&KEYS, None, &env, []).unwrap();
    assert_eq!(said.get::<String>(&PASSWORD).unwrap().as_deref(), Some("hunter2"));
    assert!(!said.bad_value(&PASSWORD).to_string().contains("hunter2"));

    let both = |name: &str| name.starts_with("SEGUE_ADMIN").then(|| path.clone());
    let said = told(Said::read(&KEYS, None, &both, []));
    assert!(said.contains("SEGUE_ADMIN_PASSWORD_FILE are both set"), "{said}");
}

const HOOKS: Key = Key::list("hooks", "tables, [[hooks]]");
const RATE: Key = Key::new("rate", "a number");
const TOKEN: Key = Key::secret("token", "a file");

#[test]
fn a_list_of_tables_is_read_key_by_key() {
    let folder = Folder::new("list");
    let text = "[[hooks]]\nrate = 1.5\n[[hooks]]\nrate = [2]\ntoken = \"hunter2\"\n";
    let file = folder.file("a.toml", text);
    let env = |name: &str| (name == "SEGUE_HOOKS").then(|| "ignored".to_owned());
    let said = Said::read(&[HOOKS], Some(&file), &env, []).unwrap();
    let [first, second] = said.entries(&HOOKS) else { panic!("two tables") };
    assert_eq!(first.need::<f64>(&RATE).unwrap(), 1.5);
    assert_eq!(first.get::<String>(&TOKEN).unwrap(), None);
    first.knows_only(&[RATE]).unwrap();
    let bad = second.get::<f64>(&RATE).unwrap_err().to_string();
    assert!(bad.contains("hooks[2].rate = '[2]'") && bad.contains("accepted is a number"), "{bad}");
    let unknown = second.knows_only(&[RATE]).unwrap_err().to_string();
    assert!(unknown.contains("unknown key 'hooks[2].token'"), "{unknown}");
    assert!(!second.bad_value(&TOKEN).to_string().contains("hunter2"));
    let missing = first.need::<String>(&TOKEN).unwrap_err().to_string();
    assert!(missing.contains("hooks[1].token = nothing"), "{missing}");
    assert!(Said::read(&[HOOKS], None, &nothing, []).unwrap().entries(&HOOKS).is_empty());
}

#[test]
fn what_is_no_list_of_tables_is_refused() {
    let folder = Folder::new("no-list");
    for text in ["hooks = 1\n", "hooks = [1]\n", "[hooks]\nrate = 1\n"] {
        let file = folder.file("a.toml", text);
        let said = told(Said::read(&[HOOKS], Some(&file), &nothing, []));
        assert!(said.contains("accepted is tables, [[hooks]]"), "{said}");
    }
}
