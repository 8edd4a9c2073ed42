//! What is wrong with an edited file, said in a way that helps to mend it.

use thiserror::Error;

/// What is wrong with a file, so that it can't be a request.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("line {line}: {what}; {hint}")]
pub struct Fault {
    /// On which line, from 1.
    pub line: usize,
    /// What is wrong.
    pub what: String,
    /// What to do about it.
    pub hint: String,
}

impl Fault {
    pub(super) fn new(line: usize, what: impl Into<String>, hint: &str) -> Self {
        let (what, hint) = (what.into(), hint.to_owned());
        Self { line, what, hint }
    }
}

/// How the lines begin that tell of a fault.
const SIGN: &[u8] = b"#! ";

/// The same file with its fault at the top, to be edited again. What was said before is taken out;
/// nothing else is touched.
pub fn with_fault(file: &[u8], fault: &Fault) -> Vec<u8> {
    let old = signs(file);
    let rest: Vec<&[u8]> = file
        .split_inclusive(|byte| *byte == b'\n')
        .skip(old)
        .collect();
    // Where it stands once the two lines are in front.
    let line = fault.line + 2 - old;
    let what = crate::inert::inert(&fault.what);
    let mut file = Vec::new();
    for words in [format!("line {line}: {what}"), fault.hint.clone()] {
        file.extend_from_slice(SIGN);
        file.extend_from_slice(words.as_bytes());
        file.push(b'\n');
    }
    file.extend_from_slice(&rest.concat());
    file
}

/// How many lines at the top tell of a fault.
fn signs(file: &[u8]) -> usize {
    let lines = file.split_inclusive(|byte| *byte == b'\n');
    lines.take_while(|line| line.starts_with(SIGN)).count()
}
