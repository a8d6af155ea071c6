//! A compact file of leaked passwords, asked offline (PW-10).
//!
//! Layout, numbers little-endian: magic, bits of the bucket number, entries (u64), SHA-256 of the rest;
//! then where each bucket begins (u32 each, one more than there are buckets); then for each entry the 16
//! bits of its SHA-1 hash after the bucket number, sorted within the bucket. Two and a quarter bytes for
//! each password; about one in 4,000 passwords that were never leaked is taken for one that was.

use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Read as _, Write};
use std::os::unix::fs::{FileExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};

use aws_lc_rs::digest;

const MAGIC: &[u8; 8] = b"SKLEAK\x00\x01";
const HEAD: u64 = 8 + 1 + 8 + 32;
/// Entries that share a bucket, on average at most.
const IN_A_BUCKET: u64 = 16;

/// Why a filter cannot be made or used.
#[derive(Debug, thiserror::Error)]
pub enum FilterProblem {
    /// The disk.
    #[error("{0}")]
    Io(#[from] std::io::Error),
    /// A line of the list is not `SHA-1 in hexadecimal` or `SHA-1:COUNT`.
    #[error("line {0} is not a SHA-1 hash in hexadecimal")]
    Line(u64),
    /// More entries than the format takes.
    #[error("the list has more than four thousand million entries")]
    TooMany,
    /// There is nothing in the list: most likely it was not fetched.
    #[error("the list is empty; a filter of nothing would let every leaked password pass")]
    Empty,
    /// What would be written over is the list itself.
    #[error("{} is the list itself; choose another name for the filter", .0.display())]
    Overwrites(PathBuf),
    /// Not a filter, or cut, or changed.
    #[error("the file is not a whole filter; build it again")]
    Damaged,
}

/// An open filter.
#[derive(Debug)]
pub struct BreachedPasswords {
    file: File,
    bits: u8,
    entries: u64,
}

impl BreachedPasswords {
    /// Opens a filter; a file that is no filter or was cut is refused. See [`Self::verify`] for the rest.
    pub fn open(path: &Path) -> Result<Self, FilterProblem> {
        let file = File::open(path)?;
        let mut head = [0; 17];
        file.read_exact_at(&mut head, 0)
            .map_err(|_too_short| FilterProblem::Damaged)?;
        let (magic, rest) = head.split_at(8);
        let (bits, count) = rest.split_at(1);
        let bits = bits.first().copied().unwrap_or_default();
        let entries = count.try_into().map_or(0, u64::from_le_bytes);
        let whole = (1..=32).contains(&bits)
            && magic == MAGIC
            && file.metadata()?.len() == remainders(bits) + 2 * entries;
        whole
            .then_some(Self {
                file,
                bits,
                entries,
            })
            .ok_or(FilterProblem::Damaged)
    }

    /// How many passwords it knows.
    pub const fn entries(&self) -> u64 {
        self.entries
    }

    /// Reads the whole file and compares it with the sum it carries.
    pub fn verify(&self) -> Result<(), FilterProblem> {
        let mut carried = [0; 32];
        self.file.read_exact_at(&mut carried, HEAD - 32)?;
        let mut sum = digest::Context::new(&digest::SHA256);
        let (mut at, mut buffer) = (HEAD, vec![0; 1 << 16]);
        loop {
            let read = self.file.read_at(&mut buffer, at)?;
            if read == 0 {
                break;
            }
            sum.update(buffer.get(..read).unwrap_or_default());
            at += u64::try_from(read).unwrap_or(u64::MAX);
        }
        let same = sum.finish().as_ref() == carried;
        same.then_some(()).ok_or(FilterProblem::Damaged)
    }

    /// Whether `password` is among them, as far as can be told: a disk that fails keeps nobody from
    /// changing a password, because the other rules still hold.
    pub(crate) fn knows(&self, password: &str) -> bool {
        self.contains(password).unwrap_or_else(|problem| {
            tracing::error!(%problem, "the list of leaked passwords cannot be read");
            metrics::counter!("sekisho_breached_list_failures_total").increment(1);
            false
        })
    }

    /// Whether `password` is among them. Two short reads, of pages that the system keeps.
    pub fn contains(&self, password: &str) -> Result<bool, FilterProblem> {
        let hash = digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, password.as_bytes());
        let key = prefix(hash.as_ref()).ok_or(FilterProblem::Damaged)?;
        let (bucket, remainder) = place(key, self.bits);
        let mut borders = [0; 8];
        self.file.read_exact_at(&mut borders, HEAD + 4 * bucket)?;
        let (from, to) = borders.split_at(4);
        let number = |bytes: &[u8]| bytes.try_into().map_or(0, u32::from_le_bytes);
        let (from, to) = (u64::from(number(from)), u64::from(number(to)));
        // A damaged border must not make anybody wait or ask for all the memory there is.
        let length = to.saturating_sub(from).min(1 << 16);
        let mut found = vec![0; usize::try_from(2 * length).unwrap_or(0)];
        let begin = remainders(self.bits) + 2 * from;
        self.file.read_exact_at(&mut found, begin)?;
        Ok(found
            .chunks_exact(2)
            .any(|two| two == remainder.to_le_bytes()))
    }
}

/// Where the remainders begin.
const fn remainders(bits: u8) -> u64 {
    HEAD + 4 * ((1 << bits) + 1)
}

/// The first 64 bits of a hash.
fn prefix(hash: &[u8]) -> Option<u64> {
    Some(u64::from_be_bytes(hash.get(..8)?.try_into().ok()?))
}

/// Bucket and remainder of a hash.
fn place(key: u64, bits: u8) -> (u64, u16) {
    let bucket = key >> (64 - u32::from(bits));
    let after = (key << bits) >> 48;
    (bucket, u16::try_from(after).unwrap_or(u16::MAX))
}

/// Makes a filter out of a list of SHA-1 hashes in hexadecimal, one a line, each perhaps with `:COUNT`.
/// Sorted lists of any length are streamed; others are sorted in memory, 8 bytes a line. `progress` hears
/// how many lines were read. Answers how many different passwords the filter knows.
pub fn build_filter(
    list: &Path,
    out: &Path,
    progress: &mut dyn FnMut(u64),
) -> Result<u64, FilterProblem> {
    let partial = partial_of(out);
    if let Some(same) = [out, &partial].into_iter().find(|file| is_same(list, file)) {
        return Err(FilterProblem::Overwrites(same.to_owned()));
    }
    let (entries, sorted) = survey(list, progress)?;
    if entries == 0 {
        return Err(FilterProblem::Empty);
    }
    let bits = bits_for(entries);
    let mut unsorted = Vec::new();
    if !sorted {
        for key in Keys::of(list)? {
            unsorted.push(key?);
        }
        unsorted.sort_unstable();
    }
    let result = if sorted {
        write_filter(&partial, bits, Keys::of(list)?)
    } else {
        write_filter(&partial, bits, unsorted.into_iter().map(Ok))
    };
    match result.and_then(|written| Ok((std::fs::rename(&partial, out)?, written))) {
        Ok(((), written)) => Ok(written),
        Err(problem) => {
            drop(std::fs::remove_file(&partial));
            Err(problem)
        }
    }
}

/// Where a filter is written until it is whole: beside it, under the whole of its name with something behind it.
fn partial_of(out: &Path) -> PathBuf {
    let mut name = out.as_os_str().to_owned();
    name.push(".partial");
    PathBuf::from(name)
}

/// Whether two names lead to one file, also through a link.
fn is_same(one: &Path, other: &Path) -> bool {
    let id = |path: &Path| std::fs::metadata(path).ok().map(|m| (m.dev(), m.ino()));
    id(one).is_some_and(|one| id(other) == Some(one))
}

/// How many lines there are and whether they are in order.
fn survey(list: &Path, progress: &mut dyn FnMut(u64)) -> Result<(u64, bool), FilterProblem> {
    let (mut entries, mut sorted, mut former) = (0, true, 0);
    for key in Keys::of(list)? {
        let key = key?;
        sorted &= key >= former;
        former = key;
        entries += 1;
        if entries % 1_000_000 == 0 {
            progress(entries);
        }
    }
    progress(entries);
    if entries > u64::from(u32::MAX) {
        return Err(FilterProblem::TooMany);
    }
    Ok((entries, sorted))
}

fn bits_for(entries: u64) -> u8 {
    (1..32)
        .find(|bits| (entries >> bits) <= IN_A_BUCKET)
        .unwrap_or(32)
}

/// Remainders follow the borders in the file, and the sum precedes both: borders are gathered while the
/// remainders are written, and the sum is made when all is there.
fn write_filter(
    path: &Path,
    bits: u8,
    keys: impl Iterator<Item = Result<u64, FilterProblem>>,
) -> Result<u64, FilterProblem> {
    use std::io::{Seek as _, SeekFrom};
    let file = File::options()
        .create(true)
        .truncate(true)
        .read(true)
        .write(true)
        .open(path)?;
    let mut out = BufWriter::with_capacity(1 << 20, file);
    out.seek(SeekFrom::Start(remainders(bits)))?;
    let (mut borders, mut written, mut last) = (vec![0_u32], 0_u32, None);
    for key in keys {
        let (bucket, remainder) = place(key?, bits);
        if last == Some((bucket, remainder)) {
            continue;
        }
        last = Some((bucket, remainder));
        let index = usize::try_from(bucket).map_err(|_small_machine| FilterProblem::TooMany)?;
        // Buckets in between are empty: they begin and end here.
        borders.resize(borders.len().max(index + 1), written);
        out.write_all(&remainder.to_le_bytes())?;
        written += 1;
    }
    let buckets = usize::try_from(1_u64 << bits).map_err(|_small| FilterProblem::TooMany)?;
    borders.resize(buckets + 1, written);
    out.seek(SeekFrom::Start(HEAD))?;
    for border in borders {
        out.write_all(&border.to_le_bytes())?;
    }
    let file = out
        .into_inner()
        .map_err(std::io::IntoInnerError::into_error)?;
    seal(&file, bits, u64::from(written))?;
    Ok(u64::from(written))
}

/// Writes the head, with the sum over what follows it.
fn seal(mut file: &File, bits: u8, entries: u64) -> Result<(), FilterProblem> {
    use std::io::{Seek as _, SeekFrom};
    file.seek(SeekFrom::Start(HEAD))?;
    let mut sum = digest::Context::new(&digest::SHA256);
    let mut buffer = vec![0; 1 << 16];
    loop {
        let read = file.read(&mut buffer)?;
        if read == 0 {
            break;
        }
        sum.update(buffer.get(..read).unwrap_or_default());
    }
    let head = [
        MAGIC.as_slice(),
        &[bits],
        &entries.to_le_bytes(),
        sum.finish().as_ref(),
    ]
    .concat();
    file.write_all_at(&head, 0)?;
    file.sync_all()?;
    Ok(())
}

/// The keys in a list, line by line.
struct Keys {
    lines: BufReader<File>,
    line: String,
    number: u64,
}

impl Keys {
    fn of(list: &Path) -> Result<Self, FilterProblem> {
        Ok(Self {
            lines: BufReader::with_capacity(1 << 20, File::open(list)?),
            line: String::new(),
            number: 0,
        })
    }
}

impl Iterator for Keys {
    type Item = Result<u64, FilterProblem>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            self.line.clear();
            match self.lines.read_line(&mut self.line) {
                Ok(0) => return None,
                Ok(_) => {}
                Err(error) => return Some(Err(error.into())),
            }
            self.number += 1;
            let line = self.line.trim();
            if !line.is_empty() {
                return Some(key(line).ok_or(FilterProblem::Line(self.number)));
            }
        }
    }
}

fn key(line: &str) -> Option<u64> {
    let hash = line.split(':').next().unwrap_or_default();
    let is_hash = hash.len() == 40 && hash.bytes().all(|b| b.is_ascii_hexdigit());
    let first = hash.get(..16).filter(|_| is_hash)?;
    u64::from_str_radix(first, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Place(tempfile::TempDir);

    impl Place {
        fn new() -> Self {
            Self(tempfile::tempdir().unwrap())
        }

        fn list(&self, lines: &[String]) -> PathBuf {
            let file = self.0.path().join("list.txt");
            std::fs::write(&file, lines.join("\r\n")).unwrap();
            file
        }

        fn out(&self) -> PathBuf {
            self.0.path().join("leaked.filter")
        }
    }

    fn sha1(password: &str) -> String {
        let hash = digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, password.as_bytes());
        hash.as_ref()
            .iter()
            .fold(String::new(), |text, b| text + &format!("{b:02X}"))
    }

    fn many(count: usize) -> Vec<String> {
        (0..count)
            .map(|n| format!("{}:{n}", sha1(&format!("leaked-{n}"))))
            .collect()
    }

    #[test]
    fn pw_10_every_leaked_password_is_found_and_hardly_another() {
        let place = Place::new();
        for sorted in [true, false] {
            let mut lines = many(20_000);
            if sorted {
                lines.sort_unstable();
            }
            let list = place.list(&lines);
            let mut heard = 0;
            let known = build_filter(&list, &place.out(), &mut |lines| heard = lines).unwrap();
            assert_eq!(heard, 20_000);
            assert!((19_990..=20_000).contains(&known), "{known}");
            let filter = BreachedPasswords::open(&place.out()).unwrap();
            filter.verify().unwrap();
            for n in (0..20_000).step_by(7) {
                assert!(filter.contains(&format!("leaked-{n}")).unwrap(), "{n}");
            }
            let wrong = (0..20_000).filter(|n| filter.contains(&format!("good-{n}")).unwrap());
            assert!(wrong.count() < 40, "about one in 4,000");
        }
    }

    #[test]
    fn pw_10_one_line_is_a_filter_and_an_empty_list_replaces_none() {
        let place = Place::new();
        // RFC 3174 §7.3, TEST1.
        let line = "a9993e364706816aba3e25717850c26c9cd0d89d".to_owned();
        build_filter(&place.list(&[line]), &place.out(), &mut |_| {}).unwrap();
        let filter = BreachedPasswords::open(&place.out()).unwrap();
        assert!(filter.contains("abc").unwrap());
        assert_eq!(filter.entries(), 1);
        let empty = build_filter(&place.list(&[]), &place.out(), &mut |_| {});
        assert!(matches!(empty, Err(FilterProblem::Empty)));
        assert_eq!(BreachedPasswords::open(&place.out()).unwrap().entries(), 1);
    }

    #[test]
    fn pw_10_a_list_is_never_written_over() {
        let place = Place::new();
        let lines = sha1("leaked");
        for (list, out) in [
            ("l.partial", "l.filter"),
            ("l.filter.partial", "l.filter"),
            ("same", "same"),
        ] {
            let (list, out) = (place.0.path().join(list), place.0.path().join(out));
            std::fs::write(&list, &lines).unwrap();
            drop(build_filter(&list, &out, &mut |_| {}));
            assert_eq!(std::fs::read_to_string(&list).unwrap(), lines);
        }
        let (list, link) = (place.0.path().join("same"), place.0.path().join("link"));
        std::os::unix::fs::symlink(&list, &link).unwrap();
        let refused = build_filter(&list, &link, &mut |_| {});
        assert!(matches!(refused, Err(FilterProblem::Overwrites(_))));
    }

    #[test]
    fn pw_10_what_is_not_a_hash_is_told_by_its_line_and_leaves_no_file() {
        let place = Place::new();
        for bad in [
            "password",
            "",
            "zz993e364706816aba3e25717850c26c9cd0d89d",
            "a9993e36:5",
            "é",
        ] {
            let list = place.list(&[sha1("a"), sha1("b"), bad.to_owned(), "x".to_owned()]);
            let line = if bad.is_empty() { 4 } else { 3 };
            let refused = build_filter(&list, &place.out(), &mut |_| {});
            assert!(
                matches!(refused, Err(FilterProblem::Line(n)) if n == line),
                "{bad}"
            );
            assert!(!place.out().exists());
        }
    }

    #[test]
    fn pw_10_a_damaged_filter_is_refused() {
        let place = Place::new();
        build_filter(&place.list(&many(1000)), &place.out(), &mut |_| {}).unwrap();
        let whole = std::fs::read(place.out()).unwrap();
        for cut in [0, 8, 16, 40, whole.len() - 1] {
            std::fs::write(place.out(), &whole[..cut]).unwrap();
            assert!(BreachedPasswords::open(&place.out()).is_err(), "{cut}");
        }
        for at in [60, whole.len() - 3] {
            let mut changed = whole.clone();
            changed[at] ^= 1;
            std::fs::write(place.out(), &changed).unwrap();
            let filter = BreachedPasswords::open(&place.out()).unwrap();
            assert!(
                matches!(filter.verify(), Err(FilterProblem::Damaged)),
                "{at}"
            );
        }
    }
}
