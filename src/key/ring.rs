//! The keys in force: letting in, making, revoking.
//!
//! Whoever presents a key is answered from memory; the file is looked at on every such request, by
//! its state and not its content, so that what `cesou keys` changes is in force at once. When it
//! becomes unreadable or vanishes meanwhile, the keys that were read last stay in force.

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arc_swap::{ArcSwap, ArcSwapOption};
use governor::clock::{Clock, DefaultClock};
use governor::middleware::StateInformationMiddleware;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::file::{self, Change, Hash, Hashed, Stamp};
use super::{Action, Created, ENVIRONMENT_ID, Error, Key, PREFIX, Rate, Status, Wanted};
use crate::config::ADMIN_KEY_VARIABLE;

/// The most keys there may be, revoked ones counted.
const MAX_KEYS: usize = 10_000;
/// The fewest and the most characters of a key that comes from the environment.
const ENVIRONMENT_CHARS: (usize, usize) = (32, 512);
/// Letters of ids and secrets: those that are not taken for others, 32 of them for five bits each.
const LETTERS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
/// Letters of an id.
const ID_LETTERS: usize = 8;
/// Letters of a secret: 260 bits, of which 256 at least are asked for.
const SECRET_LETTERS: usize = 52;

/// A key in force, with how often it asked lately.
pub struct Held {
    key: Key,
    hash: Hash,
    limiter: Option<Arc<Limiter>>,
}

/// Why a key is not let in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// It is none of ours.
    Unknown,
    /// It was taken back.
    Revoked {
        /// The key's id.
        id: String,
    },
    /// Its time is over.
    Expired {
        /// The key's id.
        id: String,
        /// Since when.
        since: Timestamp,
    },
}

impl fmt::Debug for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Held")
            .field("key", &self.key)
            .finish_non_exhaustive()
    }
}

impl Held {
    fn new(key: Key, hash: Hash) -> Self {
        let limiter = key.rate.map(|rate| Arc::new(limiter(rate)));
        Self { key, hash, limiter }
    }

    /// All about it but the secret.
    #[must_use]
    pub fn key(&self) -> &Key {
        &self.key
    }

    /// Counts a request; says what is left where the key has a rate.
    ///
    /// # Errors
    ///
    /// How long to wait, where there were too many.
    pub fn count(&self) -> Result<Option<Allowance>, Duration> {
        let (Some(limiter), Some(rate)) = (&self.limiter, self.key.rate) else {
            return Ok(None);
        };
        let state = limiter
            .check()
            .map_err(|until| until.wait_time_from(DefaultClock::default().now()))?;
        let remaining = state.remaining_burst_capacity();
        let burst = rate.burst.get();
        let used = burst.saturating_sub(remaining);
        let per_second = rate.per_second.get();
        Ok(Some(Allowance {
            burst,
            remaining,
            full_in: Duration::from_secs(u64::from(used)) / per_second,
            window: burst.div_ceil(per_second),
        }))
    }
}

/// What is left of a key's rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allowance {
    /// Requests at once, after a pause.
    pub burst: u32,
    /// How many of them are left.
    pub remaining: u32,
    /// When all of them are left again.
    pub full_in: Duration,
    /// In how many seconds as many are given as there may be at once.
    pub window: u32,
}

/// Counts requests, and tells what is left.
type Limiter = RateLimiter<NotKeyed, InMemoryState, DefaultClock, StateInformationMiddleware>;

fn limiter(rate: Rate) -> Limiter {
    let quota = Quota::per_second(rate.per_second).allow_burst(rate.burst);
    RateLimiter::direct(quota).with_middleware()
}

/// The keys of one state of the file.
#[derive(Default)]
struct Ring {
    /// In the order they were made.
    all: Vec<Arc<Held>>,
    by_id: HashMap<String, Arc<Held>>,
    stamp: Option<Stamp>,
}

impl Ring {
    /// `keys`, each as often used lately as it was in `before`.
    fn new(keys: Hashed, stamp: Stamp, before: &Self) -> Self {
        let all: Vec<Arc<Held>> = keys
            .into_iter()
            .map(|(key, hash)| {
                let known = before.by_id.get(&key.id);
                let limiter = known
                    .filter(|known| known.key.rate == key.rate)
                    .map(|known| known.limiter.clone());
                Arc::new(match limiter {
                    Some(limiter) => Held { key, hash, limiter },
                    None => Held::new(key, hash),
                })
            })
            .collect();
        let by_id = all
            .iter()
            .map(|held| (held.key.id.clone(), Arc::clone(held)));
        Self {
            by_id: by_id.collect(),
            all,
            stamp: Some(stamp),
        }
    }
}

/// All keys, kept in a file, and the one that came from the environment.
pub struct Keyring {
    path: PathBuf,
    environment: Option<Arc<Held>>,
    ring: ArcSwap<Ring>,
    /// Held while the file is read, so that it is read once.
    reading: Mutex<()>,
    /// The state of the file that could not be read, and what was wrong with it.
    trouble: ArcSwapOption<(Option<Stamp>, String)>,
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keyring")
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

impl Keyring {
    /// The keys in the file at `path`, none where there is no file, and an admin key where the
    /// environment gives one.
    ///
    /// # Errors
    ///
    /// Fails when the file is damaged or cannot be read, and when the environment's key is not
    /// long enough or cannot be sent.
    pub fn open(path: &Path, environment: Option<&SecretString>) -> Result<Self, Error> {
        let ring = match file::read(path)? {
            Some((keys, stamp)) => Ring::new(keys, stamp, &Ring::default()),
            None => Ring::default(),
        };
        Ok(Self {
            path: path.to_owned(),
            environment: environment.map(from_environment).transpose()?,
            ring: ArcSwap::from_pointee(ring),
            reading: Mutex::default(),
            trouble: ArcSwapOption::default(),
        })
    }

    /// The key that `presented` is.
    ///
    /// # Errors
    ///
    /// Why it is not let in.
    pub fn authenticate(
        &self,
        presented: &SecretString,
        now: Timestamp,
    ) -> Result<Arc<Held>, Refusal> {
        let hash = hash(presented);
        if let Some(held) = &self.environment
            && is_same(&held.hash, &hash)
        {
            return Ok(Arc::clone(held));
        }
        let ring = self.current();
        // The id is public: finding it may take more or less time, comparing the rest may not.
        let known = id_of(presented.expose_secret()).and_then(|id| ring.by_id.get(id));
        let held = known
            .filter(|held| is_same(&held.hash, &hash))
            .ok_or(Refusal::Unknown)?;
        let id = held.key.id.clone();
        match (held.key.status(now), held.key.expires) {
            (Status::Active, _) => Ok(Arc::clone(held)),
            (Status::Expired, Some(since)) => Err(Refusal::Expired { id, since }),
            _ => Err(Refusal::Revoked { id }),
        }
    }

    /// All keys in the order they were made, that from the environment first.
    #[must_use]
    pub fn keys(&self) -> Vec<Key> {
        let ring = self.current();
        let held = self.environment.iter().chain(&ring.all);
        held.map(|held| held.key.clone()).collect()
    }

    /// The key of that id.
    #[must_use]
    pub fn key(&self, id: &str) -> Option<Key> {
        self.keys().into_iter().find(|key| key.id == id)
    }

    /// What is wrong with the file while other keys are in force, for operators.
    #[must_use]
    pub fn trouble(&self) -> Option<String> {
        self.current();
        self.trouble
            .load()
            .as_ref()
            .map(|trouble| trouble.1.clone())
    }

    /// Makes a key, which is in force when this returns.
    ///
    /// # Errors
    ///
    /// Fails when the file is damaged or cannot be written; it then stays as it was.
    pub fn create(&self, wanted: Wanted, now: Timestamp) -> Result<Created, Error> {
        let mut made = None;
        self.change(|keys| {
            if keys.len() >= MAX_KEYS {
                return Err(Error::TooMany { most: MAX_KEYS });
            }
            let mut id = letters(ID_LETTERS)?;
            while keys.iter().any(|(key, _)| key.id == id) {
                id = letters(ID_LETTERS)?;
            }
            let secret = SecretString::from(format!("{PREFIX}{id}_{}", letters(SECRET_LETTERS)?));
            let key = Key {
                id,
                name: wanted.name,
                description: wanted.description,
                actions: wanted.actions,
                origins: wanted.origins,
                prefixes: wanted.prefixes,
                filters: wanted.filters,
                created: whole_seconds(now),
                expires: wanted.expires,
                rate: wanted.rate,
                revoked: None,
            };
            keys.push((key.clone(), hash(&secret)));
            made = Some(Created { key, secret });
            Ok(true)
        })?;
        made.ok_or(Error::TooMany { most: MAX_KEYS })
    }

    /// Revokes the key of that id, and returns it as it then is; nothing where there is none. One
    /// that was revoked stays as it is.
    ///
    /// # Errors
    ///
    /// Fails when the file is damaged or cannot be written; it then stays as it was.
    pub fn revoke(&self, id: &str, now: Timestamp) -> Result<Option<Key>, Error> {
        if !self.keys().iter().any(|key| key.id == id) {
            return Ok(None);
        }
        let mut revoked = None;
        self.change(|keys| {
            let Some((key, _)) = keys.iter_mut().find(|(key, _)| key.id == id) else {
                return Ok(false);
            };
            let is_new = key.revoked.is_none();
            key.revoked.get_or_insert(whole_seconds(now));
            revoked = Some(key.clone());
            Ok(is_new)
        })?;
        Ok(revoked)
    }

    /// Says anew what the key of that id is for, and returns it as it then is; nothing where there
    /// is none that can be changed.
    ///
    /// # Errors
    ///
    /// Fails when the file is damaged or cannot be written; it then stays as it was.
    pub fn describe(
        &self,
        id: &str,
        name: Option<String>,
        description: Option<Option<String>>,
    ) -> Result<Option<Key>, Error> {
        let mut described = None;
        self.change(|keys| {
            let Some((key, _)) = keys.iter_mut().find(|(key, _)| key.id == id) else {
                return Ok(false);
            };
            let before = key.clone();
            if let Some(name) = name {
                key.name = name;
            }
            if let Some(description) = description {
                key.description = description;
            }
            described = Some(key.clone());
            Ok(*key != before)
        })?;
        Ok(described)
    }

    /// An admin key, where there never was one.
    ///
    /// # Errors
    ///
    /// As [`Self::create`].
    pub fn first_admin(&self, now: Timestamp) -> Result<Option<Created>, Error> {
        let may_admin = |key: &Key| key.actions.contains(&Action::Admin);
        if self.keys().iter().any(may_admin) {
            return Ok(None);
        }
        let wanted = Wanted {
            name: "首次启动时建立的管理密钥".to_owned(),
            description: None,
            actions: BTreeSet::from([Action::Admin]),
            origins: Vec::new(),
            prefixes: Vec::new(),
            filters: crate::search::Filters::new(),
            expires: None,
            rate: None,
        };
        self.create(wanted, now).map(Some)
    }

    /// Reads the file, lets `change` have its keys, and writes them where it says so.
    fn change(&self, change: impl FnOnce(&mut Hashed) -> Result<bool, Error>) -> Result<(), Error> {
        let lock = Change::begin(&self.path)?;
        let mut keys = match file::read(&self.path)? {
            Some((keys, _)) => keys,
            None if self.ring.load().stamp.is_some() => {
                return Err(Error::Gone {
                    path: self.path.clone(),
                });
            }
            None => Vec::new(),
        };
        if change(&mut keys)? {
            lock.write(keys.iter().map(|(key, hash)| (key, hash)))?;
        }
        drop(lock);
        let _reading = self.reading.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Stamp::of(&self.path);
        if !self.is_known(now) {
            self.read(now);
        }
        Ok(())
    }

    /// The keys of the file as it is now, or of its last good state.
    fn current(&self) -> Arc<Ring> {
        let now = Stamp::of(&self.path);
        if self.is_known(now) {
            return self.ring.load_full();
        }
        let _reading = self.reading.lock().unwrap_or_else(PoisonError::into_inner);
        if !self.is_known(now) && self.read(now) {
            tracing::info!("密钥文件已改动，现已生效");
        }
        self.ring.load_full()
    }

    /// Whether the file in this state was read already, for good or ill.
    fn is_known(&self, state: Option<Stamp>) -> bool {
        match self.trouble.load().as_ref() {
            Some(trouble) => trouble.0 == state,
            None => self.ring.load().stamp == state,
        }
    }

    /// Puts the file's keys in force. Returns whether they are.
    fn read(&self, state: Option<Stamp>) -> bool {
        let why = match file::read(&self.path) {
            Ok(Some((keys, stamp))) => {
                let before = self.ring.load_full();
                let next = Ring::new(keys, stamp, &before);
                self.ring.store(Arc::new(next));
                self.trouble.store(None);
                return true;
            }
            Ok(None) => Error::Gone {
                path: self.path.clone(),
            },
            Err(error) => error,
        };
        tracing::error!("密钥未更新，沿用原来的：{why}");
        self.trouble.store(Some(Arc::new((state, why.to_string()))));
        false
    }
}

fn from_environment(secret: &SecretString) -> Result<Arc<Held>, Error> {
    let (least, most) = ENVIRONMENT_CHARS;
    let text = secret.expose_secret();
    if !(least..=most).contains(&text.len()) || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(Error::Environment {
            variable: ADMIN_KEY_VARIABLE,
            least,
            most,
        });
    }
    let key = Key {
        id: ENVIRONMENT_ID.to_owned(),
        name: format!("环境变量 {ADMIN_KEY_VARIABLE}"),
        description: None,
        actions: BTreeSet::from([Action::Admin]),
        origins: Vec::new(),
        prefixes: Vec::new(),
        filters: crate::search::Filters::new(),
        created: whole_seconds(Timestamp::now()),
        expires: None,
        rate: None,
        revoked: None,
    };
    Ok(Arc::new(Held::new(key, hash(secret))))
}

pub(super) fn hash(secret: &SecretString) -> Hash {
    Sha256::digest(secret.expose_secret().as_bytes()).into()
}

fn is_same(one: &Hash, other: &Hash) -> bool {
    one.ct_eq(other).into()
}

/// The id in `cesou_id_secret`.
fn id_of(presented: &str) -> Option<&str> {
    presented.strip_prefix(PREFIX)?.split('_').next()
}

/// Random letters.
pub(super) fn letters(count: usize) -> Result<String, Error> {
    let mut bytes = vec![0; count];
    getrandom::fill(&mut bytes).map_err(|error| Error::Random(error.to_string()))?;
    Ok(bytes
        .into_iter()
        .filter_map(|byte| LETTERS.get(usize::from(byte) % LETTERS.len()))
        .map(|&letter| char::from(letter))
        .collect())
}

/// As precise as people read it.
fn whole_seconds(at: Timestamp) -> Timestamp {
    Timestamp::from_second(at.as_second()).unwrap_or(at)
}
