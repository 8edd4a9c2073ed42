//! Why the shown attempt went wrong.

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
            wait: Some(wait),
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
