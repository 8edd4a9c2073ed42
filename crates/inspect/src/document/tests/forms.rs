//! Forms and parts, as they are seen.

use super::*;

const PARTS: &str = "--XyZ\r\nContent-Disposition: form-data; name=\"title\"\r\n\r\nhello\r\n\
    --XyZ\r\nContent-Disposition: form-data; name=\"meta\"; filename=\"m \\\"1\\\".json\"\r\n\
    Content-Type: application/json\r\n\r\n{\"a\": [1]}\r\n--XyZ--\r\n";

#[test]
fn fields_are_rows() {
    let body = "token=a%2Bb+c&user%5Bid%5D=7&bad=%zz&empty=&bin=%ff%00";
    let document = open(&of_type("application/x-www-form-urlencoded"), body);
    assert_eq!(
        first_screen(&document, 80),
        [
            ">token = a+b c",
            " user[id] = 7",
            " bad = %zz",
            " empty =",
            " bin = %ff%00"
        ]
    );
    assert_eq!(first_screen(&document, 10)[1], " user[id] …");
    assert_eq!(document.about(), "form, 5 fields, 54 bytes");
    let mut cursor = Cursor::default();
    assert_eq!(cursor.path(&document).unwrap(), "token");
    assert_eq!(cursor.value(&document).unwrap(), "a%2Bb+c");
    assert_eq!(cursor.text(&document).unwrap(), "a+b c");
    assert!(cursor.find(&document, &Needle::new("%00").unwrap(), Direction::Forward));
    assert_eq!(cursor.path(&document).unwrap(), "bin");
}

#[test]
fn each_part_is_shown_as_what_it_is() {
    let document = open(&of_type("multipart/form-data; boundary=\"XyZ\""), PARTS);
    assert_eq!(
        first_screen(&document, 80),
        [
            ">▾ Part 1 · name \"title\" · 5 bytes",
            "   Content-Disposition: form-data; name=\"title\"",
            "   hello",
            " ▾ Part 2 · name \"meta\" · filename \"m \"1\".json\" · application/json · 10 bytes",
            "   Content-Disposition: form-data; name=\"meta\"; filename=\"m \\\"1\\\".json\"",
            "   Content-Type: application/json",
            "   ▾ {1 key}",
            "     ▾ a: [1 item]",
            "         0: 1",
        ]
    );
    assert_eq!(
        document.about(),
        format!("multipart, 2 parts, {} bytes", PARTS.len())
    );
    assert_eq!(document.fault(), None);
}

#[test]
fn parts_fold_and_are_searched() {
    let document = open(&of_type("multipart/form-data; boundary=XyZ"), PARTS);
    let mut cursor = Cursor::default();
    cursor.fold_all(&document);
    let folded = screen(&document, &mut cursor, 40, 24);
    assert_eq!(
        folded,
        [
            ">▸ Part 1 · name \"title\" · 5 bytes",
            " ▸ Part 2 · name \"meta\" · filename \"m \"1…"
        ]
    );
    assert!(cursor.find(&document, &Needle::new("[1]").unwrap(), Direction::Forward));
    assert_eq!(cursor.path(&document).unwrap(), ".a");
    assert_eq!(
        screen(&document, &mut cursor, 40, 24)[5],
        ">    ▸ a: [1 item] 1"
    );
    for _ in 0..2 {
        assert!(cursor.to_parent(&document));
    }
    assert_eq!(
        screen(&document, &mut cursor, 40, 24)[1],
        ">▾ Part 2 · name \"meta\" · filename \"m \"1…"
    );
    assert!(!cursor.to_parent(&document));
}

#[test]
fn broken_parts_are_shown_as_far_as_they_go() {
    let headers = of_type("multipart/mixed; boundary=b");
    let cut = open(&headers, "before\n--b\nx: 1\n\none\n--b\nno head");
    assert_eq!(
        first_screen(&cut, 80),
        [
            ">before",
            " ▾ Part 1 · 3 bytes",
            "   x: 1",
            "   one",
            " ▾ Part 2 · 7 bytes",
            "   no head",
            " ⚠ ends without its last boundary",
        ]
    );
    let nowhere = open(&headers, "nothing of the kind");
    assert_eq!(
        first_screen(&nowhere, 80)[0],
        ">⚠ the boundary is nowhere, so shown as text"
    );
    let untold = open(&of_type("multipart/mixed"), PARTS);
    assert_eq!(first_screen(&untold, 80).len(), 9);
}
