//! The package: all published files, as a folder and as a zip.
//!
//! The same commit gives the same bytes, wherever and whenever it is built with the same compilers.

mod archive;
mod build;

use std::fs;
use std::io::{self, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use anyhow::{Context as _, Result};
use sha2::{Digest as _, Sha256};

use archive::Entry;

/// The files published unchanged.
const FILES: [&str; 3] = [
    "function-http/function.json",
    "function-timer/function.json",
    "host.json",
];
/// The executable, under the name that host.json gives it: the Functions tools make no other file executable.
const HANDLER: &str = "handler";

/// Builds the handler and makes `dist/function-app/`, `dist/function-app.zip` and the zip's checksum.
///
/// # Errors
/// If something that it takes is not installed, the handler cannot be built, or a file cannot be read or written.
pub fn package(workspace: &Path) -> Result<()> {
    let handler = build::build_handler(workspace)?;
    let dist = workspace.join("dist");
    let folder = dist.join("function-app");
    stage(workspace, &handler, &folder)?;
    let zip = archive::zip(read_entries(&folder)?)?;
    let checksum = format!("{:x}", Sha256::digest(&zip));
    write(&dist.join("function-app.zip"), &zip)?;
    // As `sha256sum --check` reads it.
    write(
        &dist.join("function-app.zip.sha256"),
        format!("{checksum}  function-app.zip\n").as_bytes(),
    )?;
    let handler_size = fs::metadata(&handler)?.len();
    writeln!(
        io::stdout(),
        "dist/function-app.zip\n  size    {} bytes, the handler in it {handler_size}\n  SHA-256 {checksum}",
        zip.len()
    )?;
    Ok(())
}

/// Creates the folder for `func azure functionapp publish`. It has exactly the published files, so that no tool needs
/// an ignore file: each reads `.funcignore` in its own way.
fn stage(workspace: &Path, handler: &Path, folder: &Path) -> Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder).with_context(|| format!("emptying {} failed", folder.display()))?;
    }
    for name in FILES {
        copy(&workspace.join(name), &folder.join(name), 0o644)?;
    }
    copy(handler, &folder.join(HANDLER), 0o755)
}

fn copy(from: &Path, to: &Path, mode: u32) -> Result<()> {
    let content = fs::read(from).with_context(|| format!("reading {} failed", from.display()))?;
    write(to, &content)?;
    fs::set_permissions(to, fs::Permissions::from_mode(mode))
        .with_context(|| format!("setting the mode of {} failed", to.display()))
}

fn write(path: &Path, content: &[u8]) -> Result<()> {
    let write = || {
        path.parent().map_or(Ok(()), fs::create_dir_all)?;
        fs::write(path, content)
    };
    write().with_context(|| format!("writing {} failed", path.display()))
}

/// The entries of the zip.
fn read_entries(folder: &Path) -> Result<Vec<Entry>> {
    FILES
        .into_iter()
        .chain([HANDLER])
        .map(|name| {
            let path = folder.join(name);
            let content = fs::read(&path).with_context(|| format!("reading {} failed", path.display()))?;
            Ok(Entry {
                name,
                content,
                executable: name == HANDLER,
            })
        })
        .collect()
}

#[cfg(test)]
mod tests;
