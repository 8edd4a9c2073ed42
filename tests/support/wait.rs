//! Waiting for a condition, under a deadline.

use std::time::Duration;

use tokio::time::{Instant, sleep, timeout};

/// For what takes milliseconds on a machine that is doing nothing else, and now and then seconds
/// on one that compiles beside the tests.
pub(crate) const DEADLINE: Duration = Duration::from_secs(30);

/// Waits until the condition holds; panics with `what` if it does not within the deadline.
pub(crate) async fn eventually(what: &str, deadline: Duration, mut holds: impl FnMut() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(
            start.elapsed() < deadline,
            "not within {deadline:?}: {what}"
        );
        sleep(Duration::from_millis(5)).await;
    }
}

/// The future's value; panics with `what` if there is none within the deadline.
pub(crate) async fn within<T>(
    what: &str,
    deadline: Duration,
    future: impl Future<Output = T>,
) -> T {
    match timeout(deadline, future).await {
        Ok(value) => value,
        Err(_) => panic!("not within {deadline:?}: {what}"),
    }
}
