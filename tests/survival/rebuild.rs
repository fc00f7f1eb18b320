//! An index that is made anew while it is searched and written to.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use super::{KEY, passages, put, report, serve, total};
use crate::support::{Answer, Place};

fn generation(answer: &Answer) -> String {
    answer.json()["generation"].as_str().unwrap().to_owned()
}

#[test]
fn no_search_fails_and_none_mixes_old_and_new() {
    // Two thousand passages of one theme, which the edit gives to another.
    let mut text = String::new();
    for n in 0..400 {
        let _ = write!(text, "泰州市:第{n}号报告\n\n概述{n}。\n");
        for numeral in ["一", "二", "三", "四"] {
            let _ = write!(text, "\n{numeral}、甲乙丙丁。甲乙丙丁{n}。\n");
        }
        text.push('\n');
    }
    let place = Place::with(&[("a.txt", text.as_bytes())]);
    let theme = |id: &str| {
        format!("[[theme]]\nid = \"{id}\"\nlabel = \"{id}题\"\nterms = [\"甲乙丙丁\"]\n")
    };
    place.write("corpus/themes.toml", theme("old").as_bytes());
    let mut serving = serve(&place, &["store.min_free_mb=0"]);
    let first = generation(&serving.try_get("/readyz").unwrap());
    let stop = AtomicBool::new(false);
    let searches = AtomicU64::new(0);
    let written = AtomicU64::new(0);
    let mixed = "/api/v1/search?q=%E7%94%B2%E4%B9%99%E4%B8%99%E4%B8%81&facets=theme&per_page=100";
    std::thread::scope(|scope| {
        for _ in 0..2 {
            let (serving, stop, searches) = (&serving, &stop, &searches);
            scope.spawn(move || {
                while !stop.load(Ordering::Relaxed) {
                    let answer = serving.try_get(mixed).expect("it answers");
                    assert_eq!(answer.status, 200, "{}", answer.body);
                    let found = answer.json();
                    let themes = found["facets"]["theme"].as_array().unwrap();
                    assert_eq!(themes.len(), 1, "old and new: {themes:?}");
                    assert_eq!(themes[0]["count"], found["total"]);
                    assert!(found["total"].as_u64().unwrap() >= 1600);
                    let own = &themes[0]["value"];
                    for hit in found["hits"].as_array().unwrap() {
                        assert_eq!(&hit["themes"][0]["id"], own, "{hit}");
                    }
                    searches.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        let (serving, stop, written) = (&serving, &stop, &written);
        scope.spawn(move || {
            while !stop.load(Ordering::Relaxed) {
                let n = written.load(Ordering::Relaxed);
                let sent = put(
                    serving,
                    &format!("w{n}"),
                    &report(&format!("w{n}"), n),
                    "?wait=30s",
                );
                let sent = sent.expect("it answers");
                assert_eq!(sent.json()["status"], "done", "{}", sent.body);
                // It is found at once, and stays so through every change of the index.
                assert_eq!(total(serving, &format!("w{n}第")), Some(1));
                written.fetch_add(1, Ordering::Relaxed);
            }
        });
        let swapped = |edit: &dyn Fn()| {
            let themes = |answer: &Answer| answer.json()["facets"]["theme"][0]["value"].clone();
            let before = themes(&serving.try_get(mixed).unwrap());
            edit();
            let until = Instant::now() + Duration::from_secs(120);
            while themes(&serving.try_get(mixed).unwrap()) == before {
                assert!(Instant::now() < until, "the edit is not taken up");
                std::thread::sleep(Duration::from_millis(20));
            }
        };
        let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            swapped(&|| place.write("corpus/themes.toml", theme("new").as_bytes()));
            serving
                .try_send("POST", "/api/v1/index/rebuild", KEY, "", "")
                .unwrap();
            swapped(&|| place.write("corpus/themes.toml", theme("newest").as_bytes()));
        }));
        stop.store(true, Ordering::Relaxed);
        if let Err(panic) = result {
            std::panic::resume_unwind(panic);
        }
    });
    let written = written.into_inner();
    assert!(searches.into_inner() > 5);
    assert!(written > 1);
    assert_ne!(generation(&serving.try_get("/readyz").unwrap()), first);
    let sent: u64 = (0..written).map(passages).sum();
    assert_eq!(total(&serving, "版本"), Some(sent));
    assert_eq!(total(&serving, ""), Some(2000 + sent));
    assert!(serving.stop("-INT").success());
}
