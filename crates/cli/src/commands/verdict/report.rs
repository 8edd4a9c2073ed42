//! A verdict as CI servers read it: JUnit and TAP.

use std::io::Write as _;
use std::path::Path;

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use super::{Verdict, brief};
use crate::args::ReportArgs;
use crate::made::Made;
use crate::private_file;
use crate::problem::Result;

/// A JUnit report that is still to be written. It is opened first: who has waited for a verdict
/// shall not hear then that there is no such folder.
pub(in crate::commands) struct Junit<'a>(Option<(&'a Path, Made)>);

impl<'a> Junit<'a> {
    /// The one that was asked for, if one was.
    pub(in crate::commands) fn open(args: &'a ReportArgs) -> Result<Self> {
        let Some(path) = args.junit.as_deref() else {
            return Ok(Self(None));
        };
        let made = Made::over(path);
        let made = made.map_err(|error| private_file::unusable("write", path, &error))?;
        Ok(Self(Some((path, made))))
    }

    /// Writes it.
    pub(in crate::commands) fn write(self, verdict: &Verdict, args: &ReportArgs) -> Result<()> {
        let Some((path, mut made)) = self.0 else {
            return Ok(());
        };
        let mut text = Vec::new();
        let report = verdict.junit(&verdict.name(args)).serialize(&mut text);
        let written = report.map_err(std::io::Error::other);
        let written = written.and_then(|()| made.write_all(&text));
        written.map_err(|error| private_file::unusable("write", path, &error))
    }
}

impl Verdict {
    fn junit(&self, name: &str) -> Report {
        let status = match self.holds() {
            true => TestCaseStatus::success(),
            false => {
                let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
                let kind = if self.is_short() {
                    "too few"
                } else {
                    "too many"
                };
                status.set_message(self.found()).set_type(kind);
                status.set_description(self.why());
                status
            }
        };
        let mut case = TestCase::new(name, status);
        case.set_classname("kreel").set_time(self.took);
        let rows: Vec<String> = self.rows.iter().map(brief).collect();
        case.set_system_out(rows.join("\n"));
        let mut suite = TestSuite::new("kreel");
        suite.add_test_case(case).set_time(self.took);
        let mut report = Report::new("kreel");
        report.add_test_suite(suite).set_time(self.took);
        report
    }

    /// The verdict as TAP, version 14.
    pub(in crate::commands) fn tap(&self, args: &ReportArgs) -> String {
        // A # would begin a directive, and a backslash is what escapes it.
        let name = self.name(args).replace('\\', "\\\\").replace('#', "\\#");
        let result = if self.holds() { "ok" } else { "not ok" };
        let mut text = format!("TAP version 14\n1..1\n{result} 1 - {name}\n");
        if !self.holds() {
            // JSON strings are YAML strings.
            let quoted = |words: String| serde_json::Value::from(words).to_string();
            text += "  ---\n";
            text += &format!("  message: {}\n", quoted(self.found()));
            text += &format!("  why: {}\n", quoted(self.why()));
            text += "  ...\n";
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::args::Count;

    fn verdict(count: &str) -> Verdict {
        Verdict {
            filter: "path:/a#b <&> \"x\"".to_owned(),
            count: count.parse::<Count>().unwrap(),
            rows: Vec::new(),
            took: Duration::from_millis(1_500),
            within: Duration::from_secs(1),
            misfits: 0,
            newest_misfits: Vec::new(),
        }
    }

    fn args() -> ReportArgs {
        ReportArgs {
            junit: None,
            tap: true,
            name: None,
        }
    }

    #[test]
    fn tap_says_why() {
        assert_eq!(
            verdict("0").tap(&args()),
            "TAP version 14\n1..1\nok 1 - path:/a\\#b <&> \"x\"\n"
        );
        let broken = verdict("2..").tap(&args());
        assert!(broken.contains("\nnot ok 1 - "), "{broken}");
        assert!(broken.contains("where at least 2 should be"), "{broken}");
        assert!(broken.ends_with("\n  ...\n"), "{broken}");
    }

    #[test]
    fn junit_counts_and_escapes() {
        let text = |count| verdict(count).junit("a <&> b").to_string().unwrap();
        let (held, broken) = (text("0"), text("2"));
        assert!(held.contains("tests=\"1\""), "{held}");
        assert!(held.contains("failures=\"0\""), "{held}");
        assert!(held.contains("name=\"a &lt;&amp;&gt; b\""), "{held}");
        assert!(broken.contains("failures=\"1\""), "{broken}");
        assert!(broken.contains("type=\"too few\""), "{broken}");
    }
}
