//! Which delivery somebody means.

use kreel_wire::TunnelName;
use rusqlite::{Connection, OptionalExtension as _, params};

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

/// An id, the beginning of one, `last`, `last~N`, of all deliveries or of one tunnel's.
pub(super) fn find(
    db: &Connection,
    tunnel: Option<&TunnelName>,
    which: &str,
) -> rusqlite::Result<Match> {
    if let Some(behind) = which.strip_prefix("last") {
        let back = match behind {
            "" => Some(0),
            behind => behind.strip_prefix('~').and_then(|back| back.parse().ok()),
        };
        return match back {
            Some(back) => newest(db, tunnel, back),
            None => Ok(Match::Nonsense),
        };
    }
    let Some((least, most)) = ids(which) else {
        return Ok(Match::Nonsense);
    };
    let found: Vec<i64> = db
        .prepare_cached(
            "SELECT number FROM delivery WHERE id BETWEEN ?1 AND ?2 AND (?3 IS NULL
                OR tunnel_id IN (SELECT tunnel.id FROM tunnel WHERE name = ?3)) LIMIT 2",
        )?
        .query_map(
            params![least, most, tunnel.map(TunnelName::as_str)],
            |row| row.get(0),
        )?
        .collect::<rusqlite::Result<_>>()?;
    Ok(match found[..] {
        [] => Match::None,
        [one] => Match::One(one),
        _ => Match::Several,
    })
}

/// How many digits of this id no other id begins with.
pub(super) fn digits(db: &Connection, id: &[u8; 16]) -> rusqlite::Result<usize> {
    // Whoever shares most of its beginning stands next to it.
    let mut shared = 0;
    for next in [
        "SELECT max(id) FROM delivery WHERE id < ?1",
        "SELECT min(id) FROM delivery WHERE id > ?1",
    ] {
        let other: Option<[u8; 16]> = db.prepare_cached(next)?.query_row([id], |row| row.get(0))?;
        shared = shared.max(other.map_or(0, |other| in_common(id, &other)));
    }
    Ok(shared + 1)
}

/// With how many equal digits two ids begin.
fn in_common(one: &[u8; 16], other: &[u8; 16]) -> usize {
    let differs = one.iter().zip(other).position(|(one, other)| one != other);
    differs.map_or(32, |place| {
        let is_second_half = one[place] >> 4 == other[place] >> 4;
        place * 2 + usize::from(is_second_half)
    })
}

fn newest(db: &Connection, tunnel: Option<&TunnelName>, back: u32) -> rusqlite::Result<Match> {
    // Of one tunnel they are in an index.
    let sql = match tunnel {
        None => "SELECT number FROM delivery ORDER BY number DESC LIMIT 1 OFFSET ?1",
        Some(_) => {
            "SELECT number FROM delivery
                WHERE tunnel_id IN (SELECT id FROM tunnel WHERE name = ?2)
                ORDER BY number DESC LIMIT 1 OFFSET ?1"
        }
    };
    let mut newest = db.prepare_cached(sql)?;
    let number = |row: &rusqlite::Row<'_>| row.get(0);
    let found = match tunnel {
        None => newest.query_row([back], number),
        Some(tunnel) => newest.query_row(params![back, tunnel.as_str()], number),
    };
    let found = found.optional()?;
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
    fn equal_digits_are_counted() {
        let id = |beginning: &str| ids(beginning).unwrap().0;
        assert_eq!(in_common(&id("019a"), &id("f")), 0);
        assert_eq!(in_common(&id("019a"), &id("019b")), 3);
        assert_eq!(in_common(&id("019a"), &id("018a")), 2);
        assert_eq!(in_common(&id("019a"), &id("019a")), 32);
    }

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
