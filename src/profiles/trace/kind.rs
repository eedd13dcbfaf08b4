//! Detects files that are not traces, so that the error can name their kind.

/// The kind of file that begins with `head`, and what to do instead. `None` = it may be a trace.
pub(super) fn of_no_trace(head: &[u8]) -> Option<(&'static str, &'static str)> {
    const TEXT: &str = "write a trace as text: one sample per line";
    const CONVERT: &str = "unpack it or convert it to text: one sample per line";
    if let Some((_, kind)) = MAGIC.iter().find(|(magic, _)| head.starts_with(magic)) {
        let hint = match *kind {
            "a binary property list" => "convert it with `plutil -convert xml1`",
            "text in UTF-16" => "convert it to UTF-8",
            _ => CONVERT,
        };
        return Some((kind, hint));
    }
    if head.iter().take(4096).any(|byte| *byte == 0) {
        return Some(("a binary file", CONVERT));
    }
    let text = String::from_utf8_lossy(head.get(..head.len().min(8192)).unwrap_or_default());
    let text = text.trim_start_matches('\u{feff}').trim_start();
    let lower = text.get(..text.len().min(512)).unwrap_or(text).to_ascii_lowercase();
    let first = text.lines().next().unwrap_or_default();
    Some(match () {
        () if lower.starts_with("<!doctype html") || lower.starts_with("<html") => {
            ("an HTML page", "save the data itself, not the page that shows it")
        }
        () if lower.starts_with("<!doctype plist") || lower.contains("<plist") => (
            "a property list (plist)",
            "import a file of Network Link Conditioner with `vsps profiles import`",
        ),
        () if lower.starts_with("<mpd") || lower.contains("<mpd ") => ("a DASH manifest", TEXT),
        () if lower.starts_with('<') => ("an XML file", TEXT),
        () if text.starts_with("#EXTM3U") => ("an HLS playlist", TEXT),
        () if text.starts_with("version https://git-lfs") => {
            ("a pointer of Git LFS", "fetch the file itself with `git lfs pull`")
        }
        () if first.starts_with("#!") && first.contains("python") => ("a Python script", TEXT),
        () if first.starts_with("#!") || is_shell(text) => {
            ("a shell script", "write its rates as steps: `1200x30, 800x30` is kbit/s times s")
        }
        () if is_javascript(text) => (
            "JavaScript",
            "save its list of periods as JSON: `[{\"speed\": 1200, \"duration\": 30}, ..]`",
        ),
        () if is_python(text) => ("a Python script", TEXT),
        () if is_profile(text) => ("a profile already", "use it as it is: `--profile FILE.toml`"),
        () if first.starts_with('[') && first.trim_end().ends_with(']') && is_section(first) => {
            ("an ini file", "import WebPageTest's connectivity.ini with `vsps profiles import`")
        }
        () if first.trim_end() == "---" || first.starts_with("%YAML") => ("a YAML file", TEXT),
        () if first.starts_with("{\\rtf") => ("a rich text document", TEXT),
        () => return None,
    })
}

/// First bytes of some kinds of files.
const MAGIC: [(&[u8], &str); 20] = [
    (b"bplist0", "a binary property list"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"PK\x03\x04", "a ZIP archive, or a spreadsheet"),
    (b"BZh", "a bzip2 archive"),
    (b"\xfd7zXZ", "an xz archive"),
    (b"\x28\xb5\x2f\xfd", "a zstd archive"),
    (b"7z\xbc\xaf", "a 7z archive"),
    (b"\xd4\xc3\xb2\xa1", "a packet capture (pcap)"),
    (b"\xa1\xb2\xc3\xd4", "a packet capture (pcap)"),
    (b"\x4d\x3c\xb2\xa1", "a packet capture (pcap)"),
    (b"\x0a\x0d\x0d\x0a", "a packet capture (pcapng)"),
    (b"\x89PNG", "a picture (PNG)"),
    (b"\xff\xd8\xff", "a picture (JPEG)"),
    (b"%PDF", "a PDF document"),
    (b"SQLite format 3", "an SQLite database"),
    (b"PAR1", "a Parquet file"),
    (b"\x89HDF", "an HDF5 file"),
    (b"\x7fELF", "a program"),
    (b"\xff\xfe", "text in UTF-16"),
    (b"\xfe\xff", "text in UTF-16"),
];

/// The lines that are not blank and not comments.
fn lines(text: &str) -> impl Iterator<Item = &str> {
    let comment = |line: &&str| !line.is_empty() && !line.starts_with('#');
    text.lines().map(str::trim).filter(comment).take(40)
}

fn is_shell(text: &str) -> bool {
    let commands =
        ["tc qdisc", "tc class", "tc filter", "sudo tc ", "ipfw ", "dnctl ", "ip link ", "sysctl "];
    lines(text).any(|line| commands.iter().any(|command| line.starts_with(command)))
}

fn is_javascript(text: &str) -> bool {
    let starts = [
        "const ",
        "let ",
        "var ",
        "function",
        "export ",
        "module.exports",
        "exports.",
        "import {",
        "\"use strict\"",
        "'use strict'",
        "//",
        "/*",
        "(function",
        "!function",
        "(()",
        "async function",
        "class ",
        "require(",
    ];
    lines(text).take(1).any(|line| starts.iter().any(|start| line.starts_with(start)))
}

fn is_python(text: &str) -> bool {
    let starts = ["import ", "from ", "def ", "class ", "\"\"\"", "if __name__"];
    lines(text).take(1).any(|line| starts.iter().any(|start| line.starts_with(start)))
}

fn is_profile(text: &str) -> bool {
    lines(text).any(|line| {
        line.starts_with("[downlink]")
            || line.starts_with("summary =")
            || line.starts_with("summary=")
    })
}

/// `[3G]`, not `[1, 2]`.
fn is_section(line: &str) -> bool {
    !line.contains([',', '{', '"', ':'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_named_for_what_they_are() {
        for (head, kind) in [
            (&b"const NETWORK = [{speed: 1, duration: 2}];"[..], "JavaScript"),
            (b"/*! dash.js */!function(e,t){}", "JavaScript"),
            (b"<!DOCTYPE html>\n<html>", "an HTML page"),
            (b"<?xml version=\"1.0\"?>\n<plist version=\"1.0\">", "a property list (plist)"),
            (b"<?xml version=\"1.0\"?>\n<gpx>", "an XML file"),
            (b"#EXTM3U\n", "an HLS playlist"),
            (b"#!/bin/sh\ntc qdisc add dev eth0 root netem delay 100ms", "a shell script"),
            (b"# slow\nsudo tc qdisc add dev eth0 root tbf rate 1mbit", "a shell script"),
            (b"#!/usr/bin/env python3\n", "a Python script"),
            (b"import os\n", "a Python script"),
            (b"\x1f\x8b\x08\x00", "a gzip archive"),
            (b"PK\x03\x04", "a ZIP archive, or a spreadsheet"),
            (b"\xd4\xc3\xb2\xa1\x02\x00", "a packet capture (pcap)"),
            (b"1,2\x00\x01", "a binary file"),
            (b"[3G]\nlabel=\"3G\"\n", "an ini file"),
            (b"summary = \"a\"\n[downlink]\n", "a profile already"),
            (b"version https://git-lfs.github.com/spec/v1\n", "a pointer of Git LFS"),
            (b"bplist00\xd1", "a binary property list"),
        ] {
            assert_eq!(of_no_trace(head).map(|(kind, _)| kind), Some(kind));
        }
    }

    #[test]
    fn traces_are_left_alone() {
        for head in [
            "1\n2\n",
            "0 1.2\n1 1.3\n",
            "[{\"duration_ms\": 1}]",
            "[\n  {\"speed\": 1}",
            "time,rate_kbps\n0,1\n",
            "1200x30, 800x30\n",
            "# made up\n1200x30\n",
            "0.57,Mbits/sec\n",
            "[  5]   0.00-1.00   sec  1 MBytes  8 Mbits/sec\n",
            "{\"start\":{}}",
        ] {
            assert_eq!(of_no_trace(head.as_bytes()), None, "{head}");
        }
    }
}
