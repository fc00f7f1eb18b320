//! Answers that are given again: the same ones, of the same generation, for the same eyes.

use std::sync::Arc;

use cesou::search::{self, Facet, Filters, Options, Request, Response};

use crate::support::{SEED, options};

fn asked(text: &str) -> Request {
    Request {
        text: text.to_owned(),
        facets: vec![Facet::Province, Facet::Theme],
        ..Request::default()
    }
}

/// All that an answer says.
fn told(response: &Response) -> String {
    let hits = response.hits.iter().map(|hit| {
        let (id, score) = (&hit.passage.id, hit.score);
        format!("{id} {score} {} {}", hit.snippet.html, hit.title.html)
    });
    let hits: Vec<String> = hits.collect();
    format!("{} {hits:?} {:?}", response.total, response.facets)
}

#[test]
fn an_answer_is_the_same_when_it_is_given_again() {
    let none_kept = Options {
        answers_mb: 0,
        ..options()
    };
    for text in ["教师", "教师交流", "怎样让乡村教师愿意留下来", ""] {
        let request = asked(text);
        let worked_out = search::search(&SEED.snapshot, &request, &none_kept).unwrap();
        let before = search::reuse();
        for _ in 0..3 {
            let answer = search::search(&SEED.snapshot, &request, &options()).unwrap();
            assert_eq!(told(&answer), told(&worked_out), "{text}");
        }
        assert!(search::reuse().hits >= before.hits + 2, "{text} was kept");
    }
}

#[test]
fn an_answer_is_only_for_who_may_see_as_much() {
    let request = asked("教师");
    let all = search::search(&SEED.snapshot, &request, &options()).unwrap();
    let provinces = &all.facets[&Facet::Province];
    assert!(
        provinces.len() > 1,
        "there are passages of several provinces"
    );
    for province in provinces {
        let filters = Filters::from([(Facet::Province, vec![province.value.clone()])]);
        let part = search::within(&SEED.snapshot, &filters).unwrap();
        for _ in 0..2 {
            let seen = search::search(&part, &request, &options()).unwrap();
            assert_eq!(seen.total as u64, province.count);
            assert!(told(&seen) != told(&all));
        }
    }
    let again = search::search(&SEED.snapshot, &request, &options()).unwrap();
    assert_eq!(told(&again), told(&all));
}

#[test]
fn an_answer_is_only_for_the_synonyms_it_was_made_with() {
    let request = asked("教师轮岗");
    let with = search::search(&SEED.snapshot, &request, &options()).unwrap();
    let without = SEED.snapshot.with_synonyms(Arc::default());
    let plain = search::search(&without, &request, &options()).unwrap();
    assert!(!with.rewrites.is_empty(), "轮岗 has synonyms");
    assert!(plain.rewrites.is_empty());
}

#[test]
fn every_part_of_a_request_tells_answers_apart() {
    let plain = asked("教师");
    let first = search::search(&SEED.snapshot, &plain, &options()).unwrap();
    let second = Request {
        page: 2,
        ..plain.clone()
    };
    let second = search::search(&SEED.snapshot, &second, &options()).unwrap();
    assert!(told(&first) != told(&second));
    let fewer = Request {
        per_page: 3,
        facets: Vec::new(),
        ..plain
    };
    let fewer = search::search(&SEED.snapshot, &fewer, &options()).unwrap();
    assert_eq!(fewer.hits.len(), 3);
    assert!(fewer.facets.is_empty());
}
