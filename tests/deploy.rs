//! The files of `deploy/`: what they name exists, and nginx in front of the service does what its
//! example says.

use std::collections::BTreeSet;
use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use cesou::config::{self, Overrides};

use crate::browser::variable;
use crate::support::{Place, Serving, root, skip};

fn deployed(name: &str) -> String {
    let path = root().join("deploy").join(name);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The `CESOU_…` variables a text sets, with their values.
fn variables(text: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for (at, _) in text.match_indices("CESOU_") {
        let rest = &text[at..];
        let is_part = |c: char| c.is_ascii_uppercase() || c == '_';
        let end = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
        let (name, rest) = rest.split_at(end);
        if let Some(value) = rest.strip_prefix('=') {
            let value = value.split_whitespace().next().unwrap_or_default();
            found.push((name.to_owned(), value.trim_end_matches('\\').to_owned()));
        }
    }
    found
}

#[test]
fn the_settings_that_they_name_exist_and_take_their_values() {
    for name in ["Containerfile", "cesou.service"] {
        let set: Vec<(String, String)> = variables(&deployed(name))
            .into_iter()
            .filter(|(name, _)| name.contains("__"))
            .collect();
        assert!(set.len() >= 4, "{name}: {set:?}");
        let settings = config::load(None, set.clone(), &Overrides::default());
        let settings = settings.unwrap_or_else(|error| panic!("{name}: {error}"));
        let paths = [
            &settings.store.path,
            &settings.index.path,
            &settings.corpus.path,
        ];
        assert!(
            paths.iter().all(|path| path.is_absolute()),
            "{name}: {paths:?}"
        );
        for within in [&settings.keys.path, &settings.analytics.path] {
            assert!(within.starts_with(&settings.store.path), "{name}");
        }
    }
    // Settings that the texts speak of.
    let known = serde_json::to_value(config::Settings::default()).unwrap();
    for name in [
        "Containerfile",
        "cesou.service",
        "nginx.conf",
        "../docs/deploy.md",
        "../docs/security.md",
    ] {
        let text = deployed(name);
        let words = text.split(|c: char| !(c.is_ascii_lowercase() || c == '_' || c == '.'));
        for word in words {
            let Some((section, key)) = word.trim_end_matches('.').split_once('.') else {
                continue;
            };
            let Some(section_known) = known.get(section) else {
                continue;
            };
            // Files are named like settings: store.md, index.json.
            let is_file = ["md", "toml", "txt", "json", "jsonl", "rs"].contains(&key);
            assert!(
                is_file || key.is_empty() || key.contains('.') || section_known.get(key).is_some(),
                "{name} names the setting {word}"
            );
        }
    }
}

#[test]
fn the_unit_waits_longer_than_the_service_takes_to_stop() {
    let unit = deployed("cesou.service");
    let seconds = unit
        .lines()
        .find_map(|line| line.strip_prefix("TimeoutStopSec="))
        .and_then(|seconds| seconds.parse::<u64>().ok())
        .expect("a number of seconds");
    let settings = config::Settings::default();
    let taken = settings.server.shutdown_timeout_s + settings.server.shutdown_drain_ms / 1000;
    assert!(seconds > taken + 5, "{seconds} s for {taken} s");
}

#[test]
fn systemd_takes_the_unit_and_finds_it_closed() {
    let has = Command::new("systemd-analyze").arg("--version").output();
    if !has.is_ok_and(|output| output.status.success()) {
        skip("systemd-analyze is not on this machine");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let unit = folder.path().join("cesou.service");
    let program = assert_cmd::cargo::cargo_bin!("cesou").display().to_string();
    fs::write(
        &unit,
        deployed("cesou.service").replace("/usr/local/bin/cesou", &program),
    )
    .unwrap();
    let verified = Command::new("systemd-analyze")
        .arg("verify")
        .arg(&unit)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&verified.stderr).into_owned();
    let ours: Vec<&str> = said
        .lines()
        .filter(|line| line.contains("cesou.service"))
        .collect();
    assert!(verified.status.success() && ours.is_empty(), "{said}");
    let judged = Command::new("systemd-analyze")
        .args(["security", "--offline=true", "--threshold=20"])
        .arg(&unit)
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&judged.stdout).into_owned();
    assert!(
        judged.status.success(),
        "an exposure of at most 2.0:\n{told}"
    );
}

#[test]
fn the_container_is_built_of_what_there_is() {
    let file = deployed("Containerfile");
    let ignored = fs::read_to_string(root().join(".dockerignore")).unwrap();
    let copied = file.lines().filter_map(|line| line.strip_prefix("COPY "));
    let copied: Vec<&str> = copied.filter(|line| !line.contains("--from")).collect();
    assert!(copied.len() >= 5, "{copied:?}");
    for line in copied {
        for source in line.split_whitespace().rev().skip(1) {
            // What a pattern may find nothing for, not every builder copies.
            assert!(root().join(source).exists(), "{source} is copied");
            let let_through = ignored.lines().any(|line| line == format!("!{source}"));
            assert!(
                let_through,
                "{source} is kept from the build by .dockerignore"
            );
        }
    }
    // What the program is built with is what the container has.
    let embedded = [
        "src/http/embed.rs",
        "src/http/assets.rs",
        "src/corpus/boilerplate.rs",
    ];
    let mut needed = BTreeSet::new();
    for name in embedded {
        let text = fs::read_to_string(root().join(name)).unwrap();
        for (at, _) in text.match_indices("../../") {
            let path: PathBuf = text[at + 6..].split('"').next().unwrap().into();
            needed.insert(path.iter().take(2).collect::<PathBuf>());
        }
    }
    for path in needed {
        let is_there = ignored.lines().any(|line| {
            line.strip_prefix('!')
                .is_some_and(|kept| path.starts_with(Path::new(kept)))
        });
        assert!(is_there, "{} is built in", path.display());
    }
}

#[test]
fn an_upgrade_as_the_guide_has_it_reads_nothing_twice_and_can_be_taken_back() {
    const KEY: &str = "cesou_deploy_0123456789abcdefghijklmnopqrstuvwxyz";
    // Another program makes another index, as another length of passages does.
    let old: &[&str] = &[];
    let new: &[&str] = &["--set", "passage.max_chars=300"];
    let place = Place::seed();
    let run = |arguments: &[&str], which: &[&str]| {
        let out = place.run(&[arguments, which].concat()).exits(0);
        serde_json::from_str::<serde_json::Value>(&out).expect("JSON")
    };
    let start = |which: &[&str]| {
        let serving = Serving::with(
            &place,
            &[&["--port", "0"], which].concat(),
            &[("CESOU_ADMIN_KEY", KEY)],
        );
        assert_ne!(serving.address, "", "{}", serving.log());
        serving
    };
    let send = |serving: &Serving, id: &str| {
        let body = "{\"text\":\"山西省晋中市:全市一盘棋\\n一、做好。推进教师交流。\"}";
        let path = format!("/api/v1/reports/{id}");
        let answer = serving.try_send("PUT", &path, KEY, "application/json", body);
        let answer = answer.expect("it answers");
        assert_eq!(answer.status, 202, "{}", answer.body);
    };
    let find = |serving: &Serving, id: &str| {
        let until = Instant::now() + Duration::from_secs(20);
        while serving.get(&format!("/api/v1/reports/{id}")).0 != 200 {
            assert!(Instant::now() < until, "{id} is not found");
            std::thread::sleep(Duration::from_millis(20));
        }
    };
    let rename = |from: &str, to: &str| fs::rename(place.path(from), place.path(to)).unwrap();

    let mut serving = start(old);
    send(&serving, "before");
    find(&serving, "before");
    let told = run(&["check", "--json"], new);
    assert_eq!(told["index"]["plan"], "rebuild", "{told:#}");
    run(&["index", "--json", "--index", "index-new"], new);
    send(&serving, "meanwhile");
    find(&serving, "meanwhile");
    assert!(serving.stop("-TERM").success());

    rename("index", "index-old");
    rename("index-new", "index");
    let told = run(&["check", "--json"], new);
    assert_eq!(
        told["index"]["plan"], "update",
        "only what came since: {told:#}"
    );
    assert_eq!(told["index"]["sent"], 1);
    let mut serving = start(new);
    find(&serving, "before");
    find(&serving, "meanwhile");
    send(&serving, "after");
    find(&serving, "after");
    assert!(serving.stop("-TERM").success());

    rename("index", "index-failed");
    rename("index-old", "index");
    let told = run(&["check", "--json"], old);
    assert_eq!(told["index"]["plan"], "update", "{told:#}");
    assert_eq!(told["index"]["sent"], 1, "what was sent to the new one");
    let serving = start(old);
    for id in ["before", "meanwhile", "after"] {
        find(&serving, id);
    }
}

/// nginx with the example in front of a service, stopped when dropped.
struct Proxy {
    child: Child,
    folder: tempfile::TempDir,
    port: u16,
    plain: u16,
}

impl Drop for Proxy {
    fn drop(&mut self) {
        let _ = Command::new("kill")
            .arg(self.child.id().to_string())
            .status();
        let _ = self.child.wait();
    }
}

impl Proxy {
    /// Nothing, said aloud, where nginx, OpenSSL or curl are not there.
    fn before(serving: &Serving) -> Option<Self> {
        let nginx = variable("CESOU_NGINX").unwrap_or_else(|| "nginx".into());
        for (tool, asked) in [
            (nginx.as_os_str(), "-v"),
            ("openssl".as_ref(), "version"),
            ("curl".as_ref(), "-V"),
        ] {
            let found = Command::new(tool).arg(asked).output();
            if !found.is_ok_and(|output| output.status.success()) {
                skip(&format!(
                    "{} is not on this machine (CESOU_NGINX names nginx)",
                    tool.display()
                ));
                return None;
            }
        }
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name).display().to_string();
        let made = Command::new("openssl")
            .args([
                "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1",
            ])
            .args([
                "-subj",
                "/CN=search.example.cn",
                "-keyout",
                &path("key"),
                "-out",
                &path("crt"),
            ])
            .output()
            .unwrap();
        assert!(made.status.success(), "{made:?}");
        let [port, plain] = [(); 2].map(|()| {
            let free = TcpListener::bind("127.0.0.1:0").unwrap();
            free.local_addr().unwrap().port()
        });
        let mut site = deployed("nginx.conf");
        for (from, to) in [
            ("/etc/nginx/tls/search.example.cn.crt", path("crt")),
            ("/etc/nginx/tls/search.example.cn.key", path("key")),
            ("/var/cache/nginx/cesou", path("cache")),
            ("/var/log/nginx/cesou.log", path("access.log")),
            (
                "127.0.0.1:8080",
                serving.address.trim_start_matches("http://").to_owned(),
            ),
            ("    listen [::]:443 ssl http2;\n", String::new()),
            ("    listen [::]:80;\n", String::new()),
            ("listen 443 ssl", format!("listen 127.0.0.1:{port} ssl")),
            ("listen 80;", format!("listen 127.0.0.1:{plain};")),
        ] {
            assert!(site.contains(from), "the example says {from}");
            site = site.replace(from, &to);
        }
        fs::write(path("site.conf"), site).unwrap();
        let temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
        let temporary = temporary.map(|name| format!("{name}_temp_path {};\n", path(name)));
        let main = format!(
            "daemon off; worker_processes 1; pid {}; error_log {};\nevents {{}}\n\
             http {{\n{}include {};\n}}\n",
            path("pid"),
            path("error.log"),
            temporary.concat(),
            path("site.conf")
        );
        fs::write(path("nginx.conf"), main).unwrap();
        let given = [
            "-p",
            &path(""),
            "-c",
            &path("nginx.conf"),
            "-e",
            &path("error.log"),
        ];
        let tested = Command::new(&nginx).arg("-t").args(given).output().unwrap();
        let said = String::from_utf8_lossy(&tested.stderr);
        assert!(
            tested.status.success() && !said.contains("[warn]"),
            "{said}"
        );
        let child = Command::new(&nginx)
            .args(given)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let proxy = Self {
            child,
            folder,
            port,
            plain,
        };
        let until = Instant::now() + Duration::from_secs(20);
        while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(Instant::now() < until, "nginx does not start");
            std::thread::sleep(Duration::from_millis(20));
        }
        Some(proxy)
    }

    /// Head and body of what is answered to a request by curl.
    fn curl(&self, path: &str, given: &[&str]) -> (String, String) {
        let resolve = format!("search.example.cn:{}:127.0.0.1", self.port);
        let done = Command::new("curl")
            .args([
                "--silent",
                "--insecure",
                "--noproxy",
                "*",
                "--max-time",
                "20",
                "--include",
            ])
            .args(["--http1.1", "--resolve", &resolve])
            .args(given)
            .arg(format!("https://search.example.cn:{}{path}", self.port))
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&done.stdout).into_owned();
        let text = text.trim_start_matches("HTTP/1.1 100 Continue\r\n\r\n");
        let (head, body) = text
            .split_once("\r\n\r\n")
            .unwrap_or_else(|| panic!("{done:?}"));
        (head.to_owned(), body.to_owned())
    }
}

fn status(head: &str) -> u16 {
    let status = head
        .split(' ')
        .nth(1)
        .and_then(|status| status.parse().ok());
    status.unwrap_or_else(|| panic!("no status in {head}"))
}

fn header<'a>(head: &'a str, name: &str) -> &'a str {
    let mut lines = head.lines().filter_map(|line| line.split_once(": "));
    let found = lines.find(|(own, _)| own.eq_ignore_ascii_case(name));
    found.map_or("", |(_, value)| value)
}

#[test]
fn nginx_in_front_serves_keeps_forwards_and_limits() {
    const KEY: &str = "cesou_deploy_0123456789abcdefghijklmnopqrstuvwxyz";
    let place = Place::seed();
    let serving = Serving::with(&place, &["--port", "0"], &[("CESOU_ADMIN_KEY", KEY)]);
    assert_ne!(serving.address, "", "{}", serving.log());
    let Some(proxy) = Proxy::before(&serving) else {
        return;
    };

    // Searching, over TLS, with the service's own headers and one more.
    let search = "/api/v1/search?q=%E6%95%99%E5%B8%88&per_page=1";
    let (head, body) = proxy.curl(search, &["-H", "X-Request-Id: my-1"]);
    assert_eq!(status(&head), 200, "{head}");
    assert!(body.contains("\"total\""), "{body}");
    assert_eq!(header(&head, "X-Request-Id"), "my-1");
    assert!(header(&head, "Content-Security-Policy").contains("default-src"));
    assert!(header(&head, "Strict-Transport-Security").contains("max-age"));
    assert_eq!(header(&head, "Server"), "nginx", "no version");

    // An answer that the client has is not sent again; one in another coding is not mistaken for it.
    let tag = format!("If-None-Match: {}", header(&head, "ETag"));
    let (head, _) = proxy.curl(search, &["-H", &tag]);
    assert_eq!(status(&head), 304, "{head}");
    let (head, _) = proxy.curl("/", &["-H", "Accept-Encoding: gzip", "--compressed"]);
    assert_eq!(header(&head, "Content-Encoding"), "gzip", "{head}");
    let (head, body) = proxy.curl("/", &[]);
    assert_eq!(header(&head, "Content-Encoding"), "", "{head}");
    assert!(body.contains("<!doctype html>"));

    // Kept for those without a key, and asked about; never for those with one. nginx counts in whole
    // seconds: what it keeps for one may be fresh for nearly two.
    std::thread::sleep(Duration::from_millis(2100));
    for _ in 0..3 {
        proxy.curl(search, &[]);
    }
    let bearer = format!("Authorization: Bearer {KEY}");
    let (head, _) = proxy.curl(search, &["-H", &bearer]);
    assert!(header(&head, "Cache-Control").contains("private"), "{head}");
    proxy.curl("/about", &[]);
    proxy.curl("/about", &[]);

    // Writing, up to more than other requests may bring, and only with a key.
    let report = "山西省晋中市:全市一盘棋\n\n一、加强领导。建立联席会议制度。\n";
    let large = format!("{report}{}", "继续推进教师交流。\n".repeat(80_000));
    let body = serde_json::json!({ "text": large }).to_string();
    assert!(body.len() > 2 << 20);
    fs::write(place.path("body"), &body).unwrap();
    let data = format!("@{}", place.path("body").display());
    let given = [
        "-X",
        "PUT",
        "-H",
        "Content-Type: application/json",
        "--data-binary",
        &data,
    ];
    let (head, body) = proxy.curl("/api/v1/reports/a", &given);
    assert_eq!(status(&head), 401, "{head}\n{body}");
    let (head, body) = proxy.curl(
        "/api/v1/reports/a",
        &[&given[..], &["-H", &bearer]].concat(),
    );
    assert_eq!(status(&head), 202, "{head}\n{body}");
    let (head, _) = proxy.curl(
        "/mcp",
        &[
            "-H",
            "Content-Type: application/json",
            "--data-binary",
            &data,
        ],
    );
    assert_eq!(status(&head), 413, "{head}");

    // A chunked request, a long address, an export that is not held back.
    let chunked = [
        &given[..],
        &["-H", &bearer, "-H", "Transfer-Encoding: chunked"],
    ]
    .concat();
    assert_eq!(status(&proxy.curl("/api/v1/reports/a", &chunked).0), 202);
    let long = format!("/api/v1/search?q={}", "%E6%95%99".repeat(3_000));
    assert_eq!(status(&proxy.curl(&long, &[]).0), 200);
    let (head, body) = proxy.curl("/api/v1/export?format=csv&q=%E6%95%99%E5%B8%88", &[]);
    assert_eq!(status(&head), 200, "{head}");
    assert!(body.lines().count() > 5, "{body}");

    // Plain HTTP leads to TLS.
    let plain = Command::new("curl")
        .args([
            "--silent",
            "--noproxy",
            "*",
            "--include",
            "--max-time",
            "10",
        ])
        .args(["-H", "Host: search.example.cn"])
        .arg(format!(
            "http://127.0.0.1:{}/about?lang=en&q=1",
            proxy.plain
        ))
        .output()
        .unwrap();
    let plain = String::from_utf8_lossy(&plain.stdout).into_owned();
    assert_eq!(
        header(&plain, "Location"),
        "https://search.example.cn/about?lang=en&q=1"
    );

    // Too often is told so.
    let url = format!(
        "https://search.example.cn:{}/healthz/../?q=[1-90]",
        proxy.port
    );
    let resolve = format!("search.example.cn:{}:127.0.0.1", proxy.port);
    let hurried = Command::new("curl")
        .args([
            "--silent",
            "--insecure",
            "--noproxy",
            "*",
            "--max-time",
            "60",
            "--parallel",
        ])
        .args([
            "--resolve",
            &resolve,
            "--output",
            "/dev/null",
            "--write-out",
            "%{http_code}\n",
        ])
        .arg(&url)
        .output()
        .unwrap();
    let answered = String::from_utf8_lossy(&hurried.stdout).into_owned();
    assert!(
        answered.contains("429") && answered.contains("200"),
        "{answered}"
    );

    // The log tells what happened, and neither what was searched for nor with which key.
    std::thread::sleep(Duration::from_millis(200));
    let told = fs::read_to_string(proxy.folder.path().join("access.log")).unwrap();
    let of = |path: &str| -> Vec<&str> {
        let lines = told
            .lines()
            .filter(|line| line.contains(&format!(" {path} ")));
        lines.filter_map(|line| line.rsplit(' ').next()).collect()
    };
    let kept = of("/api/v1/search");
    for state in ["MISS", "HIT", "BYPASS"] {
        assert!(kept.contains(&state), "{state}: {told}");
    }
    assert!(
        kept.contains(&"REVALIDATED") || kept.contains(&"EXPIRED"),
        "an older one is asked about: {told}"
    );
    assert!(!of("/about").contains(&"HIT"), "no-store: {told}");
    assert!(told.contains(" my-1 "), "{told}");
    assert_eq!(of("/about").last(), Some(&"-"), "what led to TLS: {told}");
    assert!(
        !told.contains("%E6") && !told.contains("q=") && !told.contains(KEY),
        "{told}"
    );
}
