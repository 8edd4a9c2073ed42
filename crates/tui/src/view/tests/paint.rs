//! A frame as text: what stands on it, and how each stretch of it looks in each theme.

use std::fmt::Write as _;

use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::{Buffer, Cell};
use ratatui::style::{Color, Modifier};

use crate::app::differences::Laid;
use crate::app::{App, Mode};
use crate::theme::Theme;
use crate::view;

/// What is drawn on a screen of this size.
pub(super) fn drawn(app: &mut App, columns: u16, lines: u16) -> Buffer {
    let backend = TestBackend::new(columns, lines);
    let mut terminal = Terminal::new(backend).expect("memory is a terminal");
    let mut draw = |app: &mut App| {
        let drawn = terminal.draw(|frame| view::draw(frame, app)).map(|_| ());
        drawn.expect("memory can be drawn on");
    };
    draw(app);
    // What a desk would do meanwhile.
    if let Mode::Compare(shown) = &mut app.mode
        && let Some(layout) = shown.next_wanted()
    {
        let comparing = shown.comparing.clone();
        shown.show(&comparing, Laid::out(&comparing, layout));
        draw(app);
    }
    terminal.backend().buffer().clone()
}

/// The text of a frame, line by line.
pub(super) fn text(buffer: &Buffer) -> String {
    let mut text = String::new();
    for line in buffer.content().chunks(buffer.area.width.into()) {
        let shown: String = symbols(line).collect();
        text.push_str(shown.trim_end());
        text.push('\n');
    }
    text
}

/// The text once, then for each theme the stretches that look like something, as `line column-column
/// look`.
pub(super) fn picture(make: impl Fn() -> App, columns: u16, lines: u16) -> String {
    let (mut picture, mut first) = (String::new(), None);
    for (name, theme) in Theme::ALL {
        let mut app = make();
        app.theme = theme;
        let buffer = drawn(&mut app, columns, lines);
        match first {
            None => {
                picture = text(&buffer);
                first = Some(picture.clone());
            }
            // Whatever a colour says, a word or a sign says too.
            Some(ref first) => assert_eq!(text(&buffer), *first, "{name} reads the same"),
        }
        // Writing to a string can't fail.
        let _ = write!(picture, "--- {name}\n{}", looks(&buffer));
    }
    picture
}

/// How each stretch of a frame looks, line by line.
pub(super) fn looks(buffer: &Buffer) -> String {
    let mut all = String::new();
    for (number, line) in buffer
        .content()
        .chunks(buffer.area.width.into())
        .enumerate()
    {
        let mut stretches: Vec<(usize, usize, String)> = Vec::new();
        for (column, cell) in line.iter().enumerate() {
            // What can't be seen belongs to whatever is beside it.
            let Some(look) = look(cell) else {
                continue;
            };
            match stretches.last_mut() {
                Some((_, end, same)) if *same == look => *end = column,
                _ => stretches.push((column, column, look)),
            }
        }
        let told: Vec<String> = stretches
            .into_iter()
            .filter(|(_, _, look)| !look.is_empty())
            .map(|(from, to, look)| format!("{from}-{to} {look}"))
            .collect();
        if !told.is_empty() {
            let _ = writeln!(all, "{:>2}: {}", number + 1, told.join(", "));
        }
    }
    all
}

/// How a cell looks, if anything of it is seen.
fn look(cell: &Cell) -> Option<String> {
    let is_reversed = cell.modifier.contains(Modifier::REVERSED);
    if cell.symbol() == " " && !is_reversed && cell.bg == Color::Reset {
        return None;
    }
    let mut look = Vec::new();
    if cell.fg != Color::Reset {
        look.push(format!("{:?}", cell.fg).to_lowercase());
    }
    if cell.bg != Color::Reset {
        look.push(format!("on-{:?}", cell.bg).to_lowercase());
    }
    if cell.modifier != Modifier::empty() {
        look.push(
            format!("{:?}", cell.modifier)
                .to_lowercase()
                .replace(" | ", "+"),
        );
    }
    Some(look.join("+"))
}

/// The symbols of a line; the second cell of a wide one is part of it.
fn symbols(line: &[Cell]) -> impl Iterator<Item = &str> {
    let mut hidden = 0;
    line.iter().filter_map(move |cell| {
        if hidden > 0 {
            hidden -= 1;
            return None;
        }
        hidden = view::width(cell.symbol()).saturating_sub(1);
        Some(cell.symbol())
    })
}
