//! How an attempt failed, in the columns behind the path if it can be said there.

use kreel_wire::Failure;

use super::columns::{duration, size};

/// The failure in a few words. Those with a cause are told in full, on lines of their own.
pub(super) fn brief(failure: &Failure) -> String {
    match failure {
        Failure::Refused { .. } => "refused the connection".to_owned(),
        Failure::TimedOut { after } => format!("unfinished after {}", duration(*after)),
        Failure::Died => "died before it answered".to_owned(),
        Failure::DiedMidAnswer { after_bytes } => {
            format!("died mid-answer, {}", size(Some(*after_bytes)))
        }
        Failure::SenderLeft => "taken back incomplete".to_owned(),
        Failure::Unreachable { .. } | Failure::Garbled { .. } | Failure::GivenUp { .. } => {
            failure.to_string()
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::BEHIND_PATH;
    use super::*;

    #[test]
    fn what_needs_no_cause_fits_behind_the_path() {
        for failure in [
            Failure::Refused {
                address: "localhost:3000".into(),
            },
            Failure::TimedOut {
                after: Duration::from_secs(30),
            },
            Failure::Died,
            Failure::DiedMidAnswer {
                after_bytes: 99_900_000,
            },
            Failure::SenderLeft,
        ] {
            let words = brief(&failure);
            assert!(words.chars().count() <= BEHIND_PATH, "{words}");
        }
    }
}
