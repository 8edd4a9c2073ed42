//! A certificate the relay makes for itself, for clients that are given its file.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use rcgen::{CertificateParams, DnType, KeyPair, SanType};

use super::unusable;
use crate::error::RelayError;
use crate::store::private;

/// The certificate's and the key's file in this folder, made unless they are there for these
/// names already. The key stays when names change: whoever trusts the certificate that was there
/// before trusts the new one, which the same key has signed.
pub(super) fn ensure(data: &Path, names: &[String]) -> Result<(PathBuf, PathBuf), RelayError> {
    let (cert, key) = (data.join("cert.pem"), data.join("key.pem"));
    // Beside the certificate stands for which names it was made.
    let noted = data.join("cert.names");
    let up_to_date = fs::read_to_string(&noted).is_ok_and(|noted| noted == names.join("\n"));
    if up_to_date && cert.exists() && key.exists() {
        return Ok((cert, key));
    }
    let failed = |error: rcgen::Error| unusable(&cert, error);
    let kept = fs::read_to_string(&key).ok();
    let kept = kept.and_then(|kept| KeyPair::from_pem(&kept).ok());
    let pair = match kept {
        Some(pair) => pair,
        None => KeyPair::generate().map_err(failed)?,
    };
    let made = params(names)
        .and_then(|params| params.self_signed(&pair))
        .map_err(failed)?;
    write(&key, pair.serialize_pem().as_bytes())?;
    write(&cert, made.pem().as_bytes())?;
    write(&noted, names.join("\n").as_bytes())?;
    Ok((cert, key))
}

fn params(names: &[String]) -> Result<CertificateParams, rcgen::Error> {
    let mut params = CertificateParams::default();
    params
        .distinguished_name
        .push(DnType::CommonName, "kreel relay");
    for name in names {
        params.subject_alt_names.push(match name.parse() {
            Ok(address) => SanType::IpAddress(address),
            Err(_) => SanType::DnsName(name.as_str().try_into()?),
        });
    }
    // It is trusted by its file alone; an expiry would only break a relay nobody looks after.
    params.not_after = rcgen::date_time_ymd(2096, 1, 1);
    Ok(params)
}

/// Writes a file of the owner's alone, whole or not at all.
pub(super) fn write(path: &Path, text: &[u8]) -> Result<(), RelayError> {
    let failed = |source| RelayError::File {
        what: "write",
        path: path.to_owned(),
        source,
    };
    let fresh = path.with_extension("new");
    let _ = fs::remove_file(&fresh);
    let mut file = private()
        .write(true)
        .create_new(true)
        .open(&fresh)
        .map_err(failed)?;
    file.write_all(text)
        .and_then(|()| file.sync_all())
        .map_err(failed)?;
    fs::rename(&fresh, path).map_err(failed)
}
