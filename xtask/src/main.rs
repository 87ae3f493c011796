//! Chores of this workspace: `cargo xtask CHORE`.

mod package;

use std::path::Path;

use clap::Parser;

/// The folder of the workspace that this program was built in.
const WORKSPACE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

/// Chores of this workspace.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
enum Chore {
    /// Build the handler for any host image, and create dist/function-app/ and dist/function-app.zip.
    Package,
}

fn main() -> anyhow::Result<()> {
    let workspace = Path::new(WORKSPACE).canonicalize()?;
    match Chore::parse() {
        Chore::Package => package::package(&workspace),
    }
}
