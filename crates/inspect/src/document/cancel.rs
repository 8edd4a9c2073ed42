//! A flag by which the work on a large body is given up.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Shared between who works on a document and who no longer wants it.
#[derive(Debug, Clone, Default)]
pub struct Cancel(Arc<AtomicBool>);

impl Cancel {
    /// Asks for an early end.
    pub fn cancel(&self) {
        // Nothing else is told by it, so there is nothing to order.
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether an early end was asked for.
    pub fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}
