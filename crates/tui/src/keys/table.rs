//! All actions: names in settings, usual keys, and what the help says of them.

use crate::action::Action;

/// An action with its keys.
#[derive(Debug)]
pub(crate) struct Binding {
    /// What it is called in settings and on the command line.
    pub(crate) name: &'static str,
    pub(crate) action: Action,
    /// Where it works.
    pub(crate) place: Place,
    /// The usual keys, the first of them shown in bars.
    pub(crate) keys: &'static [&'static str],
    /// One or two words for bars.
    pub(crate) label: &'static str,
    /// A sentence for the help.
    pub(crate) says: &'static str,
    /// Under which heading.
    pub(crate) group: &'static str,
}

/// Where a key means something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Place {
    Everywhere,
    /// While the keys go to the rows.
    Rows,
    /// While they go to the detail.
    Detail,
}

impl Place {
    pub(crate) const ALL: [Self; 3] = [Self::Everywhere, Self::Rows, Self::Detail];

    /// Whether a key can be pressed in both.
    pub(crate) fn overlaps(self, other: Self) -> bool {
        self == other || self == Self::Everywhere || other == Self::Everywhere
    }
}

const MOVE: &str = "Moving";
const FIND: &str = "Finding";
const ACT: &str = "Acting";
const TAKE: &str = "Taking away";
const LOOK: &str = "Looking";
const REST: &str = "The rest";

macro_rules! bindings {
    ($($group:ident $place:ident $name:literal $action:expr, [$($key:literal),*], $label:literal, $says:literal;)*) => {
        &[$(Binding {
            name: $name,
            action: $action,
            place: Place::$place,
            keys: &[$($key),*],
            label: $label,
            says: $says,
            group: $group,
        }),*]
    };
}

/// All of them, in the order of the help.
#[rustfmt::skip]
pub(crate) const BINDINGS: &[Binding] = bindings! {
    MOVE Everywhere "down" Action::Move(1), ["j", "down"], "down", "Down";
    MOVE Everywhere "up" Action::Move(-1), ["k", "up"], "up", "Up";
    MOVE Everywhere "page-down" Action::Page(1), ["pgdn", "ctrl-d"], "page down", "A page down";
    MOVE Everywhere "page-up" Action::Page(-1), ["pgup", "ctrl-u"], "page up", "A page up";
    MOVE Everywhere "top" Action::Top, ["g", "home"], "newest", "To the first: the newest delivery, the begin of a body";
    MOVE Everywhere "bottom" Action::Bottom, ["G", "end"], "oldest", "To the last";
    MOVE Everywhere "open" Action::Open, ["enter"], "open", "Open the delivery; in a tree, fold and unfold; on a job's link, check, preview or browse";
    MOVE Everywhere "back" Action::Back, ["esc"], "back", "Back, close, or end a search";
    MOVE Everywhere "next-pane" Action::NextPane, ["tab"], "pane", "The other pane";
    MOVE Detail "right" Action::Sideways(1), ["right", "l"], "right", "Unfold, or to the right";
    MOVE Detail "left" Action::Sideways(-1), ["left", "h"], "left", "Fold, to the one above, or to the left";
    MOVE Everywhere "follow" Action::Follow, ["F"], "follow", "Stay with the newest; moving ends it";
    LOOK Everywhere "jobs" Action::Subjects, ["J"], "jobs", "Jobs of Krea in place of webhooks, one row each, and back";
    LOOK Everywhere "tab-body" Action::Tab(0), ["1"], "body", "Body";
    LOOK Everywhere "tab-headers" Action::Tab(1), ["2"], "headers", "Headers";
    LOOK Everywhere "tab-answer" Action::Tab(2), ["3"], "answer", "Answer of the app, each attempt";
    LOOK Everywhere "tab-timing" Action::Tab(3), ["4"], "timing", "Timing";
    LOOK Everywhere "tab-raw" Action::Tab(4), ["5"], "raw", "Raw bytes and SHA-256";
    LOOK Everywhere "tab-more" Action::Tab(5), ["6"], "job", "The job, if it is a webhook of Krea";
    LOOK Detail "next-tab" Action::NextTab, [">", "."], "next tab", "The next tab";
    LOOK Detail "previous-tab" Action::PreviousTab, ["<", ","], "previous tab", "The tab before";
    LOOK Everywhere "next-attempt" Action::NextAttempt, ["]"], "next attempt", "The next attempt at this delivery";
    LOOK Everywhere "previous-attempt" Action::PreviousAttempt, ["["], "attempt before", "The attempt before";
    LOOK Detail "fold-all" Action::FoldAll, ["minus"], "fold all", "Fold all";
    LOOK Detail "unfold-all" Action::UnfoldAll, ["+", "="], "unfold all", "Unfold all";
    LOOK Detail "wrap" Action::Wrap, ["w"], "wrap", "Wrap long lines, or let them run out of sight";
    LOOK Everywhere "unmask" Action::Unmask, ["u"], "secrets", "Show secrets, or mask them again";
    FIND Everywhere "search" Action::Search, ["/"], "search", "Search and filter the rows; inside a detail, search in it";
    FIND Detail "find-next" Action::FindNext, ["n"], "next", "The next place found";
    FIND Detail "find-previous" Action::FindPrevious, ["N"], "previous", "The place found before";
    FIND Rows "only-marked" Action::OnlyMarked, ["M"], "marked", "Only those marked, or all again";
    FIND Everywhere "clear" Action::Clear, ["z"], "clear", "Show only what comes from now on, or all again";
    ACT Everywhere "replay" Action::Replay, ["r"], "replay", "Hand it to the app again";
    ACT Everywhere "edit" Action::Edit, ["e"], "edit", "Change it in $EDITOR, then hand it over";
    ACT Everywhere "replay-many" Action::ReplayMany, ["R"], "replay ×N", "Replay N times, so many at once";
    ACT Everywhere "replay-elsewhere" Action::ReplayElsewhere, ["f"], "replay to", "Replay to another app";
    ACT Everywhere "stop-replaying" Action::StopReplaying, ["S"], "stop", "Stop the replays that are going on";
    ACT Everywhere "verify" Action::Verify, ["v"], "verify", "Ask the API whether the job's webhook tells the truth";
    ACT Everywhere "deliver" Action::Deliver, ["D"], "deliver", "Make the webhook that never came, and hand it to the app";
    ACT Everywhere "trigger" Action::Trigger, ["t"], "trigger", "Post a ready-made webhook to the public address";
    ACT Everywhere "compare" Action::Compare, ["d"], "diff", "Compare with the nearest one marked, else the one before; in the answers, with the answer before";
    ACT Everywhere "hold" Action::Hold, ["space"], "hold", "Hold deliveries back; while held, let one go";
    ACT Everywhere "release-all" Action::ReleaseAll, ["A"], "release all", "Let all that are held go, and hold no more";
    ACT Everywhere "mark" Action::Mark, ["m"], "mark", "Mark it, or unmark it";
    ACT Rows "note" Action::Note, ["n"], "note", "Write a note to it";
    ACT Everywhere "marker" Action::Marker, ["T"], "line", "Draw a line across the rows: something begins here";
    TAKE Everywhere "copy-address" Action::CopyAddress, ["c"], "copy address", "Copy the public address";
    TAKE Everywhere "copy-curl" Action::CopyCurl, ["C"], "copy curl", "Copy the delivery as a curl command";
    TAKE Everywhere "copy-headers" Action::CopyHeaders, ["H"], "copy headers", "Copy its headers";
    TAKE Everywhere "copy-body" Action::CopyBody, ["B"], "copy body", "Copy its body";
    TAKE Detail "copy-path" Action::CopyPath, ["p"], "copy path", "Copy the path of the selected value";
    TAKE Detail "copy-value" Action::CopyValue, ["y"], "copy value", "Copy the selected value or line";
    TAKE Everywhere "export" Action::Export, ["x"], "export", "Export as curl, HAR, JSON, raw bytes or fixture";
    TAKE Everywhere "browse" Action::Browse, ["o"], "browser", "Open the selected link, else the public address, in a browser";
    REST Everywhere "command" Action::Command, [":"], "command", "Type a command";
    REST Everywhere "help" Action::Help, ["?"], "help", "This help";
    REST Everywhere "mouse" Action::Mouse, ["ctrl-o"], "mouse", "Let the mouse select and scroll, or leave it to the terminal";
    REST Everywhere "redraw" Action::Redraw, ["ctrl-l"], "redraw", "Draw the screen anew";
    REST Everywhere "suspend" Action::Suspend, ["ctrl-z"], "suspend", "Suspend kreel; deliveries wait at the relay";
    REST Everywhere "quit" Action::Quit, ["q"], "quit", "Quit; once more, without waiting";
    REST Everywhere "interrupt" Action::Interrupt, ["ctrl-c"], "interrupt", "The same";
};
