//! Krea's webhooks, its API in miniature, and what stands in front of it.

mod trigger;
