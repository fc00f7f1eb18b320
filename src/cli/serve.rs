//! `cesou serve`: opens the index, building it where it has to be, and answers over HTTP.

use std::io::{self, Write};

use anyhow::Context;
use cesou::config::Settings;
use cesou::http::{self, Application};
use cesou::reload::{self, Watch};

use super::{Outcome, index};

pub(super) fn run(settings: &Settings) -> anyhow::Result<Outcome> {
    // Known before a long build rather than after it.
    http::check_free(settings)?;
    let (corpus, options) = index::corpus(settings)?;
    let watch = Watch::new(corpus, settings.index.path.clone(), options);
    let opened = index::open_in_force(settings)?;
    index::warn(&opened.snapshot.manifest().build, &settings.corpus.path);
    let (reports, passages) = (opened.snapshot.reports().len(), opened.snapshot.passages());
    actix_web::rt::System::new().block_on(async move {
        let application = Application::build(settings, opened.snapshot)?;
        watch
            .start(application.served(), reload::INTERVAL)
            .context("不能启动词表的监视线程")?;
        writeln!(
            io::stdout(),
            "策搜已启动：http://{}（{reports} 篇报告，{passages} 个段落；按 Ctrl+C 停止）",
            application.address()
        )?;
        application
            .run_until_stopped()
            .await
            .context("服务意外中止")?;
        Ok(Outcome::Done)
    })
}
