//! Zips that depend on nothing but what is in them.

use std::io::{Cursor, Write as _};

use anyhow::{Context as _, Result};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, System, ZipWriter};

/// The best that deflate offers. Its size is paid for at every start in the cloud, its time once.
const COMPRESSION_LEVEL: i64 = 9;

/// One file in a zip.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub name: &'static str,
    pub content: Vec<u8>,
    pub executable: bool,
}

/// Makes a zip: sorted, in the year 1980, with Unix modes, with no extra fields and no folders of their own.
///
/// # Errors
/// If two entries have the same name.
pub(super) fn zip(mut entries: Vec<Entry>) -> Result<Vec<u8>> {
    entries.sort_by_key(|entry| entry.name);
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for entry in entries {
        let options = SimpleFileOptions::default()
            .system(System::Unix)
            .unix_permissions(if entry.executable { 0o755 } else { 0o644 })
            .last_modified_time(DateTime::DEFAULT)
            .compression_method(CompressionMethod::Deflated)
            .compression_level(Some(COMPRESSION_LEVEL));
        writer
            .start_file(entry.name, options)
            .and_then(|()| Ok(writer.write_all(&entry.content)?))
            .with_context(|| format!("adding {} to the zip failed", entry.name))?;
    }
    Ok(writer.finish().context("finishing the zip failed")?.into_inner())
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use zip::ZipArchive;

    use super::*;

    fn entries() -> Vec<Entry> {
        let entry = |name, content: &str, executable| Entry {
            name,
            content: content.repeat(1000).into_bytes(),
            executable,
        };
        vec![
            entry("host.json", "{}", false),
            entry("handler", "ELF", true),
            entry("function-http/function.json", "[]", false),
        ]
    }

    #[test]
    fn entries_are_sorted_with_modes_a_fixed_time_and_nothing_more() {
        let bytes = zip(entries()).unwrap();
        let mut archive = ZipArchive::new(Cursor::new(&bytes)).unwrap();
        let mut seen = Vec::new();
        for index in 0..archive.len() {
            let mut file = archive.by_index(index).unwrap();
            let mut content = String::new();
            file.read_to_string(&mut content).unwrap();
            assert_eq!(file.last_modified(), Some(DateTime::DEFAULT));
            assert_eq!(file.compression(), CompressionMethod::Deflated);
            assert_eq!(file.extra_data().unwrap_or_default(), b"");
            assert_eq!(file.comment(), "");
            seen.push((file.name().unwrap().to_string(), file.unix_mode().unwrap(), content));
        }
        let expected = [
            ("function-http/function.json", 0o100_644, "[]"),
            ("handler", 0o100_755, "ELF"),
            ("host.json", 0o100_644, "{}"),
        ];
        let expected = expected.map(|(name, mode, content)| (name.to_owned(), mode, content.repeat(1000)));
        assert_eq!(seen, expected);
    }

    #[test]
    fn the_modes_count_since_the_zip_says_it_was_made_on_unix() {
        let bytes = zip(entries()).unwrap();
        let central: Vec<&[u8]> = bytes
            .windows(46)
            .filter(|window| window.starts_with(b"PK\x01\x02"))
            .collect();
        assert_eq!(central.len(), 3);
        for header in central {
            assert_eq!(header[5], 3, "made by");
            assert_eq!(header[30..32], [0, 0], "length of the extra field");
        }
        for window in bytes.windows(30).filter(|window| window.starts_with(b"PK\x03\x04")) {
            assert_eq!(window[28..30], [0, 0], "length of the extra field");
        }
    }

    #[test]
    fn the_order_of_the_files_makes_no_difference() {
        let mut reversed = entries();
        reversed.reverse();
        assert_eq!(zip(entries()).unwrap(), zip(reversed).unwrap());
    }

    #[test]
    fn a_name_that_is_there_twice_is_refused() {
        let mut twice = entries();
        twice.extend(entries());
        assert!(zip(twice).is_err());
    }
}
