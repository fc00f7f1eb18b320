//! The keyring by itself: letting in, the file and its damage, several who change it.

use std::collections::BTreeSet;
use std::fs;

use cesou::key::{Action, Created, Keyring, Refusal};
use jiff::Timestamp;
use proptest::prelude::*;
use serde_json::json;
use sha2::{Digest, Sha256};
use tempfile::TempDir;

use super::{make, secret, wish};

fn ring(folder: &TempDir) -> Keyring {
    Keyring::open(&folder.path().join("keys.jsonl"), None).expect("good keys")
}

#[test]
fn a_key_is_let_in_until_it_is_revoked_or_its_time_is_over() {
    let folder = tempfile::tempdir().expect("a folder");
    let keys = ring(&folder);
    let now = Timestamp::now();
    let made = make(&keys, &json!({"name": "甲", "expires": "2999-01-01"}));
    let held = keys.authenticate(&made.secret, now).expect("let in");
    assert_eq!(held.key(), &made.key);

    let late = "2999-01-02T00:00:00Z".parse().expect("a time");
    let refusal = keys.authenticate(&made.secret, late).expect_err("too late");
    assert!(matches!(refusal, Refusal::Expired { id, .. } if id == made.key.id));

    for wrong in [
        String::new(),
        "cesou_".to_owned(),
        secret(&made).to_uppercase(),
        format!("{}a", secret(&made)),
        secret(&made)[..40].to_owned(),
        made.key.id.clone(),
        format!("cesou_{}_", made.key.id),
    ] {
        let refusal = keys.authenticate(&wrong.clone().into(), now);
        assert_eq!(refusal.expect_err(&wrong), Refusal::Unknown);
    }

    let id = made.key.id.clone();
    let revoked = keys.revoke(&id, now).expect("written").expect("there");
    assert!(revoked.revoked.is_some());
    let refusal = keys.authenticate(&made.secret, now).expect_err("revoked");
    assert_eq!(refusal, Refusal::Revoked { id: id.clone() });
    let again = keys.revoke(&id, late).expect("written").expect("there");
    assert_eq!(again.revoked, revoked.revoked, "it was revoked once");
    assert!(keys.revoke("nothing", now).expect("read").is_none());
}

#[test]
fn keys_are_long_random_and_named_by_what_gives_nothing_away() {
    let folder = tempfile::tempdir().expect("a folder");
    let keys = ring(&folder);
    let all: BTreeSet<String> = (0..20)
        .map(|_| {
            let made = make(&keys, &json!({"name": "甲"}));
            let secret = secret(&made);
            let rest = secret
                .strip_prefix(&format!("cesou_{}_", made.key.id))
                .expect("a prefix to be searched for, and the id");
            // Five bits a letter.
            assert!(rest.len() * 5 >= 256, "{secret}");
            assert!(!made.key.id.contains('_'), "{}", made.key.id);
            rest.to_owned()
        })
        .collect();
    assert_eq!(all.len(), 20);
    let letters: BTreeSet<char> = all.iter().flat_map(|rest| rest.chars()).collect();
    assert_eq!(letters.len(), 32, "{letters:?}");
}

#[test]
fn the_file_holds_hashes_and_only_its_owner_may_read_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let keys = ring(&folder);
    let made = make(&keys, &json!({"name": "甲"}));
    let path = folder.path().join("keys.jsonl");
    let text = fs::read_to_string(&path).expect("a file");
    assert!(text.contains(&made.key.id), "{text}");
    let rest = secret(&made).rsplit('_').next().expect("a part").to_owned();
    assert!(!text.contains(&rest), "{text}");
    let hash = Sha256::digest(secret(&made));
    let hex: Vec<String> = hash.iter().map(|byte| format!("{byte:02x}")).collect();
    let hex = hex.concat();
    assert!(text.contains(&hex), "{text}");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let permissions = fs::metadata(&path).expect("a file").permissions();
        assert_eq!(permissions.mode() & 0o777, 0o600);
    }
    for shown in [format!("{keys:?}"), format!("{made:?}")] {
        assert!(!shown.contains(&rest) && !shown.contains(&hex), "{shown}");
    }
    let held = keys.authenticate(&made.secret, Timestamp::now());
    let shown = format!("{held:?}");
    assert!(!shown.contains(&rest) && !shown.contains(&hex), "{shown}");
}

#[test]
fn a_file_with_any_bit_changed_or_any_end_cut_off_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("keys.jsonl");
    make(
        &ring(&folder),
        &json!({"name": "甲", "filters": {"province": ["河北省"]}}),
    );
    let whole = fs::read(&path).expect("a file");
    let refused = |bytes: &[u8], what: &str| {
        fs::write(&path, bytes).expect("a file");
        let said = Keyring::open(&path, None).expect_err(what).to_string();
        assert!(!said.contains('\n'), "{said:?}");
        for part in [path.to_str().expect("a path"), "已损坏", "备份", "移走"] {
            assert!(said.contains(part), "{what}: {said}");
        }
    };
    for at in 0..whole.len() {
        for bit in 0..8 {
            let mut bytes = whole.clone();
            bytes[at] ^= 1 << bit;
            refused(&bytes, &format!("bit {bit} of byte {at}"));
        }
        refused(&whole[..at], &format!("only {at} bytes"));
    }
    let mut more = whole.clone();
    more.push(b'\n');
    refused(&more, "more");
    fs::write(&path, &whole).expect("a file");
    assert_eq!(ring(&folder).keys().len(), 1);
}

proptest! {
    #[test]
    fn no_file_makes_reading_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("keys.jsonl");
        fs::write(&path, bytes).expect("a file");
        prop_assert!(Keyring::open(&path, None).is_err());
    }
}

#[test]
fn many_who_make_keys_at_once_lose_none() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("deep/down/keys.jsonl");
    let threads: Vec<_> = (0..8)
        .map(|number| {
            let path = path.clone();
            std::thread::spawn(move || -> Vec<Created> {
                let keys = Keyring::open(&path, None).expect("no keys, or good ones");
                let name = format!("{number}");
                let made = (0..5).map(|_| make(&keys, &json!({"name": name})));
                made.collect()
            })
        })
        .collect();
    let made: Vec<Created> = threads
        .into_iter()
        .flat_map(|thread| thread.join().expect("it made them"))
        .collect();
    let keys = Keyring::open(&path, None).expect("good keys");
    assert_eq!(keys.keys().len(), 40);
    for made in made {
        keys.authenticate(&made.secret, Timestamp::now())
            .expect("let in");
    }
}

#[test]
fn what_one_process_changes_another_knows_at_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let (one, other) = (ring(&folder), ring(&folder));
    let made = make(&one, &json!({"name": "甲"}));
    let now = Timestamp::now();
    other.authenticate(&made.secret, now).expect("let in");
    other.revoke(&made.key.id, now).expect("written");
    let refusal = one.authenticate(&made.secret, now).expect_err("revoked");
    assert!(matches!(refusal, Refusal::Revoked { .. }));
}

#[test]
fn a_file_that_goes_bad_while_serving_changes_nothing_and_is_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("keys.jsonl");
    let keys = ring(&folder);
    let made = make(&keys, &json!({"name": "甲"}));
    let whole = fs::read(&path).expect("a file");
    let now = Timestamp::now();
    let bad: [(&str, Option<&[u8]>); 3] = [
        ("damaged", Some(b"{}\n")),
        ("emptied", Some(b"")),
        ("gone", None),
    ];
    for (what, bytes) in bad {
        match bytes {
            Some(bytes) => fs::write(&path, bytes).expect("a file"),
            None => fs::remove_file(&path).expect("a file"),
        }
        keys.authenticate(&made.secret, now).expect(what);
        let trouble = keys.trouble().expect(what);
        assert!(trouble.contains("keys.jsonl"), "{trouble}");
        assert!(keys.revoke(&made.key.id, now).is_err(), "{what}");
        let wanted = wish(&json!({"name": "乙"})).check(now).expect("good");
        assert!(keys.create(wanted, now).is_err(), "{what}");
        let after = fs::read(&path).ok();
        assert_eq!(after.as_deref(), bytes, "{what}: left as it was");
    }
    fs::write(&path, whole).expect("a file");
    assert_eq!(keys.trouble(), None);
    keys.revoke(&made.key.id, now).expect("written");
    assert!(keys.authenticate(&made.secret, now).is_err());
}

#[test]
fn origins_are_kept_as_browsers_write_them() {
    for (given, kept) in [
        ("https://Example.ORG", "https://example.org"),
        ("https://example.org/", "https://example.org"),
        ("https://example.org:443", "https://example.org"),
        ("http://example.org:80", "http://example.org"),
        ("http://localhost:3000", "http://localhost:3000"),
        ("http://[::1]:3000", "http://[::1]:3000"),
        ("http://[::1]", "http://[::1]"),
        ("https://xn--fiqs8s.cn", "https://xn--fiqs8s.cn"),
    ] {
        let wanted = wish(&json!({"name": "甲", "origins": [given, given]}));
        let wanted = wanted.check(Timestamp::now()).expect(given);
        assert_eq!(wanted.origins, [kept], "{given}");
    }
}

#[test]
fn a_write_key_is_for_reports_of_its_prefixes() {
    let folder = tempfile::tempdir().expect("a folder");
    let keys = ring(&folder);
    let bound = json!({"name": "甲", "actions": ["write"], "prefixes": ["hebei-", "shanxi-"]});
    let bound = make(&keys, &bound).key;
    let free = make(&keys, &json!({"name": "乙", "actions": ["write"]})).key;
    for (id, is_its) in [
        ("hebei-1", true),
        ("shanxi-", true),
        ("hebei", false),
        ("Hebei-1", false),
        ("x-hebei-1", false),
        ("", false),
    ] {
        assert_eq!(bound.is_for_report(id), is_its, "{id}");
        assert!(free.is_for_report(id), "{id}");
    }
    assert!(bound.may(Action::Write) && !bound.may(Action::Search));
    let admin = make(&keys, &json!({"name": "丙", "actions": ["admin"]})).key;
    assert!(Action::ALL.into_iter().all(|action| admin.may(action)));
}
