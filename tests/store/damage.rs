//! Bytes of the store that are not what was written: found, named, never believed.

use std::fs::{self, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::time::{Duration, Instant};

use cesou::store::{Damage, Error, Loss, Options, Store, TaskKind, Write};
use proptest::prelude::*;

use super::{
    Model, Random, all, content, copy_folder, delete, open, put, segments, small, temporary,
    written,
};

fn flip(path: &Path, at: u64, bit: u8) {
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .open(path)
        .unwrap();
    let mut byte = [0];
    file.read_exact_at(&mut byte, at).unwrap();
    byte[0] ^= 1 << bit;
    file.write_all_at(&byte, at).unwrap();
}

fn lost(damages: &[Damage]) -> Vec<&str> {
    let named = damages.iter().filter_map(|damage| match &damage.loss {
        Loss::Report(id) => Some(id.as_str()),
        Loss::Nothing | Loss::Task(_) | Loss::Unknown(_) => None,
    });
    named.collect()
}

#[test]
fn a_log_cut_anywhere_holds_what_stood_before_the_cut() {
    let folder = temporary();
    let options = Options {
        segment_bytes: 1 << 20,
        ..small()
    };
    let (store, _) = Store::open(folder.path(), &options).unwrap();
    let size = |store: &Store| store.size().0;
    // What is there once so many bytes are.
    let mut states = vec![(0, Model::new())];
    for variant in 0..6 {
        put(&store, &format!("r{}", variant % 4), variant);
        states.push((size(&store), all(&store)));
    }
    delete(&store, "r2");
    states.push((size(&store), all(&store)));
    drop(store);
    let segment = &segments(folder.path())[0];
    let whole = fs::read(segment).unwrap();
    assert_eq!(whole.len() as u64, states.last().unwrap().0);
    for cut in 0..=whole.len() {
        fs::write(segment, &whole[..cut]).unwrap();
        let (store, damages) = Store::open(folder.path(), &options).unwrap();
        assert_eq!(damages, [], "a torn end is no damage");
        let before = states
            .iter()
            .rposition(|(end, _)| *end <= cut as u64)
            .unwrap();
        let found = all(&store);
        // The report of a request stands before its task, so it may be there unacknowledged.
        let next = states.get(before + 1).map(|(_, model)| model);
        assert!(
            found == states[before].1 || Some(&found) == next,
            "cut at {cut}"
        );
        put(&store, "after", 1);
        drop(store);
        let (store, damages) = Store::open(folder.path(), &options).unwrap();
        assert_eq!(damages, []);
        assert!(store.contains("after"), "cut at {cut}");
    }
}

/// Opens a store with one flipped bit: each report is right, or named as damaged.
fn right_or_named(folder: &Path, model: &Model, place: &str) {
    let (store, damages) = Store::open(folder, &small()).unwrap();
    let lost = lost(&damages);
    assert!(!damages.is_empty(), "damage went unseen: {place}");
    assert!(
        !damages.iter().any(|it| matches!(it.loss, Loss::Unknown(_))),
        "one bit cost something without a name: {place}: {damages:?}"
    );
    assert!(lost.len() <= 1, "one bit cost several reports: {place}");
    assert_eq!(store.len(), model.len(), "{place}");
    for (id, content) in model {
        match store.get(id) {
            Ok(Some(stored)) => assert_eq!(stored.content, *content, "{place}"),
            Ok(None) => panic!("{id} is gone: {place}"),
            Err(error) => {
                assert!(matches!(error, Error::Damaged { .. }), "{place}: {error}");
                assert_eq!(lost, [id], "{place}");
            }
        }
    }
    // Sending it again, or rewriting the log, makes it whole; what is lost stays named.
    store.compact(0).unwrap();
    for id in &lost {
        assert!(store.get(id).is_err(), "{place}");
    }
    drop(store);
    let (store, again) = Store::open(folder, &small()).unwrap();
    assert_eq!(again.len(), lost.len(), "{place}");
    assert_eq!(self::lost(&again), lost, "{place}");
    for id in &lost {
        let writes = vec![Write::put(id, model[*id].clone())];
        let appended = store.append(TaskKind::Put, writes).unwrap();
        assert!(appended.receipts[0].changed, "{place}");
    }
    assert_eq!(all(&store), *model, "{place}");
}

#[test]
fn one_flipped_bit_costs_at_most_a_report_that_is_named() {
    let original = temporary();
    let model = written(original.path());
    let mut random = Random(7);
    for round in 0..600 {
        let folder = temporary();
        copy_folder(original.path(), folder.path());
        let segments = segments(folder.path());
        let segment = &segments[usize::try_from(random.below(segments.len() as u64)).unwrap()];
        let length = segment.metadata().unwrap().len();
        let (at, bit) = (random.below(length), u8::try_from(random.below(8)).unwrap());
        flip(segment, at, bit);
        let place = format!("round {round}: {} byte {at} bit {bit}", segment.display());
        right_or_named(folder.path(), &model, &place);
    }
}

#[test]
fn every_byte_of_the_last_record_may_be_damaged() {
    let folder = temporary();
    let options = Options {
        segment_bytes: 1 << 20,
        ..small()
    };
    let (store, _) = Store::open(folder.path(), &options).unwrap();
    put(&store, "a", 1);
    let before = store.size().0;
    put(&store, "a", 2);
    let after = store.size().0;
    drop(store);
    let segment = &segments(folder.path())[0];
    for at in before..after {
        flip(segment, at, 3);
        let (store, damages) = Store::open(folder.path(), &options).unwrap();
        match store.get("a") {
            Ok(stored) => assert_eq!(stored.unwrap().content, content(2), "byte {at}"),
            Err(_) => assert_eq!(lost(&damages), ["a"], "byte {at}"),
        }
        drop(store);
        flip(segment, at, 3);
    }
}

#[test]
fn damage_after_opening_is_an_error_that_names_the_record() {
    let folder = temporary();
    let model = written(folder.path());
    let store = open(folder.path());
    let mut random = Random(11);
    let segments = segments(folder.path());
    for _ in 0..300 {
        let segment = &segments[usize::try_from(random.below(segments.len() as u64)).unwrap()];
        let at = random.below(segment.metadata().unwrap().len());
        flip(segment, at, 0);
        for (id, content) in &model {
            match store.get(id) {
                Ok(stored) => assert_eq!(stored.unwrap().content, *content),
                Err(error) => {
                    let said = error.to_string();
                    assert!(
                        said.contains(id.as_str()) && said.contains(".log 第 "),
                        "{said}"
                    );
                    // The same content again is not taken for what is there already.
                    let again = vec![Write::put(id, content.clone())];
                    assert!(store.append(TaskKind::Put, again).unwrap().receipts[0].changed);
                    assert_eq!(store.get(id).unwrap().unwrap().content, *content);
                }
            }
        }
        flip(segment, at, 0);
    }
}

#[test]
fn larger_damage_is_named_or_counted() {
    let original = temporary();
    let model = written(original.path());
    let mut random = Random(3);
    for round in 0..200 {
        let folder = temporary();
        copy_folder(original.path(), folder.path());
        let segments = segments(folder.path());
        let segment = &segments[usize::try_from(random.below(segments.len() as u64)).unwrap()];
        let mut bytes = fs::read(segment).unwrap();
        let start = usize::try_from(random.below(bytes.len() as u64)).unwrap();
        let end = (start + usize::try_from(random.below(1500)).unwrap()).min(bytes.len());
        match round % 3 {
            0 => bytes[start..end].fill(0),
            1 => drop(bytes.drain(start..end)),
            _ => {
                let copy = bytes[start..end].to_vec();
                bytes.splice(start..start, copy);
            }
        }
        fs::write(segment, bytes).unwrap();
        let (store, damages) = Store::open(folder.path(), &small()).unwrap();
        let unnamed = damages.iter().any(|it| matches!(it.loss, Loss::Unknown(_)));
        // Bytes missing from the end of the last segment look like a write that was never done.
        let at_end = segment == segments.last().unwrap();
        for (id, content) in &model {
            match store.get(id) {
                Ok(Some(stored)) if stored.content == *content => {}
                Ok(_) => assert!(
                    unnamed || at_end,
                    "round {round}: {id} is wrong: {damages:?}"
                ),
                Err(_) => assert!(lost(&damages).contains(&id.as_str()), "round {round}: {id}"),
            }
        }
    }
}

#[test]
fn bytes_made_up_to_be_slow_end_too() {
    let folder = temporary();
    let store = open(folder.path());
    put(&store, "a", 1);
    drop(store);
    let segment = &segments(folder.path())[0];
    let whole = fs::read(segment).unwrap();
    // A million marks, then heads that are whole and promise a body that is not there.
    let mut bytes = b"\xFFCSH\xFF\x00".repeat(200_000);
    bytes.extend(b"\xFFCST\xFF\x00".repeat(200_000));
    bytes.extend(whole[..whole.len() / 3].repeat(2_000));
    fs::write(segment, &bytes).unwrap();
    let began = Instant::now();
    let (store, _) = Store::open(folder.path(), &small()).unwrap();
    assert!(store.len() <= 1);
    assert!(
        began.elapsed() < Duration::from_secs(60),
        "{:?}",
        began.elapsed()
    );
}

proptest! {
    #[test]
    fn any_bytes_open_or_are_cut_off(
        bytes in prop::collection::vec(any::<u8>(), 0..4000),
        places in prop::collection::vec((0..4000_usize, any::<bool>()), 0..40),
    ) {
        let mut bytes = bytes;
        for (place, head) in places {
            if let Some(four) = bytes.get_mut(place..place + 4) {
                four.copy_from_slice(if head { b"\xFFCSH" } else { b"\xFFCST" });
            }
        }
        let folder = temporary();
        let log = folder.path().join("log-000001");
        fs::create_dir(&log).unwrap();
        fs::write(log.join("000001.log"), bytes).unwrap();
        let (store, _) = Store::open(folder.path(), &small()).unwrap();
        prop_assert!(store.is_empty());
        put(&store, "a", 1);
        drop(store);
        let (store, _) = Store::open(folder.path(), &small()).unwrap();
        prop_assert_eq!(store.get("a").unwrap().unwrap().content, content(1));
    }
}
