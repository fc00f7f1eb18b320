//! Searches, counts, comparisons, exports and completions.

use super::{Answer, LINK, Operation, json, unchanged};
use crate::http::openapi::parameters;
use crate::http::openapi::schemas::{Of, text};
use crate::http::state::State;
use crate::http::wire::{CompareAnswer, MatrixAnswer, SearchAnswer, SuggestAnswer};

pub(super) fn all(state: &State) -> Vec<Operation> {
    vec![search(state), matrix(), compare(), export(), suggest()]
}

fn search(state: &State) -> Operation {
    let mut answer = json::<SearchAnswer>(
        "命中的段落和计数。",
        example!(
            "/api/v1/search?q=教师交流轮岗&per_page=1&facets=kind",
            "search"
        ),
    );
    answer.headers.push(LINK);
    Operation {
        description: "按相关程度排列的段落，每条带有摘录和高亮，并按项计数。",
        parameters: parameters::paged(state),
        answers: vec![answer, unchanged()],
        ..Operation::new("get", "/api/v1/search", "search", "search", "检索段落")
    }
}

fn matrix() -> Operation {
    Operation {
        description: "命中的段落按两项交叉计数，如各省各主题；每格都等于相应筛选的检索所得。",
        parameters: parameters::matrix(),
        answers: vec![
            json::<MatrixAnswer>(
                "行、列和计数。",
                example!(
                    "/api/v1/matrix?q=教师&rows=kind&cols=theme&cols_limit=2",
                    "matrix"
                ),
            ),
            unchanged(),
        ],
        ..Operation::new(
            "get",
            "/api/v1/matrix",
            "matrix",
            "search",
            "按两项交叉计数",
        )
    }
}

fn compare() -> Operation {
    let mut answer = json::<CompareAnswer>(
        "各方按主题并排的段落。",
        example!(
            "/api/v1/compare?region=河北省&region=江苏省&q=教师交流&limit=1",
            "compare"
        ),
    );
    answer.content.push(("text/csv", text));
    answer.content.push(("text/markdown", text));
    Operation {
        description: "几个地区或报告并排：同一主题下相近的段落对在一行。",
        parameters: parameters::compare(),
        names_one: true,
        answers: vec![answer, unchanged()],
        ..Operation::new(
            "get",
            "/api/v1/compare",
            "compare",
            "search",
            "对比地区或报告",
        )
    }
}

fn export() -> Operation {
    Operation {
        description: "全部命中的段落，作为文件边读边发，次序与检索相同。",
        parameters: parameters::export(),
        answers: vec![Answer {
            status: 200,
            description: "文件。",
            content: vec![
                ("text/csv", text as Of),
                ("application/x-ndjson", text),
                ("text/markdown", text),
            ],
            headers: vec![("Content-Disposition", "文件名。")],
            example: None,
        }],
        ..Operation::new("get", "/api/v1/export", "export", "search", "导出全部命中")
    }
}

fn suggest() -> Operation {
    Operation {
        description: "正在输入的词可能是什么：地区、主题、标题和常用词组，拼音和首字母也可。",
        parameters: parameters::suggest(),
        answers: vec![
            json::<SuggestAnswer>(
                "补全，最可能的在前。",
                example!("/api/v1/suggest?q=jiaoshi&limit=2", "suggest"),
            ),
            unchanged(),
        ],
        ..Operation::new("get", "/api/v1/suggest", "suggest", "search", "输入时补全")
    }
}
