//! Why the shown attempt went wrong.

use kreel_client::Kind;
use kreel_inspect::why::{Facts, explain};

use super::App;

/// Paths that are known to work, for "did you mean": more than anybody's app has.
const WORKED: usize = 64;

impl App {
    /// Finds out why the shown attempt went wrong, if it did.
    pub(crate) fn explain(&mut self) {
        let worked = self.worked();
        let worked: Vec<(&str, &str)> = worked
            .iter()
            .map(|(method, path)| (method.as_str(), path.as_str()))
            .collect();
        let (target, wait) = (self.facts.target.as_deref(), self.facts.wait);
        let Some(pane) = self.pane.as_mut() else {
            return;
        };
        let (Some(whole), Some(attempt)) = (pane.whole.clone(), pane.shown_attempt()) else {
            pane.why = None;
            return;
        };
        // Of later attempts nobody waits for the answer, nor where the relay has given one.
        let is_waited_for = attempt.number == 1 && !attempt.is_replay;
        let wait = wait.filter(|_| is_waited_for && whole.delivery.kind == Kind::Live);
        let sent = attempt.request.as_ref();
        let path = sent.and_then(|(url, _)| path_of(url));
        let own_path = String::from_utf8_lossy(&whole.delivery.target);
        let why = explain(&Facts {
            failure: attempt.failure.as_ref().map(|(code, _)| code.as_str()),
            failure_text: attempt.failure.as_ref().map(|(_, text)| text.as_str()),
            status: attempt.status,
            answer_headers: attempt.answer.as_ref().map(|(headers, _)| headers),
            answer_body: attempt.answer.as_ref().map_or(&[], |(_, body)| body),
            method: &attempt.method,
            path: path.unwrap_or(&own_path),
            request_headers: sent.map(|(_, headers)| headers),
            request_bytes: whole.row.summary.size_bytes.unwrap_or(0),
            target: attempt.other_target.as_deref().or(target),
            listening: &pane.listening,
            paths_that_worked: &worked,
            took: Some(attempt.timings.total),
            wait,
            is_edited: attempt.is_edited,
        });
        pane.why = why;
    }

    /// Method and path of what was answered well, as far as it is at hand.
    fn worked(&self) -> Vec<(String, String)> {
        let mut worked: Vec<(String, String)> = Vec::new();
        for row in self.list.at_hand() {
            let status = row.last.as_ref().and_then(|last| last.status);
            if !matches!(status, Some(200..300)) {
                continue;
            }
            let target = String::from_utf8_lossy(&row.summary.target);
            let path = target.split('?').next().unwrap_or("").to_owned();
            let this = (row.summary.method.to_string(), path);
            if !worked.contains(&this) {
                worked.push(this);
            }
            if worked.len() == WORKED {
                break;
            }
        }
        worked
    }
}

/// Path and query of a URL.
fn path_of(url: &str) -> Option<&str> {
    let rest = url.split_once("://")?.1;
    rest.find('/').map(|start| &rest[start..])
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use kreel_client::{KeptAttempt, Whole};

    use super::*;
    use crate::testing::scene;

    /// What is said of a slow answer to the first attempt, changed like this.
    fn slow(change: impl FnOnce(&mut App, &mut Whole)) -> String {
        let mut app = scene::app();
        let mut whole = scene::whole(&scene::rows()[2]);
        whole.attempts.truncate(1);
        let first: &mut KeptAttempt = &mut whole.attempts[0];
        (first.status, first.timings.total) = (Some(200), Duration::from_secs(12));
        change(&mut app, &mut whole);
        app.pane.as_mut().unwrap().whole = Some(Arc::new(whole));
        app.explain();
        let why = app.pane.unwrap().why.unwrap();
        format!("{} {}", why.cause, why.next)
    }

    #[test]
    fn only_a_sender_who_waited_in_vain_got_202() {
        assert!(slow(|_, _| {}).contains("the sender got 202"));
        for (who, told) in [
            (
                "--answer now or --strict",
                slow(|app, _| app.facts.wait = None),
            ),
            (
                "a replay",
                slow(|_, whole| whole.attempts[0].is_replay = true),
            ),
            (
                "not the first",
                slow(|_, whole| whole.attempts[0].number = 2),
            ),
            (
                "queued",
                slow(|_, whole| whole.delivery.kind = Kind::Queued),
            ),
        ] {
            assert!(told.contains("took 12.0s"), "{who}: {told}");
            assert!(
                !told.contains("202") && !told.contains("--wait"),
                "{who}: {told}"
            );
        }
    }
}
