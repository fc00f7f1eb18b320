//! Reports that are sent, in the forms they may be sent in, and the tasks they become.

use schemars::generate::SchemaGenerator;
use schemars::{JsonSchema, Schema, json_schema};
use serde_json::{Map, json};

use super::{Answer, Body, Operation, json};
use crate::http::api::{FILES, LINES};
use crate::http::openapi::parameters;
use crate::http::openapi::schemas::{Of, of, text};
use crate::http::wire::{TaskAnswer, TasksAnswer};
use crate::key::Action;

const FORM: &str = "multipart/form-data";

/// A report that is sent.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "it only says what a report looks like")]
struct ReportSent {
    /// 正文。
    #[schemars(length(min = 1))]
    text: String,
    /// 标题；缺省取自正文。
    title: Option<String>,
    /// 地区名或六位区划代码；缺省取自标题、发文机关或文号。
    region: Option<String>,
    /// 发文机关。
    issuer: Option<String>,
    /// 文号。
    document_number: Option<String>,
    /// 日期。
    date: Option<String>,
    /// 年份。
    year: Option<u16>,
    /// 原文的网址。
    url: Option<String>,
    /// 文件名。
    name: Option<String>,
}

/// One of several reports that are sent, or withdrawn.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "it only says what a change looks like")]
struct ReportChange {
    /// 报告的 id，1–128 个英文字母、数字、- 或 _。
    #[schemars(length(min = 1, max = 128))]
    id: String,
    /// true 表示撤回这个报告。
    #[schemars(default)]
    deleted: bool,
    /// 正文；撤回时不需要。
    text: Option<String>,
    /// 标题；缺省取自正文。
    title: Option<String>,
    /// 地区名或六位区划代码。
    region: Option<String>,
    /// 发文机关。
    issuer: Option<String>,
    /// 文号。
    document_number: Option<String>,
    /// 日期。
    date: Option<String>,
    /// 年份。
    year: Option<u16>,
    /// 原文的网址。
    url: Option<String>,
}

/// A file in a form.
fn file(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "string",
        "format": "binary",
        "contentMediaType": "application/octet-stream",
    })
}

/// A form with the file of a report, and what may be said of it in the address as well.
fn form(generator: &mut SchemaGenerator) -> Schema {
    let mut fields = Map::new();
    fields.insert("file".to_owned(), file(generator).to_value());
    for mut told in parameters::told() {
        let mut field = told["schema"].take();
        field["description"] = told["description"].take();
        fields.insert(told["name"].as_str().unwrap_or_default().to_owned(), field);
    }
    json_schema!({
        "type": "object",
        "required": ["file"],
        "properties": fields,
        "additionalProperties": false,
        "description": "一个文件，和关于它的说明。",
    })
}

/// A form of files, each a report.
fn forms(generator: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "object",
        "minProperties": 1,
        "propertyNames": {"pattern": "^[A-Za-z0-9_-]{1,128}$"},
        "properties": {
            "files": {
                "type": "array",
                "items": file(generator),
                "minItems": 1,
                "description": "文件；id 由文件名得出，同名的是同一份报告。",
            },
        },
        "additionalProperties": file(generator),
        "description": "每项一个文件；项的名字就是报告的 id。",
    })
}

pub(super) fn all() -> Vec<Operation> {
    let write = |operation: Operation| Operation {
        action: Some(Action::Write),
        ..operation
    };
    let task = |status, description, example| Answer {
        status,
        headers: vec![("Location", "任务的地址。")],
        ..json::<TaskAnswer>(description, example)
    };
    let tasks = |example| {
        let taken = "已收入索引，或没有收成；只在等到结束时有。";
        vec![
            task(200, taken, example),
            task(202, "已存妥，收入索引的任务在排队。", None),
        ]
    };
    let report = || parameters::path("id", "报告的 id，1–128 个英文字母、数字、- 或 _。");
    let files = FILES.map(|(kind, _)| (kind, text as Of));
    let listed = LINES.map(|kind| (kind, text as Of));
    vec![
        write(Operation {
            description: "写入一个报告，已有的被替换。正文可以是 JSON，也可以是文件或带一个文件的表单；先落盘，后回答。",
            parameters: [vec![report(), parameters::wait()], parameters::told()].concat(),
            body: Some(Body {
                schema: of::<ReportSent>,
                example: json!({
                    "title": "山西省晋中市:全市一盘棋",
                    "text": "晋中市推进教师交流。\n\n一、加强领导。建立联席会议制度。\n",
                    "date": "2016-11-24",
                }),
                also: files.into_iter().chain([(FORM, form as Of)]).collect(),
            }),
            answers: tasks(example!(
                "PUT /api/v1/reports/jinzhong-2016?wait=60s",
                "putReport"
            )),
            ..Operation::new(
                "put",
                "/api/v1/reports/{id}",
                "putReport",
                "tasks",
                "写入一个报告",
            )
        }),
        write(Operation {
            description: "撤回一个写入的报告；来自文件的报告不在此列。",
            parameters: vec![report(), parameters::wait()],
            answers: tasks(None),
            ..Operation::new(
                "delete",
                "/api/v1/reports/{id}",
                "deleteReport",
                "tasks",
                "撤回一个报告",
            )
        }),
        write(Operation {
            description: "写入或撤回许多报告：JSON 数组，或每行一个 JSON 对象，或许多文件的表单。有一处不对就全部不收。",
            parameters: vec![parameters::wait()],
            body: Some(Body {
                schema: of::<Vec<ReportChange>>,
                example: json!([
                    {"id": "jinzhong-2016", "title": "山西省晋中市:全市一盘棋", "text": "一、加强领导。建立联席会议制度。"},
                    {"id": "jinzhong-2015", "deleted": true},
                ]),
                also: listed.into_iter().chain([(FORM, forms as Of)]).collect(),
            }),
            answers: tasks(None),
            ..Operation::new(
                "post",
                "/api/v1/reports",
                "bulkReports",
                "tasks",
                "写入许多报告",
            )
        }),
        write(Operation {
            description: "写入和撤回的任务，新的在前。",
            parameters: parameters::tasks(),
            answers: vec![Answer {
                headers: Vec::new(),
                ..json::<TasksAnswer>("任务。", example!("/api/v1/tasks", "tasks"))
            }],
            ..Operation::new("get", "/api/v1/tasks", "tasks", "tasks", "列出任务")
        }),
        write(Operation {
            description: "一个任务进行到哪里，结果如何。",
            parameters: vec![parameters::path("id", "任务的编号。"), parameters::wait()],
            answers: vec![Answer {
                headers: Vec::new(),
                ..json::<TaskAnswer>("任务。", example!("/api/v1/tasks/{id}", "task"))
            }],
            ..Operation::new("get", "/api/v1/tasks/{id}", "task", "tasks", "查看任务")
        }),
    ]
}
