//! A progress bar for builds that take more than a second, when someone watches.

use std::cell::RefCell;
use std::time::{Duration, Instant};

use cesou::index::Progress;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// How long a build may take before it shows how far it is.
const PATIENCE: Duration = Duration::from_secs(1);

/// Shows a build's progress on standard error when that is a terminal.
pub(super) struct Bar {
    started: Instant,
    /// What is under way.
    doing: &'static str,
    shown: RefCell<Option<ProgressBar>>,
}

impl Bar {
    pub(super) fn new() -> Self {
        Self::of("建立索引")
    }

    /// For reading without building.
    pub(super) fn reading() -> Self {
        Self::of("读取")
    }

    fn of(doing: &'static str) -> Self {
        Self {
            started: Instant::now(),
            doing,
            shown: RefCell::new(None),
        }
    }

    pub(super) fn show(&self, progress: Progress) {
        if self.started.elapsed() < PATIENCE {
            return;
        }
        let mut slot = self.shown.borrow_mut();
        let bar = slot.get_or_insert_with(|| {
            // Hidden by itself where standard error is no terminal.
            let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
            if let Ok(style) =
                ProgressStyle::with_template("{msg} {wide_bar} {pos}/{len} 文件，剩余 {eta}")
            {
                bar.set_style(style);
            }
            bar
        });
        match progress {
            Progress::Reading {
                files,
                of,
                passages,
            } => {
                bar.set_length(of);
                bar.set_position(files);
                bar.set_message(format!("{}：{passages} 段", self.doing));
            }
            Progress::Finishing => {
                if let Ok(style) = ProgressStyle::with_template("{spinner} {msg}") {
                    bar.set_style(style);
                }
                bar.set_message("写入并校验索引…");
                bar.enable_steady_tick(Duration::from_millis(120));
            }
        }
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        if let Some(bar) = self.shown.borrow_mut().take() {
            bar.finish_and_clear();
        }
    }
}
