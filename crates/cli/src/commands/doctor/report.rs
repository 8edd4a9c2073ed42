//! What was found, told as it is found: a line each for people, an object each for scripts.

use std::time::Duration;

use kreel_client::inert::inert;
use kreel_client::plain::wrap;
use serde_json::{Value, json};

use crate::exit::Exit;
use crate::problem::{Problem, Result};
use crate::terminal::{Paint, object_line, print};

/// What was found so far.
#[derive(Debug)]
pub(super) struct Report {
    is_json: bool,
    exit: Exit,
    failed: usize,
    warnings: usize,
    /// The first fault of the output itself.
    broken: Option<Problem>,
}

/// How wide a line may get.
const COLUMNS: usize = 80;

/// Where what was found begins.
const INDENT: usize = 15;

impl Report {
    /// An empty one.
    pub(super) fn new(is_json: bool) -> Self {
        Self {
            is_json,
            exit: Exit::Success,
            failed: 0,
            warnings: 0,
            broken: None,
        }
    }

    /// A step that is as it should be.
    pub(super) fn fine(&mut self, check: &str, said: &str, took: Option<Duration>) {
        self.tell("ok", check, said, None, took);
    }

    /// A step that works, but not as it should.
    pub(super) fn warning(&mut self, check: &str, said: &str, advice: &str) {
        self.warnings += 1;
        self.tell("warning", check, said, Some((None, advice)), None);
    }

    /// A step that does not work. The first decides how the program ends.
    pub(super) fn failed(&mut self, check: &str, problem: Problem) {
        self.failed += 1;
        if self.exit == Exit::Success {
            self.exit = problem.exit();
        }
        let said = match problem.why.is_empty() {
            true => problem.what.clone(),
            false => format!("{}: {}", problem.what, problem.why),
        };
        let advice = Some((Some(problem.code.as_str()), problem.next.as_str()));
        self.tell("failed", check, &said, advice, None);
    }

    /// A step that was not looked at.
    pub(super) fn skipped(&mut self, check: &str, why: &str) {
        self.tell("skipped", check, why, None, None);
    }

    /// The last line, and how the program ends.
    pub(super) fn end(self) -> Result<Exit> {
        if let Some(broken) = self.broken {
            return Err(broken);
        }
        let (failed, warnings) = (self.failed, self.warnings);
        let line = match (self.is_json, failed, warnings) {
            (true, ..) => {
                object_line(&json!({"type": "diagnosis", "failed": failed, "warnings": warnings}))
            }
            (false, 0, 0) => "Nothing is wrong.\n".to_owned(),
            (false, 0, _) => format!("Everything works; {warnings} to look at.\n"),
            (false, ..) => format!("{failed} failed. What comes after it was left out.\n"),
        };
        print(&line)?;
        Ok(self.exit)
    }

    fn tell(
        &mut self,
        outcome: &str,
        check: &str,
        said: &str,
        advice: Option<(Option<&str>, &str)>,
        took: Option<Duration>,
    ) {
        let text = match self.is_json {
            true => object_line(&object(outcome, check, said, advice, took)),
            false => lines(outcome, check, said, advice, took),
        };
        if let Err(problem) = print(&text) {
            self.broken.get_or_insert(problem);
        }
    }
}

fn object(
    outcome: &str,
    check: &str,
    said: &str,
    advice: Option<(Option<&str>, &str)>,
    took: Option<Duration>,
) -> Value {
    json!({
        "type": "check",
        "check": check,
        "outcome": outcome,
        "said": said,
        "code": advice.and_then(|(code, _)| code),
        "advice": advice.map(|(_, advice)| advice),
        "duration_ms": took.map(milliseconds),
    })
}

fn lines(
    outcome: &str,
    check: &str,
    said: &str,
    advice: Option<(Option<&str>, &str)>,
    took: Option<Duration>,
) -> String {
    let paint = Paint::of_stdout();
    let (sign, said) = match outcome {
        "ok" => ("✓".to_owned(), said.to_owned()),
        "warning" => (paint.bold("!"), said.to_owned()),
        "failed" => (paint.red("✗"), said.to_owned()),
        _ => (paint.dim("·"), format!("not looked at: {said}")),
    };
    let said = match took {
        Some(took) => format!("{said} ({})", spoken(took)),
        None => said,
    };
    let mut text = String::new();
    let wrapped = wrap(&inert(&said), COLUMNS - INDENT);
    for (number, line) in wrapped.iter().enumerate() {
        match number {
            0 => text.push_str(&format!("{sign} {check:<w$}{line}\n", w = INDENT - 2)),
            _ => text.push_str(&format!("{:w$}{line}\n", "", w = INDENT)),
        }
    }
    if let Some((code, advice)) = advice {
        let code = code.map(|code| format!(" ({code})")).unwrap_or_default();
        for line in wrap(&format!("next: {advice}{code}"), COLUMNS - INDENT) {
            text.push_str(&format!("{:w$}{line}\n", "", w = INDENT));
        }
    }
    text
}

/// A time in milliseconds, to a tenth.
pub(super) fn spoken(time: Duration) -> String {
    format!("{:.1} ms", milliseconds(time))
}

fn milliseconds(time: Duration) -> f64 {
    (time.as_secs_f64() * 10_000.0).round() / 10.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_findings_stay_within_80_columns_and_say_what_to_do() {
        let said = "the certificate of relay.example ends in 3 days and is from an authority with a very long name";
        let text = lines(
            "warning",
            "certificate",
            said,
            Some((None, "renew it")),
            None,
        );
        assert!(
            text.lines().all(|line| line.chars().count() <= COLUMNS),
            "{text}"
        );
        assert!(text.contains("certificate  the certificate"), "{text}");
        assert!(text.ends_with("next: renew it\n"), "{text}");
    }

    #[test]
    fn the_first_failure_decides_how_it_ends() {
        let mut report = Report::new(true);
        for code in [
            crate::problem::Code::TokenRefused,
            crate::problem::Code::SystemRefused,
        ] {
            report.failed("token", Problem::new(code, "a", "b", "c"));
        }
        assert_eq!(report.exit, Exit::Auth);
        assert_eq!(report.failed, 2);
    }
}
