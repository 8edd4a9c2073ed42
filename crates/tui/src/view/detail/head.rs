//! Which delivery the detail is of, in two lines.

use kreel_inspect::inert::{inert, inert_bytes};
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use crate::app::App;
use crate::theme::Look;
use crate::view::clock::date;
use crate::view::rows::styled_outcome;
use crate::view::text::{cut, width};

/// How many lines it has on a screen of this size.
pub(super) fn height(area: Rect) -> u16 {
    if area.height >= 8 {
        2
    } else {
        u16::from(area.height >= 4)
    }
}

/// Which delivery it is.
pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, app: &App) {
    let Some(row) = app.row() else {
        return;
    };
    let (theme, summary) = (app.theme, &row.summary);
    let outcome = styled_outcome(row, app);
    let method = inert(&summary.method).into_owned();
    let room = usize::from(area.width).saturating_sub(outcome.width() + width(&method) + 4);
    let target = cut(&inert_bytes(&summary.target), room);
    let first = Line::from(vec![
        Span::styled(format!(" {method} "), theme.style(Look::Strong)),
        Span::raw(target),
        Span::raw("  "),
        outcome,
    ]);
    let mut facts = vec![
        format!("#{}", summary.seq.0),
        date(summary.received_at_us, &app.facts.zone),
        attempts(row.attempts),
    ];
    if let Some(note) = &row.note {
        // Cut rather than left out: it is what the user wanted to read here.
        let taken: usize = facts.iter().map(|fact| width(fact) + 3).sum();
        let room = usize::from(area.width).saturating_sub(taken + 3).max(8);
        facts.push(format!("“{}”", cut(&inert(note), room)));
    }
    facts.extend(flag_words(row));
    facts.push(summary.id.to_string());
    let second = fitting_facts(facts, area.width.into());
    let second = Line::styled(second, theme.style(Look::Dim));
    frame.render_widget(Paragraph::new(vec![first, second]), area);
}

/// One behind another, the first in any case, as far as there is room.
fn fitting_facts(facts: Vec<String>, columns: usize) -> String {
    let mut line = String::new();
    for fact in facts {
        let gap = if line.is_empty() { " " } else { " · " };
        if width(&line) + width(gap) + width(&fact) <= columns || line.is_empty() {
            line = format!("{line}{gap}{fact}");
        }
    }
    cut(&line, columns)
}

/// What the signs behind a row mean.
fn flag_words(row: &kreel_client::Row) -> Vec<String> {
    let replays = match row.replays.count {
        0 => None,
        1 => Some("replayed".to_owned()),
        count => Some(format!("replayed {count} times")),
    };
    let edited = row.replays.is_edited.then(|| "edited".to_owned());
    let marked = row.is_marked.then(|| "marked".to_owned());
    let signature = row
        .summary
        .signature
        .map(|verdict| match verdict.is_good() {
            true => "signature good".to_owned(),
            false => format!("signature {}", verdict.as_str()),
        });
    let again = row.is_duplicate.then(|| "came again".to_owned());
    let words = marked.into_iter().chain(replays).chain(edited);
    words.chain(again).chain(signature).collect()
}

fn attempts(count: u32) -> String {
    match count {
        0 => "no attempt yet".to_owned(),
        1 => "1 attempt".to_owned(),
        count => format!("{count} attempts"),
    }
}
