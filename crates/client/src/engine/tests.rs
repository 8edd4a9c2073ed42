//! Tables and random schedules.
