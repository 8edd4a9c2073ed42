//! The public address of a project's tunnel, as far as it is known without asking a relay.

use kreel_client::CertificateDer;

use super::{Remembered, Tunnels};
use crate::embedded;
use crate::options::{certificates, relay_ca};
use crate::paths::Paths;
use crate::problem::Result;
use crate::project::Project;
use crate::settings::Layers;

/// A public address.
#[derive(Debug, Clone)]
pub(crate) struct Public {
    /// It, as a URL.
    pub(crate) url: String,
    /// Certificates to trust about it besides the system's.
    pub(crate) trusted: Vec<CertificateDer<'static>>,
}

/// The address of the tunnel `listen` opens here; nothing if it has not run yet.
pub(crate) fn public(layers: &Layers, project: &Project, paths: &Paths) -> Result<Option<Public>> {
    let relay = layers.value(|settings| &settings.relay);
    let named = layers.value(|settings| &settings.tunnel);
    let tunnels = Tunnels::of(paths);
    let Some(relay) = relay else {
        let known = tunnels.recall(embedded::NAME, project)?;
        let Some(url) = known.and_then(|known| known.url) else {
            return Ok(None);
        };
        let mut trusted = Vec::new();
        for file in embedded::certificates_of(&paths.embedded(), project) {
            trusted.extend(certificates(&file)?);
        }
        return Ok(Some(Public { url, trusted }));
    };
    let known = tunnels.recall(&relay.to_string(), project)?;
    let url = match (named, known) {
        (
            Some(name),
            Some(Remembered {
                tunnel,
                url: Some(url),
            }),
        ) if tunnel == name => url,
        // Every tunnel is also a path of its relay.
        (Some(name), _) => format!("{relay}/{name}"),
        (None, Some(Remembered { url: Some(url), .. })) => url,
        (None, Some(known)) => format!("{relay}/{}", known.tunnel),
        (None, None) => return Ok(None),
    };
    let ca = relay_ca(layers, &relay).filter(|_| relay.is_tls());
    let trusted = ca.map(|(path, _)| certificates(&path)).transpose()?;
    Ok(Some(Public {
        url,
        trusted: trusted.unwrap_or_default(),
    }))
}
