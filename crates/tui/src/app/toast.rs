//! What just happened, in a line that goes away by itself.

use std::collections::VecDeque;
use std::time::Instant;

use crate::limits::{TOAST, TOASTS};

/// How good the news are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum News {
    Good,
    Fair,
    Bad,
}

/// A line that goes away by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Toast {
    pub(crate) news: News,
    pub(crate) text: String,
    until: Instant,
}

/// Those that are shown, oldest first.
#[derive(Debug, Default)]
pub(crate) struct Toasts(VecDeque<Toast>);

impl Toasts {
    /// Shows one more; the same again takes the place of the first.
    pub(crate) fn add(&mut self, news: News, text: String, now: Instant) {
        self.0.retain(|toast| toast.text != text);
        if self.0.len() == TOASTS {
            self.0.pop_front();
        }
        // Bad news are read more slowly.
        let stay = if news == News::Bad { TOAST * 2 } else { TOAST };
        self.0.push_back(Toast {
            news,
            text,
            until: now + stay,
        });
    }

    pub(crate) fn shown(&self) -> impl Iterator<Item = &Toast> {
        self.0.iter()
    }

    /// Takes away those whose time is over; whether there were any.
    pub(crate) fn expire(&mut self, now: Instant) -> bool {
        let before = self.0.len();
        self.0.retain(|toast| toast.until > now);
        self.0.len() != before
    }

    /// When the next one goes.
    pub(crate) fn next_end(&self) -> Option<Instant> {
        self.0.iter().map(|toast| toast.until).min()
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_toast_goes_by_itself_and_bad_news_later() {
        let (mut toasts, now) = (Toasts::default(), Instant::now());
        toasts.add(News::Good, "copied".into(), now);
        toasts.add(News::Bad, "can't".into(), now);
        toasts.add(News::Good, "copied".into(), now);
        let shown = |toasts: &Toasts| toasts.shown().count();
        assert_eq!(shown(&toasts), 2);
        assert_eq!(toasts.next_end(), Some(now + TOAST));
        assert!(toasts.expire(now + TOAST));
        assert_eq!(shown(&toasts), 1);
        assert!(toasts.expire(now + TOAST * 2) && toasts.next_end().is_none());
    }
}
