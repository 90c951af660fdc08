# What a newcomer needs: `make run` to hear it, `make test` to trust it. Both install what is missing
# (Debian packages, npm and PyPI packages, cargo-nextest) and say so when they cannot.

# The tools that tests/tools puts there come first.
export PATH := $(CURDIR)/target/tools/bin:$(PATH)

.PHONY: run test check bench quality fuzz soak fixtures

# Everything in one process on http://127.0.0.1:8080, its data in ./data, with a demo song.
run:
	tests/tools/build
	cargo run --locked --release -- up --data data

test:
	tests/tools/build
	tests/tools/test
	cargo nextest run --locked --workspace
	cargo test --locked --workspace --doc --quiet

# A crate's reading order links to its private modules too: the docs are for those who work on it.
RUSTDOC_LINTS := -D warnings -A rustdoc::private_intra_doc_links

# Formatting, lints and types. What it says is what CI says.
check:
	tests/tools/build
	cargo fmt --all --check
	cargo clippy --locked --workspace --all-targets --quiet -- -D warnings
	cargo clippy --locked --manifest-path fuzz/Cargo.toml --target-dir target --quiet -- -D warnings
	RUSTDOCFLAGS="$(RUSTDOC_LINTS)" cargo doc --locked --workspace --no-deps --document-private-items --quiet
	npm run --silent --prefix edge/player check
	tests/tools/npm infra/cdn
	edge/player/node_modules/.bin/tsc -p infra/cdn

# Beside ffmpeg, single tools and the bare encoders; beside nginx and Varnish; the API at a million songs; and instructions counted. Prints sections for benches/RESULTS.md. On a quiet machine only.
bench:
	tests/tools/build
	tests/tools/bench
	benches/run song
	benches/run album
	benches/edge
	benches/catalogue
	benches/count

# Every rung's sound beside ffmpeg's encoders; prints a section for benches/RESULTS.md.
quality:
	tests/tools/build
	tests/tools/bench
	benches/quality/run

# Every parser of foreign bytes under libFuzzer, a minute each (SECONDS=).
fuzz: SECONDS ?= 60
fuzz:
	tests/tools/build
	tests/tools/fuzz
	fuzz/run $(SECONDS) $$(nproc)

# What takes longer than CI may: many made-up requests to each route of the API, 200 kills in 50 uploads on either database, and fuzzing for an hour (SECONDS=), all side by side.
soak: SECONDS ?= 3600
soak:
	tests/tools/build
	tests/tools/fuzz
	tests/tools/test
	SEGUE_SCHEMA_EXAMPLES=300 cargo nextest run --profile soak --locked -p segue-api -E 'test(schema::)'
	SEGUE_STORM_UPLOADS=50 SEGUE_STORM_KILLS=200 cargo nextest run --profile soak --locked --no-capture --test storm
	fuzz/run $(SECONDS) 100

# Renders the demo song again (see fixtures/README.md).
fixtures:
	fixtures/render
