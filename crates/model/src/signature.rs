use aws_lc_rs::signature::{ED25519, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// Whether `signature` is that of `message` by the holder of `key` (Ed25519, RFC 8032); both in base64, with
/// white space around them ignored. What cannot be read is no signature.
pub fn is_signed(key: &str, message: &[u8], signature: &str) -> bool {
    let bytes = |text: &str| STANDARD.decode(text.trim()).ok();
    let (Some(key), Some(signature)) = (bytes(key), bytes(signature)) else {
        return false;
    };
    let key = UnparsedPublicKey::new(&ED25519, key);
    key.verify(message, &signature).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 8032 §7.1, test 2.
    const KEY: &str = "PUAXw+hDiVqStwqnTRt+vJyYLM8uxJaMwM1V8Sr0Zgw=";
    const SIGNATURE: &str =
        "kqAJqfDUyrhyDoILX2QlQKKye1QWUD+Ps3YiI+vbadoIWsHkPhWZbkWPNhPQ8R2MOHsurrQwKu6wDSkWErsMAA==";

    #[test]
    fn sup_04_only_what_was_signed_is_believed() {
        assert!(is_signed(KEY, b"r", SIGNATURE));
        assert!(is_signed(
            &format!(" {KEY}\n"),
            b"r",
            &format!("{SIGNATURE}\n")
        ));
        assert!(!is_signed(KEY, b"R", SIGNATURE));
        assert!(!is_signed(KEY, b"", SIGNATURE));
        for broken in ["", "AAAA", "no base64", &SIGNATURE.replace("kqAJ", "kqAK")] {
            assert!(!is_signed(KEY, b"r", broken), "{broken}");
        }
        assert!(!is_signed("AAAA", b"r", SIGNATURE));
    }
}
