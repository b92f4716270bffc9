//! The type of a file, by its name and content, as the guest's shared-mime-info says.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use xdg_mime::SharedMimeInfo;

use super::target::Target;
use crate::apps;

pub const FOLDER: &str = "inode/directory";
const UNKNOWN: &str = "application/octet-stream";
/// Of content that could not be read, too.
const EMPTY: &str = "application/x-zerosize";
const TEXT: &str = "text/plain";

/// The database of types, which is kept: reading it takes a second in an emulated guest.
#[derive(Default)]
pub struct KnownTypes(Mutex<Option<(Version, Arc<Types>)>>);

/// When the database of each folder was made. Another one takes its place by rename.
type Version = Vec<(PathBuf, Option<SystemTime>)>;

impl KnownTypes {
    /// Reads the database where it has changed since the last time.
    pub fn current(&self) -> Arc<Types> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let version = version();
        match &*known {
            Some((read, types)) if *read == version => Arc::clone(types),
            _ => {
                let types = Arc::new(Types::load());
                *known = Some((version, Arc::clone(&types)));
                types
            }
        }
    }
}

impl std::fmt::Debug for KnownTypes {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("KnownTypes")
    }
}

fn version() -> Version {
    let folders = apps::folders().into_iter().filter_map(|folder| Some(folder.parent()?.join("mime")));
    let of = |folder: PathBuf| {
        let changed = fs::metadata(&folder).and_then(|metadata| metadata.modified()).ok();
        (folder, changed)
    };
    folders.map(of).collect()
}

/// The guest's database of types.
pub struct Types(SharedMimeInfo);

impl Types {
    fn load() -> Self {
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
        // Nothing of an empty file says what it is but its name. Without one it is a text that is to be written.
        if path.metadata().is_ok_and(|file| file.is_file() && file.len() == 0) {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            let known =
                self.0.get_mime_types_from_file_name(&name).into_iter().map(|kind| kind.essence_str().to_owned());
            return known.into_iter().find(|kind| kind != UNKNOWN).unwrap_or_else(|| TEXT.to_owned());
        }
        let guess = self.0.guess_mime_type().path(path).guess();
        let name = guess.mime_type().essence_str();
        if name.is_empty() || name == EMPTY { UNKNOWN.to_owned() } else { name.to_owned() }
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
