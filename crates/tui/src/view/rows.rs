//! The rows: when, what, how it was answered, how long it took, how large it is, and signs.

mod columns;

use kreel_client::{Marker, Row, Standing, WITHHELD};
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use self::columns::Columns;
use super::clock::clock;
use super::text::{columns_of, cut, width, wrapped};
use super::{place, rule};
use crate::action::Action;
use crate::app::lines::Shown;
use crate::app::{App, Focus, Mode};
use crate::theme::{Look, Theme};

pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, app: &mut App) {
    if area.height == 0 || area.width == 0 {
        return;
    }
    let is_here = app.focus == Focus::Rows && !matches!(app.mode, Mode::Menu(_));
    let title = title(app, area.width);
    let title_columns = title.width();
    let rule = rule(title, is_here, app.theme);
    let inner = rule.inner(area);
    frame.render_widget(rule, area);
    app.set_lines(usize::from(inner.height));
    if let Some(text) = place_among(app) {
        place(frame, area, title_columns, &text, app.theme);
    }
    let mut lines = lines(app, inner, is_here);
    if app.list.is_empty() {
        if app.view.leaves_out() {
            lines.clear();
        }
        lines.extend(nothing(app, inner.width));
    }
    frame.render_widget(Paragraph::new(lines), inner);
}

/// Which row of how many is selected: exactly while the newest are at hand, else about how far
/// back it is.
fn place_among(app: &App) -> Option<String> {
    if let Some((place, count, has_more)) = app.list.place() {
        let more = if has_more { "+" } else { "" };
        return Some(format!("{place} of {count}{more}"));
    }
    let received = app.totals?.received.max(1);
    let seq = app.list.selected()?.summary.seq.0.min(received);
    let percent = (received - seq) * 100 / received;
    Some(format!("{percent} % back"))
}

fn lines(app: &App, area: Rect, is_here: bool) -> Vec<Line<'static>> {
    let columns = Columns::of(area.width);
    let selected = app.list.selected_number();
    let line = |shown: Shown<'_>| match shown {
        Shown::Marker(marker) => across(marker, area.width, app),
        Shown::Row(row) if Some(row.number) == selected => {
            selected_line(line(row, &columns, app), area.width, is_here, app.theme)
        }
        Shown::Row(row) => line(row, &columns, app),
    };
    let shown = app.shown_lines();
    // With more markers than lines the row below them is what counts.
    let above = shown.len().saturating_sub(area.height.into());
    let above = if app.list.visible().len() > 1 {
        0
    } else {
        above
    };
    shown.into_iter().skip(above).map(line).collect()
}

/// The row the keys act on: a sign in front, and a band across.
pub(super) fn selected_line(
    mut line: Line<'static>,
    columns: u16,
    is_here: bool,
    theme: Theme,
) -> Line<'static> {
    let look = match is_here {
        true => Look::Selected,
        false => Look::SelectedAside,
    };
    let gap = usize::from(columns).saturating_sub(columns_of(&line.spans));
    line.spans.push(Span::raw(" ".repeat(gap)));
    line.spans[0].content = "▌".into();
    for span in &mut line.spans {
        span.style = theme.on(look, span.style);
    }
    line
}

/// A line the user drew: when, and what it says.
fn across(marker: &Marker, columns: u16, app: &App) -> Line<'static> {
    let theme = app.theme;
    let time = clock(marker.made_at_us, &app.facts.zone);
    let text = kreel_inspect::inert::inert(&marker.text).into_owned();
    let label = match text.is_empty() {
        true => format!("── {time} "),
        false => format!("── {time} {text} "),
    };
    let label = cut(&label, columns.into());
    let rest = usize::from(columns).saturating_sub(width(&label));
    Line::from(vec![
        Span::styled(label, theme.style(Look::Fair)),
        Span::styled("─".repeat(rest), theme.style(Look::Border)),
    ])
}

fn line(row: &Row, columns: &Columns, app: &App) -> Line<'static> {
    let (sign, status, look) = standing(row, app);
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

/// How a row stands now, as far as the client tells.
fn standing(row: &Row, app: &App) -> (&'static str, String, Look) {
    let id = &row.summary.id;
    outcome(row, app.status.held_back(id), app.status.is_running(id))
}

/// How a row stands: a sign, a word or the app's status, and how good that is.
fn outcome(row: &Row, held: Option<&str>, is_running: bool) -> (&'static str, String, Look) {
    // Of one that was only captured the answer is kreel's own, until it is replayed.
    let failure = row.last.as_ref().and_then(|last| last.failure.as_deref());
    let is_captured =
        row.standing == Standing::Captured && row.replays.count == 0 && failure != Some(WITHHELD);
    let last = row.last.as_ref().filter(|_| !is_captured);
    if let Some(last) = last
        && !matches!(row.standing, Standing::Lost | Standing::BrokenOff)
    {
        return match (last.status, &last.failure) {
            (_, Some(failure)) if failure == WITHHELD => ("○", "withheld".to_owned(), Look::Fair),
            (Some(status), None) => {
                let (sign, look) = of_status(status);
                (sign, status.to_string(), look)
            }
            (status, failure) => {
                let word = failure.as_deref().map_or_else(
                    || status.map_or_else(|| "failed".to_owned(), |status| status.to_string()),
                    |word| kreel_inspect::inert::inert(word).replace('_', " "),
                );
                ("!", word, Look::Bad)
            }
        };
    }
    match row.standing {
        Standing::Live | Standing::Waiting if held.is_some() => {
            ("‖", held.unwrap_or_default().to_owned(), Look::Fair)
        }
        Standing::Waiting if is_running => ("…", "running".to_owned(), Look::Fair),
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
        let text = match app.keys.key_of(Action::Follow) {
            Some(key) => format!(" paused: {key} follows "),
            None => " paused ".to_owned(),
        };
        spans.push(Span::styled(text, theme.style(Look::Dim)));
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
        vec![format!(
            "nothing matches: {} shows all again",
            app.key(Action::Back)
        )]
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
            format!(
                "no webhook yet. Post one, or press {} to copy the address:",
                app.key(Action::CopyAddress)
            ),
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
pub(super) fn styled_outcome(row: &Row, app: &App) -> Span<'static> {
    let (sign, status, look) = standing(row, app);
    Span::styled(format!("{sign} {status}"), app.theme.style(look))
}
