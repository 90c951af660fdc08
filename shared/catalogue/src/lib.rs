//! Domain model and its repositories: users, songs, jobs.
