//! The store of reports that came over HTTP: what is acknowledged stays.
//!
//! | module | what belongs in it |
//! |---|---|
//! | `copies` | rewriting the log, backups |
//! | `damage` | flipped bits, cut files, arbitrary bytes |
//! | `process` | kills, full disks, other processes, speed |

mod copies;
mod damage;
mod process;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use cesou::corpus::Given;
use cesou::store::{
    self, Content, Error, Holding, Listed, Options, Outcome, Store, TaskKind, TaskState, Write,
};
use proptest::prelude::*;
use tempfile::TempDir;

/// What reports are, by id.
type Model = BTreeMap<String, Content>;

/// Numbers that look random and are the same each time.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (self.0 >> 33) % limit.max(1)
    }
}

/// A store that makes new segments and forgets tasks soon.
fn small() -> Options {
    Options {
        min_free_bytes: 0,
        segment_bytes: 3000,
        kept_tasks: 20,
        ..Options::default()
    }
}

fn open(folder: &Path) -> Store {
    let (store, damages) = Store::open(folder, &small()).unwrap();
    assert_eq!(damages, [], "nothing was damaged");
    store
}

/// A folder in memory where that can be had: what a process finds there does not depend on syncs,
/// and these tests make thousands.
fn temporary() -> TempDir {
    tempfile::tempdir_in("/dev/shm").unwrap_or_else(|_| TempDir::new().unwrap())
}

/// One of many reports.
pub(crate) fn content(variant: u64) -> Content {
    let line = format!("泰州市:第{variant}份\n\n一、教师交流。教师交流轮岗{variant}。\n");
    Content {
        text: line.repeat(usize::try_from(variant % 5).unwrap() + 1),
        given: Given {
            title: variant.is_multiple_of(2).then(|| format!("第{variant}份")),
            year: Some(2016),
            ..Given::default()
        },
        name: variant.is_multiple_of(3).then(|| format!("{variant}.docx")),
        format: variant.is_multiple_of(3).then(|| "docx".to_owned()),
    }
}

fn put(store: &Store, id: &str, variant: u64) -> bool {
    let writes = vec![Write::put(id, content(variant))];
    store.append(TaskKind::Put, writes).unwrap().receipts[0].changed
}

fn delete(store: &Store, id: &str) -> bool {
    let writes = vec![Write::delete(id)];
    store.append(TaskKind::Delete, writes).unwrap().receipts[0].changed
}

/// Everything in the store, read and checked.
fn all(store: &Store) -> Model {
    let reports = store.reports().into_iter();
    let read = |id: &str| store.get(id).unwrap().unwrap().content;
    reports
        .map(|it| (it.id.to_string(), read(&it.id)))
        .collect()
}

/// A log of some segments, and what it holds.
fn written(folder: &Path) -> Model {
    let store = open(folder);
    for variant in 0..24 {
        put(&store, &format!("r{}", variant % 9), variant);
        if variant % 7 == 3 {
            delete(&store, &format!("r{}", (variant + 3) % 9));
        }
        if variant % 5 == 0 {
            let id = store.tasks(None, 1, None)[0].id;
            store.finish(vec![(id, Outcome::default())]).unwrap();
        }
    }
    let model = all(&store);
    assert!(model.len() > 5);
    model
}

/// The segments of the log in force, in order.
fn segments(folder: &Path) -> Vec<PathBuf> {
    let mut logs: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            path.file_name()
                .unwrap()
                .to_str()
                .unwrap()
                .starts_with("log-")
        })
        .collect();
    logs.sort();
    let log = logs.last().expect("a log is there");
    let mut segments: Vec<PathBuf> = fs::read_dir(log)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    segments.sort();
    segments
}

fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy_folder(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// Text that does not get smaller.
fn noise(random: &mut Random, bytes: usize) -> Content {
    let letters = (0..bytes).map(|_| char::from(b'a' + u8::try_from(random.below(26)).unwrap()));
    Content {
        text: letters.collect(),
        ..Content::default()
    }
}

/// What is done to a store.
#[derive(Debug, Clone)]
enum Step {
    Change(Vec<(u8, Option<u8>)>),
    Reopen,
    Compact,
    Follow(usize),
    Finish,
    Move,
}

fn step() -> impl Strategy<Value = Step> {
    let change = (0..6_u8, prop::option::weighted(0.7, 0..9_u8));
    prop_oneof![
        8 => prop::collection::vec(change, 1..4).prop_map(Step::Change),
        2 => Just(Step::Reopen),
        1 => Just(Step::Compact),
        3 => (1..4_usize).prop_map(Step::Follow),
        2 => Just(Step::Finish),
        1 => Just(Step::Move),
    ]
}

/// An index, as far as the store is concerned: what it was told, and up to where.
#[derive(Default)]
struct Follower {
    applied: u64,
    reports: Model,
}

impl Follower {
    fn follow(&mut self, store: &Store, limit: usize) {
        let Some(changes) = store.since(self.applied, limit) else {
            self.reports = all(store);
            self.applied = store.seq();
            return;
        };
        assert!(changes.reports.len() <= limit);
        for report in changes.reports {
            match report.holding {
                Holding::Report => {
                    let stored = store.get(&report.id).unwrap().unwrap();
                    self.reports.insert(report.id.to_string(), stored.content);
                }
                Holding::Deleted => drop(self.reports.remove(&*report.id)),
                Holding::Lost => panic!("nothing is damaged"),
            }
        }
        assert!(changes.through >= self.applied);
        self.applied = changes.through;
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn any_sequence_of_steps_ends_as_the_model_says(steps in prop::collection::vec(step(), 1..40)) {
        let mut folder = temporary();
        let mut store = open(folder.path());
        let mut model = Model::new();
        let mut arrived: Vec<String> = Vec::new();
        let mut follower = Follower::default();
        for step in steps {
            match step {
                Step::Change(changes) => {
                    let writes = changes.iter().map(|(id, variant)| match variant {
                        Some(variant) => Write::put(&format!("r{id}"), content(u64::from(*variant))),
                        None => Write::delete(&format!("r{id}")),
                    });
                    let before = store.seq();
                    let appended = store.append(TaskKind::Bulk, writes.collect()).unwrap();
                    for ((id, variant), receipt) in changes.iter().zip(&appended.receipts) {
                        let id = format!("r{id}");
                        let changed = if let Some(variant) = variant {
                            let content = content(u64::from(*variant));
                            if !model.contains_key(&id) {
                                arrived.push(id.clone());
                            }
                            model.insert(id, content.clone()) != Some(content)
                        } else {
                            arrived.retain(|it| *it != id);
                            model.remove(&id).is_some()
                        };
                        prop_assert_eq!(receipt.changed, changed);
                        prop_assert!(receipt.seq > before || !changed);
                    }
                    let task = store.task(appended.task).unwrap();
                    prop_assert_eq!(task.state, TaskState::Queued);
                    prop_assert_eq!(task.reports, changes.len() as u64);
                    prop_assert!(task.last <= store.seq());
                }
                Step::Reopen => {
                    let (seq, unfinished) = (store.seq(), store.unfinished());
                    drop(store);
                    store = open(folder.path());
                    prop_assert_eq!(store.seq(), seq);
                    prop_assert_eq!(store.unfinished(), unfinished);
                }
                Step::Compact => {
                    let copied = store.compact(follower.applied).unwrap();
                    prop_assert_eq!(copied.reports, model.len());
                    prop_assert_eq!(copied.lost, Vec::<String>::new());
                }
                Step::Follow(limit) => follower.follow(&store, limit),
                Step::Finish => {
                    let unfinished = store.unfinished().into_iter();
                    let outcomes = unfinished.map(|task| (task.id, Outcome::default())).collect();
                    store.finish(outcomes).unwrap();
                    prop_assert_eq!(store.unfinished(), vec![]);
                }
                Step::Move => {
                    let mut backup = Vec::new();
                    store.export(&mut backup).unwrap();
                    drop(store);
                    folder = temporary();
                    store::import(folder.path(), &mut backup.as_slice(), &small(), false).unwrap();
                    store = open(folder.path());
                }
            }
            prop_assert_eq!(&all(&store), &model);
            prop_assert_eq!(store.len(), model.len());
            let order: Vec<String> = store.reports().iter().map(|it| it.id.to_string()).collect();
            prop_assert_eq!(&order, &arrived);
        }
        while follower.applied < store.seq() {
            follower.follow(&store, 2);
        }
        prop_assert_eq!(&follower.reports, &model);
        prop_assert_eq!(store::verify(folder.path()).unwrap().damages, vec![]);
    }
}

#[test]
fn the_same_again_changes_nothing() {
    let folder = temporary();
    let store = open(folder.path());
    assert!(put(&store, "a", 1));
    assert!(!put(&store, "a", 1));
    assert!(put(&store, "a", 2));
    assert!(delete(&store, "a"));
    assert!(!delete(&store, "a"));
    assert!(!delete(&store, "never"));
    assert!(put(&store, "a", 2));
    let listed = store.listed("a").unwrap();
    assert_eq!(
        listed.seq, listed.first,
        "withdrawn and come again, it is new"
    );
    // Each had a task of its own all the same.
    assert_eq!(store.tasks(None, 100, None).len(), 7);
    // Within one request too.
    let writes = vec![
        Write::put("b", content(1)),
        Write::put("b", content(1)),
        Write::delete("b"),
        Write::delete("b"),
    ];
    let appended = store.append(TaskKind::Bulk, writes).unwrap();
    let changed: Vec<bool> = appended.receipts.iter().map(|it| it.changed).collect();
    assert_eq!(changed, [true, false, true, false]);
    assert!(!store.contains("b"));
}

#[test]
fn ids_and_sizes_that_are_not_taken_are_told_why() {
    let folder = temporary();
    let options = Options {
        max_report_bytes: 400,
        ..small()
    };
    let (store, _) = Store::open(folder.path(), &options).unwrap();
    for id in ["", "a b", "教育", "a/b", "..", &"x".repeat(129)] {
        let writes = vec![Write::delete(id)];
        let error = store.append(TaskKind::Delete, writes).unwrap_err();
        assert!(matches!(error, Error::Id { .. }), "{id}");
        assert!(error.to_string().contains("1–128 个字符"), "{error}");
    }
    let large = Content {
        text: "教".repeat(200),
        ..Content::default()
    };
    let writes = vec![Write::delete("ok"), Write::put("large", large)];
    let error = store.append(TaskKind::Bulk, writes).unwrap_err();
    assert!(matches!(error, Error::TooLarge { limit: 400, .. }));
    assert!(error.to_string().contains("报告 large"), "{error}");
    assert_eq!(store.seq(), 0, "nothing of it was done");
    put(&store, &"x".repeat(128), 1);
}

#[test]
fn tasks_are_followed_from_their_arrival_to_their_end() {
    let folder = temporary();
    let store = open(folder.path());
    let writes = vec![Write::put("a", content(1)), Write::delete("b")];
    let bulk = store.append(TaskKind::Bulk, writes).unwrap().task;
    let more = store
        .append_to(bulk, vec![Write::put("c", content(2))])
        .unwrap();
    assert_eq!(more.task, bulk);
    let task = store.task(bulk).unwrap();
    assert_eq!((task.kind, task.state), (TaskKind::Bulk, TaskState::Queued));
    assert_eq!((task.reports, task.changed), (3, 2));
    assert_eq!(task.last, more.receipts[0].seq);
    assert!(task.enqueued_at > 1_600_000_000_000);
    let single = vec![Write::put("d", content(3))];
    let single = store.append(TaskKind::Put, single).unwrap().task;
    store.start(&[bulk, single]);
    assert_eq!(store.task(bulk).unwrap().state, TaskState::Running);
    let outcome = Outcome {
        counts: [("passages".to_owned(), 4)].into(),
        warnings: vec!["编号不连续".to_owned()],
        error: None,
    };
    store.finish(vec![(bulk, outcome.clone())]).unwrap();
    drop(store);
    let store = open(folder.path());
    let task = store.task(bulk).unwrap();
    assert_eq!((task.state, &task.outcome), (TaskState::Done, &outcome));
    assert!(task.finished_at >= task.started_at);
    // What was being applied when the process ended is queued again.
    assert_eq!(store.task(single).unwrap().state, TaskState::Queued);
    let failed = Outcome {
        error: Some("索引写不了".to_owned()),
        ..Outcome::default()
    };
    store
        .finish(vec![(single, failed), (9999, Outcome::default())])
        .unwrap();
    let states = |state| {
        let tasks = store.tasks(None, 10, state).into_iter();
        tasks.map(|task| task.id).collect::<Vec<_>>()
    };
    assert_eq!(states(None), [single, bulk]);
    assert_eq!(states(Some(TaskState::Failed)), [single]);
    assert_eq!(store.tasks(Some(single), 10, None).len(), 1);
    // Only so many are remembered once they ended; those that have not, all.
    for variant in 0..50 {
        let id = format!("t{variant}");
        put(&store, &id, variant);
        if variant >= 10 {
            let newest = store.tasks(None, 1, None)[0].id;
            store.finish(vec![(newest, Outcome::default())]).unwrap();
        }
    }
    assert_eq!(store.tasks(None, 1000, Some(TaskState::Done)).len(), 20);
    assert_eq!(store.unfinished().len(), 10);
    let before = store.tasks(None, 1000, None);
    drop(store);
    let store = open(folder.path());
    assert_eq!(store.tasks(None, 1000, None), before);
    store.compact(0).unwrap();
    assert_eq!(store.tasks(None, 1000, None), before);
    drop(store);
    assert_eq!(open(folder.path()).tasks(None, 1000, None), before);
}

/// What a clock that is wound back says.
static CLOCK: AtomicU64 = AtomicU64::new(2_000_000_000);

#[test]
fn order_does_not_depend_on_the_clock() {
    let options = Options {
        clock: || UNIX_EPOCH + Duration::from_secs(CLOCK.load(Ordering::SeqCst)),
        ..small()
    };
    let folder = temporary();
    let (store, _) = Store::open(folder.path(), &options).unwrap();
    for (variant, seconds) in [2_000_000_000, 1_000_000_000, 0, 5].into_iter().enumerate() {
        CLOCK.store(seconds, Ordering::SeqCst);
        put(&store, "a", variant as u64);
        put(&store, &format!("r{variant}"), 1);
    }
    // Which task it was is remembered only while the store is open.
    let listed = |store: &Store| -> Vec<Listed> {
        let reports = store.reports().into_iter();
        reports
            .map(|report| Listed {
                task: None,
                ..report
            })
            .collect()
    };
    let (order, seq) = (listed(&store), store.seq());
    drop(store);
    let store = open(folder.path());
    assert_eq!(listed(&store), order);
    assert_eq!(store.seq(), seq);
    assert_eq!(store.get("a").unwrap().unwrap().content, content(3));
    assert!(SystemTime::now() > UNIX_EPOCH + Duration::from_millis(store.reports()[0].written_at));
}
