//! The type of a file, by its name and content, as the guest's shared-mime-info says.

use std::path::Path;

use xdg_mime::SharedMimeInfo;

use super::target::Target;

pub const FOLDER: &str = "inode/directory";
const UNKNOWN: &str = "application/octet-stream";

/// The guest's database of types. Loading it takes a moment.
pub struct Types(SharedMimeInfo);

impl Types {
    pub fn load() -> Self {
        Self(SharedMimeInfo::new())
    }

    /// Of a link: `x-scheme-handler/SCHEME`.
    pub fn of(&self, target: &Target) -> String {
        match target {
            Target::Url(url) => {
                let scheme = url.split(':').next().unwrap_or_default();
                format!("x-scheme-handler/{}", scheme.to_ascii_lowercase())
            }
            Target::File(path) => self.of_file(path),
        }
    }

    fn of_file(&self, path: &Path) -> String {
        if path.is_dir() {
            return FOLDER.to_owned();
        }
        let guess = self.0.guess_mime_type().path(path).guess();
        let name = guess.mime_type().essence_str();
        if name.is_empty() { UNKNOWN.to_owned() } else { name.to_owned() }
    }

    /// The type and those that it is a kind of, the nearest first.
    pub fn with_parents(&self, name: &str) -> Vec<String> {
        let mut all = vec![name.to_owned()];
        let mut at = 0;
        while let Some(next) = all.get(at).cloned() {
            at += 1;
            let Ok(kind) = next.parse() else { continue };
            let canonical = self.0.unalias_mime_type(&kind).map(|kind| kind.essence_str().to_owned());
            let parents = self.0.get_parents(&kind).unwrap_or_default();
            for more in canonical.into_iter().chain(parents.iter().map(|kind| kind.essence_str().to_owned())) {
                // Every type is a kind of this one, and a program for it is a program for nothing.
                if more != UNKNOWN && !all.contains(&more) {
                    all.push(more);
                }
            }
        }
        all
    }
}
