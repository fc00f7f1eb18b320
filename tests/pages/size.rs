//! What a page costs a reader to fetch.

use std::fmt::Write as _;
use std::io::Write as _;

use super::{between, total, visit};
use crate::support::{Service, corpus_of};

/// The most that a page with its sheet and script may take, in bytes, compressed with brotli.
const MOST: usize = 50_000;

/// The body of an answer as it is sent with brotli.
fn packed(service: &Service, path: &str) -> usize {
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: localhost\r\nAccept: text/html\r\nAccept-Encoding: br\r\n\
         Connection: close\r\n\r\n"
    );
    let answer = service.raw(request.as_bytes());
    let end = answer.windows(4).position(|window| window == b"\r\n\r\n");
    let head = String::from_utf8_lossy(&answer[..end.expect("a head")]).to_lowercase();
    assert!(head.contains("content-encoding: br"), "{path}: {head}");
    answer.len() - end.expect("a head") - 4
}

#[test]
fn a_page_for_a_thousand_hits_takes_less_than_fifty_kilobytes() {
    // Every word a different one, so that it does not compress better than real text.
    let provinces = ["河北省", "江苏省", "浙江省", "四川省", "广东省", "甘肃省"];
    let mut state = 1_u32;
    let mut character = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        char::from_u32(0x4e00 + (state >> 16) % 5000).expect("a character")
    };
    let mut reports = String::new();
    for number in 0..60 {
        let province = provinces[number % provinces.len()];
        writeln!(reports, "{province}:第{number}份报告\n\n概述。\n").unwrap();
        for measure in "一二三四五六七八九十"
            .chars()
            .chain("一二三四五六七八九".chars())
            .enumerate()
        {
            let (at, numeral) = measure;
            let numeral = if at < 10 {
                numeral.to_string()
            } else {
                format!("十{numeral}")
            };
            let text: String = (0..200).map(|_| character()).collect();
            writeln!(
                reports,
                "{numeral}、教育{}。投资{}亿元建设学校，{text}。\n",
                character(),
                at + 2
            )
            .unwrap();
        }
    }
    let corpus = corpus_of(&[("many.txt", &reports)]);
    let service = Service::of(corpus.path());
    let mut greatest = 0;
    for path in [
        "/?q=%E6%95%99%E8%82%B2",
        "/?q=%E6%95%99%E8%82%B2&group=report&per_page=20",
        "/map?q=%E6%95%99%E8%82%B2",
        "/matrix?q=%E6%95%99%E8%82%B2",
        "/",
    ] {
        let html = visit(&service, path).body;
        if path.starts_with("/?q") {
            assert!(total(&html) >= 1000, "{path}: {}", total(&html));
        }
        let files: usize = between(&html, "\"/assets/", "\"")
            .into_iter()
            .filter(|file| *file != "icon.svg")
            .map(|file| packed(&service, &format!("/assets/{file}")))
            .sum();
        assert!(files > 0, "{path}");
        let page = packed(&service, path);
        assert!(page + files < MOST, "{path}: {page} and {files} bytes");
        if path == "/?q=%E6%95%99%E8%82%B2" {
            greatest = page;
            writeln!(
                std::io::stderr(),
                "page of a query with {} hits: {page} bytes with brotli, {files} for its sheet and script",
                total(&html)
            )
            .unwrap();
        }
    }
    assert!(greatest > 0);
}
