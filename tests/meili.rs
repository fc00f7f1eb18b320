//! The Meilisearch-compatible subset: its answers, its refusals, its traps, in whole.
//!
//! What real clients make of it is in `clients`.

mod documents;
mod filters;
mod keys;
mod refusals;
mod searches;
mod writing;

use std::sync::LazyLock;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{Answer, Service, corpus_of, seed_text};

/// The seed, and reports that have what the seed's lack: days, issuers, namesakes, no region, a
/// county that belongs to its province directly.
pub(crate) static CORPUS: LazyLock<TempDir> = LazyLock::new(|| {
    corpus_of(&[
        ("seed.txt", &seed_text()),
        (
            "heping.txt",
            "天津市和平区:教师交流\n\n2014年教师交流。\n\n一、教师。教师培训。\n",
        ),
        (
            "heping.toml",
            "issuer = \"天津市和平区教育局\"\ndate = \"2016-11-24\"\n",
        ),
        (
            "nowhere.txt",
            "乌有县:教师交流\n\n概述。\n\n一、教师。2014年、2015年教师交流轮岗,<b>不是</b>标记 & 不转义。\n",
        ),
        (
            "xiantao.txt",
            "湖北省仙桃市:经费投入\n\n一、经费。教育经费逐年增长。\n",
        ),
        (
            "xiantao.toml",
            "issuer = \"仙桃市教育局、仙桃市财政局\"\ndate = \"2018-03-01\"\n",
        ),
    ])
});

pub(crate) static SERVICE: LazyLock<Service> = LazyLock::new(|| Service::of(CORPUS.path()));

const JSON: (&str, &str) = ("Content-Type", "application/json");

fn post(path: &str, body: &Value) -> Answer {
    SERVICE.send("POST", &format!("/meili{path}"), &[JSON], &body.to_string())
}

/// What a search is answered with.
fn search(body: &Value) -> Value {
    let answer = post("/indexes/passages/search", body);
    assert_eq!(answer.status, 200, "{body}: {}", answer.body);
    assert_eq!(answer.header("cache-control"), "no-store", "{body}");
    answer.json()
}

/// All documents, in the order of the corpus.
static DOCUMENTS: LazyLock<Vec<Value>> = LazyLock::new(|| {
    let mut all = Vec::new();
    loop {
        let path = format!(
            "/meili/indexes/passages/documents?limit=50&offset={}",
            all.len()
        );
        let answer = SERVICE.get(&path).json();
        let results = answer["results"].as_array().unwrap().clone();
        if results.is_empty() {
            assert_eq!(answer["total"], all.len());
            return all;
        }
        all.extend(results);
    }
});

/// The ids of documents, or of hits.
fn ids(documents: &Value) -> Vec<&str> {
    let documents = documents.as_array().unwrap().iter();
    documents.map(|it| it["id"].as_str().unwrap()).collect()
}

/// That this is their envelope, with this code.
fn refused(answer: &Answer, status: u16, code: &str) {
    let body = answer.json();
    assert_eq!(answer.status, status, "{body}");
    assert_eq!(body["code"], code, "{body}");
    assert_eq!(body.as_object().unwrap().len(), 4, "{body}");
    assert_ne!(body["message"], "");
    let kind = match (status, code) {
        (500, _) => "internal",
        (503, _) => "system",
        (_, "missing_authorization_header" | "invalid_api_key") => "auth",
        _ => "invalid_request",
    };
    assert_eq!(body["type"], kind, "{body}");
    assert_eq!(
        body["link"],
        json!(format!("https://docs.meilisearch.com/errors#{code}"))
    );
}
