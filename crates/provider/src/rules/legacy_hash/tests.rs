//! Vectors: RFC 1321, RFC 6070, FIPS 180-4; jBCrypt and Openwall's `crypt_blowfish`; the reference code of
//! Argon2; Drepper's paper on SHA-crypt; Ory Kratos' own tests; the rest made with `openssl passwd` and
//! Python's hashlib.

use serde_json::json;

use super::*;

const HORSE: &str = "correct horse";

fn read(text: &str) -> ForeignHash {
    ForeignHash::parse(text).unwrap_or_else(|refusal| panic!("{text}: {refusal}"))
}

fn verifies(hash: &ForeignHash, password: &[u8]) -> bool {
    *hash.scheme.digest(password).unwrap() == *hash.digest
}

fn check(password: &str, text: &str) {
    let hash = read(text);
    assert!(verifies(&hash, password.as_bytes()), "{text}");
    for wrong in [
        format!("{password}x"),
        format!("x{password}"),
        text.to_owned(),
    ] {
        assert!(!verifies(&hash, wrong.as_bytes()), "{text}: {wrong}");
    }
    let stored = serde_json::to_string(&hash.scheme).unwrap();
    let back: Scheme = serde_json::from_str(&stored).unwrap();
    assert_eq!(back, hash.scheme, "{stored}");
}

fn refused(text: &str) -> HashRefusal {
    ForeignHash::parse(text).unwrap_err()
}

#[test]
fn pw_18_bcrypt_is_read_in_its_three_spellings() {
    for variant in ["2a", "2b", "2y"] {
        check(
            "abc",
            &format!("${variant}$06$If6bvum7DFjUnE9p2uDeDu0YHzrHM6tf.iqN8.yx.jNN1ILEf7h0i"),
        );
    }
    check(
        "a",
        "$2a$06$m0CrhHm10qJ3lXRY.5zDGO3rS2KdeeWLuGmsfGlMfOxih58VYVfxe",
    );
    check(
        "",
        "$2a$06$DCq7YPn5Rq63x1Lad4cll.TV4S6ytwfsfvkgY8jIucDrjc8deX1s.",
    );
    assert!(matches!(
        refused("$2x$06$If6bvum7DFjUnE9p2uDeDu0YHzrHM6tf.iqN8.yx.jNN1ILEf7h0i"),
        HashRefusal::Unsupported(_)
    ));
}

/// What the old system ignored, it still ignores until the password is hashed anew.
#[test]
fn pw_18_bcrypt_looks_at_72_bytes_and_a_nul_matches_nothing() {
    let long = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789chars after 72 are ignored";
    let hash = read("$2a$05$abcdefghijklmnopqrstuu5s2v8.iXieOjg/.AySBTTZIIVFJeBui");
    assert!(verifies(&hash, long.as_bytes()));
    assert!(verifies(&hash, &long.as_bytes()[..72]));
    assert!(!verifies(&hash, &long.as_bytes()[..71]));
    let short = read("$2a$06$If6bvum7DFjUnE9p2uDeDu0YHzrHM6tf.iqN8.yx.jNN1ILEf7h0i");
    assert!(!verifies(&short, b"abc\0"));
    assert!(!verifies(&short, b"abc\0def"));
}

#[test]
fn pw_18_argon2_is_read_as_phc_string() {
    check(
        "test",
        "$argon2id$v=19$m=32,t=2,p=4$cm94YnRVOW5jZzFzcVE4bQ$MNzk5BtR2vUhrp6qQEjRNw",
    );
    check(
        "test",
        "$argon2id$v=19$m=32,t=5,p=4$cm94YnRVOW5jZzFzcVE4bQ$fBxypOL0nP/zdPE71JtAV71i487LbX3fJI5PoTN6Lp4",
    );
    check(
        "password",
        "$argon2i$v=19$m=256,t=2,p=1$c29tZXNhbHQ$iekCn0Y3spW+sCcFanM2xBT63UP2sghkUoHLIUpWRS8",
    );
    check(
        "test",
        "{ARGON2}$argon2id$v=19$m=32,t=2,p=4$cm94YnRVOW5jZzFzcVE4bQ$MNzk5BtR2vUhrp6qQEjRNw",
    );
    check(
        "test",
        "argon2$argon2id$v=19$m=32,t=2,p=4$cm94YnRVOW5jZzFzcVE4bQ$MNzk5BtR2vUhrp6qQEjRNw",
    );
}

#[test]
fn pw_18_pbkdf2_is_read_as_phc_passlib_and_django() {
    check(
        "password",
        "$pbkdf2$4096$c2FsdA$SwB5AbdlSJq.rUnZJvch0GWkKcE",
    );
    check(
        HORSE,
        "$pbkdf2-sha512$i=1000,l=64$c2FsdHNhbHQ$+sUSD8jw4f8ns7m9b7kj8PeJLe8lJXO8Am09BLgO79kST9D/Ija5aKINGF5Xg7hkKXw1+fNhBzzJP3eIXcWXww",
    );
    check(
        HORSE,
        "pbkdf2_sha256$1000$seasalt$mQnueSakb748zqBAC1tmWVZsZbi2zPGZarEzTGdfmso=",
    );
}

#[test]
fn pw_18_scrypt_is_read_as_phc_ory_django_and_firebase() {
    check(
        HORSE,
        "$scrypt$ln=10,r=8,p=1$c2FsdHNhbHQ$ZGeSwropSvEgLQU1pjltINKrRvmEBSnohdqYXUe5EZ8",
    );
    check(
        "test",
        "$scrypt$ln=16384,r=8,p=1$2npRo7P03Mt8keSoMbyD/tKFWyUzjiQf2svUaNDSrhA=$MiCzNcIplSMqSBrm4HckjYqYhaVPPjTARTzwB1cVNYE=",
    );
    check(
        HORSE,
        "scrypt$1024$seasalt$8$1$b9vqOe0B5HZh2f10Q9RPN9OFNPtmb+ezp5YOlnZsJQ0vQ5I3eq8Zt7GFMuqQ58xCxTIvVL1QCL/PTXEWr+RNHA==",
    );
    check(
        "8x4WjoDbSxJZdR",
        "$firescrypt$ln=14,r=8,p=1$sPtDhWcd1MfdAw==$xbSou7FOl6mChCyzpCPIQ7tku7nsQMTFtyOZSXXd7tjBa4NtimOx7v42Gv2SfzPQu1oxM2/k4SsbOu73wlKe1A==$Bw==$YE0dO4bwD4JnJafh6lZZfkp1MtKzuKAXQcDCJNJNyeCHairWHKENOkbh3dzwaCdizzOspwr/FITUVlnOAwPKyw==",
    );
}

#[test]
fn pw_18_crypt_3_is_read() {
    check(HORSE, "$1$saltstr$xCG7.tBSa9CJbD9lBlLuj.");
    check("", "$1$ab$rn6aQS/o7141mj179E/zA.");
    check(
        "パスワード0123456789abcdef0123456789",
        "$1$12345678$bbkXdsWBjKko858rUqRmt1",
    );
    check(
        HORSE,
        "$5$saltstr$H4wVyAbvDN1o8S37gMitqEwu7KztNKL9u30hxnDoAa1",
    );
    check(
        "Hello world!",
        "$5$saltstring$5B8vYYiY.CVt1RlTTf8KbXBH3hsxY/GNooZaBBGWEc5",
    );
    check(
        "Hello world!",
        "$6$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJuesI68u4OTLiBFdcbYEdFCoEOfaS35inz1",
    );
    check(
        "Hello world!",
        "{CRYPT}$5$rounds=10000$saltstringsaltst$3xv.VbSHBb41AL9AvLeujZkZRBAwqFMz2.opqey6IcA",
    );
    assert!(!verifies(&read("$1$ab$rn6aQS/o7141mj179E/zA."), b"\0"));
}

#[test]
fn pw_18_ldap_values_are_read() {
    check(HORSE, "{MD5}PLTnMmMfR+brlh80VUt83g==");
    check(HORSE, "{SMD5}qtdQ2bHCoKs9+NZcb1AvDwECAwQ=");
    check(HORSE, "{SHA}L55TUjtiq8FBorTWAZ0jy6g129A=");
    check(HORSE, "{SSHA}5pcxo13YdJml98eQSIlT3FMEBMMBAgME");
    check(
        HORSE,
        "{SHA256}QQTTb42iwlQ0n4WDZ5Pr4CngyVcGOjTJHC6SAxh7VjE=",
    );
    check(
        HORSE,
        "{SSHA256}0hJvnJrn389Ik7M3OR+qOZl6NBsSet72zG2p4yy6GwEBAgME",
    );
    check(
        HORSE,
        "{ssha384}PIxRHGOKoQpdTRSX8XmoZ90cyCohWvSw50dSdKT7pjGhV2mgUXp0cFQwpR+gbMk9AQIDBA==",
    );
    check(
        HORSE,
        "{SSHA512}59hB/WwyfgQUZfHrhGKG7B924+SMQ9dsAndq2fAiQ192K1Up6+Uyb2bNkO/rs2mynGTKvujt8okIdKCusVizJwECAwQ=",
    );
    for bad in [
        "{SSHA}L55T",
        "{SHA}5pcxo13YdJml98eQSIlT3FMEBMMBAgME",
        "{CRYPT}abJnggxhB/yWI",
        "{CLEARTEXT}secret",
        "{SSHA",
        "{}x",
    ] {
        assert!(ForeignHash::parse(bad).is_err(), "{bad}");
    }
}

type Plain = (
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    SaltSide,
);
const PLAIN: [Plain; 5] = [
    (
        "abc",
        "md5",
        "900150983cd24fb0d6963f7d28e17f72",
        "",
        SaltSide::Before,
    ),
    (
        "abc",
        "SHA-1",
        "A9993E364706816ABA3E25717850C26C9CD0D89D",
        "",
        SaltSide::Before,
    ),
    (
        HORSE,
        "sha256",
        "869a1fa0609a1d15a5c3eb891428b7a6c8395b2ee10c4762e97ffca0ebe8c0b5",
        "pepper",
        SaltSide::Before,
    ),
    (
        HORSE,
        "sha_512",
        "jKNzZGOpZV+d15b9woPUu/HlAvWT2N41SupXoEK6cIpe8kGEbagFMP62zqbEllyguDhie7qcSvb0YtWRmcfrEQ==",
        "pepper",
        SaltSide::After,
    ),
    (
        HORSE,
        "sha384",
        "hhWp1VOO2qLMhZWrSHIzpLo8HJNAmeR_w21psd-iTr3a2Yi8Ax8-_OO8lGOu0z16",
        "pepper",
        SaltSide::After,
    ),
];

#[test]
fn pw_18_plain_hashes_are_read_with_what_is_told_beside_them() {
    let plain = |name: &str, digest, salt: &'static str, side| PlainHash {
        digest,
        function: HashFunction::from_name(name).unwrap(),
        salt: salt.as_bytes(),
        side,
    };
    for (password, name, digest, salt, side) in PLAIN {
        let hash = plain(name, digest, salt, side);
        let read = hash.read().unwrap();
        assert!(verifies(&read, password.as_bytes()), "{hash:?}");
        assert!(
            !verifies(&read, digest.as_bytes()),
            "the hex is no password"
        );
    }
    assert!(
        plain("md5", "900150983cd24fb0", "", SaltSide::Before)
            .read()
            .is_err()
    );
    check(HORSE, "md5$pepper$52f36768c11844771e5f7ff576e2dba2");
    check(
        HORSE,
        "sha1$pepper$d11dc5896bf42fb4320130682b5909d363bf770b",
    );
    assert_eq!(
        refused("900150983cd24fb0d6963f7d28e17f72"),
        HashRefusal::Unnamed
    );
}

#[test]
fn pw_18_ory_s_templates_say_where_the_salt_stood() {
    let (before, after) = ("e1NBTFR9e1BBU1NXT1JEfQ==", "e1BBU1NXT1JEfXtTQUxUfQ==");
    check(HORSE, "$md5$PLTnMmMfR+brlh80VUt83g==");
    check(
        HORSE,
        &format!("$md5$pf={after}$cGVwcGVy$7fOGP3gyOw70sKAIQS6rXg=="),
    );
    check(
        HORSE,
        &format!("$sha1$pf={after}$cGVwcGVy$YjOxnlnw8lITpqjG3t+XV9jV7os="),
    );
    let md5 = |bytes: &[u8]| base64_of(&HashFunction::Md5.of(&[bytes]));
    check(
        HORSE,
        &format!("$md5$pf={before}$cGVwcGVy${}", md5(b"peppercorrect horse")),
    );
}

/// Made with Python's hmac and hashlib; the keys and salts are no UTF-8, and some longer than a block.
#[test]
fn pw_18_ory_s_hmac_crypt_and_salts_of_any_bytes_are_read() {
    for text in [
        "$hmac-md4$YjdkNzA3MDMxYjM5N2M0NWUwYzZkMmEzZWEwNWZkYmE=$/wCAa2V5IG9mIHRoZSBvbGQgaG91c2U=",
        "$hmac-md4$YTdkYjA2MmU4MDA4MWIwZDY5MjY3YTc1NjIyOGE5NmE=$a2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tr",
        "$hmac-md5$YzJjNTE2NDExNTk2ZjNmNjJjZjI0N2I2NmFiNDg1MzA=$/wCAa2V5IG9mIHRoZSBvbGQgaG91c2U=",
        "$hmac-sha1$NmI5ODJiYjlmYzViZTI1YTRmZGU4MWZhMDkwNGRjYTk0YjdlYzkzMA==$/wCAa2V5IG9mIHRoZSBvbGQgaG91c2U=",
        "$hmac-sha224$OWQ1YzJjMTA1N2EzODIyOTI0OTBkZDQ0MWI0MWY5YWZmY2QyN2E2MzhjNjY0ZTc3NDRhZmE0MzQ=$/wCAa2V5IG9mIHRoZSBvbGQgaG91c2U=",
        "$hmac-sha256$ZGY0MTJmZDJiMmZkNmZmNTQ2ZTc5ZjA2N2QzYjBlOTg4MWU3NDA3YzU5OGE1NTNiNmRkNjA2MWU0MjQwMzQ5NA==$/wCAa2V5IG9mIHRoZSBvbGQgaG91c2U=",
        "$hmac-sha256$Mjc2NzhhZmYxOWQ5ZjcwNjQ4MzVjMWE1YmIxNDRlNmM3YmE3NGMyZTliM2ViYWI5NTIyN2I1NTcxMjZhZTljOA==$a2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tr",
        "$hmac-sha384$ZTI0MDQ2OTA3OTdlNGQxZGUzOTk0NDkzZjNkOTMzMmQ5NGE0YTEzZmQzOTBlYWYzYzNkMDFmODJmNGVlZWI5YjdjZDkzNzJjZjExODk3MjQyZDM1ZmY5YTYwZGI4MzBj$/wCAa2V5IG9mIHRoZSBvbGQgaG91c2U=",
        "$hmac-sha512$ZGI4YjI1NTM2NjVmZWJmYWU1NTQzOTE2YzZkMmYyOGFmZmM3ZWY4MzI1OTVlYTA4YTE3MjBkOTI1ZTJjZWRjYThiNzZiOGJlZGY5MDM3ZWM1ZGVmZjlmNzg5YTMzYjY1ZjVjMGY3MzkzNTFjYjQxMTM3OTE0YzhlMzQ5YmJjMzE=$/wCAa2V5IG9mIHRoZSBvbGQgaG91c2U=",
        "$hmac-sha512$NWFkODlhZjA1MzMzNTljZmJkYmYyMWU0NTY0NjU5OGM5MjdmNTEyZTE0N2M4OTc0ZDkzZjZiYTlmNWVlMGY2OWRlZTUwYjAwOGI0ZDc5YTE0ZGY2NTdkOGQyMTc3NWNiMmI5ZDQyYzkzZWJiMDEwNjBkMWJmNjc5MTBjMGU3M2E=$a2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2tr",
    ] {
        check(HORSE, text);
    }
    // The digest itself instead of its digits.
    check(
        HORSE,
        "$hmac-md5$wsUWQRWW8/Ys8ke2arSFMA==$/wCAa2V5IG9mIHRoZSBvbGQgaG91c2U=",
    );
    for text in [
        "$md5$pf=6XtTQUxUff97UEFTU1dPUkR9OntTQUxUfQ==$//4AgEE=$mNzsuZ+ZLk6nDplK/FpNQA==",
        "$sha256$pf=6XtTQUxUff97UEFTU1dPUkR9OntTQUxUfQ==$//4AgEE=$8/e8hABWCQ3F6Mgq/B+Uj8F6HrFsh41zZQjgtF4v3zk=",
    ] {
        check(HORSE, text);
    }
    check(
        HORSE,
        "$sha256-crypt$saltstr$H4wVyAbvDN1o8S37gMitqEwu7KztNKL9u30hxnDoAa1",
    );
    check(
        "Hello world!",
        "$sha512-crypt$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJuesI68u4OTLiBFdcbYEdFCoEOfaS35inz1",
    );
    for bad in [
        "$hmac-md4$",
        "$hmac-sha3$AAAA$AAAA",
        "$hmac-sha256$AAAA$AAAA",
        "$hmac-sha256$AAAA",
        "$md5$pf=e1NBTFR9$cGVwcGVy$7fOGP3gyOw70sKAIQS6rXg==",
    ] {
        assert!(ForeignHash::parse(bad).is_err(), "{bad}");
    }
}

fn base64_of(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

#[test]
fn pw_18_keycloak_s_credentials_are_read_new_and_old() {
    let long =
        "cBg8D2DungRB9k76szThf5ehfyBz991ay6PT8Srwk4NQEC0GVAwWLSUGWbcye1xU+dO7fZFld1DsscNlAN1uxw==";
    let salt = "MDEyMzQ1Njc4OWFiY2RlZg==";
    let new = json!({
        "type": "password",
        "secretData": json!({"value": long, "salt": salt, "additionalParameters": {}}).to_string(),
        "credentialData": json!({"hashIterations": 1000, "algorithm": "pbkdf2-sha256", "additionalParameters": {}}).to_string(),
    });
    let old = json!({
        "type": "password", "hashedSaltedValue": "aUfE2vx5Q7zgbb0jx49AaNpXUQQVW6pePKN5ab37G40CjX2bMTkDcCwFngZ2OyqCChhH4ZgScMIsuF9Oq2gqbw==",
        "salt": salt, "hashIterations": 1000, "algorithm": "pbkdf2",
    });
    let argon2 = json!({
        "type": "password",
        "secretData": json!({"value": "MNzk5BtR2vUhrp6qQEjRNw==", "salt": "cm94YnRVOW5jZzFzcVE4bQ=="}).to_string(),
        "credentialData": json!({"hashIterations": 2, "algorithm": "argon2", "additionalParameters":
            {"hashLength": ["16"], "memory": ["32"], "type": ["id"], "version": ["1.3"], "parallelism": ["4"]}}).to_string(),
    });
    for (value, password) in [(new, HORSE), (old, HORSE), (argon2, "test")] {
        let credential: KeycloakCredential = serde_json::from_value(value).unwrap();
        let hash = credential.hash().unwrap();
        assert!(verifies(&hash, password.as_bytes()), "{hash:?}");
        assert!(!verifies(&hash, b"wrong"));
    }
}

#[test]
fn pw_19_what_would_cost_too_much_is_refused_by_name() {
    let (salt, digest) = ("c2FsdHNhbHQ", "MNzk5BtR2vUhrp6qQEjRNw");
    for (text, what) in [
        (format!("$argon2id$v=19$m=262145,t=2,p=1${salt}${digest}"), "memory"),
        (format!("$argon2id$v=19$m=65536,t=11,p=1${salt}${digest}"), "passes"),
        (format!("$argon2i$v=19$m=65536,t=3,p=5${salt}${digest}"), "lanes"),
        ("$2b$15$If6bvum7DFjUnE9p2uDeDu0YHzrHM6tf.iqN8.yx.jNN1ILEf7h0i".to_owned(), "bcrypt cost"),
        (format!("$pbkdf2-sha256$i=2000001${salt}${digest}"), "iterations"),
        (format!("$scrypt$ln=19,r=8,p=1${salt}${digest}"), "memory"),
        (format!("$scrypt$ln=14,r=8,p=5${salt}${digest}"), "scrypt p"),
        (format!("$scrypt$ln=2147483648,r=8,p=1${salt}${digest}"), "scrypt ln"),
        (format!("$scrypt$ln=14,r=4294967295,p=1${salt}${digest}"), "scrypt r"),
        (format!("$firescrypt$ln=31,r=8,p=1${salt}${digest}$Bw==${digest}"), "scrypt"),
        ("$6$rounds=1000001$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJuesI68u4OTLiBFdcbYEdFCoEOfaS35inz1".to_owned(), "rounds"),
        (format!("$pbkdf2-sha256$i=1000${}${digest}", "c2Fs".repeat(400)), "salt"),
    ] {
        let refusal = refused(&text);
        assert!(matches!(refusal, HashRefusal::TooCostly { .. }), "{text}: {refusal}");
        assert!(refusal.to_string().contains(what), "{text}: {refusal}");
    }
    let most = ForeignHash::parse(&format!("$argon2id$v=19$m=262144,t=10,p=4${salt}${digest}"));
    assert!(most.is_ok());
}

#[test]
fn pw_19_what_would_prove_too_little_is_refused() {
    for text in [
        "$argon2id$v=19$m=65536,t=2,p=1$c2FsdHNhbHQ$AAAA",
        "$pbkdf2-sha256$i=0$c2FsdA$MNzk5BtR2vUhrp6qQEjRNw",
        "$pbkdf2-sha256$i=1000$c2FsdA$AAAA",
        "$argon2id$v=19$m=65536,t=2,p=0$c2FsdHNhbHQ$MNzk5BtR2vUhrp6qQEjRNw",
        "$2b$03$If6bvum7DFjUnE9p2uDeDu0YHzrHM6tf.iqN8.yx.jNN1ILEf7h0i",
        "$firescrypt$ln=14,r=8,p=1$c2FsdA==$$Bw==$",
    ] {
        let refusal = refused(text);
        assert!(
            matches!(refusal, HashRefusal::TooLittle { .. }),
            "{text}: {refusal}"
        );
    }
}

/// An exported record is text that somebody may have altered.
#[test]
fn pw_19_a_scheme_that_contradicts_itself_is_refused() {
    for scheme in [
        json!({"scheme": "bcrypt", "cost": 10, "salt": "AAAA"}),
        json!({"scheme": "pbkdf2", "function": "md5", "iterations": 1000, "salt": "AAAA", "length": 16}),
        json!({"scheme": "sha_crypt", "function": "sha1", "rounds": 5000, "salt": "AAAA"}),
        json!({"scheme": "md5_crypt", "salt": "AAAAAAAAAAAAAAAA"}),
    ] {
        let read: Scheme = serde_json::from_value(scheme.clone()).unwrap();
        assert!(read.check_bounds().is_err(), "{scheme}");
    }
}

proptest::proptest! {
    #[test]
    fn no_text_breaks_the_reader(text in "[${}=,a-z0-9./+]{0,80}") {
        drop(ForeignHash::parse(&text));
    }

    #[test]
    fn no_field_of_a_known_scheme_breaks_the_reader(
        name in "(2b|argon2id|scrypt|firescrypt|1|5|6|md5|hmac-sha256|sha512-crypt|pbkdf2-sha256)",
        rest in "(\\$[a-z0-9=,./+é]{0,30}){0,6}",
    ) {
        drop(ForeignHash::parse(&format!("${name}{rest}")));
    }
}
