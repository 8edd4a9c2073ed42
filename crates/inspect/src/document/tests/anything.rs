//! Any bytes, any kind, any movement: nothing panics, all is inert, fits, and can be seen.

use proptest::prelude::*;
use unicode_segmentation::UnicodeSegmentation as _;
use unicode_width::UnicodeWidthStr as _;

use crate::inert::is_inert;

use super::*;

#[derive(Debug, Clone)]
enum Move {
    By(i64),
    Page(i64),
    Start,
    End,
    Sideways(i64),
    ScreenRow(u16),
    Toggle,
    FoldAll,
    ExpandAll,
    ExpandDeep,
    Parent,
    Find(String, Direction),
    Wrap(bool),
    Read(bool),
    Size(u16, u16),
}

fn any_move() -> impl Strategy<Value = Move> {
    prop_oneof![
        (-9i64..9).prop_map(Move::By),
        (-2i64..3).prop_map(Move::Page),
        Just(Move::Start),
        Just(Move::End),
        (-30i64..60).prop_map(Move::Sideways),
        (0u16..30).prop_map(Move::ScreenRow),
        Just(Move::Toggle),
        Just(Move::FoldAll),
        Just(Move::ExpandAll),
        Just(Move::ExpandDeep),
        Just(Move::Parent),
        ("[a-c\"<&=]{1,2}", any::<bool>()).prop_map(|(it, is_forward)| Move::Find(
            it,
            if is_forward {
                Direction::Forward
            } else {
                Direction::Backward
            }
        )),
        any::<bool>().prop_map(Move::Wrap),
        any::<bool>().prop_map(Move::Read),
        (0u16..100, 0u16..30).prop_map(|(width, height)| Move::Size(width, height)),
    ]
}

fn any_kind() -> impl Strategy<Value = Kind> {
    let images = prop_oneof![
        Just(ImageKind::Png),
        Just(ImageKind::Jpeg),
        Just(ImageKind::Gif),
        Just(ImageKind::Webp),
        Just(ImageKind::Bmp)
    ];
    prop_oneof![
        1 => Just(Kind::Empty),
        4 => Just(Kind::Json),
        2 => Just(Kind::Form),
        3 => Just(Kind::Multipart),
        3 => Just(Kind::Xml),
        1 => Just(Kind::Html),
        2 => Just(Kind::Text),
        1 => images.prop_map(Kind::Image),
        1 => Just(Kind::Binary),
    ]
}

const BITS: &[&str] = &[
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "\"a\"",
    "\"b\\u0063\"",
    "\"\\ud800\"",
    "1",
    "-0.5e+3",
    "true",
    "nul",
    " ",
    "\n",
    "\r\n",
    "\t",
    "<a>",
    "</a>",
    "<b x='1'>",
    "</b>",
    "<c/>",
    "&amp;",
    "&",
    "<!-- c -->",
    "<![CDATA[x]]>",
    "<?p?>",
    "--b\r\n",
    "--b--",
    "content-type: application/json\r\n\r\n",
    "content-disposition: form-data; name=\"a\"\r\n\r\n",
    "=",
    "a=b&",
    "%41",
    "%ff",
    "%",
    "+",
    "\u{202e}",
    "e\u{301}",
    "\u{200b}",
    "日本",
    "🦀",
    "\x1b[2J",
    "\0",
];

/// Bytes that are likely to be nearly something.
fn any_body() -> impl Strategy<Value = Vec<u8>> {
    bodies(40, 2500)
}

fn short_body() -> impl Strategy<Value = Vec<u8>> {
    bodies(20, 100)
}

fn bodies(bits: usize, longest: usize) -> impl Strategy<Value = Vec<u8>> {
    let bit = prop_oneof![
        30 => proptest::sample::select(BITS).prop_map(|it| it.as_bytes().to_vec()),
        3 => proptest::collection::vec(any::<u8>(), 1..4),
        1 => (0..longest).prop_map(|it| vec![b'x'; it]),
    ];
    proptest::collection::vec(bit, 0..bits).prop_map(|it| it.concat())
}

fn apply(document: &Document, cursor: &mut Cursor, size: &mut (u16, u16), step: &Move) {
    match step {
        Move::By(rows) => cursor.move_by(document, *rows),
        Move::Page(pages) => cursor.page_by(document, *pages),
        Move::Start => cursor.to_start(document),
        Move::End => cursor.to_end(document),
        Move::Sideways(columns) => cursor.sideways(*columns),
        Move::ScreenRow(row) => cursor.to_screen_row(document, *row),
        Move::Toggle => cursor.toggle(document),
        Move::FoldAll => cursor.fold_all(document),
        Move::ExpandAll => cursor.expand_all(document),
        Move::ExpandDeep => cursor.expand_deep(document),
        Move::Parent => _ = cursor.to_parent(document),
        Move::Find(typed, direction) => {
            let needle = Needle::new(typed).unwrap();
            cursor.find(document, &needle, *direction);
        }
        Move::Wrap(is_wrapped) => cursor.set_wrapped(*is_wrapped),
        Move::Read(is_read) => cursor.set_read(*is_read),
        Move::Size(width, height) => *size = (*width, *height),
    }
}

fn check(
    document: &Document,
    cursor: &mut Cursor,
    (width, height): (u16, u16),
) -> Result<(), TestCaseError> {
    let shown = lines(document, cursor, width, height);
    prop_assert!(shown.len() <= usize::from(height));
    for line in &shown {
        let mut columns = 0;
        for (_, text) in &line.pieces {
            prop_assert!(text.chars().all(is_inert), "{:?}", text);
            columns += text.graphemes(true).map(|it| it.width()).sum::<usize>();
        }
        prop_assert!(
            columns <= usize::from(width),
            "{} > {}: {:?}",
            columns,
            width,
            line
        );
    }
    let selected = shown.iter().filter(|it| it.is_selected).count();
    let has_rows =
        !document.about().is_empty() && cursor.position(document).is_some_and(|it| it.1 > 0);
    prop_assert_eq!(selected, usize::from(has_rows && height > 0));
    if let Some((row, of)) = cursor.position(document) {
        prop_assert!(row < of || of == 0);
    }
    cursor.path(document);
    cursor.value(document);
    cursor.text(document);
    // Drawing once more changes nothing.
    prop_assert_eq!(shown, lines(document, cursor, width, height));
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn is_seen_and_does_no_harm(
        kind in any_kind(),
        body in any_body(),
        is_beginning in any::<bool>(),
        moves in proptest::collection::vec(any_move(), 0..24),
    ) {
        let headers = of_type("multipart/form-data; boundary=b");
        let body = Bytes::from(body);
        let document = match is_beginning {
            true => Document::beginning(kind, &headers, body),
            false => Document::open(kind, &headers, body, &Cancel::default()),
        };
        let mut cursor = Cursor::default();
        let mut size = (80, 24);
        check(&document, &mut cursor, size)?;
        for step in &moves {
            apply(&document, &mut cursor, &mut size, step);
            check(&document, &mut cursor, size)?;
        }
    }

    #[test]
    fn every_row_is_reached_both_ways(kind in any_kind(), body in short_body(), width in 4u16..90) {
        let headers = of_type("multipart/form-data; boundary=b");
        let document = Document::open(kind, &headers, body.into(), &Cancel::default());
        let mut cursor = Cursor::default();
        cursor.expand_all(&document);
        let all = lines(&document, &mut cursor, width, u16::MAX).len();
        for row in 1..all {
            cursor.move_by(&document, 1);
            let shown = lines(&document, &mut cursor, width, u16::MAX);
            prop_assert_eq!(shown.iter().position(|it| it.is_selected), Some(row));
        }
        let end = cursor.position(&document);
        cursor.to_end(&document);
        prop_assert_eq!(cursor.position(&document), end);
        cursor.move_by(&document, 1 - all as i64);
        let shown = lines(&document, &mut cursor, width, 1);
        prop_assert!(all == 0 || shown[0].is_selected);
        cursor.move_by(&document, -1);
        prop_assert_eq!(lines(&document, &mut cursor, width, 1), shown);
    }

    #[test]
    fn a_kind_is_found_for_anything(content_type in "[a-z/;= \"+-]{0,30}", coding in "(gzip|deflate|br|)", body in any_body()) {
        let headers = headers(&[("content-type", &content_type), ("content-encoding", &coding)]);
        let kind = Kind::of(&headers, &body);
        prop_assert_eq!(kind == Kind::Empty, body.is_empty());
        lines(&open(&headers, body), &mut Cursor::default(), 80, 24);
    }
}
