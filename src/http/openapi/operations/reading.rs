//! Passages and reports, read one by one.

use super::{LINK, Operation, json, unchanged};
use crate::http::api::{MAX_REPORTS, SIMILAR_DEFAULT, SIMILAR_MOST};
use crate::http::openapi::parameters;
use crate::http::params::MAX_PER_PAGE;
use crate::http::wire::{PassageAnswer, ReportWithPassages, ReportsAnswer, SimilarAnswer};

pub(super) fn all() -> Vec<Operation> {
    let passage = || parameters::path("id", "段落的 id。");
    let report = || parameters::path("id", "报告的 id。");
    let mut listed = json::<ReportsAnswer>(
        "一页报告。",
        example!("/api/v1/reports?per_page=1", "reports"),
    );
    listed.headers.push(LINK);
    vec![
        Operation {
            description: "段落的全文、所在报告、主题的依据、文中的数值，和前后各段。",
            parameters: vec![passage()],
            names_one: true,
            answers: vec![
                json::<PassageAnswer>("段落。", example!("/api/v1/passages/{id}", "passage")),
                unchanged(),
            ],
            ..Operation::new(
                "get",
                "/api/v1/passages/{id}",
                "passage",
                "passages",
                "读一个段落",
            )
        },
        Operation {
            description: "别的报告中与这一段相近的段落，每个报告一段，别的地区在前，附共有的词。",
            parameters: vec![
                passage(),
                parameters::similar(SIMILAR_MOST, SIMILAR_DEFAULT),
            ],
            names_one: true,
            answers: vec![
                json::<SimilarAnswer>(
                    "相近的段落。",
                    example!("/api/v1/passages/{id}/similar?limit=1", "similar"),
                ),
                unchanged(),
            ],
            ..Operation::new(
                "get",
                "/api/v1/passages/{id}/similar",
                "similar",
                "passages",
                "相近的段落",
            )
        },
        Operation {
            description: "索引中的报告，按语料的次序。",
            parameters: parameters::pages(MAX_REPORTS, MAX_PER_PAGE),
            answers: vec![listed, unchanged()],
            ..Operation::new("get", "/api/v1/reports", "reports", "reports", "列出报告")
        },
        Operation {
            description: "报告及其各段，按原文的次序。",
            parameters: vec![report()],
            names_one: true,
            answers: vec![
                json::<ReportWithPassages>("报告。", example!("/api/v1/reports/{id}", "report")),
                unchanged(),
            ],
            ..Operation::new(
                "get",
                "/api/v1/reports/{id}",
                "report",
                "reports",
                "读一个报告",
            )
        },
    ]
}
