//! What is wrong with files, folders, settings and command lines, as a user meets it: what cannot
//! be read is named and skipped, and what cannot be done is one line that says what to do.

use std::fs;
use std::net::TcpListener;

use crate::support::{Place, REPORT, Run, skip};

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
    let cases: [(&str, &[u8], &str); 7] = [
        ("report.pdf", b"%PDF-1.4", "PDF 已损坏"),
        ("report.docx", b"PK\x03\x04", "Word 文档已损坏"),
        ("report.xlsx", b"PK\x03\x04", "不支持 .xlsx 格式"),
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
            .find(|line| line.starts_with(&format!("  {name}：")))
            .unwrap_or_else(|| panic!("{name} is not named in {out}"));
        assert!(line.contains(reason), "{line}");
    }
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
    assert!(out.contains("  broken.txt：读不了"), "{out}");
    assert!(out.contains("  loop"), "{out}");

    let closed = place.path("corpus/reports/closed.txt");
    fs::write(&closed, REPORT).expect("a file can be written");
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o000)).expect("its mode can be set");
    if fs::read(&closed).is_ok() {
        skip("this user may read files of mode 000");
        return;
    }
    let out = place.run(&["index", "--strict"]).exits(2);
    assert!(out.contains("1 篇报告、2 个段落"), "{out}");
    assert!(out.contains("  closed.txt：读不了"), "{out}");
}

#[cfg(unix)]
#[test]
fn a_file_name_with_a_line_break_is_named_on_one_line() {
    let place = Place::with(&[("good.txt", REPORT.as_bytes()), ("bad\n跳过.pdf", b"%PDF")]);
    let out = place.run(&["index"]).exits(0);
    let skips = out.lines().filter(|line| line.starts_with("  bad"));
    assert_eq!(skips.count(), 1, "{out}");
    assert!(out.lines().all(|line| !line.ends_with("bad")), "{out}");
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
            place.run(&arguments).refuses(&["taken", "index.path"]);
        }
    }
    assert_eq!(
        fs::read(place.path("taken")).expect("it is there"),
        b"a file"
    );
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
