//! The file of the key-encryption keys: outside the database and its backups (PW-15, KEY-01).

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sekisho_model::{Entropy, KeyId, KeyRing, KeyRingRefusal};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

/// Why the key file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeysFileError {
    /// It cannot be read or written.
    #[error("{path}: {cause}")]
    File {
        /// Which file.
        path: PathBuf,
        /// Why.
        cause: std::io::Error,
    },
    /// Others can read it.
    #[error("{0} can be read by others; run chmod 600 on it")]
    Readable(PathBuf),
    /// It is not what `sekisho keys init` writes.
    #[error("{0} is not a key file: {1}")]
    Shape(PathBuf, String),
    /// Its keys cannot be used.
    #[error("{0}")]
    Keys(#[from] KeyRingRefusal),
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Content {
    current: String,
    root: String,
    keys: BTreeMap<String, String>,
}

/// Reads the file; only its owner may be able to (CFG-01).
pub fn read(path: &Path) -> Result<KeyRing, KeysFileError> {
    let content = content(path)?;
    let decoded = |text: &str| -> Result<[u8; 32], KeysFileError> {
        let bytes = STANDARD
            .decode(text)
            .ok()
            .and_then(|bytes| bytes.try_into().ok());
        bytes.ok_or_else(|| {
            KeysFileError::Shape(
                path.to_owned(),
                "a key is not 32 bytes of base64".to_owned(),
            )
        })
    };
    let mut keys = Vec::new();
    for (id, key) in &content.keys {
        keys.push((KeyId::new(id.as_str()), decoded(key)?));
    }
    Ok(KeyRing::new(
        KeyId::new(content.current),
        keys,
        decoded(&content.root)?,
    )?)
}

/// Makes the file with fresh keys; refuses to overwrite one.
pub fn create(path: &Path, entropy: &dyn Entropy) -> Result<KeyId, KeysFileError> {
    let id = KeyId::generate(entropy);
    let content = Content {
        current: id.to_string(),
        root: STANDARD.encode(entropy.bytes::<32>()),
        keys: BTreeMap::from([(id.to_string(), STANDARD.encode(entropy.bytes::<32>()))]),
    };
    let mut file = open_new(path)?;
    write(&mut file, &content).map_err(|cause| KeysFileError::File {
        path: path.to_owned(),
        cause,
    })?;
    Ok(id)
}

/// Adds a key that seals from now on; the others go on opening what they sealed.
pub fn add_key(path: &Path, entropy: &dyn Entropy) -> Result<KeyId, KeysFileError> {
    let mut content = content(path)?;
    let id = KeyId::generate(entropy);
    content
        .keys
        .insert(id.to_string(), STANDARD.encode(entropy.bytes::<32>()));
    content.current = id.to_string();
    let beside = path.with_extension("new");
    let failed = |cause| KeysFileError::File {
        path: path.to_owned(),
        cause,
    };
    let mut file = open_new(&beside)?;
    write(&mut file, &content).map_err(failed)?;
    std::fs::rename(&beside, path).map_err(failed)?;
    Ok(id)
}

fn open_new(path: &Path) -> Result<File, KeysFileError> {
    let opened = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path);
    opened.map_err(|cause| KeysFileError::File {
        path: path.to_owned(),
        cause,
    })
}

fn write(file: &mut File, content: &Content) -> std::io::Result<()> {
    let text = Zeroizing::new(toml::to_string(content).map_err(std::io::Error::other)?);
    file.write_all(
        b"# Key-encryption keys of Sekisho. Whoever has this file and the database can read it.\n",
    )?;
    file.write_all(b"# Keep it out of the database's backups, and keep a copy in a safe place.\n")?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

fn content(path: &Path) -> Result<Content, KeysFileError> {
    let failed = |cause| KeysFileError::File {
        path: path.to_owned(),
        cause,
    };
    let mut file = File::open(path).map_err(failed)?;
    if file.metadata().map_err(failed)?.mode() & 0o077 != 0 {
        return Err(KeysFileError::Readable(path.to_owned()));
    }
    let mut text = Zeroizing::new(String::new());
    file.read_to_string(&mut text).map_err(failed)?;
    toml::from_str(&text)
        .map_err(|error| KeysFileError::Shape(path.to_owned(), error.message().to_owned()))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use sekisho_model::{Purpose, SeededEntropy};

    use super::*;

    #[test]
    fn a_new_key_seals_and_the_old_one_still_opens() {
        let (dir, entropy) = (tempfile::tempdir().unwrap(), SeededEntropy::new(1));
        let path = dir.path().join("keys.toml");
        create(&path, &entropy).unwrap();
        let sealed = read(&path)
            .unwrap()
            .seal(Purpose::Letter, "x", b"body", &entropy);
        let id = add_key(&path, &entropy).unwrap();
        let ring = read(&path).unwrap();
        assert_eq!(ring.current(), id);
        assert_eq!(ring.open(Purpose::Letter, "x", &sealed).unwrap(), b"body");
    }

    #[test]
    fn cfg_01_a_file_that_others_can_read_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("keys.toml");
        create(&path, &SeededEntropy::new(1)).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
        assert!(matches!(read(&path), Err(KeysFileError::Readable(_))));
    }

    #[test]
    fn an_existing_file_is_never_overwritten() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("keys.toml");
        create(&path, &SeededEntropy::new(1)).unwrap();
        assert!(matches!(
            create(&path, &SeededEntropy::new(2)),
            Err(KeysFileError::File { .. })
        ));
    }
}
