//! Tables about the browsers that accounts know.

diesel::table! {
    browsers (id) {
        id -> Text,
        user_id -> Text,
        digest -> Binary,
        first_seen_at -> BigInt,
        last_seen_at -> BigInt,
        trusted_until -> Nullable<BigInt>,
        epoch -> BigInt,
        user_agent -> Text,
    }
}

diesel::table! {
    former_browser_values (user_id, digest) {
        user_id -> Text,
        digest -> Binary,
        browser_id -> Text,
        replaced_at -> BigInt,
        expires_at -> BigInt,
    }
}
