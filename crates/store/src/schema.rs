//! The tables, as both databases have them. The twin migrations make them; a test compares.

mod browser_tables;
mod factor_tables;
mod incident_tables;

pub(crate) use browser_tables::{browsers, former_browser_values};
pub(crate) use factor_tables::{code_address_losses, factor_losses, factors};
pub(crate) use incident_tables::{
    blocks, canaries, canary_touches, high_marks, incident_notices, level_beginnings,
    level_decisions, operator_alerts, password_runs, rule_firings, switch_decisions,
    webhook_deliveries,
};

diesel::table! {
    users (id) {
        id -> Text,
        subject -> Text,
        state -> Text,
        locale -> Text,
        zone -> Text,
        alert -> Text,
        second_step -> Bool,
        created_at -> BigInt,
        epoch_password -> BigInt,
        epoch_session -> BigInt,
        epoch_token -> BigInt,
        epoch_browser -> BigInt,
        data_key -> Binary,
        claims -> Binary,
        cohort_tag -> Text,
        password_at -> Nullable<BigInt>,
        password_epoch -> BigInt,
        password_imported -> Bool,
        leaves_at -> Nullable<BigInt>,
        leaving_told -> BigInt,
        networks -> Nullable<Binary>,
        locale_chosen -> Bool,
    }
}

diesel::table! {
    user_addresses (user_id, kind) {
        user_id -> Text,
        kind -> Text,
        sealed -> Binary,
        blind_index -> Binary,
        verified_at -> Nullable<BigInt>,
        refused_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    passwords (user_id) {
        user_id -> Text,
        sealed -> Binary,
        key_id -> Text,
        changed_at -> BigInt,
        must_change -> Bool,
    }
}

diesel::table! {
    password_resets (digest) {
        digest -> Binary,
        user_id -> Text,
        mailbox -> Text,
        vouched -> Bool,
        epoch -> BigInt,
        password_at -> Nullable<BigInt>,
        created_at -> BigInt,
        expires_at -> BigInt,
        used_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    reset_waits (user_id) {
        user_id -> Text,
        browser_id -> Text,
        password_at -> Nullable<BigInt>,
        asked_at -> BigInt,
    }
}

diesel::table! {
    not_me_links (digest) {
        digest -> Binary,
        user_id -> Text,
        event_id -> Text,
        event_at -> BigInt,
        expires_at -> BigInt,
        used_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    recovery_codes (user_id, digest) {
        user_id -> Text,
        digest -> Binary,
        made_at -> BigInt,
        used_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    browser_sessions (id) {
        id -> Text,
        digest -> Binary,
        user_id -> Text,
        browser_id -> Text,
        created_at -> BigInt,
        last_seen_at -> BigInt,
        expires_at -> BigInt,
        auth_time -> BigInt,
        methods -> Text,
        epoch -> BigInt,
        ip -> Text,
        user_agent -> Text,
        ended_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    spent_challenges (id) {
        id -> Text,
        spent_at -> BigInt,
        expires_at -> BigInt,
    }
}

diesel::table! {
    clients (id) {
        id -> Text,
        document -> Text,
        created_at -> BigInt,
    }
}

diesel::table! {
    client_secrets (digest) {
        digest -> Binary,
        client_id -> Text,
        created_at -> BigInt,
        expires_at -> Nullable<BigInt>,
        sealed -> Nullable<Binary>,
    }
}

diesel::table! {
    client_brands (client_id) {
        client_id -> Text,
        version -> BigInt,
        colours -> Nullable<Text>,
        logo -> Nullable<Binary>,
    }
}

diesel::table! {
    client_publishers (client_id) {
        client_id -> Text,
        publisher -> Text,
        identity -> Binary,
    }
}

diesel::table! {
    signing_keys (kid) {
        kid -> Text,
        algorithm -> Text,
        private_key -> Binary,
        public_jwk -> Text,
        created_at -> BigInt,
        active_from -> BigInt,
        retired_at -> Nullable<BigInt>,
        gone_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    cohort_marks (epoch) {
        epoch -> BigInt,
        kinds -> Text,
        cohort -> Text,
        reason -> Text,
        made_at -> BigInt,
    }
}

diesel::table! {
    epochs (scope, subject, kind) {
        scope -> Text,
        subject -> Text,
        kind -> Text,
        epoch -> BigInt,
    }
}

diesel::table! {
    epoch_counter (id) {
        id -> BigInt,
        number -> BigInt,
    }
}

diesel::table! {
    revisions (topic) {
        topic -> Text,
        number -> BigInt,
    }
}

diesel::table! {
    consents (user_id, client_id) {
        user_id -> Text,
        client_id -> Text,
        scope -> Text,
        granted_at -> BigInt,
        claims -> Text,
        resources -> Text,
    }
}

diesel::table! {
    grants (id) {
        id -> Text,
        client_id -> Text,
        user_id -> Text,
        session_id -> Text,
        scope -> Text,
        offline -> Bool,
        auth_time -> BigInt,
        methods -> Text,
        epoch -> BigInt,
        created_at -> BigInt,
        revoked_at -> Nullable<BigInt>,
        terms -> Text,
    }
}

diesel::table! {
    codes (digest) {
        digest -> Binary,
        grant_id -> Text,
        client_id -> Text,
        redirect_uri -> Text,
        code_challenge -> Nullable<Text>,
        nonce -> Nullable<Text>,
        auth_time_required -> Bool,
        locale -> Text,
        expires_at -> BigInt,
        used_at -> Nullable<BigInt>,
        dpop_jkt -> Nullable<Text>,
    }
}

diesel::table! {
    refresh_tokens (digest) {
        digest -> Binary,
        grant_id -> Text,
        client_id -> Text,
        issued_at -> BigInt,
        idle_until -> BigInt,
        expires_at -> BigInt,
        used_at -> Nullable<BigInt>,
        successor -> Nullable<Binary>,
        bound_to -> Nullable<Text>,
    }
}

diesel::table! {
    access_tokens (digest) {
        digest -> Binary,
        grant_id -> Nullable<Text>,
        client_id -> Text,
        scope -> Text,
        audience -> Text,
        issued_at -> BigInt,
        expires_at -> BigInt,
        confirmation -> Nullable<Text>,
        epoch -> BigInt,
    }
}

diesel::table! {
    revoked_tokens (digest) {
        digest -> Binary,
        expires_at -> BigInt,
    }
}

diesel::table! {
    events (at, id) {
        id -> Text,
        at -> BigInt,
        kind -> Text,
        outcome -> Text,
        user_id -> Nullable<Text>,
        client_id -> Nullable<Text>,
        session_id -> Nullable<Text>,
        ip -> Text,
        user_agent -> Text,
        request_id -> Text,
        detail -> Text,
    }
}

diesel::table! {
    tombstones (subject_digest) {
        subject_digest -> Binary,
        buried_at -> BigInt,
    }
}

diesel::table! {
    address_quarantine (blind_index) {
        blind_index -> Binary,
        released_at -> BigInt,
        until -> BigInt,
    }
}

diesel::table! {
    outbox (id) {
        id -> Text,
        kind -> Text,
        sealed -> Binary,
        created_at -> BigInt,
        not_after -> Nullable<BigInt>,
        attempts -> BigInt,
        next_attempt_at -> BigInt,
        state -> Text,
        last_error -> Nullable<Text>,
        sent_at -> Nullable<BigInt>,
        lane -> Text,
        urgency -> BigInt,
        held_for -> Nullable<Binary>,
        held_of -> Nullable<Text>,
        gathered_for -> Nullable<Binary>,
        gathered_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    logout_deliveries (id) {
        id -> Text,
        session_id -> Text,
        client_id -> Text,
        user_id -> Text,
        uri -> Text,
        created_at -> BigInt,
        attempts -> BigInt,
        next_attempt_at -> BigInt,
        state -> Text,
        last_status -> Nullable<BigInt>,
        last_error -> Nullable<Text>,
        done_at -> Nullable<BigInt>,
        dead_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    registration_tokens (client_id) {
        client_id -> Text,
        digest -> Binary,
        previous_digest -> Nullable<Binary>,
        previous_until -> Nullable<BigInt>,
        created_at -> BigInt,
        last_used_at -> BigInt,
        epoch -> BigInt,
    }
}

diesel::table! {
    initial_access_tokens (digest) {
        digest -> Binary,
        label -> Text,
        created_at -> BigInt,
        expires_at -> BigInt,
        uses_left -> BigInt,
    }
}

diesel::table! {
    key_holders (node) {
        node -> Text,
        address -> Text,
        key_ids -> Text,
        current_key -> Text,
        since -> BigInt,
        seen_at -> BigInt,
        moved -> BigInt,
        moving_since -> Nullable<BigInt>,
    }
}

diesel::table! {
    user_imports (file_digest) {
        file_digest -> Binary,
        tag -> Text,
        records -> BigInt,
        imported -> BigInt,
        existing -> BigInt,
        refused -> BigInt,
        started_at -> BigInt,
        updated_at -> BigInt,
        finished_at -> Nullable<BigInt>,
        terms -> Text,
    }
}

diesel::table! {
    address_changes (id) {
        id -> Text,
        user_id -> Text,
        kind -> Text,
        former -> Nullable<Binary>,
        former_index -> Nullable<Binary>,
        former_verified_at -> Nullable<BigInt>,
        made_at -> BigInt,
        undo_until -> BigInt,
        ended_at -> Nullable<BigInt>,
        made_in -> Nullable<Text>,
    }
}

diesel::table! {
    address_undo_links (digest) {
        digest -> Binary,
        change_id -> Text,
    }
}

diesel::table! {
    invitations (id) {
        id -> Text,
        digest -> Binary,
        address -> Nullable<Binary>,
        address_index -> Nullable<Binary>,
        made_by -> Text,
        created_at -> BigInt,
        expires_at -> BigInt,
        used_at -> Nullable<BigInt>,
        used_by -> Nullable<Text>,
    }
}

diesel::table! {
    operator_tokens (id) {
        id -> Text,
        digest -> Binary,
        operator -> Text,
        permissions -> Text,
        networks -> Text,
        created_at -> BigInt,
        expires_at -> BigInt,
        ended_at -> Nullable<BigInt>,
        used_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    foreign_schemes (template) {
        template -> Text,
    }
}

diesel::allow_tables_to_appear_in_same_query!(
    users,
    user_addresses,
    passwords,
    browser_sessions,
    grants,
    codes,
    refresh_tokens,
    access_tokens,
    logout_deliveries,
);
