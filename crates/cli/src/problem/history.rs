//! Faults of the history, as problems.

use kreel_client::HistoryError;

use super::{Code, Problem, chain};

/// What a fault of the history means for its user.
pub(crate) fn of_history(error: &HistoryError) -> Problem {
    let what = "the history can't be used";
    Problem::new(Code::HistoryUnusable, what, chain(error), error.advice())
}
