//! The bottom line: the keys that matter now, or the line that is being typed.

use ratatui::Frame;
use ratatui::layout::{Position, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Clear, Paragraph};

use super::text::{columns_of, columns_of_all, fitting, width, window, wrapped};
use crate::action::Action;
use crate::app::prompt::Prompt;
use crate::app::{App, Focus, Listing, Mode};
use crate::keys::BINDINGS;
use crate::theme::{Look, Theme};

pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, app: &App) {
    if let Mode::Prompt(prompt) = &app.mode {
        return typing(frame, area, prompt, app.theme);
    }
    // Who is lost needs these two, however little room there is.
    let (last, hints): (Vec<Action>, Vec<Action>) = hints(app)
        .into_iter()
        .partition(|action| matches!(action, Action::Help | Action::Quit));
    let spelled = |actions: Vec<Action>| -> Vec<_> {
        let pieces = actions.into_iter().filter_map(|action| hint(app, action));
        pieces.collect()
    };
    let last = spelled(last);
    let taken: usize = columns_of_all(&last);
    let columns = usize::from(area.width);
    let mut line = fitting(spelled(hints), columns.saturating_sub(taken));
    let room = columns.saturating_sub(columns_of(&line.spans));
    line.spans.extend(fitting(last, room).spans);
    frame.render_widget(Paragraph::new(line), area);
}

/// The keys that matter now, the most useful first.
fn hints(app: &App) -> Vec<Action> {
    use Action as A;
    match &app.mode {
        Mode::Help { .. } => vec![A::Back, A::Move(1), A::Move(-1), A::Page(1)],
        Mode::Compare(_) => vec![A::Back, A::Move(1), A::Page(1), A::UnfoldAll, A::FoldAll],
        Mode::Menu(_) => vec![A::Back],
        Mode::Prompt(_) => Vec::new(),
        Mode::Browse if app.status.held.is_some() => {
            vec![
                A::Hold,
                A::ReleaseAll,
                A::Open,
                A::Replay,
                A::Search,
                A::Help,
                A::Quit,
            ]
        }
        Mode::Browse if matches!(app.listing, Listing::Subjects(_)) => {
            vec![
                A::Open,
                A::Verify,
                A::Deliver,
                A::Replay,
                A::Subjects,
                A::Help,
                A::Quit,
            ]
        }
        Mode::Browse if app.list.is_empty() => {
            vec![
                A::CopyAddress,
                A::Browse,
                A::Search,
                A::Command,
                A::Help,
                A::Quit,
            ]
        }
        Mode::Browse => match app.focus {
            Focus::Rows => {
                vec![
                    A::Open,
                    A::Replay,
                    A::Edit,
                    A::Search,
                    A::Compare,
                    A::Help,
                    A::Quit,
                    A::CopyCurl,
                    A::Mark,
                ]
            }
            Focus::Detail => {
                vec![
                    A::Back,
                    A::Search,
                    A::Replay,
                    A::Edit,
                    A::CopyPath,
                    A::Help,
                    A::Quit,
                    A::CopyValue,
                ]
            }
        },
    }
}

fn hint(app: &App, action: Action) -> Option<Vec<Span<'static>>> {
    let key = app.keys.key_of(action)?;
    let binding = BINDINGS.iter().find(|binding| binding.action == action)?;
    let label = match (action, app.focus, app.status.held) {
        (Action::Hold, _, Some(_)) => "release one",
        (Action::Search, Focus::Detail, _) => "search here",
        (Action::Subjects, ..) => "webhooks",
        _ => binding.label,
    };
    Some(vec![
        Span::styled(format!(" {key}"), app.theme.style(Look::Hint)),
        Span::styled(format!(" {label} "), app.theme.style(Look::Bar)),
    ])
}

/// The line that is being typed, scrolled so that the cursor is on it; above it what is wrong with
/// it, or what may be typed.
fn typing(frame: &mut Frame<'_>, area: Rect, prompt: &Prompt, theme: Theme) {
    let sign = prompt.purpose.sign();
    let room = usize::from(area.width)
        .saturating_sub(width(sign) + 1)
        .max(1);
    let scroll = prompt.input.visual_scroll(room);
    let typed = kreel_inspect::inert::inert(prompt.text()).into_owned();
    let line = Line::from(vec![
        Span::styled(sign, theme.style(Look::Hint)),
        Span::raw(window(&typed, scroll, room)),
    ]);
    frame.render_widget(Clear, area);
    frame.render_widget(Paragraph::new(line), area);
    let column = width(sign) + prompt.input.visual_cursor().saturating_sub(scroll);
    let x = area.x + (column as u16).min(area.width.saturating_sub(1));
    frame.set_cursor_position(Position::new(x, area.y));
    match &prompt.fault {
        Some((text, _)) => above(frame, area, &format!("! {text}"), Look::Bad, theme),
        None if !prompt.choices.is_empty() => {
            let fitting: Vec<&str> = prompt.fitting().collect();
            let text = kreel_inspect::inert::inert(&fitting.join("  ")).into_owned();
            above(frame, area, &text, Look::Dim, theme);
        }
        None if prompt.text().is_empty() => {
            above(frame, area, prompt.purpose.hint(), Look::Dim, theme);
        }
        None => {}
    }
}

/// A sentence on the lines above the bar, as many as it needs.
fn above(frame: &mut Frame<'_>, bar: Rect, text: &str, look: Look, theme: Theme) {
    if text.is_empty() {
        return;
    }
    let lines = wrapped(text, usize::from(bar.width).saturating_sub(2));
    let height = (lines.len() as u16).min(bar.y / 2);
    let area = Rect::new(bar.x, bar.y - height, bar.width, height);
    let line = |text: String| Line::styled(format!(" {text}"), theme.style(look));
    let lines: Vec<Line<'static>> = lines.into_iter().map(line).collect();
    frame.render_widget(Clear, area);
    frame.render_widget(Paragraph::new(lines), area);
}
