//! What a stream of bytes asks of a terminal, held against a list of what kreel may ask.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// What a stream of bytes asks of a terminal.
#[derive(Debug, Default)]
pub(crate) struct Stream {
    /// Texts for the clipboard (OSC 52), oldest first.
    pub(crate) copied: Vec<String>,
    /// All that is not on the list, described.
    pub(crate) forbidden: Vec<String>,
    /// How many marks were put on one character at the most.
    pub(crate) most_marks: usize,
    /// How many characters were printed.
    pub(crate) printed: usize,
    is_whole_screen: bool,
    marks: usize,
}

/// Modes kreel may set and take back: mouse reports, cursor, alternate screen, bracketed paste,
/// synchronized updates.
const MODES: [u16; 9] = [25, 1000, 1002, 1003, 1006, 1015, 1049, 2004, 2026];

impl Stream {
    /// Reads all of a stream.
    pub(crate) fn of(bytes: &[u8]) -> Self {
        let mut stream = Self::default();
        if let Err(error) = std::str::from_utf8(bytes)
            && error.error_len().is_some()
        {
            let at = error.valid_up_to();
            stream.forbidden.push(format!("no UTF-8 at byte {at}"));
        }
        let mut parser = vte::Parser::new();
        parser.advance(&mut stream, bytes);
        // Nothing may be left open that would swallow what comes next.
        let printed = stream.printed;
        parser.advance(&mut stream, b"x");
        if stream.printed != printed + 1 {
            stream
                .forbidden
                .push("a sequence without an end".to_owned());
        }
        stream.printed = printed;
        stream
    }

    /// Asserts that nothing in it is forbidden.
    pub(crate) fn is_clean(&self) {
        let first: Vec<&String> = self.forbidden.iter().take(20).collect();
        assert!(
            first.is_empty(),
            "{} forbidden, first {first:#?}",
            self.forbidden.len()
        );
        assert!(self.most_marks <= 16, "{} marks on one", self.most_marks);
    }

    fn forbid(&mut self, what: String) {
        self.forbidden.push(what);
    }
}

impl vte::Perform for Stream {
    fn print(&mut self, c: char) {
        self.printed += 1;
        let is_hidden = matches!(u32::from(c),
            0..0x20 | 0x7f..0xa0 | 0xad | 0x61c | 0x115f | 0x1160 | 0x180b..=0x180f
            | 0x200b..=0x200f | 0x2028..=0x202e | 0x2060..=0x206f | 0x3164 | 0xfe00..=0xfe0f
            | 0xfeff | 0xffa0 | 0xfff0..=0xfffb | 0xe0000..=0xe0fff);
        if is_hidden {
            self.forbid(format!("the character {c:?}"));
        }
        let is_mark = matches!(u32::from(c), 0x300..=0x36f | 0x20d0..=0x20ff | 0x1ab0..=0x1aff);
        self.marks = if is_mark { self.marks + 1 } else { 0 };
        self.most_marks = self.most_marks.max(self.marks);
    }

    fn execute(&mut self, byte: u8) {
        // On the whole screen the cursor is moved by its place alone.
        if self.is_whole_screen || !matches!(byte, b'\r' | b'\n') {
            self.forbid(format!("the control {byte:#04x}"));
        }
    }

    fn csi_dispatch(
        &mut self,
        params: &vte::Params,
        intermediates: &[u8],
        ignore: bool,
        end: char,
    ) {
        let numbers: Vec<u16> = params.iter().flatten().copied().collect();
        let is_allowed = match (intermediates, end) {
            // Where the cursor goes.
            ([], 'H') => numbers.len() <= 2,
            // How text looks.
            ([], 'm') => true,
            // Nothing is there any more.
            ([], 'J') => matches!(numbers[..], [0 | 2]),
            (b"?", 'h' | 'l') => {
                if numbers == [1049] {
                    self.is_whole_screen = end == 'h';
                }
                matches!(numbers[..], [mode] if MODES.contains(&mode))
            }
            _ => false,
        };
        if !is_allowed || ignore {
            self.forbid(format!("CSI {intermediates:?} {numbers:?} {end}"));
        }
    }

    fn osc_dispatch(&mut self, params: &[&[u8]], _: bool) {
        let text = match params {
            [b"52", b"c", text] => STANDARD.decode(text).ok(),
            _ => None,
        };
        match text.and_then(|text| String::from_utf8(text).ok()) {
            Some(text) => self.copied.push(text),
            None => self.forbid(format!("OSC {params:?}")),
        }
    }

    fn esc_dispatch(&mut self, intermediates: &[u8], _: bool, byte: u8) {
        // The end of an OSC, which the parser tells of by itself.
        if byte != b'\\' {
            self.forbid(format!("ESC {intermediates:?} {byte:#04x}"));
        }
    }

    fn hook(&mut self, _: &vte::Params, intermediates: &[u8], _: bool, action: char) {
        self.forbid(format!("DCS {intermediates:?} {action}"));
    }
}
