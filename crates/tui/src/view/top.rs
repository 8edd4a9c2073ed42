//! The top: the public address, the link, the app, and what became of all deliveries.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use kreel_client::plain::duration;

use super::{cut_front, fitting};
use crate::app::App;
use crate::app::status::Link;
use crate::theme::Look;

pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, app: &App) {
    let lines = match area.height {
        0 => return,
        1 => vec![short(app, area.width)],
        _ => vec![address(app, area.width), counters(app, area.width)],
    };
    frame.render_widget(Paragraph::new(lines), area);
}

/// One line is all there is: the state of the link, and the counters.
fn short(app: &App, columns: u16) -> Line<'static> {
    let mut pieces = vec![link(app)];
    pieces.extend(figures(app));
    fitting(pieces, columns)
}

fn address(app: &App, columns: u16) -> Line<'static> {
    let (link, target) = (link(app), target(app));
    let taken: usize = link.iter().chain(&target).map(Span::width).sum();
    let room = usize::from(columns).saturating_sub(taken + 1);
    let url = match app.status.link.ready() {
        Some(ready) => kreel_inspect::inert::inert(&ready.url).into_owned(),
        None => app.facts.tunnel.to_string(),
    };
    let url = if room >= 12 {
        cut_front(&url, room)
    } else {
        String::new()
    };
    let mut spans = vec![Span::styled(
        format!("{url} "),
        app.theme.style(Look::Strong),
    )];
    spans.extend(link);
    spans.extend(target);
    let line = Line::from(spans);
    match line.width() > usize::from(columns) {
        true => fitting(vec![self::link(app), self::target(app)], columns),
        false => line,
    }
}

fn link(app: &App) -> Vec<Span<'static>> {
    let (look, text) = match &app.status.link {
        Link::Connecting => (Look::Fair, "◌ connecting…".to_owned()),
        Link::Up(_, None) => (Look::Good, "● up".to_owned()),
        Link::Up(_, Some(latency)) => (Look::Good, format!("● up {}", duration(*latency))),
        Link::Down { cause, until, .. } => {
            let seconds = until.saturating_duration_since(app.now).as_secs();
            let when = match seconds {
                0 => "now".to_owned(),
                seconds => format!("in {seconds} s"),
            };
            let cause = super::cut(cause, 40);
            (Look::Bad, format!("○ down: {cause}; again {when}"))
        }
    };
    vec![Span::styled(text, app.theme.style(look))]
}

fn target(app: &App) -> Vec<Span<'static>> {
    let theme = app.theme;
    let target = match &app.facts.target {
        None => return vec![Span::styled("  only looking", theme.style(Look::Dim))],
        Some(target) => super::cut(target, 40),
    };
    let mut spans = vec![
        Span::styled("  → ", theme.style(Look::Dim)),
        Span::styled(target, theme.style(Look::Plain)),
    ];
    if app.status.app_down.is_some() {
        spans.push(Span::styled(" ✗ down", theme.style(Look::Bad)));
    }
    spans
}

fn counters(app: &App, columns: u16) -> Line<'static> {
    let mut pieces = states(app);
    let figures = figures(app);
    let all: usize = figures.iter().flatten().map(Span::width).sum();
    let first: usize = pieces.iter().flatten().map(Span::width).sum();
    let gap = usize::from(columns).saturating_sub(all + first);
    if !pieces.is_empty() && gap > 0 {
        pieces.push(vec![Span::raw(" ".repeat(gap))]);
    }
    pieces.extend(figures);
    fitting(pieces, columns)
}

/// What is unusual at the moment.
fn states(app: &App) -> Vec<Vec<Span<'static>>> {
    let (status, theme) = (&app.status, app.theme);
    let mut states = Vec::new();
    let mut add = |look, text: String| states.push(vec![Span::styled(text, theme.style(look))]);
    if let Some((running, until)) = status.stopping {
        let seconds = until.saturating_duration_since(app.now).as_secs();
        add(
            Look::Fair,
            format!("stopping: {running} running, up to {seconds} s; q again stops at once  "),
        );
    }
    if let Some(waiting) = status.held {
        add(Look::Fair, format!("‖ HOLDING {waiting}  "));
    }
    if let Some((done, total)) = status.draining {
        add(Look::Fair, format!("catching up {done}/{total}  "));
    }
    if let Some(replaying) = status.replaying {
        let (done, total) = (replaying.done, replaying.total);
        add(
            Look::Fair,
            format!("replaying {done}/{total}, {} failed  ", replaying.failed),
        );
    }
    if status.history_failing.is_some() {
        add(Look::Bad, "! history can't be written  ".to_owned());
    }
    states
}

/// The counters, most important first.
fn figures(app: &App) -> Vec<Vec<Span<'static>>> {
    let Some(totals) = app.totals else {
        return Vec::new();
    };
    let theme = app.theme;
    let waiting = totals.waiting + totals.live;
    let mut figures = vec![
        ("received", totals.received, Look::Plain),
        ("delivered", totals.answered + totals.captured, Look::Plain),
        (
            "waiting",
            waiting,
            if waiting > 0 { Look::Fair } else { Look::Plain },
        ),
        (
            "lost",
            totals.lost,
            if totals.lost > 0 {
                Look::Bad
            } else {
                Look::Plain
            },
        ),
    ];
    let more = [
        ("failed", totals.failed, Look::Bad),
        ("broken off", totals.broken_off, Look::Fair),
        ("duplicates", totals.duplicates, Look::Fair),
    ];
    figures.extend(more.into_iter().filter(|(_, count, _)| *count > 0));
    let figure = |(index, (name, count, look)): (usize, (&str, u64, Look))| {
        let gap = if index == 0 { "" } else { " · " };
        vec![
            Span::styled(format!("{gap}{name} "), theme.style(Look::Dim)),
            Span::styled(count.to_string(), theme.style(look)),
        ]
    };
    figures.into_iter().enumerate().map(figure).collect()
}
