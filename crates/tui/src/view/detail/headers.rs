//! The headers as they came, and what surrounded them.

use kreel_inspect::export::Masking;
use kreel_inspect::inert::inert_bytes;
use kreel_wire::{Header, Headers};
use ratatui::text::{Line, Span};

use crate::app::App;
use crate::theme::{Look, Theme};

/// The request line and the headers of the delivery.
pub(super) fn request(app: &App) -> Vec<Line<'static>> {
    let Some(whole) = app.shown().and_then(|pane| pane.whole.as_ref()) else {
        return Vec::new();
    };
    let (theme, delivery) = (app.theme, &whole.delivery);
    let masking = masking(app);
    let target = inert_bytes(&delivery.target).into_owned();
    let first = format!(
        " {} {target}",
        kreel_inspect::inert::inert(&delivery.method)
    );
    let mut lines = vec![Line::styled(first, theme.style(Look::Strong))];
    lines.extend(of(&delivery.headers, &masking, theme));
    lines.push(Line::default());
    let scheme = delivery.scheme.as_str();
    let from = format!(
        " from {} over {scheme}",
        kreel_inspect::inert::inert(&delivery.forwarded_for)
    );
    lines.push(Line::styled(from, theme.style(Look::Dim)));
    let id = format!(" id {}", whole.row.summary.id);
    lines.push(Line::styled(id, theme.style(Look::Dim)));
    if !app.shows_secrets {
        lines.push(Line::styled(
            " secrets are masked; u shows them",
            theme.style(Look::Dim),
        ));
    }
    lines
}

/// Header lines.
pub(super) fn of(headers: &Headers, masking: &Masking, theme: Theme) -> Vec<Line<'static>> {
    let line = |header: Header<'_>| {
        Line::from(vec![
            Span::styled(
                format!(" {}", inert_bytes(header.name)),
                theme.style(Look::Key),
            ),
            Span::styled(": ", theme.style(Look::Dim)),
            Span::raw(masking.shown(header.name, header.value).into_owned()),
        ])
    };
    headers.iter().map(line).collect()
}

/// What is masked now.
pub(super) fn masking(app: &App) -> Masking {
    match app.shows_secrets {
        true => Masking::off(),
        false => app.facts.masking.clone(),
    }
}
