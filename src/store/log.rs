//! The folder of a store: one log in force, cut into segments, and how it is opened and extended.
//!
//! ```text
//! store/lock                     held as long as the store is open
//! store/log-000002/000001.log    records, one after another
//! store/log-000002/000002.log    the segment that is extended
//! store/building-000003/         a log being written to take its place; removed when opening
//! ```
//!
//! The log of the highest number is in force: it came there whole, by a rename, so no pointer has
//! to be believed.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::error::{Damage, Error, Loss, Place};
use super::frame::{Condition, Found, Frame, Kind, Scan};
use super::state::{Holding, Segment, Spot, State};
use super::task::{Task, TaskState};

const LOCK: &str = "lock";
/// Names of all logs, those of later versions too, begin with this.
const LOG: &str = "log";
const BUILDING: &str = "building-";
const SEGMENT: &str = ".log";

/// The log that is extended.
#[derive(Debug)]
pub(super) struct Writer {
    /// Where new segments are made.
    pub(super) folder: PathBuf,
    /// The log's name once it is in force.
    name: String,
    pub(super) generation: u64,
    /// The last segment, as it is written.
    active: Option<(Arc<Segment>, File)>,
    /// Its number, from 1.
    index: u64,
    /// Bytes of the last segment.
    len: u64,
    /// Records of the log.
    pub(super) number: u64,
    /// Whether the last segment ends with a record.
    sound: bool,
    /// Bytes past which a new segment begins.
    limit: u64,
}

/// A log as it was found.
#[derive(Debug, Default)]
pub(super) struct Loaded {
    pub(super) state: State,
    pub(super) damages: Vec<Damage>,
    /// Bytes behind the last record, which were never acknowledged.
    pub(super) torn: u64,
    last: Option<Arc<Segment>>,
    index: u64,
    len: u64,
    number: u64,
}

/// Keeps other processes out of a store until it is dropped.
#[derive(Debug)]
pub(super) struct Lock(File);

/// Makes the store's folder and keeps other processes out of it.
pub(super) fn lock(root: &Path) -> Result<Lock, Error> {
    fs::create_dir_all(root).map_err(|source| Error::at(root, source))?;
    let path = root.join(LOCK);
    let options = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .open(&path);
    let file = options.map_err(|source| Error::at(&path, source))?;
    match file.try_lock() {
        Ok(()) => Ok(Lock(file)),
        Err(TryLockError::WouldBlock) => Err(Error::Locked {
            path: root.to_owned(),
        }),
        Err(TryLockError::Error(source)) => Err(Error::at(&path, source)),
    }
}

/// Whether another process holds the store in this folder. Nothing is made or changed.
pub(super) fn is_locked(root: &Path) -> Result<bool, Error> {
    let path = root.join(LOCK);
    let file = match File::open(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        file => file.map_err(|source| Error::at(&path, source))?,
    };
    match file.try_lock() {
        Ok(()) => {
            drop(Lock(file));
            Ok(false)
        }
        Err(TryLockError::WouldBlock) => Ok(true),
        Err(TryLockError::Error(source)) => Err(Error::at(&path, source)),
    }
}

/// The number of the log in force, 0 where there is none.
pub(super) fn generation(root: &Path) -> Result<u64, Error> {
    let mut highest = 0;
    for name in names(root)? {
        let Some(number) = name.strip_prefix(LOG) else {
            continue;
        };
        let number = number.strip_prefix('-').and_then(|it| it.parse().ok());
        let number = number.ok_or_else(|| Error::Foreign {
            path: root.join(&name),
        })?;
        highest = highest.max(number);
    }
    Ok(highest)
}

/// Removes every log but the one in force. What cannot be removed stays until the next time.
pub(super) fn tidy(root: &Path, generation: u64) {
    for name in names(root).unwrap_or_default() {
        if (name.starts_with(LOG) || name.starts_with(BUILDING)) && name != log_name(generation) {
            let path = root.join(name);
            if let Err(error) = fs::remove_dir_all(&path) {
                tracing::warn!(path = %path.display(), %error, "旧的存储文件删不掉");
            }
        }
    }
}

/// Makes what was made, renamed or removed in a folder survive a power cut.
pub(super) fn sync_folder(path: &Path) -> Result<(), Error> {
    let synced = File::open(path).and_then(|folder| folder.sync_all());
    synced.map_err(|source| Error::at(path, source))
}

fn log_name(generation: u64) -> String {
    format!("{LOG}-{generation:06}")
}

fn segment_name(index: u64) -> String {
    format!("{index:06}{SEGMENT}")
}

/// The names in a folder; none where there is no folder.
fn names(folder: &Path) -> Result<Vec<String>, Error> {
    let unusable = |source| Error::at(folder, source);
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(unusable)?,
    };
    entries
        .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
        .collect::<io::Result<_>>()
        .map_err(unusable)
}

/// The numbers of a log's segments, in order.
fn segments(folder: &Path) -> Result<Vec<u64>, Error> {
    let names = names(folder)?;
    let mut found: Vec<u64> = names
        .iter()
        .filter_map(|name| name.strip_suffix(SEGMENT)?.parse().ok())
        .filter(|index| names.contains(&segment_name(*index)))
        .collect();
    found.sort_unstable();
    Ok(found)
}

/// Reads a whole log, of which `kept` tasks are remembered. Nothing is changed.
pub(super) fn load(root: &Path, generation: u64, kept: usize) -> Result<Loaded, Error> {
    let name = log_name(generation);
    let folder = root.join(&name);
    let mut loading = Loading::default();
    let mut loaded = Loaded::default();
    let indexes = segments(&folder)?;
    for index in &indexes {
        let path = folder.join(segment_name(*index));
        let last = indexes.last() == Some(index);
        let unusable = |source| Error::at(&path, source);
        let bytes = fs::read(&path).map_err(unusable)?;
        let segment = Arc::new(Segment {
            name: format!("{name}/{}", segment_name(*index)),
            file: File::open(&path).map_err(unusable)?,
            path,
        });
        loaded.len = bytes.len() as u64;
        for found in Scan::new(&bytes) {
            match found {
                Found::Frame(frame) => loading.frame(&segment, &frame, &bytes, kept),
                Found::Gap(gap) => loading.gap(&segment, gap),
                Found::Torn(at, _) if last => {
                    loaded.len = at as u64;
                    loaded.torn = (bytes.len() - at) as u64;
                }
                // Later segments begin only when this one is durable: this was acknowledged.
                Found::Torn(at, Some(head)) => {
                    let frame = Frame {
                        head,
                        span: at..bytes.len(),
                        body: at..at,
                        condition: Condition::Spoiled,
                    };
                    loading.frame(&segment, &frame, &bytes, kept);
                }
                Found::Torn(at, None) => loading.gap(&segment, at..bytes.len()),
            }
        }
        loaded.index = *index;
        loaded.last = Some(segment);
    }
    loading.end_gap(None);
    loaded.number = loading.number;
    loaded.damages = loading.losses();
    loaded.state = loading.state;
    Ok(loaded)
}

/// What was read of a log so far.
#[derive(Debug, Default)]
struct Loading {
    state: State,
    /// What is damaged; of a report, with the number of the write that is.
    damages: Vec<(Damage, u64)>,
    /// Bytes that belong to no record and were not yet followed by one.
    gap: Option<(Place, u64)>,
    /// The number of the last record.
    number: u64,
}

impl Drop for Lock {
    fn drop(&mut self) {
        // A process being started at this moment still shares the file, so closing it would leave
        // it locked for a while. Where this fails, closing is left to do it.
        let _ = self.0.unlock();
    }
}

impl Loaded {
    /// Whether there is anything that could be lost.
    pub(super) fn holds_something(&self) -> bool {
        self.state.reports > 0 || self.damages.iter().any(Damage::is_loss)
    }
}

impl Loading {
    fn frame(&mut self, segment: &Arc<Segment>, frame: &Frame, bytes: &[u8], kept: usize) {
        let head = &frame.head;
        let spot = Spot {
            segment: Arc::clone(segment),
            offset: frame.span.start as u64,
            len: frame.span.len(),
        };
        let spoiled = frame.condition == Condition::Spoiled;
        if head.number <= self.number {
            self.damaged(&spot, Loss::Nothing, 0);
            return;
        }
        if self.gap.is_some() {
            self.end_gap(Some(head.number));
        } else if head.number > self.number + 1 {
            let place = spot.place();
            let loss = Loss::Unknown(head.number - self.number - 1);
            let bytes = 0;
            self.damages.push((Damage { place, bytes, loss }, 0));
        }
        self.number = head.number;
        if frame.condition == Condition::Mended {
            self.damaged(&spot, Loss::Nothing, 0);
        }
        match Holding::after(head.kind) {
            Some(holding) => {
                let lost = holding == Holding::Lost || holding == Holding::Report && spoiled;
                let holding = if lost { Holding::Lost } else { holding };
                if lost {
                    self.damaged(&spot, Loss::Report(head.id.clone()), head.seq);
                }
                self.state.apply(head, holding, spot);
            }
            None if head.kind == Kind::Mark => self.state.apply_mark(head, spot.len),
            None => {
                let body = bytes.get(frame.body.clone()).filter(|_| !spoiled);
                match body.and_then(|body| serde_json::from_slice::<Task>(body).ok()) {
                    Some(mut task) => {
                        if task.state == TaskState::Running {
                            task.state = TaskState::Queued;
                        }
                        self.state.apply_task(task, spot.len, kept);
                    }
                    None => self.damaged(&spot, Loss::Task(head.seq), 0),
                }
            }
        }
    }

    fn gap(&mut self, segment: &Segment, span: Range<usize>) {
        self.end_gap(None);
        let place = Place {
            segment: segment.name.clone(),
            offset: span.start as u64,
        };
        self.gap = Some((place, span.len() as u64));
    }

    /// Says what a gap cost, now that the number of the record behind it is known, or that there
    /// is none.
    fn end_gap(&mut self, next: Option<u64>) {
        let Some((place, bytes)) = self.gap.take() else {
            return;
        };
        let loss = match next.map_or(1, |next| next.saturating_sub(self.number + 1)) {
            0 => Loss::Nothing,
            records => Loss::Unknown(records),
        };
        self.damages.push((Damage { place, bytes, loss }, 0));
    }

    fn damaged(&mut self, spot: &Spot, loss: Loss, seq: u64) {
        let damage = Damage {
            place: spot.place(),
            bytes: spot.len as u64,
            loss,
        };
        self.damages.push((damage, seq));
    }

    /// What the damage costs, now that all later records are known.
    fn losses(&mut self) -> Vec<Damage> {
        let damages = std::mem::take(&mut self.damages);
        let settle = |(mut damage, seq): (Damage, u64)| {
            let made_good = match &damage.loss {
                Loss::Report(id) => self.state.get(id).is_none_or(|entry| entry.seq != seq),
                Loss::Task(id) => self.state.tasks.get(*id).is_some(),
                Loss::Nothing | Loss::Unknown(_) => false,
            };
            if made_good {
                damage.loss = Loss::Nothing;
            }
            damage
        };
        damages.into_iter().map(settle).collect()
    }
}

impl Writer {
    /// Goes on with the log that was loaded; what is torn at its end is cut off.
    pub(super) fn resume(
        root: &Path,
        generation: u64,
        loaded: &mut Loaded,
        limit: u64,
    ) -> Result<Self, Error> {
        let mut writer = Self::new(root, generation, limit);
        writer.folder = root.join(&writer.name);
        writer.number = loaded.number;
        writer.index = loaded.index;
        writer.len = loaded.len;
        if !writer.folder.exists() {
            fs::create_dir(&writer.folder).map_err(|source| Error::at(&writer.folder, source))?;
            sync_folder(root)?;
        }
        if let Some(segment) = &loaded.last {
            let unusable = |source| Error::at(&segment.path, source);
            let file = OpenOptions::new().write(true).open(&segment.path);
            let file = file.map_err(unusable)?;
            if loaded.torn > 0 {
                file.set_len(loaded.len)
                    .and_then(|()| file.sync_all())
                    .map_err(unusable)?;
                tracing::warn!(
                    segment = segment.name,
                    bytes = loaded.torn,
                    "截去存储末尾未写完的部分；它从未得到确认"
                );
            }
            writer.active = Some((Arc::clone(segment), file));
        }
        Ok(writer)
    }

    /// One that takes no writes.
    pub(super) fn closed(root: &Path, generation: u64) -> Self {
        let mut writer = Self::new(root, generation, 0);
        writer.folder = root.join(&writer.name);
        writer.sound = false;
        writer
    }

    /// A log that is to take the place of the one in force.
    pub(super) fn building(root: &Path, generation: u64, limit: u64) -> Result<Self, Error> {
        let writer = Self::new(root, generation, limit);
        let unusable = |source| Error::at(&writer.folder, source);
        if writer.folder.exists() {
            fs::remove_dir_all(&writer.folder).map_err(unusable)?;
        }
        fs::create_dir(&writer.folder).map_err(unusable)?;
        Ok(writer)
    }

    fn new(root: &Path, generation: u64, limit: u64) -> Self {
        Self {
            folder: root.join(format!("{BUILDING}{generation:06}")),
            name: log_name(generation),
            generation,
            active: None,
            index: 0,
            len: 0,
            number: 0,
            sound: true,
            limit,
        }
    }

    /// Puts bytes behind the log and says where they stand. When that fails, the log is as it was.
    pub(super) fn write(
        &mut self,
        bytes: &[u8],
        durable: bool,
    ) -> Result<(Arc<Segment>, u64), Error> {
        if !self.sound {
            return Err(Error::Broken {
                path: self.folder.clone(),
            });
        }
        if self.active.is_none() || self.len >= self.limit {
            self.begin_segment()?;
        }
        let Some((segment, file)) = &self.active else {
            return Err(Error::Broken {
                path: self.folder.clone(),
            });
        };
        let base = self.len;
        let written = file
            .write_all_at(bytes, base)
            .and_then(|()| if durable { file.sync_data() } else { Ok(()) });
        match written {
            Ok(()) => {
                self.len += bytes.len() as u64;
                Ok((Arc::clone(segment), base))
            }
            Err(source) => {
                let undone = file.set_len(base).and_then(|()| file.sync_data());
                self.sound = undone.is_ok();
                Err(Error::at(&segment.path, source))
            }
        }
    }

    /// Makes everything written so far durable.
    pub(super) fn sync(&self) -> Result<(), Error> {
        self.active.as_ref().map_or(Ok(()), |(segment, file)| {
            let synced = file.sync_data();
            synced.map_err(|source| Error::at(&segment.path, source))
        })
    }

    fn begin_segment(&mut self) -> Result<(), Error> {
        self.sync()?;
        let file_name = segment_name(self.index + 1);
        let path = self.folder.join(&file_name);
        let unusable = |source| Error::at(&path, source);
        // One that is there already was begun and never written to.
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(true)
            .open(&path)
            .map_err(unusable)?;
        sync_folder(&self.folder)?;
        let segment = Segment {
            name: format!("{}/{file_name}", self.name),
            file: file.try_clone().map_err(unusable)?,
            path,
        };
        self.active = Some((Arc::new(segment), file));
        self.index += 1;
        self.len = 0;
        Ok(())
    }

    /// Makes the log durable under the name it is to have. When this fails, nothing has changed.
    pub(super) fn rename(&mut self, root: &Path) -> Result<(), Error> {
        self.sync()?;
        sync_folder(&self.folder)?;
        let place = root.join(&self.name);
        fs::rename(&self.folder, &place).map_err(|source| Error::at(&place, source))?;
        self.folder = place;
        Ok(())
    }

    /// Takes a log out of force again that [`Writer::rename`] put there.
    pub(super) fn withdraw(&mut self, root: &Path) -> Result<(), Error> {
        let place = root.join(format!("{BUILDING}{:06}", self.generation));
        fs::rename(&self.folder, &place).map_err(|source| Error::at(&place, source))?;
        self.folder = place;
        sync_folder(root)
    }

    /// Takes no more writes.
    pub(super) fn give_up(&mut self) {
        self.sound = false;
    }
}
