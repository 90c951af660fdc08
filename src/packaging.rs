//! How songs are packaged, and how many at a time: the settings of every role that does so.

use media::{SegmentSecrets, SwitchingSet, SwitchingSets};
use service::config::{ByteSize, ConfigError, Key, Said, Switch};
use transcode::Parameters;
use transcode::cell::Limits;

use crate::cell;

const WORKERS: Key = Key::new("workers", "a number from 0 to 64");
const DECODE_MEMORY: Key = Key::new("decode_memory", "a size from 64MiB, such as 512MiB");
const DECODE_TIME: Key = Key::new("decode_time", "a number of seconds from 1 to 86400");
const LONGEST_SONG: Key = Key::new("longest_song", "a number of hours from 1 to 1000");
const SETS: Key = Key::new(
    "sets",
    "aac, which the web player plays, and any of ogg, opus and saver, joined by commas",
);
const LAYOUT: Key = Key::new("layout", "segments or single-file");
const DASH: Key = Key::new("dash", "true or false");
const ENCRYPT: Key = Key::new("encrypt", "true or false");
const SEGMENT_SECRET: Key = Key::secret(
    "segment_secret",
    "64 hex digits; several on a line each, the one to encrypt with first",
);
const EFFORT: Key = Key::new("effort", "best or fast");
const VERIFY: Key = Key::new("verify", "fast or full");

/// What a role's list of keys must contain.
pub(crate) const KEYS: [Key; 11] = [
    WORKERS,
    DECODE_MEMORY,
    DECODE_TIME,
    LONGEST_SONG,
    SETS,
    LAYOUT,
    DASH,
    ENCRYPT,
    SEGMENT_SECRET,
    EFFORT,
    VERIFY,
];

/// Less than this, and decoders of harmless songs run out.
const LEAST_DECODE_MEMORY: u64 = 64 << 20;

/// The flags about packaging.
#[derive(Debug, Default, clap::Args)]
pub(crate) struct PackagingArgs {
    /// Packagings at a time; each uses all cores by itself [default: 1]
    #[arg(long, value_name = "NUMBER")]
    pub(crate) workers: Option<String>,
    /// The memory that decoding one song may take [default: 512MiB]
    #[arg(long, value_name = "SIZE")]
    pub(crate) decode_memory: Option<String>,
    /// The CPU seconds that decoding one song may take, beside a quarter of its length [default: 30]
    #[arg(long, value_name = "SECONDS")]
    pub(crate) decode_time: Option<String>,
    /// The longest song that is accepted [default: 24]
    #[arg(long, value_name = "HOURS")]
    pub(crate) longest_song: Option<String>,
    /// What is made of every song: aac, ogg, opus, saver [default: aac,ogg]
    #[arg(long, value_name = "SETS")]
    pub(crate) sets: Option<String>,
    /// How fMP4 renditions are stored: segments or single-file [default: segments]
    #[arg(long, value_name = "LAYOUT")]
    pub(crate) layout: Option<String>,
    /// Describes fMP4 renditions in DASH as well
    #[arg(long)]
    pub(crate) dash: bool,
    /// How hard the encoders try: best or fast [default: best]
    #[arg(long, value_name = "EFFORT")]
    pub(crate) effort: Option<String>,
    /// What a package must pass before it is published: fast or full [default: fast]
    #[arg(long, value_name = "HOW")]
    pub(crate) verify: Option<String>,
    /// Encrypts segments at rest (HLS AES-128), with SEGUE_SEGMENT_SECRET or a secret made in the data folder;
    /// for fMP4 in segments alone: --sets aac
    #[arg(long)]
    pub(crate) encrypt: bool,
}

impl PackagingArgs {
    pub(crate) fn flags(self) -> [(&'static str, Option<String>); 10] {
        [
            (WORKERS, self.workers),
            (DECODE_MEMORY, self.decode_memory),
            (DECODE_TIME, self.decode_time),
            (LONGEST_SONG, self.longest_song),
            (SETS, self.sets),
            (LAYOUT, self.layout),
            (DASH, self.dash.then(|| "true".to_owned())),
            (EFFORT, self.effort),
            (VERIFY, self.verify),
            (ENCRYPT, self.encrypt.then(|| "true".to_owned())),
        ]
        .map(|(key, value)| (key.name, value))
    }
}

/// How songs are packaged.
#[derive(Debug)]
pub(crate) struct Packaging {
    /// How many at a time.
    pub(crate) workers: u8,
    /// What reading one master may take.
    pub(crate) limits: Limits,
    parameters: Parameters,
    /// Whether new songs are encrypted.
    pub(crate) encrypt: bool,
    /// Those that were said; a data folder may hold another.
    pub(crate) segment_secrets: SegmentSecrets,
}

impl Packaging {
    /// Checks what was said.
    pub(crate) fn decide(said: &Said) -> Result<Self, ConfigError> {
        let encrypt = said.get(&ENCRYPT)?.is_some_and(|Switch(encrypt)| encrypt);
        Ok(Self {
            workers: said.get_if(&WORKERS, |workers| (0..=64).contains(workers))?.unwrap_or(1),
            limits: limits(said)?,
            parameters: parameters(said, encrypt)?,
            encrypt,
            segment_secrets: said.get(&SEGMENT_SECRET)?.unwrap_or_default(),
        })
    }

    /// What new songs are packaged with, where `secrets` are all that are held.
    pub(crate) fn parameters(&self, secrets: &SegmentSecrets) -> Parameters {
        let secret = secrets.first().filter(|_| self.encrypt).cloned();
        Parameters { secret, ..self.parameters.clone() }
    }
}

fn limits(said: &Said) -> Result<Limits, ConfigError> {
    let memory = said.get_if(&DECODE_MEMORY, |ByteSize(size)| *size >= LEAST_DECODE_MEMORY)?;
    let seconds = said.get_if(&DECODE_TIME, |seconds| (1..=86_400).contains(seconds))?;
    let hours = said.get_if(&LONGEST_SONG, |hours| (1..=1_000).contains(hours))?;
    let memory = memory.unwrap_or(ByteSize(512 << 20));
    Ok(cell::limits(memory, seconds.unwrap_or(cell::DECODE_TIME), hours.unwrap_or(24)))
}

fn parameters(said: &Said, encrypt: bool) -> Result<Parameters, ConfigError> {
    let parameters = Parameters {
        sets: said
            .get_if(&SETS, |sets: &SwitchingSets| sets.contains(SwitchingSet::Aac))?
            .unwrap_or_default(),
        layout: said.get(&LAYOUT)?.unwrap_or_default(),
        dash: said.get(&DASH)?.is_some_and(|Switch(dash)| dash),
        effort: said.get(&EFFORT)?.unwrap_or_default(),
        verify: said.get(&VERIFY)?.unwrap_or_default(),
        ..Parameters::default()
    };
    let encryptable = if encrypt { parameters.check_encryptable() } else { Ok(()) };
    match parameters.check().and(encryptable) {
        Ok(()) => Ok(parameters),
        Err(error) => Err(ConfigError::Conflict(error.to_string())),
    }
}
