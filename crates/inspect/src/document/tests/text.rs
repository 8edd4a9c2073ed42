//! Text, as it is seen.

use super::*;

#[test]
fn long_lines_are_wrapped_or_shifted() {
    let body = "one\r\n\ttab\u{202e}\n0123456789abcdefghij\n";
    let document = open(&of_type("text/plain"), body);
    assert_eq!(document.about(), "text, 3 lines, 34 bytes");
    let mut cursor = Cursor::default();
    assert_eq!(
        screen(&document, &mut cursor, 16, 24),
        [">one", "     tab\\u{202e}", " 0123456789abcdef", " ghij"]
    );
    let shown = lines(&document, &mut cursor, 16, 24);
    assert!(shown[3].is_continued && !shown[2].is_continued);
    cursor.set_wrapped(false);
    cursor.sideways(12);
    assert_eq!(screen(&document, &mut cursor, 16, 24)[2], " …defghij");
    assert_eq!(screen(&document, &mut cursor, 4, 24)[2], " …de…");
}

#[test]
fn a_line_of_ten_megabytes_is_gone_through() {
    let mut body = "x".repeat(10_000_000);
    body.replace_range(5_000_000..5_000_006, "needle");
    let document = open(&of_type("text/plain"), body);
    let mut cursor = Cursor::default();
    assert!(cursor.find(
        &document,
        &Needle::new("Needle").unwrap(),
        Direction::Forward
    ));
    let shown = lines(&document, &mut cursor, 80, 24);
    let line = shown.iter().find(|it| it.is_selected).unwrap();
    assert!(line.pieces.iter().any(|it| it.0 == Tone::Found));
    cursor.to_end(&document);
    assert_eq!(screen(&document, &mut cursor, 80, 24).len(), 24);
    assert!(document.memory_bytes() < 10_100_000);
}

#[test]
fn the_selection_stays_in_sight() {
    let body: String = (0..100).map(|it| format!("line {it}\n")).collect();
    let document = open(&Headers::default(), body);
    let mut cursor = Cursor::default();
    cursor.move_by(&document, 30);
    assert_eq!(screen(&document, &mut cursor, 40, 10)[9], ">line 30");
    cursor.move_by(&document, -5);
    assert_eq!(screen(&document, &mut cursor, 40, 10)[4], ">line 25");
    cursor.page_by(&document, 1);
    assert_eq!(screen(&document, &mut cursor, 40, 10)[9], ">line 34");
    cursor.to_end(&document);
    assert_eq!(cursor.position(&document), Some((99, 100)));
    let shown = screen(&document, &mut cursor, 40, 10);
    assert_eq!((&shown[0][..], &shown[9][..]), (" line 90", ">line 99"));
    cursor.to_screen_row(&document, 2);
    assert_eq!(screen(&document, &mut cursor, 40, 10)[2], ">line 92");
    // A taller screen leaves nothing blank below.
    assert_eq!(screen(&document, &mut cursor, 40, 20)[0], " line 80");
}

#[test]
fn who_no_longer_wants_it_need_not_wait() {
    let cancel = Cancel::default();
    cancel.cancel();
    let body = Bytes::from("[1,2,3]\n".repeat(100_000));
    for kind in [Kind::Json, Kind::Text, Kind::Form] {
        let headers = of_type("application/x-ndjson");
        let document = Document::open(kind, &headers, body.clone(), &cancel);
        assert!(document.memory_bytes() < body.len() + 200_000);
        lines(&document, &mut Cursor::default(), 80, 24);
    }
}
