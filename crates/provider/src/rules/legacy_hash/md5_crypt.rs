//! `$1$` of crypt(3), as Poul-Henning Kamp wrote it for FreeBSD in 1994. No kept crate has it.

use md5::{Digest as _, Md5};

/// Which byte of the digest each group of letters holds, high byte first.
const ORDER: [[usize; 3]; 5] = [[0, 6, 12], [1, 7, 13], [2, 8, 14], [3, 9, 15], [4, 10, 5]];

/// The 16 bytes behind the 22 letters.
pub(super) fn decode(letters: &str) -> Option<Vec<u8>> {
    let numbers = super::modular::crypt_numbers(letters)?;
    let mut out = vec![0; 16];
    let (groups, rest) = numbers.as_chunks::<4>();
    for (group, order) in groups.iter().zip(ORDER) {
        let bytes = super::modular::three_bytes(*group);
        for (place, byte) in order.into_iter().zip(bytes) {
            *out.get_mut(place)? = byte;
        }
    }
    let [low, high] = rest else { return None };
    *out.get_mut(11)? = low | high << 6;
    (groups.len() == ORDER.len()).then_some(out)
}

pub(super) fn digest(password: &[u8], salt: &[u8]) -> [u8; 16] {
    let mut alternate = Md5::new();
    for part in [password, salt, password] {
        alternate.update(part);
    }
    let mut sum: [u8; 16] = alternate.finalize().into();
    let mut first = Md5::new();
    for part in [password, b"$1$", salt] {
        first.update(part);
    }
    let mut left = password.len();
    while left > 0 {
        let now = left.min(16);
        first.update(sum.get(..now).unwrap_or_default());
        left -= now;
    }
    // The bits of the length choose between NUL and the first letter: an accident that became the rule.
    let mut bits = password.len();
    while bits > 0 {
        let letter = password.get(..1).unwrap_or_default();
        first.update(if bits & 1 == 1 { b"\0" } else { letter });
        bits >>= 1;
    }
    sum = first.finalize().into();
    for round in 0..1000 {
        let mut next = Md5::new();
        let (ahead, behind): (&[u8], &[u8]) = if round % 2 == 1 {
            (password, &sum)
        } else {
            (&sum, password)
        };
        next.update(ahead);
        if round % 3 != 0 {
            next.update(salt);
        }
        if round % 7 != 0 {
            next.update(password);
        }
        next.update(behind);
        sum = next.finalize().into();
    }
    sum
}
