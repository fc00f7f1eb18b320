//! How fast reports are taken, found, and there again after a restart, at a hundred thousand passages.
//!
//! `cargo test --release --test main writing::figures -- --ignored --nocapture`, on a machine that
//! does nothing else.

use std::fmt::Write as _;
use std::fs;
use std::time::{Duration, Instant};

use serde_json::json;

use super::{LINES, Lab};
use crate::support::{Service, corpus_of, seed_text};

/// Reports of the large load, each of ten passages.
const REPORTS: usize = 10_000;

fn say(what: &str, said: &str) {
    eprintln!("{what}: {said}");
}

fn rate(what: &str, count: usize, began: Instant) {
    let seconds = began.elapsed().as_secs_f64();
    #[expect(clippy::cast_precision_loss, reason = "a rate is rounded")]
    let each = count as f64 / seconds;
    say(
        what,
        &format!("{count} in {seconds:.2} s, {each:.0} a second"),
    );
}

fn spread(what: &str, mut took: Vec<Duration>) {
    took.sort();
    let at = |share: usize| took[(took.len() - 1) * share / 100];
    say(
        what,
        &format!(
            "median {:?}, 99th {:?}, longest {:?}",
            at(50),
            at(99),
            at(100)
        ),
    );
}

/// Reports made of sentences of the seed, no two alike.
struct Writer {
    sentences: Vec<String>,
    random: u64,
}

impl Writer {
    fn new() -> Self {
        let text = seed_text();
        let sentences = text.split('。').map(|own| own.trim().replace('\n', ""));
        Self {
            sentences: sentences.filter(|own| own.chars().count() > 12).collect(),
            random: 7,
        }
    }

    fn sentence(&mut self) -> String {
        self.random = self
            .random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let at = usize::try_from(self.random >> 33).unwrap() % self.sentences.len();
        self.sentences[at].clone()
    }

    fn report(&mut self, n: usize) -> String {
        let mut text = format!("泰州市:第{n}号报告\n\n{}。\n", self.sentence());
        for numeral in ["一", "二", "三", "四", "五", "六", "七", "八", "九"] {
            let _ = write!(text, "\n{numeral}、办法{n}。");
            for _ in 0..4 {
                let _ = write!(text, "{}。", self.sentence());
            }
        }
        text
    }
}

#[test]
#[ignore = "measures; run alone and in release"]
fn of_writing_and_restarting() {
    let corpus = corpus_of(&[]);
    let service = Service::live_with(corpus.path(), |settings| settings.store.max_queue = 100_000);
    let lab = Lab::of(service, corpus);
    let mut writer = Writer::new();

    let texts: Vec<String> = (0..300).map(|n| writer.report(n)).collect();
    let began = Instant::now();
    for (n, text) in texts.iter().enumerate() {
        let path = format!("/api/v1/reports/s{n}");
        assert_eq!(lab.send("PUT", &path, "text/plain", text).status, 202);
    }
    rate(
        "acknowledged, one client, one report a request",
        texts.len(),
        began,
    );

    let texts: Vec<String> = (0..2000).map(|n| writer.report(n)).collect();
    let began = Instant::now();
    std::thread::scope(|scope| {
        for chunk in texts.chunks(texts.len().div_ceil(32)) {
            let lab = &lab;
            scope.spawn(move || {
                for (n, text) in chunk.iter().enumerate() {
                    let path = format!("/api/v1/reports/p{:p}-{n}", chunk.as_ptr());
                    assert_eq!(lab.send("PUT", &path, "text/plain", text).status, 202);
                }
            });
        }
    });
    rate(
        "acknowledged, 32 clients, one report a request",
        texts.len(),
        began,
    );
    drain(&lab);

    let mut body = String::new();
    for n in 0..REPORTS {
        let line = json!({"id": format!("b{n}"), "text": writer.report(n)});
        let _ = writeln!(body, "{line}");
    }
    say("bulk", &format!("{} MB", body.len() / 1_000_000));
    let began = Instant::now();
    assert_eq!(
        lab.send("POST", "/api/v1/reports", LINES, &body).status,
        202
    );
    rate("acknowledged, one request", REPORTS, began);
    drain(&lab);
    rate("can be found", REPORTS, began);
    let again = Instant::now();
    assert_eq!(
        lab.send("POST", "/api/v1/reports?wait=60s", LINES, &body)
            .json()["changed"],
        0
    );
    rate("the same again, changing nothing", REPORTS, again);
    let passages = lab.service.served.snapshot().passages();
    say("passages", &passages.to_string());

    let took = (0..50).map(|n| {
        let text = writer.report(n);
        let began = Instant::now();
        lab.put(&format!("s{n}"), &text);
        began.elapsed()
    });
    spread("one report, until it can be found", took.collect());

    let took = (0..10).map(|n| {
        let text = format!("亳州市:文件{n}\n\n一、办法。放入文件夹的第{n}份。\n");
        let began = Instant::now();
        fs::write(lab.corpus.path().join(format!("reports/{n}.txt")), text).unwrap();
        while lab.total(&format!("放入文件夹的第{n}份")) == 0 {
            std::thread::sleep(Duration::from_millis(5));
        }
        began.elapsed()
    });
    spread("one file, until it can be found", took.collect());
    let passages = lab.service.served.snapshot().passages();

    let [index, store] = lab.service.stop();
    let began = Instant::now();
    let service = Service::live_in(lab.corpus.path(), [index, store], |_| {});
    say(
        "restart, until it answers",
        &format!("{:?}", began.elapsed()),
    );
    assert_eq!(service.served.snapshot().passages(), passages);
}

/// Waits until everything that was sent can be found.
fn drain(lab: &Lab) {
    let until = Instant::now() + Duration::from_secs(600);
    let store = lab.service.store.as_ref().unwrap();
    while store.waiting() > 0 {
        assert!(Instant::now() < until, "it takes too long");
        std::thread::sleep(Duration::from_millis(5));
    }
}
