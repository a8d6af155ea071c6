//! Hashes that begin with `$`: PHC strings, bcrypt, crypt(3), passlib, and the names Ory gives them.

use super::{
    Argon2Kind, Bytes, ForeignHash, HashFunction, HashRefusal, Scheme, base64_forms, md5_crypt, ory,
};

pub(super) fn parse(text: &str) -> Result<ForeignHash, HashRefusal> {
    let fields: Vec<&str> = text.split('$').skip(1).collect();
    let Some((name, rest)) = fields.split_first() else {
        return Err(HashRefusal::Unnamed);
    };
    match *name {
        "2a" | "2b" | "2y" => bcrypt(rest, None),
        "2" | "2x" => Err(HashRefusal::Unsupported("bcrypt of a faulty early version")),
        "argon2id" => argon2(Argon2Kind::Id, rest),
        "argon2i" => argon2(Argon2Kind::I, rest),
        "argon2d" => argon2(Argon2Kind::D, rest),
        "scrypt" => scrypt(rest),
        "firescrypt" => firebase(rest),
        "1" | "md5-crypt" => md5crypt(rest),
        "5" | "sha256-crypt" => sha_crypt(HashFunction::Sha256, rest),
        "6" | "sha512-crypt" => sha_crypt(HashFunction::Sha512, rest),
        "md5" | "sha1" | "sha256" | "sha512" => ory::plain(name, rest),
        "y" | "gy" | "7" => Err(HashRefusal::Unsupported("yescrypt")),
        "apr1" => Err(HashRefusal::Unsupported("Apache's own MD5 form")),
        _ => match name.strip_prefix("hmac-") {
            Some(function) => ory::hmac(function, rest),
            None => pbkdf2(name, rest),
        },
    }
}

const BCRYPT: HashRefusal = HashRefusal::Malformed("the bcrypt hash does not have 60 characters");

pub(super) fn bcrypt(
    fields: &[&str],
    over: Option<HashFunction>,
) -> Result<ForeignHash, HashRefusal> {
    let [cost, rest] = fields else {
        return Err(BCRYPT);
    };
    let (salt, digest) = rest.split_at_checked(22).ok_or(BCRYPT)?;
    let cost = cost.parse().map_err(|_no_number| BCRYPT)?;
    let salt = base64_forms::decode_bcrypt(salt).ok_or(BCRYPT)?;
    let digest = base64_forms::decode_bcrypt(digest).ok_or(BCRYPT)?;
    if salt.len() != 16 || rest.len() != 53 {
        return Err(BCRYPT);
    }
    let salt = Bytes::from(salt);
    Ok(ForeignHash::new(
        Scheme::Bcrypt { cost, salt, over },
        digest,
    ))
}

const ARGON2: HashRefusal = HashRefusal::Malformed("the Argon2 hash is not a PHC string");

pub(super) fn argon2(kind: Argon2Kind, fields: &[&str]) -> Result<ForeignHash, HashRefusal> {
    let (version, fields) = match fields {
        [first, rest @ ..] if first.starts_with("v=") => (number(first, "v").ok_or(ARGON2)?, rest),
        _ => (0x10, fields),
    };
    let [params, salt, digest] = fields else {
        return Err(ARGON2);
    };
    let digest = base64_forms::decode(digest).ok_or(ARGON2)?;
    if params
        .split(',')
        .any(|p| p.starts_with("keyid=") || p.starts_with("data="))
    {
        return Err(HashRefusal::Unsupported("Argon2 with a key of its own"));
    }
    let scheme = Scheme::Argon2 {
        kind,
        version,
        memory_kib: number(params, "m").ok_or(ARGON2)?,
        passes: number(params, "t").ok_or(ARGON2)?,
        lanes: number(params, "p").ok_or(ARGON2)?,
        salt: base64_forms::decode(salt).ok_or(ARGON2)?.into(),
        length: digest.len(),
    };
    Ok(ForeignHash::new(scheme, digest))
}

const SCRYPT: HashRefusal =
    HashRefusal::Malformed("the scrypt hash is not $scrypt$ln=…,r=…,p=…$salt$hash");

fn scrypt(fields: &[&str]) -> Result<ForeignHash, HashRefusal> {
    let [params, salt, digest] = fields else {
        return Err(SCRYPT);
    };
    let digest = base64_forms::decode(digest).ok_or(SCRYPT)?;
    let scheme = Scheme::Scrypt {
        log_n: log_n(number(params, "ln").ok_or(SCRYPT)?)?,
        r: number(params, "r").ok_or(SCRYPT)?,
        p: number(params, "p").ok_or(SCRYPT)?,
        salt: base64_forms::decode(salt).ok_or(SCRYPT)?.into(),
        length: digest.len(),
    };
    Ok(ForeignHash::new(scheme, digest))
}

/// The PHC form writes the logarithm, Ory and Django write N itself.
pub(super) fn log_n(written: u32) -> Result<u8, HashRefusal> {
    let log_n = if written <= 31 {
        written
    } else if written.is_power_of_two() {
        written.trailing_zeros()
    } else {
        return Err(HashRefusal::Malformed("the scrypt cost is no power of two"));
    };
    u8::try_from(log_n).map_err(|_large| SCRYPT)
}

const FIREBASE: HashRefusal = HashRefusal::Malformed(
    "the Firebase hash is not $firescrypt$ln=…,r=…,p=1$salt$hash$separator$key",
);

fn firebase(fields: &[&str]) -> Result<ForeignHash, HashRefusal> {
    let [params, salt, digest, separator, key] = fields else {
        return Err(FIREBASE);
    };
    if number(params, "p") != Some(1) {
        return Err(FIREBASE);
    }
    let read = |text: &str| base64_forms::decode(text).ok_or(FIREBASE);
    let scheme = Scheme::FirebaseScrypt {
        log_n: log_n(number(params, "ln").ok_or(FIREBASE)?)?,
        r: number(params, "r").ok_or(FIREBASE)?,
        salt: [read(salt)?, read(separator)?].concat().into(),
        signer_key: read(key)?.into(),
    };
    Ok(ForeignHash::new(scheme, read(digest)?))
}

const PBKDF2: HashRefusal =
    HashRefusal::Malformed("the PBKDF2 hash is not $pbkdf2-…$i=…$salt$hash");

fn pbkdf2(name: &str, fields: &[&str]) -> Result<ForeignHash, HashRefusal> {
    let function = match name.split_once('-') {
        None if name == "pbkdf2" => Some(HashFunction::Sha1),
        Some(("pbkdf2", function)) => HashFunction::from_name(function),
        _ => None,
    };
    let function = function.ok_or(HashRefusal::Unsupported("a hash of this name"))?;
    let [params, salt, digest] = fields else {
        return Err(PBKDF2);
    };
    let iterations = number(params, "i").or_else(|| params.parse().ok());
    pbkdf2_of(
        function,
        iterations.ok_or(PBKDF2)?,
        base64_forms::decode(salt).ok_or(PBKDF2)?,
        base64_forms::decode(digest).ok_or(PBKDF2)?,
    )
}

/// The blocks of PBKDF2 do not depend on each other: the first one says it all, and the cost stays bounded.
pub(super) fn pbkdf2_of(
    function: HashFunction,
    iterations: u32,
    salt: Vec<u8>,
    mut digest: Vec<u8>,
) -> Result<ForeignHash, HashRefusal> {
    if function.pbkdf2().is_none() {
        return Err(HashRefusal::Unsupported("PBKDF2 with this function"));
    }
    digest.truncate(function.length());
    let scheme = Scheme::Pbkdf2 {
        function,
        iterations,
        salt: salt.into(),
        length: digest.len(),
    };
    Ok(ForeignHash::new(scheme, digest))
}

const CRYPT: HashRefusal = HashRefusal::Malformed("the crypt(3) hash is not $id$salt$hash");

fn md5crypt(fields: &[&str]) -> Result<ForeignHash, HashRefusal> {
    let [salt, letters] = fields else {
        return Err(CRYPT);
    };
    if salt.len() > 8 {
        return Err(HashRefusal::Malformed(
            "the salt of $1$ has over 8 characters",
        ));
    }
    let digest = md5_crypt::decode(letters).ok_or(CRYPT)?;
    let salt = Bytes::from(*salt);
    Ok(ForeignHash::new(Scheme::Md5Crypt { salt }, digest))
}

fn sha_crypt(function: HashFunction, fields: &[&str]) -> Result<ForeignHash, HashRefusal> {
    let (rounds, fields) = match fields {
        [first, rest @ ..] if first.starts_with("rounds=") => {
            (number(first, "rounds").ok_or(CRYPT)?, rest)
        }
        _ => (5000, fields),
    };
    let [salt, letters] = fields else {
        return Err(CRYPT);
    };
    if salt.len() > 16 {
        return Err(HashRefusal::Malformed("the salt has over 16 characters"));
    }
    let order = match function {
        HashFunction::Sha256 => sha256_order(),
        _ => sha512_order(),
    };
    let scheme = Scheme::ShaCrypt {
        function,
        rounds,
        salt: Bytes::from(*salt),
    };
    let digest = unshuffled(letters, &order, function.length()).ok_or(CRYPT)?;
    Ok(ForeignHash::new(scheme, digest))
}

/// The number of `name=…` in a list with commas.
fn number(params: &str, name: &str) -> Option<u32> {
    params.split(',').find_map(|param| {
        let (key, value) = param.split_once('=')?;
        (key == name).then(|| value.parse().ok()).flatten()
    })
}

/// The letters of crypt(3) as numbers of six bits.
pub(super) fn crypt_numbers(letters: &str) -> Option<Vec<u8>> {
    letters
        .bytes()
        .map(|letter| match letter {
            b'.' => Some(0),
            b'/' => Some(1),
            b'0'..=b'9' => Some(letter - b'0' + 2),
            b'A'..=b'Z' => Some(letter - b'A' + 12),
            b'a'..=b'z' => Some(letter - b'a' + 38),
            _ => None,
        })
        .collect()
}

/// Four numbers of six bits, the lowest first, as three bytes, the highest first.
pub(super) const fn three_bytes([a, b, c, d]: [u8; 4]) -> [u8; 3] {
    [d << 2 | c >> 4, (c & 15) << 4 | b >> 2, (b & 3) << 6 | a]
}

/// Puts the shuffled bytes of `$5$` and `$6$` back where they belong.
fn unshuffled(letters: &str, order: &[[usize; 3]], length: usize) -> Option<Vec<u8>> {
    let mut numbers = crypt_numbers(letters)?;
    if numbers.len() != (length * 8).div_ceil(6) {
        return None;
    }
    numbers.resize(order.len() * 4, 0);
    let mut out = vec![0; length];
    let (groups, _) = numbers.as_chunks::<4>();
    for (group, places) in groups.iter().zip(order) {
        for (place, byte) in places.iter().zip(three_bytes(*group)) {
            if let Some(slot) = out.get_mut(*place) {
                *slot = byte;
            }
        }
    }
    Some(out)
}

/// Ulrich Drepper's order: three bytes ten apart, each group turned by one; the end is left over.
fn sha256_order() -> Vec<[usize; 3]> {
    let mut order = Vec::new();
    let mut places = [0, 10, 20];
    for _ in 0..10 {
        order.push(places);
        places = [places[2] + 1, places[0] + 1, places[1] + 1];
    }
    order.push([NOWHERE, 31, 30]);
    order
}

fn sha512_order() -> Vec<[usize; 3]> {
    let mut order = Vec::new();
    let mut places = [0, 21, 42];
    for _ in 0..21 {
        order.push(places);
        places = [places[1] + 1, places[2] + 1, places[0] + 1];
    }
    order.push([NOWHERE, NOWHERE, 63]);
    order
}

const NOWHERE: usize = usize::MAX;
