//! Landlock: from here on this process sees no more of the file system than it needs.

use std::path::PathBuf;

use landlock::{
    ABI, Access, AccessFs, CompatLevel, Compatible, PathBeneath, PathFd, Ruleset, RulesetAttr, RulesetCreatedAttr,
    RulesetError,
};

/// Linux 6.2. What an older kernel does not know is left out.
const LANDLOCK: ABI = ABI::V3;

/// Nothing happens where nothing is given. A path that does not exist is not seen either.
///
/// # Errors
/// The kernel's, but not that it has no Landlock.
pub fn confine(reads: &[PathBuf], writes: &[PathBuf]) -> Result<(), RulesetError> {
    if reads.is_empty() && writes.is_empty() {
        return Ok(());
    }
    let (read, all) = (AccessFs::from_read(LANDLOCK), AccessFs::from_all(LANDLOCK));
    let mut rules = Ruleset::default().set_compatibility(CompatLevel::BestEffort).handle_access(all)?.create()?;
    for (paths, access) in [(reads, read), (writes, all)] {
        for path in paths {
            if let Ok(path) = PathFd::new(path) {
                rules = rules.add_rule(PathBeneath::new(path, access))?;
            }
        }
    }
    rules.restrict_self().map(|_| ())
}
