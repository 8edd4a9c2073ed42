//! An index over a source of values within values: where each begins, and how to get from one
//! row to the next. In the order of the source, so that a row is the number of its value.
//!
//! 12 bytes for each value and 20 for each container more, so that 50 MB fit.

use crate::limits::INDEX_BYTES;

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
    nodes: Vec<Node>,
    containers: Vec<Container>,
}

impl Tree {
    /// How many values there are.
    pub(super) fn len(&self) -> u32 {
        // Bounded by the budget of the index.
        self.nodes.len() as u32
    }

    /// The value with this number.
    pub(super) fn node(&self, node: u32) -> Option<&Node> {
        self.nodes.get(node as usize)
    }

    /// The same as a container, if it is one.
    pub(super) fn container(&self, node: u32) -> Option<&Container> {
        let found = self.containers.binary_search_by_key(&node, |it| it.node);
        found.ok().and_then(|at| self.containers.get(at))
    }

    /// The container a value is in.
    pub(super) fn parent(&self, node: u32) -> Option<&Container> {
        self.containers.get(self.node(node)?.parent as usize)
    }

    /// How many containers a value is in.
    pub(super) fn depth(&self, node: u32) -> u32 {
        self.parent(node).map_or(0, |it| it.depth() + 1)
    }

    /// The value that a byte of the source belongs to.
    pub(super) fn at_offset(&self, offset: usize) -> u32 {
        let after = self
            .nodes
            .partition_point(|it| it.offset as usize <= offset);
        after.saturating_sub(1) as u32
    }

    /// The row below, when some containers are closed.
    pub(super) fn next(&self, node: u32, is_open: impl Fn(&Container) -> bool) -> Option<u32> {
        let next = match self.container(node) {
            Some(it) if !is_open(it) => it.end,
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
        self.nodes.capacity() * size_of::<Node>()
            + self.containers.capacity() * size_of::<Container>()
    }

    fn shown(&self, node: u32, stop: Option<u32>, is_open: impl Fn(&Container) -> bool) -> u32 {
        let mut shown = node;
        let mut around = self.parent(node);
        while let Some(container) = around.filter(|it| Some(it.node) != stop) {
            if !is_open(container) {
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
    /// How many values stand outside any container.
    roots: u32,
}

impl Builder {
    pub(super) fn new() -> Self {
        Self::with_budget(INDEX_BYTES)
    }

    pub(super) fn with_budget(budget_bytes: usize) -> Self {
        Self {
            tree: Tree::default(),
            current: NONE,
            budget_bytes,
            roots: 0,
        }
    }

    /// The container that is open, if any.
    pub(super) fn current(&self) -> Option<&Container> {
        self.tree.containers.get(self.current as usize)
    }

    /// Where a value begins.
    pub(super) fn offset(&self, node: u32) -> Option<usize> {
        self.tree.node(node).map(|it| it.offset as usize)
    }

    /// Adds a value that holds no others.
    pub(super) fn leaf(&mut self, offset: usize) -> Result<(), Full> {
        let nodes = &mut self.tree.nodes;
        if nodes.len() == nodes.capacity() {
            let used = size_of_val(&nodes[..]) + size_of_val(&self.tree.containers[..]);
            let room = self.budget_bytes.saturating_sub(used) / size_of::<Node>();
            if room == 0 {
                return Err(Full);
            }
            nodes.reserve_exact(room.min(nodes.len() / 2 + 64));
        }
        let ordinal = match self.tree.containers.get_mut(self.current as usize) {
            Some(parent) => &mut parent.count,
            None => &mut self.roots,
        };
        nodes.push(Node {
            offset: offset as u32,
            parent: self.current,
            ordinal: *ordinal,
        });
        *ordinal += 1;
        Ok(())
    }

    /// Adds a value that holds those up to the matching `close`.
    pub(super) fn open(&mut self, offset: usize, is_object: bool) -> Result<(), Full> {
        let used = size_of_val(&self.tree.nodes[..]) + size_of_val(&self.tree.containers[..]);
        if used + size_of::<Container>() > self.budget_bytes {
            return Err(Full);
        }
        let depth = self.current().map_or(0, |it| it.depth() + 1);
        self.leaf(offset)?;
        self.current = self.tree.containers.len() as u32;
        self.tree.containers.push(Container {
            node: self.tree.len() - 1,
            end: NONE,
            close: NONE,
            count: 0,
            depth: depth | if is_object { IS_OBJECT } else { 0 },
        });
        Ok(())
    }

    /// Ends the container that is open, before this byte.
    pub(super) fn close(&mut self, offset: usize) {
        let end = self.tree.len();
        if let Some(container) = self.tree.containers.get_mut(self.current as usize) {
            container.end = end;
            container.close = offset as u32;
            self.current = self.tree.nodes[container.node as usize].parent;
        }
    }

    /// Ends the container that is open as a leaf with all that is inside, if those are leaves.
    pub(super) fn close_as_leaf(&mut self) {
        let Some(container) = self.tree.containers.pop_if(|it| it.end == NONE) else {
            return;
        };
        self.tree.nodes.truncate(container.node as usize + 1);
        self.current = self.tree.nodes[container.node as usize].parent;
    }

    /// The tree as far as it got.
    pub(super) fn finish(mut self) -> Tree {
        let end = self.tree.len();
        while let Some(container) = self.tree.containers.get_mut(self.current as usize) {
            container.end = end;
            self.current = self.tree.nodes[container.node as usize].parent;
        }
        self.tree.nodes.shrink_to_fit();
        self.tree.containers.shrink_to_fit();
        self.tree
    }
}
