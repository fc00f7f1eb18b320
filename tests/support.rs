//! A corpus, an index, a running service and a folder where the binary runs, made for one test or
//! shared by many.

mod binary;

use std::fs;
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use actix_web::dev::ServerHandle;
use cesou::config::Settings;
use cesou::corpus::{Corpus, ExtractLimits, Extractor, Limits};
use cesou::http::{Application, Intake};
use cesou::index::{self, Claim, Options, Snapshot, Texts};
use cesou::key::{Keyring, Wish};
use cesou::reload::{Served, Watch};
use cesou::search::{self, Request, Response};
use cesou::store::{self, Store};
use secrecy::ExposeSecret;
use serde_json::Value;
use tempfile::TempDir;

pub(crate) use binary::{Place, Run, Serving};

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
    skip(&format!("../shared/{path} is not on this machine"));
    None
}

/// Says that a test does less here, and why. Written past the test harness, which shows what a
/// test prints only when it fails.
pub(crate) fn skip(why: &str) {
    writeln!(io::stderr(), "skipped: {why}").expect("somewhere to say it");
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
    index::open_or_build(&corpus, index, &index_options(), &|_| {}).map(|opened| opened.snapshot)
}

/// What indexes are built with here.
pub(crate) fn index_options() -> Options {
    Options {
        max_chars: Settings::default().passage.max_chars,
        memory_bytes: 64 << 20,
        threads: 1,
    }
}

/// The settings of a service that is tested.
fn settings() -> Settings {
    let mut settings = Settings::default();
    settings.server.port = 0;
    settings.server.workers = 2;
    // On a machine that is busy with other tests, few waits are short.
    settings.server.search_wait_ms = 30_000;
    settings
}

/// What reading an uploaded file may cost, by the binary that is tested.
fn limits() -> Limits {
    let program = assert_cmd::cargo::cargo_bin!("cesou");
    Limits {
        extractor: Extractor::new(PathBuf::from(program), ExtractLimits::default()),
        ..Limits::new(1 << 30)
    }
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
    for name in ["themes.toml", "dictionary.txt", "synonyms.toml"] {
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
    /// The keys it lets in.
    pub(crate) keys: Arc<Keyring>,
    /// What it answers from.
    pub(crate) served: Arc<Served>,
    /// Reports that are sent, where they are taken.
    pub(crate) store: Option<Arc<Store>>,
    stop: ServerHandle,
    _index: TempDir,
    _store: TempDir,
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
        Self::start(snapshot, index, change, None)
    }

    fn start(
        snapshot: Snapshot,
        index: TempDir,
        change: impl FnOnce(&mut Settings),
        watch: Option<Watch>,
    ) -> Self {
        let mut settings = settings();
        let folder = tempfile::tempdir().expect("a temporary folder");
        settings.keys.path = folder.path().join("keys.jsonl");
        settings.analytics.path = folder.path().join("analytics");
        change(&mut settings);
        Self::run(settings, snapshot, watch, None, [index, folder])
    }

    fn run(
        settings: Settings,
        snapshot: Snapshot,
        watch: Option<Watch>,
        store: Option<Arc<Store>>,
        [index, folder]: [TempDir; 2],
    ) -> Self {
        let keys = Keyring::open(&settings.keys.path, None).expect("no keys, or good ones");
        let keys = Arc::new(keys);
        let in_force = Arc::clone(&keys);
        let intake = store.clone().map(|store| Intake {
            store,
            limits: limits(),
        });
        let (sender, receiver) = mpsc::channel();
        std::thread::spawn(move || {
            actix_web::rt::System::new().block_on(async move {
                let application = Application::build(&settings, snapshot, in_force, intake)
                    .expect("port 0 is always free");
                if let Some(watch) = watch {
                    watch
                        .start(application.served(), Duration::from_millis(50))
                        .expect("a thread can be had");
                }
                sender
                    .send((
                        application.address(),
                        Arc::clone(application.served()),
                        application.handle(),
                    ))
                    .expect("the test waits for the address");
                application.run_until_stopped().await.expect("it serves");
            });
        });
        let (address, served, stop) = receiver.recv().expect("the service starts");
        Self {
            address: format!("http://{address}"),
            keys,
            served,
            store,
            stop,
            _index: index,
            _store: folder,
        }
    }

    /// The service over the corpus in `folder`, which takes up its changes and what is sent.
    pub(crate) fn live(folder: &Path) -> Self {
        Self::live_with(folder, |_| {})
    }

    /// The same with settings changed by `change`.
    pub(crate) fn live_with(folder: &Path, change: impl FnOnce(&mut Settings)) -> Self {
        let folders = [(); 2].map(|()| tempfile::tempdir().expect("a temporary folder"));
        Self::live_in(folder, folders, change)
    }

    /// The same with what is in these folders, of the index and of the store.
    pub(crate) fn live_in(
        folder: &Path,
        folders: [TempDir; 2],
        change: impl FnOnce(&mut Settings),
    ) -> Self {
        let [index, kept] = &folders;
        let mut settings = settings();
        settings.keys.path = kept.path().join("keys.jsonl");
        settings.analytics.path = kept.path().join("analytics");
        kept.path().clone_into(&mut settings.store.path);
        settings.store.min_free_mb = 0;
        change(&mut settings);
        let options = store::Options {
            beside: Some(index.path().to_owned()),
            ..store::Options::from(&settings.store)
        };
        let (store, damages) = Store::open(kept.path(), &options).expect("nobody else has it");
        let store = Arc::new(store);
        let corpus = Corpus::open(folder, 1 << 30).expect("the corpus is there");
        let claim = Claim::take(index.path()).expect("nobody else has it");
        let watch = Watch::new(corpus.clone(), index.path().to_owned(), index_options())
            .with_store(Arc::clone(&store))
            .with_claim(claim.clone());
        let texts = Texts {
            corpus: &corpus,
            sent: Some(&store),
        };
        let opened = index::open_or_build(texts, &claim, &index_options(), &|_| {})
            .expect("the corpus can be indexed");
        let damages = damages.iter().map(ToString::to_string).collect();
        let watch = watch.after(&opened, damages);
        Self::run(settings, opened.snapshot, Some(watch), Some(store), folders)
    }

    /// Stops the service and gives back the folders of its index and its store, for another one.
    pub(crate) fn stop(self) -> [TempDir; 2] {
        let Self {
            stop,
            served,
            store,
            _index: index,
            _store: folder,
            ..
        } = self;
        // The runtime of whoever waits is not that of the service.
        let stopping = std::thread::spawn(move || {
            actix_web::rt::System::new().block_on(stop.stop(false));
        });
        stopping.join().expect("it stops");
        let until = Instant::now() + Duration::from_secs(20);
        while Arc::strong_count(&served) > 1 {
            assert!(Instant::now() < until, "something still serves");
            std::thread::sleep(Duration::from_millis(5));
        }
        drop(served);
        while store
            .as_ref()
            .is_some_and(|store| Arc::strong_count(store) > 1)
        {
            assert!(Instant::now() < until, "something still writes");
            std::thread::sleep(Duration::from_millis(5));
        }
        drop(store);
        [index, folder]
    }

    /// A key of the service for these actions.
    pub(crate) fn key(&self, described: &Value) -> String {
        let wish: Wish = serde_json::from_value(described.clone()).expect("a description");
        let now = jiff::Timestamp::now();
        let wanted = wish.check(now).expect("a key that can be");
        let made = self.keys.create(wanted, now).expect("it can be kept");
        made.secret.expose_secret().to_owned()
    }

    /// The service over the corpus in `folder`, which takes up changes of its vocabulary.
    pub(crate) fn watching(folder: &Path) -> Self {
        let index = tempfile::tempdir().expect("a temporary folder");
        let corpus = Corpus::open(folder, 1 << 30).expect("the corpus is there");
        let watch = Watch::new(corpus, index.path().to_owned(), index_options());
        let snapshot = build(folder, index.path()).expect("the corpus can be indexed");
        Self::start(snapshot, index, |_| {}, Some(watch))
    }

    /// `GET` of a path with its query string, as it is.
    pub(crate) fn get(&self, path: &str) -> Answer {
        self.request("GET", path, &[])
    }

    /// The id of a passage of the seed, as a reader would come by it.
    pub(crate) fn some_passage(&self) -> String {
        let found = self.search(&[("q", "实施“万人交流”计划")]).json();
        let id = found["hits"][0]["id"].as_str();
        id.expect("the seed has this measure").to_owned()
    }

    /// The id of a report that has others on both sides.
    pub(crate) fn some_report(&self) -> String {
        let listed = self.get("/api/v1/reports").json();
        let id = listed["reports"][3]["id"].as_str();
        id.expect("a report has an id").to_owned()
    }

    /// A search with these parameters, which are encoded here.
    pub(crate) fn search(&self, parameters: &[(&str, &str)]) -> Answer {
        let query = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(parameters)
            .finish();
        self.get(&format!("/api/v1/search?{query}"))
    }

    pub(crate) fn request(&self, method: &str, path: &str, headers: &[(&str, &str)]) -> Answer {
        self.send(method, path, headers, "")
    }

    /// A request with a body.
    pub(crate) fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Answer {
        let mut request = ureq::http::Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.address));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request
            .body((!body.is_empty()).then(|| body.to_owned()))
            .expect("a well-formed request");
        let agent: ureq::Agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .allow_non_standard_methods(true)
            .proxy(None)
            .build()
            .into();
        let (head, body) = request.into_parts();
        let response = match body {
            Some(body) => agent.run(ureq::http::Request::from_parts(head, body)),
            None => agent.run(ureq::http::Request::from_parts(head, ())),
        };
        let mut response = response.expect("the service answers");
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
        connect(&self.address)
    }
}

fn connect(address: &str) -> TcpStream {
    let address = address.trim_start_matches("http://");
    let stream = TcpStream::connect(address).expect("the service listens");
    for set in [TcpStream::set_read_timeout, TcpStream::set_write_timeout] {
        set(&stream, Some(Duration::from_secs(10))).expect("a socket has timeouts");
    }
    stream
}

/// A report of two passages, an overview and a measure.
pub(crate) const REPORT: &str =
    "山西省晋中市:全市一盘棋\n\n晋中市推进教师交流。\n\n一、加强领导。建立联席会议制度。\n";
