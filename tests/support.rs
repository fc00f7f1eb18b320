//! A corpus, an index and a running service, made for one test or shared by many.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use std::sync::mpsc;
use std::time::Duration;

use cesou::config::Settings;
use cesou::corpus::Corpus;
use cesou::http::Application;
use cesou::index::{self, Options, Snapshot};
use cesou::search::{self, Request, Response};
use serde_json::Value;
use tempfile::TempDir;

/// The project's root.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A file of the shared material, or nothing, said aloud, where this machine does not have it.
pub(crate) fn shared(path: &str) -> Option<PathBuf> {
    let found = root().join("../shared").join(path);
    if found.exists() {
        return Some(found);
    }
    eprintln!("skipped: ../shared/{path} is not on this machine");
    None
}

/// The text of the seed reports.
pub(crate) fn seed_text() -> String {
    fs::read_to_string(root().join("corpus/reports/seed.txt")).expect("the seed corpus is there")
}

/// An index of the project's own corpus, built once for all tests.
pub(crate) static SEED: LazyLock<Indexed> = LazyLock::new(|| Indexed::of(&root().join("corpus")));

/// A service that answers from the project's own corpus, shared by all tests that only read.
pub(crate) static SERVICE: LazyLock<Service> =
    LazyLock::new(|| Service::of(&root().join("corpus")));

/// An index in a folder of its own.
pub(crate) struct Indexed {
    pub(crate) snapshot: Snapshot,
    _folder: TempDir,
}

impl Indexed {
    /// An index of the corpus in `folder`.
    pub(crate) fn of(folder: &Path) -> Self {
        let index = tempfile::tempdir().expect("a temporary folder");
        let snapshot = build(folder, index.path()).expect("the corpus can be indexed");
        Self {
            snapshot,
            _folder: index,
        }
    }

    /// An index of reports given as file name and text, with the project's own vocabulary.
    pub(crate) fn of_files(files: &[(&str, &str)]) -> Self {
        let corpus = corpus_of(files);
        Self::of(corpus.path())
    }

    pub(crate) fn search(&self, request: &Request) -> Response {
        search::search(&self.snapshot, request, &options()).expect("the index can be read")
    }

    /// Every hit for `request`, however many pages they take.
    pub(crate) fn all(&self, request: &Request) -> Vec<search::Hit> {
        let request = Request {
            page: 1,
            per_page: 10_000,
            ..request.clone()
        };
        self.search(&request).hits
    }
}

/// Opens or builds the index of the corpus in `corpus` at `index`.
pub(crate) fn build(corpus: &Path, index: &Path) -> Result<Snapshot, index::Error> {
    let corpus = Corpus::open(corpus, 1 << 30).expect("the corpus is there");
    let options = Options {
        max_chars: Settings::default().passage.max_chars,
        memory_bytes: 64 << 20,
        threads: 1,
    };
    index::open_or_build(&corpus, index, &options, &|_| {}).map(|opened| opened.snapshot)
}

/// How searches are answered by default.
pub(crate) fn options() -> search::Options {
    search::Options::from(&Settings::default().search)
}

/// A corpus of reports given as file name and text, with the project's own vocabulary.
pub(crate) fn corpus_of(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let reports = folder.path().join("reports");
    fs::create_dir(&reports).expect("a folder for the reports");
    for name in ["themes.toml", "dictionary.txt"] {
        let from = root().join("corpus").join(name);
        if from.exists() {
            fs::copy(from, folder.path().join(name)).expect("the vocabulary can be copied");
        }
    }
    for (name, text) in files {
        fs::write(reports.join(name), text).expect("a report can be written");
    }
    folder
}

/// A service on a port of its own, running until the tests end.
pub(crate) struct Service {
    pub(crate) address: String,
    _index: TempDir,
}

/// What a service answered.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: ureq::http::HeaderMap,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error} in {}", self.body))
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().expect("a header of ASCII"))
    }
}

impl Service {
    /// The service over the corpus in `folder`, with default settings.
    pub(crate) fn of(folder: &Path) -> Self {
        Self::with(folder, |_| {})
    }

    /// The service over the corpus in `folder`, with settings changed by `change`.
    pub(crate) fn with(folder: &Path, change: impl FnOnce(&mut Settings)) -> Self {
        let index = tempfile::tempdir().expect("a temporary folder");
        let snapshot = build(folder, index.path()).expect("the corpus can be indexed");
        let mut settings = Settings::default();
        settings.server.port = 0;
        settings.server.workers = 2;
        change(&mut settings);
        let (sender, receiver) = mpsc::channel();
        std::thread::spawn(move || {
            actix_web::rt::System::new().block_on(async move {
                let application =
                    Application::build(&settings, snapshot).expect("port 0 is always free");
                sender
                    .send(application.address())
                    .expect("the test waits for the address");
                application.run_until_stopped().await.expect("it serves");
            });
        });
        let address = receiver.recv().expect("the service starts");
        Self {
            address: format!("http://{address}"),
            _index: index,
        }
    }

    /// `GET` of a path with its query string, as it is.
    pub(crate) fn get(&self, path: &str) -> Answer {
        self.request("GET", path, &[])
    }

    /// A search with these parameters, which are encoded here.
    pub(crate) fn search(&self, parameters: &[(&str, &str)]) -> Answer {
        let query = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(parameters)
            .finish();
        self.get(&format!("/api/v1/search?{query}"))
    }

    pub(crate) fn request(&self, method: &str, path: &str, headers: &[(&str, &str)]) -> Answer {
        let mut request = ureq::http::Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.address));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(()).expect("a well-formed request");
        let agent: ureq::Agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .allow_non_standard_methods(true)
            .build()
            .into();
        let mut response = agent.run(request).expect("the service answers");
        Answer {
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            body: response
                .body_mut()
                .read_to_string()
                .expect("a body of UTF-8"),
        }
    }
}

impl Service {
    /// What comes back for these bytes, to the end of the connection; whatever came before it
    /// broke, where it breaks.
    pub(crate) fn raw(&self, request: &[u8]) -> Vec<u8> {
        let mut stream = self.connect();
        let mut answer = Vec::new();
        if stream.write_all(request).is_ok() {
            let _ = stream.read_to_end(&mut answer);
        }
        answer
    }

    /// A connection that gives up after ten seconds of silence.
    pub(crate) fn connect(&self) -> TcpStream {
        let address = self.address.trim_start_matches("http://");
        let stream = TcpStream::connect(address).expect("the service listens");
        for set in [TcpStream::set_read_timeout, TcpStream::set_write_timeout] {
            set(&stream, Some(Duration::from_secs(10))).expect("a socket has timeouts");
        }
        stream
    }
}
