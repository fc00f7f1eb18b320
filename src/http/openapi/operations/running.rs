//! How the service stands, and what describes it.

use super::{Answer, ETAG, Operation, admin, plain, public, unchanged};
use crate::http::openapi::schemas::{Of, object, of, text};
use crate::http::wire::{IndexAnswer, Readiness};

pub(super) fn all() -> Vec<Operation> {
    let json = |description, schema: Of, example| Answer {
        example,
        ..plain("application/json", description, schema)
    };
    let ready = |description, example| json(description, of::<Readiness<'static>>, example);
    vec![
        public(Operation {
            description: "进程在运行。",
            answers: vec![json("在运行。", object, example!("/healthz", "healthz"))],
            ..Operation::new("get", "/healthz", "healthz", "service", "是否在运行")
        }),
        public(Operation {
            description: "能够回答检索，从哪一份索引回答，和词表的情况。",
            answers: vec![
                ready("能够回答。", example!("/readyz", "readyz")),
                Answer {
                    status: 503,
                    ..ready("将要停止，请求应改送别处。", None)
                },
            ],
            ..Operation::new("get", "/readyz", "readyz", "service", "能否回答")
        }),
        admin(Operation {
            description: "索引和写入的存储的情况。",
            answers: vec![json(
                "索引的情况。",
                of::<IndexAnswer>,
                example!("/api/v1/index", "index"),
            )],
            ..Operation::new("get", "/api/v1/index", "index", "service", "索引的情况")
        }),
        admin(Operation {
            description: "重建索引；其间照常检索。",
            answers: vec![Answer {
                status: 202,
                headers: vec![("Location", "索引情况的地址。")],
                ..json("已开始。", of::<IndexAnswer>, None)
            }],
            ..Operation::new(
                "post",
                "/api/v1/index/rebuild",
                "rebuild",
                "service",
                "重建索引",
            )
        }),
        public(Operation {
            description: "供 Prometheus 读取的指标。",
            answers: vec![plain("application/openmetrics-text", "指标。", text)],
            ..Operation::new("get", "/metrics", "metrics", "service", "指标")
        }),
        public(Operation {
            description: "这份说明。",
            answers: vec![
                Answer {
                    headers: vec![ETAG],
                    ..json("OpenAPI 3.1 的说明。", object, None)
                },
                unchanged(),
            ],
            ..Operation::new(
                "get",
                "/api/v1/openapi.json",
                "openapi",
                "service",
                "接口说明",
            )
        }),
        public(Operation {
            description: "这份说明，供人阅读；不需要 JavaScript，也不用别处的文件。",
            answers: vec![
                Answer {
                    headers: vec![ETAG],
                    ..plain("text/html", "页面。", text)
                },
                unchanged(),
            ],
            ..Operation::new("get", "/api/docs", "docs", "service", "接口说明的页面")
        }),
    ]
}
