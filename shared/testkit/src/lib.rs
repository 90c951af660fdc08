//! Dev-only: signals, judges, fake origins, manual clock.
