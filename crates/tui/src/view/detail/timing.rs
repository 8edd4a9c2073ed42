//! Where the time of each attempt went, as bars of the same scale.

use std::ops::Range;

use kreel_client::KeptAttempt;
use kreel_client::plain::duration;
use ratatui::text::{Line, Span};

use crate::app::App;
use crate::theme::{Look, Theme};

/// The phases of the shown attempt, and all attempts side by side: a line each, made once it is in
/// sight, since a delivery may be replayed thousands of times.
pub(super) struct Times {
    head: Vec<Line<'static>>,
    attempts: usize,
    /// How long the longest took, in seconds.
    longest: f64,
    room: usize,
}

impl Times {
    pub(super) fn of(app: &App, columns: u16) -> Self {
        let attempts = attempts(app);
        let longest = attempts.iter().map(|attempt| attempt.timings.total).max();
        Self {
            head: head(app, columns),
            attempts: if attempts.len() > 1 {
                attempts.len()
            } else {
                0
            },
            longest: longest.unwrap_or_default().as_secs_f64().max(1e-9),
            room: room(columns),
        }
    }

    /// How many lines there are.
    pub(super) fn all(&self) -> usize {
        self.head.len() + self.attempts
    }

    /// Some of them.
    pub(super) fn lines(&self, app: &App, visible: Range<usize>) -> Vec<Line<'static>> {
        let count = self.head.len();
        let line = |attempt: &KeptAttempt| {
            let total = attempt.timings.total;
            let part = total.as_secs_f64() / self.longest;
            let took = duration(total);
            let name = format!("  {:>4} {took:>9}  ", attempt.number);
            bar(name, 0.0, part, self.room, Look::Number, app.theme)
        };
        let mut lines = self.head[visible.start.min(count)..visible.end.min(count)].to_vec();
        let visible = visible.start.saturating_sub(count)..visible.end.saturating_sub(count);
        lines.extend(
            attempts(app)
                .get(visible)
                .unwrap_or_default()
                .iter()
                .map(line),
        );
        lines
    }
}

fn attempts(app: &App) -> &[KeptAttempt] {
    let whole = app.shown().and_then(|pane| pane.whole.as_ref());
    whole.map_or(&[], |whole| &whole.attempts)
}

/// Columns for bars.
fn room(columns: u16) -> usize {
    usize::from(columns).saturating_sub(30).max(8)
}

/// What stands above the attempts.
fn head(app: &App, columns: u16) -> Vec<Line<'static>> {
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
    lines.extend(phases(shown, room(columns), theme));
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::testing::scene;

    #[test]
    fn of_many_attempts_only_those_in_sight_are_made() {
        let mut app = scene::app();
        let pane = app.pane.as_mut().unwrap();
        let mut whole = (**pane.whole.as_ref().unwrap()).clone();
        let one = whole.attempts[0].clone();
        whole.attempts = (1..=5000)
            .map(|number| KeptAttempt {
                number,
                ..one.clone()
            })
            .collect();
        pane.whole = Some(Arc::new(whole));
        let times = Times::of(&app, 80);
        let (all, head) = (times.all(), times.all() - 5000);
        let number = |line: &Line<'_>| {
            line.spans[0]
                .content
                .split_whitespace()
                .next()
                .map(str::to_owned)
        };
        let lines = times.lines(&app, 100..120);
        assert_eq!(lines.len(), 20);
        assert_eq!(number(&lines[0]), Some((100 - head + 1).to_string()));
        let lines = times.lines(&app, head - 1..head + 1);
        assert_eq!(lines[0].spans[0].content, " all attempts");
        assert_eq!(number(&lines[1]).as_deref(), Some("1"));
        let lines = times.lines(&app, all - 1..all);
        assert_eq!(number(&lines[0]).as_deref(), Some("5000"));
    }
}
