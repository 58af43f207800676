# One read-only gate, one fixer; CI runs the same targets. `make` alone tells what there is.

SHELL := bash
.DEFAULT_GOAL := help
.PHONY: help build verify fix test chaos sim mutants fuzz fuzz-short demo bench kafka-start kafka-stop clean

# Test targets that need a real Kafka, and all others.
TESTS := $(notdir $(basename $(wildcard tests/*.rs)) $(patsubst %/main.rs,%,$(wildcard tests/*/main.rs)))
REAL := $(filter kafka chaos,$(TESTS))
QUICK := $(filter-out $(REAL),$(TESTS))
SCRIPTS := dev/kafka dev/demo dev/fuzz dev/mutants .ci/run
SEEDS ?= 5000
FROM ?= 1
DEMO_ARGS ?=
BENCH_ARGS ?=
export DEMO_ARGS

help: ## what there is
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 22

build: ## the release binary, target/release/onefill
	cargo build --locked --release

verify: ## the quick gate: format, lints, layers, unit and property tests, house rules, docs; changes nothing
	cargo fmt --all --check
	cargo fmt --check --manifest-path fuzz/Cargo.toml
	cargo clippy --locked --all-targets -- -D warnings
	cargo clippy --locked --package onefill-checker --package onefill-bench --all-targets -- -D warnings
	@# The core builds alone, and each layer with only those below it.
	cargo clippy --locked --lib --no-default-features -- -D warnings
	cargo clippy --locked --lib --no-default-features --features wire -- -D warnings
	cargo clippy --locked --lib --no-default-features --features shell -- -D warnings
	cargo clippy --locked --lib --no-default-features --features cli -- -D warnings
	@if command -v shellcheck >/dev/null; then shellcheck $(SCRIPTS); else echo "shellcheck is not here: skipped"; fi
	RUSTDOCFLAGS="-D warnings" cargo doc --locked --workspace --no-deps --document-private-items
	cargo test --locked --lib --bins --examples $(addprefix --test ,$(QUICK))
	cargo test --locked --package onefill-checker --package onefill-bench

fix: ## format, and apply the lints' own suggestions
	cargo clippy --locked --all-targets --fix --allow-dirty --allow-staged
	cargo clippy --locked --package onefill-checker --all-targets --fix --allow-dirty --allow-staged
	cargo fmt --all
	cargo fmt --manifest-path fuzz/Cargo.toml

test: verify fuzz-short ## everything: the gate, a short fuzzing, then all that needs a real Kafka (started by the tests, or ONEFILL_BOOTSTRAP)
	dev/kafka fetch
	cargo test --locked $(addprefix --test ,$(REAL))
	@cat target/chaos/table.txt

chaos: ## every fault several times on three brokers, with a release build; prints the table, and keeps it in target/chaos
	dev/kafka fetch
	@rm -rf target/chaos
	@ended=0; ONEFILL_CHAOS=full cargo test --locked --release --test chaos -- --nocapture --test-threads 1 || ended=$$?; \
	cat target/chaos/table.txt; exit $$ended

fuzz-short: ## every fuzz target, and its lints, for a few seconds: the kept inputs, and as many others
	dev/fuzz clippy -- -D warnings
	dev/fuzz short

fuzz: ## every fuzz target for FUZZ_SECONDS=600; docs/FUZZING.md says what they assert
	dev/fuzz long

sim: ## thousands of seeds of the simulation, optimised; SEEDS=20000 FROM=1
	ONEFILL_SIM_SEEDS=$(SEEDS) ONEFILL_SIM_FROM=$(FROM) cargo test --locked --release --no-default-features \
		--features wire --test sim -- --nocapture every_seed_keeps_every_promise

mutants: ## known mistakes in the core, put back one by one: each must be caught
	dev/mutants

demo: ## the whole story on one machine; DEMO_ARGS="--seconds 20" for a short one
	dev/demo

bench: ## onefill beside the bare client and Kafka Streams, into docs/BENCHMARKS.md; BENCH_ARGS="--rounds 1" for less
	dev/kafka fetch
	mvn -B -q -f benches/peers/streams compile
	cargo build --locked --release --package onefill --package onefill-bench
	target/release/onefill-bench run $(BENCH_ARGS)

kafka-start: ## a Kafka to play with; prints its bootstrap address
	@dev/kafka start

kafka-stop: ## stop it
	@dev/kafka stop

clean: ## stop it, and remove all that was built or downloaded
	@dev/kafka stop --remove
	cargo clean
	rm -rf fuzz/target
