//! `cesou serve`: opens the index, building it where it has to be, and answers over HTTP.

use std::io::{self, Write};
use std::sync::Arc;

use anyhow::Context;
use cesou::config::{self, Settings};
use cesou::http::{self, Application};
use cesou::key::Keyring;
use cesou::reload::{self, Watch};

use jiff::Timestamp;
use secrecy::ExposeSecret;

use super::{Outcome, index, say};

pub(super) fn run(settings: &Settings) -> anyhow::Result<Outcome> {
    // Known before a long build rather than after it.
    http::check_free(settings)?;
    let given = config::admin_key(config::environment());
    let keys = Arc::new(Keyring::open(&settings.keys.path, given.as_ref())?);
    let (corpus, options) = index::corpus(settings)?;
    let watch = Watch::new(corpus, settings.index.path.clone(), options);
    let opened = index::open_in_force(settings)?;
    index::warn(&opened.snapshot.manifest().build, &settings.corpus.path);
    let (reports, passages) = (opened.snapshot.reports().len(), opened.snapshot.passages());
    actix_web::rt::System::new().block_on(async move {
        let application = Application::build(settings, opened.snapshot, Arc::clone(&keys))?;
        watch
            .start(application.served(), reload::INTERVAL)
            .context("不能启动词表的监视线程")?;
        let mut started = format!(
            "策搜已启动：http://{}（{reports} 篇报告，{passages} 个段落；按 Ctrl+C 停止）\n",
            application.address()
        );
        if !application.is_open() {
            started.push_str("检索需要密钥（设置 keys.search）；用 cesou keys create 建立\n");
        }
        started.push_str(&first_key(&keys));
        // At one go, so that whoever reads the first line only has not left before the key comes.
        io::stdout().write_all(started.as_bytes())?;
        application
            .run_until_stopped()
            .await
            .context("服务意外中止")?;
        Ok(Outcome::Done)
    })
}

/// Lines with the admin key that a first start makes; nothing at any other. Searching goes on without
/// one, so that none can be kept is no reason not to start.
fn first_key(keys: &Keyring) -> String {
    match keys.first_admin(Timestamp::now()) {
        Ok(Some(made)) => format!(
            "管理密钥（编号 {}），只显示这一次，请妥善保存：\n{}\n",
            made.key.id,
            made.secret.expose_secret()
        ),
        Ok(None) => String::new(),
        Err(error) => {
            say(&format!(
                "警告：没有建立管理密钥，写入和管理暂不可用：{error}"
            ));
            String::new()
        }
    }
}
