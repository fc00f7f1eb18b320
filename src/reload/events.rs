//! What the system tells of files that change.
//!
//! It only says that it is time to look: what changed is found by looking. So where the system tells
//! nothing (network disks, some containers), too much, or too little, things are merely slower.

use std::path::PathBuf;

/// Watches folders, where the system can.
#[cfg(target_os = "linux")]
pub(super) struct Events {
    inotify: Option<inotify::Inotify>,
    buffer: Vec<u8>,
}

#[cfg(target_os = "linux")]
impl Events {
    /// Watches nothing yet.
    pub(super) fn new() -> Self {
        /// Bytes for what the system tells at once.
        const BUFFER: usize = 16 << 10;
        let inotify = inotify::Inotify::init();
        let inotify = inotify
            .inspect_err(|error| tracing::info!(%error, "系统不通知文件的改动，改为定时查看"))
            .ok();
        Self {
            inotify,
            buffer: vec![0; BUFFER],
        }
    }

    /// Watches these folders too, whether or not they are watched already: one that was removed and
    /// made anew is another to the system.
    pub(super) fn watch(&mut self, folders: &[PathBuf]) {
        use inotify::WatchMask;
        let mask = WatchMask::CREATE
            | WatchMask::CLOSE_WRITE
            | WatchMask::DELETE
            | WatchMask::MOVE
            | WatchMask::ATTRIB
            | WatchMask::ONLYDIR;
        let Some(inotify) = &self.inotify else {
            return;
        };
        let mut watches = inotify.watches();
        for folder in folders {
            if let Err(error) = watches.add(folder, mask) {
                // Looking now and then finds what is not told.
                tracing::debug!(folder = %folder.display(), %error, "系统不通知此文件夹的改动");
            }
        }
    }

    /// Whether something was told since this was last asked.
    pub(super) fn any(&mut self) -> bool {
        let Some(inotify) = &mut self.inotify else {
            return false;
        };
        let mut any = false;
        // An error is most often that there is nothing.
        while let Ok(events) = inotify.read_events(&mut self.buffer) {
            any |= events.count() > 0;
        }
        any
    }
}

/// Watches nothing: there is no way to on this system.
#[cfg(not(target_os = "linux"))]
pub(super) struct Events;

#[cfg(not(target_os = "linux"))]
impl Events {
    pub(super) fn new() -> Self {
        Self
    }

    pub(super) fn watch(&mut self, _: &[PathBuf]) {}

    pub(super) fn any(&mut self) -> bool {
        false
    }
}
