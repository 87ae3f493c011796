//! The handler's executable: static, stripped, and the same wherever it is built.

use std::collections::BTreeSet;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail};
use serde::Deserialize;

/// Static, so that it runs on any host image, however old its libraries.
const TARGET: &str = "x86_64-unknown-linux-musl";
/// The profile, in the workspace's Cargo.toml.
const PROFILE: &str = "dist";
/// The compiler of the C parts of the TLS library.
const C_COMPILER: &str = "musl-gcc";
/// Variables of the caller's that would go into the executable.
const MEDDLING: [&str; 6] = [
    "CFLAGS",
    "CFLAGS_x86_64-unknown-linux-musl",
    "CFLAGS_x86_64_unknown_linux_musl",
    "TARGET_CFLAGS",
    "CARGO_INCREMENTAL",
    "RUSTFLAGS",
];

/// The relevant part of `cargo metadata`.
#[derive(Debug, Deserialize)]
struct Metadata {
    target_directory: PathBuf,
    packages: Vec<Package>,
}

#[derive(Debug, Deserialize)]
struct Package {
    manifest_path: PathBuf,
    /// Nothing for the workspace's own.
    source: Option<String>,
}

/// Builds the handler; gives its path.
///
/// # Errors
/// If a tool is missing or fails.
pub(super) fn build_handler(workspace: &Path) -> Result<PathBuf> {
    let in_workspace = |program| {
        let mut command = Command::new(program);
        command.current_dir(workspace);
        command
    };
    run(
        in_workspace("rustup").args(["target", "add", TARGET]),
        "see https://rustup.rs",
    )?;
    let hint = "on Debian and Ubuntu, `apt-get install musl-tools` brings it";
    output(in_workspace(C_COMPILER).arg("--version"), hint)?;

    let metadata = output(
        in_workspace("cargo").args([
            "metadata",
            "--locked",
            "--format-version",
            "1",
            "--filter-platform",
            TARGET,
        ]),
        "",
    )?;
    let metadata: Metadata = serde_json::from_str(&metadata).context("`cargo metadata` answered something else")?;
    let sysroot = output(in_workspace("rustc").args(["--print", "sysroot"]), "")?;
    let version = output(in_workspace("rustc").arg("-vV"), "")?;

    let mut cargo = in_workspace("cargo");
    cargo.args([
        "build",
        "--locked",
        "--package",
        "apicenter-aws-sync",
        "--bin",
        "handler",
    ]);
    cargo.args(["--target", TARGET, "--profile", PROFILE]);
    for name in MEDDLING {
        cargo.env_remove(name);
    }
    // Encoded, since paths may hold spaces. It takes the place of all flags from elsewhere.
    let flags = flags(workspace, &metadata, Path::new(sysroot.trim()), commit(&version)?);
    cargo.env("CARGO_ENCODED_RUSTFLAGS", flags.join("\x1f"));
    run(&mut cargo, "")?;
    Ok(metadata.target_directory.join(TARGET).join(PROFILE).join("handler"))
}

/// The commit that the compiler was built from, out of what `rustc -vV` says.
fn commit(version: &str) -> Result<&str> {
    let commit = version.lines().find_map(|line| line.strip_prefix("commit-hash: "));
    commit.context("`rustc -vV` names no commit")
}

/// The compiler's flags that keep the folders of this machine out of the executable.
fn flags(workspace: &Path, metadata: &Metadata, sysroot: &Path, commit: &str) -> Vec<String> {
    let registries: BTreeSet<&Path> = metadata
        .packages
        .iter()
        .filter(|package| package.source.is_some())
        .filter_map(|package| package.manifest_path.parent()?.parent())
        .collect();
    // The sources of the standard library have this name already where they are not installed.
    let (sources, commit) = (sysroot.join("lib/rustlib/src/rust"), format!("/rustc/{commit}"));
    // Of those that fit, the last one counts: the target folder may be in the workspace.
    let mut mappings = vec![(workspace, "/workspace"), (&metadata.target_directory, "/target")];
    mappings.extend(registries.into_iter().map(|folder| (folder, "/registry")));
    mappings.extend([(sysroot, "/toolchain"), (&sources, &commit)]);
    let mut flags: Vec<String> = mappings
        .into_iter()
        .map(|(from, to)| format!("--remap-path-prefix={}={to}", from.display()))
        .collect();
    // The number that tells debuggers one build from another is of no use without symbols.
    flags.push("-Clink-arg=-Wl,--build-id=none".to_owned());
    flags
}

/// Runs a tool that tells people itself how it gets on.
fn run(command: &mut Command, hint: &str) -> Result<()> {
    let status = command.stdin(Stdio::null()).status();
    let status = status.map_err(|error| not_started(command, &error, hint))?;
    if !status.success() {
        bail!("{} failed: {status}", name(command));
    }
    Ok(())
}

/// Runs a tool for what it writes.
fn output(command: &mut Command, hint: &str) -> Result<String> {
    let output = command.stdin(Stdio::null()).stderr(Stdio::inherit()).output();
    let output = output.map_err(|error| not_started(command, &error, hint))?;
    if !output.status.success() {
        bail!("{} failed: {}", name(command), output.status);
    }
    String::from_utf8(output.stdout).with_context(|| format!("{} wrote no text", name(command)))
}

fn not_started(command: &Command, error: &std::io::Error, hint: &str) -> anyhow::Error {
    match error.kind() {
        ErrorKind::NotFound => anyhow::anyhow!("{} is not installed: {hint}", name(command)),
        _ => anyhow::anyhow!("{} cannot be started: {error}", name(command)),
    }
}

fn name(command: &Command) -> String {
    format!("`{}`", command.get_program().display())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The path after `rustc`'s mappings: the last matching one counts.
    fn mapped(flags: &[String], path: &str) -> String {
        let mappings = flags
            .iter()
            .filter_map(|flag| flag.strip_prefix("--remap-path-prefix=")?.split_once('='));
        mappings
            .rev()
            .find_map(|(from, to)| Some(format!("{to}{}", path.strip_prefix(from)?)))
            .unwrap_or_else(|| path.to_owned())
    }

    #[test]
    fn every_folder_of_the_machine_is_mapped_away() {
        let package = |path: &str, source: Option<&str>| Package {
            manifest_path: path.into(),
            source: source.map(str::to_owned),
        };
        let metadata = Metadata {
            target_directory: "/home/me/my app/target".into(),
            packages: vec![
                package("/home/me/my app/Cargo.toml", None),
                package(
                    "/home/me/.cargo/registry/src/index-1/zip-9.8.1/Cargo.toml",
                    Some("registry"),
                ),
                package("/home/me/vendor/http-1.0.0/Cargo.toml", Some("registry")),
            ],
        };
        let flags = flags(Path::new("/home/me/my app"), &metadata, Path::new("/opt/rust"), "abc");
        let table = [
            ("/home/me/my app/src/lib.rs", "/workspace/src/lib.rs"),
            ("/home/me/my app/target/x/out/a.rs", "/target/x/out/a.rs"),
            (
                "/home/me/.cargo/registry/src/index-1/zip-9.8.1/src/lib.rs",
                "/registry/zip-9.8.1/src/lib.rs",
            ),
            (
                "/home/me/vendor/http-1.0.0/src/lib.rs",
                "/registry/http-1.0.0/src/lib.rs",
            ),
            ("/opt/rust/lib/x.rs", "/toolchain/lib/x.rs"),
            (
                "/opt/rust/lib/rustlib/src/rust/library/core/src/cell.rs",
                "/rustc/abc/library/core/src/cell.rs",
            ),
        ];
        for (path, expected) in table {
            assert_eq!(mapped(&flags, path), expected);
        }
    }

    #[test]
    fn a_missing_tool_is_named_with_what_brings_it() {
        let error = output(&mut Command::new("no-such-compiler"), "`apt-get install it` brings it").unwrap_err();
        assert_eq!(
            error.to_string(),
            "`no-such-compiler` is not installed: `apt-get install it` brings it"
        );
    }
}
