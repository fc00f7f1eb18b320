//! What feed readers, browsers, crawlers and assistants find the service by.

use super::{Answer, ETAG, Operation, plain, public, unchanged};
use crate::http::openapi::parameters;
use crate::http::openapi::schemas::{object, suggestions, text, xml};
use crate::http::state::State;

/// Of these, all that show reports are made for the key at hand.
pub(super) fn all(state: &State) -> Vec<Operation> {
    let kept = |answer: Answer| Answer {
        headers: vec![ETAG],
        ..answer
    };
    let map = || {
        let map = plain("application/xml", "站点地图（sitemaps.org）。", xml);
        vec![kept(map), unchanged()]
    };
    vec![
        Operation {
            description: "命中的段落作为订阅源，新的在前，逐页相连（RFC 4287、5005）。",
            parameters: parameters::feed(state),
            answers: vec![
                kept(plain("application/atom+xml", "订阅源。", xml)),
                unchanged(),
            ],
            ..Operation::new("get", "/feed.atom", "feed", "machines", "订阅检索")
        },
        Operation {
            description: "浏览器地址栏的补全：输入的字、各条补全、各是什么、各自的页面。",
            parameters: parameters::suggest(),
            answers: vec![
                kept(plain(
                    "application/x-suggestions+json",
                    "补全。",
                    suggestions,
                )),
                unchanged(),
            ],
            ..Operation::new(
                "get",
                "/opensearch/suggest",
                "browserSuggest",
                "machines",
                "地址栏的补全",
            )
        },
        public(Operation {
            description: "浏览器由此把它作为搜索引擎（OpenSearch 1.1）。",
            answers: vec![plain(
                "application/opensearchdescription+xml",
                "说明。",
                xml,
            )],
            ..Operation::new(
                "get",
                "/opensearch.xml",
                "opensearch",
                "machines",
                "搜索引擎的说明",
            )
        }),
        Operation {
            description: "全部段落和报告的页面；多于一个文件所能容的，列出各个文件。",
            answers: map(),
            ..Operation::new("get", "/sitemap.xml", "sitemap", "machines", "站点地图")
        },
        Operation {
            description: "站点地图的一个文件，从 1 数起。",
            parameters: vec![parameters::path("number", "第几个文件。")],
            names_one: true,
            answers: map(),
            ..Operation::new(
                "get",
                "/sitemap/{number}.xml",
                "sitemapPart",
                "machines",
                "站点地图的一部分",
            )
        },
        public(Operation {
            description: "爬虫可以读什么，站点地图在哪里。",
            answers: vec![plain("text/plain", "规则。", text)],
            ..Operation::new("get", "/robots.txt", "robots", "machines", "给爬虫的规则")
        }),
        public(Operation {
            description: "给语言模型的说明：有什么，怎样问，从哪里连（MCP 在 /mcp）。",
            answers: vec![plain("text/plain", "说明。", text)],
            ..Operation::new("get", "/llms.txt", "llms", "machines", "给模型的说明")
        }),
        public(Operation {
            description: "嵌入用的组件有哪些版本，各自的地址和校验值。",
            answers: vec![plain("application/json", "各个版本。", object)],
            ..Operation::new(
                "get",
                "/embed/manifest.json",
                "widgets",
                "machines",
                "组件的版本",
            )
        }),
    ]
}
