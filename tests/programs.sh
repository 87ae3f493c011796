# For scripts that run the handler and the sandbox; to be sourced.

# Builds both as `cargo test --workspace` does: another choice of packages is another set of features, and builds nearly everything
# a second time.
programs() {
  cargo build --quiet --workspace --all-targets --locked
}
