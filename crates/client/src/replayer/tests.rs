//! Replays of what a history holds, with no relay anywhere.
