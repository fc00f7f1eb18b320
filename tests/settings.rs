//! Settings: layers, refusals, and that `config.toml` tells the truth.

use std::fs;
use std::path::Path;

use cesou::config::{Overrides, Settings, allowed, load};
use proptest::prelude::*;
use serde_json::Value;
use tempfile::TempDir;

const SHIPPED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/config.toml");

/// Loads a file with this content, where one is given, these variables and these flags.
fn check(
    file: Option<&[u8]>,
    env: &[(&str, &str)],
    flags: &[(&str, &str)],
) -> Result<Settings, String> {
    let folder = TempDir::new().expect("temporary folder");
    let path = folder.path().join("config.toml");
    if let Some(content) = file {
        fs::write(&path, content).expect("temporary file");
    }
    let env = env.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned()));
    let flags: Overrides = flags.iter().copied().collect();
    load(file.map(|_| path.as_path()), env, &flags).map_err(|error| {
        let message = error.to_string();
        assert!(!message.contains('\n'), "more than one line: {message:?}");
        message.replace(path.to_str().expect("path"), "config.toml")
    })
}

/// Every setting with its default, by dotted key.
fn defaults() -> Vec<(String, Value)> {
    let Ok(Value::Object(sections)) = serde_json::to_value(Settings::default()) else {
        panic!("settings are sections");
    };
    sections
        .into_iter()
        .flat_map(|(section, keys)| {
            let keys = keys.as_object().expect("a section has keys").clone();
            keys.into_iter()
                .map(move |(key, value)| (format!("{section}.{key}"), value))
        })
        .collect()
}

#[test]
fn the_shipped_file_holds_the_defaults() {
    let shipped = load(Some(Path::new(SHIPPED)), [], &Overrides::default());
    assert_eq!(shipped.expect("it loads"), Settings::default());
}

#[test]
fn the_shipped_file_documents_every_setting_with_range_and_default() {
    let text = fs::read_to_string(SHIPPED).expect("config.toml at the root");
    let mut section = String::new();
    let mut above = "";
    let mut seen = Vec::new();
    for line in text.lines() {
        if let Some(name) = line.strip_prefix('[') {
            section = name.trim_end_matches(']').to_owned();
        } else if let Some((name, value)) = line.split_once(" = ")
            && !line.starts_with('#')
        {
            let key = format!("{section}.{name}");
            let range = allowed(&key).unwrap_or_else(|| "文字".to_owned());
            assert!(
                above.starts_with("# ") && above.contains(&format!("；{range}；默认 {value}。")),
                "{key} is not documented right above: {above}"
            );
            seen.push(key);
        }
        above = line;
    }
    seen.sort();
    let mut known: Vec<_> = defaults().into_iter().map(|(key, _)| key).collect();
    known.sort();
    assert_eq!(seen, known);
}

#[test]
fn later_layers_win() {
    let file = b"[server]\nport = 1\nhost = \"a\"\n[search]\ntitle_weight = 3\n".as_slice();
    let env = [("CESOU_SERVER__PORT", "2"), ("CESOU_CORPUS__PATH", "2024")];
    let flags = [("server.port", "3"), ("server.port", "4")];
    let port = |file, env: &[_], flags: &[_]| check(file, env, flags).expect("good").server.port;
    assert_eq!(port(None, &[], &[]), 8080);
    assert_eq!(port(Some(file), &[], &[]), 1);
    assert_eq!(port(Some(file), &env, &[]), 2);
    assert_eq!(port(Some(file), &env, &flags), 4);
    assert_eq!(port(None, &[], &flags), 4);
    let all = check(Some(file), &env, &flags).expect("good");
    let mut expected = Settings::default();
    expected.server.port = 4;
    expected.server.host = "a".to_owned();
    expected.search.title_weight = 3.0;
    expected.corpus.path = "2024".into();
    assert_eq!(all, expected);
}

#[test]
fn a_named_file_must_be_there() {
    let folder = TempDir::new().expect("temporary folder");
    let missing = folder.path().join("none.toml");
    let said = |path: &Path| {
        load(Some(path), [], &Overrides::default())
            .expect_err("refused")
            .to_string()
    };
    assert!(said(&missing).starts_with(&format!("找不到设置文件 {}", missing.display())));
    assert!(
        said(folder.path()).starts_with(&format!("无法读取设置文件 {}", folder.path().display()))
    );
}

#[test]
fn a_bad_file_is_refused_with_its_line() {
    let cases: &[(&[u8], &str)] = &[
        (
            b"[server]\nhost = \"a\"\nprot = 1",
            "config.toml 第 3 行：没有名为 server.prot 的设置，是否想写 server.port？",
        ),
        (
            b"port = 1",
            "config.toml 第 1 行：没有名为 port 的设置，是否想写 server.port？",
        ),
        (
            b"[serch]\nper_page = 1",
            "config.toml 第 2 行：没有名为 serch.per_page 的设置，是否想写 search.per_page？",
        ),
        (
            b"[Server]\nport = 1",
            "config.toml 第 2 行：没有名为 Server.port 的设置，是否想写 server.port？",
        ),
        (
            b"[other]",
            "config.toml 第 1 行：没有名为 other 的设置，可用的设置见随附的 config.toml",
        ),
        (
            b"\n\nserver = 3",
            "config.toml 第 3 行：server 是一节，不能直接赋值，请写其中的设置，例如 server.body_min_rate",
        ),
        (
            b"[[log]]\n",
            "config.toml 第 1 行：log 是一节，不能直接赋值，请写其中的设置，例如 log.addresses",
        ),
        (
            b"[server]\nport = \"9000\"",
            "config.toml 第 2 行：server.port 的值 \"9000\" 不可用，应为 0–65535 的整数",
        ),
        (
            b"[server]\nport = 70_000",
            "config.toml 第 2 行：server.port 的值 70_000 不可用，应为 0–65535 的整数",
        ),
        (
            b"server.port = -1",
            "config.toml 第 1 行：server.port 的值 -1 不可用，应为 0–65535 的整数",
        ),
        (
            b"server.port = 99999999999999999999999",
            "config.toml 第 1 行：server.port 的值 99999999999999999999999 不可用，应为 0–65535 的整数",
        ),
        (
            b"server.port = 80.5",
            "config.toml 第 1 行：server.port 的值 80.5 不可用，应为 0–65535 的整数",
        ),
        (
            b"server.port = [\n1,\n2]",
            "config.toml 第 1 行：server.port 的值 [ 1, 2] 不可用，应为 0–65535 的整数",
        ),
        (
            b"search.title_weight = nan",
            "config.toml 第 1 行：search.title_weight 的值 nan 不可用，应为 0–100 的数",
        ),
        (
            b"search.body_weight = 100.5",
            "config.toml 第 1 行：search.body_weight 的值 100.5 不可用，应为 0–100 的数",
        ),
        (
            b"log.filter = true",
            "config.toml 第 1 行：log.filter 的值 true 不可用，应为加引号的非空文字",
        ),
        (
            b"corpus.path = \"\"",
            "config.toml 第 1 行：corpus.path 的值 \"\" 不可用，应为加引号的非空文字",
        ),
        (
            b"[server]\nport = 1\nport = 2",
            "config.toml 第 3 行第 1 列：不合 TOML 语法，这个键或节前面已经写过，请删去一处",
        ),
        (
            "# 地址\nhost = 本机".as_bytes(),
            "config.toml 第 2 行第 8 列：不合 TOML 语法，这里缺少值，或文字没有加引号",
        ),
        (
            b"[server]\n# \xB6\xCB\xBF\xDA\nport = 1",
            "config.toml 第 2 行：不是 UTF-8 文字，请把文件另存为 UTF-8 编码",
        ),
        // The first mistake in the file is told, not the first by name.
        (
            b"[search]\nper_page = 0\n[log]\nfiltre = 1",
            "config.toml 第 2 行：search.per_page 的值 0 不可用，应为 1–100 的整数",
        ),
    ];
    for (file, expected) in cases {
        let said = check(Some(file), &[], &[]).expect_err("refused");
        assert_eq!(&said, expected);
    }
}

#[test]
fn a_bad_variable_is_refused_by_name() {
    let cases = [
        (
            ("CESOU_SERVER__PROT", "1"),
            "环境变量 CESOU_SERVER__PROT 不对应任何设置：应写作 CESOU_节__键（中间两个下划线），是否想写 CESOU_SERVER__PORT？",
        ),
        (
            ("CESOU_SERVER_PORT", "1"),
            "环境变量 CESOU_SERVER_PORT 不对应任何设置：应写作 CESOU_节__键（中间两个下划线），是否想写 CESOU_SERVER__PORT？",
        ),
        (
            ("CESOU_PORT", "1"),
            "环境变量 CESOU_PORT 不对应任何设置：应写作 CESOU_节__键（中间两个下划线），是否想写 CESOU_SERVER__PORT？",
        ),
        (
            ("CESOU_server__port", "1"),
            "环境变量 CESOU_server__port 不对应任何设置：应写作 CESOU_节__键（中间两个下划线），是否想写 CESOU_SERVER__PORT？",
        ),
        (
            ("CESOU_SERVER", "1"),
            "环境变量 CESOU_SERVER：server 是一节，不能直接赋值，请写其中的设置，例如 CESOU_SERVER__BODY_MIN_RATE",
        ),
        (
            ("CESOU_ZZZZZZZZ", "1"),
            "环境变量 CESOU_ZZZZZZZZ 不对应任何设置：应写作 CESOU_节__键（中间两个下划线），可用的设置见随附的 config.toml",
        ),
        (
            ("CESOU_SERVER__PORT", ""),
            "环境变量 CESOU_SERVER__PORT：server.port 的值 \"\" 不可用，应为 0–65535 的整数",
        ),
        (
            ("CESOU_SERVER__PORT", "tcp://a:1"),
            "环境变量 CESOU_SERVER__PORT：server.port 的值 \"tcp://a:1\" 不可用，应为 0–65535 的整数",
        ),
        (
            ("CESOU_SEARCH__TITLE_WEIGHT", "inf"),
            "环境变量 CESOU_SEARCH__TITLE_WEIGHT：search.title_weight 的值 \"inf\" 不可用，应为 0–100 的数",
        ),
        (
            ("CESOU_CORPUS__PATH", "a\u{FFFD}"),
            "环境变量 CESOU_CORPUS__PATH：corpus.path 的值 \"a\u{FFFD}\" 不可用，应为可读的非空文字",
        ),
    ];
    for (variable, expected) in cases {
        let said = check(Some(b""), &[variable], &[]).expect_err("refused");
        assert_eq!(said, expected);
    }
}

#[test]
fn a_bad_flag_is_refused() {
    let cases = [
        (
            ("server.prot", "1"),
            "命令行：没有名为 server.prot 的设置，是否想写 server.port？",
        ),
        (
            ("server.port", "x"),
            "命令行：server.port 的值 \"x\" 不可用，应为 0–65535 的整数",
        ),
    ];
    for (flag, expected) in cases {
        assert_eq!(
            check(Some(b""), &[], &[flag]).expect_err("refused"),
            expected
        );
    }
}

#[test]
fn unrelated_variables_are_ignored() {
    let env = [
        ("PATH", "/bin"),
        ("CESOU", "1"),
        ("CESOUX_SERVER__PORT", "1"),
        ("CESOU_CONFIG", "other.toml"),
        ("CESOU_ADMIN_KEY", "x"),
        ("CESOU_SERVICE_HOST", "10.0.0.1"),
        ("CESOU_SERVICE_PORT", "80"),
        ("CESOU_SERVICE_PORT_HTTP", "80"),
        ("CESOU_PORT", "tcp://10.0.0.1:80"),
        ("CESOU_PORT_80_TCP", "tcp://10.0.0.1:80"),
        ("CESOU_PORT_80_TCP_PROTO", "tcp"),
    ];
    assert_eq!(check(Some(b""), &env, &[]), Ok(Settings::default()));
}

#[test]
fn every_number_has_a_range_that_its_ends_obey() {
    for (key, default) in defaults() {
        let Some(range) = allowed(&key) else {
            assert!(default.is_string(), "{key} has no range");
            continue;
        };
        if default.is_string() {
            for good in range.split('、') {
                assert!(check(Some(b""), &[], &[(&key, good)]).is_ok(), "{good}");
            }
            for bad in ["", "x", "Open", range.as_str()] {
                let said = check(Some(b""), &[], &[(&key, bad)]).expect_err(bad);
                assert!(said.contains(&range), "{said}");
            }
            continue;
        }
        let (least, most) = range.split_once('–').expect("two ends");
        let past = most.parse::<u64>().expect("a number") + 1;
        assert!(default.is_number(), "{key} is no number");
        for good in [least, most] {
            assert!(
                check(Some(b""), &[], &[(&key, good)]).is_ok(),
                "{key} = {good}"
            );
        }
        for bad in [past.to_string().as_str(), "-1", "", " ", "x", "1e9", "NaN"] {
            assert!(
                check(Some(b""), &[], &[(&key, bad)]).is_err(),
                "{key} = {bad}"
            );
        }
        if least != "0" {
            assert!(check(Some(b""), &[], &[(&key, "0")]).is_err(), "{key} = 0");
        }
    }
}

proptest! {
    #[test]
    fn no_variable_or_flag_panics(
        name in "CESOU_[A-Z_]{0,20}|CESOU_.{0,12}|(CESOU_)?(SERVER|LOG)__(PORT|HOST|FILTER)",
        key in ".{0,12}|server\\.port",
        value in "\\PC{0,12}|.{0,12}|[0-9.eE+-]{0,24}",
    ) {
        let _ = check(Some(b""), &[(&name, &value)], &[]);
        let _ = check(Some(b""), &[], &[(&key, &value)]);
    }

    #[test]
    fn no_file_panics(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = check(Some(&bytes), &[], &[]);
    }

    #[test]
    fn no_almost_toml_file_panics(
        text in "(\\[{0,2}(server|log|x)\\.?(port)?\\]{0,2}\n|(port|host|\"a\\.b\"|中) ?={0,2} ?(1|-1|\"文\"|\\{\\}|\\[1,|0x1F|1979-01-01|nan)?\r?\n){0,6}",
    ) {
        let _ = check(Some(text.as_bytes()), &[], &[]);
    }
}

#[test]
fn the_public_address_is_a_scheme_and_a_host() {
    let set = |value| {
        let settings = check(None, &[("CESOU_SERVER__PUBLIC_URL", value)], &[])?;
        Ok::<_, String>(settings.server.public_address())
    };
    assert_eq!(Settings::default().server.public_address(), None);
    assert_eq!(set("auto"), Ok(None));
    for (good, address) in [
        ("https://search.example.cn", "https://search.example.cn"),
        ("https://search.example.cn/", "https://search.example.cn"),
        ("http://10.0.0.1:8080", "http://10.0.0.1:8080"),
        ("http://[::1]:8080/", "http://[::1]:8080"),
        ("http://[::1]", "http://[::1]"),
    ] {
        assert_eq!(set(good), Ok(Some(address.to_owned())), "{good}");
    }
    for bad in [
        "search.example.cn",
        "ftp://example.cn",
        "https://",
        "https:///",
        "https://example.cn/cesou",
        "https://example.cn//",
        "https://example.cn?",
        "https://user@example.cn",
        "https://example.cn:0",
        "https://example.cn:port",
        "https://example.cn:65536",
        "http://[::1]x",
        "http://[::1",
        "https://a b",
        "https://\"><script>",
        "https://检索.cn",
        "AUTO",
    ] {
        let said = set(bad).expect_err(bad);
        assert!(
            said.contains("server.public_url") && said.contains("auto 或 http"),
            "{said}"
        );
    }
}
