//! The handler of this workspace, built when it is needed.

use std::io;
use std::path::{Path, PathBuf};

use sandbox::scenario::WORKSPACE;
use tokio::process::Command;

/// Why there is no handler to start.
#[derive(Debug, thiserror::Error)]
#[error("building the handler with `cargo build --bin handler` failed ({0}); name a built one with --handler")]
pub struct BuildError(String);

impl From<io::Error> for BuildError {
    fn from(error: io::Error) -> Self {
        Self(error.to_string())
    }
}

/// Builds the handler with the profile that this program was built with.
///
/// Its dependencies have the features that this program needs of them, too: they were built with it.
///
/// # Errors
/// If it cannot be built.
pub async fn build() -> Result<PathBuf, BuildError> {
    let is_release = std::env::current_exe()?
        .parent()
        .is_some_and(|folder| folder.ends_with("release"));
    build_with(is_release, &["--package", "sandbox"]).await
}

/// Builds the handler as it is published but for the profile, which is `release`: what is measured is never a debug build.
///
/// # Errors
/// If it cannot be built.
pub async fn build_release() -> Result<PathBuf, BuildError> {
    build_with(true, &[]).await
}

async fn build_with(is_release: bool, others: &[&str]) -> Result<PathBuf, BuildError> {
    let program = std::env::current_exe()?;
    let target = program.parent().and_then(Path::parent).unwrap_or(Path::new("."));
    let (profile, folder) = if is_release {
        ("release", "release")
    } else {
        ("dev", "debug")
    };
    let status = Command::new(option_env!("CARGO").unwrap_or("cargo"))
        .args([
            "build",
            "--quiet",
            "--bin",
            "handler",
            "--package",
            "apicenter-aws-sync",
        ])
        .args(others)
        .args(["--profile", profile, "--target-dir"])
        .arg(target)
        .current_dir(WORKSPACE)
        .status()
        .await?;
    if status.success() {
        Ok(target.join(folder).join("handler"))
    } else {
        Err(BuildError(status.to_string()))
    }
}
