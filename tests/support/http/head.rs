//! The head of a request or an answer, as it came over the wire.

/// The head of a request or an answer, as it came over the wire.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Head(Vec<u8>);

impl Head {
    /// A head from its bytes, to the empty line or without it.
    pub(crate) fn new(bytes: impl Into<Vec<u8>>) -> Self {
        Self(bytes.into())
    }

    /// Its first line.
    pub(crate) fn first_line(&self) -> &[u8] {
        let end = self
            .0
            .windows(2)
            .position(|two| two == b"\r\n")
            .unwrap_or(self.0.len());
        &self.0[..end]
    }

    /// The part of the first line between two spaces: 0 is the method or the version.
    fn word(&self, number: usize) -> String {
        let word = self
            .first_line()
            .splitn(3, |byte| *byte == b' ')
            .nth(number);
        String::from_utf8_lossy(word.unwrap_or_default()).into_owned()
    }

    /// A request's method.
    pub(crate) fn method(&self) -> String {
        self.word(0)
    }

    /// A request's target, as sent.
    pub(crate) fn target(&self) -> Vec<u8> {
        self.first_line()
            .splitn(3, |byte| *byte == b' ')
            .nth(1)
            .unwrap_or_default()
            .to_owned()
    }

    /// An answer's status.
    pub(crate) fn status(&self) -> u16 {
        self.word(1)
            .parse()
            .unwrap_or_else(|_| panic!("no status in {self:?}"))
    }

    /// The header lines: names as sent, values without the space around them.
    pub(crate) fn lines(&self) -> Vec<(String, Vec<u8>)> {
        let mut lines = Vec::new();
        for line in self.0.split(|byte| *byte == b'\n').skip(1) {
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            let Some(colon) = line.iter().position(|byte| *byte == b':') else {
                continue;
            };
            let name = String::from_utf8_lossy(&line[..colon]).into_owned();
            lines.push((name, line[colon + 1..].trim_ascii().to_owned()));
        }
        lines
    }

    /// The lines by name in lower case: names in the order of their first appearance, and for
    /// each its values in their order. What HTTP gives a meaning to, and what hyper keeps.
    pub(crate) fn by_name(&self) -> Vec<(String, Vec<Vec<u8>>)> {
        let mut names: Vec<(String, Vec<Vec<u8>>)> = Vec::new();
        for (name, value) in self.lines() {
            let name = name.to_ascii_lowercase();
            match names.iter_mut().find(|(known, _)| *known == name) {
                Some((_, values)) => values.push(value),
                None => names.push((name, vec![value])),
            }
        }
        names
    }

    /// All values of a header, in order.
    pub(crate) fn values(&self, name: &str) -> Vec<String> {
        let same = |(known, value): (String, Vec<u8>)| {
            known
                .eq_ignore_ascii_case(name)
                .then(|| String::from_utf8_lossy(&value).into_owned())
        };
        self.lines().into_iter().filter_map(same).collect()
    }

    /// The first value of a header.
    pub(crate) fn value(&self, name: &str) -> Option<String> {
        self.values(name).into_iter().next()
    }

    /// Whether a header that is a list has this word in it.
    pub(super) fn has_word(&self, name: &str, word: &str) -> bool {
        let values = self.values(name).join(",");
        values
            .split(',')
            .any(|known| known.trim().eq_ignore_ascii_case(word))
    }
}

impl std::fmt::Debug for Head {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.0.escape_ascii())
    }
}
