//! The tables, written once for both databases. `tests/store.rs` holds them against what the
//! migrations make. Types allowed: `BigInt`, `Integer`, `Text`, `Bool`, `Date`, `Timestamp`,
//! `Binary` and their `Nullable`.

diesel::table! {
    organizations (id) {
        id -> BigInt,
        key -> Text,
        name -> Text,
        mode -> Text,
        npi -> Text,
        ein -> Text,
        taxonomy -> Text,
        zone -> Text,
        part2 -> Text,
        contact_name -> Text,
        contact_phone -> Text,
        revision -> Integer,
        created_at -> Timestamp,
        updated_at -> Timestamp,
    }
}

diesel::table! {
    locations (organization_id, id) {
        organization_id -> BigInt,
        id -> BigInt,
        key -> Text,
        name -> Text,
        npi -> Nullable<Text>,
        line1 -> Text,
        line2 -> Nullable<Text>,
        city -> Text,
        state -> Text,
        zip -> Text,
    }
}

diesel::table! {
    payers (id) {
        id -> BigInt,
        key -> Text,
        name -> Text,
        sandbox -> Bool,
        revision -> Integer,
        created_at -> Timestamp,
        updated_at -> Timestamp,
    }
}

diesel::table! {
    peers (organization_id, id) {
        organization_id -> BigInt,
        id -> BigInt,
        npi -> Text,
        first_name -> Text,
        last_name -> Text,
        taxonomy -> Text,
        revision -> Integer,
        created_at -> Timestamp,
        updated_at -> Timestamp,
    }
}

diesel::table! {
    certificates (organization_id, id) {
        organization_id -> BigInt,
        id -> BigInt,
        peer_id -> BigInt,
        state -> Text,
        kind -> Text,
        number -> Nullable<Text>,
        valid_from -> Date,
        valid_to -> Nullable<Date>,
    }
}

diesel::table! {
    members (organization_id, id) {
        organization_id -> BigInt,
        id -> BigInt,
        reference -> Text,
        first_name -> Text,
        last_name -> Text,
        birth_date -> Date,
        gender -> Text,
        line1 -> Nullable<Text>,
        line2 -> Nullable<Text>,
        city -> Nullable<Text>,
        state -> Nullable<Text>,
        zip -> Nullable<Text>,
        revision -> Integer,
        created_at -> Timestamp,
        updated_at -> Timestamp,
    }
}

diesel::table! {
    coverages (organization_id, id) {
        organization_id -> BigInt,
        id -> BigInt,
        member_id -> BigInt,
        payer_id -> BigInt,
        member_number -> Text,
        valid_from -> Date,
        valid_to -> Nullable<Date>,
        pay_order -> Integer,
        product -> Nullable<Text>,
    }
}

diesel::table! {
    authorizations (organization_id, id) {
        organization_id -> BigInt,
        id -> BigInt,
        member_id -> BigInt,
        payer_id -> BigInt,
        number -> Text,
        services -> Text,
        units -> BigInt,
        valid_from -> Date,
        valid_to -> Nullable<Date>,
        revision -> Integer,
        created_at -> Timestamp,
        updated_at -> Timestamp,
    }
}

diesel::table! {
    packs (id) {
        id -> BigInt,
        key -> Text,
        version -> Text,
        title -> Text,
        model -> Text,
        created_at -> Timestamp,
    }
}

diesel::table! {
    contracts (organization_id, id) {
        organization_id -> BigInt,
        id -> BigInt,
        payer_id -> BigInt,
        created_at -> Timestamp,
    }
}

diesel::table! {
    contract_versions (organization_id, id) {
        organization_id -> BigInt,
        id -> BigInt,
        contract_id -> BigInt,
        pack_id -> BigInt,
        effective_from -> Date,
        effective_to -> Nullable<Date>,
        supersedes_id -> Nullable<BigInt>,
        terms -> Text,
        recorded_at -> Timestamp,
    }
}

diesel::table! {
    api_keys (id) {
        id -> BigInt,
        hash -> Binary,
        role -> Text,
        label -> Text,
        organization_id -> Nullable<BigInt>,
        payer_id -> Nullable<BigInt>,
        created_at -> Timestamp,
        expires_at -> Nullable<Timestamp>,
        revoked_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    idempotency_keys (api_key_id, idempotency_key) {
        api_key_id -> BigInt,
        idempotency_key -> Text,
        endpoint -> Text,
        body_hash -> Binary,
        status -> Integer,
        headers -> Text,
        body -> Text,
        created_at -> Timestamp,
    }
}

diesel::table! {
    counters (name) {
        name -> Text,
        next_value -> BigInt,
    }
}

diesel::allow_tables_to_appear_in_same_query!(
    organizations,
    locations,
    payers,
    peers,
    certificates,
    members,
    coverages,
    authorizations,
    packs,
    contracts,
    contract_versions,
    api_keys,
    idempotency_keys,
    counters,
);
