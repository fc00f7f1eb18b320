//! What readers do: told by pages and programs, and counted for whoever looks after the service.

use schemars::JsonSchema;
use serde_json::json;

use super::{Answer, Body, Operation, admin, plain};
use crate::http::openapi::parameters;
use crate::http::openapi::schemas::{of, text};
use crate::http::wire::AnalyticsAnswer;

/// What a reader did.
#[derive(JsonSchema)]
#[schemars(tag = "type", rename_all = "lowercase", deny_unknown_fields)]
#[expect(dead_code, reason = "it only says what is told")]
enum EventTold {
    /// 点选了一个段落。
    Click {
        /// 检索词，照读者所输入的；浏览时可为空。
        #[schemars(length(max = 200))]
        query: String,
        /// 段落编号。
        #[schemars(length(min = 1, max = 300))]
        id: String,
        /// 段落在全部结果中的位置，从 1 起。
        #[schemars(range(min = 1, max = 10_000))]
        rank: u32,
    },
    /// 检索了一次，而检索本身没有计数（`analytics=false`，或由别处回答）。
    Search {
        /// 检索词，照读者所输入的。
        #[schemars(length(min = 1, max = 200))]
        query: String,
        /// 结果数。
        #[schemars(range(max = 1_000_000_000))]
        total: u64,
    },
}

pub(super) fn all() -> Vec<Operation> {
    let mut counts = plain(
        "application/json",
        "各天的合计、查得最多的词、没有结果的词、点得最多的段落。",
        of::<AnalyticsAnswer>,
    );
    counts.content.push(("text/csv", text));
    vec![
        Operation {
            description: "上报读者的点选，或没有由本服务计数的检索。正文是 JSON，类型不限（sendBeacon 只能发 text/plain）。只累加计数，不存地址、密钥和时刻；统计关闭时，或请求带 DNT、Sec-GPC 时照样回答 204，但不计。",
            body: Some(Body {
                schema: of::<EventTold>,
                example: json!({
                    "type": "search",
                    "query": "教师交流轮岗",
                    "total": 12,
                }),
                also: Vec::new(),
            }),
            answers: vec![Answer {
                status: 204,
                description: "已收到。",
                content: Vec::new(),
                headers: Vec::new(),
                example: None,
            }],
            ..Operation::new(
                "post",
                "/api/v1/events",
                "tellEvent",
                "analytics",
                "上报点选",
            )
        },
        admin(Operation {
            description: "一段时间的检索统计：各天的合计、查得最多的词、没有结果的词、点得最多的段落。",
            parameters: parameters::analytics(),
            conflicts: true,
            answers: vec![counts],
            ..Operation::new(
                "get",
                "/api/v1/analytics",
                "analytics",
                "analytics",
                "检索统计",
            )
        }),
    ]
}
