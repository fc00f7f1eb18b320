//! What assistants ask: the protocol message by message, and the tools by what they answer.
//!
//! A client library drives it in `clients`.

use std::io::{BufRead, BufReader, Write};
use std::process::Stdio;
use std::time::{Duration, Instant};

use proptest::prelude::*;
use serde_json::{Value, json};

use crate::support::{Place, REPORT, SERVICE};

const JSON: (&str, &str) = ("Content-Type", "application/json");

fn ask(message: &Value) -> Value {
    let answer = SERVICE.send("POST", "/mcp", &[JSON], &message.to_string());
    assert_eq!(answer.status, 200, "{message}: {}", answer.body);
    assert_eq!(answer.header("content-type"), "application/json");
    answer.json()
}

/// The text a tool answers with, and whether it says what is wrong.
fn tool(name: &str, arguments: &Value) -> (String, bool) {
    let message = json!({
        "jsonrpc": "2.0",
        "id": 7,
        "method": "tools/call",
        "params": {"name": name, "arguments": arguments},
    });
    let answer = ask(&message);
    assert_eq!(answer["id"], 7);
    let result = &answer["result"];
    let text = result["content"][0]["text"].as_str();
    let text = text.unwrap_or_else(|| panic!("{name}: {answer}"));
    (text.to_owned(), result["isError"].as_bool().unwrap())
}

fn answered(name: &str, arguments: &Value) -> String {
    let (text, is_error) = tool(name, arguments);
    assert!(!is_error, "{name} {arguments}: {text}");
    text
}

#[test]
fn the_protocol() {
    for (wanted, given) in [
        ("2025-11-25", "2025-11-25"),
        ("2025-03-26", "2025-03-26"),
        ("1999-01-01", "2025-11-25"),
    ] {
        let answer = ask(&json!({
            "jsonrpc": "2.0", "id": "a", "method": "initialize",
            "params": {"protocolVersion": wanted, "capabilities": {}, "clientInfo": {"name": "x", "version": "1"}},
        }));
        assert_eq!(answer["result"]["protocolVersion"], given);
        assert_eq!(answer["result"]["serverInfo"]["name"], "cesou");
        assert!(answer["result"]["capabilities"]["tools"].is_object());
    }
    let ping = ask(&json!({"jsonrpc": "2.0", "id": 0, "method": "ping"}));
    assert_eq!(ping, json!({"jsonrpc": "2.0", "id": 0, "result": {}}));
    let note = json!({"jsonrpc": "2.0", "method": "notifications/initialized"});
    let answer = SERVICE.send("POST", "/mcp", &[JSON], &note.to_string());
    assert_eq!((answer.status, answer.body.as_str()), (202, ""));
    for (message, code) in [
        ("{", -32_700),
        ("[]", -32_600),
        (r#"{"id":{},"method":"ping"}"#, -32_600),
        (r#"{"id":1,"method":"resources/list"}"#, -32_601),
        (r#"{"id":1,"method":"server/discover"}"#, -32_601),
        (r#"{"id":1,"method":"tools/call"}"#, -32_602),
        (
            r#"{"id":1,"method":"tools/call","params":{"name":"rm"}}"#,
            -32_602,
        ),
    ] {
        let answer = SERVICE.send("POST", "/mcp", &[JSON], message);
        assert_eq!(answer.status, 200, "{message}");
        assert_eq!(answer.json()["error"]["code"], code, "{message}");
    }
    for method in ["GET", "DELETE", "PUT"] {
        assert_eq!(SERVICE.request(method, "/mcp", &[]).status, 405, "{method}");
    }
    let long = "x".repeat(300 << 10);
    assert_eq!(SERVICE.send("POST", "/mcp", &[JSON], &long).status, 413);
}

#[test]
fn tools_only_read_and_say_what_they_take() {
    let listed = ask(&json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list"}));
    let tools = listed["result"]["tools"].as_array().unwrap();
    let names: Vec<&str> = tools
        .iter()
        .map(|tool| tool["name"].as_str().unwrap())
        .collect();
    assert_eq!(
        names,
        [
            "search_passages",
            "get_passage",
            "get_report",
            "list_facets",
            "compare_regions"
        ]
    );
    for tool in tools {
        assert_eq!(tool["annotations"]["readOnlyHint"], true);
        let schema = &tool["inputSchema"];
        assert_eq!(schema["additionalProperties"], false);
        for required in schema["required"].as_array().unwrap() {
            assert!(schema["properties"][required.as_str().unwrap()].is_object());
        }
    }
}

#[test]
fn passages_are_found_cited_and_read() {
    let native = SERVICE
        .search(&[("q", "教师交流轮岗"), ("per_page", "3")])
        .json();
    let text = answered(
        "search_passages",
        &json!({"query": "教师交流轮岗", "limit": 3}),
    );
    assert!(
        text.starts_with(&format!("共 {} 个段落", native["total"])),
        "{text}"
    );
    assert!(text.chars().count() < 1_500, "{text}");
    for hit in native["hits"].as_array().unwrap() {
        let id = hit["id"].as_str().unwrap();
        let link = format!("{}/passages/{id}", SERVICE.address);
        for cited in [id, &link, hit["heading_path"][0].as_str().unwrap_or("概述")] {
            assert!(text.contains(cited), "{cited} in {text}");
        }
        let region = &hit["region"];
        let whole: String = ["province", "city", "county"]
            .iter()
            .filter_map(|level| region[level].as_str())
            .collect();
        assert!(text.contains(&whole), "{whole} in {text}");
    }
    let second = answered(
        "search_passages",
        &json!({"query": "教师", "limit": 1, "page": 2}),
    );
    assert!(second.contains("\n2. "), "{second}");

    let id = native["hits"][0]["id"].as_str().unwrap();
    let whole = SERVICE.get(&format!("/api/v1/passages/{id}")).json();
    let text = answered("get_passage", &json!({"id": id}));
    assert!(text.contains(whole["text"].as_str().unwrap()), "{text}");
    let report = whole["report"]["id"].as_str().unwrap();
    let text = answered("get_report", &json!({"id": report}));
    let all = SERVICE.get(&format!("/api/v1/reports/{report}")).json();
    for passage in all["passages"].as_array().unwrap() {
        assert!(text.contains(passage["id"].as_str().unwrap()), "{text}");
    }
}

#[test]
fn filters_narrow_and_facets_count() {
    let counted = answered(
        "list_facets",
        &json!({"facet": "province", "query": "教师"}),
    );
    let native = SERVICE
        .search(&[("q", "教师"), ("facets", "province")])
        .json();
    for value in native["facets"]["province"].as_array().unwrap() {
        let line = format!("- {}：{}", value["label"].as_str().unwrap(), value["count"]);
        assert!(counted.contains(&line), "{line} in {counted}");
    }
    let one = answered(
        "list_facets",
        &json!({"facet": "province", "contains": "河北"}),
    );
    assert_eq!(one.matches("\n- ").count(), 1, "{one}");
    let themes = SERVICE.search(&[("facets", "theme")]).json();
    let theme = &themes["facets"]["theme"][0];
    for value in [&theme["label"], &theme["value"]] {
        let text = answered(
            "search_passages",
            &json!({"query": "教师", "theme": value, "year": 2014}),
        );
        let id = theme["value"].as_str().unwrap();
        let native = SERVICE
            .search(&[("q", "教师"), ("theme", id), ("year", "2014")])
            .json();
        assert!(
            text.starts_with(&format!("共 {} 个段落", native["total"])),
            "{text}"
        );
    }
}

#[test]
fn regions_are_compared() {
    let arguments = json!({"query": "教师", "regions": ["河北", "江苏省泰州市"]});
    let text = answered("compare_regions", &arguments);
    for (title, facet, value) in [
        ("河北省", "province", "河北省"),
        ("江苏省泰州市", "city", "江苏省泰州市"),
    ] {
        let native = SERVICE.search(&[("q", "教师"), (facet, value)]).json();
        let line = format!("## {title}：{} 个段落", native["total"]);
        assert!(text.contains(&line), "{line} in {text}");
    }
}

#[test]
fn what_cannot_be_is_said_to_the_assistant() {
    for (name, arguments, said) in [
        ("search_passages", json!({}), "没有 query"),
        ("search_passages", json!({"query": " "}), "没有 query"),
        (
            "search_passages",
            json!({"query": "字".repeat(501)}),
            "过长",
        ),
        ("search_passages", json!({"query": 1}), "query 应为字符串"),
        (
            "search_passages",
            json!({"query": "x", "limit": 21}),
            "limit 应为 1 至 20",
        ),
        (
            "search_passages",
            json!({"query": "x", "limit": "3"}),
            "limit 应为 1 至 20",
        ),
        (
            "search_passages",
            json!({"query": "x", "kind": "all"}),
            "kind 的值",
        ),
        (
            "search_passages",
            json!({"query": "x", "provinz": "x"}),
            "没有参数“provinz”",
        ),
        ("search_passages", json!([1]), "arguments 应为 JSON 对象"),
        ("get_passage", json!({"id": "none"}), "没有这个段落"),
        ("get_report", json!({"id": "none"}), "没有这个报告"),
        ("list_facets", json!({"facet": "x"}), "facet 应为"),
        (
            "compare_regions",
            json!({"query": "x", "regions": ["河北省"]}),
            "2 至 8",
        ),
        (
            "compare_regions",
            json!({"query": "x", "regions": ["河北省", "乌有省"]}),
            "没有名为“乌有省”",
        ),
        (
            "compare_regions",
            json!({"query": "x", "regions": ["河北省", "鼓楼区"]}),
            "请写全",
        ),
    ] {
        let (text, is_error) = tool(name, &arguments);
        assert!(is_error, "{name} {arguments}: {text}");
        assert!(text.contains(said), "{name} {arguments}: {text}");
    }
}

#[test]
fn a_key_with_filters_shows_nothing_else() {
    use secrecy::ExposeSecret;
    let now = jiff::Timestamp::now();
    let wish = json!({"name": "窄", "filters": {"province": ["河北省"]}});
    let wish: cesou::key::Wish = serde_json::from_value(wish).unwrap();
    let made = SERVICE.keys.create(wish.check(now).unwrap(), now).unwrap();
    let bearer = format!("Bearer {}", made.secret.expose_secret());
    let found = SERVICE
        .search(&[("q", "教师"), ("province", "江苏省")])
        .json();
    let other = &found["hits"][0];
    for (name, arguments) in [
        ("search_passages", json!({"query": "教师", "limit": 20})),
        (
            "search_passages",
            json!({"query": "教师", "province": "江苏省"}),
        ),
        ("get_passage", json!({"id": other["id"]})),
        ("get_report", json!({"id": other["report"]["id"]})),
        ("list_facets", json!({"facet": "province"})),
        ("list_facets", json!({"facet": "report"})),
    ] {
        let params = json!({"name": name, "arguments": arguments});
        let message = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params});
        let headers = [JSON, ("Authorization", bearer.as_str())];
        let answer = SERVICE.send("POST", "/mcp", &headers, &message.to_string());
        assert_eq!(answer.status, 200, "{}", answer.body);
        assert!(
            !answer.body.contains("江苏"),
            "{name} {arguments}: {}",
            answer.body
        );
    }
}

#[test]
fn pages_of_other_hosts_may_not_ask() {
    let ping = json!({"jsonrpc": "2.0", "id": 0, "method": "ping"}).to_string();
    let from = |origin: &str| {
        let headers = [JSON, ("Origin", origin)];
        SERVICE.send("POST", "/mcp", &headers, &ping)
    };
    assert_eq!(from(&SERVICE.address).status, 200);
    let headers = [
        JSON,
        ("Origin", "https://evil.example"),
        ("X-Forwarded-Host", "evil.example"),
    ];
    assert_eq!(SERVICE.send("POST", "/mcp", &headers, &ping).status, 403);
    for origin in ["https://evil.example", "null", "http://127.0.0.1:1"] {
        let answer = from(origin);
        assert_eq!(answer.status, 403, "{origin}");
        assert_eq!(answer.json()["code"], "foreign-origin");
    }
}

#[test]
fn over_standard_input_and_output() {
    let place = Place::with(&[("jinzhong.txt", REPORT.as_bytes())]);
    let mut child = place
        .command(&["mcp", "--base-url", "https://example.org/"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    let mut ask = |message: &Value| {
        writeln!(input, "{message}").unwrap();
        let mut line = String::new();
        output.read_line(&mut line).unwrap();
        serde_json::from_str::<Value>(&line).unwrap()
    };
    let hello = ask(&json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {}}));
    assert_eq!(hello["result"]["serverInfo"]["title"], "策搜");
    let call = json!({
        "jsonrpc": "2.0", "id": 2, "method": "tools/call",
        "params": {"name": "search_passages", "arguments": {"query": "联席会议"}},
    });
    let found = ask(&call);
    let text = found["result"]["content"][0]["text"].as_str().unwrap();
    assert!(text.contains("山西省晋中市｜一、加强领导"), "{text}");
    assert!(text.contains("｜https://example.org/passages/"), "{text}");
    drop(input);
    assert!(child.wait().unwrap().success());
}

/// What `cesou mcp` answers a search with.
fn searched(ask: &mut dyn FnMut(&Value) -> Value, query: &str) -> String {
    let found = ask(&json!({
        "jsonrpc": "2.0", "id": 3, "method": "tools/call",
        "params": {"name": "search_passages", "arguments": {"query": query}},
    }));
    assert_eq!(found["result"]["isError"], false, "{found}");
    let text = found["result"]["content"][0]["text"].as_str();
    text.unwrap_or_else(|| panic!("{found}")).to_owned()
}

#[test]
fn over_standard_input_a_newer_index_is_taken_up() {
    let place = Place::with(&[("jinzhong.txt", REPORT.as_bytes())]);
    let mut child = place
        .command(&["mcp"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    let mut ask = |message: &Value| {
        writeln!(input, "{message}").unwrap();
        let mut line = String::new();
        output.read_line(&mut line).unwrap();
        serde_json::from_str::<Value>(&line).unwrap()
    };
    let word = "滹沱新风";
    assert!(!searched(&mut ask, word).contains("石家庄"));
    let more = "河北省石家庄市:燕赵同心\n\n一、滹沱新风。滹沱新风吹遍全市。\n";
    place.write("corpus/reports/shijiazhuang.txt", more.as_bytes());
    place.run(&["index"]).exits(0);
    // A busy machine may take longer than a request waits.
    let until = Instant::now() + Duration::from_secs(60);
    while !searched(&mut ask, word).contains("石家庄") {
        assert!(Instant::now() < until, "the newer index is not taken up");
    }
    // One that is not there, or none, changes nothing; neither does it that all of them go.
    for name in ["000009-00000000\n", "", "\u{fffd}"] {
        place.write("index/current", name.as_bytes());
        assert!(searched(&mut ask, word).contains("石家庄"), "{name:?}");
    }
    for entry in std::fs::read_dir(place.path("index")).unwrap() {
        let entry = entry.unwrap();
        if entry.path().is_dir() {
            std::fs::remove_dir_all(entry.path()).unwrap();
        }
    }
    place.write("index/current", b"000010-00000000\n");
    assert!(searched(&mut ask, word).contains("石家庄"));
    assert!(searched(&mut ask, "联席会议").contains("晋中市"));
    drop(input);
    assert!(child.wait().unwrap().success());
}

#[test]
fn the_service_is_described_to_models() {
    let answer = SERVICE.get("/llms.txt");
    assert_eq!(answer.header("content-type"), "text/plain; charset=utf-8");
    assert!(answer.body.starts_with("# 策搜"));
    let mut seen = 0;
    for link in answer.body.split("](").skip(1) {
        let link = link.split(')').next().unwrap();
        let path = link.strip_prefix(SERVICE.address.as_str()).unwrap();
        let encoded: String = path
            .bytes()
            .map(|byte| {
                if byte.is_ascii() {
                    char::from(byte).to_string()
                } else {
                    format!("%{byte:02X}")
                }
            })
            .collect();
        let status = SERVICE.get(&encoded).status;
        let wanted = if path == "/mcp" { 405 } else { 200 };
        assert_eq!(status, wanted, "{path}");
        seen += 1;
    }
    assert!(seen > 6);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_message_is_answered(text in any::<String>(), name in 0..5_usize, value in any::<String>()) {
        let answer = SERVICE.send("POST", "/mcp", &[JSON], &text);
        prop_assert!(answer.status == 200 || answer.status == 202, "{}", answer.body);
        let names = ["search_passages", "get_passage", "get_report", "list_facets", "compare_regions"];
        let arguments = json!({"query": value, "id": value, "facet": value, "regions": [value, value]});
        for arguments in [arguments, json!({"query": value}), json!({"id": value}), json!(value)] {
            let (text, _) = tool(names[name], &arguments);
            prop_assert!(!text.is_empty());
        }
    }
}
