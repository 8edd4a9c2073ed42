//! The states of a job, as Krea's schema spells them, and those it may invent.

use std::fmt;

/// The state of a job.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Status {
    /// It waits because the workspace runs as many jobs as it may.
    Backlogged,
    /// It waits for its turn.
    Queued,
    /// It has been accepted and will be given to a worker.
    Scheduled,
    /// A worker is on it.
    Processing,
    /// The output is being generated.
    Sampling,
    /// Something can be seen already; the result is not final.
    IntermediateComplete,
    /// It has ended, with a result.
    Completed,
    /// It has ended without one.
    Failed,
    /// Someone, or Krea, has stopped it.
    Cancelled,
    /// A state this program does not know.
    Unknown(String),
}

/// The states of the schema, in the order a job goes through them.
const KNOWN: [(Status, &str); 9] = [
    (Status::Backlogged, "backlogged"),
    (Status::Queued, "queued"),
    (Status::Scheduled, "scheduled"),
    (Status::Processing, "processing"),
    (Status::Sampling, "sampling"),
    (Status::IntermediateComplete, "intermediate-complete"),
    (Status::Completed, "completed"),
    (Status::Failed, "failed"),
    (Status::Cancelled, "cancelled"),
];

impl Status {
    /// Every state of the schema.
    pub fn known() -> impl Iterator<Item = Self> {
        KNOWN.iter().map(|(status, _)| status.clone())
    }

    /// The state with this name; names are compared to the letter, as Krea's clients do.
    pub fn of(name: &str) -> Self {
        KNOWN.iter().find(|(_, known)| *known == name).map_or_else(
            || Self::Unknown(name.to_owned()),
            |(status, _)| status.clone(),
        )
    }

    /// Its name on the wire.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Unknown(name) => name,
            known => KNOWN
                .iter()
                .find(|(status, _)| status == known)
                .map_or("", |(_, name)| name),
        }
    }

    /// Whether nothing comes after it. A state nobody knows counts as one on the way.
    pub fn is_terminal(&self) -> bool {
        matches!(self, Self::Completed | Self::Failed | Self::Cancelled)
    }

    /// Whether a job in this state is not billed, as Krea's guide says of those without a result.
    pub fn is_free(&self) -> bool {
        matches!(self, Self::Failed | Self::Cancelled)
    }

    /// Whether Krea's guide lets a job in this state be cancelled.
    pub fn is_cancellable(&self) -> bool {
        matches!(self, Self::Queued | Self::Processing)
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_states_are_the_same_thing() {
        for status in Status::known() {
            assert_eq!(Status::of(status.as_str()), status);
        }
        let strange = Status::of("canceled");
        assert_eq!(strange, Status::Unknown("canceled".to_owned()));
        assert_eq!(strange.as_str(), "canceled");
        assert!(!strange.is_terminal());
    }

    #[test]
    fn three_states_are_the_end() {
        let ends: Vec<_> = Status::known().filter(Status::is_terminal).collect();
        assert_eq!(ends, [Status::Completed, Status::Failed, Status::Cancelled]);
        let free: Vec<_> = Status::known().filter(Status::is_free).collect();
        assert_eq!(free, [Status::Failed, Status::Cancelled]);
    }
}
