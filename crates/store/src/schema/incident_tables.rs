//! Tables about attacks and incidents, and who is told of them.

diesel::table! {
    password_runs (digest) {
        digest -> Binary,
        account -> Binary,
        failures -> BigInt,
        last_at -> BigInt,
    }
}

diesel::table! {
    incident_notices (id) {
        id -> Text,
        cohort -> Text,
        texts -> Text,
        happened_at -> BigInt,
        made_at -> BigInt,
        state -> Text,
        told_to -> Nullable<Text>,
        told -> BigInt,
    }
}

diesel::table! {
    level_decisions (number) {
        number -> BigInt,
        at -> BigInt,
        operator -> Text,
        scope -> Text,
        level -> BigInt,
        reason -> Text,
        from_at -> BigInt,
        until_at -> Nullable<BigInt>,
        text_ja -> Text,
        text_en -> Text,
        standing -> Text,
        confirms -> Nullable<BigInt>,
    }
}

diesel::table! {
    level_beginnings (number) {
        number -> BigInt,
    }
}

diesel::table! {
    switch_decisions (number) {
        number -> BigInt,
        at -> BigInt,
        operator -> Text,
        feature -> Text,
        works -> Bool,
        reason -> Text,
        until_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    operator_alerts (event_id) {
        event_id -> Text,
        topic -> Text,
        at -> BigInt,
        told_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    webhook_deliveries (id) {
        id -> Text,
        hook -> Text,
        body -> Text,
        created_at -> BigInt,
        attempts -> BigInt,
        next_attempt_at -> BigInt,
        state -> Text,
        last_status -> Nullable<BigInt>,
        last_error -> Nullable<Text>,
        ended_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    canaries (mark) {
        mark -> Binary,
        sealed -> Binary,
    }
}

diesel::table! {
    blocks (number) {
        number -> BigInt,
        at -> BigInt,
        operator -> Text,
        target -> Text,
        effect -> Text,
        reason -> Text,
        until_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    rule_firings (mark) {
        mark -> Binary,
        rule -> Text,
        content -> Binary,
        action -> Text,
        subject -> Text,
        until_at -> BigInt,
        block -> Nullable<BigInt>,
    }
}

diesel::table! {
    canary_touches (mark) {
        mark -> Binary,
        until_at -> BigInt,
    }
}

diesel::table! {
    high_marks (name) {
        name -> Text,
        number -> BigInt,
    }
}
