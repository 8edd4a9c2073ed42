//! Certificates to trust, from PEM files.

use std::path::Path;

use kreel_client::CertificateDer;
use rustls::pki_types::pem::PemObject;

use crate::problem::{Code, Problem, Result};

/// The certificates in a file, at least one.
pub(crate) fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>> {
    let unusable = |why: String| {
        Problem::new(
            Code::RelayCaUnusable,
            format!("can't use the certificates in {}", path.display()),
            why,
            "give the relay's cert.pem, or a PEM file with the authority that signed it",
        )
    };
    let read = CertificateDer::pem_file_iter(path)
        .and_then(Iterator::collect::<std::result::Result<Vec<_>, _>>);
    match read {
        Ok(certificates) if certificates.is_empty() => {
            Err(unusable("there is no certificate in it".to_owned()))
        }
        Ok(certificates) => Ok(certificates),
        Err(error) => Err(unusable(error.to_string())),
    }
}
