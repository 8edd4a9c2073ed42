//! XML, as it is seen.

use super::*;

const ORDER: &str = "<?xml version=\"1.0\"?>\n<!DOCTYPE o [<!ENTITY lol \"lol\">]>\n<s:order xmlns:s=\"urn:x\" id='7'>\n  \
    <!-- two -->\n  <item n=\"1\">a &lol; b</item>\n  <empty/>\n  <none></none>\n  \
    <deep><er><![CDATA[<x> & y]]></er></deep>\n  tail\n</s:order>\n";

fn open_xml(body: &'static str) -> Document {
    open(&of_type("application/soap+xml; charset=utf-8"), body)
}

#[test]
fn elements_are_set_in_and_entities_stay() {
    let document = open_xml(ORDER);
    assert_eq!(
        first_screen(&document, 80),
        [
            ">  <?xml version=\"1.0\"?>",
            "   <!DOCTYPE o [<!ENTITY lol \"lol\">]>",
            " ▾ <s:order xmlns:s=\"urn:x\" id='7'>",
            "     <!-- two -->",
            "     <item n=\"1\">a &lol; b</item>",
            "     <empty/>",
            "     <none></none>",
            "   ▾ <deep>",
            "     ▾ <er>",
            "         <![CDATA[<x> & y]]>",
            "     tail",
        ]
    );
    assert_eq!(
        first_screen(&document, 24)[4],
        "     <item n=\"1\">a &lol;…"
    );
    assert_eq!(
        document.about(),
        format!("XML, 11 nodes, {} bytes", ORDER.len())
    );
    assert_eq!(document.fault(), None);
}

#[test]
fn a_selection_has_a_path_and_a_value() {
    let document = open_xml(ORDER);
    let mut cursor = Cursor::default();
    cursor.move_by(&document, 4);
    assert_eq!(cursor.path(&document).unwrap(), "/s:order/item");
    assert_eq!(
        cursor.value(&document).unwrap(),
        "<item n=\"1\">a &lol; b</item>"
    );
    cursor.move_by(&document, 4);
    assert_eq!(
        cursor.value(&document).unwrap(),
        "<er><![CDATA[<x> & y]]></er>"
    );
    let needle = Needle::new("TWO").unwrap();
    cursor.fold_all(&document);
    assert!(cursor.find(&document, &needle, Direction::Backward));
    assert_eq!(cursor.path(&document).unwrap(), "/s:order/node()[1]");
}

#[test]
fn what_is_malformed_shows_where_it_breaks() {
    for (body, offset, expected) in [
        ("<a>\n<b></a>", 7, "`</b>`"),
        ("<a><b>", 6, "`</b>`"),
        ("<a></a></b>", 7, "no end tag"),
        ("<a x='1></a>", 0, "an attribute that ends with `'`"),
        ("<a><!-- x</a>", 3, "a comment that ends with `-->`"),
    ] {
        let document = open_xml(body);
        let fault = document
            .fault()
            .unwrap_or_else(|| panic!("no fault in {body}"));
        assert_eq!(
            (fault.offset, &fault.expected[..]),
            (offset, expected),
            "{body}"
        );
    }
    assert_eq!(
        first_screen(&open_xml("<a>\n<b>x</a> y"), 80),
        [
            ">▾ <a> and no end",
            "   ▾ <b> and no end",
            "       x",
            " ⚠ line 2, column 5 (byte 8): found `<`, expected `</b>`",
            " </a> y",
        ]
    );
}

#[test]
fn what_is_deep_is_no_trouble() {
    let body = format!("{}{}", "<a>".repeat(50_000), "</a>".repeat(50_000));
    let document = open(&of_type("text/xml"), body);
    let mut cursor = Cursor::default();
    cursor.expand_all(&document);
    cursor.to_end(&document);
    assert!(screen(&document, &mut cursor, 40, 10)[9].ends_with("49999›   <a></a>"));
}

#[test]
fn html_and_other_alphabets_are_text() {
    let page = open(&of_type("text/html"), "<!DOCTYPE html>\n<p>x<br>y");
    assert_eq!(page.kind(), Kind::Html);
    assert_eq!(
        first_screen(&page, 80),
        [">\u{3c}!DOCTYPE html>", " <p>x<br>y"]
    );
    let latin = open(&of_type("text/xml"), &b"<a>\xe9 is not UTF-8</a>"[..]);
    assert_eq!(
        first_screen(&latin, 80),
        [
            ">⚠ not UTF-8, so shown as text",
            " <a>\\xe9 is not UTF-8</a>"
        ]
    );
}
