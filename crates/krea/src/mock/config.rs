//! What a mock is run with, resolved.

use rustls::pki_types::CertificateDer;

use super::chaos::Chaos;
use super::form::{ErrorKey, FaultForm};
use super::openapi::OpenApi;
use super::plan::Outcomes;

/// What a mock is run with.
#[derive(Debug, Clone)]
pub struct MockConfig {
    /// What all chance comes from: the same seed and calls give the same run.
    pub seed: u64,
    /// How much faster than life jobs are.
    pub speed: f64,
    /// How jobs end.
    pub outcomes: Outcomes,
    /// What goes wrong with webhooks.
    pub chaos: Chaos,
    /// How many jobs run at once; others wait in the backlog.
    pub concurrency: usize,
    /// How many jobs wait at the most; then the answer is 429.
    pub backlog: usize,
    /// How many jobs are paid for; then the answer is 402.
    pub balance: Option<u64>,
    /// The only token that is taken, or any if there is none.
    pub token: Option<String>,
    /// The status for bodies that are refused: 400 as in the schema, or 422.
    pub validation_status: u16,
    /// How those with 422 tell what is wrong.
    pub fault_form: FaultForm,
    /// The key of all other errors.
    pub error_key: ErrorKey,
    /// Whether bodies are taken as they come.
    pub is_lenient: bool,
    /// The document bodies are checked against.
    pub openapi: Option<OpenApi>,
    /// What addresses of results begin with, if not this server's own address.
    pub media_url: Option<String>,
    /// Whether a deleted job is gone, rather than cancelled.
    pub forgets_deleted: bool,
    /// Whether only queued and processing jobs can be cancelled, as the guide has it.
    pub strict_cancel: bool,
    /// Routes whose answers carry the headers of a deprecated model.
    pub deprecated: Vec<String>,
    /// Certificates to trust for webhooks, besides the system's.
    pub trusted: Vec<CertificateDer<'static>>,
}

impl Default for MockConfig {
    fn default() -> Self {
        Self {
            seed: 0,
            speed: 10.0,
            outcomes: Outcomes::default(),
            chaos: Chaos::default(),
            concurrency: 12,
            backlog: 100,
            balance: None,
            token: None,
            validation_status: 400,
            fault_form: FaultForm::default(),
            error_key: ErrorKey::default(),
            is_lenient: false,
            openapi: None,
            media_url: None,
            forgets_deleted: false,
            strict_cancel: false,
            deprecated: Vec::new(),
            trusted: Vec::new(),
        }
    }
}
