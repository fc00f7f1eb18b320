//! `cesou serve`: opens the store and the index, building it where it has to be, and answers over
//! HTTP until it is told to stop.

use std::io::{self, Write};
use std::path::Path;
#[cfg(unix)]
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use cesou::config::{self, Settings};
use cesou::corpus::{Corpus, VocabularyFile};
use cesou::http::{self, Application, Intake};
use cesou::index::{self as library, Claim, Opened, Options, Texts};
use cesou::key::Keyring;
use cesou::query;
use cesou::reload::{self, Watch};
use cesou::store::{self, Damage, Store};

use jiff::Timestamp;
use secrecy::ExposeSecret;

use super::progress::Bar;
use super::{Outcome, index, say};

/// How the allocator of a service is told to keep less for later: no pages of 2 MiB, of which mostly
/// a part is used, and what is free given back after 10 ms. It reads this when a process begins, and
/// only from the environment.
const ALLOCATOR: [(&str, &str); 2] = [("MIMALLOC_ALLOW_THP", "0"), ("MIMALLOC_PURGE_DELAY", "10")];

/// Begins anew with what the allocator is to be told in the environment, unless something stands
/// there already. Where that cannot be done, the service only takes more memory.
#[cfg(unix)]
fn tell_allocator() {
    use std::os::unix::process::CommandExt;

    let known: Vec<String> = config::environment().map(|(name, _)| name).collect();
    let told = ALLOCATOR
        .iter()
        .filter(|(name, _)| !known.iter().any(|known| known == name));
    let told: Vec<(&str, &str)> = told.copied().collect();
    let Some(program) = std::env::current_exe().ok().filter(|_| !told.is_empty()) else {
        return;
    };
    let mut arguments = std::env::args_os();
    let mut again = Command::new(program);
    if let Some(name) = arguments.next() {
        again.arg0(name);
    }
    let error = again.args(arguments).envs(told).exec();
    tracing::debug!(%error, "the program could not be begun anew");
}

#[cfg(not(unix))]
fn tell_allocator() {}

pub(super) fn run(settings: &Settings) -> anyhow::Result<Outcome> {
    tell_allocator();
    // No more than there are cores: the searches share them.
    let at_once = config::or_two_a_core(settings.server.search_threads);
    query::run::use_threads(at_once.min(config::or_cores(0)));
    // As many as the system lets it have: each connection takes one. What that is not enough for is
    // said where connections are counted.
    let _ = rlimit::increase_nofile_limit(u64::MAX);
    // Known before a long build rather than after it.
    http::check_free(settings)?;
    let given = config::admin_key(config::environment());
    let keys = Arc::new(Keyring::open(&settings.keys.path, given.as_ref())?);
    let (corpus, options) = index::corpus(settings)?;
    check_vocabulary(&corpus, &settings.index.path)?;
    let claim = claim(&settings.index.path)?;
    let (store, damages) = open_store(settings)?;
    let mut watch = Watch::new(corpus.clone(), settings.index.path.clone(), options.clone())
        .with_store(Arc::clone(&store));
    if let Some(claim) = &claim {
        watch = watch.with_claim(claim.clone());
    }
    let opened = open(settings, &corpus, &store, claim.as_ref(), &options)?;
    index::warn(&opened.snapshot.manifest().build, &settings.corpus.path);
    let damage = damages.iter().map(|damage| format!("存储 {damage}"));
    let watch = watch.after(&opened, damage.collect());
    let (reports, passages) = (opened.snapshot.reports().len(), opened.snapshot.passages());
    let grace = Duration::from_secs(settings.server.shutdown_timeout_s);
    let stopped = actix_web::rt::System::new().block_on(async move {
        let limits = corpus.limits().clone();
        let intake = Intake { store, limits };
        let application =
            Application::build(settings, opened.snapshot, Arc::clone(&keys), Some(intake))?;
        let keeping = watch
            .start(application.served(), reload::INTERVAL)
            .context("不能启动更新索引的线程")?;
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
        anyhow::Ok(keeping)
    });
    // What was taken is durable; what of it is not in the index yet will be after the next start.
    if !stopped?.stop(grace) {
        tracing::warn!("更新索引的工作没有按时结束，留待下次启动时完成");
    }
    Ok(Outcome::Done)
}

/// Refuses a vocabulary that is wrong before anything is made, where no index is there to fall back
/// on.
fn check_vocabulary(corpus: &Corpus, index: &Path) -> anyhow::Result<()> {
    if index.exists() {
        return Ok(());
    }
    let mut refusals = VocabularyFile::ALL
        .into_iter()
        .filter_map(|file| corpus.refusal(file));
    refusals.next().map_or(Ok(()), |error| Err(error.into()))
}

/// Keeps other processes from the index as long as the service runs; nothing where the folder cannot
/// be written: what is there is served all the same.
fn claim(path: &Path) -> anyhow::Result<Option<Claim>> {
    match Claim::take(path) {
        Ok(claim) => Ok(Some(claim)),
        Err(error @ library::Error::Unwritable { .. }) if path.is_dir() => {
            say(&format!("警告：{error}；现有的索引照常使用，但不会更新"));
            Ok(None)
        }
        Err(error) => Err(error.into()),
    }
}

/// Opens the store, for reading only where its folder cannot be written, and says what is damaged.
fn open_store(settings: &Settings) -> anyhow::Result<(Arc<Store>, Vec<Damage>)> {
    let options = store::Options {
        beside: Some(settings.index.path.clone()),
        ..store::Options::from(&settings.store)
    };
    let path = &settings.store.path;
    let (store, damages) = match Store::open(path, &options) {
        Err(error @ store::Error::Unusable { .. }) => {
            let opened = Store::open_to_read(path, &options)?;
            say(&format!(
                "警告：{error}；已提交的报告照常检索，暂不接收新的"
            ));
            opened
        }
        other => other?,
    };
    for damage in &damages {
        if damage.is_loss() {
            say(&format!("警告：存储 {damage}"));
        } else {
            tracing::warn!("存储 {damage}");
        }
    }
    Ok((Arc::new(store), damages))
}

/// Opens the index, building it where it has to be.
fn open(
    settings: &Settings,
    corpus: &Corpus,
    store: &Store,
    claim: Option<&Claim>,
    options: &Options,
) -> anyhow::Result<Opened> {
    let texts = Texts {
        corpus,
        sent: Some(store),
    };
    let path = settings.index.path.as_path();
    let place = claim.map_or(library::Place::Folder(path), library::Place::Claimed);
    let bar = Bar::new();
    let progress = |progress| bar.show(progress);
    let opened = library::open_in_force(texts, place, options, &progress);
    drop(bar);
    let (opened, refused) = match opened {
        Err(error @ library::Error::Unwritable { .. }) => {
            // What cannot be brought up to date can be served as it is.
            let opened =
                library::open_unchanged(corpus, path).ok_or_else(|| anyhow::anyhow!("{error}"))?;
            say(&format!("警告：{error}；现有的索引照常使用，但不会更新"));
            (opened, Vec::new())
        }
        other => other?,
    };
    index::complain(refused);
    for damage in &opened.damaged {
        say(&format!("警告：{damage}"));
    }
    Ok(opened)
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
