//! What answers look like, read off the wire types.

use schemars::generate::{SchemaGenerator, SchemaSettings};
use schemars::{JsonSchema, Schema};
use serde_json::{Map, Value, json};

/// Gives the schema of one type, and notes those it is made of.
pub(super) type Of = fn(&mut SchemaGenerator) -> Schema;

/// The schemas of all answers and of all bodies.
pub(super) struct Schemas {
    answers: SchemaGenerator,
    bodies: SchemaGenerator,
    more: Map<String, Value>,
}

/// The schema of `T`.
pub(super) fn of<T: JsonSchema>(generator: &mut SchemaGenerator) -> Schema {
    generator.subschema_for::<T>()
}

/// Plain text.
pub(super) fn text(_: &mut SchemaGenerator) -> Schema {
    schemars::json_schema!({"type": "string"})
}

/// XML, whose form is another standard's.
pub(super) fn xml(_: &mut SchemaGenerator) -> Schema {
    schemars::json_schema!({"description": "XML"})
}

/// What was typed, the completions, what each is, where each leads.
pub(super) fn suggestions(_: &mut SchemaGenerator) -> Schema {
    // One after the other they would be `prefixItems`, which makers of clients do not all know.
    let text = json!({"type": "string"});
    schemars::json_schema!({
        "type": "array",
        "items": {"anyOf": [text, {"type": "array", "items": text}]},
        "minItems": 4,
        "maxItems": 4,
    })
}

/// An object of no further form.
pub(super) fn object(_: &mut SchemaGenerator) -> Schema {
    schemars::json_schema!({"type": "object"})
}

impl Default for Schemas {
    fn default() -> Self {
        let settings = || {
            SchemaSettings::draft2020_12().with(|settings| {
                settings.definitions_path = "/components/schemas".into();
                settings.meta_schema = None;
            })
        };
        Self {
            answers: settings().for_serialize().into_generator(),
            bodies: settings().for_deserialize().into_generator(),
            more: Map::new(),
        }
    }
}

impl Schemas {
    pub(super) fn of(&mut self, schema: Of) -> Value {
        schema(&mut self.answers).to_value()
    }

    pub(super) fn of_body(&mut self, schema: Of) -> Value {
        schema(&mut self.bodies).to_value()
    }

    /// Adds what refusals look like.
    pub(super) fn add_problem(&mut self) {
        let text = json!({"type": "string"});
        self.more.insert(
            "Problem".to_owned(),
            json!({
                "type": "object",
                "description": "RFC 9457 的 problem details。",
                "required": ["type", "title", "status", "code", "detail"],
                "properties": {
                    "type": {"type": "string", "const": "about:blank"},
                    "title": text,
                    "status": {"type": "integer", "minimum": 400, "maximum": 599},
                    "code": {"type": "string", "description": "给程序看的代码，固定不变。"},
                    "detail": {"type": "string", "description": "给人看的说明：哪里不对，应如何。"},
                    "parameter": {"type": "string", "description": "有问题的参数。"},
                    "value": {"type": "string", "description": "它的值，至多 100 个字。"},
                    "allowed": {"type": "string", "description": "它应是什么。"},
                    "errors": {"type": "array", "items": {"type": "object"}, "description": "几份报告中不对的各是什么，至多 20 份。"},
                    "action": {"type": "string", "enum": ["search", "write", "admin"], "description": "密钥缺的权限。"},
                },
            }),
        );
    }

    /// All of them, by name.
    pub(super) fn all(mut self) -> Value {
        let mut all = self.more;
        all.extend(self.answers.take_definitions(true));
        all.extend(self.bodies.take_definitions(true));
        all.into()
    }
}

/// A refusal with one of `codes`.
pub(super) fn refusal(status: u16, codes: &[&str]) -> Value {
    let title = match status {
        400 => "请求有误",
        401 => "没有密钥，或密钥无效",
        403 => "密钥不能做这件事",
        404 => "没有找到",
        405 => "这个地址不接受这种请求",
        409 => "与现状不合",
        408 => "正文来得太慢",
        413 => "正文过大",
        415 => "正文的类型不能用",
        507 => "磁盘空间不足，暂不接收写入",
        422 => "检索花费过大",
        429 => "请求过于频繁，Retry-After 说明多久后再试",
        503 => "暂时不能回答，Retry-After 说明多久后再试",
        _ => "服务内部出错",
    };
    json!({
        "description": format!("{title}（{}）", codes.join("、")),
        "content": {"application/problem+json": {
            "schema": {
                "allOf": [
                    {"$ref": "#/components/schemas/Problem"},
                    {"type": "object", "properties": {"code": {"type": "string", "enum": codes}}},
                ],
            },
        }},
    })
}
