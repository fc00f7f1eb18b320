//! What is cut out of a passage and marked in it.

use cesou::analysis::Normalized;
use cesou::index::PassageRecord;
use cesou::query::Needle;
use cesou::report::{Kind, Span};
use cesou::search::{Highlighter, Marked, Match, Request};
use proptest::prelude::*;

use crate::support::SEED;

fn passage(text: &str) -> PassageRecord {
    PassageRecord {
        id: "p".to_owned(),
        report: "r".to_owned(),
        kind: Kind::Measure,
        path: vec![1],
        part: 1,
        parts: 1,
        text: text.to_owned(),
        heading: None,
        parents: Vec::new(),
        heading_path: Vec::new(),
        paragraphs: vec![Span::new(0, text.len())],
        range: Span::new(0, text.len()),
        themes: Vec::new(),
        years: Vec::new(),
        quantities: Vec::new(),
    }
}

fn snippet(text: &str, needles: &[&str], limit: usize) -> Marked {
    let needles: Vec<Needle> = needles.iter().map(|needle| Needle::word(needle)).collect();
    Highlighter::new(&needles).snippet(&passage(text), limit)
}

/// HTML without its marks and escapes; nothing where there is any other tag.
fn plain(html: &str) -> Option<String> {
    let bare = html.replace("<mark>", "").replace("</mark>", "");
    if bare.contains(['<', '>', '"', '\'']) {
        return None;
    }
    Some(
        bare.replace("&lt;", "<")
            .replace("&gt;", ">")
            .replace("&quot;", "\"")
            .replace("&#39;", "'")
            .replace("&amp;", "&"),
    )
}

#[test]
fn the_best_part_is_shown() {
    let far = "开头的话说了很久。".repeat(20);
    for (claim, text, needles, limit, html) in [
        (
            "the whole text where it is short",
            "办好学校。教师交流。",
            &["交流"][..],
            40,
            "办好学校。教师<mark>交流</mark>。".to_owned(),
        ),
        (
            "whole sentences around the match",
            &format!("{far}推进教师交流。{far}"),
            &["教师", "交流"],
            16,
            "推进<mark>教师交流</mark>。开头的话说了很久。".to_owned(),
        ),
        (
            "the place where most of the words stand",
            &format!("教师很多。{far}教师轮岗交流。{far}"),
            &["教师", "交流", "轮岗"],
            20,
            "<mark>教师轮岗交流</mark>。开头的话说了很久。".to_owned(),
        ),
        (
            "the start where nothing matches",
            &format!("第一句。{far}"),
            &["没有"],
            10,
            "第一句。".to_owned(),
        ),
        (
            "an ellipsis where a sentence has to be cut",
            &format!("{}教师{}", "长".repeat(80), "尾".repeat(80)),
            &["教师"],
            20,
            format!("…{}<mark>教师</mark>{}…", "长".repeat(12), "尾".repeat(6)),
        ),
        (
            "never inside a match",
            &format!("头。{}尾。", "教师".repeat(30)),
            &["教师"],
            20,
            format!("<mark>{}</mark>…", "教师".repeat(30)),
        ),
        (
            "the original characters are marked, whatever was folded",
            "ＡＢＣ農民工，Abc",
            &["abc", "农民工"],
            40,
            "<mark>ＡＢＣ農民工</mark>，<mark>Abc</mark>".to_owned(),
        ),
        (
            "a number is marked as a whole",
            "2009年投入9.08亿元,新增08个、2个",
            &["2", "08"],
            60,
            "2009年投入9.08亿元,新增<mark>08</mark>个、<mark>2</mark>个".to_owned(),
        ),
        (
            "markup of a report is only text",
            "<b>教师</b> & \"交流\"",
            &["教师"],
            40,
            "&lt;b&gt;<mark>教师</mark>&lt;/b&gt; &amp; &quot;交流&quot;".to_owned(),
        ),
        (
            "line ends are blanks",
            "教师\n\n\u{3000}交流",
            &["教师 交流"],
            40,
            "<mark>教师 交流</mark>".to_owned(),
        ),
    ] {
        let found = snippet(text, needles, limit);
        assert_eq!(found.html, html, "{claim}");
        assert_eq!(plain(&found.html), Some(found.text), "{claim}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1024))]

    #[test]
    fn html_is_the_text_with_marks_alone(
        text in prop_oneof![any::<String>(), "[教师交流。，“”<>&\"' \n農ａA😀]{0,200}"],
        needles in prop::collection::vec("[教师交流农a。 ]{1,4}", 0..4),
        limit in 1_usize..80,
    ) {
        let needles: Vec<&str> = needles.iter().map(String::as_str).collect();
        let found = snippet(&text, &needles, limit);
        prop_assert_eq!(plain(&found.html), Some(found.text.clone()));
        prop_assert_eq!(found.html.matches("<mark>").count(), found.html.matches("</mark>").count());
        prop_assert_eq!(found.matched, found.html.contains("<mark>"));
        // What is shown stands in the text, blanks aside.
        let squeeze = |text: &str| text.chars().filter(|c| !c.is_whitespace()).collect::<String>();
        let shown = found.text.trim_start_matches('…').trim_end_matches('…');
        prop_assert!(squeeze(&text).contains(&squeeze(shown)));
    }

    #[test]
    fn every_mark_is_made_of_matches(
        text in "[教师交流农。，a ]{0,120}",
        needle in "[教师交流农a]{1,3}",
    ) {
        let found = snippet(&text, &[&needle], 60);
        let parts: Vec<&str> = found.html.split("<mark>").skip(1).collect();
        for part in parts {
            let marked = part.split("</mark>").next().unwrap();
            prop_assert!(marked.contains(needle.as_str()), "{} in {}", needle, marked);
        }
        let matches = Normalized::new(&text).as_str().contains(needle.as_str());
        prop_assert_eq!(found.matched, matches);
    }
}

#[test]
fn every_hit_of_a_query_has_a_reason_to_show() {
    for text in [
        "教师交流",
        "“零起点”教学",
        "石家庄",
        "萍乡",
        "累计投入9.08亿元",
        "集团办学做乘法",
    ] {
        for matching in [Match::Smart, Match::Exact] {
            for hit in SEED.all(&Request {
                text: text.to_owned(),
                matching,
                ..Request::default()
            }) {
                let marked = hit.snippet.matched
                    || hit.title.matched
                    || hit.heading.as_ref().is_some_and(|heading| heading.matched);
                // A report found by a name of its region shows that name.
                let by_region = hit
                    .report
                    .region
                    .search_names()
                    .iter()
                    .any(|name| name.contains(text));
                assert!(marked || by_region, "{text}: {}", hit.passage.id);
            }
        }
    }
}
