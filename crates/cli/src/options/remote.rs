//! A relay elsewhere: its address, the token for it, and whom to trust about it.
//!
//! A token goes to the relay it was saved for and to no other: a project's file, which others
//! may have written, can name a relay but must not draw someone's saved token there.

use std::fs;
use std::path::{Path, PathBuf};

use kreel_client::{CertificateDer, RelayUrl, Token};

use super::certificates;
use crate::problem::{Code, Problem, Result};
use crate::settings::{Layer, Layers, Settings, Source};

/// A relay elsewhere.
#[derive(Debug, Clone)]
pub(crate) struct Remote {
    /// Its address.
    pub(crate) url: RelayUrl,
    /// The token for it.
    pub(crate) token: Token,
    /// The certificates to trust for it, if not the system's.
    pub(crate) ca: Option<Vec<CertificateDer<'static>>>,
}

impl Remote {
    /// The relay that is configured, if one is.
    pub(crate) fn resolve(layers: &Layers) -> Result<Option<Self>> {
        let Some((url, source)) = layers.pick(|settings| &settings.relay) else {
            return nothing_for_nobody(layers).map(|()| None);
        };
        let (token, _) = find_token(layers, &url, source)?.ok_or_else(|| missing_token(&url))?;
        // The system's own authorities take a while to load: not for those who speak no TLS.
        let ca = match relay_ca(layers, &url) {
            Some((path, _)) if url.is_tls() => Some(certificates(&path)?),
            _ => None,
        };
        Ok(Some(Self { url, token, ca }))
    }
}

/// The token for a relay, and where it was set.
pub(crate) fn find_token<'a>(
    layers: &'a Layers,
    relay: &RelayUrl,
    relay_source: &Source,
) -> Result<Option<(Token, &'a Source)>> {
    for layer in layers.iter() {
        let Some(token) = token_in(layer)? else {
            continue;
        };
        let typed = matches!(relay_source, Source::Flag | Source::Environment);
        let fits = match (&layer.source, &layer.settings.relay) {
            (Source::User(_), Some(own)) => own == relay,
            (Source::User(_), None) => typed,
            _ => true,
        };
        return match fits {
            true => Ok(Some((token, &layer.source))),
            false => Err(for_other(layer, relay, relay_source)),
        };
    }
    Ok(None)
}

/// The file of the certificates to trust for a relay, and where it was set.
pub(crate) fn relay_ca<'a>(layers: &'a Layers, relay: &RelayUrl) -> Option<(PathBuf, &'a Source)> {
    layers.iter().find_map(|layer| {
        let own = layer.settings.relay.as_ref();
        let foreign =
            matches!(layer.source, Source::User(_)) && own.is_some_and(|own| own != relay);
        let path = layer.settings.relay_ca.clone().filter(|_| !foreign)?;
        Some((path, &layer.source))
    })
}

/// The token a file holds.
pub(crate) fn read_token(path: &Path) -> Result<Token> {
    let text = fs::read_to_string(path).map_err(|error| {
        Problem::new(
            Code::TokenFileUnreadable,
            format!("can't read the token file {}", path.display()),
            error,
            "check the path and who may read the file",
        )
    })?;
    parse_token(&text, &format!("the file {}", path.display()))
}

/// A token as it was given there.
pub(crate) fn parse_token(text: &str, place: &str) -> Result<Token> {
    text.trim().parse().map_err(|error| {
        Problem::new(
            Code::TokenMalformed,
            format!("what {place} holds is not a token"),
            error,
            "copy the token again, whole, as `kreel token create` printed it",
        )
    })
}

fn token_in(layer: &Layer) -> Result<Option<Token>> {
    let place = layer.source.to_string();
    match (&layer.settings.token, &layer.settings.token_file) {
        (None, None) => Ok(None),
        (Some(token), None) => parse_token(&token.0, &place).map(Some),
        (None, Some(file)) => read_token(file).map(Some),
        (Some(_), Some(_)) => Err(Problem::new(
            Code::OptionsConflict,
            format!("{place} has a token and a token file"),
            "only one of them can count",
            "remove one of them",
        )),
    }
}

/// A relay without a token.
pub(crate) fn missing_token(relay: &RelayUrl) -> Problem {
    Problem::new(
        Code::TokenMissing,
        format!("there is no token for the relay {relay}"),
        "a relay opens tunnels only for those who have one",
        format!("`kreel login --relay {relay}`, or set KREEL_TOKEN or --token-file"),
    )
}

fn for_other(layer: &Layer, relay: &RelayUrl, relay_source: &Source) -> Problem {
    let own = match &layer.settings.relay {
        Some(own) => format!("it was saved for {own}"),
        None => "it is not said which relay it is for".to_owned(),
    };
    Problem::new(
        Code::TokenForOtherRelay,
        format!("the token in {} is not for {relay}", layer.source),
        format!("{own}, and {relay_source} names the relay {relay}"),
        format!(
            "`kreel login --relay {relay}`, or give its token with KREEL_TOKEN or --token-file"
        ),
    )
}

/// What was typed about a relay is not to be ignored because there is none.
fn nothing_for_nobody(layers: &Layers) -> Result<()> {
    let typed = |settings: &Settings| {
        settings.token.is_some() || settings.token_file.is_some() || settings.relay_ca.is_some()
    };
    let idle = |layer: &Layer| layer.source == Source::Flag && typed(&layer.settings);
    match layers.iter().any(idle) {
        false => Ok(()),
        true => Err(Problem::new(
            Code::OptionsConflict,
            "no relay is configured that the token or the certificate could be for",
            "--token, --token-file and --relay-ca are about a relay elsewhere",
            "add --relay URL, or `kreel login` once",
        )),
    }
}
