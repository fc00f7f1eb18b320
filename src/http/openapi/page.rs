//! The description of the API as a page to read: whole without JavaScript, from no other host.
//!
//! It is made of the description itself, so that neither can say what the other does not.

use std::fmt::Write;

use serde_json::Value;

use crate::http::assets;

/// The page for this description.
pub(super) fn page(document: &Value) -> String {
    let mut html = String::new();
    let info = &document["info"];
    let title = text(&info["title"]);
    let style = assets::style_path();
    let _ = write!(
        html,
        "<!doctype html>\n<html lang=\"zh-CN\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n<title>{title} 接口说明</title>\n\
         <link rel=\"stylesheet\" href=\"{style}\">\n\
         <link rel=\"icon\" href=\"/assets/icon.svg\">\n</head>\n<body>\n<main>\n\
         <h1>{title} 接口说明</h1>\n<p>{} 版本 {}。程序用的是 \
         <a href=\"/api/v1/openapi.json\">openapi.json</a>（OpenAPI {}）。</p>\n",
        text(&info["description"]),
        text(&info["version"]),
        text(&document["openapi"]),
    );
    contents(document, &mut html);
    for tag in list(&document["tags"]) {
        let name = text(&tag["x-displayName"]);
        let _ = writeln!(
            html,
            "<section>\n<h2>{name}</h2>\n<p>{}</p>",
            text(&tag["description"])
        );
        for (path, method, operation) in operations(document) {
            if list(&operation["tags"]).first() == Some(&tag["name"]) {
                described(path, method, operation, &mut html);
            }
        }
        html.push_str("</section>\n");
    }
    let _ = writeln!(html, "<section>\n<h2>数据的形式</h2>");
    if let Some(schemas) = document["components"]["schemas"].as_object() {
        for (name, schema) in schemas {
            let name = escape(name);
            let _ = writeln!(html, "<h3 id=\"schema-{name}\">{name}</h3>");
            if let Some(description) = schema["description"].as_str() {
                let _ = writeln!(html, "<p>{}</p>", escape(description));
            }
            fields(schema, &mut html);
        }
    }
    html.push_str("</section>\n</main>\n</body>\n</html>\n");
    html
}

fn contents(document: &Value, html: &mut String) {
    html.push_str("<nav aria-label=\"目录\">\n<ul>\n");
    for (path, method, operation) in operations(document) {
        let _ = writeln!(
            html,
            "<li><a href=\"#{}\">{} <code>{} {}</code></a></li>",
            text(&operation["operationId"]),
            text(&operation["summary"]),
            shown(method),
            escape(path)
        );
    }
    html.push_str("</ul>\n</nav>\n");
}

/// What is shown: what can be had by `GET` and by `HEAD` is shown once.
fn operations(document: &Value) -> impl Iterator<Item = (&str, &str, &Value)> {
    let paths = document["paths"].as_object().into_iter().flatten();
    paths.flat_map(|(path, methods)| {
        let methods = methods.as_object().into_iter().flatten();
        methods
            .filter(|(method, _)| *method != "head")
            .map(move |(method, operation)| (path.as_str(), method.as_str(), operation))
    })
}

/// A method for readers.
fn shown(method: &str) -> String {
    match method {
        "get" => "GET、HEAD".to_owned(),
        other => escape(&other.to_uppercase()),
    }
}

fn described(path: &str, method: &str, operation: &Value, html: &mut String) {
    let _ = writeln!(
        html,
        "<article id=\"{}\">\n<h3>{}</h3>\n<p><code>{} {}</code></p>\n<p>{}</p>",
        text(&operation["operationId"]),
        text(&operation["summary"]),
        shown(method),
        escape(path),
        text(&operation["description"])
    );
    let parameters = list(&operation["parameters"]);
    if !parameters.is_empty() {
        html.push_str(
            "<table>\n<thead><tr><th>参数</th><th>是什么</th><th>说明</th></tr></thead>\n<tbody>\n",
        );
        for parameter in parameters {
            let _ = writeln!(
                html,
                "<tr><td><code>{}</code></td><td>{}</td><td>{}</td></tr>",
                text(&parameter["name"]),
                kind(&parameter["schema"]),
                text(&parameter["description"])
            );
        }
        html.push_str("</tbody>\n</table>\n");
    }
    let body = &operation["requestBody"]["content"]["application/json"];
    if body.is_object() {
        let _ = writeln!(html, "<p>正文：{}。例如</p>", kind(&body["schema"]));
        code(&body["example"], html);
    }
    let bodies = operation["requestBody"]["content"].as_object();
    for (media, content) in bodies.into_iter().flatten() {
        if media == "application/json" {
            continue;
        }
        let said = text(&content["schema"]["description"]);
        let colon = if said.is_empty() { "" } else { "：" };
        let media = escape(media);
        let _ = writeln!(html, "<p>也可以是 <code>{media}</code>{colon}{said}</p>");
        fields(&content["schema"], html);
    }
    html.push_str("<dl>\n");
    for (status, response) in operation["responses"].as_object().into_iter().flatten() {
        let _ = write!(
            html,
            "<dt>{}</dt><dd>{}",
            escape(status),
            text(&response["description"])
        );
        for (media, content) in response["content"].as_object().into_iter().flatten() {
            let shown = kind(&content["schema"]);
            let _ = write!(html, " <code>{}</code> {shown}", escape(media));
            let example = &content["examples"]["real"];
            if example.is_object() {
                let _ = write!(
                    html,
                    "<details><summary>例：<code>{}</code></summary>",
                    text(&example["summary"])
                );
                code(&example["value"], html);
                html.push_str("</details>");
            }
        }
        html.push_str("</dd>\n");
    }
    html.push_str("</dl>\n</article>\n");
}

fn fields(schema: &Value, html: &mut String) {
    let Some(properties) = schema["properties"].as_object() else {
        return;
    };
    let required = list(&schema["required"]);
    html.push_str(
        "<table>\n<thead><tr><th>字段</th><th>是什么</th><th>说明</th></tr></thead>\n<tbody>\n",
    );
    for (name, property) in properties {
        let is_always = required.iter().any(|required| required == name);
        let _ = writeln!(
            html,
            "<tr><td><code>{}</code></td><td>{}{}</td><td>{}</td></tr>",
            escape(name),
            kind(property),
            if is_always { "" } else { "，可无" },
            text(&property["description"])
        );
    }
    html.push_str("</tbody>\n</table>\n");
}

/// What a schema allows, in a few words.
fn kind(schema: &Value) -> String {
    if let Some(name) = schema["$ref"].as_str() {
        let name = escape(name.rsplit('/').next().unwrap_or_default());
        return format!("<a href=\"#schema-{name}\">{name}</a>");
    }
    for joined in ["anyOf", "oneOf", "allOf"] {
        let parts = list(&schema[joined]);
        if let Some(first) = parts.first() {
            return match parts.iter().find(|part| part["type"] == "null") {
                Some(_) => format!("{}，可为 null", kind(first)),
                None => kind(first),
            };
        }
    }
    if let Some(values) = schema["enum"].as_array() {
        let values = values.iter().map(|value| match value {
            Value::String(value) => format!("<code>{}</code>", escape(value)),
            other => format!("<code>{}</code>", escape(&other.to_string())),
        });
        return values.collect::<Vec<_>>().join("、");
    }
    let one = |name: &str| match name {
        "string" => "文字".to_owned(),
        "boolean" => "<code>true</code> 或 <code>false</code>".to_owned(),
        "integer" | "number" => {
            let whole = if name == "integer" { "整数" } else { "数" };
            match (schema["minimum"].as_u64(), schema["maximum"].as_u64()) {
                (Some(least), Some(most)) => format!("{whole} {least}–{most}"),
                _ => whole.to_owned(),
            }
        }
        "array" => format!("{} 的列表", kind(&schema["items"])),
        "object" => "对象".to_owned(),
        _ => "null".to_owned(),
    };
    let mut shown = match &schema["type"] {
        Value::String(name) => one(name),
        Value::Array(names) => {
            let names = names.iter().filter_map(Value::as_str);
            let shown: Vec<String> = names.map(one).collect();
            shown.join(" 或 ")
        }
        _ => "任何值".to_owned(),
    };
    if !schema["default"].is_null() {
        let _ = write!(shown, "，缺省 {}", escape(&plain(&schema["default"])));
    }
    shown
}

fn code(value: &Value, html: &mut String) {
    let pretty = serde_json::to_string_pretty(value).unwrap_or_default();
    let _ = writeln!(
        html,
        "<pre tabindex=\"0\"><code>{}</code></pre>",
        escape(&pretty)
    );
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn text(value: &Value) -> String {
    escape(value.as_str().unwrap_or_default())
}

/// Text that is to be no markup.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            c => escaped.push(c),
        }
    }
    escaped
}
