//! Questions asked again in the words of the passages that answer them: the order changes, what is
//! found does not.

use std::collections::HashSet;
use std::fmt::Write as _;

use cesou::search::{self, Request, Response};

use crate::support::{Indexed, options};

const QUESTION: &str = "外来打工的人被拖欠工钱应该找谁讨要";

/// Passages enough that only the first of them are put in order anew.
fn many() -> Indexed {
    let subjects = [
        "打工",
        "工钱",
        "拖欠",
        "讨要",
        "外来",
        "劳动报酬",
        "劳动监察",
    ];
    let verbs = ["增加", "管理", "受理", "登记", "检查"];
    let mut text = String::from("成都市:试验\n");
    for number in 0..420 {
        let pick = |step: usize| subjects[(number * step + number / 7) % subjects.len()];
        let verb = verbs[number % verbs.len()];
        let _ = writeln!(
            text,
            "({})第{number}项。{}{verb}{}，{}由第{}科室办理，另见{}。",
            chinese(number % 99 + 1),
            pick(1),
            pick(2),
            pick(3),
            number % 13,
            pick(5),
        );
    }
    Indexed::of_files(&[("reports.txt", &text)])
}

fn chinese(number: usize) -> String {
    let digits = ["", "一", "二", "三", "四", "五", "六", "七", "八", "九"];
    let tens = match number / 10 {
        0 => String::new(),
        1 => "十".to_owned(),
        tens => format!("{}十", digits[tens]),
    };
    tens + digits[number % 10]
}

fn ask(indexed: &Indexed, request: &Request, feedback: f32) -> Response {
    let mut options = options();
    options.weights.feedback = feedback;
    search::search(&indexed.snapshot, request, &options).expect("the index can be read")
}

fn ids(response: &Response) -> Vec<String> {
    let hits = response.hits.iter();
    hits.map(|hit| hit.passage.id.clone()).collect()
}

fn question(page: usize, per_page: usize) -> Request {
    Request {
        text: QUESTION.to_owned(),
        page,
        per_page,
        ..Request::default()
    }
}

#[test]
fn it_changes_the_order_and_nothing_else() {
    let indexed = many();
    let everything = question(1, 10_000);
    let (with, without) = (
        ask(&indexed, &everything, 1.0),
        ask(&indexed, &everything, 0.0),
    );
    assert!(with.total > 300, "only {} found", with.total);
    assert_eq!(with.total, without.total);
    assert_eq!(with.hits.len(), with.total);
    let (with, without) = (ids(&with), ids(&without));
    assert_ne!(with, without, "the order is the same");
    let set = |ids: &[String]| ids.iter().cloned().collect::<HashSet<_>>();
    assert_eq!(set(&with), set(&without));
    assert_eq!(with[300..], without[300..], "past the window");
}

#[test]
fn pages_join_to_the_whole() {
    let indexed = many();
    let whole = ids(&ask(&indexed, &question(1, 10_000), 1.0));
    for per_page in [7, 100, 299] {
        let pages = (1..=whole.len().div_ceil(per_page))
            .flat_map(|page| ids(&ask(&indexed, &question(page, per_page), 1.0)));
        assert_eq!(pages.collect::<Vec<_>>(), whole, "{per_page} a page");
    }
}

#[test]
fn a_passage_that_answers_in_other_words_gains() {
    let indexed = Indexed::of_files(&[(
        "reports.txt",
        "成都市:工资\n\
         一、追讨。打工的人被拖欠工钱，可以向劳动监察大队投诉，由其责令用人单位支付劳动报酬。\n\
         二、讨薪。拖欠工钱的，打工的人可以向劳动监察大队投诉，讨要劳动报酬。\n\
         三、投诉。劳动监察大队受理投诉，责令支付拖欠的劳动报酬。\n\
         四、欠费。拖欠物业费用的，由业主委员会催交。\n",
    )]);
    let order = |feedback| {
        let response = ask(&indexed, &question(1, 10), feedback);
        let paths = response.hits.iter().map(|hit| hit.passage.dotted_path());
        paths.collect::<Vec<_>>()
    };
    let place = |order: &[String], path: &str| order.iter().position(|own| own == path);
    let with = order(1.0);
    assert!(place(&with, "3") < place(&with, "4"), "{with:?}");
    let without = order(0.0);
    assert!(place(&without, "3") > place(&without, "4"), "{without:?}");
}

#[test]
fn an_explanation_names_the_words_and_adds_up() {
    let indexed = many();
    let response = ask(
        &indexed,
        &Request {
            explain: true,
            ..question(1, 10)
        },
        1.0,
    );
    let mut related = 0;
    for hit in &response.hits {
        let addends = hit.explanation.as_ref().expect("it was asked for");
        related += addends
            .iter()
            .filter(|addend| addend.part == "related")
            .count();
        let sum: f32 = addends.iter().map(|addend| addend.score).sum();
        assert!(
            (sum - hit.score).abs() < 0.01 * hit.score,
            "{sum} is not {}",
            hit.score
        );
    }
    assert!(related > 0);
}

#[test]
fn the_same_question_has_the_same_answer_to_the_last_digit() {
    let request = Request {
        text: "义务教育优质均衡发展有哪些做法".to_owned(),
        ..Request::default()
    };
    let scores = |response: Response| -> Vec<(String, u32)> {
        let hits = response.hits.into_iter();
        hits.map(|hit| (hit.passage.id, hit.score.to_bits()))
            .collect()
    };
    let first = scores(crate::support::SEED.search(&request));
    assert!(first.len() > 5, "{first:?}");
    for _ in 0..20 {
        assert_eq!(scores(crate::support::SEED.search(&request)), first);
    }
}
