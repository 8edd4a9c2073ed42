//! Two sides and how they differ. Lines are laid out at a desk, since comparing long ones word by
//! word takes longer than a frame.

use std::sync::Arc;

use kreel_inspect::compare::DiffLine;

use crate::desk::Comparing;

/// Two sides, compared, and how far down the eye is.
#[derive(Debug)]
pub(crate) struct Differences {
    pub(crate) comparing: Arc<Comparing>,
    pub(crate) scrolled: usize,
    pub(crate) is_unfolded: bool,
    laid: Option<Laid>,
    /// What was drawn last, or would have been.
    wanted: Option<Layout>,
    asked: Option<Layout>,
}

/// How a comparison is laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Layout {
    pub(crate) columns: u16,
    pub(crate) is_unfolded: bool,
}

/// A comparison in lines.
#[derive(Debug)]
pub(crate) struct Laid {
    pub(crate) layout: Layout,
    pub(crate) lines: Vec<DiffLine>,
}

impl Laid {
    /// Lays it out, which may take a while.
    pub(crate) fn out(comparing: &Comparing, layout: Layout) -> Self {
        let comparison = &comparing.comparison;
        let lines = comparison.lines(layout.columns, layout.is_unfolded);
        Self { layout, lines }
    }
}

impl Differences {
    pub(crate) fn new(comparing: Arc<Comparing>) -> Self {
        Self {
            comparing,
            scrolled: 0,
            is_unfolded: false,
            laid: None,
            wanted: None,
            asked: None,
        }
    }

    /// The lines for so many columns, or those of before until there are others; none at first.
    pub(crate) fn lines(&mut self, columns: u16) -> &[DiffLine] {
        let is_unfolded = self.is_unfolded;
        self.wanted = Some(Layout {
            columns,
            is_unfolded,
        });
        self.laid.as_ref().map_or(&[], |laid| &laid.lines)
    }

    /// Whether what is shown is not what is wanted.
    pub(crate) fn is_behind(&self) -> bool {
        self.laid.as_ref().map(|laid| laid.layout) != self.wanted
    }

    /// What is to be laid out and was not asked for; it is now.
    pub(crate) fn next_wanted(&mut self) -> Option<Layout> {
        let wanted = self.wanted.filter(|_| self.is_behind())?;
        (self.asked.replace(wanted) != Some(wanted)).then_some(wanted)
    }

    /// Takes in lines, if they are of these two sides.
    pub(crate) fn show(&mut self, comparing: &Arc<Comparing>, laid: Laid) {
        if Arc::ptr_eq(comparing, &self.comparing) {
            self.laid = Some(laid);
        }
    }
}
