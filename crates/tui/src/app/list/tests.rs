use proptest::prelude::*;

use super::*;
use crate::testing::row;

fn list(numbers: std::ops::RangeInclusive<i64>, height: usize) -> List {
    let mut list = List::default();
    list.set_height(height);
    list.show(numbers.rev().map(row).collect(), false, false);
    list
}

fn lines(list: &List) -> Vec<i64> {
    list.visible().iter().map(|row| row.number).collect()
}

#[test]
fn the_newest_is_selected_and_followed() {
    let mut list = list(1..=3, 5);
    assert_eq!(
        (list.selected_number(), lines(&list)),
        (Some(3), vec![3, 2, 1])
    );
    list.show((1..=4).rev().map(row).collect(), false, false);
    assert_eq!(list.selected_number(), Some(4));
    assert!(list.follows());
}

#[test]
fn the_selection_stays_on_its_delivery_and_its_line() {
    let mut list = list(1..=10, 4);
    list.move_by(1);
    assert_eq!(
        (list.selected_number(), lines(&list)),
        (Some(9), vec![10, 9, 8, 7])
    );
    list.show((1..=15).rev().map(row).collect(), false, false);
    assert_eq!(
        (list.selected_number(), lines(&list)),
        (Some(9), vec![10, 9, 8, 7])
    );
    assert_eq!(list.above(), (5, false));
    list.follow();
    assert_eq!(
        (list.selected_number(), lines(&list)),
        (Some(15), vec![15, 14, 13, 12])
    );
}

#[test]
fn a_page_leaves_one_row_in_sight() {
    let mut list = list(1..=100, 10);
    list.page_by(1);
    assert_eq!(list.selected_number(), Some(91));
    list.page_by(1);
    assert_eq!((list.selected_number(), lines(&list)[9]), (Some(82), 82));
    list.page_by(-5);
    assert_eq!(list.selected_number(), Some(100));
}

#[test]
fn one_that_is_gone_leaves_the_selection_to_the_next() {
    let mut list = list(1..=10, 4);
    list.move_by(4);
    assert_eq!(list.selected_number(), Some(6));
    let without = (1..=10).rev().filter(|number| *number != 6);
    list.show(without.map(row).collect(), false, false);
    assert_eq!(list.selected_number(), Some(5));
    list.show(Vec::new(), false, false);
    assert_eq!(list.selected_number(), None);
    assert!(lines(&list).is_empty());
}

#[test]
fn the_oldest_is_looked_up_if_it_is_not_at_hand() {
    let mut list = list(1..=10, 4);
    assert!(!list.go_to_oldest());
    assert_eq!(
        (list.selected_number(), lines(&list)),
        (Some(1), vec![4, 3, 2, 1])
    );
    list.show((5..=10).rev().map(row).collect(), false, true);
    assert!(list.go_to_oldest());
}

proptest! {
    #[test]
    fn the_selected_row_is_always_in_sight(
        moves in proptest::collection::vec((0..8_u8, -30..30_i64), 0..60),
        height in 1..12_usize,
    ) {
        let mut list = list(1..=20, height);
        let (mut first, mut last) = (1, 20);
        for (what, by) in moves {
            match what {
                0 => list.move_by(by),
                1 => list.page_by(by.signum()),
                2 => list.follow(),
                3 => { list.go_to_oldest(); }
                4 => list.set_height(by.unsigned_abs() as usize % 12 + 1),
                5 => last += by.abs(),
                6 => first = (first + by.abs() % 3).min(last),
                _ => list.select(by.clamp(first, last)),
            }
            list.show((first..=last).rev().map(row).collect(), false, false);
            let selected = list.selected_number().unwrap();
            prop_assert!(list.visible().iter().any(|row| row.number == selected));
            prop_assert!(list.visible().len() <= list.height);
            let is_full = list.visible().len() == list.height.min((last - first + 1) as usize);
            prop_assert!(is_full, "no empty lines while there are rows");
        }
    }
}
