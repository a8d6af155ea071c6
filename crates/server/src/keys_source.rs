//! Where the key-encryption keys come from, and how a change is noticed (PW-16).

use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use sekisho_model::KeyRing;

use crate::config::Keys;
use crate::keys_command;
use crate::keys_file::{self, KeysFileError};

/// Reads the keys from the file, or from what the command prints.
pub(crate) fn read(keys: &Keys) -> Result<KeyRing, KeysFileError> {
    if keys.command.is_empty() {
        return keys_file::read(&keys.file);
    }
    let text = keys_command::output(&keys.command).map_err(KeysFileError::Command)?;
    keys_file::parse(&text, "what keys.command prints")
}

/// What is different about a file that was changed or replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Fingerprint {
    inode: u64,
    length: u64,
    changed: (i64, i64),
}

/// The fingerprint of a file, if it is there.
pub(crate) fn fingerprint(path: &Path) -> Option<Fingerprint> {
    let metadata = std::fs::metadata(path).ok()?;
    Some(Fingerprint {
        inode: metadata.ino(),
        length: metadata.len(),
        changed: (metadata.ctime(), metadata.ctime_nsec()),
    })
}
