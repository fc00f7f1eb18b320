//! Bodies of requests that write, and the reports in them.
//!
//! A body is read as it comes: what is small stays in memory, what is not goes to a file without a
//! name on the store's disk. It is looked at as a whole before anything of it is stored, so that one
//! with a mistake in its last line changes nothing, and the refusal names every line that is wrong,
//! or the first of them.

use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write as _};

use actix_web::HttpRequest;
use actix_web::dev::{Decompress, Payload};
use actix_web::error::PayloadError;
use actix_web::http::header;
use futures_util::{Stream, StreamExt};
use serde_json::{Map, Value};
use tempfile::{SpooledTempFile, spooled_tempfile_in};

use super::intake::{Taking, off, shortened};
use super::problem::{Fault, Problem};
use crate::corpus::{self, Given, Record, Uploaded};
use crate::store::{Content, Write};

/// Bytes of a body that are kept in memory.
const IN_MEMORY: usize = 4 << 20;
/// Bytes that are written to a file at once.
const CHUNK: usize = 1 << 20;
/// The largest body that must be held in memory as a whole, in bytes.
const MAX_JSON: u64 = 64 << 20;
/// The most that is remembered of a body from looking at it, in bytes of text.
const REMEMBERED: u64 = 32 << 20;
/// Mistakes that a refusal names.
const NAMED: usize = 20;
/// Changes that are stored at once, and their bytes.
pub(super) const BATCH: usize = 1000;
pub(super) const BATCH_BYTES: usize = 8 << 20;
/// Compressions that a body may have.
const ENCODINGS: [&str; 4] = ["identity", "gzip", "deflate", "br"];

/// Takes an object of a list, with its place in it.
type Take<'a> = dyn FnMut(usize, Result<Map<String, Value>, Mistake>) -> Result<(), Problem> + 'a;

/// A body that has come whole.
pub(super) struct Body(SpooledTempFile);

/// How the reports of a body stand in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Listing {
    /// One JSON object a line.
    Lines,
    /// A JSON array of objects, or one of them.
    Array,
}

/// What a body asks for, looked at as a whole.
pub(super) struct Checked {
    body: Body,
    listing: Listing,
    /// All changes of it, where they are few.
    remembered: Option<Vec<Write>>,
}

impl Body {
    /// Reads a body of at most `most` bytes.
    pub(super) async fn receive(
        http: &HttpRequest,
        payload: Payload,
        most: u64,
        taking: &Taking,
    ) -> Result<Self, Problem> {
        let headers = http.headers();
        if let Some(encoding) = headers.get(header::CONTENT_ENCODING) {
            let named = encoding.to_str().unwrap_or_default();
            if !ENCODINGS.contains(&named.to_ascii_lowercase().as_str()) {
                return Err(Problem::UnsupportedType {
                    given: format!("Content-Encoding: {}", shortened(named)),
                    allowed: "gzip、deflate、br 或不压缩".to_owned(),
                });
            }
        }
        let length = headers
            .get(header::CONTENT_LENGTH)
            .and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
        if length.is_some_and(|length| length > most) {
            return Err(too_large(most));
        }
        let unpacked = Decompress::from_headers(payload, headers);
        Self::collect(unpacked, most, taking).await
    }

    /// Reads what comes, at most `most` bytes of it.
    pub(super) async fn collect<E: Into<PayloadError>>(
        stream: impl Stream<Item = Result<actix_web::web::Bytes, E>>,
        most: u64,
        taking: &Taking,
    ) -> Result<Self, Problem> {
        let mut stream = std::pin::pin!(stream);
        let mut file = spooled_tempfile_in(IN_MEMORY, taking.folder());
        let mut total = 0;
        let mut waiting = Vec::new();
        while let Some(chunk) = stream.next().await {
            let chunk = chunk.map_err(|error| unread(&error.into(), most))?;
            total += chunk.len() as u64;
            if total > most {
                return Err(too_large(most));
            }
            waiting.extend_from_slice(&chunk);
            if waiting.len() >= CHUNK {
                // Bodies that wait on the disk must not fill it either.
                taking.store.check_room(CHUNK as u64)?;
                let bytes = std::mem::take(&mut waiting);
                file = off(move || put(file, &bytes)).await?;
            }
        }
        // Memory, most often; at most a chunk where it is not.
        let file = put(file, &waiting)?;
        Ok(Self(file))
    }

    /// From its beginning.
    fn reader(&mut self) -> Result<impl BufRead + '_, Problem> {
        self.0
            .seek(SeekFrom::Start(0))
            .map_err(|error| lost(&error))?;
        Ok(BufReader::with_capacity(64 << 10, &mut self.0))
    }

    /// All of it as text; what is none becomes U+FFFD.
    pub(super) fn text(&mut self) -> Result<String, Problem> {
        Ok(String::from_utf8_lossy(&self.bytes()?).into_owned())
    }

    /// All of it.
    fn bytes(&mut self) -> Result<Vec<u8>, Problem> {
        let mut bytes = Vec::new();
        let read = self.reader()?.read_to_end(&mut bytes);
        read.map_err(|error| lost(&error))?;
        Ok(bytes)
    }

    /// The report of an uploaded file that is called `name`.
    pub(super) fn file(&mut self, name: &str, taking: &Taking) -> Result<Uploaded, Problem> {
        let rewound = self.0.seek(SeekFrom::Start(0));
        rewound.map_err(|error| lost(&error))?;
        corpus::uploaded(name, &mut self.0, &taking.limits).map_err(|why| Problem::BadFile { why })
    }

    /// The report in a JSON object.
    pub(super) fn object(&mut self) -> Result<Record, Problem> {
        let bytes = self.bytes()?;
        let value: Value = serde_json::from_slice(&bytes).map_err(|error| Problem::BadBody {
            why: format!("应为 JSON 对象，正文在 text 字段（{error}）"),
        })?;
        match value {
            Value::Object(table) => Ok(Record::of(&table)),
            _ => Err(Problem::BadBody {
                why: "应为一个 JSON 对象，正文在 text 字段；多份报告请 POST 到 /api/v1/reports"
                    .to_owned(),
            }),
        }
    }

    /// Looks at all of it. `check` refuses ids.
    pub(super) fn check(
        mut self,
        listing: Listing,
        taking: &Taking,
        check: &dyn Fn(&str) -> Result<(), Problem>,
    ) -> Result<Checked, Problem> {
        let mut count = 0;
        let mut faults = Vec::new();
        let mut wrong = 0;
        let mut bytes = 0;
        let mut remembered = Some(Vec::new());
        self.each(listing, taking, &mut |line, object| {
            count += 1;
            if count > taking.max_reports {
                return Err(Problem::TooManyReports {
                    most: taking.max_reports,
                });
            }
            let checked = object.and_then(|object| {
                let write = change(&object, taking.max_report)?;
                check(write.id()).map_err(|problem| match problem {
                    // What a key may not do is no mistake of the body.
                    Problem::ReportNotAllowed { .. } => Mistake::Refused(problem),
                    other => Mistake::of(write.id(), other.to_string()),
                })?;
                Ok(write)
            });
            match checked {
                Ok(write) => {
                    bytes += size(&write);
                    if bytes as u64 > REMEMBERED {
                        remembered = None;
                    }
                    if let Some(remembered) = &mut remembered {
                        remembered.push(write);
                    }
                }
                Err(Mistake::Refused(problem)) => return Err(problem),
                Err(Mistake::Wrong { id, why }) => {
                    wrong += 1;
                    if faults.len() < NAMED {
                        faults.push(Fault { line, id, why });
                    }
                }
            }
            Ok(())
        })?;
        if wrong > 0 {
            return Err(Problem::BadReports {
                faults,
                faulty: wrong,
            });
        }
        if count == 0 {
            return Err(Problem::BadBody {
                why: "里面没有报告".to_owned(),
            });
        }
        Ok(Checked {
            body: self,
            listing,
            remembered,
        })
    }

    /// Gives each object to `take`, with its line, or its place in the array, from 1.
    fn each(
        &mut self,
        listing: Listing,
        taking: &Taking,
        take: &mut Take<'_>,
    ) -> Result<(), Problem> {
        match listing {
            Listing::Lines => {
                // Text may be twice as long in JSON, and there are other fields.
                let most = taking.max_report.saturating_mul(2).saturating_add(64 << 10);
                let mut reader = self.reader()?;
                let mut line = Vec::new();
                for number in 1.. {
                    line.clear();
                    let read = reader.by_ref().take(most + 1).read_until(b'\n', &mut line);
                    if read.map_err(|error| lost(&error))? == 0 {
                        return Ok(());
                    }
                    if line.len() as u64 > most {
                        return Err(Problem::ReportTooLarge {
                            why: format!(
                                "第 {number} 行超过一份报告的上限 {} MB；请拆成几份，或调高 store.max_report_mb",
                                taking.max_report >> 20
                            ),
                        });
                    }
                    let content = line.trim_ascii();
                    // A mark of the byte order is nothing to anyone.
                    let content = content.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(content);
                    if content.is_empty() {
                        continue;
                    }
                    let object = serde_json::from_slice(content);
                    let object = object.map_err(|error| Mistake::anonymous(not_an_object(&error)));
                    take(number, object)?;
                }
                Ok(())
            }
            Listing::Array => {
                let bytes = self.bytes()?;
                let value: Value =
                    serde_json::from_slice(&bytes).map_err(|error| Problem::BadBody {
                        why: format!(
                            "应为 JSON 数组，每份报告一个对象（{error}）；或以 application/x-ndjson 每行一个对象"
                        ),
                    })?;
                let values = match value {
                    Value::Array(values) => values,
                    one => vec![one],
                };
                for (number, value) in (1..).zip(values) {
                    let object = match value {
                        Value::Object(object) => Ok(object),
                        _ => Err(Mistake::anonymous("不是 JSON 对象".to_owned())),
                    };
                    take(number, object)?;
                }
                Ok(())
            }
        }
    }
}

impl Listing {
    /// The most bytes that are taken of it.
    pub(super) fn most(self, taking: &Taking) -> u64 {
        match self {
            Self::Lines => taking.max_body,
            Self::Array => taking.max_body.min(MAX_JSON),
        }
    }
}

impl Checked {
    /// Gives the changes to `take`, some at a time.
    pub(super) fn batches(
        self,
        taking: &Taking,
        take: &mut dyn FnMut(Vec<Write>) -> Result<(), Problem>,
    ) -> Result<(), Problem> {
        let mut batch = Vec::new();
        let mut bytes = 0;
        let mut add = |write: Write| {
            bytes += size(&write);
            batch.push(write);
            if batch.len() >= BATCH || bytes >= BATCH_BYTES {
                bytes = 0;
                take(std::mem::take(&mut batch))?;
            }
            Ok(())
        };
        let Self {
            mut body,
            listing,
            remembered,
            ..
        } = self;
        match remembered {
            Some(writes) => writes.into_iter().try_for_each(&mut add)?,
            None => body.each(listing, taking, &mut |line, object| {
                let write = object.and_then(|object| change(&object, taking.max_report));
                let write = write.map_err(|mistake| match mistake {
                    Mistake::Refused(problem) => problem,
                    // It was right a moment ago.
                    Mistake::Wrong { .. } => {
                        tracing::error!(line, "临时存放的正文变了样");
                        Problem::Internal
                    }
                })?;
                add(write)
            })?,
        }
        if batch.is_empty() {
            Ok(())
        } else {
            take(batch)
        }
    }
}

/// Why an object is no change.
enum Mistake {
    Wrong {
        id: Option<String>,
        why: String,
    },
    /// It is not for us to read.
    Refused(Problem),
}

impl Mistake {
    fn anonymous(why: String) -> Self {
        Self::Wrong { id: None, why }
    }

    fn of(id: &str, why: String) -> Self {
        Self::Wrong {
            id: Some(shortened(id)),
            why,
        }
    }
}

/// The change that an object asks for: a report, or that one be withdrawn.
fn change(object: &Map<String, Value>, most: u64) -> Result<Write, Mistake> {
    let record = Record::of(object);
    let Some(id) = record.id.clone() else {
        return Err(Mistake::anonymous("没有 id 字段".to_owned()));
    };
    let withdrawn = match object.get("deleted") {
        None | Some(Value::Bool(false) | Value::Null) => false,
        Some(Value::Bool(true)) => true,
        Some(_) => return Err(Mistake::of(&id, "deleted 应为 true 或 false".to_owned())),
    };
    if withdrawn {
        return Ok(Write::delete(&id));
    }
    let content = content(record, most).map_err(|why| Mistake::of(&id, why))?;
    Ok(Write::put(&id, content))
}

/// A record as it is stored, or why it cannot be.
pub(super) fn content(record: Record, most: u64) -> Result<Content, String> {
    if record.text.trim().is_empty() {
        return Err("没有正文；正文应在 text、content 或 正文 字段中".to_owned());
    }
    if let Some(why) = corpus::refusal_of(&record.text) {
        return Err(why);
    }
    let content = Content {
        text: record.text,
        given: record.given,
        name: record.name,
        format: None,
    };
    match content.excess(most) {
        None => Ok(content),
        Some(bytes) => Err(format!(
            "有 {bytes} 字节，超过上限 {most} 字节；请拆成几份，或调高 store.max_report_mb"
        )),
    }
}

/// An uploaded file as it is stored, or why it cannot be. What is given wins over what it says.
pub(super) fn content_of_file(
    file: Uploaded,
    given: Given,
    name: Option<String>,
    most: u64,
) -> Result<Content, String> {
    let record = Record {
        id: None,
        text: file.text,
        given: given.or(file.given),
        name,
    };
    let content = content(record, most)?;
    Ok(Content {
        format: Some(file.format.label().to_owned()),
        ..content
    })
}

fn size(write: &Write) -> usize {
    match write {
        Write::Put { content, .. } => content.text.len(),
        Write::Delete { .. } => 0,
    }
}

fn not_an_object(error: &serde_json::Error) -> String {
    format!("不是 JSON 对象（{error}）")
}

fn put(mut file: SpooledTempFile, bytes: &[u8]) -> Result<SpooledTempFile, Problem> {
    file.write_all(bytes).map_err(|error| lost(&error))?;
    Ok(file)
}

/// A body that cannot be kept for the moment.
fn lost(error: &io::Error) -> Problem {
    tracing::error!(%error, "请求的正文存放不下");
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Problem::DiskFull,
        _ => Problem::StoreUnavailable,
    }
}

fn too_large(most: u64) -> Problem {
    Problem::BodyTooLarge {
        most: usize::try_from(most).unwrap_or(usize::MAX),
    }
}

fn unread(error: &PayloadError, most: u64) -> Problem {
    match error {
        PayloadError::Overflow => too_large(most),
        _ => Problem::BadBody {
            why: "没有收全，或压缩有误".to_owned(),
        },
    }
}
