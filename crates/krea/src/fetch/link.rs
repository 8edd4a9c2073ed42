//! A link, read from what a stranger wrote.

use http::Uri;

use super::FetchError;
use crate::limits::MAX_TEXT_BYTES;
use crate::local;

/// A link that may be fetched, as far as its text tells.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Link {
    /// The host, without brackets.
    pub(super) host: String,
    /// Path and query.
    pub(super) path: String,
}

impl Link {
    pub(super) fn read(url: &str) -> Result<Self, FetchError> {
        if url.len() > MAX_TEXT_BYTES {
            return Err(FetchError::NotALink);
        }
        let uri: Uri = url.parse().map_err(|_| FetchError::NotALink)?;
        let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
            return Err(FetchError::NotALink);
        };
        if scheme != "https" {
            return Err(FetchError::NotHttps(scheme.to_owned()));
        }
        if authority.as_str().contains('@') {
            return Err(FetchError::NamesSomebody);
        }
        if let Some(port) = authority.port_u16().filter(|port| *port != 443) {
            return Err(FetchError::OtherPort(port));
        }
        let host = authority.host().trim_matches(['[', ']']);
        if host.is_empty() {
            return Err(FetchError::NotALink);
        }
        if local::is_private(host) {
            return Err(FetchError::Private {
                host: host.to_owned(),
                address: "by its name".to_owned(),
            });
        }
        let path = uri.path_and_query().map_or("/", |path| path.as_str());
        Ok(Self {
            host: host.to_owned(),
            path: path.to_owned(),
        })
    }
}
