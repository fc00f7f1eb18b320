//! The log, and where traces go.
//!
//! Lines go to standard error, as text or as JSON. Spans of requests go to an OpenTelemetry
//! collector where one is set, by OTLP over HTTP, from a thread of their own: a collector that is
//! slow or away holds up nothing, what cannot be sent is dropped, and the log says so now and then.
//! TLS and keys are left to a collector beside this service, which is how such are run.

use std::fmt;
use std::io;
use std::pin::Pin;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use anyhow::Context;
use cesou::config::{LogFormat, Settings, Telemetry};
use opentelemetry::KeyValue;
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use opentelemetry_otlp::{SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{Sampler, SdkTracerProvider};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, fmt as lines};

/// The longest time for sending one batch.
const SENDING: Duration = Duration::from_secs(5);
/// How often it is said at most that traces cannot be sent.
const COMPLAINING: Duration = Duration::from_secs(300);
/// The answer that is read of a collector, in bytes.
const MAX_ANSWER: u64 = 64 << 10;

/// Where traces go; when dropped, what is left is sent.
pub(super) struct Logging(Option<SdkTracerProvider>);

impl Drop for Logging {
    fn drop(&mut self) {
        if let Some(provider) = &self.0 {
            // It fails where the collector is away, which was said already.
            let _ = provider.shutdown_with_timeout(SENDING);
        }
    }
}

/// Starts the log, and sending traces where that is set and this command `serves`.
pub(super) fn start(settings: &Settings, serves: bool) -> anyhow::Result<Logging> {
    let log = &settings.log;
    let filter = EnvFilter::builder().parse(&log.filter).with_context(|| {
        format!(
            "log.filter 的值“{}”看不懂；应如 info 或 warn,cesou=debug",
            log.filter
        )
    })?;
    let lines = match log.format {
        LogFormat::Text => lines::layer()
            .with_writer(io::stderr)
            .with_ansi(console::colors_enabled_stderr())
            .boxed(),
        LogFormat::Json => lines::layer()
            .json()
            .flatten_event(true)
            .with_current_span(true)
            .with_span_list(false)
            .with_writer(io::stderr)
            .boxed(),
    };
    let endpoint = settings.telemetry.endpoint().filter(|_| serves);
    let provider = endpoint
        .map(|endpoint| provider(endpoint, &settings.telemetry))
        .transpose()?;
    let traces = provider.as_ref().map(|provider| {
        tracing_opentelemetry::layer()
            .with_tracer(provider.tracer("cesou"))
            .with_location(false)
            .with_threads(false)
            .with_filter(Targets::new().with_target("cesou::trace", tracing::Level::DEBUG))
    });
    tracing_subscriber::registry()
        .with(lines.with_filter(filter))
        .with(traces)
        .init();
    Ok(Logging(provider))
}

/// What gathers spans and sends them to `endpoint`.
fn provider(endpoint: &str, telemetry: &Telemetry) -> anyhow::Result<SdkTracerProvider> {
    let address = if endpoint.ends_with("/v1/traces") {
        endpoint.to_owned()
    } else {
        format!("{endpoint}/v1/traces")
    };
    let exporter = SpanExporter::builder()
        .with_http()
        .with_http_client(Sender::new(address.clone()))
        .with_endpoint(address)
        .with_timeout(SENDING)
        .build()
        .with_context(|| format!("telemetry.otlp_endpoint 的值“{endpoint}”不可用"))?;
    let resource = Resource::builder()
        .with_service_name("cesou")
        .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")))
        .build();
    let sampler = Sampler::TraceIdRatioBased(telemetry.sample_ratio);
    Ok(SdkTracerProvider::builder()
        .with_batch_exporter(exporter)
        .with_sampler(Sampler::ParentBased(Box::new(sampler)))
        .with_resource(resource)
        .build())
}

/// Sends to the collector, on the thread of whoever gathers.
struct Sender {
    agent: ureq::Agent,
    address: String,
    complained: Mutex<Option<Instant>>,
}

impl fmt::Debug for Sender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender")
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}

impl Sender {
    fn new(address: String) -> Self {
        let agent = ureq::Agent::config_builder()
            .timeout_global(Some(SENDING))
            .http_status_as_error(false)
            .proxy(None)
            .build()
            .into();
        Self {
            agent,
            address,
            complained: Mutex::new(None),
        }
    }

    fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let request = request.map(|body| body.to_vec());
        let sent = self.agent.run(request);
        let answer = sent.inspect_err(|error| self.complain(&error.to_string()))?;
        if !answer.status().is_success() {
            self.complain(&answer.status().to_string());
        }
        let (head, mut body) = answer.into_parts();
        let body = body.with_config().limit(MAX_ANSWER).read_to_vec()?;
        Ok(Response::from_parts(head, body.into()))
    }

    /// Says that traces are lost, unless that was said a little while ago.
    fn complain(&self, why: &str) {
        let Ok(mut complained) = self.complained.lock() else {
            return;
        };
        if complained.is_some_and(|last| last.elapsed() < COMPLAINING) {
            return;
        }
        *complained = Some(Instant::now());
        tracing::warn!(
            "追踪数据没有送到 {}：{why}；服务照常，请检查 telemetry.otlp_endpoint",
            self.address
        );
    }
}

impl HttpClient for Sender {
    fn send_bytes<'life0, 'async_trait>(
        &'life0 self,
        request: Request<Bytes>,
    ) -> Pin<Box<dyn Future<Output = Result<Response<Bytes>, HttpError>> + Send + 'async_trait>>
    where
        'life0: 'async_trait,
        Self: 'async_trait,
    {
        Box::pin(std::future::ready(self.send(request)))
    }
}
