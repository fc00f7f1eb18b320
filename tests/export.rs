//! Exports: all hits, in the search's order, in forms that others can read.

use std::io::{Read, Write};
use std::sync::LazyLock;

use serde_json::Value;
use tempfile::TempDir;

use crate::support::{Answer, SERVICE, Service, corpus_of};

/// Reports that try to be formulas and markup.
static HOSTILE: LazyLock<(TempDir, Service)> = LazyLock::new(|| {
    let corpus = corpus_of(&[
        ("=SUM(A1).txt", "没有标题的一段话，说教师。"),
        (
            "evil.txt",
            "河北省张家口市:=cmd|' /C calc'!A0\n\n=HYPERLINK(\"http://x\")教师，说“好”\n\n\
         一、＋教师交流。他说\"好\",再说一遍。\n# 不是标题 <script>alert(1)</script>\n",
        ),
    ]);
    let service = Service::of(corpus.path());
    (corpus, service)
});

fn export(service: &Service, query: &str) -> Answer {
    let answer = service.get(&format!("/api/v1/export?{query}"));
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer
}

/// The rows of a table as RFC 4180 has them.
pub(crate) fn rows(text: &str) -> Vec<Vec<String>> {
    let text = text.strip_prefix('\u{feff}').expect("a byte order mark");
    let (mut rows, mut row, mut cell) = (Vec::new(), Vec::new(), String::new());
    let mut chars = text.chars().peekable();
    let mut quoted = false;
    while let Some(c) = chars.next() {
        match (quoted, c) {
            (true, '"') if chars.peek() == Some(&'"') => {
                cell.push('"');
                chars.next();
            }
            (_, '"') => quoted = !quoted,
            (false, ',') => row.push(std::mem::take(&mut cell)),
            (false, '\r') => {
                assert_eq!(chars.next(), Some('\n'), "rows end as RFC 4180 says");
                row.push(std::mem::take(&mut cell));
                rows.push(std::mem::take(&mut row));
            }
            (_, c) => cell.push(c),
        }
    }
    assert!(row.is_empty() && cell.is_empty() && !quoted);
    rows
}

fn lines(text: &str) -> Vec<Value> {
    let read = |line| serde_json::from_str(line).expect("an object a line");
    text.lines().map(read).collect()
}

/// The ids of all hits, page by page.
fn paged(service: &Service, parameters: &[(&str, &str)]) -> Vec<String> {
    let mut ids = Vec::new();
    for page in 1.. {
        let page = page.to_string();
        let own = [("page", page.as_str()), ("per_page", "100")];
        let answer = service.search(&[parameters, &own].concat()).json();
        let hits = answer["hits"].as_array().expect("hits").clone();
        if hits.is_empty() {
            assert_eq!(answer["total"].as_u64(), Some(ids.len() as u64));
            return ids;
        }
        let of = |hit: &Value| hit["id"].as_str().expect("an id").to_owned();
        ids.extend(hits.iter().map(of));
    }
    ids
}

#[test]
fn an_export_is_what_paging_gives_in_the_same_order() {
    for parameters in [
        &[][..],
        &[("q", "教师")],
        &[("q", "教师交流轮岗"), ("theme", "teachers")],
        &[("q", "怎样让好老师到农村学校去教书？")],
        &[("q", "经费"), ("sort", "region"), ("match", "exact")],
        &[("q", "“一定没有这样一句话”")],
    ] {
        let query = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(parameters)
            .append_pair("format", "jsonl")
            .finish();
        let exported: Vec<String> = lines(&export(&SERVICE, &query).body)
            .iter()
            .map(|line| line["id"].as_str().expect("an id").to_owned())
            .collect();
        assert_eq!(exported, paged(&SERVICE, parameters), "{parameters:?}");
    }
}

#[test]
fn all_forms_hold_the_same_hits_with_their_sources() {
    let query = "q=%E6%95%99%E5%B8%88%E4%BA%A4%E6%B5%81&limit=7";
    let lines = lines(&export(&SERVICE, &format!("{query}&format=jsonl")).body);
    let table = rows(&export(&SERVICE, &format!("{query}&format=csv")).body);
    let text = export(&SERVICE, &format!("{query}&format=md")).body;
    assert_eq!((lines.len(), table.len()), (7, 8));
    let first = SERVICE.search(&[("q", "教师交流")]).json()["hits"][0].clone();
    for (name, value) in first.as_object().expect("a hit") {
        assert_eq!(&lines[0][name], value, "{name}");
    }
    let column = |name: &str| {
        let place = table[0].iter().position(|head| head == name);
        place.unwrap_or_else(|| panic!("a column {name}"))
    };
    for (line, row) in lines.iter().zip(&table[1..]) {
        assert_eq!(row[column("报告")], line["report"]["title"]);
        assert_eq!(row[column("正文")], line["text"]);
        assert_eq!(row[column("链接")], line["link"]);
        let link = line["link"].as_str().expect("a link");
        assert!(link.starts_with(&format!("{}/passages/", SERVICE.address)));
        assert!(text.contains(&format!("<{link}>")));
        let citation = line["citation"].as_str().expect("a citation");
        let title = line["report"]["title"].as_str().expect("a title");
        assert!(citation.contains(title));
    }
    let path = lines[0]["link"].as_str().expect("a link");
    let path = path.trim_start_matches(&SERVICE.address);
    assert_eq!(SERVICE.get(path).status, 200);
    // A report's passages stand together.
    let mut titles: Vec<&str> = text
        .lines()
        .filter(|line| line.starts_with("## "))
        .collect();
    let all = titles.len();
    titles.sort_unstable();
    titles.dedup();
    assert_eq!(titles.len(), all);
}

#[test]
fn no_cell_is_a_formula_and_no_text_is_markup() {
    let table = rows(&export(&HOSTILE.1, "format=csv").body);
    assert!(table.len() > 2);
    for cell in table.iter().flatten() {
        let first = cell.trim_start().chars().next();
        assert!(
            !matches!(
                first,
                Some('=' | '+' | '-' | '@' | '＝' | '＋' | '－' | '＠')
            ),
            "{cell:?}"
        );
    }
    assert!(
        table
            .iter()
            .flatten()
            .any(|cell| cell.starts_with("'=SUM(A1)"))
    );
    let text = export(&HOSTILE.1, "format=md").body;
    assert!(!text.contains(" <") && !text.contains("\n# 不"), "{text}");
    assert!(text.contains("\\<script\\>"), "{text}");
}

#[test]
fn an_export_is_a_file_with_a_name() {
    let answer = export(
        &SERVICE,
        "q=%E6%95%99%E5%B8%88%20%22%2F..%0D%0AX:&format=csv",
    );
    assert_eq!(
        answer.header("content-disposition"),
        "attachment; filename=\"cesou-export.csv\"; \
         filename*=UTF-8''%E7%AD%96%E6%90%9C-%E6%95%99%E5%B8%88------X.csv"
    );
    assert_eq!(
        answer.header("content-type"),
        "text/csv; charset=utf-8; header=present"
    );
    let answer = export(&SERVICE, "format=md&limit=1");
    assert!(
        answer
            .header("content-disposition")
            .ends_with("%E5%85%A8%E9%83%A8.md")
    );
    assert!(answer.header("content-type").starts_with("text/markdown"));
    let head = SERVICE.request("HEAD", "/api/v1/export?format=jsonl", &[]);
    assert_eq!((head.status, head.body.as_str()), (200, ""));
    assert!(
        head.header("content-type")
            .starts_with("application/x-ndjson")
    );
}

#[test]
fn what_cannot_be_exported_is_refused_by_name() {
    for (query, name) in [
        ("format=xls", "format"),
        ("limit=0", "limit"),
        ("page=2", "page"),
        ("facets=theme", "facets"),
        ("theme=", "theme"),
    ] {
        let answer = SERVICE.get(&format!("/api/v1/export?{query}"));
        assert_eq!(answer.status, 400, "{query}");
        assert!(
            answer.json()["detail"]
                .as_str()
                .expect("a detail")
                .contains(name)
        );
    }
}

#[test]
fn a_client_that_does_not_read_holds_up_nobody() {
    let mut idle = SERVICE.connect();
    let request =
        "GET /api/v1/export?format=jsonl HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    idle.write_all(request.as_bytes()).expect("it can be sent");
    for _ in 0..4 {
        assert_eq!(SERVICE.search(&[("q", "教师")]).status, 200);
    }
    let mut answer = Vec::new();
    idle.read_to_end(&mut answer).expect("it ends");
    let answer = String::from_utf8_lossy(&answer);
    // A chunked answer that was not broken off.
    assert!(answer.ends_with("\r\n0\r\n\r\n"));
    assert!(answer.contains("http://x/passages/"));
}

#[test]
fn the_page_offers_what_it_shows() {
    let page = SERVICE.get("/?q=%E6%95%99%E5%B8%88&province=%E6%B2%B3%E5%8C%97%E7%9C%81");
    for format in ["csv", "jsonl", "md"] {
        let link = format!(
            "/api/v1/export?q=%E6%95%99%E5%B8%88&#38;province=%E6%B2%B3%E5%8C%97%E7%9C%81&#38;format={format}"
        );
        assert!(page.body.contains(&link), "{link}");
    }
}
