//! The bottom line: the keys that matter now, or the line that is being typed.

use ratatui::Frame;
use ratatui::layout::{Position, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use super::{fitting, width};
use crate::action::Action;
use crate::app::prompt::Prompt;
use crate::app::{App, Focus, Mode};
use crate::keys::BINDINGS;
use crate::theme::{Look, Theme};

pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, app: &App) {
    if let Mode::Prompt(prompt) = &app.mode {
        return typing(frame, area, prompt, app.theme);
    }
    let hints = hints(app)
        .into_iter()
        .filter_map(|action| hint(app, action));
    frame.render_widget(Paragraph::new(fitting(hints.collect(), area.width)), area);
}

/// The keys that matter now, the most useful first.
fn hints(app: &App) -> Vec<Action> {
    use Action as A;
    match &app.mode {
        Mode::Help { .. } => vec![A::Back, A::Move(1), A::Move(-1), A::Page(1)],
        Mode::Compare { .. } => vec![A::Back, A::Move(1), A::Page(1), A::UnfoldAll, A::FoldAll],
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
        Mode::Browse if app.list.is_empty() => {
            vec![
                A::CopyAddress,
                A::Search,
                A::Clear,
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
        _ => binding.label,
    };
    Some(vec![
        Span::styled(format!(" {key}"), app.theme.style(Look::Hint)),
        Span::styled(format!(" {label} "), app.theme.style(Look::Bar)),
    ])
}

/// The line that is being typed, scrolled so that the cursor is on it, and what is wrong with it.
fn typing(frame: &mut Frame<'_>, area: Rect, prompt: &Prompt, theme: Theme) {
    let sign = prompt.purpose.sign();
    let fault = prompt.fault.as_ref().map(|(text, _)| format!("  ! {text}"));
    let fault_width = fault
        .as_deref()
        .map_or(0, width)
        .min(usize::from(area.width) / 2);
    let room = usize::from(area.width)
        .saturating_sub(width(sign) + fault_width + 1)
        .max(1);
    let scroll = prompt.input.visual_scroll(room);
    let typed = kreel_inspect::inert::inert(prompt.text()).into_owned();
    let shown = skip_columns(&typed, scroll, room);
    let mut spans = vec![
        Span::styled(sign, theme.style(Look::Hint)),
        Span::raw(shown),
    ];
    if let Some(fault) = fault {
        spans.push(Span::styled(
            super::cut(&fault, fault_width),
            theme.style(Look::Bad),
        ));
    }
    frame.render_widget(Paragraph::new(Line::from(spans)), area);
    let column = width(sign) + prompt.input.visual_cursor().saturating_sub(scroll);
    let x = area.x + (column as u16).min(area.width.saturating_sub(1));
    frame.set_cursor_position(Position::new(x, area.y));
}

/// A window of so many columns into a text.
fn skip_columns(text: &str, skip: usize, room: usize) -> String {
    let mut column = 0;
    let mut shown = String::new();
    for c in text.chars() {
        let columns = unicode_width::UnicodeWidthChar::width(c).unwrap_or(0);
        if column >= skip && column + columns <= skip + room {
            shown.push(c);
        }
        column += columns;
    }
    shown
}
