//! Header rules, as tables.
