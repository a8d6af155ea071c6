use std::cell::Cell;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek as _};
use std::path::Path;
use std::rc::Rc;

use sekisho_model::Digest;

use super::CliError;

/// The most one record may take.
pub(super) const LONGEST_RECORD: u64 = 1024 * 1024;

/// Where records come from.
pub(super) enum Source {
    File(File, u64),
    Stdin,
}

impl Source {
    pub(super) fn open(file: Option<&Path>) -> Result<Self, CliError> {
        let Some(path) = file else {
            return Ok(Self::Stdin);
        };
        let failed = |error| CliError::failed(format!("cannot read {}", path.display()), error);
        let file = File::open(path).map_err(failed)?;
        let about = file.metadata().map_err(failed)?;
        if !about.is_file() {
            return Err(CliError::refused(
                "This is no ordinary file: read it through --stdin.",
            ));
        }
        Ok(Self::File(file, about.len()))
    }

    pub(super) const fn length(&self) -> Option<u64> {
        match self {
            Self::File(_, length) => Some(*length),
            Self::Stdin => None,
        }
    }

    /// What tells this file from every other; standard input cannot be read twice.
    pub(super) fn digest(&self) -> Result<Option<Digest>, CliError> {
        let Self::File(file, _) = self else {
            return Ok(None);
        };
        let failed = |error| CliError::failed("cannot read the file", error);
        let mut file = file;
        let digest = Digest::of_reader(&mut file).map_err(failed)?;
        file.rewind().map_err(failed)?;
        Ok(Some(digest))
    }

    /// The bytes without a byte-order mark, counted.
    pub(super) fn counted(self) -> io::Result<(Counted, Counter)> {
        let inner: Box<dyn Read> = match self {
            Self::File(file, _) => Box::new(file),
            Self::Stdin => Box::new(io::stdin()),
        };
        let mut inner = BufReader::with_capacity(64 * 1024, inner);
        let mark = inner.fill_buf()?.starts_with(b"\xEF\xBB\xBF");
        if mark {
            inner.consume(3);
        }
        let counter = Counter::default();
        let bytes = Counted {
            inner,
            counter: counter.clone(),
        };
        Ok((bytes, counter))
    }
}

/// How far a reader has got; shared with what it reads from.
#[derive(Clone, Default)]
pub(super) struct Counter(Rc<Counts>);

#[derive(Default)]
struct Counts {
    bytes: Cell<u64>,
    lines: Cell<u64>,
    /// Where the present record must have ended.
    limit: Cell<Option<u64>>,
}

impl Counter {
    pub(super) fn bytes(&self) -> u64 {
        self.0.bytes.get()
    }

    pub(super) fn line(&self) -> u64 {
        self.0.lines.get() + 1
    }

    /// A record begins: it and what is read ahead of it may take so much.
    pub(super) fn begin_record(&self) {
        let limit = self.bytes() + LONGEST_RECORD;
        self.0.limit.set(Some(limit));
    }

    pub(super) fn no_limit(&self) {
        self.0.limit.set(None);
    }
}

/// Counts bytes and lines, and stops a record that never ends before it fills the memory.
pub(super) struct Counted {
    inner: BufReader<Box<dyn Read>>,
    counter: Counter,
}

impl Counted {
    fn count(&self, read: &[u8]) {
        let counts = &*self.counter.0;
        let length = u64::try_from(read.len()).unwrap_or(0);
        counts.bytes.set(counts.bytes.get() + length);
        let lines = read.split(|byte| *byte == b'\n').skip(1).count();
        let lines = u64::try_from(lines).unwrap_or(0);
        counts.lines.set(counts.lines.get() + lines);
    }
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let counts = &*self.counter.0;
        if counts
            .limit
            .get()
            .is_some_and(|limit| counts.bytes.get() > limit)
        {
            return Err(io::Error::other("a record is longer than 1 MiB"));
        }
        let read = self.inner.read(buffer)?;
        self.count(buffer.get(..read).unwrap_or_default());
        Ok(read)
    }
}

impl Counted {
    /// Reads a line into `line`, at most `LONGEST_RECORD` of it, and passes over the rest; says whether
    /// it was whole. Nothing is left when `line` stays empty.
    pub(super) fn line(&mut self, line: &mut Vec<u8>) -> io::Result<bool> {
        line.clear();
        let longest = LONGEST_RECORD + 1;
        (&mut self.inner).take(longest).read_until(b'\n', line)?;
        self.count(line);
        if line.ends_with(b"\n") || u64::try_from(line.len()).unwrap_or(0) < longest {
            return Ok(true);
        }
        let mut rest = Vec::new();
        loop {
            rest.clear();
            (&mut self.inner)
                .take(longest)
                .read_until(b'\n', &mut rest)?;
            self.count(&rest);
            if rest.is_empty() || rest.ends_with(b"\n") {
                return Ok(false);
            }
        }
    }
}
