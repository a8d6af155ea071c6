//! A second reader of base64, bit by bit: canonical only.

pub(super) const URL: &[u8; 64] =
    b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
pub(super) const STANDARD: &[u8; 64] =
    b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// The bytes of unpadded text in `alphabet`; `None` if another text would be written for them.
pub(super) fn read(text: &str, alphabet: &[u8; 64]) -> Option<Vec<u8>> {
    let mut bits = Vec::new();
    for byte in text.bytes() {
        let value = alphabet.iter().position(|letter| *letter == byte)?;
        bits.extend((0..6).rev().map(|bit| value >> bit & 1));
    }
    let (whole, rest) = bits.as_chunks::<8>();
    let canonical = rest.len() < 6 && rest.iter().all(|bit| *bit == 0);
    let byte = |bits: &[usize; 8]| bits.iter().fold(0, |byte, bit| byte * 2 + bit);
    let bytes = whole.iter().map(|bits| u8::try_from(byte(bits)).unwrap());
    canonical.then(|| bytes.collect())
}

/// The same for padded text.
pub(super) fn read_padded(text: &str) -> Option<Vec<u8>> {
    let bare = text.trim_end_matches('=');
    let padding = text.len() - bare.len();
    let fits = text.len().is_multiple_of(4) && padding < 3;
    fits.then(|| read(bare, STANDARD)).flatten()
}
