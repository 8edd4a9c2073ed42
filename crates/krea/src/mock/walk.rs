//! The way of a job through its states: which, and after how long.

use std::time::Duration;

use super::chance::rng;
use super::plan::Outcome;
use crate::job::Kind;
use crate::model::Start;
use crate::status::Status;

/// A state, and how long after the one before it begins.
pub(super) type Step = (Duration, Status);

/// How long Krea lets its own tools run, by its guide.
const OWN_LIMIT: Duration = Duration::from_secs(180);

/// How long it lets those of others run.
const FOREIGN_LIMIT: Duration = Duration::from_secs(7200);

/// The way of the nth job from `queued` on; at real speed, to be divided.
pub(super) fn steps(start: &Start, outcome: Outcome, seed: u64, n: u64) -> Vec<Step> {
    let mut rng = rng(seed, "walk", n);
    // A fifth more or less than the average.
    let usual = start.usual_time().mul_f64(0.8 + 0.4 * rng.f64());
    let whole = match outcome {
        Outcome::TimedOut if is_kreas(start) => OWN_LIMIT,
        Outcome::TimedOut => FOREIGN_LIMIT,
        Outcome::Cancelled => usual / 2,
        _ => usual,
    };
    let mut shares = vec![
        (0.02, Status::Scheduled),
        (0.08, Status::Processing),
        (0.40, Status::Sampling),
    ];
    if start.kind == Kind::Image {
        shares.push((0.30, Status::IntermediateComplete));
    }
    let taken: f64 = shares.iter().map(|(share, _)| share).sum();
    if let Some(end) = end(outcome) {
        shares.push((1.0 - taken, end));
    }
    let steps = shares.into_iter();
    steps
        .map(|(share, status)| (whole.mul_f64(share), status))
        .collect()
}

/// The last state; none for a job that is stuck.
fn end(outcome: Outcome) -> Option<Status> {
    match outcome {
        Outcome::Completed | Outcome::ShadowFail => Some(Status::Completed),
        Outcome::Cancelled => Some(Status::Cancelled),
        Outcome::Failed | Outcome::FailedInResult | Outcome::Silent | Outcome::TimedOut => {
            Some(Status::Failed)
        }
        Outcome::Stuck | Outcome::Refused(_) | Outcome::Invalid(_) | Outcome::Html => None,
    }
}

/// Whether Krea runs the model itself, as far as its path tells.
fn is_kreas(start: &Start) -> bool {
    let vendor = start
        .model
        .as_deref()
        .and_then(|model| model.split('/').next());
    match start.kind {
        Kind::Training | Kind::NodeApp => true,
        _ => matches!(vendor, Some("krea" | "bfl" | "qwen" | "z-image" | "topaz")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn way(path: &str, outcome: Outcome) -> (Vec<String>, Duration) {
        let steps = steps(&Start::of(path).unwrap(), outcome, 1, 2);
        let names = steps.iter().map(|(_, status)| status.to_string()).collect();
        (names, steps.iter().map(|(after, _)| *after).sum())
    }

    #[test]
    fn jobs_walk_through_the_documented_states() {
        let (names, whole) = way("/generate/image/bfl/flux-1-dev", Outcome::Completed);
        let expected = [
            "scheduled",
            "processing",
            "sampling",
            "intermediate-complete",
            "completed",
        ];
        assert_eq!(names, expected);
        assert!((5.6..=8.4).contains(&whole.as_secs_f64()), "{whole:?}");
        let (names, _) = way("/generate/video/kling/kling-2.5", Outcome::Failed);
        assert_eq!(names, ["scheduled", "processing", "sampling", "failed"]);
        let (names, _) = way("/styles/train", Outcome::Stuck);
        assert_eq!(names.last().unwrap(), "sampling");
    }

    #[test]
    fn time_limits_are_the_guide_s() {
        let about = |path, seconds: f64| {
            let (_, whole) = way(path, Outcome::TimedOut);
            assert!(
                (whole.as_secs_f64() - seconds).abs() < 0.001,
                "{path}: {whole:?}"
            );
        };
        about("/generate/image/bfl/flux-1-dev", 180.0);
        about("/generate/video/kling/kling-2.5", 7200.0);
    }
}
