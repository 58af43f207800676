# One read-only gate, one fixer; CI runs the same targets. `make` alone tells what there is.

SHELL := bash
.DEFAULT_GOAL := help
.PHONY: help build verify fix test helm image sbom deny tls-test page-test chaos sim mutants fuzz fuzz-short bench-micro demo screenshot \
	dashboards dashboards-check metrics-cost bench kafka-start kafka-stop \
	k8s-start k8s-stop e2e-k8s clean

# Test targets that need a real Kafka, and all others; what k8s has to do needs a Kubernetes, and is ignored without.
TESTS := $(notdir $(basename $(wildcard tests/*.rs)) $(patsubst %/main.rs,%,$(wildcard tests/*/main.rs)))
REAL := $(filter kafka chaos,$(TESTS))
# And those that need a Chromium, or a build with TLS.
SEEN := page
SECURED := tls
QUICK := $(filter-out $(REAL) $(SEEN) $(SECURED),$(TESTS))
SCRIPTS := dev/bench-micro dev/kafka dev/demo dev/fuzz dev/helm dev/mutants dev/watched dev/k8s/cluster .ci/run
SEEDS ?= 5000
FROM ?= 1
DEMO_ARGS ?=
VERSION = $(shell sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)
REVISION = $(shell git rev-parse --short HEAD 2>/dev/null || echo unknown)
HOST = $(shell rustc -vV | sed -n 's/^host: //p')
ENGINE ?= $(shell command -v podman || command -v docker)
IMAGE_ARGS ?=
BENCH_ARGS ?=
DENY_ARGS ?=
export DEMO_ARGS

help: ## what there is
	@sed -n 's/^\([a-z0-9-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 22

build: ## the release binary, target/release/onefill
	cargo build --locked --release

verify: ## the quick gate: format, lints, layers, unit and property tests, house rules, docs; changes nothing
	cargo fmt --all --check
	cargo fmt --check --manifest-path fuzz/Cargo.toml
	@# Its lock is its own, and must follow what the router depends on.
	cargo metadata --locked --manifest-path fuzz/Cargo.toml --format-version 1 >/dev/null
	cargo clippy --locked --all-targets -- -D warnings
	cargo clippy --locked --package onefill-checker --package onefill-bench --all-targets -- -D warnings
	@# The core builds alone, and each layer with only those below it.
	cargo clippy --locked --lib --no-default-features -- -D warnings
	cargo clippy --locked --lib --no-default-features --features wire -- -D warnings
	cargo clippy --locked --lib --no-default-features --features shell -- -D warnings
	cargo clippy --locked --lib --no-default-features --features cli -- -D warnings
	@dev/mutants --dry-run
	@if command -v shellcheck >/dev/null; then shellcheck $(SCRIPTS); else echo "shellcheck is not here: skipped"; fi
	RUSTDOCFLAGS="-D warnings" cargo doc --locked --workspace --no-deps --document-private-items
	cargo test --locked --lib --bins --examples $(addprefix --test ,$(QUICK))
	cargo test --locked --package onefill-checker --package onefill-bench

fix: ## format, and apply the lints' own suggestions
	cargo clippy --locked --all-targets --fix --allow-dirty --allow-staged
	cargo clippy --locked --package onefill-checker --package onefill-bench --all-targets --fix --allow-dirty --allow-staged
	cargo fmt --all
	cargo fmt --manifest-path fuzz/Cargo.toml

test: verify helm fuzz-short ## everything: the gate, a short fuzzing, then all that needs a real Kafka (started by the tests, or ONEFILL_BOOTSTRAP)
	dev/kafka fetch
	cargo test --locked $(addprefix --test ,$(REAL))
	@cat target/chaos/table.txt
	@if command -v chromium >/dev/null; then $(MAKE) page-test; else echo "chromium is not here: make page-test skipped"; fi

page-test: ## the status page in a real Chromium (Debian: apt-get install chromium)
	cargo test --locked --test page

tls-test: ## TLS, mutual TLS and SASL on a real Kafka; not part of make test, for it compiles OpenSSL first (minutes)
	dev/kafka fetch
	cargo clippy --locked --features tls --test tls -- -D warnings
	cargo test --locked --features tls --test tls

helm: ## the chart without a cluster: lint, unit tests, schemas, refusals, alerts; builds its tools first
	cargo build --locked --bin onefill
	dev/helm check

image: ## the container image onefill:<version>, by podman or Docker; IMAGE_ARGS="--build-arg RUST=IMAGE" to build in another
	$(ENGINE) build --file Containerfile --build-arg REVISION=$(REVISION) --tag onefill:$(VERSION) $(IMAGE_ARGS) .

sbom: ## what the image's program is made of, as CycloneDX: target/onefill.cdx.json
	@command -v target/tools/bin/cargo-cyclonedx >/dev/null || cargo install --locked --quiet --root target/tools cargo-cyclonedx@0.5.9
	PATH="$(CURDIR)/target/tools/bin:$$PATH" cargo cyclonedx --format json --spec-version 1.5 --no-default-features \
		--features cli,tls --target $(HOST) --override-filename onefill.cdx
	@# Each member of the workspace gets one; the image has onefill's.
	@# Where it was built is nobody's business.
	@sed -i 's#file://$(CURDIR)#file://.#g' onefill.cdx.json
	@mv onefill.cdx.json target/ && find . -path ./target -prune -o -name onefill.cdx.json -exec rm {} +
	@echo target/onefill.cdx.json

deny: ## licenses, sources, banned crates and known vulnerabilities of what is built in; asks GitHub but with DENY_ARGS=--offline
	@command -v target/tools/bin/cargo-deny >/dev/null || cargo install --locked --quiet --root target/tools cargo-deny@0.20.2
	target/tools/bin/cargo-deny --locked $(DENY_ARGS) check --hide-inclusion-graph licenses bans sources advisories

chaos: ## every fault several times on three brokers, with a release build; prints the table, and keeps it in target/chaos
	dev/kafka fetch
	@rm -rf target/chaos
	@ended=0; CHAOS_FORM=full cargo test --locked --release --test chaos -- --nocapture --test-threads 1 || ended=$$?; \
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

bench-micro: ## instructions of each step of one intent; fails where one has risen by over 10 %
	dev/bench-micro

demo: ## the whole story on one machine; DEMO_ARGS="--seconds 20" for a short one
	dev/demo

screenshot: ## pictures of the status page of a router under load, for the README
	dev/watched screenshot

dashboards: ## the chart's dashboards, written anew from dev/dashboards/boards.py
	dev/watched dashboards

dashboards-check: ## they are as generated, and every query has data from a router under load, in a real Prometheus; draws previews
	dev/watched check

metrics-cost: ## what counting costs a router at 10,000 intents a second
	dev/watched cost

bench: ## onefill beside the bare client and Kafka Streams, into docs/BENCHMARKS.md; BENCH_ARGS="--rounds 1" for less
	dev/kafka fetch
	mvn -B -q -f benches/peers/streams compile
	cargo build --locked --release --package onefill --package onefill-bench
	target/release/onefill-bench run $(BENCH_ARGS)

kafka-start: ## a Kafka to play with; prints its bootstrap address
	@dev/kafka start

kafka-stop: ## stop it
	@dev/kafka stop

k8s-start: ## a Kubernetes to play with, beside the machine's own network; dev/k8s/cluster enter kubectl get pods
	@dev/k8s/cluster start

k8s-stop: ## stop it
	@dev/k8s/cluster stop

e2e-k8s: ## the chart on a real Kubernetes, under load: rollouts, kills, evictions, a long restore; needs root
	dev/k8s/cluster e2e
	@cat target/k8s/table.txt

clean: ## stop it, and remove all that was built or downloaded
	@dev/kafka stop --remove
	@dev/k8s/cluster stop
	cargo clean
	rm -rf fuzz/target
