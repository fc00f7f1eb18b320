//! Keys, made and looked after in their form; they are the native ones.

use cesou::config::SearchAccess;
use cesou::key::Wish;
use jiff::Timestamp;
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use super::{CORPUS, JSON, refused};
use crate::support::{Answer, Service};

struct Keys {
    service: Service,
    admin: String,
}

impl Keys {
    fn new() -> Self {
        let service = Service::with(CORPUS.path(), |settings| {
            settings.keys.search = SearchAccess::Required;
        });
        let now = Timestamp::now();
        let wish: Wish =
            serde_json::from_value(json!({"name": "管理", "actions": ["admin"]})).unwrap();
        let made = service.keys.create(wish.check(now).unwrap(), now).unwrap();
        let admin = format!("Bearer {}", made.secret.expose_secret());
        Self { service, admin }
    }

    fn ask(&self, method: &str, path: &str, body: &Value) -> Answer {
        let headers = [("Authorization", self.admin.as_str()), JSON];
        let body = if body.is_null() {
            String::new()
        } else {
            body.to_string()
        };
        let path = format!("/meili/keys{path}");
        self.service.send(method, &path, &headers, &body)
    }

    /// What a search is answered with this secret.
    fn search(&self, secret: &str) -> u16 {
        let bearer = format!("Bearer {secret}");
        let headers = [("Authorization", bearer.as_str())];
        let path = "/meili/indexes/passages/search";
        self.service.request("GET", path, &headers).status
    }
}

#[test]
fn a_key_from_its_making_to_its_end() {
    let keys = Keys::new();
    let wish = json!({
        "name": "网站",
        "description": "检索页",
        "actions": ["search"],
        "indexes": ["passages"],
        "expiresAt": "2999-01-01T00:00:00",
    });
    let made = keys.ask("POST", "", &wish);
    assert_eq!(made.status, 201, "{}", made.body);
    let made = made.json();
    for field in ["name", "description", "actions", "indexes"] {
        assert_eq!(made[field], wish[field]);
    }
    assert_eq!(made["expiresAt"], "2999-01-01T00:00:00.000000Z");
    let secret = made["key"].as_str().unwrap().to_owned();
    let uid = made["uid"].as_str().unwrap().to_owned();
    assert_eq!(keys.search(&secret), 200);
    // By its name here, by its secret, and in the native form it is the same one.
    let one = keys.ask("GET", &format!("/{uid}"), &Value::Null).json();
    let by_secret = keys.ask("GET", &format!("/{secret}"), &Value::Null).json();
    assert_eq!(one, by_secret);
    assert_eq!(one["description"], "检索页");
    assert!(!one.to_string().contains(&secret));
    let headers = [("Authorization", keys.admin.as_str())];
    let native = keys
        .service
        .request("GET", &format!("/api/v1/keys/{uid}"), &headers)
        .json();
    assert_eq!(native["name"], "网站");
    assert_eq!(native["description"], "检索页");
    assert_eq!(native["actions"], json!(["search"]));

    let list = keys.ask("GET", "?limit=1", &Value::Null).json();
    assert_eq!(list["total"], 2);
    assert_eq!(list["results"], json!([one]));

    let path = format!("/{uid}");
    let changed = keys.ask("PATCH", &path, &json!({"name": "新站"})).json();
    assert_eq!(
        (&changed["name"], &changed["description"]),
        (&json!("新站"), &json!("检索页"))
    );
    let changed = keys
        .ask("PATCH", &path, &json!({"description": null}))
        .json();
    assert_eq!(
        (&changed["name"], &changed["description"]),
        (&json!("新站"), &Value::Null)
    );
    assert_eq!(keys.search(&secret), 200);

    let gone = keys.ask("DELETE", &path, &Value::Null);
    assert_eq!((gone.status, gone.body.as_str()), (204, ""));
    assert_eq!(keys.search(&secret), 403);
    for given in [uid.as_str(), secret.as_str()] {
        let answer = keys.ask("GET", &format!("/{given}"), &Value::Null);
        refused(&answer, 404, "api_key_not_found");
        assert!(!answer.body.contains(given), "{}", answer.body);
    }
    refused(
        &keys.ask("DELETE", &path, &Value::Null),
        404,
        "api_key_not_found",
    );
}

#[test]
fn actions_that_stand_for_ours() {
    let keys = Keys::new();
    for (theirs, ours) in [
        (json!(["*"]), json!(["admin"])),
        (json!(["documents.add"]), json!(["write"])),
        (
            json!(["search", "documents.get", "documents.delete"]),
            json!(["search", "write"]),
        ),
    ] {
        let wish = json!({"actions": theirs, "indexes": ["*"], "expiresAt": null});
        let made = keys.ask("POST", "", &wish);
        assert_eq!(made.status, 201, "{}", made.body);
        let uid = made.json()["uid"].as_str().unwrap().to_owned();
        let headers = [("Authorization", keys.admin.as_str())];
        let native = keys
            .service
            .request("GET", &format!("/api/v1/keys/{uid}"), &headers);
        assert_eq!(native.json()["actions"], ours);
    }
}

#[test]
fn wishes_that_cannot_be() {
    let keys = Keys::new();
    let good = json!({"actions": ["search"], "indexes": ["*"], "expiresAt": null});
    let changed = |field: &str, value: Value| {
        let mut wish = good.clone();
        wish[field] = value;
        wish
    };
    let without = |field: &str| {
        let mut wish = good.clone();
        wish.as_object_mut().unwrap().remove(field);
        wish
    };
    for (wish, code) in [
        (without("actions"), "missing_api_key_actions"),
        (without("indexes"), "missing_api_key_indexes"),
        (without("expiresAt"), "missing_api_key_expires_at"),
        (changed("actions", json!([])), "invalid_api_key_actions"),
        (
            changed("actions", json!(["keys.get"])),
            "invalid_api_key_actions",
        ),
        (
            changed("actions", json!("search")),
            "invalid_api_key_actions",
        ),
        (
            changed("indexes", json!(["reports"])),
            "invalid_api_key_indexes",
        ),
        (changed("indexes", json!([])), "invalid_api_key_indexes"),
        (
            changed("expiresAt", json!("2001-01-01T00:00:00Z")),
            "invalid_api_key_expires_at",
        ),
        (
            changed("expiresAt", json!("soon")),
            "invalid_api_key_expires_at",
        ),
        (changed("expiresAt", json!(3)), "invalid_api_key_expires_at"),
        (
            changed("name", json!("字".repeat(101))),
            "invalid_api_key_name",
        ),
        (
            changed("description", json!("字".repeat(1001))),
            "invalid_api_key_description",
        ),
        (
            changed("uid", json!("6062abda-a5aa-4414-ac91-ecd7944c0f8d")),
            "invalid_api_key_uid",
        ),
        (changed("origins", json!(["x"])), "bad_request"),
    ] {
        refused(&keys.ask("POST", "", &wish), 400, code);
    }
    let uid = keys.ask("GET", "", &Value::Null).json()["results"][0]["uid"].clone();
    let path = format!("/{}", uid.as_str().unwrap());
    for (change, code) in [
        (json!({"actions": ["*"]}), "immutable_api_key_actions"),
        (json!({"expiresAt": null}), "immutable_api_key_expires_at"),
        (json!({"key": "x"}), "immutable_api_key_key"),
        (json!({"name": ""}), "invalid_api_key_name"),
        (json!({"nothing": ""}), "bad_request"),
    ] {
        refused(&keys.ask("PATCH", &path, &change), 400, code);
    }
    let made = keys.ask("GET", "", &Value::Null).json();
    assert_eq!(made["total"], 1, "nothing was made or changed");
}
