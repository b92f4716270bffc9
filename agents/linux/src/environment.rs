//! The environment variables of the programs that the agent starts.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

use raw_cpuid::{CpuId, Hypervisor};

use crate::error::AgentError;
use crate::session_variables::{COMMANDS, DATA, DATA_FOLDERS, SESSION};

/// Not passed on: they would lead programs to another session, or are meant for the agent alone.
const REMOVED: [&str; 5] = ["GDK_BACKEND", "WAYLAND_SOCKET", "DISPLAY", "ATOLL_LOG", "ATOLL_CLOCK"];

#[derive(Debug)]
pub struct Environment {
    variables: BTreeMap<OsString, OsString>,
    runtime: PathBuf,
}

impl Environment {
    /// # Errors
    /// `NoRuntimeDir`.
    pub fn new(wayland_display: OsString) -> Result<Self, AgentError> {
        let runtime = PathBuf::from(env::var_os("XDG_RUNTIME_DIR").ok_or(AgentError::NoRuntimeDir)?);
        let mut variables: BTreeMap<_, _> = env::vars_os().collect();
        for name in REMOVED {
            variables.remove(OsStr::new(name));
        }
        for (name, value) in SESSION {
            variables.insert(name.into(), value.into());
        }
        variables.insert("WAYLAND_DISPLAY".into(), wayland_display);
        let mut environment = Self { variables, runtime };
        environment.put_first("PATH", environment.commands(), "/usr/local/bin:/usr/bin:/bin");
        environment.put_first("XDG_DATA_DIRS", environment.data(), DATA_FOLDERS);
        Ok(environment)
    }

    pub fn runtime(&self) -> &Path {
        &self.runtime
    }

    /// The folder of the session's own commands; the first of PATH.
    pub fn commands(&self) -> PathBuf {
        self.runtime.join(COMMANDS)
    }

    /// The folder of the session's own desktop entries and services; the first of XDG_DATA_DIRS.
    pub fn data(&self) -> PathBuf {
        self.runtime.join(DATA)
    }

    pub fn config(&self) -> PathBuf {
        let given = self.get("XDG_CONFIG_HOME").filter(|folder| !folder.is_empty()).map(PathBuf::from);
        given.unwrap_or_else(|| self.home().join(".config"))
    }

    fn put_first(&mut self, name: &str, folder: PathBuf, usual: &str) {
        let rest = self.get(name).filter(|rest| !rest.is_empty()).unwrap_or(usual.as_ref()).to_owned();
        let all = std::iter::once(folder).chain(env::split_paths(&rest).collect::<Vec<_>>());
        // A folder with a colon in its name cannot be listed.
        if let Ok(all) = env::join_paths(all) {
            self.variables.insert(name.into(), all);
        }
    }

    /// Xwayland is starting, as display `:number`.
    pub fn set_x11_display(&mut self, number: u32) {
        self.variables.insert("DISPLAY".into(), format!(":{number}").into());
    }

    /// Tells init that the agent has come up and waits for programs.
    pub fn report_settled(&self) {
        let folder = self.runtime.join("atoll");
        let written = fs::create_dir_all(&folder).and_then(|()| fs::write(folder.join("settled"), ""));
        if let Err(error) = written {
            log::warn!("init is not told that the agent has come up: {error}");
        }
    }

    pub fn variables(&self) -> impl Iterator<Item = (&OsStr, &OsStr)> {
        self.variables.iter().map(|(name, value)| (name.as_os_str(), value.as_os_str()))
    }

    pub fn get(&self, name: &str) -> Option<&OsStr> {
        self.variables.get(OsStr::new(name)).map(OsString::as_os_str)
    }

    pub fn home(&self) -> PathBuf {
        self.get("HOME").map_or_else(|| PathBuf::from("/"), PathBuf::from)
    }

    /// PATH with a folder in front that has a wrapper of `Xwayland`. The wrapper adds `-shm`, which smithay has no
    /// option for: without a GPU, Xwayland must not try glamor. In an emulated guest it also preloads agents/copy.
    ///
    /// # Errors
    /// Writing the wrapper.
    pub fn xwayland_path(&self) -> io::Result<OsString> {
        let path = self.get("PATH").unwrap_or_default();
        let folder = self.runtime.join("atoll/bin");
        let Some(real) = find(path, &folder, "Xwayland") else { return Err(io::ErrorKind::NotFound.into()) };
        fs::create_dir_all(&folder)?;
        let wrapper = folder.join("Xwayland");
        // The wrapper that an earlier agent wrote may be running: it is replaced, not rewritten.
        let fresh = folder.join("Xwayland.new");
        let preload = copy_library().map(|file| format!("export LD_PRELOAD='{}'\n", file.display()));
        let script = format!("#!/bin/sh\n{}exec '{}' \"$@\" -shm\n", preload.unwrap_or_default(), real.display());
        fs::write(&fresh, script)?;
        fs::set_permissions(&fresh, fs::Permissions::from_mode(0o755))?;
        fs::rename(&fresh, &wrapper)?;
        env::join_paths(std::iter::once(folder).chain(env::split_paths(path))).map_err(io::Error::other)
    }
}

/// agents/copy, which lies beside the agent. Only where QEMU emulates the processor: a real one copies faster with
/// vector instructions.
fn copy_library() -> Option<PathBuf> {
    let hypervisor = CpuId::new().get_hypervisor_info()?.identify();
    let file = env::current_exe().ok()?.with_file_name("atoll-copy.so");
    (matches!(hypervisor, Hypervisor::QEMU) && file.exists()).then_some(file)
}

/// The executable `name` in the folders of `path`, without the folder `not`.
fn find(path: &OsStr, not: &Path, name: &str) -> Option<PathBuf> {
    env::split_paths(path)
        .filter(|folder| folder != not)
        .map(|folder| folder.join(name))
        .find(|file| is_executable(file))
}

pub fn is_executable(file: &Path) -> bool {
    fs::metadata(file).is_ok_and(|data| data.is_file() && data.permissions().mode() & 0o111 != 0)
}
