//! What is in the way of deciding, in words.

use kreel_krea::{ApiAnswer, AskError, JobId};

use crate::krea::asking::not_asked;
use crate::problem::{Code, Problem};

/// Whether what answered can't be the API: a 2xx without a job in it, like the page of a network
/// that wants one to log in.
pub(super) fn is_strange(answer: &ApiAnswer) -> bool {
    let reading = answer.reading.as_ref();
    reading.is_some_and(|reading| reading.job().is_none())
}

/// Something else answers in the API's place.
pub(super) fn strange() -> Problem {
    Problem::new(
        Code::ApiNotAsked,
        "webhooks wait: the API could not be asked",
        "what answers in its place speaks of no job",
        "check the network, and --krea-upstream; it is asked again by itself",
    )
}

/// There is nothing to ask with yet.
pub(super) fn key_missing() -> Problem {
    Problem::new(
        Code::KeyMissing,
        "webhooks wait: the API can't be asked without a key",
        "KREA_API_KEY is not set, and no call that the API took has come through the proxy yet",
        "make a call through the proxy, or start kreel again with KREA_API_KEY",
    )
}

/// Those that are known may be of another workspace.
pub(super) fn other_key(job: &JobId) -> Problem {
    Problem::new(
        Code::KeyMissing,
        "a webhook waits: no key at hand knows its job",
        format!("job {job} was started here, with a key that is not known any more"),
        "make a call with that key through the proxy, or start kreel again with it as KREA_API_KEY",
    )
}

/// Nothing can be decided until the API answers.
pub(super) fn unasked(error: &AskError) -> Problem {
    let problem = not_asked(error);
    let next = match error {
        AskError::KeyRefused { .. } => {
            "make a call through the proxy with another key, or start kreel again with another KREA_API_KEY"
        }
        error if error.is_distrust() => {
            "is it your own server? Then start kreel again with --krea-upstream-ca FILE, its \
             certificate; if not, somebody stands between you and the API. It is asked again by itself"
        }
        _ => "it is asked again by itself",
    };
    Problem {
        what: format!("webhooks wait: {}", problem.what),
        next: next.to_owned(),
        ..problem
    }
}
