//! Uploads, durable jobs, workers, publishing.
