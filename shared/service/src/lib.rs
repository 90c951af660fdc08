//! What every daemon needs: config, clock, health, problems, shutdown, telemetry.
