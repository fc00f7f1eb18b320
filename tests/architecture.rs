//! The rules of who may name what, read from `src/`.

use std::fs;
use std::path::{Path, PathBuf};

use crate::support::root;

/// A line of a source file, comments left out.
struct Line {
    file: PathBuf,
    number: usize,
    text: String,
}

/// The library's modules in the order `src/lib.rs` declares them.
fn modules() -> Vec<String> {
    let lib = fs::read_to_string(root().join("src/lib.rs")).unwrap();
    lib.lines()
        .filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';'))
        .map(str::to_owned)
        .collect()
}

fn source_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(source_files(&path));
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            files.push(path);
        }
    }
    files.sort();
    files
}

/// The code of a module, its submodules included.
fn code_of(module: &str) -> Vec<Line> {
    let mut files = vec![root().join(format!("src/{module}.rs"))];
    let folder = root().join("src").join(module);
    if folder.is_dir() {
        files.extend(source_files(&folder));
    }
    files.iter().flat_map(|file| code(file)).collect()
}

fn code(file: &Path) -> Vec<Line> {
    let text = fs::read_to_string(file).unwrap();
    text.lines()
        .zip(1..)
        .map(|(text, number)| Line {
            file: file.strip_prefix(root()).unwrap().to_owned(),
            number,
            text: text.split("//").next().unwrap().to_owned(),
        })
        .filter(|line| !line.text.trim().is_empty())
        .collect()
}

fn names(line: &Line, word: &str) -> bool {
    let mut rest = line.text.as_str();
    while let Some(at) = rest.find(word) {
        let boundary = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric() && c != '_');
        let after = &rest[at + word.len()..];
        if boundary(rest[..at].chars().next_back()) && boundary(after.chars().next()) {
            return true;
        }
        rest = after;
    }
    false
}

fn refuse(broken: &[String]) {
    assert!(broken.is_empty(), "\n{}\n", broken.join("\n"));
}

fn at(line: &Line, rule: &str) -> String {
    format!(
        "{}:{}: {rule}: {}",
        line.file.display(),
        line.number,
        line.text.trim()
    )
}

#[test]
fn a_module_names_only_modules_declared_before_it() {
    let modules = modules();
    assert!(modules.len() > 10, "{modules:?}");
    let mut broken = Vec::new();
    for (place, module) in modules.iter().enumerate() {
        let later = &modules[place + 1..];
        for line in code_of(module) {
            for other in later {
                if names(&line, &format!("crate::{other}")) {
                    broken.push(at(&line, &format!("`{module}` may not name `{other}`")));
                }
            }
        }
    }
    refuse(&broken);
}

#[test]
fn every_module_is_on_the_map() {
    let lib = fs::read_to_string(root().join("src/lib.rs")).unwrap();
    for module in modules() {
        assert!(
            lib.contains(&format!("//! | [`{module}`] |")),
            "{module} is not on the map"
        );
    }
}

#[test]
fn libraries_are_named_only_where_they_belong() {
    // Library, and the files or folders that may name it.
    let rules: &[(&str, &[&str])] = &[
        (
            "tantivy",
            &[
                "analysis",
                "index",
                "query/compile",
                "query/compile.rs",
                "query/run",
                "query/run.rs",
                "search",
            ],
        ),
        ("tantivy_jieba", &["analysis/chinese.rs"]),
        ("jieba_rs", &["analysis/chinese.rs"]),
        ("actix_web", &["http", "cli/serve.rs"]),
        ("actix_cors", &["http"]),
        ("askama", &["http/pages", "http/pages.rs"]),
        (
            "clap",
            &[
                "config",
                "cli.rs",
                "cli/check.rs",
                "cli/eval.rs",
                "cli/extract.rs",
                "cli/keys.rs",
                "cli/restore.rs",
                "cli/snapshot.rs",
                "cli/verify.rs",
            ],
        ),
        ("walkdir", &["corpus.rs", "corpus/backup.rs"]),
        ("encoding_rs", &["corpus"]),
        ("chardetng", &["corpus"]),
        (
            "zstd",
            &[
                "backup",
                "eval/read.rs",
                "corpus/source.rs",
                "index/packed.rs",
                "store/content.rs",
            ],
        ),
        ("Archive", &["backup"]),
        (
            "rustix",
            &[
                "priority.rs",
                "swap.rs",
                "http/connections.rs",
                "http/process.rs",
            ],
        ),
        ("fs4", &["backup/restore.rs", "store/append.rs"]),
        ("flate2", &["corpus/source.rs"]),
        (
            "rlimit",
            &[
                "corpus/extract.rs",
                "cli/serve.rs",
                "http/connections.rs",
                "http/process.rs",
            ],
        ),
        ("scraper", &["corpus/extract/html"]),
        ("ZipArchive", &["corpus/extract/docx"]),
        ("quick_xml", &["corpus/extract/docx", "http/xml.rs"]),
        ("undoc", &["corpus/extract/doc.rs"]),
        ("unpdf", &["corpus/extract/pdf.rs"]),
        ("governor", &["key"]),
        ("sha2", &["key"]),
        ("subtle", &["key"]),
        ("getrandom", &["key"]),
        (
            "tempfile",
            &[
                "cli/eval.rs",
                "corpus/amend.rs",
                "corpus/sent.rs",
                "http/bodies.rs",
                "http/discovery/sitemap.rs",
                "index/bulk",
            ],
        ),
        ("inotify", &["reload/events.rs"]),
        ("actix_multipart", &["http"]),
        ("StatusCode", &["http"]),
        ("fst", &["index"]),
        ("aho_corasick", &["synonym", "index/completions"]),
        (
            "rustc_hash",
            &["phrase", "index", "quantity", "query", "search"],
        ),
        ("rayon", &["query/run"]),
        ("regex", &["corpus/boilerplate", "corpus/boilerplate.rs"]),
        ("to_pinyin_multi", &["pinyin.rs"]),
        ("ToPinyinMulti", &["pinyin.rs"]),
        ("rust_embed", &["http/embed.rs"]),
    ];
    let mut broken = Vec::new();
    for file in source_files(&root().join("src")) {
        let relative = file.strip_prefix(root().join("src")).unwrap();
        for line in code(&file) {
            for &(library, allowed) in rules {
                let belongs = allowed.iter().any(|place| {
                    relative.starts_with(place) || relative == Path::new(&format!("{place}.rs"))
                });
                if !belongs && names(&line, library) {
                    broken.push(at(&line, &format!("`{library}` belongs in {allowed:?}")));
                }
            }
        }
    }
    refuse(&broken);
}

#[test]
fn vocabulary_modules_do_no_io() {
    let mut broken = Vec::new();
    for module in [
        "fold",
        "pinyin",
        "region",
        "diagnostic",
        "theme",
        "synonym",
        "pin",
        "year",
        "date",
        "number",
        "numbering",
        "report",
        "quantity",
        "passage",
        "phrase",
        "query",
        "search",
    ] {
        for line in code_of(module) {
            for io in ["std::fs", "File::open", "std::net", "std::env"] {
                if line.text.contains(io) {
                    broken.push(at(&line, &format!("`{module}` does no IO")));
                }
            }
        }
    }
    refuse(&broken);
}

#[test]
fn only_config_reads_the_environment() {
    let mut broken = Vec::new();
    for file in source_files(&root().join("src")) {
        if file.starts_with(root().join("src/config")) {
            continue;
        }
        for line in code(&file) {
            if line.text.contains("env::var") {
                broken.push(at(&line, "only `config` reads the environment"));
            }
        }
    }
    refuse(&broken);
}

#[test]
fn every_source_file_opens_by_saying_what_it_is_for() {
    for folder in ["src", "tests", "benches"] {
        for file in source_files(&root().join(folder)) {
            let text = fs::read_to_string(&file).unwrap();
            assert!(
                text.starts_with("//! "),
                "{} has no opening",
                file.display()
            );
        }
    }
}
