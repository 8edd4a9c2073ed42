//! The keys with which the API may be asked: the user's own from the environment, and those that
//! callers of the proxy have sent. In memory only, and never shown.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use http::HeaderValue;

use crate::job::JobId;
use crate::limits::{KEYS_MOST, KEYS_OF_JOBS};

/// A key, as it stands in `Authorization`.
#[derive(Clone, PartialEq, Eq)]
pub struct Key(Arc<HeaderValue>);

/// The keys that are known. Cheap to clone; clones share them.
#[derive(Debug, Clone, Default)]
pub struct Keys(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    own: Option<Key>,
    sent: Mutex<Sent>,
}

/// What callers have sent, the newest last.
#[derive(Debug, Default)]
struct Sent {
    keys: VecDeque<Key>,
    of_jobs: HashMap<JobId, Key>,
    order: VecDeque<JobId>,
}

impl Sent {
    /// The newest is the last.
    fn remember(&mut self, key: &Key) {
        self.keys.retain(|known| known != key);
        self.keys.push_back(key.clone());
        if self.keys.len() > KEYS_MOST {
            self.keys.pop_front();
        }
    }
}

impl Key {
    /// A token as Krea documents it; nothing if it can't stand in a header.
    pub fn bearer(token: &str) -> Option<Self> {
        let token = token.trim();
        let value = HeaderValue::try_from(format!("Bearer {token}")).ok()?;
        (!token.is_empty()).then(|| Self::sent(&value))
    }

    /// A whole value of `Authorization`, as a caller has sent it.
    pub fn sent(value: &HeaderValue) -> Self {
        let mut value = value.clone();
        value.set_sensitive(true);
        Self(Arc::new(value))
    }

    /// The value of `Authorization`.
    pub(crate) fn header(&self) -> HeaderValue {
        HeaderValue::clone(&self.0)
    }
}

/// Whatever is printed of it, the key is not.
impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(…)")
    }
}

impl Keys {
    /// With the user's own key, if there is one.
    pub fn new(own: Option<Key>) -> Self {
        Self(Arc::new(Inner {
            own,
            sent: Mutex::default(),
        }))
    }

    /// The API has taken this key of a caller's.
    pub fn taken(&self, key: &Key) {
        self.lock().remember(key);
    }

    /// A caller has started a job with this key.
    pub fn started(&self, job: &JobId, key: &Key) {
        let mut sent = self.lock();
        sent.remember(key);
        if sent.of_jobs.insert(job.clone(), key.clone()).is_none() {
            sent.order.push_back(job.clone());
        }
        if sent.order.len() > KEYS_OF_JOBS
            && let Some(oldest) = sent.order.pop_front()
        {
            sent.of_jobs.remove(&oldest);
        }
    }

    /// The key to ask about this job with: the one it was started with, else the user's own, else
    /// the one that was sent last.
    pub fn of(&self, job: &JobId) -> Option<Key> {
        let sent = self.lock();
        let known = sent.of_jobs.get(job);
        known.or(self.0.own.as_ref()).or(sent.keys.back()).cloned()
    }

    /// All keys to ask about this job with, in the order to do so: after [`Keys::of`] the others. One
    /// may see what another may not.
    pub fn all_for(&self, job: &JobId) -> Vec<Key> {
        let sent = self.lock();
        let known = sent.of_jobs.get(job).into_iter();
        let others = self.0.own.iter().chain(sent.keys.iter().rev());
        let mut all: Vec<Key> = Vec::new();
        for key in known.chain(others) {
            if !all.contains(key) {
                all.push(key.clone());
            }
        }
        all
    }

    /// Whether the key is known with which this job was started.
    pub fn has_that_of(&self, job: &JobId) -> bool {
        self.lock().of_jobs.contains_key(job)
    }

    /// The key to ask for lists with: the user's own, else the one that was sent last.
    pub fn any(&self) -> Option<Key> {
        self.0
            .own
            .clone()
            .or_else(|| self.lock().keys.back().cloned())
    }

    fn lock(&self) -> MutexGuard<'_, Sent> {
        // What a panicking thread left is whole enough: a key too many or too few.
        self.0.sent.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(text: &str) -> Key {
        Key::bearer(text).unwrap()
    }

    #[test]
    fn each_job_is_asked_about_with_the_key_it_was_started_with() {
        let job = |n: usize| JobId::new(n.to_string());
        let keys = Keys::default();
        assert_eq!((keys.of(&job(1)), keys.any()), (None, None));
        keys.started(&job(1), &key("a"));
        keys.started(&job(2), &key("b"));
        keys.started(&job(3), &key("a"));
        assert_eq!(keys.of(&job(2)), Some(key("b")));
        assert_eq!(
            (keys.of(&job(9)), keys.any()),
            (Some(key("a")), Some(key("a")))
        );
        let keys = Keys::new(Some(key("own")));
        keys.started(&job(1), &key("a"));
        assert_eq!(keys.of(&job(1)), Some(key("a")));
        assert_eq!(
            (keys.of(&job(9)), keys.any()),
            (Some(key("own")), Some(key("own")))
        );
    }

    #[test]
    fn all_are_asked_with_that_of_the_job_first_and_each_once() {
        let job = JobId::new("1");
        let keys = Keys::new(Some(key("own")));
        keys.started(&job, &key("a"));
        keys.taken(&key("b"));
        keys.taken(&key("own"));
        assert_eq!(keys.all_for(&job), [key("a"), key("own"), key("b")]);
        let other = JobId::new("2");
        assert_eq!(keys.all_for(&other), [key("own"), key("b"), key("a")]);
        assert!(keys.has_that_of(&job) && !keys.has_that_of(&other));
        assert!(Keys::default().all_for(&job).is_empty());
    }

    #[test]
    fn they_are_bounded_and_the_oldest_leave() {
        let keys = Keys::default();
        for n in 0..KEYS_OF_JOBS + 100 {
            keys.started(&JobId::new(n.to_string()), &key(&n.to_string()));
        }
        let sent = keys.lock();
        assert_eq!(
            (sent.keys.len(), sent.of_jobs.len()),
            (KEYS_MOST, KEYS_OF_JOBS)
        );
        assert!(!sent.of_jobs.contains_key(&JobId::new("99")));
        assert!(sent.of_jobs.contains_key(&JobId::new("100")));
    }

    #[test]
    fn none_is_ever_printed() {
        let keys = Keys::new(Some(key("s3cret")));
        keys.started(&JobId::new("1"), &key("s3cret-too"));
        let printed = format!("{keys:?} {:?} {:?}", keys.any(), key("s3cret").header());
        assert!(!printed.contains("s3cret"), "{printed}");
        assert!(Key::bearer(" ").is_none() && Key::bearer("a\u{7}").is_none());
    }
}
