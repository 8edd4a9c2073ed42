//! Which delivery somebody means.

use rusqlite::{Connection, OptionalExtension as _};

/// Which delivery was meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Match {
    /// The row with this number.
    One(i64),
    /// There is no such delivery.
    None,
    /// Several ids begin like that.
    Several,
    /// It can't be an id, nor `last`.
    Nonsense,
}

/// An id, the beginning of one, `last`, `last~N`.
pub(super) fn find(db: &Connection, which: &str) -> rusqlite::Result<Match> {
    if let Some(behind) = which.strip_prefix("last") {
        let back = match behind {
            "" => Some(0),
            behind => behind.strip_prefix('~').and_then(|back| back.parse().ok()),
        };
        return match back {
            Some(back) => newest(db, back),
            None => Ok(Match::Nonsense),
        };
    }
    let Some((least, most)) = ids(which) else {
        return Ok(Match::Nonsense);
    };
    let found: Vec<i64> = db
        .prepare_cached("SELECT number FROM delivery WHERE id BETWEEN ?1 AND ?2 LIMIT 2")?
        .query_map([least, most], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    Ok(match found[..] {
        [] => Match::None,
        [one] => Match::One(one),
        _ => Match::Several,
    })
}

fn newest(db: &Connection, back: u32) -> rusqlite::Result<Match> {
    let found = db
        .prepare_cached("SELECT number FROM delivery ORDER BY number DESC LIMIT 1 OFFSET ?1")?
        .query_row([back], |row| row.get(0))
        .optional()?;
    Ok(found.map_or(Match::None, Match::One))
}

/// The least and the greatest id that begin so.
fn ids(beginning: &str) -> Option<([u8; 16], [u8; 16])> {
    let digits: Vec<u8> = beginning
        .chars()
        .filter(|c| *c != '-')
        .map(|c| c.to_digit(16).map(|digit| digit as u8))
        .collect::<Option<_>>()?;
    if digits.is_empty() || digits.len() > 32 {
        return None;
    }
    let (mut least, mut most) = ([0; 16], [0xff; 16]);
    for (place, digit) in digits.into_iter().enumerate() {
        let (byte, shift) = (place / 2, if place % 2 == 0 { 4 } else { 0 });
        least[byte] |= digit << shift;
        most[byte] &= !((0xf & !digit) << shift);
    }
    Some((least, most))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_beginning_stands_for_all_ids_that_begin_so() {
        let (least, most) = ids("019A-b").unwrap();
        assert_eq!((least[..3].to_vec(), least[3]), (vec![0x01, 0x9a, 0xb0], 0));
        assert_eq!(
            (most[..3].to_vec(), most[15]),
            (vec![0x01, 0x9a, 0xbf], 0xff)
        );
        let whole = "019ab5f2-7c1e-7d3a-9f00-0123456789ab";
        let (least, most) = ids(whole).unwrap();
        assert_eq!(least, most);
        for nonsense in ["", "-", "xyz", "019ab5f2-7c1e-7d3a-9f00-0123456789abc"] {
            assert_eq!(ids(nonsense), None);
        }
    }
}
