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

/// How a terminal is asked to show an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Drawn {
    Kitty,
    Iterm2,
    Sixel,
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
        for begin in strings_in(bytes) {
            stream.forbid(begin);
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

    /// Reads all of a stream that has images of this kind in it; how many there are besides.
    pub(crate) fn with_images(bytes: &[u8], drawn: Drawn) -> (Self, usize) {
        let mut rest = Vec::with_capacity(bytes.len());
        let (mut at, mut count) = (0, 0);
        while at < bytes.len() {
            match drawn.length(&bytes[at..]) {
                Some(length) => {
                    at += length;
                    count += 1;
                }
                None => {
                    rest.push(bytes[at]);
                    at += 1;
                }
            }
        }
        (Self::of(&rest), count)
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

impl Drawn {
    /// How long the image is that stands here, if one does that has nothing in it but an image.
    fn length(self, bytes: &[u8]) -> Option<usize> {
        let start = match self {
            Self::Kitty => 0,
            Self::Iterm2 | Self::Sixel => cleared(bytes),
        };
        let rest = &bytes[start..];
        type Fits = fn(u8) -> bool;
        let (begin, end, fits): (&[u8], &[u8], Fits) = match self {
            Self::Kitty => (b"\x1b_Gq=2,", b"\x1b\\", |byte| {
                byte.is_ascii_alphanumeric() || b"+/=,;".contains(&byte)
            }),
            Self::Iterm2 => (b"\x1b]1337;File=inline=1;", b"\x07", |byte| {
                byte.is_ascii_alphanumeric() || b"+/=;:".contains(&byte)
            }),
            Self::Sixel => (b"\x1bP", b"\x1b\\", |byte| (0x20..0x7f).contains(&byte)),
        };
        let inside = rest.strip_prefix(begin)?;
        let length = inside.windows(end.len()).position(|window| window == end)?;
        let is_image = inside[..length].iter().all(|byte| fits(*byte));
        is_image.then_some(start + begin.len() + length + end.len())
    }
}

/// How long the sequences here are by which an area is cleared for an image: characters erased, a
/// line down, lines up.
fn cleared(bytes: &[u8]) -> usize {
    let mut at = 0;
    while let Some(rest) = bytes[at..].strip_prefix(b"\x1b[") {
        let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        match rest.get(digits) {
            Some(b'X' | b'A' | b'B') if digits > 0 => at += 2 + digits + 1,
            _ => break,
        }
    }
    at
}

/// The strings a terminal takes in that `vte` reads over without a word: SOS, PM and APC, each in its
/// form of seven and of eight bits.
fn strings_in(bytes: &[u8]) -> Vec<String> {
    let begins: [(&str, [&[u8]; 2]); 3] = [
        ("SOS", [b"\x1bX", b"\xc2\x98"]),
        ("PM", [b"\x1b^", b"\xc2\x9e"]),
        ("APC", [b"\x1b_", b"\xc2\x9f"]),
    ];
    let mut found = Vec::new();
    for (at, pair) in bytes.windows(2).enumerate() {
        let named = begins.iter().find(|(_, forms)| forms.contains(&pair));
        found.extend(named.map(|(name, _)| format!("{name} at byte {at}")));
    }
    found
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
            // An editor's cursor keys and keypad are taken back.
            (b"?", 'l') if numbers == [1] => true,
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
        // The end of an OSC, which the parser tells of by itself; and the usual keypad.
        if !matches!(byte, b'\\' | b'>') {
            self.forbid(format!("ESC {intermediates:?} {byte:#04x}"));
        }
    }

    fn hook(&mut self, _: &vte::Params, intermediates: &[u8], _: bool, action: char) {
        self.forbid(format!("DCS {intermediates:?} {action}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_of_sequence_that_is_not_on_the_list_is_caught() {
        for (what, bytes) in [
            ("SOS", &b"a\x1bXtext\x1b\\b"[..]),
            ("SOS", b"a\xc2\x98text\xc2\x9cb"),
            ("PM", b"\x1b^text\x1b\\"),
            ("PM", b"\xc2\x9etext\xc2\x9c"),
            ("APC", b"\x1b_Gi=1;AAAA\x1b\\"),
            ("APC", b"\xc2\x9fGi=1;AAAA\xc2\x9c"),
            ("DCS", b"\x1bPq#0\x1b\\"),
            ("OSC", b"\x1b]0;title\x07"),
            ("OSC", b"\x1b]8;;http://x\x1b\\"),
            ("CSI", b"\x1b[6n"),
            ("CSI", b"\x1b[?1000$p"),
            ("CSI", b"\x1b[?7l"),
            ("ESC", b"\x1bc"),
            ("control", b"\x07"),
            ("control", b"\xc2\x9b2J"),
            ("UTF-8", b"\x9b2J"),
            ("character", "a\u{202e}b".as_bytes()),
            ("without an end", b"\x1b]52;c;AAAA"),
        ] {
            let found = Stream::of(bytes).forbidden;
            assert!(
                found.iter().any(|found| found.contains(what)),
                "{what} in {bytes:?}: {found:?}"
            );
        }
    }

    #[test]
    fn images_are_taken_out_and_nothing_else() {
        for (drawn, bytes) in [
            (Drawn::Kitty, &b"\x1b_Gq=2,i=1,a=T,U=1,m=0;AAAA\x1b\\"[..]),
            (
                Drawn::Iterm2,
                b"\x1b[6X\x1b[1B\x1b[1A\x1b]1337;File=inline=1;size=4:AAAA\x07",
            ),
            (Drawn::Sixel, b"\x1b[1X\x1bPq#0;2;0;0;0~-\x1b\\"),
        ] {
            let (stream, count) = Stream::with_images(bytes, drawn);
            stream.is_clean();
            assert_eq!(count, 1, "{drawn:?}");
            let mut broken = bytes.to_vec();
            let middle = broken.len() - 4;
            broken.splice(middle..middle, *b"\x1b]0;x\x07");
            let (stream, _) = Stream::with_images(&broken, drawn);
            assert!(!stream.forbidden.is_empty(), "{drawn:?}");
        }
    }

    #[test]
    fn what_a_frame_needs_is_on_the_list() {
        let frame =
            b"\x1b[?1049h\x1b[?2026h\x1b[1;1H\x1b[38;5;4mtext \xc3\xa9\x1b[0m\x1b[2J\x1b[?2026l\
            \x1b]52;c;YQ==\x1b\\\x1b[?1049l";
        let stream = Stream::of(frame);
        stream.is_clean();
        assert_eq!(stream.copied, ["a"]);
    }
}
