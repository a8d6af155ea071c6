//! Tables about second steps, and what is said to be lost of them.

diesel::table! {
    factors (id) {
        id -> Text,
        user_id -> Text,
        kind -> Text,
        sealed -> Binary,
        credential -> Nullable<Binary>,
        made_in -> Text,
        made_at -> BigInt,
        last_used_at -> Nullable<BigInt>,
        mark -> BigInt,
    }
}

diesel::table! {
    factor_losses (user_id) {
        user_id -> Text,
        digest -> Binary,
        asked_at -> BigInt,
        due_at -> BigInt,
        ends_at -> BigInt,
    }
}

diesel::table! {
    code_address_losses (user_id) {
        user_id -> Text,
        digest -> Binary,
        asked_at -> BigInt,
        due_at -> BigInt,
        ends_at -> BigInt,
        password_at -> Nullable<BigInt>,
    }
}
