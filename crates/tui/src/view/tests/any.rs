//! Whatever senders, apps and users have written, and however large the screen is: it is drawn, in
//! its place, and nothing in it acts.

use bytes::Bytes;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use kreel_client::{Marker, Standing};
use kreel_inspect::inert::is_inert;
use proptest::prelude::*;
use ratatui::buffer::Buffer;

use super::paint::drawn;
use crate::app::pane::Tab;
use crate::app::subjects::Subjects;
use crate::app::toast::News;
use crate::app::{App, Listing};
use crate::apply;
use crate::lens::Of;
use crate::testing::{self, row, scene};
use crate::theme::Theme;
use crate::view;

/// Text of all that makes trouble on screens, among what does not.
fn text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        "[ -~]{0,12}",
        "\\PC{0,6}",
        any::<char>().prop_map(String::from),
        proptest::sample::select(vec![
            "日本語",
            "e\u{301}",
            "שלום עולם",
            "مرحبا",
            "👍🏽",
            "👨‍👩‍👧‍👦",
            "🇩🇪",
            "\u{202e}exe",
            "\x1b[2J",
            "\x1b]52;c;eA==\x07",
            "\u{200b}",
            "a\u{300}\u{301}\u{302}",
            "ﷺ",
            "\u{feff}",
            "\t",
            "\r\n",
            "\u{9b}31m",
            "❤\u{fe0f}",
            "ｆｕｌｌ",
        ])
        .prop_map(str::to_owned),
    ];
    proptest::collection::vec(piece, 0..6).prop_map(|pieces| pieces.concat())
}

fn bytes() -> impl Strategy<Value = Bytes> {
    prop_oneof![
        text().prop_map(Bytes::from),
        text()
            .prop_map(|text| Bytes::from(serde_json::json!({ &text: [text], "a": 1 }).to_string())),
        proptest::collection::vec(any::<u8>(), 0..80).prop_map(Bytes::from),
    ]
}

/// An inspector with these texts wherever texts of others stand.
fn app(texts: &[String], body: Bytes) -> App {
    let text = |index: usize| texts[index % texts.len()].clone();
    let mut rows = scene::rows();
    for (index, row) in rows.iter_mut().enumerate() {
        row.summary.target = Bytes::from(text(index));
        row.summary.method = text(index + 1).into();
        row.note = (index % 2 == 0).then(|| text(index + 2));
        if let Some(last) = &mut row.last {
            last.failure = (index % 3 == 0).then(|| text(index));
        }
    }
    let mut app = scene::app();
    app.pane = Some(scene::pane(&rows[2], scene::body(body)));
    app.list.show(rows, true, true);
    app.markers = vec![Marker {
        id: 1,
        below: 11,
        tunnel: "tunnel".to_owned(),
        made_at_us: u64::MAX,
        text: text(0),
    }];
    app.facts.target = Some(text(3));
    app.view.typed = text(1);
    app.say(News::Bad, text(2));
    app.explain();
    show_jobs(&mut app, &text);
    app
}

/// The same texts in whatever a lens says.
fn show_jobs(app: &mut App, text: &impl Fn(usize) -> String) {
    app.facts.lens = testing::lens::jobs();
    let mut sheet = testing::lens::sheet();
    for (index, line) in sheet.lines.iter_mut().enumerate() {
        line.label = text(index);
        line.text = text(index + 1);
        line.link = (index % 3 == 0).then(|| text(index + 2));
    }
    if let Some(pane) = &mut app.pane {
        pane.sheet.show(Ok(Some(sheet)));
    }
}

/// Jobs in place of deliveries.
fn list_jobs(app: &mut App, texts: &[String]) {
    let text = |index: usize| texts[index % texts.len()].clone();
    let mut page = testing::lens::page();
    for (index, row) in page.rows.iter_mut().enumerate() {
        row.id = index.to_string();
        row.cells = (0..5).map(|cell| text(index + cell)).collect();
        row.flags = vec![text(index), text(index + 1)];
    }
    let mut subjects = Subjects::default();
    subjects.show(Ok(page));
    app.listing = Listing::Subjects(subjects);
    if let Some(pane) = &mut app.pane {
        pane.of = Of::Subject("0".to_owned());
    }
}

/// Everything stands where it was put, and is nothing but seen.
fn check(buffer: &Buffer) -> Result<(), TestCaseError> {
    for line in buffer.content().chunks(buffer.area.width.into()) {
        let mut column = 0;
        while let Some(cell) = line.get(column) {
            let wide = view::width(cell.symbol()).max(1);
            prop_assert!(
                cell.symbol().chars().all(is_inert),
                "{:?} acts",
                cell.symbol()
            );
            prop_assert!(
                column + wide <= line.len(),
                "{:?} stands out",
                cell.symbol()
            );
            for hidden in &line[column + 1..column + wide] {
                prop_assert_eq!(hidden.symbol(), " ", "behind {:?}", cell.symbol());
            }
            column += wide;
        }
        prop_assert_eq!(column, line.len());
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn anything_is_drawn_on_a_screen_of_any_size(
        texts in proptest::collection::vec(text(), 1..5),
        body in bytes(),
        tab in 0..6_usize,
        is_of_jobs in any::<bool>(),
        theme in 0..4_usize,
        keys in proptest::collection::vec("[jkGg?/:xdn\tT+lhJ\n ]", 0..6),
        (columns, lines) in (1..=250_u16, 1..=70_u16),
    ) {
        let mut app = app(&texts, body);
        app.tab = Tab::ALL[tab];
        app.theme = Theme::ALL[theme].1;
        if is_of_jobs {
            list_jobs(&mut app, &texts);
        }
        check(&drawn(&mut app, columns, lines))?;
        for key in keys.iter().flat_map(|keys| keys.chars()) {
            let code = match key {
                '\t' => KeyCode::Tab,
                '\n' => KeyCode::Enter,
                key => KeyCode::Char(key),
            };
            apply::key(&mut app, KeyEvent::new(code, KeyModifiers::NONE));
            check(&drawn(&mut app, columns, lines))?;
        }
        apply::paste(&mut app, &texts[0]);
        check(&drawn(&mut app, lines, columns))?;
    }

    #[test]
    fn columns_stay_in_line_whatever_a_path_is_made_of(path in text(), columns in 76..110_u16) {
        let draw = |path: &str| {
            let mut row = row(1);
            row.standing = Standing::Answered;
            row.summary.target = Bytes::from(path.to_owned());
            let mut app = testing::app(vec![row]);
            drawn(&mut app, columns, 10)
        };
        let (plain, this) = (draw(""), draw(&path));
        // Status, duration, size and flags: what stands behind the path.
        let behind = columns - 36;
        for column in (0..12).chain(behind..columns) {
            prop_assert_eq!(plain[(column, 2)].symbol(), this[(column, 2)].symbol(), "{}", column);
        }
    }
}
