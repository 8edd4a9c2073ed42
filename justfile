# What this project does with itself. `just` lists the recipes.

[private]
default:
    @just --list --unsorted

# relay, client and a sample app on loopback, with a local certificate and a few webhooks
[group('run')]
dev *args:
    cargo run --package kreel-cli -- demo {{ args }}

# posts a sample webhook to an address: `just send https://127.0.0.1:4430/name --cacert cert.pem`
[group('run')]
send url *args:
    curl --fail-with-body --json '{"hello":"kreel"}' {{ args }} {{ url }}

# takes the picture of the inspector that the README shows, of a session that really runs
[group('run')]
capture to="docs/inspector.svg":
    cargo build --package kreel-cli --bin kreel
    cargo run --package kreel-cli --quiet --example capture -- {{ to }}

# format check, clippy as errors, docs without broken links
[group('check')]
check:
    cargo fmt --all --check
    cargo clippy --workspace --all-targets -- --deny warnings
    RUSTDOCFLAGS="--deny warnings" cargo doc --workspace --lib --bins --examples --no-deps --document-private-items --quiet

# tests
[group('check')]
test *args:
    cargo test --workspace {{ args }}

# tests of one crate
[group('check')]
test-crate name *args:
    cargo test --package kreel-{{ name }} {{ args }}

# licences, sources and banned crates; advisories too where a database is at hand
[group('check')]
deny:
    cargo deny --all-features check bans licenses sources
    @if [ -n "${ADVISORY_DB:-}" ]; then cargo audit --db "$ADVISORY_DB" --no-fetch --stale; else echo "advisories: NOT checked (set ADVISORY_DB to a checkout of the RustSec database)"; fi

# kills, cuts and fills everything around kreel, and counts what got lost (`just soak --help`)
[group('check')]
soak *args:
    @cargo run --package kreel-soak --quiet -- {{ args }}

# half a minute of it, with the kreel that the tests were run with
[group('check')]
soak-short:
    # The example brings in what tests are built with, so that little is built again.
    cargo build --workspace --quiet --bin kreel-soak --bin kreel --example capture
    target/debug/kreel-soak --short --kreel target/debug/kreel

# everything a change must pass
[group('check')]
ci: check test deny soak-short fuzz

# rewrites formatting
[group('mend')]
fmt:
    cargo fmt --all

# accepts snapshots that have been reviewed
[group('mend')]
bless:
    INSTA_UPDATE=always cargo test --workspace

# throws bytes at what reads strangers' input: `just fuzz 60 framing filter`
[group('measure')]
fuzz *args:
    .ci/fuzz {{ args }}

# measures kreel and its peers side by side (`just bench --help` tells the options)
[group('measure')]
bench *args:
    @cargo run --release --package kreel-bench --quiet -- {{ args }}
