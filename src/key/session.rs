//! Sessions of those who look after the service from a browser.
//!
//! A page cannot be trusted to keep a key: whatever script gets into it reads what it reads. So a
//! browser sends the key once and is given a cookie that no script can read; what it stands for is
//! kept here, in memory, for a while. Of the cookie only a hash is kept, as of keys. Every form of a
//! session carries a second secret, which another site's page has no way to know.
//!
//! Invariants: a session ends with its key, whoever revoked it, with its time, and with the process
//! (`tests/admin.rs`).

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use secrecy::{ExposeSecret, SecretString};
use subtle::ConstantTimeEq;

use super::Error;
use super::file::Hash;
use super::ring::{hash, letters};

/// How long a session lasts that nobody uses, and at most.
pub const IDLE: Duration = Duration::from_secs(60 * 60);
/// How long a session lasts at most.
pub const LONGEST: Duration = Duration::from_secs(12 * 60 * 60);
/// The most sessions at once; of more, the one used least lately ends.
const MOST: usize = 100;
/// Letters of each secret: 260 bits.
const LETTERS: usize = 52;

/// The sessions there are.
#[derive(Default)]
pub struct Sessions(Mutex<HashMap<Hash, Open>>);

struct Open {
    key: String,
    form: SecretString,
    began: Instant,
    used: Instant,
}

/// A session, as its browser sees it.
#[derive(Debug, Clone)]
pub struct Session {
    /// The id of the key it was begun with.
    pub key: String,
    /// What its forms carry.
    form: SecretString,
}

impl Session {
    /// What its forms carry.
    #[must_use]
    pub fn form_secret(&self) -> &str {
        self.form.expose_secret()
    }

    /// Whether a form carries it; takes the same time whatever it carries.
    #[must_use]
    pub fn is_of_form(&self, presented: &str) -> bool {
        let own = self.form.expose_secret().as_bytes();
        own.ct_eq(presented.as_bytes()).into()
    }
}

impl Open {
    fn is_over(&self, now: Instant) -> bool {
        now.saturating_duration_since(self.used) >= IDLE
            || now.saturating_duration_since(self.began) >= LONGEST
    }
}

impl Sessions {
    fn open(&self) -> MutexGuard<'_, HashMap<Hash, Open>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins a session with the key of this id; returns what the browser is to send.
    ///
    /// # Errors
    ///
    /// The system gives no random bytes.
    pub fn begin(&self, key: &str) -> Result<SecretString, Error> {
        self.begin_at(key, Instant::now())
    }

    fn begin_at(&self, key: &str, now: Instant) -> Result<SecretString, Error> {
        let token = SecretString::from(letters(LETTERS)?);
        let session = Open {
            key: key.to_owned(),
            form: SecretString::from(letters(LETTERS)?),
            began: now,
            used: now,
        };
        let mut open = self.open();
        open.retain(|_, session| !session.is_over(now));
        if open.len() >= MOST {
            let oldest = open.iter().min_by_key(|(_, session)| session.used);
            let oldest = oldest.map(|(hash, _)| *hash);
            oldest.map(|oldest| open.remove(&oldest));
        }
        open.insert(hash(&token), session);
        Ok(token)
    }

    /// The session of what a browser sent, which has been used now.
    #[must_use]
    pub fn of(&self, token: &SecretString) -> Option<Session> {
        self.of_at(token, Instant::now())
    }

    fn of_at(&self, token: &SecretString, now: Instant) -> Option<Session> {
        let mut open = self.open();
        open.retain(|_, session| !session.is_over(now));
        // What is looked up is a hash, so that how long it takes says nothing of the secret.
        let session = open.get_mut(&hash(token))?;
        session.used = now;
        Some(Session {
            key: session.key.clone(),
            form: session.form.clone(),
        })
    }

    /// Ends a session.
    pub fn end(&self, token: &SecretString) {
        self.open().remove(&hash(token));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_lasts_while_it_is_used_and_no_longer_than_may_be() {
        let sessions = Sessions::default();
        let began = Instant::now();
        let token = sessions.begin_at("a", began).expect("random bytes");
        let mut now = began;
        while now + IDLE < began + LONGEST {
            now += IDLE / 2;
            let session = sessions.of_at(&token, now).expect("it is used");
            assert_eq!(session.key, "a");
            assert!(session.is_of_form(session.form_secret()));
            assert!(!session.is_of_form("") && !session.is_of_form(token.expose_secret()));
        }
        assert!(sessions.of_at(&token, began + LONGEST).is_none());
        let token = sessions.begin_at("a", began).expect("random bytes");
        assert!(sessions.of_at(&token, began + IDLE).is_none());
        assert!(sessions.of_at(&token, began).is_none(), "it has ended");
    }

    #[test]
    fn there_are_never_more_than_so_many() {
        let sessions = Sessions::default();
        let began = Instant::now();
        let first = sessions.begin_at("a", began).expect("random bytes");
        for second in 1..=200 {
            let now = began + Duration::from_secs(second);
            sessions.begin_at("a", now).expect("random bytes");
        }
        assert_eq!(sessions.open().len(), MOST);
        assert!(sessions.of_at(&first, began).is_none());
        let other = SecretString::from("x".repeat(LETTERS));
        sessions.end(&other);
        assert_eq!(sessions.open().len(), MOST);
    }
}
