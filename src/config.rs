//! How the server runs: `config.toml`, then `CESOU_…` environment variables, then flags.
//!
//! Each layer overrides the one before it, and all end in one typed [`Settings`] that the rest of
//! the code takes as given. A misspelt key would otherwise leave a default in force that its author
//! believes changed, so an unknown key is refused with the nearest known one, and a value out of
//! range with what is allowed.
//!
//! Invariant: the known keys are those of the serialised defaults, and `config.toml` at the root
//! lists each with its default and range (`tests/settings.rs`).

mod error;
mod keys;
mod network;
mod sources;

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

pub use error::{Error, Origin};
pub use network::{Network, networks};
pub use sources::{
    ADMIN_KEY_VARIABLE, DEFAULT_FILE, FILE_VARIABLE, Overrides, admin_key, environment,
};

/// Everything that can be set. Relative paths count from the working folder.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// How requests are taken.
    pub server: Server,
    /// Where the reports are.
    pub corpus: Corpus,
    /// Where the index is, and how it is built.
    pub index: Index,
    /// Where reports that came over HTTP are kept.
    pub store: Store,
    /// How reports are cut into passages.
    pub passage: Passage,
    /// How queries are answered.
    pub search: Search,
    /// What is counted of searches, for the site owner.
    pub analytics: Analytics,
    /// Who may ask.
    pub keys: Keys,
    /// What is logged.
    pub log: Log,
    /// Where traces go.
    pub telemetry: Telemetry,
}

/// How requests are taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Server {
    /// Address or host name to listen on.
    pub host: String,
    /// Port to listen on; 0 lets the system choose a free one.
    pub port: u16,
    /// The address that others know the service by, as `https://example.org`; `auto` for the host
    /// that each request names.
    pub public_url: String,
    /// HTTP threads, 0–256; 0 is one per core, see [`or_cores`].
    pub workers: usize,
    /// Searches at once, 0–256; 0 is two per core, see [`or_two_a_core`].
    pub search_threads: usize,
    /// Searches that may wait for a thread, 0–100000; more are turned away.
    pub search_queue: usize,
    /// How long a search may wait for a thread, 1–600000 ms; one that would wait longer is turned
    /// away at once.
    pub search_wait_ms: u64,
    /// Longest time for one search, waiting included, 10–600000 ms.
    pub search_timeout_ms: u64,
    /// Connections at once, 16–1000000.
    pub max_connections: usize,
    /// Connections at once of one address, 0–1000000; 0 for any number.
    pub connections_per_address: usize,
    /// How long a connection may be idle between two requests, 1–3600 s.
    pub keep_alive_s: u64,
    /// Longest time for the head of a request to come, 1–600 s.
    pub header_timeout_s: u64,
    /// Longest time for the body of a request to come, 1–86400 s.
    pub body_timeout_s: u64,
    /// Least bytes a second of a body, 0–1000000000.
    pub body_min_rate: u64,
    /// How long a client may take nothing of its answer, 0–3600 s; 0 for any time.
    pub write_timeout_s: u64,
    /// Requests a minute of one address, 0–10000000; 0 for any number.
    pub requests_per_minute: u32,
    /// The proxies that are believed whom they ask for: networks, parted by commas, or `none`.
    pub trusted_proxies: String,
    /// The header in which they say so: `x-forwarded-for` or `forwarded`.
    pub forwarded_header: String,
    /// Longest time requests under way may take to end at shutdown, 0–600 s.
    pub shutdown_timeout_s: u64,
    /// How long `/readyz` says no before a service that was told to stop takes no more connections,
    /// 0–60000 ms.
    pub shutdown_drain_ms: u64,
}

/// Where the reports are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Corpus {
    /// The folder that holds `reports/` and the vocabulary.
    pub path: PathBuf,
    /// The main theme taxonomy, relative to that folder.
    pub themes: String,
    /// Largest file that is read whole, 1–65536 MiB.
    pub max_file_mb: u64,
    /// Longest line of text, or record of a `.jsonl`, 1–1024 MiB.
    pub max_line_mb: usize,
    /// Memory for reading one web page, Word file or PDF, 128–65536 MiB.
    pub extract_memory_mb: u64,
    /// Longest time for reading one such file, 1–3600 s.
    pub extract_seconds: u64,
    /// Most text of one such file, 1–1024 MiB.
    pub extract_output_mb: u64,
}

/// Where the index is, and how it is built.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Index {
    /// The folder the index is kept in.
    pub path: PathBuf,
    /// Memory of the writer, all threads together, 32–16384 MiB.
    pub memory_mb: usize,
    /// Threads that build, 0–64; 0 is one per core, see [`or_cores`].
    pub threads: usize,
}

/// Where reports that came over HTTP are kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Store {
    /// The folder they are kept in; it cannot be made again from anything else.
    pub path: PathBuf,
    /// Largest report that is taken, text and fields together, 1–1024 MiB.
    pub max_report_mb: u64,
    /// Largest body of a request that writes, unpacked, 1–65536 MiB.
    pub max_body_mb: u64,
    /// Most reports in one request, 1–10000000.
    pub max_reports: usize,
    /// Most requests that wait to be taken into the index, 1–1000000.
    pub max_queue: usize,
    /// Room on the disk below which no report is taken, 0–1048576 MiB.
    pub min_free_mb: u64,
    /// Tasks that are remembered after they ended, 100–1000000.
    pub kept_tasks: usize,
}

/// How reports are cut into passages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Passage {
    /// Characters past which a passage is cut, at the end of a paragraph, then of a sentence,
    /// 100–100000.
    pub max_chars: usize,
}

/// How queries are answered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Search {
    /// Hits on a page where the request names no number, 1–100.
    pub per_page: usize,
    /// When fewer passages than this hold every word, those that hold most of them follow, 0–100.
    pub relax_below: usize,
    /// Length of a snippet, 20–1000 characters.
    pub snippet_chars: usize,
    /// How far a reader may page, 100–100000 hits.
    pub max_depth: usize,
    /// The most that a query may cost, 0–4000000000 entries of the index that are looked at; 0 for
    /// any cost.
    pub max_cost: u64,
    /// Memory that answers to be given again may take, 0–4096 MiB; 0 to keep none.
    pub answers_mb: usize,
    /// Weight of a match in the title, 0–100.
    pub title_weight: f32,
    /// Weight of a match in the heading, 0–100.
    pub heading_weight: f32,
    /// Weight of a match in the body, 0–100.
    pub body_weight: f32,
    /// Weight of the words standing together as typed, 0–100.
    pub phrase_weight: f32,
    /// Weight of whole words, 0–100.
    pub word_weight: f32,
    /// Weight of two neighbouring characters, whatever words they belong to, 0–100.
    pub characters_weight: f32,
    /// Weight of a synonym beside the word that was typed, 0–1; 0 to look for none.
    pub synonym_weight: f32,
    /// Weight of the words of the best passages beside those of a question, 0–10; 0 for none.
    pub feedback_weight: f32,
}

/// What is counted of searches, for the site owner.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Analytics {
    /// Whether anything is.
    pub collect: Collect,
    /// The folder the counts are kept in, a file for each day.
    pub path: PathBuf,
    /// Days that are kept, 1–3660.
    pub keep_days: usize,
    /// Different queries of a day that are kept, 100–1000000; of more, those asked least go.
    pub max_queries: usize,
    /// How often a query must be asked within a day to be shown, and kept when the day is over,
    /// 1–1000.
    pub min_count: u64,
}

/// Whether searches are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Collect {
    /// They are.
    On,
    /// Nothing is counted or kept.
    Off,
}

/// Who may ask.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Keys {
    /// The file the keys are kept in, hashed.
    pub path: PathBuf,
    /// Whether searching needs one. Writing always does.
    pub search: SearchAccess,
}

/// Who may search.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SearchAccess {
    /// Everybody, where only this machine can reach the service; else whoever has a key.
    Auto,
    /// Everybody.
    Open,
    /// Whoever has a key.
    Required,
}

/// What is logged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Log {
    /// What passes, in the syntax of `tracing`'s `EnvFilter`: `info`, `warn,cesou=debug`.
    pub filter: String,
    /// As lines of text for people, or of JSON for programs.
    pub format: LogFormat,
    /// A request that takes longer than this is logged with what made it slow, 0–600000 ms; 0 for
    /// none.
    pub slow_query_ms: u64,
    /// When what was searched for is logged.
    pub queries: LogQueries,
    /// Whether the addresses of clients are logged.
    pub addresses: LogAddresses,
}

/// The form of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// Lines for people.
    Text,
    /// One JSON object a line.
    Json,
}

/// When what was searched for is logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogQueries {
    /// Not at all.
    Never,
    /// With requests that were slow, to tell why.
    Slow,
    /// With every request.
    Always,
}

/// Whether the addresses of clients are logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogAddresses {
    /// They are not.
    Never,
    /// With every request.
    Always,
}

/// Where traces go.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Telemetry {
    /// Address of an OpenTelemetry collector that takes OTLP over HTTP, or `none`.
    pub otlp_endpoint: String,
    /// The part of the requests that is traced where whoever asks did not decide, 0–1.
    pub sample_ratio: f64,
}

impl Telemetry {
    /// The collector's address, without a slash at its end; nothing where there is none.
    #[must_use]
    pub fn endpoint(&self) -> Option<&str> {
        let given = self.otlp_endpoint.as_str();
        (given != network::NONE).then(|| given.trim_end_matches('/'))
    }
}

impl Default for Telemetry {
    fn default() -> Self {
        Self {
            otlp_endpoint: network::NONE.to_owned(),
            sample_ratio: 1.0,
        }
    }
}

impl Default for Server {
    fn default() -> Self {
        Self {
            host: "127.0.0.1".to_owned(),
            port: 8080,
            public_url: keys::AUTO.to_owned(),
            workers: 0,
            search_threads: 0,
            search_queue: 256,
            search_wait_ms: 40,
            search_timeout_ms: 2000,
            max_connections: 8192,
            connections_per_address: 1024,
            keep_alive_s: 10,
            header_timeout_s: 10,
            body_timeout_s: 900,
            body_min_rate: 1024,
            write_timeout_s: 30,
            requests_per_minute: 6000,
            trusted_proxies: network::NONE.to_owned(),
            forwarded_header: "x-forwarded-for".to_owned(),
            shutdown_timeout_s: 10,
            shutdown_drain_ms: 1000,
        }
    }
}

impl Server {
    /// The address that others know the service by, without a slash at its end; nothing where it is
    /// left to the requests.
    #[must_use]
    pub fn public_address(&self) -> Option<String> {
        (self.public_url != keys::AUTO).then(|| self.public_url.trim_end_matches('/').to_owned())
    }
}

impl Default for Corpus {
    fn default() -> Self {
        Self {
            path: "corpus".into(),
            themes: "themes.toml".to_owned(),
            max_file_mb: 512,
            max_line_mb: 16,
            extract_memory_mb: 1024,
            extract_seconds: 30,
            extract_output_mb: 64,
        }
    }
}

impl Default for Index {
    fn default() -> Self {
        Self {
            path: "index".into(),
            memory_mb: 256,
            threads: 0,
        }
    }
}

impl Default for Store {
    fn default() -> Self {
        Self {
            path: "store".into(),
            max_report_mb: 16,
            max_body_mb: 1024,
            max_reports: 100_000,
            max_queue: 1000,
            min_free_mb: 256,
            kept_tasks: 10_000,
        }
    }
}

impl Default for Passage {
    fn default() -> Self {
        Self { max_chars: 1200 }
    }
}

impl Default for Search {
    fn default() -> Self {
        Self {
            per_page: 10,
            relax_below: 10,
            snippet_chars: 120,
            max_depth: 10_000,
            max_cost: 200_000_000,
            answers_mb: 32,
            title_weight: 0.5,
            heading_weight: 1.5,
            body_weight: 1.0,
            phrase_weight: 1.0,
            word_weight: 1.0,
            characters_weight: 0.8,
            synonym_weight: 0.45,
            feedback_weight: 1.0,
        }
    }
}

impl Default for Analytics {
    fn default() -> Self {
        Self {
            collect: Collect::On,
            path: "store/analytics".into(),
            keep_days: 90,
            max_queries: 10_000,
            min_count: 1,
        }
    }
}

impl Default for Keys {
    fn default() -> Self {
        Self {
            path: "store/keys.jsonl".into(),
            search: SearchAccess::Auto,
        }
    }
}

impl Default for Log {
    fn default() -> Self {
        Self {
            filter: "info,actix_server=warn,actix_http=off".to_owned(),
            format: LogFormat::Text,
            slow_query_ms: 500,
            queries: LogQueries::Slow,
            addresses: LogAddresses::Never,
        }
    }
}

/// The number of threads a setting asks for: itself, or the number of cores where it is 0.
#[must_use]
pub fn or_cores(setting: usize) -> usize {
    if setting > 0 {
        return setting;
    }
    std::thread::available_parallelism().map_or(1, Into::into)
}

/// The number of searches that a setting allows at once: itself, or twice the number of cores where
/// it is 0. A few searches take ten times as long as most; with one for each core, most would wait
/// for those to end instead of sharing the cores with them.
#[must_use]
pub fn or_two_a_core(setting: usize) -> usize {
    if setting > 0 {
        return setting;
    }
    or_cores(0).saturating_mul(2)
}

/// What a number may be, as in `0–65535`, or a text of few; nothing for other texts and for keys
/// that are not known.
#[must_use]
pub fn allowed(key: &str) -> Option<String> {
    keys::range(key)
        .map(|range| range.to_string())
        .or_else(|| keys::choices(key).map(|choices| choices.join("、")))
}

/// The settings in force: defaults, then `file`, then `env`, then `flags`.
///
/// A named `file` must exist; without one, [`DEFAULT_FILE`] in the working folder is read where
/// there is one. Of `env`, only names that begin with `CESOU_` count, except [`FILE_VARIABLE`] and
/// what Kubernetes sets for a service of that name.
///
/// # Errors
///
/// The first thing wrong, by layer and place: a file that cannot be read or is not TOML, a key that
/// is not known, a value of the wrong type or out of range.
pub fn load(
    file: Option<&Path>,
    env: impl IntoIterator<Item = (String, String)>,
    flags: &Overrides,
) -> Result<Settings, Error> {
    ::config::Config::builder()
        .add_source(::config::Config::try_from(&Settings::default())?)
        .add_source(sources::file(file)?)
        .add_source(sources::variables(env)?)
        .add_source(sources::flags(flags)?)
        .build()?
        .try_deserialize()
        .map_err(Error::from)
}
