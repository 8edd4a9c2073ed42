//! How jobs end: by a plan for one after the other, by a word in the prompt (`mock:failed`), or
//! by a header of the call (`X-Mock-Outcome`).

use std::str::FromStr;

use serde_json::Value;
use thiserror::Error;

use super::form::FaultForm;

/// How a job ends, or how the call for it is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    /// With a result.
    Completed,
    /// With `error`, as in the schema.
    Failed,
    /// With `result.error`, as in the guide.
    FailedInResult,
    /// Failed, and nothing says why.
    Silent,
    /// Completed, and there is nothing.
    ShadowFail,
    /// Stopped by the system.
    Cancelled,
    /// Failed after the longest time there is.
    TimedOut,
    /// Never.
    Stuck,
    /// The call is answered with this status.
    Refused(u16),
    /// The call is answered with 422, the fault told in this form.
    Invalid(FaultForm),
    /// The call is answered with a page of HTML and 502.
    Html,
}

/// How jobs end, one after the other, over and over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcomes(Vec<Outcome>);

/// Why a text is no plan.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error(
    "{part:?} is none of {}, nor one of the statuses {STATUSES:?}, nor 422 in a form, as {}",
    names(), FaultForm::ALL.map(|form| format!("422-{form}")).join(", ")
)]
pub struct InvalidPlan {
    /// The part that was not understood.
    pub part: String,
}

const NAMED: [(&str, Outcome); 9] = [
    ("completed", Outcome::Completed),
    ("failed", Outcome::Failed),
    ("failed-in-result", Outcome::FailedInResult),
    ("silent-failure", Outcome::Silent),
    ("shadow-fail", Outcome::ShadowFail),
    ("cancelled", Outcome::Cancelled),
    ("timeout", Outcome::TimedOut),
    ("stuck", Outcome::Stuck),
    ("html", Outcome::Html),
];

/// The statuses a call can be refused with.
const STATUSES: [u16; 15] = [
    400, 401, 402, 403, 404, 410, 422, 429, 500, 502, 503, 504, 520, 522, 524,
];

/// What stands before an outcome in a prompt.
const KEYWORD: &str = "mock:";

impl Default for Outcomes {
    fn default() -> Self {
        Self(vec![Outcome::Completed])
    }
}

impl FromStr for Outcomes {
    type Err = InvalidPlan;

    /// `completed,completed,failed`, where `completed*19,failed` saves typing.
    fn from_str(text: &str) -> Result<Self, InvalidPlan> {
        let mut plan = Vec::new();
        for part in text.split(',').map(str::trim) {
            let invalid = || InvalidPlan {
                part: part.to_owned(),
            };
            let (name, times) = part.split_once('*').unwrap_or((part, "1"));
            let times: usize = times.parse().map_err(|_| invalid())?;
            let outcome: Outcome = name.parse().map_err(|()| invalid())?;
            if times == 0 || times > 10_000 || plan.len() + times > 10_000 {
                return Err(invalid());
            }
            plan.extend(std::iter::repeat_n(outcome, times));
        }
        Ok(Self(plan))
    }
}

impl FromStr for Outcome {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        if let Some((_, outcome)) = NAMED.iter().find(|(name, _)| *name == text) {
            return Ok(*outcome);
        }
        if let Some(form) = text.strip_prefix("422-") {
            return form.parse().map(Self::Invalid).map_err(drop);
        }
        let status = text.parse().map_err(drop)?;
        STATUSES
            .contains(&status)
            .then_some(Self::Refused(status))
            .ok_or(())
    }
}

impl Outcomes {
    /// How the nth job ends.
    pub(super) fn of(&self, n: u64) -> Outcome {
        let at = usize::try_from(n).unwrap_or(0) % self.0.len().max(1);
        self.0.get(at).copied().unwrap_or(Outcome::Completed)
    }
}

impl Outcome {
    /// What a prompt asks for: `a red fox mock:failed`.
    pub(super) fn in_prompt(body: &Value) -> Option<Self> {
        let prompt = body.get("prompt").or_else(|| body.get("name"))?.as_str()?;
        let word = prompt.split(KEYWORD).nth(1)?;
        let end = word.find(|c: char| !c.is_ascii_alphanumeric() && c != '-');
        word[..end.unwrap_or(word.len())].parse().ok()
    }
}

fn names() -> String {
    NAMED.map(|(name, _)| name).join(", ")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn plans_go_round() {
        let plan: Outcomes = "completed*2, failed,402".parse().unwrap();
        let ends: Vec<_> = (0..5).map(|n| plan.of(n)).collect();
        use Outcome::{Completed, Failed, Refused};
        assert_eq!(
            ends,
            [Completed, Completed, Failed, Refused(402), Completed]
        );
        for bad in ["", "fine", "completed*0", "999", "completed,", "failed*x"] {
            assert!(bad.parse::<Outcomes>().is_err(), "{bad}");
        }
    }

    #[test]
    fn prompts_may_ask() {
        let asked = |prompt: &str| Outcome::in_prompt(&json!({"prompt": prompt}));
        assert_eq!(
            asked("a fox mock:shadow-fail, please"),
            Some(Outcome::ShadowFail)
        );
        assert_eq!(asked("mock:429"), Some(Outcome::Refused(429)));
        assert_eq!(
            asked("mock:422-issues."),
            Some(Outcome::Invalid(FaultForm::Issues))
        );
        assert_eq!(asked("mock:422-poem"), None);
        assert_eq!(asked("a mock: up"), None);
        assert_eq!(asked("a fox"), None);
        assert_eq!(Outcome::in_prompt(&json!([])), None);
    }
}
