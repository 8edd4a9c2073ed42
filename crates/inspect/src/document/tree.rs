//! An index over a source of values within values: where each begins, and how to get from one
//! row to the next. In the order of the source, so that a row is the number of its value.
//!
//! 12 bytes for each value and 20 for each container more, so that 50 MB fit.

use super::records::Records;
use crate::limits::{INDEX_BYTES, LARGE_BYTES};

const NONE: u32 = u32::MAX;
const IS_OBJECT: u32 = 1 << 31;

/// One value: a leaf or a container.
#[derive(Debug, Clone, Copy)]
pub(super) struct Node {
    /// Where it begins in the source; of a member, where its key begins.
    pub offset: u32,
    /// The container it is in, or `NONE`.
    parent: u32,
    /// Which of its parent's values it is.
    pub ordinal: u32,
}

/// A value that holds others.
#[derive(Debug, Clone, Copy)]
pub(super) struct Container {
    /// The node it is.
    pub node: u32,
    /// One past the last node inside.
    pub end: u32,
    /// One past its last byte, or `NONE` when the source ends before.
    close: u32,
    /// How many values are directly inside.
    pub count: u32,
    /// How many containers it is in, and whether it has keys.
    depth: u32,
}

impl From<&[u32; 3]> for Node {
    fn from(&[offset, parent, ordinal]: &[u32; 3]) -> Self {
        Self {
            offset,
            parent,
            ordinal,
        }
    }
}

impl From<&[u32; 5]> for Container {
    fn from(&[node, end, close, count, depth]: &[u32; 5]) -> Self {
        Self {
            node,
            end,
            close,
            count,
            depth,
        }
    }
}

impl From<Container> for [u32; 5] {
    fn from(it: Container) -> Self {
        [it.node, it.end, it.close, it.count, it.depth]
    }
}

impl Container {
    /// How many containers it is in.
    pub(super) fn depth(&self) -> u32 {
        self.depth & !IS_OBJECT
    }

    /// Whether its values have keys.
    pub(super) fn is_object(&self) -> bool {
        self.depth & IS_OBJECT != 0
    }

    /// One past its last byte, unless it was never closed.
    pub(super) fn close(&self) -> Option<u32> {
        (self.close != NONE).then_some(self.close)
    }
}

/// All values of one source.
#[derive(Debug, Default)]
pub(super) struct Tree {
    nodes: Records<3>,
    containers: Records<5>,
    /// There was no room for what follows: what has no end here has one further on, perhaps.
    is_cut: bool,
}

impl Tree {
    /// Whether more of the source follows than there was room for.
    pub(super) fn is_cut(&self) -> bool {
        self.is_cut
    }

    /// The source is but the beginning of another.
    pub(super) fn cut(&mut self) {
        self.is_cut = true;
    }

    /// How many values there are.
    pub(super) fn len(&self) -> u32 {
        // Bounded by the budget of the index.
        self.nodes.len() as u32
    }

    /// The value with this number.
    pub(super) fn node(&self, node: u32) -> Option<Node> {
        self.nodes.get(node).map(Node::from)
    }

    /// The same as a container, if it is one.
    pub(super) fn container(&self, node: u32) -> Option<Container> {
        let containers = self.containers.all();
        let found = containers.binary_search_by_key(&node, |it| Container::from(it).node);
        found.ok().map(|at| Container::from(&containers[at]))
    }

    /// The container a value is in.
    pub(super) fn parent(&self, node: u32) -> Option<Container> {
        let parent = self.node(node)?.parent;
        self.containers.get(parent).map(Container::from)
    }

    /// How many containers a value is in.
    pub(super) fn depth(&self, node: u32) -> u32 {
        self.parent(node).map_or(0, |it| it.depth() + 1)
    }

    /// The value that a byte of the source belongs to.
    pub(super) fn at_offset(&self, offset: usize) -> u32 {
        let begins = |it: &[u32; 3]| Node::from(it).offset as usize;
        let nodes = self.nodes.all();
        let after = nodes.partition_point(|it| begins(it) <= offset);
        after.saturating_sub(1) as u32
    }

    /// The row below, when some containers are closed.
    pub(super) fn next(&self, node: u32, is_open: impl Fn(&Container) -> bool) -> Option<u32> {
        let next = match self.container(node) {
            Some(it) if !is_open(&it) => it.end,
            _ => node + 1,
        };
        (next < self.len()).then_some(next)
    }

    /// The row above.
    pub(super) fn prev(&self, node: u32, is_open: impl Fn(&Container) -> bool) -> Option<u32> {
        let above = node.checked_sub(1)?;
        let stop = self.parent(node).map(|it| it.node);
        Some(self.shown(above, stop, is_open))
    }

    /// The row on which a value is seen: its own, or that of the outermost closed one around it.
    pub(super) fn visible(&self, node: u32, is_open: impl Fn(&Container) -> bool) -> u32 {
        self.shown(node.min(self.len().saturating_sub(1)), None, is_open)
    }

    /// The last row.
    pub(super) fn last(&self, is_open: impl Fn(&Container) -> bool) -> Option<u32> {
        Some(self.shown(self.len().checked_sub(1)?, None, is_open))
    }

    /// Bytes of memory.
    pub(super) fn memory_bytes(&self) -> usize {
        self.nodes.memory_bytes() + self.containers.memory_bytes()
    }

    fn shown(&self, node: u32, stop: Option<u32>, is_open: impl Fn(&Container) -> bool) -> u32 {
        let mut shown = node;
        let mut around = self.parent(node);
        while let Some(container) = around.filter(|it| Some(it.node) != stop) {
            if !is_open(&container) {
                shown = container.node;
            }
            around = self.parent(container.node);
        }
        shown
    }
}

/// The index is at its budget.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Full;

/// Builds a tree in the order of the source.
#[derive(Debug)]
pub(super) struct Builder {
    tree: Tree,
    current: u32,
    budget_bytes: usize,
    used_bytes: usize,
    /// How many values stand outside any container.
    roots: u32,
}

impl Builder {
    pub(super) fn new() -> Self {
        Self::with_budget(INDEX_BYTES)
    }

    /// The same for a source of this length. For a large one there is room from the start, on pages
    /// of its own: what has grown in steps leaves holes that are not given back.
    pub(super) fn of(source_bytes: usize) -> Self {
        let mut builder = Self::new();
        if source_bytes >= LARGE_BYTES {
            let nodes = builder.budget_bytes / size_of::<Node>();
            let containers = builder.budget_bytes / size_of::<Container>();
            builder.tree.nodes = Records::on_pages(nodes);
            builder.tree.containers = Records::on_pages(containers);
        }
        builder
    }

    pub(super) fn with_budget(budget_bytes: usize) -> Self {
        Self {
            tree: Tree::default(),
            current: NONE,
            budget_bytes,
            used_bytes: 0,
            roots: 0,
        }
    }

    /// The container that is open, if any.
    pub(super) fn current(&self) -> Option<Container> {
        self.tree.containers.get(self.current).map(Container::from)
    }

    /// Where a value begins.
    pub(super) fn offset(&self, node: u32) -> Option<usize> {
        self.tree.node(node).map(|it| it.offset as usize)
    }

    /// Adds a value that holds no others.
    pub(super) fn leaf(&mut self, offset: usize) -> Result<(), Full> {
        let left = self.budget_bytes.saturating_sub(self.used_bytes) / size_of::<Node>();
        if left == 0 {
            self.tree.is_cut = true;
            return Err(Full);
        }
        self.used_bytes += size_of::<Node>();
        let ordinal = match self.tree.containers.get_mut(self.current) {
            Some([.., count, _]) => count,
            None => &mut self.roots,
        };
        let node = [offset as u32, self.current, *ordinal];
        *ordinal += 1;
        self.tree.nodes.push(node, left - 1);
        Ok(())
    }

    /// Adds a value that holds those up to the matching `close`.
    pub(super) fn open(&mut self, offset: usize, is_object: bool) -> Result<(), Full> {
        let with_it = self.used_bytes + size_of::<Container>();
        if with_it + size_of::<Node>() > self.budget_bytes {
            self.tree.is_cut = true;
            return Err(Full);
        }
        self.used_bytes = with_it;
        let depth = self.current().map_or(0, |it| it.depth() + 1);
        self.leaf(offset)?;
        self.current = self.tree.containers.len() as u32;
        let container = Container {
            node: self.tree.len() - 1,
            end: NONE,
            close: NONE,
            count: 0,
            depth: depth | if is_object { IS_OBJECT } else { 0 },
        };
        let left = (self.budget_bytes - self.used_bytes) / size_of::<Container>();
        self.tree.containers.push(container.into(), left);
        Ok(())
    }

    /// Ends the container that is open, before this byte.
    pub(super) fn close(&mut self, offset: usize) {
        self.end(offset as u32);
    }

    /// Ends the container that is open, as one with this end in the source. Whether there was one.
    fn end(&mut self, closes: u32) -> bool {
        let Some(container) = self.current() else {
            return false;
        };
        let end = self.tree.len();
        let outer = self.tree.node(container.node).map(|it| it.parent);
        if let Some(kept) = self.tree.containers.get_mut(self.current) {
            *kept = Container {
                end,
                close: closes,
                ..container
            }
            .into();
        }
        self.current = outer.unwrap_or(NONE);
        true
    }

    /// Ends the container that is open as a leaf with all that is inside, if those are leaves.
    pub(super) fn close_as_leaf(&mut self) {
        let count = self.tree.containers.len();
        let last = self.tree.containers.all().last().map(Container::from);
        let Some(container) = last.filter(|it| it.end == NONE) else {
            return;
        };
        self.tree.containers.truncate(count - 1);
        let kept = container.node as usize + 1;
        let removed = self.tree.nodes.len() - kept;
        self.used_bytes -= size_of::<Container>() + removed * size_of::<Node>();
        self.tree.nodes.truncate(kept);
        let node = self.tree.node(container.node);
        self.current = node.map_or(NONE, |it| it.parent);
    }

    /// The tree as far as it got.
    pub(super) fn finish(mut self) -> Tree {
        while self.end(NONE) {}
        self.tree.nodes.shrink();
        self.tree.containers.shrink();
        self.tree
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `[0, [0, 0], 0]`, and one after it.
    fn tree() -> Tree {
        let mut builder = Builder::new();
        let steps = [
            builder.open(0, false),
            builder.leaf(1),
            builder.open(3, true),
            builder.leaf(4),
            builder.leaf(6),
        ];
        assert!(steps.iter().all(Result::is_ok));
        builder.close(8);
        assert_eq!(builder.leaf(10), Ok(()));
        builder.close(12);
        assert_eq!(builder.leaf(13), Ok(()));
        builder.finish()
    }

    #[test]
    fn rows_go_past_what_is_closed() {
        let tree = tree();
        let open = |_: &Container| true;
        let inner_closed = |it: &Container| it.node != 2;
        assert_eq!(tree.next(2, open), Some(3));
        assert_eq!(tree.next(2, inner_closed), Some(5));
        assert_eq!(tree.prev(5, open), Some(4));
        assert_eq!(tree.prev(5, inner_closed), Some(2));
        assert_eq!(tree.prev(6, |_| false), Some(0));
        assert_eq!(tree.visible(4, inner_closed), 2);
        assert_eq!(tree.visible(4, |_| false), 0);
        assert_eq!(tree.last(|_| false), Some(6));
        assert_eq!((tree.depth(4), tree.depth(6)), (2, 0));
        assert_eq!(tree.at_offset(7), 4);
        let inner = tree.container(2).unwrap();
        assert_eq!(
            (inner.count, inner.close(), inner.is_object()),
            (2, Some(8), true)
        );
    }

    #[test]
    fn an_index_ends_at_its_budget() {
        let mut builder = Builder::with_budget(10_000);
        let taken = (0..)
            .take_while(|it| builder.open(*it, false).is_ok())
            .count();
        assert!((200..=10_000 / 32).contains(&taken), "{taken}");
        while builder.leaf(0).is_ok() {}
        let tree = builder.finish();
        assert!(tree.memory_bytes() <= 10_000);
        assert_eq!(
            tree.container(0).map(|it| (it.end, it.close())),
            Some((tree.len(), None))
        );
    }

    #[test]
    fn what_became_a_leaf_costs_as_a_leaf() {
        let mut builder = Builder::with_budget(10_000);
        for _ in 0..800 {
            assert_eq!(builder.open(0, true), Ok(()));
            assert_eq!(builder.leaf(0), Ok(()));
            builder.close_as_leaf();
        }
        assert_eq!(builder.finish().memory_bytes(), 800 * size_of::<Node>());
    }
}
