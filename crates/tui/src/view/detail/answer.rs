//! The attempts, and the answer to the one that is shown.

use jiff::tz::TimeZone;
use kreel_client::plain::{duration, size};
use kreel_client::{KeptAttempt, WITHHELD};
use kreel_inspect::inert::inert;
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use super::headers;
use crate::action::Action;
use crate::app::App;
use crate::app::pane::Pane;
use crate::theme::{Look, Theme};
use crate::view::{clock, rows::of_status};

/// Attempts shown one above the other; with more, those around the shown one.
const ATTEMPTS: usize = 6;

/// From this height on it is also told where the attempt went.
const ROOMY: u16 = 9;

pub(super) fn draw(
    frame: &mut Frame<'_>,
    area: Rect,
    app: &mut App,
    is_here: bool,
) -> Option<String> {
    let theme = app.theme;
    let masking = headers::masking(app);
    let (before, next) = (Action::PreviousAttempt, Action::NextAttempt);
    let turning = format!("{} and {}", app.key(before), app.key(next));
    let pane = app.pane.as_mut()?;
    let Some(shown) = pane.shown_attempt() else {
        super::note(frame, area, "no attempt has ended yet", theme);
        return None;
    };
    let mut lines = list(pane, area, &app.facts.zone, &turning, theme);
    // Where there is little room the answer itself counts most.
    if area.height >= ROOMY {
        lines.push(Line::default());
        lines.extend(said(shown, theme));
    }
    if let Some((answer_headers, _)) = &shown.answer {
        let room = usize::from(area.height / 3).max(2);
        let mut answered = headers::of(answer_headers, &masking, theme);
        if answered.len() > room {
            let more = answered.len() + 1 - room;
            answered.truncate(room - 1);
            let text = format!(" … {more} more headers");
            answered.push(Line::styled(text, theme.style(Look::Dim)));
        }
        lines.extend(answered);
    }
    let height = (lines.len() as u16).min(area.height);
    let [top, line, body] = Layout::vertical([
        Constraint::Length(height),
        Constraint::Length(1),
        Constraint::Min(0),
    ])
    .areas(area);
    let kept = shown
        .answer
        .as_ref()
        .map_or(0, |(_, body)| body.len() as u64);
    let of = shown.answer_bytes.unwrap_or(kept);
    frame.render_widget(Paragraph::new(lines), top);
    let answer = pane.answer.as_mut()?;
    let mut about = answer.document.about();
    if kept < of {
        about = format!(
            "{about}: the first {} of {}",
            size(Some(kept)),
            size(Some(of))
        );
    }
    let (document, cursor) = (&answer.document, &mut answer.cursor);
    super::document::about_line(frame, line, about, document, cursor, theme);
    let body = match &mut answer.picture {
        Some(picture) if app.shows_images => {
            super::body::below_picture(frame, body, picture, theme)?
        }
        _ => body,
    };
    super::document::document_lines(frame, body, document, cursor, is_here, theme)
}

/// The attempts, newest last, the shown one marked.
fn list(
    pane: &Pane,
    area: Rect,
    zone: &TimeZone,
    turning: &str,
    theme: Theme,
) -> Vec<Line<'static>> {
    let Some(whole) = &pane.whole else {
        return Vec::new();
    };
    let attempts = &whole.attempts;
    let shown = pane.attempt.unwrap_or(attempts.len().saturating_sub(1));
    let room = ATTEMPTS.min(usize::from(area.height / 3).max(1));
    let from = (shown + 1).saturating_sub(room);
    let line = |(index, attempt): (usize, &KeptAttempt)| {
        let is_shown = index == shown;
        let (sign, word, look) = outcome(attempt);
        let mark = if is_shown { "▌" } else { " " };
        let kind = match (attempt.is_edited, attempt.is_replay) {
            (true, _) => "  edited replay",
            (_, true) => "  replay",
            _ => "",
        };
        let took = duration(attempt.timings.total);
        let text = format!(
            "{mark}{:>3}  {}  ",
            attempt.number,
            clock(attempt.began_at_us, zone)
        );
        let style = theme.style(if is_shown { Look::Strong } else { Look::Plain });
        Line::from(vec![
            Span::styled(text, style),
            Span::styled(format!("{sign} {word}"), theme.style(look)),
            Span::styled(format!("  {took}{kind}"), theme.style(Look::Dim)),
        ])
    };
    let mut lines: Vec<Line<'static>> = attempts
        .iter()
        .enumerate()
        .skip(from)
        .take(room)
        .map(line)
        .collect();
    let left = attempts.len().saturating_sub(lines.len());
    if left > 0 {
        let text = format!("      {left} more: {turning}");
        lines.push(Line::styled(text, theme.style(Look::Dim)));
    }
    lines
}

/// How an attempt ended: a sign, a word or the status, and how good that is.
fn outcome(attempt: &KeptAttempt) -> (&'static str, String, Look) {
    match (attempt.status, &attempt.failure) {
        (Some(status), None) => {
            let (sign, look) = of_status(status);
            (sign, status.to_string(), look)
        }
        (_, Some((word, _))) if word == WITHHELD => ("○", word.clone(), Look::Fair),
        (status, Some((word, _))) => {
            let status = status.map_or_else(String::new, |status| format!("{status}, then "));
            (
                "!",
                format!("{status}{}", word.replace('_', " ")),
                Look::Bad,
            )
        }
        (None, None) => ("!", "failed".to_owned(), Look::Bad),
    }
}

/// Where the shown attempt went, and what was said of its end.
fn said(attempt: &KeptAttempt, theme: Theme) -> Vec<Line<'static>> {
    let mut lines = Vec::new();
    if let Some((url, _)) = &attempt.request {
        let method = &attempt.method;
        let text = format!(" {} {}", inert(method), inert(url));
        lines.push(Line::styled(text, theme.style(Look::Dim)));
    }
    if let Some((_, words)) = &attempt.failure {
        lines.push(Line::styled(
            format!(" {}", inert(words)),
            theme.style(Look::Bad),
        ));
    }
    lines
}
