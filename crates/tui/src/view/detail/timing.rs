//! Where the time of each attempt went, as bars of the same scale.

use kreel_client::KeptAttempt;
use kreel_client::plain::duration;
use ratatui::text::{Line, Span};

use crate::app::App;
use crate::theme::{Look, Theme};

/// The phases of the shown attempt, and all attempts side by side.
pub(super) fn lines(app: &App, columns: u16) -> Vec<Line<'static>> {
    let theme = app.theme;
    let pane = app.shown();
    let Some(whole) = pane.and_then(|pane| pane.whole.as_ref()) else {
        return Vec::new();
    };
    let Some(shown) = pane.and_then(|pane| pane.shown_attempt()) else {
        return vec![Line::styled(
            " no attempt has ended yet",
            theme.style(Look::Dim),
        )];
    };
    let mut lines = vec![Line::styled(
        format!(" attempt {}", shown.number),
        theme.style(Look::Strong),
    )];
    let room = usize::from(columns).saturating_sub(30).max(8);
    lines.extend(phases(shown, room, theme));
    lines.push(Line::default());
    let began = shown
        .began_at_us
        .checked_sub(whole.row.summary.received_at_us);
    if let Some(after) = began {
        let after = duration(std::time::Duration::from_micros(after));
        let text = format!(" begun {after} after the relay had it (by two clocks)");
        lines.push(Line::styled(text, theme.style(Look::Dim)));
    }
    if whole.attempts.len() > 1 {
        lines.push(Line::default());
        lines.push(Line::styled(" all attempts", theme.style(Look::Strong)));
        let longest = whole
            .attempts
            .iter()
            .map(|attempt| attempt.timings.total)
            .max();
        let longest = longest.unwrap_or_default().as_secs_f64().max(1e-9);
        for attempt in &whole.attempts {
            let total = attempt.timings.total;
            let part = total.as_secs_f64() / longest;
            let took = duration(total);
            let name = format!("  {:>4} {took:>9}  ", attempt.number);
            lines.push(bar(name, 0.0, part, room, Look::Number, theme));
        }
    }
    lines
}

/// Connecting, waiting for the answer, and taking it in, one after another on one scale.
fn phases(attempt: &KeptAttempt, room: usize, theme: Theme) -> Vec<Line<'static>> {
    let timings = attempt.timings;
    let total = timings.total.as_secs_f64().max(1e-9);
    let connected = timings.connect.unwrap_or_default();
    let answered = timings.first_byte.unwrap_or(timings.total);
    let mut lines = Vec::new();
    let mut phase = |name: &str, from: std::time::Duration, to: std::time::Duration, look| {
        let span = to.saturating_sub(from);
        let text = format!("  {name:<12} {:>9}  ", duration(span));
        let (start, end) = (from.as_secs_f64() / total, to.as_secs_f64() / total);
        lines.push(bar(text, start, end, room, look, theme));
    };
    let zero = std::time::Duration::ZERO;
    if timings.connect.is_some() {
        phase("connect", zero, connected, Look::Fair);
    }
    phase("wait", connected, answered, Look::Number);
    if timings.first_byte.is_some() {
        phase("answer", answered, timings.total, Look::Good);
    }
    phase("in all", zero, timings.total, Look::Plain);
    if timings.connect.is_none() && attempt.request.is_some() {
        let text = "  the connection was there already";
        lines.push(Line::styled(text, theme.style(Look::Dim)));
    }
    lines
}

fn bar(name: String, from: f64, to: f64, room: usize, look: Look, theme: Theme) -> Line<'static> {
    let column = |part: f64| ((part * room as f64).round() as usize).min(room);
    let start = column(from).min(room.saturating_sub(1));
    let length = column(to).saturating_sub(start).max(1);
    Line::from(vec![
        Span::raw(name),
        Span::raw(" ".repeat(start)),
        Span::styled("█".repeat(length), theme.style(look)),
    ])
}
