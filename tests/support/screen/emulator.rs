//! A terminal in memory. Frames are seen whole or not at all, as a terminal with synchronized
//! updates shows them.

use std::num::NonZeroU16;

const FRAME_BEGINS: &[u8] = b"\x1b[?2026h";
const FRAME_ENDS: &[u8] = b"\x1b[?2026l";

/// A terminal in memory.
pub(super) struct Emulator {
    parser: vt100::Parser,
    /// All that was written.
    pub(super) raw: Vec<u8>,
    /// How much of it is shown.
    shown: usize,
    /// Frames shown so far.
    pub(super) frames: usize,
}

impl Emulator {
    pub(super) fn new(columns: u16, rows: u16) -> Self {
        let (rows, columns) = non_zero(columns, rows);
        Self {
            parser: vt100::Parser::new(rows, columns, 200),
            raw: Vec::new(),
            shown: 0,
            frames: 0,
        }
    }

    pub(super) fn take(&mut self, bytes: &[u8]) {
        self.raw.extend_from_slice(bytes);
        loop {
            let rest = &self.raw[self.shown..];
            match find(rest, FRAME_BEGINS) {
                Some(begin) => match find(&rest[begin..], FRAME_ENDS) {
                    Some(end) => {
                        self.show(begin + end + FRAME_ENDS.len());
                        self.frames += 1;
                    }
                    None => return self.show(begin),
                },
                None => {
                    // What may become the begin of a frame is kept back.
                    let kept = (1..FRAME_BEGINS.len())
                        .rev()
                        .find(|count| rest.ends_with(&FRAME_BEGINS[..*count]));
                    return self.show(rest.len() - kept.unwrap_or(0));
                }
            }
        }
    }

    /// Nothing more comes.
    pub(super) fn finish(&mut self) {
        self.show(self.raw.len() - self.shown);
    }

    fn show(&mut self, count: usize) {
        let to = self.shown + count;
        self.parser.process(&self.raw[self.shown..to]);
        self.shown = to;
    }

    pub(super) fn resize(&mut self, columns: u16, rows: u16) {
        let (rows, columns) = non_zero(columns, rows);
        self.parser.screen_mut().set_size(rows, columns);
    }

    pub(super) fn text(&self) -> String {
        let (_, columns) = self.parser.screen().size();
        let rows = self.parser.screen().rows(0, columns.get());
        rows.map(|row| row.trim_end().to_owned() + "\n").collect()
    }

    pub(super) fn place_of(&self, text: &str) -> Option<(usize, usize)> {
        let screen = self.parser.screen();
        let (rows, columns) = screen.size();
        for row in 0..rows.get() {
            let mut cells = Vec::new();
            for column in 0..columns.get() {
                let content = screen.cell(row, column).map_or("", |cell| cell.contents());
                let content = if content.is_empty() { " " } else { content };
                let is_second = screen
                    .cell(row, column)
                    .is_some_and(vt100::Cell::is_wide_continuation);
                if !is_second {
                    cells.push((usize::from(column), content.to_owned()));
                }
            }
            let line: String = cells.iter().map(|(_, content)| content.as_str()).collect();
            if let Some(found) = line.find(text) {
                let mut bytes = 0;
                for (column, content) in cells {
                    if bytes >= found {
                        return Some((row.into(), column));
                    }
                    bytes += content.len();
                }
            }
        }
        None
    }

    pub(super) fn at(&self, row: usize, column: usize, columns: usize) -> String {
        let screen = self.parser.screen();
        let cell = |column: usize| {
            let cell = screen.cell(row as u16, column as u16);
            match cell.map_or("", vt100::Cell::contents) {
                "" => " ".to_owned(),
                text => text.to_owned(),
            }
        };
        (column..column + columns).map(cell).collect()
    }

    pub(super) fn untouched_since(
        &self,
        written: usize,
        rows: (usize, usize),
        columns: (usize, usize),
    ) -> Vec<(usize, usize)> {
        const MARK: &str = "\u{2591}";
        let (height, width) = self.parser.screen().size();
        let mut parser = vt100::Parser::new(height, width, 0);
        for row in 1..=height.get() {
            let line = MARK.repeat(width.get().into());
            parser.process(format!("\x1b[{row};1H{line}").as_bytes());
        }
        parser.process(&self.raw[written..self.shown]);
        let is_marked = |(row, column): &(usize, usize)| {
            let cell = parser.screen().cell(*row as u16, *column as u16);
            cell.is_some_and(|cell| cell.contents() == MARK)
        };
        let cells = (rows.0..rows.0 + rows.1)
            .flat_map(|row| (columns.0..columns.0 + columns.1).map(move |column| (row, column)));
        cells.filter(is_marked).collect()
    }

    pub(super) fn is_alternate(&self) -> bool {
        self.parser.screen().alternate_screen()
    }

    /// What a shell does not expect to be on.
    pub(super) fn modes_left_on(&self) -> Vec<&'static str> {
        let screen = self.parser.screen();
        let mouse = screen.mouse_protocol_mode() != vt100::MouseProtocolMode::None;
        let modes = [
            ("the alternate screen", screen.alternate_screen()),
            ("a hidden cursor", screen.hide_cursor()),
            ("bracketed paste", screen.bracketed_paste()),
            ("the mouse", mouse),
            ("the application's cursor keys", screen.application_cursor()),
            ("the application's keypad", screen.application_keypad()),
            ("bold text", screen.bold()),
            ("reversed text", screen.inverse()),
            ("a colour", screen.fgcolor() != vt100::Color::Default),
            ("a frame", self.shown != self.raw.len()),
        ];
        let on = modes.into_iter().filter(|(_, is_on)| *is_on);
        on.map(|(name, _)| name).collect()
    }
}

fn non_zero(columns: u16, rows: u16) -> (NonZeroU16, NonZeroU16) {
    let of = |number| NonZeroU16::new(number).expect("a screen has cells");
    (of(rows), of(columns))
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}
