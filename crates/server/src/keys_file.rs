//! The file of the key-encryption keys: outside the database and its backups (PW-15, KEY-01).

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, fchown};
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sekisho_model::{Entropy, KeyId, KeyRing, KeyRingRefusal};
use serde::{Deserialize, Serialize};
use zeroize::{ZeroizeOnDrop, Zeroizing};

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
    /// It is not what `sekisho keys init` writes. What it holds is never repeated.
    #[error("{0} is not what `sekisho keys init` writes: {1}")]
    Shape(String, String),
    /// The command that prints the keys failed.
    #[error("keys.command {0}")]
    Command(String),
    /// There is no such key.
    #[error("there is no key {0}")]
    Unknown(KeyId),
    /// Its keys cannot be used.
    #[error("{0}")]
    Keys(#[from] KeyRingRefusal),
}

#[derive(Serialize, Deserialize, ZeroizeOnDrop)]
#[serde(deny_unknown_fields)]
struct Content {
    #[zeroize(skip)]
    current: String,
    root: KeyText,
    #[zeroize(skip)]
    keys: BTreeMap<String, KeyText>,
}

/// 32 bytes of base64.
#[derive(Serialize, Deserialize, ZeroizeOnDrop)]
#[serde(transparent)]
struct KeyText(String);

impl KeyText {
    fn random(entropy: &dyn Entropy) -> Self {
        let bytes = Zeroizing::new(entropy.bytes::<32>());
        Self(STANDARD.encode(bytes.as_slice()))
    }

    fn decoded(&self) -> Option<[u8; 32]> {
        let bytes = Zeroizing::new(STANDARD.decode(&self.0).ok()?);
        bytes.as_slice().try_into().ok()
    }
}

/// Reads the file; only its owner may be able to (CFG-01).
pub fn read(path: &Path) -> Result<KeyRing, KeysFileError> {
    ring(&content(path)?, &path.display().to_string())
}

/// Reads what stands in such a file; `place` names it in errors.
pub(crate) fn parse(text: &str, place: &str) -> Result<KeyRing, KeysFileError> {
    ring(&parsed(text, place)?, place)
}

fn ring(content: &Content, place: &str) -> Result<KeyRing, KeysFileError> {
    let decoded = |text: &KeyText| {
        let wrong = "a key is not 32 bytes of base64".to_owned();
        text.decoded()
            .ok_or_else(|| KeysFileError::Shape(place.to_owned(), wrong))
    };
    let mut keys = Vec::new();
    for (id, key) in &content.keys {
        keys.push((KeyId::new(id.as_str()), decoded(key)?));
    }
    let root = decoded(&content.root)?;
    let current = KeyId::new(content.current.as_str());
    Ok(KeyRing::new(current, keys, root)?)
}

/// The messages of the TOML reader quote what they stumble over, which may be a key: only the place is
/// told (PW-25).
fn parsed(text: &str, place: &str) -> Result<Content, KeysFileError> {
    toml::from_str(text).map_err(|error| {
        let before = error.span().and_then(|span| text.get(..span.start));
        let line = before.map_or(1, |before| before.matches('\n').count().saturating_add(1));
        KeysFileError::Shape(place.to_owned(), format!("see line {line}"))
    })
}

/// Makes the file with fresh keys; refuses to overwrite one.
pub fn create(path: &Path, entropy: &dyn Entropy) -> Result<KeyId, KeysFileError> {
    let id = KeyId::generate(entropy);
    let content = Content {
        current: id.to_string(),
        root: KeyText::random(entropy),
        keys: BTreeMap::from([(id.to_string(), KeyText::random(entropy))]),
    };
    let mut file = open_new(path)?;
    write(&mut file, &content).map_err(|cause| KeysFileError::File {
        path: path.to_owned(),
        cause,
    })?;
    Ok(id)
}

/// Adds a key that is to seal; the others go on opening what they sealed (PW-16).
pub fn add_key(path: &Path, entropy: &dyn Entropy) -> Result<KeyId, KeysFileError> {
    let id = KeyId::generate(entropy);
    change(path, |content| {
        content
            .keys
            .insert(id.to_string(), KeyText::random(entropy));
        content.current = id.to_string();
        Ok(())
    })?;
    Ok(id)
}

/// Takes a key out for good; the one that is to seal stays.
pub fn remove_key(path: &Path, id: &KeyId) -> Result<(), KeysFileError> {
    change(path, |content| {
        if content.current == id.as_str() {
            return Err(KeyRingRefusal::NoCurrent(id.clone()).into());
        }
        let removed = content.keys.remove(id.as_str());
        removed.map_or_else(|| Err(KeysFileError::Unknown(id.clone())), |_key| Ok(()))
    })
}

/// Puts a changed file in the place of the old one, all at once and with the same owner. One at a time:
/// the new file stands beside the old one meanwhile, and who finds one there goes away.
fn change(
    path: &Path,
    work: impl FnOnce(&mut Content) -> Result<(), KeysFileError>,
) -> Result<(), KeysFileError> {
    let failed = |cause| KeysFileError::File {
        path: path.to_owned(),
        cause,
    };
    let beside = path.with_extension("new");
    let mut file = open_new(&beside)?;
    let draft = Draft(&beside);
    let mut content = content(path)?;
    work(&mut content)?;
    let owner = std::fs::metadata(path).map_err(failed)?;
    let own = file.metadata().map_err(failed)?;
    if (own.uid(), own.gid()) != (owner.uid(), owner.gid()) {
        fchown(&file, Some(owner.uid()), Some(owner.gid())).map_err(failed)?;
    }
    write(&mut file, &content).map_err(failed)?;
    std::fs::rename(&beside, path).map_err(failed)?;
    std::mem::forget(draft);
    let folder = path.parent().filter(|folder| *folder != Path::new(""));
    let folder = File::open(folder.unwrap_or_else(|| Path::new(".")));
    folder.and_then(|folder| folder.sync_all()).map_err(failed)
}

/// A file that is taken away again unless it took the place of another.
struct Draft<'a>(&'a Path);

impl Drop for Draft<'_> {
    fn drop(&mut self) {
        // If it cannot be removed, the next change says that it is there.
        drop(std::fs::remove_file(self.0));
    }
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
    parsed(&text, &path.display().to_string())
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
    fn pw_16_the_file_is_replaced_as_a_whole_and_stays_private() {
        let (dir, entropy) = (tempfile::tempdir().unwrap(), SeededEntropy::new(1));
        let path = dir.path().join("keys.toml");
        let first = create(&path, &entropy).unwrap();
        let before = std::fs::metadata(&path).unwrap();
        let second = add_key(&path, &entropy).unwrap();
        let after = std::fs::metadata(&path).unwrap();
        assert_eq!(after.mode() & 0o777, 0o600);
        assert_ne!(
            before.ino(),
            after.ino(),
            "who reads the old one reads it whole"
        );
        let refused = remove_key(&path, &second);
        assert!(matches!(refused, Err(KeysFileError::Keys(_))), "it seals");
        remove_key(&path, &first).unwrap();
        assert_eq!(read(&path).unwrap().key_ids(), [second]);
        let refused = remove_key(&path, &first);
        assert!(matches!(refused, Err(KeysFileError::Unknown(_))));
        let left: Vec<_> = std::fs::read_dir(dir.path()).unwrap().collect();
        assert_eq!(left.len(), 1, "no draft is left behind: {left:?}");
    }

    #[test]
    fn pw_16_two_changes_at_a_time_do_not_lose_a_key() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("keys.toml");
        create(&path, &SeededEntropy::new(1)).unwrap();
        let added = std::thread::scope(|scope| {
            let path = &path;
            let add = |seed| scope.spawn(move || add_key(path, &SeededEntropy::new(seed)).ok());
            let threads: Vec<_> = (2..10).map(add).collect();
            let ends = threads
                .into_iter()
                .filter_map(|thread| thread.join().unwrap());
            ends.collect::<Vec<_>>()
        });
        let held = read(&path).unwrap().key_ids();
        assert!(!added.is_empty() && added.iter().all(|id| held.contains(id)));
        assert_eq!(held.len(), added.len() + 1);
    }

    #[test]
    fn pw_25_what_is_wrong_with_a_key_file_is_told_without_what_it_holds() {
        let secret = "Z2VoZWltZ2VoZWltZ2VoZWltZ2VoZWltZ2VoZWltZ2U=";
        for (text, line) in [
            (
                format!("current = \"a\"\nroot = \"{secret}\"\nkeys = \"{secret}\"\n"),
                "line 3",
            ),
            (
                format!("current = \"a\"\nroot = \"{secret}\"\n[keys]\na = [\"{secret}\"]\n"),
                "line 4",
            ),
            (format!("{secret}\n"), "line 1"),
            (format!("current = \"a\"\n\"{secret}\" = 1\n"), "line 2"),
            (secret.replace('=', ""), "line 1"),
        ] {
            let told = parse(&text, "keys").unwrap_err().to_string();
            assert!(told.contains(line) && !told.contains("Z2VoZWlt"), "{told}");
        }
        let short = parse(
            "current = \"a\"\nroot = \"YWJj\"\n[keys]\na = \"YWJj\"\n",
            "keys",
        );
        assert!(!short.unwrap_err().to_string().contains("YWJj"));
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
