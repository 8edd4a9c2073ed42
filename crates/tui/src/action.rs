//! What a key can mean, whatever the key.

/// Something the user wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Action {
    /// So many rows down, or up if negative.
    Move(i64),
    /// So many pages.
    Page(i64),
    /// So many columns to the right.
    Sideways(i64),
    Top,
    Bottom,
    /// Goes into what is selected: the detail, or a node of it.
    Open,
    /// Leaves it again: closes what is open, ends a search.
    Back,
    /// The other pane.
    NextPane,
    /// A tab of the detail, from 0.
    Tab(usize),
    NextTab,
    PreviousTab,
    NextAttempt,
    PreviousAttempt,
    FoldAll,
    UnfoldAll,
    /// Long lines go on below, or run out of sight to the right.
    Wrap,
    /// Searches and filters the rows.
    Search,
    FindNext,
    FindPrevious,
    Follow,
    /// What deliveries are about in place of deliveries, and back.
    Subjects,
    /// Has the lens find out whether what was delivered is true.
    Verify,
    /// Has it hand over what never came.
    Deliver,
    Mark,
    OnlyMarked,
    Note,
    /// A line across the rows, to say that something begins here.
    Marker,
    Replay,
    ReplayMany,
    ReplayElsewhere,
    StopReplaying,
    Trigger,
    Edit,
    Compare,
    Hold,
    ReleaseAll,
    CopyAddress,
    CopyCurl,
    CopyHeaders,
    CopyBody,
    CopyPath,
    CopyValue,
    Export,
    Browse,
    Clear,
    Unmask,
    Command,
    Mouse,
    Help,
    Redraw,
    Suspend,
    Quit,
    /// Ctrl-C.
    Interrupt,
}
