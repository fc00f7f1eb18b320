//! The log rewritten, and copies of it.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use cesou::store::{self, Error, Options, Outcome, Store, TaskKind, Write};

use super::{
    Model, Random, all, content, copy_folder, delete, noise, open, put, small, temporary, written,
};

#[test]
fn rewriting_the_log_leaves_out_only_what_says_nothing() {
    let folder = temporary();
    let options = Options {
        segment_bytes: 1 << 20,
        min_free_bytes: 0,
        ..Options::default()
    };
    let (store, _) = Store::open(folder.path(), &options).unwrap();
    let mut random = Random(5);
    assert!(!store.worth_compacting());
    for _ in 0..14 {
        for id in 0..10 {
            let writes = vec![Write::put(&format!("r{id}"), noise(&mut random, 150_000))];
            store.append(TaskKind::Put, writes).unwrap();
        }
    }
    delete(&store, "r3");
    delete(&store, "r4");
    let model = all(&store);
    let applied = store.seq() - 1;
    assert!(store.worth_compacting());
    let before = store.size().0;
    store.compact(applied).unwrap();
    let (after, garbage) = store.size();
    assert!(
        after * 8 < before && garbage < 1000,
        "{before} to {after}, {garbage}"
    );
    assert!(!store.worth_compacting());
    assert_eq!(all(&store), model);
    // Who has applied all that was forgotten is told of what came since; others must compare.
    assert!(store.since(applied - 1, 10).is_none());
    let changes = store.since(applied, 10).unwrap();
    assert_eq!(changes.through, store.seq());
    let seq = store.seq();
    drop(store);
    let (store, damages) = Store::open(folder.path(), &options).unwrap();
    assert_eq!(damages, []);
    assert_eq!(all(&store), model);
    assert_eq!(store.seq(), seq);
    assert!(store.since(applied - 1, 10).is_none());
    assert_eq!(store.since(applied, 10).unwrap(), changes);
}

#[test]
fn a_rewrite_cut_short_leaves_one_good_log() {
    let folder = temporary();
    let model = written(folder.path());
    // Begun, and not yet in force.
    let building = folder.path().join("building-000002");
    fs::create_dir(&building).unwrap();
    fs::write(building.join("000001.log"), b"half").unwrap();
    let store = open(folder.path());
    assert_eq!(all(&store), model);
    assert!(!building.exists());
    drop(store);
    // In force, with the old one still there.
    let old = temporary();
    copy_folder(
        &folder.path().join("log-000001"),
        &old.path().join("log-000001"),
    );
    let store = open(folder.path());
    store.compact(0).unwrap();
    put(&store, "new", 1);
    let model = all(&store);
    drop(store);
    copy_folder(old.path(), folder.path());
    assert_eq!(all(&open(folder.path())), model);
    assert!(!folder.path().join("log-000001").exists());
}

#[test]
fn reading_and_writing_go_on_while_the_log_is_rewritten() {
    let folder = temporary();
    let store = Arc::new(open(folder.path()));
    let stop = Arc::new(AtomicBool::new(false));
    let threads: Vec<_> = (0..3)
        .map(|thread| {
            let (store, stop) = (Arc::clone(&store), Arc::clone(&stop));
            std::thread::spawn(move || {
                let mut random = Random(thread);
                let mut model = Model::new();
                while !stop.load(Ordering::SeqCst) {
                    let id = format!("w{thread}-{}", random.below(5));
                    if random.below(4) == 0 {
                        delete(&store, &id);
                        model.remove(&id);
                    } else {
                        let variant = random.below(1000);
                        put(&store, &id, variant);
                        model.insert(id.clone(), content(variant));
                    }
                    let found = store.get(&id).unwrap().map(|stored| stored.content);
                    assert_eq!(found.as_ref(), model.get(&id));
                    let tasks = store.unfinished().into_iter();
                    let outcomes = tasks.map(|task| (task.id, Outcome::default()));
                    store.finish(outcomes.collect()).unwrap();
                }
                model
            })
        })
        .collect();
    for _ in 0..25 {
        store.compact(store.seq()).unwrap();
        let mut backup = Vec::new();
        store.export(&mut backup).unwrap();
        let copy = temporary();
        store::import(copy.path(), &mut backup.as_slice(), &small(), false).unwrap();
        open(copy.path());
        assert_eq!(store::verify(folder.path()).unwrap().damages, []);
    }
    stop.store(true, Ordering::SeqCst);
    let models = threads.into_iter().map(|thread| thread.join().unwrap());
    let model: Model = models.flatten().collect();
    assert_eq!(all(&store), model);
    drop(store);
    assert_eq!(all(&open(folder.path())), model);
}

#[test]
fn a_backup_is_taken_whole_or_not_at_all() {
    let folder = temporary();
    let model = written(folder.path());
    let store = open(folder.path());
    let mut backup = Vec::new();
    let copied = store.export(&mut backup).unwrap();
    assert_eq!(
        (copied.reports, copied.bytes),
        (model.len(), backup.len() as u64)
    );
    assert_eq!(copied.seq, store.seq());
    let target = temporary();
    let present = open(target.path());
    put(&present, "present", 1);
    let kept = all(&present);
    drop(present);
    let receive =
        |bytes: &[u8], overwrite| store::import(target.path(), &mut &*bytes, &small(), overwrite);
    let error = receive(&backup, false).unwrap_err();
    assert!(matches!(error, Error::NotEmpty { .. }), "{error}");
    for at in (0..backup.len()).step_by(7) {
        let error = receive(&backup[..at], true).unwrap_err();
        assert!(
            matches!(error, Error::Backup { .. }),
            "cut at {at}: {error}"
        );
        backup[at] ^= 4;
        let error = receive(&backup, true).unwrap_err();
        assert!(matches!(error, Error::Backup { .. }), "byte {at}: {error}");
        backup[at] ^= 4;
    }
    let names: Vec<_> = fs::read_dir(target.path()).unwrap().collect();
    assert_eq!(names.len(), 2, "the lock and the log: {names:?}");
    assert_eq!(all(&open(target.path())), kept);
    // What stands behind it in a larger file is left to whoever wrote that.
    let mut larger = [backup.as_slice(), b"more"].concat();
    let mut input = larger.as_slice();
    store::import(target.path(), &mut input, &small(), true).unwrap();
    assert_eq!(input, b"more");
    assert_eq!(all(&open(target.path())), model);
    larger.clear();
}
