mod walks;

use std::collections::{BTreeMap, BTreeSet};

use super::*;
use walks::Exceptions;

/// What may lie in the staged folder besides: both tools leave it out.
const SETTINGS_OF_A_LOCAL_RUN: &str = "local.settings.json";

fn workspace() -> &'static Path {
    Path::new(crate::WORKSPACE)
}

/// All files of the checkout as it is, but what was built.
fn files() -> BTreeSet<String> {
    let files = walks::files(workspace(), &|path, is_folder| {
        !(is_folder && ["target", "dist", ".git", "fuzz/target"].contains(&path))
    });
    assert!(files.contains("Cargo.toml") && files.contains(".ci/run"), "{files:?}");
    files
}

fn published() -> BTreeSet<String> {
    FILES.into_iter().chain([HANDLER]).map(str::to_owned).collect()
}

/// Stages a handler; returns the folder, which goes with what keeps it.
fn staged() -> (tempfile::TempDir, std::path::PathBuf) {
    let temporary = tempfile::tempdir().unwrap();
    let (handler, folder) = (
        temporary.path().join("built"),
        temporary.path().join("dist/function-app"),
    );
    fs::write(&handler, "ELF").unwrap();
    fs::create_dir_all(folder.join("function-old")).unwrap();
    fs::write(folder.join("function-old/function.json"), "{}").unwrap();
    stage(workspace(), &handler, &folder).unwrap();
    (temporary, folder)
}

#[test]
#[expect(clippy::print_stdout, reason = "for people to read what is sent")]
fn the_staged_folder_as_azd_and_as_func_walk_it_is_what_is_in_the_zip() {
    let (_temporary, folder) = staged();
    fs::write(folder.join(SETTINGS_OF_A_LOCAL_RUN), "{}").unwrap();
    let is_what_is_in_the_zip = |tool: &str, files: &BTreeSet<String>| {
        println!("{tool} sends {files:?}");
        assert_eq!(files, &published(), "{tool}");
    };
    is_what_is_in_the_zip("azd", &walks::azd(&folder, Exceptions::Kept));
    is_what_is_in_the_zip("azd before 1.23.13", &walks::azd(&folder, Exceptions::LeftOut));
    is_what_is_in_the_zip("func", &walks::func(&folder));
}

/// Why there is no such file.
#[test]
fn an_ignore_file_with_exceptions_would_cost_the_functions_under_azd() {
    let (_temporary, folder) = staged();
    let text = "# All but these.\n/*\n!/host.json\n!/handler\n!/function-http/\n!/function-timer/\n";
    fs::write(folder.join(".funcignore"), text).unwrap();
    let left = walks::azd(&folder, Exceptions::Kept);
    assert_eq!(left, ["handler", "host.json"].map(str::to_owned).into());
    assert_eq!(walks::azd(&folder, Exceptions::LeftOut), BTreeSet::new());

    fs::write(folder.join(".funcignore"), "*.json\nfunction-http/function.*\n").unwrap();
    let left = walks::azd(&folder, Exceptions::Kept);
    assert_eq!(left, ["handler"].map(str::to_owned).into());
}

#[test]
fn no_ignore_file_of_the_checkout_makes_exceptions() {
    let files = files();
    let ignoring = files.iter().filter(|file| file.ends_with("ignore"));
    let exceptions: BTreeMap<&String, Vec<String>> = ignoring
        .map(|file| {
            let text = fs::read_to_string(workspace().join(file)).unwrap();
            let lines = text.lines().filter(|line| line.starts_with('!'));
            (file, lines.map(str::to_owned).collect())
        })
        .collect();
    assert!(exceptions.keys().any(|file| *file == ".gitignore"), "{exceptions:?}");
    assert!(exceptions.values().all(Vec::is_empty), "{exceptions:?}");
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
fn the_staged_folder_holds_what_is_in_the_zip_and_nothing_of_before() {
    let (_temporary, folder) = staged();
    let mode = |name: &str| fs::metadata(folder.join(name)).unwrap().permissions().mode() & 0o777;
    let staged: BTreeSet<(String, u32)> = walks::files(&folder, &|_, _| true)
        .into_iter()
        .map(|name| (name.clone(), mode(&name)))
        .collect();
    let mut expected: BTreeSet<(String, u32)> = FILES.iter().map(|&file| (file.to_owned(), 0o644)).collect();
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
