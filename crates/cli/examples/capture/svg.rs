//! A screen as an SVG: each stretch of cells that look alike is one text, set to the width it has
//! in the terminal whatever the font.

use std::fmt::Write as _;

use vt100::{Cell, Color, Screen};

/// A cell in pixels, and the frame around the screen.
const CELL: (f32, f32) = (8.4, 18.0);
const FRAME: f32 = 14.0;

const FRONT: &str = "#d8dee9";
const GROUND: &str = "#16181d";

/// How a stretch of cells looks.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Look {
    front: String,
    ground: Option<String>,
    is_bold: bool,
}

/// The picture of a screen.
pub(crate) fn picture(screen: &Screen) -> String {
    let (rows, columns) = screen.size();
    let (rows, columns) = (rows.get(), columns.get());
    let width = f32::from(columns) * CELL.0 + 2.0 * FRAME;
    let height = f32::from(rows) * CELL.1 + 2.0 * FRAME;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.1} {height:.1}\" font-family=\"ui-monospace, Menlo, Consolas, 'DejaVu Sans Mono', monospace\" font-size=\"14\" role=\"img\" aria-label=\"The inspector of kreel listen\">\n<rect width=\"100%\" height=\"100%\" rx=\"8\" fill=\"{GROUND}\"/>\n"
    );
    for row in 0..rows {
        for (column, cells, text, look) in stretches(screen, row, columns) {
            draw(&mut svg, (column, row), cells, &text, &look);
        }
    }
    svg.push_str("</svg>\n");
    svg
}

/// The stretches of a row that look alike: where, over how many cells, what, and how.
fn stretches(screen: &Screen, row: u16, columns: u16) -> Vec<(u16, u16, String, Look)> {
    let mut stretches: Vec<(u16, u16, String, Look)> = Vec::new();
    for column in 0..columns {
        let Some(cell) = screen.cell(row, column) else {
            continue;
        };
        if cell.is_wide_continuation() {
            if let Some((_, cells, _, _)) = stretches.last_mut() {
                *cells += 1;
            }
            continue;
        }
        let (look, text) = (look(cell), shown(cell));
        match stretches.last_mut() {
            Some((_, cells, before, same)) if *same == look => {
                *cells += 1;
                before.push_str(text);
            }
            _ => stretches.push((column, 1, text.to_owned(), look)),
        }
    }
    stretches
}

fn draw(svg: &mut String, (column, row): (u16, u16), cells: u16, text: &str, look: &Look) {
    let (x, y) = (
        FRAME + f32::from(column) * CELL.0,
        FRAME + f32::from(row) * CELL.1,
    );
    // Writing to a string can't fail.
    if let Some(ground) = &look.ground {
        let width = f32::from(cells) * CELL.0;
        let height = CELL.1;
        let _ = writeln!(
            svg,
            "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\" fill=\"{ground}\"/>"
        );
    }
    let text = text.trim_end();
    if text.is_empty() {
        return;
    }
    let before = text.len() - text.trim_start().len();
    let cells = text.chars().count() - before;
    let x = x + before as f32 * CELL.0;
    let baseline = y + CELL.1 * 0.75;
    let bold = if look.is_bold {
        " font-weight=\"700\""
    } else {
        ""
    };
    let length = cells as f32 * CELL.0;
    let _ = writeln!(
        svg,
        "<text x=\"{x:.1}\" y=\"{baseline:.1}\" fill=\"{}\"{bold} textLength=\"{length:.1}\" xml:space=\"preserve\">{}</text>",
        look.front,
        escaped(text.trim_start())
    );
}

fn shown(cell: &Cell) -> &str {
    match cell.contents() {
        "" => " ",
        text => text,
    }
}

fn look(cell: &Cell) -> Look {
    let (front, ground) = (colour(cell.fgcolor()), colour(cell.bgcolor()));
    let (front, ground) = match cell.inverse() {
        true => (
            Some(ground.unwrap_or_else(|| GROUND.to_owned())),
            Some(front.unwrap_or_else(|| FRONT.to_owned())),
        ),
        false => (front, ground),
    };
    Look {
        front: front.unwrap_or_else(|| FRONT.to_owned()),
        ground,
        is_bold: cell.bold(),
    }
}

/// A colour of the terminal; none if it is that of text or ground.
fn colour(colour: Color) -> Option<String> {
    const FIRST: [&str; 16] = [
        "#3b4252", "#d2686f", "#9cc582", "#e5c07b", "#6c9ed9", "#bf83d4", "#65bcc9", "#d8dee9",
        "#6b7385", "#f07c84", "#b0d896", "#f2d291", "#88b5ec", "#d49be8", "#7fd3df", "#ffffff",
    ];
    match colour {
        Color::Default => None,
        Color::Idx(index) if index < 16 => Some(FIRST[usize::from(index)].to_owned()),
        Color::Idx(index @ 16..232) => {
            let level = |step: u8| if step == 0 { 0 } else { 55 + 40 * step };
            let index = index - 16;
            let (r, g, b) = (level(index / 36), level(index / 6 % 6), level(index % 6));
            Some(format!("#{r:02x}{g:02x}{b:02x}"))
        }
        Color::Idx(index) => {
            let grey = 8 + 10 * (index - 232);
            Some(format!("#{grey:02x}{grey:02x}{grey:02x}"))
        }
        Color::Rgb(r, g, b) => Some(format!("#{r:02x}{g:02x}{b:02x}")),
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}
