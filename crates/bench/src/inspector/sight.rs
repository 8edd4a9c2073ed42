//! What can be seen on a screen of the inspector.

use vt100::Screen;

/// The delivery whose detail is shown: its number and its id.
pub(super) fn selected(screen: &Screen) -> Option<String> {
    screen.rows(DETAIL, COLUMNS).find_map(|row| {
        let row = row.trim();
        let (number, rest) = row.strip_prefix('#')?.split_once(" · ")?;
        let id = rest.rsplit(' ').next()?;
        (id.len() == 36).then(|| format!("#{number} {id}"))
    })
}

/// Whether the newest is always selected.
pub(super) fn follows(screen: &Screen) -> bool {
    let title = title(screen);
    title.contains(" following ") && !title.contains("not following")
}

/// What stands above the rows.
pub(super) fn title(screen: &Screen) -> String {
    screen.rows(0, DETAIL).nth(2).unwrap_or_default()
}

/// The path of the delivery whose detail is shown.
pub(super) fn is_for(screen: &Screen, path: &str) -> bool {
    let head = screen.rows(DETAIL, COLUMNS).nth(3).unwrap_or_default();
    head.contains(path)
}

/// The line that says what a body is, and how much of it is there.
pub(super) fn about(screen: &Screen) -> String {
    screen.rows(DETAIL, COLUMNS).nth(5).unwrap_or_default()
}

/// What the detail shows below that line.
pub(super) fn content(screen: &Screen) -> String {
    let rows: Vec<String> = screen.rows(DETAIL, COLUMNS).skip(6).collect();
    rows.join("\n")
}

/// The same with its colours: the selected line is told by them.
pub(super) fn painted(screen: &Screen) -> Vec<String> {
    screen.rows_formatted(DETAIL, COLUMNS).skip(6).collect()
}

/// The bottom line.
pub(super) fn bar(screen: &Screen) -> String {
    screen.rows(0, COLUMNS).last().unwrap_or_default()
}

/// Whether the keys act on the detail.
pub(super) fn is_inside(screen: &Screen) -> bool {
    let tabs = screen.rows(DETAIL, COLUMNS).nth(2);
    tabs.is_some_and(|tabs| tabs.contains('━'))
}

/// Whether this tab, from 1, is the one that stands out.
pub(super) fn has_tab(screen: &Screen, tab: u8) -> bool {
    let looks = |tab: u8| {
        let tabs: Vec<char> = screen.rows(DETAIL, COLUMNS).nth(2)?.chars().collect();
        let digit = char::from(b'0' + tab);
        let at = tabs.windows(3).position(|part| part == [' ', digit, ' '])?;
        let cell = screen.cell(2, DETAIL + at as u16 + 1)?;
        Some((
            cell.fgcolor(),
            cell.bgcolor(),
            cell.inverse(),
            cell.bold(),
            cell.dim(),
            cell.underline(),
        ))
    };
    let wanted = looks(tab);
    wanted.is_some() && (1..=5).filter(|other| looks(*other) == wanted).count() == 1
}

const COLUMNS: u16 = 160;

/// Where the detail begins: the rows have 48 of 100 parts.
const DETAIL: u16 = 77;
