use std::collections::BTreeSet;

use ignore::WalkBuilder;
use ignore::gitignore::{Gitignore, GitignoreBuilder};

use super::*;

/// What may lie about in a checkout beside what is in it now.
const LITTER: [&str; 9] = [
    "handler",
    "local.settings.json",
    "azurite/__azurite_db_blob__.json",
    "dist/function-app/handler",
    "dist/function-app/host.json",
    "key.pem",
    "sandbox.json",
    "sandbox/function-http/function.json",
    "target/release/handler",
];

fn workspace() -> &'static Path {
    Path::new(crate::WORKSPACE)
}

/// All files of the checkout as it is, but what was built, and the litter.
fn files() -> BTreeSet<String> {
    let walk = WalkBuilder::new(workspace())
        .standard_filters(false)
        .filter_entry(|entry| !["target", ".git"].map(Some).contains(&entry.file_name().to_str()))
        .build();
    let files = walk
        .map(Result::unwrap)
        .filter(|entry| entry.file_type().unwrap().is_file());
    let path = |path: &Path| path.strip_prefix(workspace()).unwrap().to_str().unwrap().to_owned();
    let mut files: BTreeSet<String> = files.map(|entry| path(entry.path())).collect();
    assert!(files.contains("Cargo.toml") && files.contains(".ci/run"), "{files:?}");
    files.extend(LITTER.map(str::to_owned));
    files
}

fn published() -> BTreeSet<String> {
    FILES.into_iter().chain([HANDLER]).map(str::to_owned).collect()
}

fn patterns() -> String {
    fs::read_to_string(workspace().join(IGNORE_FILE)).unwrap()
}

#[test]
fn the_ignore_file_read_as_git_does_leaves_what_is_in_the_zip() {
    let mut builder = GitignoreBuilder::new("");
    for line in patterns().lines() {
        builder.add_line(None, line).unwrap();
    }
    let ignored: Gitignore = builder.build().unwrap();
    let mut left = files();
    left.retain(|file| !ignored.matched_path_or_any_parents(file, false).is_ignore());
    assert_eq!(left, published());
}

/// The Functions tools take patterns for beginnings of paths, drop a leading slash, and let exceptions win in any order.
#[test]
fn the_ignore_file_read_as_the_functions_tools_do_leaves_what_is_in_the_zip() {
    let text = patterns();
    let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let (exceptions, ignored): (Vec<&str>, Vec<&str>) = lines.partition(|line| line.starts_with('!'));
    assert_eq!(
        ignored,
        ["/*"],
        "any other pattern would have to be matched here as well"
    );
    let mut left = files();
    left.retain(|file| {
        exceptions
            .iter()
            .any(|line| file.starts_with(line.trim_start_matches(['!', '/'])))
    });
    assert_eq!(left, published());
}

#[test]
fn what_is_published_is_what_the_functions_host_needs() {
    let host: serde_json::Value = serde_json::from_slice(&fs::read(workspace().join("host.json")).unwrap()).unwrap();
    assert_eq!(host["customHandler"]["description"]["defaultExecutablePath"], HANDLER);
    let functions: BTreeSet<String> = files()
        .into_iter()
        .filter(|file| file.ends_with("/function.json") && file.matches('/').count() == 1)
        .collect();
    let published: BTreeSet<String> = FILES[..2].iter().map(|&file| file.to_owned()).collect();
    assert_eq!(functions, published);
}

#[test]
fn the_staged_folder_holds_what_is_in_the_zip_and_the_ignore_file_and_nothing_of_before() {
    let temporary = tempfile::tempdir().unwrap();
    let (handler, folder) = (
        temporary.path().join("built"),
        temporary.path().join("dist/function-app"),
    );
    fs::write(&handler, "ELF").unwrap();
    fs::create_dir_all(folder.join("function-old")).unwrap();
    fs::write(folder.join("function-old/function.json"), "{}").unwrap();

    stage(workspace(), &handler, &folder).unwrap();

    let walk = WalkBuilder::new(&folder).standard_filters(false).build();
    let files = walk
        .map(Result::unwrap)
        .filter(|entry| entry.file_type().unwrap().is_file());
    let staged: BTreeSet<(String, u32)> = files
        .map(|entry| {
            let name = entry.path().strip_prefix(&folder).unwrap().to_str().unwrap().to_owned();
            (name, entry.metadata().unwrap().permissions().mode() & 0o777)
        })
        .collect();
    let mut expected: BTreeSet<(String, u32)> = FILES.iter().map(|&file| (file.to_owned(), 0o644)).collect();
    expected.insert((IGNORE_FILE.to_owned(), 0o644));
    expected.insert((HANDLER.to_owned(), 0o755));
    assert_eq!(staged, expected);

    let names: BTreeSet<String> = read_entries(&folder)
        .unwrap()
        .iter()
        .map(|entry| entry.name.to_owned())
        .collect();
    assert_eq!(names, published());
}

#[test]
fn a_missing_file_is_named() {
    let temporary = tempfile::tempdir().unwrap();
    let error = stage(temporary.path(), Path::new("handler"), &temporary.path().join("app")).unwrap_err();
    assert!(
        format!("{error:#}").contains("function-http/function.json"),
        "{error:#}"
    );
}
