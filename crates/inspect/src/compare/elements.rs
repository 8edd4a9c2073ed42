//! Which elements of two arrays belong together: the longest common run of equal ones, then what
//! moved, then what is known by its identity, then what is most alike.

use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::time::Instant;

use similar::{Algorithm, DiffOp, capture_diff_slices_deadline};

use super::gaps;
use super::json::Value;

/// What becomes of elements, by their indices on the left and on the right.
pub(super) enum Pair {
    /// The one is the other, equal or changed.
    Both { l: usize, r: usize, is_move: bool },
    /// Only on the left.
    Left(usize),
    /// Only on the right.
    Right(usize),
}

/// What becomes of each element, in the order of the right side.
pub(super) fn pairs(left: &[Value<'_>], right: &[Value<'_>], deadline: Instant) -> Vec<Pair> {
    let hashes = |side: &[Value<'_>]| side.iter().map(|value| value.hash).collect::<Vec<_>>();
    let (old, new) = (hashes(left), hashes(right));
    let ops = capture_diff_slices_deadline(Algorithm::Myers, &old, &new, Some(deadline));
    // By the place on the right; what is gone stands before what came in its place.
    let mut placed: Vec<(usize, u8, Pair)> = Vec::new();
    let (mut from, mut to, mut gaps, mut places) = (vec![], vec![], vec![], HashMap::new());
    for op in ops {
        let (l, r) = (op.old_range(), op.new_range());
        if let DiffOp::Equal { .. } = op {
            let both = l.zip(r).map(|(l, r)| {
                (
                    r,
                    1,
                    Pair::Both {
                        l,
                        r,
                        is_move: false,
                    },
                )
            });
            placed.extend(both);
            continue;
        }
        places.extend(l.clone().map(|at| (at, r.start)));
        from.extend(l.clone());
        to.extend(r.clone());
        gaps.push((l, r));
    }
    let moved = gaps::equal(left, right, &mut from, &mut to);
    placed.extend(moved.into_iter().map(|(l, r)| {
        (
            r,
            1,
            Pair::Both {
                l,
                r,
                is_move: true,
            },
        )
    }));
    let mut both = gaps::identical(left, right, &mut from, &mut to);
    for (l, r) in gaps {
        let from = within(&from, &l);
        let to = within(&to, &r);
        both.extend(gaps::alike(left, right, from, to, deadline));
    }
    let taken_l: HashSet<usize> = both.iter().map(|(l, _)| *l).collect();
    let taken_r: HashSet<usize> = both.iter().map(|(_, r)| *r).collect();
    placed.extend(both.into_iter().map(|(l, r)| {
        (
            r,
            1,
            Pair::Both {
                l,
                r,
                is_move: false,
            },
        )
    }));
    let gone = from.into_iter().filter(|l| !taken_l.contains(l));
    placed.extend(gone.map(|l| (places.get(&l).copied().unwrap_or(0), 0, Pair::Left(l))));
    let came = to.into_iter().filter(|r| !taken_r.contains(r));
    placed.extend(came.map(|r| (r, 1, Pair::Right(r))));
    placed.sort_by_key(|(place, rank, _)| (*place, *rank));
    placed.into_iter().map(|(_, _, pair)| pair).collect()
}

/// The part of a sorted list that lies in a range.
fn within<'i>(list: &'i [usize], range: &Range<usize>) -> &'i [usize] {
    let start = list.partition_point(|at| *at < range.start);
    let end = list.partition_point(|at| *at < range.end);
    &list[start..end]
}
