//! Files of rules: what Suricata says is wrong with them, by their lines.

use std::fs;
use std::io;
use std::path::Path;

/// A file of rules, as Atoll tells it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuleFile {
    pub file: String,
    pub text: String,
}

const MAX_NAME: usize = 64;
/// Of a reason, in characters.
const MAX_REASON: usize = 300;
const MAX_PROBLEMS: usize = 20;

/// Whether a name stays in its folder.
pub fn is_good_name(name: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    name.len() <= MAX_NAME && name.ends_with(".rules") && !name.starts_with('.') && name.chars().all(is_plain)
}

/// The folder has these files afterwards, and no others. One that reads it meanwhile finds of each that stays its old text or its
/// new one: Suricata may still read the rules of the state before, and rules that it does not find drop nothing.
pub fn write(folder: &Path, files: &[RuleFile]) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let good: Vec<&RuleFile> = files.iter().filter(|file| is_good_name(&file.file)).collect();
    // No name of rules.
    let new = folder.join("new");
    for file in &good {
        // A rule may go over several lines, and the last line may have no end.
        fs::write(&new, format!("{}\n", file.text))?;
        fs::rename(&new, folder.join(&file.file))?;
    }
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if !good.iter().any(|file| entry.file_name() == *file.file) {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

/// What Suricata complains of while it reads rules: `FILE, line N: why`.
pub fn problems(output: &str) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    let mut reason = "";
    for line in output.lines() {
        let Some((_, place)) = line.rsplit_once(" from file ") else {
            // Why comes before where.
            if let Some(message) = message_of(line) {
                reason = message;
            }
            continue;
        };
        let Some((file, number)) = place.rsplit_once(" at line ") else { continue };
        let name = file.rsplit('/').next().unwrap_or(file);
        let digits: String = number.chars().take_while(char::is_ascii_digit).collect();
        if digits.is_empty() {
            continue;
        }
        let why = if reason.is_empty() { "it is no rule" } else { reason };
        let text: String = format!("{name}, line {digits}: {why}").chars().take(MAX_REASON).collect();
        if all.len() < MAX_PROBLEMS {
            all.push(text);
        }
        reason = "";
    }
    all
}

/// What an error says, without its level and the part of Suricata that says it.
fn message_of(line: &str) -> Option<&str> {
    let message = line.strip_prefix("E: ").or_else(|| line.strip_prefix("Error: "))?;
    Some(message.split_once(": ").map_or(message, |(_, rest)| rest).trim())
}

/// Whether nothing is looked for: Suricata calls that an error where it is only asked to read them.
pub fn are_none(files: &[RuleFile]) -> bool {
    let is_rule = |line: &str| !line.trim().is_empty() && !line.trim_start().starts_with('#');
    !files.iter().any(|file| file.text.lines().any(is_rule))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::thread;

    #[test]
    fn says_what_is_wrong_by_file_and_line() {
        let output = "\
i: suricata: This is Suricata version 7.0.10 RELEASE running in SYSTEM mode
E: detect-parse: unknown rule keyword 'contnt'.
E: detect: error parsing signature \"alert tcp any any -> any any (msg:\"y\"; contnt:\"a from file x at line 9\"; sid:2;)\" from file /run/scan/candidate/own.rules at line 4
E: detect: error parsing signature \"nonsense\" from file /run/scan/candidate/b.rules at line 12
E: suricata: Loading signatures failed.
";
        assert_eq!(
            problems(output),
            ["own.rules, line 4: unknown rule keyword 'contnt'.", "b.rules, line 12: it is no rule"]
        );
        assert_eq!(problems("i: all is well\n from file a\n from file b at line c"), [] as [&str; 0]);
        assert_eq!(problems(&"E: x from file a at line 1\n".repeat(100)).len(), MAX_PROBLEMS);
    }

    #[test]
    fn rules_that_stay_are_there_while_others_are_written() {
        let folder = std::env::temp_dir().join(format!("atoll-rules-{}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        let file = |file: &str, text: &str| RuleFile { file: file.to_owned(), text: text.to_owned() };
        write(&folder, &[file("atoll.rules", "a"), file("old.rules", "b")]).unwrap();
        let read = folder.clone();
        let is_done = Arc::new(AtomicBool::new(false));
        let ends = Arc::clone(&is_done);
        let reader = thread::spawn(move || {
            while !ends.load(Ordering::Relaxed) {
                assert!(["a\n", "c\n"].contains(&fs::read_to_string(read.join("atoll.rules")).unwrap().as_str()));
            }
        });
        for _ in 0..500 {
            write(&folder, &[file("atoll.rules", "c"), file("own.rules", "d"), file("../x.rules", "e")]).unwrap();
        }
        is_done.store(true, Ordering::Relaxed);
        reader.join().unwrap();
        let mut names: Vec<_> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        assert_eq!(names, ["atoll.rules", "own.rules"]);
        fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn comments_are_no_rules() {
        let files = |text: &str| [RuleFile { file: "a.rules".to_owned(), text: text.to_owned() }];
        for text in ["", "\n # a\n#b\n"] {
            assert!(are_none(&files(text)), "{text}");
        }
        assert!(!are_none(&files("# a\n alert ip any any -> any any (sid:1;)")));
        assert!(are_none(&[]));
    }

    #[test]
    fn names_of_files_stay_in_their_folder() {
        for name in ["own.rules", "a-b_1.rules"] {
            assert!(is_good_name(name), "{name}");
        }
        for name in [
            "",
            ".rules",
            "own",
            "../a.rules",
            "a/b.rules",
            "a b.rules",
            "a\n.rules",
            &format!("{}.rules", "a".repeat(64)),
        ] {
            assert!(!is_good_name(name), "{name}");
        }
    }
}
