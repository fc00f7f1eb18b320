//! `GET /api/v1/openapi.json`: the API described by the `OpenAPI` 3.1 rules, and `GET /api/docs`, the same to read.
//!
//! Answers are described by their wire types themselves, so that a field cannot be sent and not be
//! described; ranges come from the constants that requests are checked with. Schemas are made by
//! schemars, whose JSON Schema is that of `OpenAPI` 3.1 and which tells what is always sent from what
//! is left out; the operations are listed here. Whatever can be had by `GET` can be asked for by
//! `HEAD`, so that is derived. Examples are real answers over the project's corpus.
//!
//! Invariants: every route of the API is described and nothing else, examples are what the service
//! answers (`tests/openapi.rs`); no answer breaks its schema (schemathesis, in `.ci/run`).

mod operations;
mod page;
mod parameters;
mod schemas;

use actix_web::http::header::{self, EntityTag};
use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::{Map, Value, json};

use super::api::resource;
use super::caching;
use super::state::State;
use operations::{Answer, Operation, operations};

/// How long the description may be used unasked.
const AGE: &str = "public, max-age=300";

/// Adds the routes.
pub(super) fn routes(config: &mut web::ServiceConfig) {
    config
        .service(resource("/api/v1/openapi.json", |route| {
            route.to(description)
        }))
        .service(resource("/api/docs", |route| route.to(docs)));
}

async fn description(http: HttpRequest, state: web::Data<State>) -> HttpResponse {
    answered(&http, "application/json", document(&state).to_string())
}

async fn docs(http: HttpRequest, state: web::Data<State>) -> HttpResponse {
    let mut answer = answered(
        &http,
        "text/html; charset=utf-8",
        page::page(&document(&state)),
    );
    answer.headers_mut().insert(
        header::CONTENT_SECURITY_POLICY,
        header::HeaderValue::from_static(
            "default-src 'none'; style-src 'self'; img-src 'self' data:; base-uri 'none'; \
             form-action 'none'; frame-ancestors 'self'",
        ),
    );
    answer
}

fn answered(http: &HttpRequest, kind: &'static str, body: String) -> HttpResponse {
    let digest = blake3::hash(body.as_bytes()).to_hex();
    let tag = EntityTag::new_weak(digest.chars().take(16).collect());
    if let Some(unchanged) = caching::not_modified(http, &tag) {
        return unchanged;
    }
    HttpResponse::Ok()
        .content_type(kind)
        .insert_header((header::CACHE_CONTROL, AGE))
        .insert_header(header::ETag(tag))
        .body(body)
}

/// The whole description.
fn document(state: &State) -> Value {
    let mut schemas = schemas::Schemas::default();
    let mut paths: Map<String, Value> = Map::new();
    for operation in operations(state) {
        let described = described(&operation, &mut schemas);
        let path = paths.entry(operation.path).or_insert_with(|| json!({}));
        if let Some(path) = path.as_object_mut() {
            if operation.method == "get" {
                path.insert("head".to_owned(), head(&described));
            }
            path.insert(operation.method.to_owned(), described);
        }
    }
    schemas.add_problem();
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Cesou 策搜",
            "version": env!("CARGO_PKG_VERSION"),
            "summary": "中文区域报告全文检索",
            "description": "检索各地报告的举措段落：全文检索、分面计数、相近段落、导出。\
                出错时的回答是 RFC 9457 的 problem details，code 固定不变，detail 是中文说明。",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "tags": operations::TAGS.map(|(name, shown, description)| {
            json!({"name": name, "x-displayName": shown, "description": description})
        }),
        "paths": paths,
        "components": {
            "schemas": schemas.all(),
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer", "description": "Authorization: Bearer 密钥"},
                "header": {"type": "apiKey", "in": "header", "name": "X-API-Key", "description": "与 Authorization 任取其一"},
            },
        },
    })
}

fn described(operation: &Operation, schemas: &mut schemas::Schemas) -> Value {
    let mut responses = Map::new();
    for answer in &operation.answers {
        let (status, response) = response(answer, schemas);
        responses.insert(status, response);
    }
    for &(status, codes) in operation.refusals() {
        responses.insert(status.to_string(), schemas::refusal(status, codes));
    }
    let mut described = json!({
        "operationId": operation.id,
        "tags": [operation.tag],
        "summary": operation.summary,
        "description": operation.description,
        "parameters": operation.parameters,
        "responses": responses,
        "security": match operation.action {
            // Whether a key is needed is for the operator to say.
            Some(crate::key::Action::Search) => json!([{}, {"bearer": []}, {"header": []}]),
            Some(_) => json!([{"bearer": []}, {"header": []}]),
            None => json!([]),
        },
    });
    if let (Some(body), Some(described)) = (&operation.body, described.as_object_mut()) {
        let mut content = Map::new();
        let media = json!({"schema": schemas.of_body(body.schema), "example": body.example});
        content.insert("application/json".to_owned(), media);
        for &(kind, schema) in &body.also {
            content.insert(kind.to_owned(), json!({"schema": schemas.of_body(schema)}));
        }
        let body = json!({"required": true, "content": content});
        described.insert("requestBody".to_owned(), body);
    }
    described
}

/// What is read by `get`, asked for without its body.
fn head(get: &Value) -> Value {
    let mut head = get.clone();
    let id = get["operationId"].as_str().unwrap_or_default();
    head["operationId"] = json!(format!("{id}Head"));
    head["description"] = json!("与 GET 相同，只是没有正文。");
    for (_, response) in head["responses"].as_object_mut().into_iter().flatten() {
        if let Some(response) = response.as_object_mut() {
            response.remove("content");
        }
    }
    head
}

fn response(answer: &Answer, schemas: &mut schemas::Schemas) -> (String, Value) {
    let mut response = json!({"description": answer.description});
    let mut content = Map::new();
    for &(kind, schema) in &answer.content {
        let mut media = json!({"schema": schemas.of(schema)});
        if let (Some(example), Some(media)) = (&answer.example, media.as_object_mut())
            && kind == "application/json"
        {
            media.insert(
                "examples".to_owned(),
                json!({"real": {"summary": example.request, "value": example.value()}}),
            );
        }
        content.insert(kind.to_owned(), media);
    }
    if let Some(response) = response.as_object_mut() {
        if !content.is_empty() {
            response.insert("content".to_owned(), content.into());
        }
        let headers: Map<String, Value> = answer
            .headers
            .iter()
            .map(|&(name, description)| {
                let header = json!({"description": description, "schema": {"type": "string"}});
                (name.to_owned(), header)
            })
            .collect();
        if !headers.is_empty() {
            response.insert("headers".to_owned(), headers.into());
        }
    }
    (answer.status.to_string(), response)
}
