//! `cesou keys`, and what `cesou serve` says of keys, as an operator meets them.

use std::fs;
use std::process::{Child, Stdio};
use std::time::Duration;

use serde_json::Value;

use crate::support::{Place, REPORT, Serving};

/// `cesou serve` with all it says kept, until dropped.
struct Started {
    child: Child,
    out: std::path::PathBuf,
}

impl Started {
    fn new(place: &Place, arguments: &[&str], env: &[(&str, &str)]) -> Self {
        let out = place.path("out");
        let mut command = place.command(&["serve", "--port", "0"]);
        let child = command
            .args(arguments)
            .envs(env.iter().copied())
            .stdout(fs::File::create(&out).expect("a file"))
            .stderr(fs::File::create(place.path("log")).expect("a file"))
            .stdin(Stdio::null())
            .spawn()
            .expect("the binary runs");
        let mut started = Self { child, out };
        for _ in 0..3000 {
            // It says all it has to say at once.
            if started.said().contains("http://") {
                return started;
            }
            assert!(started.child.try_wait().expect("our child").is_none());
            std::thread::sleep(Duration::from_millis(20));
        }
        panic!("not started within a minute");
    }

    fn said(&self) -> String {
        fs::read_to_string(&self.out).expect("UTF-8")
    }

    fn keys(&self) -> Vec<String> {
        let said = self.said();
        let keys = said.lines().filter(|line| line.starts_with("cesou_"));
        keys.map(str::to_owned).collect()
    }

    /// The status of a request with a key.
    fn status(&self, path: &str, key: &str) -> u16 {
        let said = self.said();
        let address = said.split("http://").nth(1).expect("an address");
        let address = address.split('（').next().expect("an address");
        let agent: ureq::Agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .proxy(None)
            .build()
            .into();
        let request = agent.get(format!("http://{address}{path}"));
        let answer = request.header("X-API-Key", key).call().expect("an answer");
        answer.status().as_u16()
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn the_first_start_gives_an_admin_key_once() {
    let place = Place::with(&[("a.txt", REPORT.as_bytes())]);
    let first = {
        let started = Started::new(&place, &[], &[]);
        let keys = started.keys();
        assert_eq!(keys.len(), 1, "{}", started.said());
        assert_eq!(started.status("/api/v1/keys", &keys[0]), 200);
        assert!(place.path("store/keys.jsonl").is_file());
        keys[0].clone()
    };
    let log = fs::read_to_string(place.path("log")).expect("a log");
    assert!(!log.contains(&first), "{log}");
    let started = Started::new(&place, &[], &[]);
    assert_eq!(started.keys(), Vec::<String>::new(), "{}", started.said());
    assert_eq!(started.status("/api/v1/keys", &first), 200);

    // Taken back, it does not come again by itself.
    let id = first.split('_').nth(1).expect("an id");
    place.run(&["keys", "revoke", id]).exits(0);
    assert_eq!(started.status("/api/v1/keys", &first), 401);
    drop(started);
    let started = Started::new(&place, &[], &[]);
    assert_eq!(started.keys(), Vec::<String>::new());
}

#[test]
fn the_admin_key_may_come_from_the_environment() {
    let place = Place::with(&[("a.txt", REPORT.as_bytes())]);
    let key = "0123456789abcdef0123456789abcdef";
    let started = Started::new(
        &place,
        &["--set", "log.filter=trace"],
        &[("CESOU_ADMIN_KEY", key)],
    );
    assert_eq!(started.keys(), Vec::<String>::new(), "{}", started.said());
    let kept = place.path("store/keys.jsonl");
    assert!(!kept.exists(), "nothing is kept of it");
    assert_eq!(started.status("/api/v1/keys", key), 200);
    assert_eq!(started.status("/api/v1/keys", &key.replace('0', "1")), 401);
    assert_eq!(started.status("/api/v1/keys/environment", key), 200);
    let log = fs::read_to_string(place.path("log")).expect("a log");
    assert!(!log.is_empty());
    assert!(!log.contains(key), "not even where everything is logged");
    drop(started);

    let spaced = "0123456789abcdef 0123456789abcdef";
    for bad in [
        "",
        "short",
        spaced,
        "密钥密钥密钥密钥密钥密钥密钥密钥密钥密钥密钥",
    ] {
        let mut command = place.command(&["serve", "--port", "0"]);
        let output = command
            .env("CESOU_ADMIN_KEY", bad)
            .output()
            .expect("it runs");
        let said = String::from_utf8(output.stderr).expect("UTF-8");
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(
            said.contains("CESOU_ADMIN_KEY") && said.contains("openssl"),
            "{said}"
        );
        assert!(bad.is_empty() || !said.contains(bad), "{said}");
    }
}

#[test]
fn a_damaged_file_keeps_the_service_from_starting() {
    let place = Place::with(&[("a.txt", REPORT.as_bytes())]);
    place.run(&["keys", "create", "--name", "甲"]).exits(0);
    place.write("store/keys.jsonl", b"");
    for arguments in [
        &["serve", "--port", "0"][..],
        &["keys", "list"],
        &["keys", "create", "--name", "乙"],
        &["keys", "revoke", "x"],
    ] {
        let said = ["store/keys.jsonl", "已损坏", "备份", "移走"];
        place.run(arguments).refuses(&said);
    }
}

#[test]
fn keys_are_looked_after_by_command_while_the_service_runs() {
    let place = Place::with(&[("a.txt", REPORT.as_bytes())]);
    let out = place.run(&["keys", "list"]).exits(0);
    assert!(out.contains("cesou keys create"), "{out}");
    let serving = Serving::start(
        &place,
        &[
            "serve",
            "--port",
            "0",
            "--set",
            "keys.search=required",
            "--set",
            "log.filter=debug",
        ],
    );
    let made = place.run(&[
        "keys",
        "create",
        "--name",
        "省厅网站",
        "--action",
        "search,write",
        "--origin",
        "https://a.org",
        "--prefix",
        "hebei-",
        "--filter",
        "province=河北省",
        "--filter",
        "province=山西省",
        "--expires",
        "2999-01-01",
        "--rate",
        "100",
    ]);
    let out = made.exits(0);
    assert_eq!(made.err(), "");
    let key = out.lines().find(|line| line.starts_with("cesou_"));
    let key = key.expect("the key on a line of its own").to_owned();
    let id = key.split('_').nth(1).expect("an id").to_owned();
    assert!(out.contains(&format!("{id}（省厅网站）")), "{out}");

    let out = place.run(&["keys", "list"]).exits(0);
    for part in [
        id.as_str(),
        "省厅网站",
        "有效",
        "search、write",
        "https://a.org",
        "hebei-",
        "省份限于：河北省、山西省",
        "每秒至多 100 次",
        "2999-01-01 00:00:00",
    ] {
        assert!(out.contains(part), "{part} in {out}");
    }
    assert!(!out.contains(&key), "{out}");

    let status = |key: &str| {
        let agent: ureq::Agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .proxy(None)
            .build()
            .into();
        let request = agent.get(format!("{}/api/v1/search?q=1", serving.address));
        let request = request.header("Authorization", format!("Bearer {key}"));
        request.call().expect("an answer").status().as_u16()
    };
    assert_eq!(serving.get("/api/v1/search?q=1").0, 401);
    assert_eq!(status(&key), 200);
    let out = place
        .run(&["keys", "create", "--name", "乙", "--json"])
        .exits(0);
    let other: Value = serde_json::from_str(&out).expect("JSON");
    let other = other["key"].as_str().expect("a key").to_owned();
    assert_eq!(status(&other), 200);

    let out = place.run(&["keys", "revoke", &id]).exits(0);
    assert!(out.contains(&id) && out.contains("吊销"), "{out}");
    assert_eq!(status(&key), 401);
    assert_eq!(status(&other), 200, "that was not revoked");
    let out = place.run(&["keys", "list", "--json"]).exits(0);
    let listed: Value = serde_json::from_str(&out).expect("JSON");
    let stands: Vec<&Value> = listed["keys"].as_array().expect("keys").iter().collect();
    let stand =
        |id: &str| stands.iter().find(|key| key["id"] == id).expect("listed")["status"].clone();
    assert_eq!(stand(&id), "revoked");

    let log = serving.log();
    for secret in [&key, &other] {
        let rest = secret.rsplit('_').next().expect("a part");
        assert!(!log.contains(rest), "{log}");
    }
}

#[test]
fn commands_about_keys_that_are_wrong_are_refused() {
    let place = Place::with(&[]);
    let cases: [(&[&str], &[&str]); 8] = [
        (&["keys"], &["子命令"]),
        (&["keys", "create"], &["--name"]),
        (
            &["keys", "create", "--name", "甲", "--action", "all"],
            &["all", "search、write、admin"],
        ),
        (
            &["keys", "create", "--name", "甲", "--filter", "河北省"],
            &["字段=值"],
        ),
        (
            &["keys", "create", "--name", "甲", "--rate", "fast"],
            &["--rate", "fast"],
        ),
        (
            &["keys", "create", "--name", "甲", "--expires", "soon"],
            &["expires", "soon"],
        ),
        (&["keys", "revoke"], &["编号"]),
        (
            &["keys", "revoke", "nothing"],
            &["nothing", "cesou keys list"],
        ),
    ];
    for (arguments, said) in cases {
        place.run(arguments).refuses(said);
    }
    for help in [&["keys", "--help"][..], &["keys", "create", "--help"]] {
        let out = place.run(help).exits(0);
        for english in ["Usage", "Options", "Commands", "Print", "default:"] {
            assert!(!out.contains(english), "{english} in {out}");
        }
    }
    assert!(!place.path("store").exists(), "nothing was made");
}
