//! Keys: how one is wished for, and what is told of them.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde_json::json;

use super::{Answer, Body, Operation, admin, json};
use crate::http::openapi::parameters;
use crate::http::openapi::schemas::of;
use crate::http::wire::{KeyAnswer, KeyCreated, KeysAnswer};

/// What a key may be used for.
#[derive(JsonSchema)]
#[schemars(rename_all = "lowercase")]
#[expect(dead_code, reason = "it only says what a wish looks like")]
enum ActionWish {
    Search,
    Write,
    Admin,
}

/// A key that is wished for.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[expect(dead_code, reason = "it only says what a wish looks like")]
struct KeyWish {
    /// 用途，供辨认。
    #[schemars(length(min = 1, max = 100))]
    name: String,
    /// 其他说明。
    #[schemars(default)]
    description: Option<String>,
    /// 权限；空的为 search。
    #[schemars(default)]
    actions: Vec<ActionWish>,
    /// 允许使用它的网站，如 `https://www.example.org`；空的不限。
    #[schemars(default, length(max = 100))]
    origins: Vec<String>,
    /// 允许写入的报告 id 的开头；空的不限。
    #[schemars(default, length(max = 100))]
    prefixes: Vec<String>,
    /// 检索总是受此筛选，按项给出值；空的不限。
    #[schemars(default)]
    filters: BTreeMap<String, Vec<String>>,
    /// 失效的日期（当地零时起）或时刻；缺省不过期。
    #[schemars(default)]
    expires: Option<String>,
    /// 每秒请求数的上限。
    #[schemars(default, range(min = 1, max = 100_000))]
    rate: Option<u32>,
    /// 停歇后一次可连发的请求数；缺省与 rate 相同。
    #[schemars(default, range(min = 1, max = 100_000))]
    burst: Option<u32>,
}

pub(super) fn all() -> Vec<Operation> {
    let private = |mut answer: Answer| {
        answer.headers.clear();
        answer
    };
    let id = || parameters::path("id", "密钥的 id，不是密钥本身。");
    vec![
        admin(Operation {
            description: "全部密钥，不含密钥本身，已吊销的也在内。",
            answers: vec![private(json::<KeysAnswer>(
                "全部密钥。",
                example!("/api/v1/keys", "listKeys"),
            ))],
            ..Operation::new("get", "/api/v1/keys", "listKeys", "keys", "列出密钥")
        }),
        admin(Operation {
            description: "建立一把密钥。密钥本身只在这次回答中给出。",
            body: Some(Body {
                schema: of::<KeyWish>,
                example: json!({
                    "name": "学会网站",
                    "actions": ["search"],
                    "origins": ["https://www.example.org"],
                    "rate": 20,
                }),
                also: Vec::new(),
            }),
            answers: vec![Answer {
                status: 201,
                headers: vec![("Location", "这把密钥的地址。")],
                ..json::<KeyCreated>("建立的密钥。", example!("POST /api/v1/keys", "createKey"))
            }],
            ..Operation::new("post", "/api/v1/keys", "createKey", "keys", "建立密钥")
        }),
        admin(Operation {
            description: "一把密钥的情况，不含密钥本身。",
            parameters: vec![id()],
            names_one: true,
            answers: vec![private(json::<KeyAnswer>(
                "密钥。",
                example!("/api/v1/keys/{id}", "readKey"),
            ))],
            ..Operation::new("get", "/api/v1/keys/{id}", "readKey", "keys", "查看密钥")
        }),
        admin(Operation {
            description: "吊销一把密钥，立即生效，不能恢复。",
            parameters: vec![id()],
            names_one: true,
            conflicts: true,
            answers: vec![Answer {
                status: 204,
                description: "已吊销。",
                content: Vec::new(),
                headers: Vec::new(),
                example: None,
            }],
            ..Operation::new(
                "delete",
                "/api/v1/keys/{id}",
                "revokeKey",
                "keys",
                "吊销密钥",
            )
        }),
    ]
}
