//! How the tools that publish a folder walk it, by their documentation and behaviour: which files they send.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// Every file below a folder that is kept; `keeps` is asked for each path, with whether that is a folder.
pub(super) fn files(folder: &Path, keeps: &dyn Fn(&str, bool) -> bool) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    walk(folder, "", keeps, &mut found);
    found
}

fn walk(folder: &Path, prefix: &str, keeps: &dyn Fn(&str, bool) -> bool, found: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let path = format!("{prefix}{}", entry.file_name().to_str().unwrap());
        let is_folder = entry.file_type().unwrap().is_dir();
        if !keeps(&path, is_folder) {
            // A folder that is left out is not entered again, whatever else names something in it.
        } else if is_folder {
            walk(&entry.path(), &format!("{path}/"), keeps, found);
        } else {
            found.insert(path);
        }
    }
}

fn name(path: &str) -> &str {
    path.rsplit('/').next().unwrap()
}

/// What a release of azd takes a pattern with `!` for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Exceptions {
    /// For an exception.
    Kept,
    /// Before 1.23.13: for one more pattern of what is left out.
    LeftOut,
}

/// A line of `.funcignore` as azd reads it.
#[derive(Debug)]
struct Pattern<'a> {
    exception: bool,
    anchored: bool,
    folders_only: bool,
    text: &'a str,
}

impl<'a> Pattern<'a> {
    fn parse(line: &'a str) -> Self {
        let (exception, line) = line.strip_prefix('!').map_or((false, line), |rest| (true, rest));
        let (anchored, line) = line.strip_prefix('/').map_or((false, line), |rest| (true, rest));
        let (folders_only, text) = line.strip_suffix('/').map_or((false, line), |rest| (true, rest));
        Self {
            exception,
            anchored,
            folders_only,
            text,
        }
    }

    fn matches(&self, path: &str, is_folder: bool) -> bool {
        let of_a_path = self.text.contains('/');
        let subject = if self.anchored || of_a_path { path } else { name(path) };
        // In a pattern without a slash, azd lets `*` stand for slashes as well: `/*` matches `folder/file`.
        (is_folder || !self.folders_only) && wildcard(self.text.as_bytes(), subject.as_bytes(), !of_a_path)
    }
}

fn wildcard(pattern: &[u8], subject: &[u8], across_slashes: bool) -> bool {
    match (pattern, subject) {
        ([], _) => subject.is_empty(),
        ([b'*', rest @ ..], _) => {
            wildcard(rest, subject, across_slashes)
                || matches!(subject, [first, others @ ..]
                    if (across_slashes || *first != b'/') && wildcard(pattern, others, across_slashes))
        }
        ([first, rest @ ..], [other, others @ ..]) => first == other && wildcard(rest, others, across_slashes),
        (_, []) => false,
    }
}

/// What azd zips when `dist` is a folder: the last pattern that matches decides.
pub(super) fn azd(folder: &Path, exceptions: Exceptions) -> BTreeSet<String> {
    let text = fs::read_to_string(folder.join(".funcignore")).unwrap_or_default();
    let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let patterns: Vec<Pattern<'_>> = lines.map(Pattern::parse).collect();
    files(folder, &|path, is_folder| {
        let always_left_out = match name(path) {
            ".azure" => is_folder,
            ".funcignore" | "local.settings.json" => !is_folder,
            _ => false,
        };
        let last = patterns.iter().rev().find(|pattern| pattern.matches(path, is_folder));
        !always_left_out && last.is_none_or(|last| last.exception && exceptions == Exceptions::Kept)
    })
}

/// What `func azure functionapp publish` zips of a folder without `.funcignore`.
pub(super) fn func(folder: &Path) -> BTreeSet<String> {
    assert!(!folder.join(".funcignore").exists(), "func reads it in its own way");
    files(folder, &|path, is_folder| {
        if is_folder {
            ![".git", ".vscode"].contains(&name(path))
        } else {
            ![".gitignore", "local.settings.json", "project.lock.json"].contains(&name(path))
        }
    })
}
