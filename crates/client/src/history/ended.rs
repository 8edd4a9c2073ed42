//! Deliveries that are finished though the file does not know that they came, as while the disk was
//! full. Should the relay send them again they are known by this.

use foldhash::HashMap;
use kreel_wire::DeliveryId;

use super::Standing;
use crate::limits::HISTORY_ARREARS;

/// Those of this process. Beyond [`HISTORY_ARREARS`] further ones are forgotten.
#[derive(Debug, Default)]
pub(super) struct Ended(HashMap<DeliveryId, Standing>);

impl Ended {
    /// Remembers one, unless it may come again rightly.
    pub(super) fn insert(&mut self, id: DeliveryId, standing: Standing) {
        if self.0.len() < HISTORY_ARREARS && standing.is_final(false) {
            self.0.insert(id, standing);
        }
    }

    /// Where it stands, if it is one of them.
    pub(super) fn get(&self, id: &DeliveryId) -> Option<Standing> {
        self.0.get(id).copied()
    }
}
