//! The rows: when, what, how it was answered, how long it took, how large it is, and signs.

mod columns;

pub(super) use columns::flags;

use kreel_client::{Row, Standing};
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use self::columns::Columns;
use super::{block, cut, wrapped};
use crate::app::{App, Focus, Mode};
use crate::theme::{Look, Theme};

pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, app: &mut App) {
    if area.height == 0 || area.width == 0 {
        return;
    }
    let is_here = app.focus == Focus::Rows && !matches!(app.mode, Mode::Menu(_));
    let block = block(title(app, area.width), is_here, app.theme);
    let inner = block.inner(area);
    frame.render_widget(block, area);
    app.list.set_height(usize::from(inner.height));
    let lines = match app.list.is_empty() {
        true => nothing(app, inner.width),
        false => lines(app, inner, is_here),
    };
    frame.render_widget(Paragraph::new(lines), inner);
}

fn lines(app: &App, area: Rect, is_here: bool) -> Vec<Line<'static>> {
    let columns = Columns::of(area.width);
    let selected = app.list.selected_number();
    let row = |row: &Row| {
        let mut line = line(row, &columns, app);
        if Some(row.number) == selected {
            let look = if is_here {
                Look::Selected
            } else {
                Look::SelectedAside
            };
            let style = app.theme.style(look);
            let gap = usize::from(area.width).saturating_sub(line.width());
            line.spans.push(Span::raw(" ".repeat(gap)));
            line.spans[0].content = "▌".into();
            line = line.patch_style(style);
            for span in &mut line.spans {
                span.style = span.style.patch(style);
            }
        }
        line
    };
    app.list.visible().iter().map(row).collect()
}

fn line(row: &Row, columns: &Columns, app: &App) -> Line<'static> {
    let (sign, status, look) = outcome(row, app.status.held.is_some());
    let theme = app.theme;
    let mut spans = vec![
        Span::raw(" "),
        Span::styled(sign, theme.style(look)),
        Span::raw(" "),
    ];
    for (text, look) in columns.cells(row, &status, look, &app.facts.zone) {
        spans.push(Span::styled(text, theme.style(look)));
    }
    Line::from(spans)
}

/// How a row stands: a sign, a word or the app's status, and how good that is.
pub(super) fn outcome(row: &Row, is_holding: bool) -> (&'static str, String, Look) {
    let last = row.last.as_ref();
    if let Some(last) = last
        && !matches!(row.standing, Standing::Lost | Standing::BrokenOff)
    {
        return match (last.status, &last.failure) {
            (Some(status), None) => {
                let (sign, look) = of_status(status);
                (sign, status.to_string(), look)
            }
            (status, failure) => {
                let word = failure.as_deref().map_or_else(
                    || status.map_or_else(|| "failed".to_owned(), |status| status.to_string()),
                    |word| word.replace('_', " "),
                );
                ("!", word, Look::Bad)
            }
        };
    }
    match row.standing {
        Standing::Live | Standing::Waiting if is_holding => ("‖", "held".to_owned(), Look::Fair),
        Standing::Live => ("…", "running".to_owned(), Look::Fair),
        Standing::Waiting => ("·", "waiting".to_owned(), Look::Fair),
        Standing::Answered => ("✓", "answered".to_owned(), Look::Good),
        Standing::Failed => ("!", "failed".to_owned(), Look::Bad),
        Standing::Lost => ("!", "LOST".to_owned(), Look::Bad),
        Standing::BrokenOff => ("✂", "broken off".to_owned(), Look::Fair),
        Standing::Captured => ("○", "captured".to_owned(), Look::Plain),
    }
}

/// The sign of a status, and how good it is.
pub(super) fn of_status(status: u16) -> (&'static str, Look) {
    match status {
        200..300 => ("✓", Look::Good),
        300..400 => ("→", Look::Fair),
        _ => ("✗", Look::Bad),
    }
}

fn title(app: &App, columns: u16) -> Line<'static> {
    let theme = app.theme;
    let mut spans = Vec::new();
    let (above, more) = app.list.above();
    if app.list.follows() {
        spans.push(Span::styled(" following ", theme.style(Look::Good)));
    } else if above > 0 || more {
        let more = if more { "+" } else { "" };
        spans.push(Span::styled(
            format!(" ↑ {above}{more} newer "),
            theme.style(Look::Fair),
        ));
    } else {
        spans.push(Span::styled(" not following ", theme.style(Look::Dim)));
    }
    let view = &app.view;
    if view.only_marked {
        spans.push(Span::styled("only marked ", theme.style(Look::Fair)));
    }
    if view.since.is_some() {
        spans.push(Span::styled("from now on ", theme.style(Look::Fair)));
    }
    if !view.typed.is_empty() {
        let room = usize::from(columns).saturating_sub(34).max(8);
        let typed = kreel_inspect::inert::inert(&view.typed).into_owned();
        spans.push(Span::styled(
            format!("/{} ", cut(&typed, room)),
            theme.style(Look::Strong),
        ));
    }
    if let Some(progress) = app.progress {
        let percent = (progress.part * 100.0).clamp(0.0, 99.0) as u8;
        spans.push(Span::styled(
            format!("searching {percent} % "),
            theme.style(Look::Fair),
        ));
    }
    Line::from(spans)
}

/// What is said instead of rows.
fn nothing(app: &App, columns: u16) -> Vec<Line<'static>> {
    let theme = app.theme;
    let text: Vec<String> = if !app.list.is_loaded() {
        vec!["looking into the history…".to_owned()]
    } else if app.progress.is_some() {
        vec!["nothing found yet".to_owned()]
    } else if app.view.leaves_out() {
        vec![
            "nothing matches".to_owned(),
            "Esc shows all again".to_owned(),
        ]
    } else {
        waiting_for_the_first(app)
    };
    let columns = usize::from(columns).saturating_sub(2).max(1);
    let fit = |text: String| match text.is_empty() {
        true => vec![text],
        false => wrapped(&text, columns),
    };
    let lines = text.into_iter().flat_map(fit);
    let line = |text: String| Line::styled(format!(" {text}"), theme.style(Look::Dim));
    std::iter::once(Line::default())
        .chain(lines.map(line))
        .collect()
}

fn waiting_for_the_first(app: &App) -> Vec<String> {
    match app.status.link.ready() {
        Some(ready) => vec![
            "no webhook yet. Post one, or press c to copy the address:".to_owned(),
            String::new(),
            example(app, &ready.url),
        ],
        None => vec!["no webhook yet, and no link to the relay".to_owned()],
    }
}

/// A command that posts one.
fn example(app: &App, url: &str) -> String {
    let url = kreel_inspect::inert::inert(url);
    let trusting = app
        .facts
        .certificate
        .as_ref()
        .map_or_else(String::new, |certificate| {
            format!("--cacert {} ", certificate.display())
        });
    format!("curl {trusting}{url} -d '{{\"hello\":\"world\"}}'")
}

/// A theme's look of a row's outcome, for other panes.
pub(super) fn styled_outcome(row: &Row, theme: Theme) -> Span<'static> {
    let (sign, status, look) = outcome(row, false);
    Span::styled(format!("{sign} {status}"), theme.style(look))
}
