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
    let mut files = Vec::new();
    for number in 0..60 {
        let province = provinces[number % provinces.len()];
        let mut report = format!("{province}:第{number}份报告\n\n概述。\n\n");
        let numerals = "一二三四五六七八九十".chars();
        let numerals = numerals.clone().chain(numerals.take(9)).enumerate();
        for (at, numeral) in numerals {
            let ten = if at < 10 { "" } else { "十" };
            let text: String = (0..200).map(|_| character()).collect();
            let (of, year) = (character(), 1900 + (number * 19 + at) % 200);
            writeln!(
                report,
                "{ten}{numeral}、教育{of}。{year}年投资{}亿元建设学校，{text}。\n",
                at + 2
            )
            .unwrap();
        }
        files.push((format!("{number}.txt"), report));
        let issuer: String = (0..6).map(|_| character()).collect();
        files.push((
            format!("{number}.toml"),
            format!("issuer = \"{issuer}局\"\n"),
        ));
    }
    let files: Vec<(&str, &str)> = files
        .iter()
        .map(|(name, text)| (name.as_str(), text.as_str()))
        .collect();
    let corpus = corpus_of(&files);
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
        if path != "/matrix?q=%E6%95%99%E8%82%B2" {
            for field in ["year", "issuer"] {
                let listed = html.matches(&format!("{field}=")).count();
                assert!((40..=60).contains(&listed), "{path}: {listed} of {field}");
            }
            assert!(html.contains("项未列出"), "{path}");
        }
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
    // One that is chosen is there, however few have it.
    let answer = service.get("/api/v1/search?facets=year").json();
    let years = answer["facets"]["year"].as_array().expect("years");
    let last = years.last().expect("a year")["value"]
        .as_str()
        .expect("a year");
    let chosen = visit(&service, &format!("/?year={last}")).body;
    let facets = super::facets(&chosen);
    let (_, years) = facets
        .iter()
        .find(|(label, _)| label == "年份")
        .expect("years");
    assert!(
        years
            .iter()
            .any(|year| year.chosen && year.label.contains(last))
    );
}
