//! The layout of the code: no two files import each other, whether directly or through others.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use crate::application::add_files;

/// The folders of the checked crates.
const CRATES: [&str; 4] = ["src", "sandbox/src", "sandbox/program/src", "xtask/src"];

/// The path of a module in its crate, such as `["api_center", "catalog"]`; it is empty for the crate's own file.
type Module = Vec<String>;

/// The files of a crate by their modules.
type Sources = BTreeMap<Module, String>;

#[test]
fn no_two_files_import_each_other() {
    for folder in CRATES {
        let sources = sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join(folder));
        assert!(!sources.is_empty(), "{folder}");
        assert_eq!(circle(&sources), None, "{folder}");
    }
}

fn module(path: &str) -> Module {
    path.split("::")
        .filter(|name| !name.is_empty())
        .map(str::to_owned)
        .collect()
}

#[test]
fn a_circle_is_found_however_it_is_written() {
    let has_circle = |parent: &str, child: &str| {
        let sources = [
            ("", "mod parent; // use crate::parent"),
            ("parent", parent),
            ("parent::child", child),
        ];
        circle(&sources.map(|(path, text)| (module(path), text.to_owned())).into()).is_some()
    };
    let of_child = "mod child;\nuse self::child::{Kind, Text as Words};";
    for child in [
        "use super::State;",
        "use crate::{other, parent::{self, State}};",
        "fn word() { let _ = '\"'; super::State::new() }",
        "impl<'a> crate::parent::State<'a> {}",
    ] {
        assert!(has_circle(of_child, child), "{child}");
        assert!(has_circle("mod child;\nfn new() -> child::Kind {}", child), "{child}");
        assert!(!has_circle("mod child;", child), "{child}");
    }
    for child in [
        "/// See [`super::State`].\nuse std::io;",
        "const TEXT: &str = r#\"use \"super::State;\"#;",
        "#[cfg(test)]\nmod tests {\n    use super::super::State;\n}",
    ] {
        assert!(!has_circle(of_child, child), "{child}");
    }
}

/// The files of a crate below a folder, without those of tests, which may import what they test.
fn sources(folder: &Path) -> Sources {
    let mut files: Vec<PathBuf> = Vec::new();
    add_files(folder, &mut files);
    let named = files.iter().filter_map(|file| {
        let path = file.strip_prefix(folder).unwrap().with_extension("");
        let mut module: Module = path.iter().map(|name| name.to_str().unwrap().to_owned()).collect();
        // A program beside a library names it as others do.
        let is_program = module == ["main"] && folder.join("lib.rs").exists();
        if is_program || module.contains(&"tests".to_owned()) || file.extension()? != "rs" {
            return None;
        }
        module.retain(|name| name != "lib" && name != "main");
        Some((module, fs::read_to_string(file).unwrap()))
    });
    named.collect()
}

/// Modules that import each other, each the next and the last the first.
fn circle(sources: &Sources) -> Option<Vec<String>> {
    let mut imports: BTreeMap<&Module, BTreeSet<&Module>> = sources
        .keys()
        .map(|module| (module, imports(module, sources)))
        .collect();
    // A module without remaining imports is in no cycle.
    while let Some(&free) = imports.keys().find(|module| imports[*module].is_empty()) {
        imports.remove(free);
        for imported in imports.values_mut() {
            imported.remove(free);
        }
    }
    let mut way = vec![*imports.keys().next()?];
    loop {
        let next = *imports[way.last()?].first()?;
        if let Some(start) = way.iter().position(|module| *module == next) {
            return Some(way[start..].iter().map(|module| module.join("::")).collect());
        }
        way.push(next);
    }
}

/// The paths that a file names in `use` and elsewhere, and those that it passes on by `pub use`.
fn paths(text: &str) -> (Vec<Module>, Vec<Module>) {
    let tokens = tokens(text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default());
    let (mut named, mut passed_on) = (Vec::new(), Vec::new());
    let (mut rest, mut before) = (tokens.as_slice(), "");
    while let [first, after @ ..] = rest {
        rest = match first.as_str() {
            "use" if ["pub", ")"].contains(&before) => tree(after, &[], &mut passed_on),
            "use" => tree(after, &[], &mut named),
            // Of `pub(in crate::room)`, which is about who may see it.
            "in" if before == "(" => tree(after, &[], &mut Vec::new()),
            "mod" => &after[1..],
            _ if after.first().is_some_and(|token| token == "::") => tree(rest, &[], &mut named),
            _ => after,
        };
        before = first;
    }
    (named, passed_on)
}

/// The path from the crate's own file that a path in a module means, if it is one of this crate's.
fn absolute(module: &Module, path: &Module, sources: &Sources) -> Option<Module> {
    let (start, rest) = path.split_first()?;
    let ups = rest.iter().take_while(|name| *name == "super").count();
    let (base, rest) = match start.as_str() {
        "crate" => (&[][..], rest),
        "self" => (module.as_slice(), rest),
        "super" => (module.get(..module.len().checked_sub(1 + ups)?)?, &rest[ups..]),
        _ => {
            let child = [module.as_slice(), path.get(..1)?].concat();
            return sources.contains_key(&child).then(|| [module.as_slice(), path].concat());
        }
    };
    Some([base, rest].concat())
}

/// The file that something is in, wherever it is passed on.
fn home<'a>(full: &Module, sources: &'a Sources) -> Option<&'a Module> {
    let (file, text) = (0..=full.len())
        .rev()
        .find_map(|length| sources.get_key_value(&full[..length]))?;
    let item = full.get(file.len());
    let passed_on = item.and_then(|item| {
        let mut passed_on = paths(text).1.into_iter();
        passed_on.find(|path| path.last() == Some(item))
    });
    match passed_on.and_then(|path| absolute(file, &path, sources)) {
        Some(path) if path != *full => home(&path, sources),
        Some(_) | None => Some(file),
    }
}

/// The other files whose things a file names; a declaration alone names none, and passing on does not either.
fn imports<'a>(module: &Module, sources: &'a Sources) -> BTreeSet<&'a Module> {
    let named = paths(&sources[module]).0;
    let full = named.iter().filter_map(|path| absolute(module, path, sources));
    let files = full.filter_map(|path| home(&path, sources));
    files.filter(|file| *file != module).collect()
}

/// Reads a path, or the tree of an import; returns what comes after it.
fn tree<'a>(tokens: &'a [String], prefix: &[String], paths: &mut Vec<Module>) -> &'a [String] {
    let mut path = prefix.to_vec();
    let mut rest = tokens;
    while let [first, after @ ..] = rest {
        match first.as_str() {
            "::" => rest = after,
            "{" => {
                rest = after;
                while rest.first().is_some_and(|token| token != "}") {
                    rest = tree(rest, &path, paths);
                    while rest.first().is_some_and(|token| token != "}" && token != ",") {
                        rest = &rest[1..];
                    }
                    rest = rest.strip_prefix(&[",".to_owned()]).unwrap_or(rest);
                }
                return rest.get(1..).unwrap_or_default();
            }
            name => {
                path.push(name.to_owned());
                rest = after;
                if rest.first().is_none_or(|token| token != "::") {
                    break;
                }
            }
        }
    }
    paths.push(path);
    rest
}

/// The words and signs of a program without its comments and texts; `::` is one sign.
fn tokens(mut text: &str) -> Vec<String> {
    let mut tokens = Vec::new();
    while let Some(first) = text.chars().next() {
        let is_word = |letter: char| letter.is_alphanumeric() || letter == '_';
        let length = if text.starts_with("//") {
            text.find('\n').unwrap_or(text.len())
        } else if let Some(length) = literal(text) {
            length
        } else {
            let word = text.find(|letter| !is_word(letter)).unwrap_or(text.len());
            let length = if text.starts_with("::") {
                2
            } else {
                word.max(first.len_utf8())
            };
            if !first.is_whitespace() {
                tokens.push(text[..length].to_owned());
            }
            length
        };
        text = &text[length..];
    }
    tokens
}

/// The length of the text or letter in quotation marks that a program begins with.
fn literal(program: &str) -> Option<usize> {
    let (quote, escapes, start) = match program.as_bytes() {
        [b'\'', b'\\', ..] => ("'".to_owned(), true, 1),
        [b'\'', ..] => {
            return (program.chars().nth(2)? == '\'')
                .then(|| 2 + program[1..].chars().next().map_or(0, char::len_utf8));
        }
        [b'"', ..] => ("\"".to_owned(), true, 1),
        [b'r', b'"' | b'#', ..] => {
            let hashes = program[1..].find(|letter| letter != '#')?;
            let start = program[1 + hashes..].starts_with('"').then_some(2 + hashes)?;
            (format!("\"{}", "#".repeat(hashes)), false, start)
        }
        _ => return None,
    };
    let mut end = start;
    while !program[end..].starts_with(&quote) {
        let letter = program[end..].chars().next()?;
        end += letter.len_utf8();
        if escapes && letter == '\\' {
            end += program[end..].chars().next()?.len_utf8();
        }
    }
    Some(end + quote.len())
}
