//! The page about the corpus: its counts against those of the API, what the build said, and what of
//! that a key with filters is not told.

use std::sync::LazyLock;

use cesou::key::Wish;
use jiff::Timestamp;
use scraper::{Html, Selector};
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use crate::support::{Answer, SERVICE, Service, corpus_of};

/// Reports of two provinces, a file that cannot be read, and remarks on each.
static MIXED: LazyLock<Service> = LazyLock::new(|| {
    let corpus = corpus_of(&[
        (
            "hebei.txt",
            "河北省石家庄市:燕赵同心\n\n概述\u{a0}教师。\n\n一、教师交流。教师交流轮岗。\n\n\
             三、经费保障。教育经费保障到位。\n",
        ),
        (
            "jiangsu.txt",
            "江苏省泰州市:凤城共进\n\n概述\u{a0}溱潼。\n\n一、溱潼模式。教师交流轮岗。\n\n\
             三、集团办学。溱潼模式推开。\n",
        ),
        ("nowhere.txt", "乌有县:经费投入\n\n一、经费。教育经费。\n"),
    ]);
    let binary = corpus.path().join("reports/taizhou-binary.txt");
    std::fs::write(binary, [0x7f, b'E', b'L', b'F', 0, 1, 2, 0xff, 0xfe, 0]).unwrap();
    Service::of(corpus.path())
});

fn about(service: &Service, headers: &[(&str, &str)]) -> Answer {
    let answer = service.request("GET", "/about", headers);
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer
}

/// The facts of a page by name.
fn facts(body: &str) -> Vec<(String, String)> {
    let page = Html::parse_document(body);
    let selector = Selector::parse(".facts div").unwrap();
    page.select(&selector)
        .map(|fact| {
            let mut children = fact.child_elements().map(|child| child.text().collect());
            (children.next().unwrap(), children.next().unwrap())
        })
        .collect()
}

fn fact(facts: &[(String, String)], name: &str) -> String {
    let found = facts.iter().find(|(known, _)| known == name);
    found
        .unwrap_or_else(|| panic!("no {name} in {facts:?}"))
        .1
        .clone()
}

#[test]
fn counts_are_those_of_the_api() {
    for service in [&*SERVICE, &*MIXED] {
        let answer = about(service, &[]);
        let facts = facts(&answer.body);
        let reports = service.get("/api/v1/reports?per_page=100").json();
        let search = "/api/v1/search?q=&facets=province,theme,issuer,year";
        let found = service.get(search).json();
        assert_eq!(fact(&facts, "报告"), reports["total"].to_string());
        assert_eq!(fact(&facts, "段落"), found["total"].to_string());
        let sum = |field: &str| -> u64 {
            let all = reports["reports"].as_array().unwrap().iter();
            all.map(|report| report[field].as_u64().unwrap()).sum()
        };
        assert_eq!(fact(&facts, "举措"), sum("measures").to_string());
        let ready = service.get("/readyz").json();
        assert_eq!(
            fact(&facts, "索引代号"),
            ready["generation"].as_str().unwrap()
        );
        let page = Html::parse_document(&answer.body);
        let rows = Selector::parse(".provinces li").unwrap();
        let shown: Vec<String> = page.select(&rows).map(|row| row.text().collect()).collect();
        let provinces = found["facets"]["province"].as_array().unwrap();
        assert_eq!(shown.len(), provinces.len());
        for (row, province) in shown.iter().zip(provinces) {
            assert!(row.contains(province["label"].as_str().unwrap()), "{row}");
            assert!(row.ends_with(&format!("{} 段", province["count"])), "{row}");
        }
    }
}

#[test]
fn the_build_is_told_with_what_it_skipped_and_remarked() {
    let answer = about(&MIXED, &[]);
    let ready = MIXED.get("/readyz").json();
    let facts = facts(&answer.body);
    assert_eq!(fact(&facts, "读取的文件"), "3");
    assert_eq!(
        fact(&facts, "跳过的文件"),
        ready["skipped_files"].to_string()
    );
    assert_eq!(fact(&facts, "注意事项"), ready["warnings"].to_string());
    assert!(ready["warnings"].as_u64() > Some(3), "{ready}");
    for said in [
        "taizhou-binary.txt",
        "hebei.txt 第",
        "jiangsu.txt 第",
        "编号不连续",
        "地区不明",
    ] {
        assert!(answer.body.contains(said), "{said} in {}", answer.body);
    }
    assert!(fact(&facts, "地区").contains("1 篇报告的地区不明"));
    assert_eq!(answer.header("cache-control"), "no-store");
}

#[test]
fn whoever_sees_a_part_is_told_of_that_part_only() {
    let described = json!({"name": "河北", "filters": {"province": ["河北省"]}});
    let now = Timestamp::now();
    let wish: Wish = serde_json::from_value(described).unwrap();
    let made = MIXED.keys.create(wish.check(now).unwrap(), now).unwrap();
    let answer = about(&MIXED, &[("X-API-Key", made.secret.expose_secret())]);
    let facts = facts(&answer.body);
    assert_eq!(fact(&facts, "报告"), "1");
    assert_eq!(fact(&facts, "来源文件"), "1");
    assert!(answer.body.contains("这里只计入您的密钥可以查看的报告"));
    for hidden in [
        "江苏",
        "泰州",
        "taizhou",
        "jiangsu",
        "nowhere",
        "溱潼",
        "上次建立索引",
        "跳过的文件",
        "注意事项",
        "地区不明",
    ] {
        let page = answer.body.replace("建立索引时的提示不在其列", "");
        assert!(!page.contains(hidden), "{hidden} in {page}");
    }
    let data: Vec<&str> = answer
        .body
        .split("application/ld+json\">")
        .skip(1)
        .collect();
    let data: Value = serde_json::from_str(data[0].split("</script>").next().unwrap()).unwrap();
    assert_eq!(data["spatialCoverage"].as_array().unwrap().len(), 1);
}

#[test]
fn it_takes_nothing_but_a_language_and_speaks_it() {
    assert_eq!(SERVICE.get("/about?lang=en").status, 200);
    assert!(
        SERVICE
            .get("/about?lang=en")
            .body
            .contains("About the corpus")
    );
    let refused = SERVICE.get("/about?q=a");
    assert_eq!(refused.status, 400);
    let empty = corpus_of(&[]);
    let empty = Service::of(empty.path());
    assert_eq!(fact(&facts(&about(&empty, &[]).body), "报告"), "0");
}

#[test]
fn remarks_are_counted_under_the_names_they_are_kept_by() {
    for kind in cesou::report::WarningKind::ALL {
        assert_eq!(serde_json::to_value(kind).unwrap(), kind.as_str());
    }
}
