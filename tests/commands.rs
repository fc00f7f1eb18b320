//! The binary as a user runs it: what it prints and where, its exit status, and one line for
//! everything that is wrong, with what to do about it.

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

use crate::support::{corpus_of, root, seed_text};

const REPORT: &str =
    "山西省晋中市:全市一盘棋\n\n晋中市推进教师交流。\n\n一、加强领导。建立联席会议制度。\n";

/// A folder with a corpus and room for an index, where the binary is run.
struct Place {
    folder: TempDir,
}

impl Place {
    /// With these reports and the project's vocabulary.
    fn with(reports: &[(&str, &[u8])]) -> Self {
        let place = Self {
            folder: tempfile::tempdir().expect("a temporary folder"),
        };
        let made = corpus_of(&[]);
        fs::create_dir_all(place.path("corpus/reports")).expect("a corpus");
        for entry in fs::read_dir(made.path()).expect("a corpus is a folder") {
            let entry = entry.expect("its files can be listed");
            if entry.path().is_file() {
                let to = place.path("corpus").join(entry.file_name());
                fs::copy(entry.path(), to).expect("the vocabulary can be copied");
            }
        }
        for (name, bytes) in reports {
            place.write(&format!("corpus/reports/{name}"), bytes);
        }
        place
    }

    fn seed() -> Self {
        Self::with(&[("seed.txt", seed_text().as_bytes())])
    }

    fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    fn write(&self, path: &str, bytes: &[u8]) {
        fs::write(self.path(path), bytes).expect("a file can be written");
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(assert_cmd::cargo::cargo_bin!("cesou"));
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("CESOU_")) {
            command.env_remove(name);
        }
        command
            .env("NO_PROXY", "*")
            .current_dir(self.folder.path())
            .args(arguments)
            .stdin(Stdio::null());
        command
    }

    fn run(&self, arguments: &[&str]) -> Run {
        let output = self.command(arguments).output().expect("the binary runs");
        Run {
            arguments: arguments.join(" "),
            output,
        }
    }
}

/// What a run came to.
struct Run {
    arguments: String,
    output: Output,
}

impl Run {
    fn out(&self) -> String {
        String::from_utf8(self.output.stdout.clone()).expect("output is UTF-8")
    }

    fn err(&self) -> String {
        String::from_utf8(self.output.stderr.clone()).expect("output is UTF-8")
    }

    /// Fails unless the exit status was `status`; returns standard output.
    fn exits(&self, status: i32) -> String {
        assert_eq!(
            self.output.status.code(),
            Some(status),
            "cesou {}\n{}{}",
            self.arguments,
            self.out(),
            self.err()
        );
        self.out()
    }

    /// Fails unless it could not, and said why in one line that names all of `said`, each once.
    fn refuses(&self, said: &[&str]) {
        let out = self.exits(1);
        let err = self.err();
        assert_eq!(out, "", "cesou {}", self.arguments);
        assert!(err.starts_with("错误："), "cesou {}: {err}", self.arguments);
        assert_eq!(err.lines().count(), 1, "cesou {}: {err}", self.arguments);
        assert!(err.ends_with('\n'), "cesou {}: {err}", self.arguments);
        for &part in said {
            let times = err.matches(part).count();
            assert_eq!(times, 1, "cesou {}: {part:?} in {err}", self.arguments);
        }
    }
}

#[test]
fn an_index_is_built_once_and_again_when_asked_for() {
    let place = Place::seed();
    let built = place.run(&["index"]);
    let out = built.exits(0);
    assert!(out.contains("10 篇报告、46 个段落"), "{out}");
    assert!(out.contains("略去套话"), "boilerplate is reported: {out}");
    assert_eq!(built.err(), "");
    assert!(place.path("index").is_dir());

    let out = place.run(&["index"]).exits(0);
    assert!(out.starts_with("索引未过期"), "{out}");
    assert!(out.contains("--rebuild"), "{out}");
    assert!(out.contains("46 个段落"), "{out}");

    let out = place.run(&["index", "--rebuild"]).exits(0);
    assert!(!out.contains("索引未过期"), "{out}");

    place.write("corpus/reports/more.txt", REPORT.as_bytes());
    let out = place.run(&["index"]).exits(0);
    assert!(out.contains("11 篇报告、48 个段落"), "{out}");
}

#[test]
fn folders_come_from_flags_before_or_after_the_subcommand() {
    let place = Place::seed();
    fs::rename(place.path("corpus"), place.path("语料")).expect("a folder can be renamed");
    let flags = ["--corpus", "语料", "--index", "索引"];
    let before: Vec<&str> = flags.into_iter().chain(["index"]).collect();
    let after: Vec<&str> = ["index"].into_iter().chain(flags).collect();
    place.run(&before).exits(0);
    let out = place.run(&after).exits(0);
    assert!(out.starts_with("索引未过期"), "{out}");
    assert!(place.path("索引").is_dir());
    assert!(!place.path("index").exists());
}

#[test]
fn the_report_of_a_build_comes_as_json_for_programs() {
    let place = Place::seed();
    place.write("corpus/reports/a.pdf", b"%PDF-1.4");
    let out = place.run(&["index", "--json"]).exits(0);
    let report: Value = serde_json::from_str(&out).expect("JSON and nothing else");
    assert_eq!(report["reports"], 10);
    assert_eq!(report["passages"], 46);
    assert_eq!(report["skipped"][0]["source"], "a.pdf");
    assert!(report["boilerplate"].is_object(), "{report}");
    assert_eq!(report["warnings"], serde_json::json!([]));
}

#[test]
fn skipped_files_are_named_and_counted_against_the_strict_only() {
    let place = Place::seed();
    place.run(&["index", "--strict"]).exits(0);
    place.write("corpus/reports/a.pdf", b"%PDF-1.4");
    place.write("corpus/reports/empty.txt", b"");
    for (arguments, status) in [
        (vec!["index"], 0),
        (vec!["index", "--strict"], 2),
        (vec!["index", "--strict", "--json"], 2),
        (vec!["index", "--strict", "--rebuild"], 2),
    ] {
        let run = place.run(&arguments);
        let out = run.exits(status);
        assert!(out.contains("a.pdf") && out.contains("empty.txt"), "{out}");
        assert!(out.contains("46"), "the others are indexed: {out}");
    }
}

#[test]
fn what_is_no_text_is_skipped_by_name_and_the_rest_is_indexed() {
    let cases: [(&str, &[u8], &str); 6] = [
        ("report.pdf", b"%PDF-1.4", "不支持 .pdf 格式"),
        ("report.docx", b"PK\x03\x04", "不支持 .docx 格式"),
        (
            "binary.txt",
            b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x03\0\x3e\0\x01\0\0\0",
            "不是纯文本",
        ),
        (
            "renamed.txt",
            b"%PDF-1.4\n%\xE2\xE3\xCF\xD3\n1 0 obj\n",
            "PDF",
        ),
        ("empty.txt", b"", "没有文字"),
        ("blank.txt", b" \r\n\t\n", "没有文字"),
    ];
    for (name, bytes, reason) in cases {
        let place = Place::with(&[("good.txt", REPORT.as_bytes()), (name, bytes)]);
        let out = place.run(&["index"]).exits(0);
        assert!(out.contains("1 篇报告、2 个段落"), "{name}: {out}");
        let line = out
            .lines()
            .find(|line| line.starts_with(&format!("跳过 {name}：")))
            .unwrap_or_else(|| panic!("{name} is not named in {out}"));
        assert!(line.contains(reason), "{line}");
    }
}

#[test]
fn text_in_any_encoding_is_indexed_the_same() {
    let utf16 = |bytes: fn(u16) -> [u8; 2]| -> Vec<u8> {
        "\u{FEFF}"
            .encode_utf16()
            .chain(REPORT.encode_utf16())
            .flat_map(bytes)
            .collect()
    };
    let (gb18030, _, lossy) = encoding_rs::GB18030.encode(REPORT);
    assert!(!lossy);
    let windows = format!("\u{FEFF}{}", REPORT.replace('\n', "\r\n"));
    let cases: [(&str, Vec<u8>); 4] = [
        ("GB18030", gb18030.into_owned()),
        ("UTF-16LE", utf16(u16::to_le_bytes)),
        ("UTF-16BE", utf16(u16::to_be_bytes)),
        ("UTF-8 with BOM and CRLF", windows.into_bytes()),
    ];
    for (name, bytes) in cases {
        let place = Place::with(&[("report.txt", &bytes)]);
        let out = place.run(&["index", "--strict"]).exits(0);
        assert!(out.contains("1 篇报告、2 个段落"), "{name}: {out}");
        let out = place.run(&["search", "--exact", "推进教师交流"]).exits(0);
        assert!(out.contains("共 1 个段落"), "{name}: {out}");
        assert!(out.contains("山西省晋中市:全市一盘棋"), "{name}: {out}");
    }
}

#[test]
fn an_empty_corpus_is_indexed_with_a_word_on_where_reports_go() {
    let place = Place::with(&[]);
    for _ in 0..2 {
        let out = place.run(&["index", "--strict"]).exits(0);
        assert!(out.contains("语料中没有报告"), "{out}");
        assert!(out.contains("reports"), "{out}");
    }
    fs::remove_dir_all(place.path("corpus/reports")).expect("a folder can be removed");
    let out = place.run(&["index"]).exits(0);
    assert!(out.contains("语料中没有报告"), "{out}");
    let out = place.run(&["search", "教师"]).exits(0);
    assert!(out.contains("共 0 个段落"), "{out}");
}

#[test]
fn a_missing_corpus_is_refused_with_what_to_do() {
    let place = Place::seed();
    for subcommand in ["index", "serve", "search"] {
        let mut arguments = vec![subcommand, "--corpus", "nowhere"];
        if subcommand == "search" {
            arguments.push("教师");
        }
        place.run(&arguments).refuses(&["nowhere", "corpus.path"]);
    }
    assert!(!place.path("index").exists(), "nothing was made for it");
}

#[cfg(unix)]
#[test]
fn a_file_that_cannot_be_read_is_named_and_the_rest_is_indexed() {
    use std::os::unix::fs::{PermissionsExt, symlink};

    let place = Place::with(&[("good.txt", REPORT.as_bytes())]);
    symlink("nowhere.txt", place.path("corpus/reports/broken.txt")).expect("a link can be made");
    symlink(".", place.path("corpus/reports/loop")).expect("a link can be made");
    let out = place.run(&["index", "--strict"]).exits(2);
    assert!(out.contains("1 篇报告、2 个段落"), "{out}");
    assert!(out.contains("跳过 broken.txt：读不了"), "{out}");
    assert!(out.contains("跳过 loop"), "{out}");

    let closed = place.path("corpus/reports/closed.txt");
    fs::write(&closed, REPORT).expect("a file can be written");
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o000)).expect("its mode can be set");
    if fs::read(&closed).is_ok() {
        eprintln!("skipped: this user may read files of mode 000");
        return;
    }
    let out = place.run(&["index", "--strict"]).exits(2);
    assert!(out.contains("1 篇报告、2 个段落"), "{out}");
    assert!(out.contains("跳过 closed.txt：读不了"), "{out}");
}

#[cfg(unix)]
#[test]
fn a_file_name_with_a_line_break_is_named_on_one_line() {
    let place = Place::with(&[("good.txt", REPORT.as_bytes()), ("bad\n跳过.pdf", b"%PDF")]);
    let out = place.run(&["index"]).exits(0);
    let skips = out.lines().filter(|line| line.starts_with("跳过"));
    assert_eq!(skips.count(), 1, "{out}");
    assert!(out.lines().all(|line| !line.ends_with("bad")), "{out}");
}

#[test]
fn an_index_folder_that_cannot_be_written_is_refused() {
    let place = Place::seed();
    place.write("taken", b"a file");
    for index in ["taken", "taken/index"] {
        for arguments in [
            vec!["index", "--index", index],
            vec!["serve", "--port", "0", "--index", index],
            vec!["search", "--index", index, "教师"],
        ] {
            place
                .run(&arguments)
                .refuses(&["taken", "index.path"]);
        }
    }
    assert_eq!(
        fs::read(place.path("taken")).expect("it is there"),
        b"a file"
    );
}

#[test]
fn a_malformed_vocabulary_is_refused_by_file_and_line() {
    let cases = [
        (
            "themes.toml",
            "[[theme]]\nid = \"a\"\nlabel = [\n",
            "themes.toml",
            "第 ",
        ),
        (
            "themes.toml",
            "[[theme]]\nid = \"a\"\nlable = \"甲\"\n",
            "themes.toml",
            "第 3 行",
        ),
        (
            "dictionary.txt",
            "教师交流 3\n轮岗 很多\n",
            "dictionary.txt",
            "第 2 行",
        ),
        (
            "dictionary.txt",
            "# 词\n\n教师 3 n x y\n",
            "dictionary.txt",
            "第 3 行",
        ),
    ];
    for (name, content, file, line) in cases {
        let place = Place::seed();
        place.write(&format!("corpus/{name}"), content.as_bytes());
        for subcommand in ["index", "serve"] {
            place.run(&[subcommand]).refuses(&[file, line]);
        }
        assert!(!place.path("index").exists(), "{name}: no index was begun");
    }
}

#[test]
fn a_bad_setting_is_refused_by_its_place_wherever_it_is_given() {
    let place = Place::seed();
    place.write("config.toml", b"# settings\n[server]\nprot = 9000\n");
    place
        .run(&["index"])
        .refuses(&["config.toml 第 3 行", "server.port"]);
    place.write("config.toml", b"[server]\nport = 90000\n");
    place
        .run(&["index"])
        .refuses(&["config.toml 第 2 行", "90000", "65535"]);
    place.write("config.toml", b"[server\n");
    place.run(&["index"]).refuses(&["config.toml 第 1 行"]);
    place.write("config.toml", b"[search]\nper_page = 3\n");
    place.run(&["index"]).exits(0);

    place
        .run(&["--config", "other.toml", "index"])
        .refuses(&["other.toml"]);
    place
        .run(&["index", "--set", "serch.per_page=3"])
        .refuses(&["search.per_page"]);
    place
        .run(&["index", "--set", "search.per_page"])
        .refuses(&["--set"]);
    place
        .run(&["serve", "--port", "abc"])
        .refuses(&["abc", "server.port"]);
    place
        .run(&["index", "--set", "log.filter=a=b=c"])
        .refuses(&["log.filter"]);
    let output = place
        .command(&["index"])
        .env("CESOU_SERVER__PROT", "1")
        .output()
        .expect("the binary runs");
    let run = Run {
        arguments: "index, with CESOU_SERVER__PROT=1".to_owned(),
        output,
    };
    run.refuses(&["CESOU_SERVER__PROT", "CESOU_SERVER__PORT"]);
}

#[test]
fn a_command_line_that_makes_no_sense_is_refused_with_where_to_look() {
    let place = Place::seed();
    let cases: [(&[&str], &str); 9] = [
        (&["--nonsense"], "--nonsense"),
        (&["index", "--rebuid"], "--rebuild"),
        (&["frobnicate"], "frobnicate"),
        (&["search"], "检索词"),
        (&["inspect"], "文件"),
        (&["search", "-n", "0", "教师"], "“0”"),
        (&["search", "-n", "101", "教师"], "“101”"),
        (&["index", "--corpus"], "--corpus"),
        (&["index", "extra"], "extra"),
    ];
    for (arguments, said) in cases {
        let run = place.run(arguments);
        run.refuses(&["cesou --help"]);
        assert!(run.err().contains(said), "{}: {}", run.arguments, run.err());
    }
    assert!(!place.path("index").exists());
}

#[test]
fn help_is_in_chinese_and_says_what_each_subcommand_is_for() {
    let place = Place::with(&[]);
    for flag in ["--help", "-h"] {
        let run = place.run(&[flag]);
        let help = run.exits(0);
        assert_eq!(run.err(), "");
        for subcommand in ["serve", "index", "search", "inspect"] {
            let line = help
                .lines()
                .find(|line| line.trim_start().starts_with(&format!("{subcommand} ")))
                .unwrap_or_else(|| panic!("{subcommand} is not in {help}"));
            assert!(!line.is_ascii(), "{line}");
        }
        for english in ["Usage", "Options", "Commands", "Print", "help for"] {
            assert!(!help.contains(english), "{english} in {help}");
        }
        assert!(help.contains("退出码"), "{help}");
        assert!(help.ends_with('\n'), "{help:?}");
    }
    for subcommand in ["serve", "index", "search", "inspect"] {
        let help = place.run(&[subcommand, "--help"]).exits(0);
        assert!(help.contains("用法：cesou "), "{help}");
        assert!(help.contains("--corpus"), "{help}");
        for english in [
            "Usage",
            "Options",
            "Arguments",
            "Print",
            "default:",
            "possible",
        ] {
            assert!(!help.contains(english), "{english} in {subcommand}: {help}");
        }
    }
    let version = place.run(&["--version"]).exits(0);
    assert_eq!(version, format!("cesou {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn a_search_prints_plain_text_where_nobody_watches() {
    let place = Place::seed();
    let run = place.run(&["search", "教师交流", "轮岗"]);
    let out = run.exits(0);
    assert_eq!(run.err(), "", "an index built on the way is no news");
    assert!(out.contains("个段落"), "{out}");
    assert!(out.contains("江苏省泰州市"), "{out}");
    assert!(!out.contains('\u{1b}'), "{out}");
    assert!(!out.contains("<mark>") && !out.contains("&quot;"), "{out}");
}

/// The number of passages a search says it found.
fn found(out: &str) -> u64 {
    let line = out
        .lines()
        .find(|line| line.starts_with("共 "))
        .unwrap_or_else(|| panic!("no total in {out}"));
    line.split(' ')
        .nth(1)
        .and_then(|number| number.parse().ok())
        .unwrap_or_else(|| panic!("no total in {line}"))
}

#[test]
fn a_search_can_be_exact_limited_and_filtered() {
    let place = Place::seed();
    let count = |arguments: &[&str]| found(&place.run(arguments).exits(0));
    let all = count(&["search", "学校"]);
    let exact = count(&["search", "--exact", "校长教师交流轮岗"]);
    assert_eq!(exact, 1);
    assert_eq!(count(&["search", "--exact", "轮岗教师校长"]), 0);
    let one = count(&["search", "--filter", "province=江苏省", "学校"]);
    let two = count(&[
        "search",
        "-f",
        "province=江苏省",
        "-f",
        "province=山西省",
        "学校",
    ]);
    assert!(0 < one && one < two && two < all, "{one} {two} {all}");
    assert_eq!(
        count(&[
            "search",
            "-f",
            "province=江苏省",
            "-f",
            "province=江苏省",
            "学校"
        ]),
        one
    );
    assert_eq!(count(&["search", ""]), 46);

    let out = place.run(&["search", "-n", "3", "学校"]).exits(0);
    assert_eq!(found(&out), all);
    assert!(out.contains("\n  3. ") && !out.contains("\n  4. "), "{out}");

    place
        .run(&["search", "--filter", "province", "学校"])
        .refuses(&["--filter"]);
    place
        .run(&["search", "--filter", "prov=江苏省", "学校"])
        .refuses(&["“prov”", "theme"]);
}

#[test]
fn flags_may_follow_the_query_and_exclusions_are_no_flags() {
    let place = Place::seed();
    let out = |arguments: &[&str]| place.run(arguments).exits(0);
    let query = "校长教师交流轮岗";
    for (after, before) in [
        (
            vec!["search", query, "--exact"],
            vec!["search", "--exact", query],
        ),
        (
            vec!["search", query, "-n", "2"],
            vec!["search", "-n", "2", query],
        ),
        (
            vec!["search", query, "--filter", "province=江苏省"],
            vec!["search", "--filter", "province=江苏省", query],
        ),
    ] {
        assert_eq!(out(&after), out(&before), "{after:?}");
    }
    let all = found(&out(&["search", "学校"]));
    let without = found(&out(&["search", "学校", "-教师"]));
    assert!(without < all, "{without} of {all}");
    assert_eq!(found(&out(&["search", "学校 -教师"])), without);
}

#[test]
fn inspect_shows_how_a_file_splits() {
    let place = Place::seed();
    let seed = "corpus/reports/seed.txt";
    let run = place.run(&["inspect", seed]);
    let out = run.exits(0);
    assert_eq!(run.err(), "");
    for said in [
        "seed.txt",
        "UTF-8",
        "10 篇报告，46 个段落",
        "芦溪县",
        "360323",
        "主题",
        "略去套话",
    ] {
        assert!(out.contains(said), "{said} in {out}");
    }
    assert!(!place.path("index").exists(), "inspecting builds nothing");

    let out = place.run(&["inspect", "--json", seed]).exits(0);
    let files: Value = serde_json::from_str(&out).expect("JSON and nothing else");
    let text = seed_text();
    assert_eq!(files[0]["bytes"], text.len(), "the seed needs no cleaning");
    let reports = files[0]["reports"].as_array().expect("a list");
    assert_eq!(reports.len(), 10);
    let mut at = 0;
    let mut passages = 0;
    for report in reports {
        assert!(report["region"]["code"].is_string(), "{report}");
        for passage in report["passages"].as_array().expect("a list") {
            let place = |end: &str| {
                let place = passage["range"][end].as_u64().expect("a place");
                usize::try_from(place).expect("a place in a file")
            };
            let (start, end) = (place("start"), place("end"));
            assert!(at <= start && start < end, "{passage}");
            let between = text.get(at..start).expect("characters are whole");
            assert!(between.trim().is_empty(), "{between:?} is left out");
            assert_eq!(
                text.get(start..end).expect("characters are whole"),
                passage["text"].as_str().expect("a text")
            );
            at = end;
            passages += 1;
        }
    }
    assert_eq!(passages, 46);
    let rest = text.get(at..).expect("characters are whole");
    let boilerplate: Vec<&Value> = reports
        .iter()
        .flat_map(|report| report["boilerplate"].as_array().expect("a list"))
        .collect();
    assert_eq!(boilerplate.len(), 1, "{rest:?} is left out and reported");
}

#[test]
fn inspect_names_what_it_cannot_read_and_shows_the_rest() {
    let place = Place::seed();
    let seed = "corpus/reports/seed.txt";
    place
        .run(&["inspect", "nowhere.txt"])
        .refuses(&["nowhere.txt"]);
    place.run(&["inspect", "corpus"]).refuses(&["corpus"]);
    let run = place.run(&["inspect", "nowhere.txt", seed]);
    assert!(run.exits(1).contains("10 篇报告"));
    assert!(run.err().contains("nowhere.txt"), "{}", run.err());
}

#[test]
fn inspect_needs_no_corpus() {
    let place = Place::seed();
    let file = root().join("corpus/reports/seed.txt");
    let file = file.to_str().expect("a path of UTF-8");
    let out = place
        .run(&["inspect", "--corpus", "nowhere", file])
        .exits(0);
    assert!(out.contains("46 个段落"), "{out}");
}

#[test]
fn a_port_in_use_is_refused_before_anything_is_built() {
    let place = Place::seed();
    let taken = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = taken.local_addr().expect("it is bound").port().to_string();
    place
        .run(&["serve", "--port", &port])
        .refuses(&[&port, "--port", "server.port"]);
    place.run(&["--port", &port]).refuses(&[&port, "--port"]);
    assert!(!place.path("index").exists());
    place
        .run(&["serve", "--host", "256.0.0.1", "--port", "0"])
        .refuses(&["256.0.0.1", "server.host"]);
}

/// A service under way, stopped when dropped.
struct Serving {
    child: Child,
    address: String,
    /// Everything on standard output so far.
    line: String,
}

impl Serving {
    fn start(place: &Place, arguments: &[&str]) -> Self {
        let mut child = place
            .command(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary runs");
        let mut line = String::new();
        let out = child.stdout.take().expect("output is piped");
        BufReader::new(out)
            .read_line(&mut line)
            .expect("a line of UTF-8");
        let address = line
            .split_once("http://")
            .and_then(|(_, rest)| rest.split_once('（'))
            .map(|(address, _)| format!("http://{address}"))
            .unwrap_or_default();
        Self {
            child,
            address,
            line,
        }
    }

    fn get(&self, path: &str) -> (u16, String) {
        let agent: ureq::Agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .proxy(None)
            .build()
            .into();
        let mut response = agent
            .get(format!("{}{path}", self.address))
            .call()
            .unwrap_or_else(|error| panic!("{error} from {}", self.line));
        let body = response
            .body_mut()
            .read_to_string()
            .expect("a body of UTF-8");
        (response.status().as_u16(), body)
    }

    fn stop(&mut self, signal: &str) -> ExitStatus {
        let told = Command::new("kill")
            .args([signal, &self.child.id().to_string()])
            .status()
            .expect("kill is everywhere");
        assert!(told.success());
        let until = Instant::now() + Duration::from_secs(20);
        while Instant::now() < until {
            if let Some(status) = self.child.try_wait().expect("it is our child") {
                return status;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("still running 20 seconds after {signal}");
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        // It has ended already, unless a test failed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[cfg(unix)]
#[test]
fn serve_prints_its_address_answers_and_stops_when_told() {
    let place = Place::seed();
    for (arguments, signal) in [
        (vec!["serve", "--port", "0"], "-TERM"),
        (vec!["--port", "0"], "-INT"),
        (vec!["--set", "server.port=0"], "-TERM"),
    ] {
        let mut serving = Serving::start(&place, &arguments);
        assert!(
            serving.address.starts_with("http://127.0.0.1:"),
            "{}",
            serving.line
        );
        assert!(serving.line.contains("46 个段落"), "{}", serving.line);
        assert_eq!(serving.get("/healthz").0, 200);
        assert_eq!(serving.get("/readyz").0, 200);
        let (status, body) = serving.get("/api/v1/search?q=%E6%95%99%E5%B8%88%E4%BA%A4%E6%B5%81");
        assert_eq!(status, 200);
        let body: Value = serde_json::from_str(&body).expect("JSON");
        assert!(
            body["total"].as_u64().is_some_and(|total| total > 0),
            "{body}"
        );
        assert_eq!(serving.get("/").0, 200);
        let status = serving.stop(signal);
        assert_eq!(status.code(), Some(0), "{arguments:?} {signal}");
    }
}

#[cfg(unix)]
#[test]
fn serve_works_with_nothing_to_serve() {
    let place = Place::with(&[]);
    let mut serving = Serving::start(&place, &["serve", "--port", "0"]);
    assert!(serving.line.contains("0 个段落"), "{}", serving.line);
    let (status, body) = serving.get("/");
    assert_eq!(status, 200);
    assert!(body.contains("还没有报告"), "{body}");
    assert_eq!(serving.stop("-TERM").code(), Some(0));
}

#[cfg(unix)]
#[test]
fn output_that_nobody_reads_is_no_error() {
    let place = Place::seed();
    place.run(&["index"]).exits(0);
    let seed = Path::new("corpus/reports/seed.txt")
        .to_str()
        .expect("ASCII");
    let mut child = place
        .command(&["inspect", "--json", seed])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary runs");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("it ends");
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    assert_eq!(output.status.code(), Some(0));
}
