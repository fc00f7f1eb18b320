//! What is refused before anything is touched.

use std::fs;
use std::io::Read as _;
use std::path::Path;
use std::process::Command;

use cesou::backup::{self, Error};
use cesou::store::Store;
use serde_json::{Value, json};

use super::{OVERWRITE, Random, all, flip, options, places, report, site, wipe};
use crate::support::{Place, skip};

/// Refuses to be restored, says so of the file, and leaves everything as it is.
fn is_refused(place: &Place, file: &Path, what: &str) -> Error {
    let before = all(place);
    let error = backup::restore(file, &places(place), OVERWRITE)
        .err()
        .unwrap_or_else(|| panic!("{what} is restored"));
    assert!(
        matches!(
            error,
            Error::Damaged { .. } | Error::Foreign { .. } | Error::Newer { .. }
        ),
        "{what}: {error}"
    );
    assert_eq!(all(place), before, "{what}: {error}");
    error
}

#[test]
fn a_flipped_bit_anywhere_is_found_and_nothing_is_touched() {
    let place = site();
    let file = place.path("site.tar.zst");
    backup::write(&places(&place), &file, false).unwrap();
    let whole = fs::read(&file).unwrap();
    let mut random = Random(8);
    let rounds = if super::process::long() { 500 } else { 60 };
    for round in 0..rounds {
        flip(&file, &mut random);
        is_refused(&place, &file, &format!("round {round}"));
        fs::write(&file, &whole).unwrap();
    }
    // Where checks of archive and compression do not reach: their frames, and the seal.
    let ends = (0..24).chain(whole.len() - 100..whole.len());
    for at in ends {
        for bit in 0..8 {
            let mut bytes = whole.clone();
            bytes[at] ^= 1 << bit;
            fs::write(&file, bytes).unwrap();
            let checked = backup::check(&file);
            assert!(checked.is_err(), "bit {bit} of byte {at} is not seen");
        }
    }
    fs::write(&file, &whole).unwrap();
    backup::check(&file).unwrap();
}

#[test]
fn what_is_cut_short_or_no_snapshot_is_refused() {
    let place = site();
    let file = place.path("site.tar.zst");
    backup::write(&places(&place), &file, false).unwrap();
    let whole = fs::read(&file).unwrap();
    let mut random = Random(2);
    for _ in 0..20 {
        let length = random.below(whole.len());
        fs::write(&file, &whole[..length]).unwrap();
        is_refused(&place, &file, &format!("{length} bytes"));
    }
    for left in [1, 70, 79, 80, 200] {
        fs::write(&file, &whole[..whole.len() - left]).unwrap();
        is_refused(&place, &file, &format!("all but {left} bytes"));
    }
    for more in [&b"x"[..], &whole] {
        fs::write(&file, [&whole, more].concat()).unwrap();
        is_refused(&place, &file, "more at its end");
    }
    for other in [
        &b""[..],
        b"text",
        &zstd::encode_all(&b"text"[..], 1).unwrap(),
    ] {
        fs::write(&file, other).unwrap();
        let error = is_refused(&place, &file, "another file");
        assert!(error.to_string().contains("不是 cesou 的快照"), "{error}");
    }
    place
        .run(&["restore", "corpus", "--overwrite"])
        .refuses(&["corpus"]);
    place.run(&["verify", "missing"]).refuses(&["missing"]);
}

pub(super) type Made = (Vec<u8>, u8, Vec<u8>);

/// The entries of a snapshot but the manifest: name, kind, content; and the manifest.
pub(super) fn entries(file: &Path) -> (Vec<Made>, Value) {
    let packed = fs::read(file).unwrap();
    let unpacked = zstd::decode_all(packed.as_slice()).unwrap();
    let mut archive = tar::Archive::new(unpacked.as_slice());
    let mut made = Vec::new();
    for entry in archive.entries().unwrap() {
        let mut entry = entry.unwrap();
        let mut content = Vec::new();
        entry.read_to_end(&mut content).unwrap();
        let name = entry.path_bytes().into_owned();
        made.push((name, b'0', content));
    }
    let (_, _, manifest) = made.pop().unwrap();
    (made, serde_json::from_slice(&manifest).unwrap())
}

/// A snapshot of these entries, with digests that are right.
pub(super) fn made(entries: &[Made], manifest: &Value) -> Vec<u8> {
    let mut manifest = manifest.clone();
    let listed = entries.iter().map(|(name, _, content)| {
        json!({
            "name": String::from_utf8_lossy(name),
            "bytes": content.len(),
            "blake3": blake3::hash(content).to_hex().to_string(),
        })
    });
    manifest["entries"] = listed.collect();
    let last = serde_json::to_vec(&manifest).unwrap();
    let last = (b"manifest.json".to_vec(), b'0', last);
    let mut tar = tar::Builder::new(Vec::new());
    for (name, kind, content) in entries.iter().chain([&last]) {
        let mut header = tar::Header::new_gnu();
        // As it is: the library would refuse to write some of these.
        header.as_old_mut().name[..name.len()].copy_from_slice(name);
        header.set_entry_type(tar::EntryType::new(*kind));
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        if *kind != b'0' {
            header.as_old_mut().linkname[..9].copy_from_slice(b"/etc/host");
        }
        header.set_cksum();
        tar.append(&header, content.as_slice()).unwrap();
    }
    let mut packed = zstd::encode_all(tar.into_inner().unwrap().as_slice(), 1).unwrap();
    let seal = format!("BLAKE3 {}", blake3::hash(&packed).to_hex());
    packed.extend([0x53, 0x2A, 0x4D, 0x18, 71, 0, 0, 0]);
    packed.extend(seal.as_bytes());
    packed
}

#[test]
fn names_that_lead_elsewhere_and_contents_that_do_not_fit_are_refused() {
    let place = site();
    let file = place.path("site.tar.zst");
    backup::write(&places(&place), &file, false).unwrap();
    let (good, manifest) = entries(&file);
    // The making itself is right, so that what follows is refused for what it is.
    fs::write(&file, made(&good, &manifest)).unwrap();
    backup::check(&file).unwrap();

    let extra = |name: &str, kind: u8| {
        let mut entries = good.clone();
        entries.insert(good.len() - 2, (name.into(), kind, Vec::new()));
        entries
    };
    for name in [
        "corpus/../../evil",
        "corpus/reports/../../evil",
        "/tmp/evil",
        "../evil",
        "corpus/./a.txt",
        "index/../corpus/evil",
        "index/000009-0123abcd/x",
        "index/current",
        "store/../evil",
        "store/000003.log",
        "analytics/../evil",
        "analytics/lock",
        "analytics/2026-11-25.jsonl",
        "evil",
        "corpus/themes.toml",
        "corpus/themes.toml/below",
        "corpus/reports",
        "cesou.json",
    ] {
        fs::write(&file, made(&extra(name, b'0'), &manifest)).unwrap();
        is_refused(&place, &file, name);
        assert!(!Path::new("/tmp/evil").exists() && !place.path("evil").exists());
    }
    for kind in [b'1', b'2', b'3', b'4', b'5', b'6', b'7', b'S'] {
        let entries = extra("corpus/reports/link.txt", kind);
        fs::write(&file, made(&entries, &manifest)).unwrap();
        is_refused(&place, &file, &format!("kind {}", kind as char));
    }
    let changed = |name: &[u8], change: fn(&mut Vec<u8>)| {
        let mut entries = good.clone();
        let entry = entries.iter_mut().find(|it| it.0.ends_with(name)).unwrap();
        change(&mut entry.2);
        entries
    };
    let cases = [
        ("a record", changed(b"store/000001.log", |it| it[300] ^= 1)),
        (
            "the end of the store",
            changed(b"store/000001.log", |it| it.truncate(it.len() - 190)),
        ),
        ("the index", changed(b"catalog.json.zst", |it| it[5] ^= 1)),
        ("its manifest", changed(b"/manifest", |it| it[90] ^= 1)),
        ("the keys", changed(b"keys.jsonl", |it| it[150] ^= 1)),
        ("counts", changed(b"2026-11-25.jsonl", |it| it[150] ^= 1)),
    ];
    for (what, entries) in cases {
        fs::write(&file, made(&entries, &manifest)).unwrap();
        is_refused(&place, &file, what);
    }
    let without = |name: &[u8]| {
        let kept = good.iter().filter(|it| !it.0.ends_with(name));
        kept.cloned().collect::<Vec<_>>()
    };
    for name in [
        &b"catalog.json.zst"[..],
        b"/manifest",
        b"store/000001.log",
        b"analytics/2026-11-26.jsonl",
        b"cesou.json",
    ] {
        fs::write(&file, made(&without(name), &manifest)).unwrap();
        is_refused(&place, &file, &String::from_utf8_lossy(name));
    }
    let newer = changed(b"cesou.json", |it| {
        let text = String::from_utf8(std::mem::take(it)).unwrap();
        *it = text.replace("\"format\": 2", "\"format\": 3").into();
    });
    fs::write(&file, made(&newer, &manifest)).unwrap();
    let error = is_refused(&place, &file, "a later form");
    assert!(error.to_string().contains("更新版本"), "{error}");
    let mut other = manifest.clone();
    other["contents"]["store_reports"] = json!(11);
    fs::write(&file, made(&good, &other)).unwrap();
    is_refused(&place, &file, "other numbers");
}

#[test]
fn nothing_is_overwritten_unasked() {
    let place = site();
    place.run(&["snapshot", "site.tar.zst"]).exits(0);
    let written = fs::read(place.path("site.tar.zst")).unwrap();
    place
        .run(&["snapshot", "site.tar.zst"])
        .refuses(&["site.tar.zst", "--overwrite"]);
    assert_eq!(fs::read(place.path("site.tar.zst")).unwrap(), written);
    place
        .run(&["snapshot", "site.tar.zst", "--overwrite"])
        .exits(0);
    place
        .run(&["snapshot", "missing/site.tar.zst"])
        .refuses(&["missing/site.tar.zst"]);
    assert!(!place.path("site.tar.zst.part").exists());

    let before = all(&place);
    let refused = [
        "语料目录",
        "存储目录",
        "索引目录",
        "密钥文件",
        "--overwrite",
    ];
    place.run(&["restore", "site.tar.zst"]).refuses(&refused);
    assert_eq!(all(&place), before);
    // Each of them is enough.
    for kept in ["corpus", "index", "store"] {
        wipe(&place);
        for (path, bytes) in before
            .iter()
            .filter(|it| it.0.starts_with(place.path(kept)))
        {
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            if !bytes.is_empty() {
                fs::write(path, bytes).unwrap();
            }
        }
        let there = all(&place);
        place
            .run(&["restore", "site.tar.zst"])
            .refuses(&["--overwrite"]);
        assert_eq!(all(&place), there, "{kept}");
        for other in ["corpus", "index", "store"] {
            fs::create_dir_all(place.path(other)).unwrap();
        }
    }
    // Empty folders hold nothing.
    wipe(&place);
    fs::create_dir_all(place.path("corpus/reports")).unwrap();
    fs::create_dir_all(place.path("index")).unwrap();
    fs::write(place.path("index/.gitkeep"), "").unwrap();
    drop(Store::open(&place.path("store"), &options()).unwrap());
    place.run(&["restore", "site.tar.zst"]).exits(0);
    assert!(place.path("index/.gitkeep").exists());
}

#[test]
fn what_is_in_use_is_not_replaced() {
    let place = site();
    place.run(&["snapshot", "site.tar.zst"]).exits(0);
    let restore = || place.run(&["restore", "site.tar.zst", "--overwrite"]);
    let (store, _) = Store::open(&place.path("store"), &options()).unwrap();
    restore().refuses(&["另一个进程正在使用存储目录"]);
    drop(store);
    let lock = fs::File::create(place.path("index/lock")).unwrap();
    lock.lock().unwrap();
    restore().refuses(&["另一个进程", "索引目录"]);
    // Looking and saving do no harm.
    place.run(&["verify"]).exits(0);
    place.run(&["snapshot", "again.tar.zst"]).exits(0);
    drop(lock);
    restore().exits(0);
}

#[test]
fn where_a_file_cannot_be_renamed_all_is_put_back() {
    for fixed in ["corpus/reports", "index/generation"] {
        let place = site();
        let file = place.path("site.tar.zst");
        backup::write(&places(&place), &file, false).unwrap();
        let (store, _) = Store::open(&place.path("store"), &options()).unwrap();
        let writes = vec![cesou::store::Write::put("later", report(77))];
        store.append(cesou::store::TaskKind::Put, writes).unwrap();
        drop(store);
        place.write("corpus/later.toml", b"");
        let path = if fixed.starts_with("index") {
            let current = fs::read_to_string(place.path("index/current")).unwrap();
            place.path("index").join(current.trim())
        } else {
            place.path(fixed)
        };
        // Where something is mounted cannot be renamed.
        let mounted = Command::new("mount")
            .args(["--bind".as_ref(), path.as_os_str(), path.as_os_str()])
            .output()
            .is_ok_and(|output| output.status.success());
        if !mounted {
            skip("a folder cannot be mounted here");
            return;
        }
        let before = all(&place);
        let restored = backup::restore(&file, &places(&place), OVERWRITE);
        let after = all(&place);
        let unmounted = Command::new("umount").arg(&path).status().unwrap();
        assert!(unmounted.success());
        let error = restored.unwrap_err();
        assert!(!matches!(error, Error::HalfDone { .. }), "{error}");
        assert_eq!(after, before, "{error}");
        backup::restore(&file, &places(&place), OVERWRITE).unwrap();
        assert!(!place.path("corpus/later.toml").exists());
        assert_eq!(super::stored(&place.path("store")).len(), 12);
    }
}

#[test]
fn where_there_is_no_room_nothing_is_begun() {
    let place = site();
    place.run(&["snapshot", "site.tar.zst"]).exits(0);
    let small = place.path("small");
    fs::create_dir(&small).unwrap();
    let mounted = Command::new("mount")
        .args(["-t", "tmpfs", "-o", "size=400k", "none"])
        .arg(&small)
        .output()
        .is_ok_and(|output| output.status.success());
    if !mounted {
        skip("a small file system cannot be mounted here");
        return;
    }
    let run = place.run(&[
        "restore",
        "site.tar.zst",
        "--overwrite",
        "--corpus",
        "small/corpus",
    ]);
    let left = fs::read_dir(&small).unwrap().count();
    let unmounted = Command::new("umount").arg(&small).status().unwrap();
    assert!(unmounted.success());
    run.refuses(&["small/corpus", "请腾出空间"]);
    assert_eq!(left, 0);
}
