//! Where what is built in comes from. Licences and known vulnerabilities are looked up by
//! `.ci/run`, with `.deny.toml`; what needs no other program is held here.

use std::fs;

use serde_json::Value;

use crate::support::root;

#[test]
fn every_crate_is_of_the_public_registry_and_has_a_digest() {
    let lock = fs::read_to_string(root().join("Cargo.lock")).unwrap();
    let lock: toml::Value = toml::from_str(&lock).expect("TOML");
    let packages = lock["package"].as_array().expect("packages");
    assert!(packages.len() > 100);
    for package in packages {
        let name = package["name"].as_str().unwrap();
        if name == env!("CARGO_PKG_NAME") {
            continue;
        }
        let source = package.get("source").and_then(toml::Value::as_str);
        let registry = "registry+https://github.com/rust-lang/crates.io-index";
        assert_eq!(source, Some(registry), "{name}");
        let digest = package.get("checksum").and_then(toml::Value::as_str);
        assert_eq!(digest.map(str::len), Some(64), "{name}");
    }
}

#[test]
fn what_browsers_are_sent_is_made_of_our_own_source_alone() {
    let package = fs::read_to_string(root().join("web/package.json")).unwrap();
    let package: Value = serde_json::from_str(&package).expect("JSON");
    assert_eq!(package.get("dependencies"), None, "tools only");
    let mut looked_at = 0;
    for folder in ["web/src", "web/site", "web/pages"] {
        for entry in fs::read_dir(root().join(folder)).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_none_or(|ending| ending != "js") {
                continue;
            }
            looked_at += 1;
            for line in fs::read_to_string(&path).unwrap().lines() {
                let line = line.trim_start();
                let is_import = line.starts_with("import ") || line.starts_with("} from ");
                if let Some((_, from)) = line.split_once('"').filter(|_| is_import) {
                    assert!(from.starts_with('.'), "{}: {line}", path.display());
                }
            }
        }
    }
    assert!(looked_at > 3, "{looked_at} scripts");
}
