//! Which headers are secrets: those that always are, and those the user's files add.

use kreel_inspect::mask::Masking;

use crate::paths::Paths;
use crate::problem::Result;
use crate::project::Project;
use crate::settings::{Layers, Settings};

/// What is masked, unless the user asked for the secrets.
pub(crate) fn masking(shows_secrets: bool) -> Result<Masking> {
    match shows_secrets {
        true => Ok(Masking::off()),
        false => {
            let nothing = |_| Settings::default();
            Ok(Layers::gather(nothing, &Project::find()?, &Paths::find()?)?.masking())
        }
    }
}
