//! Which containers are open: a rule for all, and ranges of exceptions.
//!
//! A range takes the place of all exceptions within it, so that it stays small however much is
//! unfolded at once.

use std::collections::BTreeMap;

/// What holds where nothing was said.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Rule {
    /// What a person wants to see first.
    #[default]
    Usual,
    /// All open.
    Open,
    /// All closed but what stands outermost.
    Closed,
}

/// The folds of one document. Places are numbered across its sections.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Folds {
    rule: Rule,
    /// First place → one past the last, and whether they are open. Never overlapping.
    spans: BTreeMap<u64, (u64, bool)>,
}

impl Folds {
    /// One rule, without exceptions.
    pub(super) fn of(rule: Rule) -> Self {
        Self {
            rule,
            spans: BTreeMap::new(),
        }
    }

    /// Whether a place is open; `usual` and `is_outermost` tell what the rules need to know.
    pub(super) fn is_open(&self, place: u64, is_outermost: bool, usual: bool) -> bool {
        if let Some((_, (end, is_open))) = self.spans.range(..=place).next_back()
            && place < *end
        {
            return *is_open;
        }
        match self.rule {
            Rule::Usual => usual,
            Rule::Open => true,
            Rule::Closed => is_outermost,
        }
    }

    /// Opens or closes all places from `start` to before `end`.
    pub(super) fn set(&mut self, start: u64, end: u64, is_open: bool) {
        if start >= end {
            return;
        }
        if let Some((before, (its_end, its_open))) = self.before(start) {
            if its_end > start {
                self.spans.insert(before, (start, its_open));
            }
            if its_end > end {
                self.spans.insert(end, (its_end, its_open));
            }
        }
        while let Some((inside, (its_end, its_open))) = self.before(end).filter(|it| it.0 >= start)
        {
            self.spans.remove(&inside);
            if its_end > end {
                self.spans.insert(end, (its_end, its_open));
            }
        }
        self.spans.insert(start, (end, is_open));
    }

    /// The last exception that begins before a place.
    fn before(&self, place: u64) -> Option<(u64, (u64, bool))> {
        let (start, span) = self.spans.range(..place).next_back()?;
        Some((*start, *span))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_last_word_holds(said in proptest::collection::vec((0u64..40, 0u64..40, any::<bool>()), 0..30)) {
            let mut folds = Folds::default();
            let mut plain = [None; 40];
            for (start, end, is_open) in said {
                folds.set(start, end, is_open);
                (start..end).for_each(|it| plain[it as usize] = Some(is_open));
            }
            for place in 0..40 {
                for usual in [true, false] {
                    let expected = plain[place as usize].unwrap_or(usual);
                    prop_assert_eq!(folds.is_open(place, false, usual), expected);
                }
            }
        }
    }
}
