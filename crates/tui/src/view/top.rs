//! The top: the public address, the link, the app, and what became of all deliveries.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use kreel_client::plain::duration;
use kreel_inspect::inert::inert;

use super::text::{columns_of, columns_of_all, cut, cut_front, fitting, width};
use crate::app::App;
use crate::app::status::Link;
use crate::theme::{Look, Theme};

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
    let mut pieces = vec![link(app, 0)];
    pieces.push(vec![Span::raw("  ")]);
    let taken: usize = columns_of_all(&pieces);
    pieces.extend(figures_in(app, usize::from(columns).saturating_sub(taken)));
    fitting(pieces, columns.into())
}

/// Address, link and app. Where there is not room for all, the reason why the link is down goes
/// first, then the beginning of the address.
fn address(app: &App, columns: u16) -> Line<'static> {
    let columns = usize::from(columns);
    let url = match app.status.link.ready() {
        Some(ready) => inert(&ready.url).into_owned(),
        None => app.facts.tunnel.to_string(),
    };
    let target = target(app, columns / 3);
    let least = columns_of(&link(app, 0)) + columns_of(&target) + GAP.len();
    let url = match columns.saturating_sub(least) {
        room @ LEAST_ADDRESS.. => cut_front(&url, room),
        _ => String::new(),
    };
    let room = columns.saturating_sub(least + width(&url));
    let mut pieces = Vec::new();
    if !url.is_empty() {
        let style = app.theme.style(Look::Strong);
        pieces.push(vec![Span::styled(url, style), Span::raw(GAP)]);
    }
    pieces.push(link(app, room));
    pieces.push(target);
    fitting(pieces, columns)
}

const GAP: &str = "  ";

/// An address in fewer columns tells nothing.
const LEAST_ADDRESS: usize = 12;

/// The link, and with so many columns to spare why it is down.
fn link(app: &App, room: usize) -> Vec<Span<'static>> {
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
            let cause = match room {
                16.. => format!(": {}", cut(cause, room - 2)),
                _ => String::new(),
            };
            (Look::Bad, format!("○ down, again {when}{cause}"))
        }
    };
    vec![Span::styled(text, app.theme.style(look))]
}

fn target(app: &App, room: usize) -> Vec<Span<'static>> {
    let theme = app.theme;
    let target = match &app.facts.target {
        None => return vec![Span::styled("  only looking", theme.style(Look::Dim))],
        Some(target) => cut_front(&inert(target), room.max(8)),
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

/// What is unusual, and the counters: in short words where there is little room, and never without
/// those that are bad.
fn counters(app: &App, columns: u16) -> Line<'static> {
    let columns = usize::from(columns);
    let mut pieces = states(app);
    if pieces.is_empty() {
        pieces.extend(beside(app, columns));
    }
    let first: usize = columns_of_all(&pieces);
    let figures = figures_in(app, columns.saturating_sub(first));
    let all: usize = columns_of_all(&figures);
    let gap = columns.saturating_sub(all + first);
    if !pieces.is_empty() && gap > 0 {
        pieces.push(vec![Span::raw(" ".repeat(gap))]);
    }
    pieces.extend(figures);
    fitting(pieces, columns)
}

/// What else runs here, where there is room for it beside all counters.
fn beside(app: &App, columns: usize) -> Option<Vec<Span<'static>>> {
    let text = inert(app.facts.beside.as_deref()?).into_owned();
    let figures = columns_of_all(&figures_in(app, columns));
    let fits = width(&text) + GAP.len() + figures <= columns;
    fits.then(|| vec![Span::styled(text, app.theme.style(Look::Dim))])
}

/// The counters in full, in short, or only those that are bad, as far as there is room.
fn figures_in(app: &App, room: usize) -> Vec<Vec<Span<'static>>> {
    let Some(totals) = app.totals else {
        return Vec::new();
    };
    let waiting = totals.waiting + totals.live;
    let figure = |long, short, count, look| Figure {
        long,
        short,
        count,
        look: if count > 0 { look } else { Look::Plain },
    };
    let delivered = totals.answered + totals.captured;
    let usual = [
        figure("received", "in", totals.received, Look::Plain),
        figure("delivered", "out", delivered, Look::Plain),
        figure("waiting", "wait", waiting, Look::Fair),
        figure("lost", "lost", totals.lost, Look::Bad),
    ];
    let unusual = [
        figure("failed", "fail", totals.failed, Look::Bad),
        figure("broken off", "broken", totals.broken_off, Look::Fair),
        figure("duplicates", "dup", totals.duplicates, Look::Fair),
    ];
    let unusual = unusual.into_iter().filter(|figure| figure.count > 0);
    let all: Vec<Figure> = usual.into_iter().chain(unusual).collect();
    let worst = all
        .iter()
        .filter(|figure| figure.look != Look::Plain)
        .copied();
    let worst: Vec<Figure> = worst.collect();
    for (figures, is_long) in [(&all, true), (&all, false), (&worst, true), (&worst, false)] {
        let shown = spelled(figures, is_long, app.theme);
        if columns_of_all(&shown) <= room {
            return shown;
        }
    }
    spelled(&worst, false, app.theme)
}

/// A counter.
#[derive(Debug, Clone, Copy)]
struct Figure {
    long: &'static str,
    short: &'static str,
    count: u64,
    look: Look,
}

fn spelled(figures: &[Figure], is_long: bool, theme: Theme) -> Vec<Vec<Span<'static>>> {
    let piece = |(index, figure): (usize, &Figure)| {
        let gap = if index == 0 { "" } else { " · " };
        let name = if is_long { figure.long } else { figure.short };
        vec![
            Span::styled(format!("{gap}{name} "), theme.style(Look::Dim)),
            Span::styled(figure.count.to_string(), theme.style(figure.look)),
        ]
    };
    figures.iter().enumerate().map(piece).collect()
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
    if let Some(replaying) = status.replays() {
        let (done, total) = (replaying.done, replaying.total);
        add(
            Look::Fair,
            format!("replaying {done}/{total}, {} failed  ", replaying.failed),
        );
    }
    if let Some(what) = app.work() {
        add(Look::Fair, format!("{what}  "));
    }
    if status.history_failing.is_some() {
        add(Look::Bad, "! history can't be written  ".to_owned());
    }
    states
}
