//! The tables, written once for both databases. `tests/store.rs` holds them against what the
//! migrations make. Types allowed: `BigInt`, `Integer`, `Text`, `Bool`, `Date`, `Timestamp`,
//! `Binary` and their `Nullable`.
//!
//! One file, and longer than the others may be: diesel's joins between tables (`allow_tables_to_appear_
//! in_same_query!`) name all of them in one place, and a table is looked up here by its name.

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
        birth_date -> Nullable<Date>,
        hired_on -> Nullable<Date>,
        claim_facts -> Nullable<Text>,
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
        standing -> Text,
        endorsements -> Text,
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
        claim_facts -> Nullable<Text>,
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
        known_on -> Nullable<Date>,
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
    audit_entries (id) {
        id -> BigInt,
        at -> Timestamp,
        actor -> Text,
        key_id -> Nullable<BigInt>,
        role -> Nullable<Text>,
        organization_id -> Nullable<BigInt>,
        action -> Text,
        subject -> Nullable<Text>,
        detail -> Text,
        request_id -> Nullable<Text>,
    }
}

diesel::table! {
    counters (name) {
        name -> Text,
        next_value -> BigInt,
    }
}

diesel::table! {
    marks (organization_id, id) {
        organization_id -> BigInt,
        id -> BigInt,
        touched -> Text,
        cause -> Text,
        depth -> Integer,
        back -> Bool,
        after_date -> Nullable<Date>,
        after_start -> Nullable<Timestamp>,
        after_id -> Nullable<BigInt>,
        tries -> Integer,
        due_at -> Timestamp,
        served_at -> Timestamp,
        marked_at -> Timestamp,
        kind -> Text,
    }
}

diesel::table! {
    decision_changes (organization_id, number) {
        organization_id -> BigInt,
        number -> BigInt,
        encounter_id -> BigInt,
        decision_id -> BigInt,
        cause -> Text,
        changed_at -> Timestamp,
        outcome_before -> Text,
        outcome_after -> Text,
    }
}

diesel::table! {
    corrections (organization_id, id) {
        organization_id -> BigInt,
        id -> BigInt,
        encounter_id -> BigInt,
        claim_id -> BigInt,
        cause -> Text,
        billed -> Text,
        today -> Text,
        opened_at -> Timestamp,
        changed_at -> Timestamp,
        resolved_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    encounters (organization_id, id) {
        organization_id -> BigInt,
        id -> BigInt,
        reference -> Text,
        content_hash -> Binary,
        content -> Text,
        peer_id -> BigInt,
        member_id -> BigInt,
        started_at -> Timestamp,
        ended_at -> Timestamp,
        minutes -> BigInt,
        service_date -> Date,
        service_month -> Integer,
        payer_id -> Nullable<BigInt>,
        member_number -> Nullable<Text>,
        service -> Nullable<Text>,
        disposition -> Text,
        status -> Text,
        decision_id -> BigInt,
        decision_sequence -> Integer,
        file_by -> Nullable<Date>,
        recorded_at -> Timestamp,
        voided_at -> Nullable<Timestamp>,
        void_reason -> Nullable<Text>,
        revision -> Integer,
        content_sequence -> Integer,
        role -> Text,
        mode -> Text,
        setting -> Text,
        program -> Nullable<Text>,
    }
}

diesel::table! {
    encounter_revisions (organization_id, encounter_id, revision) {
        organization_id -> BigInt,
        encounter_id -> BigInt,
        revision -> Integer,
        content -> Text,
        decision_id -> BigInt,
        replaced_at -> Timestamp,
    }
}

diesel::table! {
    sessions (organization_id, id) {
        organization_id -> BigInt,
        id -> BigInt,
        reference -> Text,
        peer_id -> BigInt,
        started_at -> Timestamp,
        ended_at -> Timestamp,
        service_date -> Date,
        size -> BigInt,
        peers -> BigInt,
        stated -> Bool,
        content_hash -> Nullable<Binary>,
        revision -> Integer,
        recorded_at -> Timestamp,
        voided_at -> Nullable<Timestamp>,
        void_reason -> Nullable<Text>,
    }
}

diesel::table! {
    session_encounters (organization_id, encounter_id) {
        organization_id -> BigInt,
        encounter_id -> BigInt,
        session_id -> BigInt,
    }
}

diesel::table! {
    decisions (organization_id, id) {
        organization_id -> BigInt,
        id -> BigInt,
        encounter_id -> BigInt,
        sequence -> Integer,
        cause -> Text,
        contract_version_id -> Nullable<BigInt>,
        engine -> Text,
        as_of -> Timestamp,
        answer -> Text,
        facts -> Text,
    }
}

diesel::table! {
    decision_lines (organization_id, id) {
        organization_id -> BigInt,
        id -> BigInt,
        encounter_id -> BigInt,
        decision_id -> BigInt,
        ordinal -> Integer,
        status -> Text,
        payer_id -> Nullable<BigInt>,
        service -> Text,
        service_date -> Date,
        procedure_code -> Text,
        modifiers -> Text,
        place -> Text,
        units -> BigInt,
        unit_charge -> Nullable<Text>,
        unit_rate -> Nullable<Text>,
        charge -> BigInt,
        expected -> BigInt,
        authorization_id -> Nullable<BigInt>,
        authorized_units -> BigInt,
        member_id -> BigInt,
    }
}

diesel::table! {
    encounter_overrides (organization_id, id) {
        organization_id -> BigInt,
        id -> BigInt,
        encounter_id -> BigInt,
        rule -> Text,
        content_hash -> Binary,
        reason -> Text,
        key_id -> Nullable<BigInt>,
        made_at -> Timestamp,
        revoked_at -> Nullable<Timestamp>,
        revoked_key_id -> Nullable<BigInt>,
        revoke_reason -> Nullable<Text>,
    }
}

diesel::table! {
    holds (organization_id, encounter_id) {
        organization_id -> BigInt,
        encounter_id -> BigInt,
        payer_id -> Nullable<BigInt>,
        whole -> Bool,
        units -> BigInt,
        expected -> Nullable<BigInt>,
        unknown -> Nullable<Text>,
        overridable -> Bool,
        due_day -> Nullable<Integer>,
    }
}

diesel::table! {
    hold_reasons (organization_id, encounter_id, rule) {
        organization_id -> BigInt,
        encounter_id -> BigInt,
        rule -> Text,
        overridable -> Bool,
    }
}

diesel::table! {
    accounts (organization_id, id) {
        organization_id -> BigInt,
        id -> BigInt,
        key -> Text,
    }
}

diesel::table! {
    unit_entries (organization_id, id) {
        organization_id -> BigInt,
        id -> BigInt,
        account_id -> BigInt,
        kind -> Text,
        encounter_id -> Nullable<BigInt>,
        line_id -> Nullable<BigInt>,
        service -> Nullable<Text>,
        service_date -> Date,
        authorization_id -> Nullable<BigInt>,
        payer_id -> Nullable<BigInt>,
        peer_id -> Nullable<BigInt>,
        modifiers -> Nullable<Text>,
        mode -> Nullable<Text>,
        granted -> BigInt,
        reserved -> BigInt,
        consumed -> BigInt,
        recorded_at -> Timestamp,
    }
}

diesel::table! {
    shared_accounts (id) {
        id -> BigInt,
        key -> Text,
    }
}

diesel::table! {
    shared_entries (organization_id, id) {
        organization_id -> BigInt,
        id -> BigInt,
        account_id -> BigInt,
        kind -> Text,
        encounter_id -> Nullable<BigInt>,
        line_id -> Nullable<BigInt>,
        service -> Text,
        service_date -> Date,
        modifiers -> Nullable<Text>,
        mode -> Nullable<Text>,
        units -> BigInt,
        recorded_at -> Timestamp,
    }
}

diesel::table! {
    files (organization_id, id) {
        organization_id -> BigInt,
        id -> BigInt,
        name -> Text,
        size_bytes -> BigInt,
        sha256 -> Text,
        created_at -> Timestamp,
    }
}

diesel::table! {
    file_chunks (organization_id, file_id, ordinal) {
        organization_id -> BigInt,
        file_id -> BigInt,
        ordinal -> Integer,
        content -> Binary,
    }
}

diesel::table! {
    batches (organization_id, id) {
        organization_id -> BigInt,
        id -> BigInt,
        payer_id -> BigInt,
        through -> Date,
        status -> Text,
        sender_id -> Text,
        receiver_id -> Text,
        interchange_control -> BigInt,
        group_control -> BigInt,
        claim_count -> BigInt,
        line_count -> BigInt,
        units -> BigInt,
        charge -> BigInt,
        expected -> BigInt,
        file_id -> BigInt,
        built_at -> Timestamp,
        released_at -> Nullable<Timestamp>,
        withdrawn_at -> Nullable<Timestamp>,
        delivered_at -> Nullable<Timestamp>,
        receipt -> Nullable<Text>,
        acknowledgment -> Nullable<Text>,
        acknowledged_at -> Nullable<Timestamp>,
        acknowledge_by -> Nullable<Date>,
        status_by -> Nullable<Date>,
    }
}

diesel::table! {
    claims (organization_id, id) {
        organization_id -> BigInt,
        id -> BigInt,
        number -> Text,
        batch_id -> BigInt,
        ordinal -> Integer,
        payer_id -> BigInt,
        member_id -> BigInt,
        member_number -> Text,
        peer_id -> BigInt,
        contract_version_id -> BigInt,
        status -> Text,
        service_date -> Date,
        units -> BigInt,
        charge -> BigInt,
        expected -> BigInt,
        file_by -> Date,
        document -> Text,
        payer_control_first -> Nullable<Text>,
        payer_control -> Nullable<Text>,
        payer_control_by -> Nullable<Text>,
        detail -> Nullable<Text>,
    }
}

diesel::table! {
    claim_changes (organization_id, id) {
        organization_id -> BigInt,
        id -> BigInt,
        claim_id -> BigInt,
        payer_id -> BigInt,
        member_id -> BigInt,
        kind -> Text,
        state -> Text,
        is_open -> Bool,
        reason -> Text,
        visits -> Text,
        voids -> Text,
        problem -> Nullable<Text>,
        built_claim_id -> Nullable<BigInt>,
        before -> Nullable<Text>,
        asked_at -> Timestamp,
        ended_at -> Nullable<Timestamp>,
        without_held -> Bool,
        evidence -> Nullable<Text>,
        note -> Nullable<Text>,
    }
}

diesel::table! {
    claim_lines (organization_id, id) {
        organization_id -> BigInt,
        id -> BigInt,
        claim_id -> BigInt,
        ordinal -> Integer,
        control -> Text,
        service -> Text,
        units -> BigInt,
        charge -> BigInt,
        expected -> BigInt,
        service_date -> Date,
    }
}

diesel::table! {
    claim_line_parts (organization_id, claim_line_id, decision_line_id) {
        organization_id -> BigInt,
        claim_line_id -> BigInt,
        decision_line_id -> BigInt,
        encounter_id -> BigInt,
        units -> BigInt,
        charge -> BigInt,
        expected -> BigInt,
        live -> Bool,
    }
}

diesel::table! {
    day_visits (organization_id, encounter_id) {
        organization_id -> BigInt,
        encounter_id -> BigInt,
        member_id -> BigInt,
        service_date -> Date,
        sum_key -> Text,
        unit_minutes -> BigInt,
        rounding -> Text,
        min_minutes -> BigInt,
    }
}

diesel::table! {
    documents (organization_id, id) {
        organization_id -> BigInt,
        id -> BigInt,
        reference -> Text,
        kind -> Text,
        member_id -> Nullable<BigInt>,
        peer_id -> Nullable<BigInt>,
        valid_from -> Date,
        valid_to -> Nullable<Date>,
        signed_on -> Nullable<Date>,
        content -> Text,
        revision -> Integer,
        created_at -> Timestamp,
        updated_at -> Timestamp,
    }
}

diesel::table! {
    episodes (organization_id, id) {
        organization_id -> BigInt,
        id -> BigInt,
        reference -> Text,
        member_id -> BigInt,
        payer_id -> Nullable<BigInt>,
        kind -> Text,
        valid_from -> Date,
        valid_to -> Nullable<Date>,
        revision -> Integer,
        created_at -> Timestamp,
        updated_at -> Timestamp,
        program -> Nullable<Text>,
    }
}

diesel::table! {
    consents (organization_id, id) {
        organization_id -> BigInt,
        id -> BigInt,
        reference -> Text,
        member_id -> BigInt,
        recipient_id -> Nullable<BigInt>,
        purposes -> Text,
        services -> Text,
        services_from -> Nullable<Date>,
        services_to -> Nullable<Date>,
        valid_from -> Date,
        valid_to -> Nullable<Date>,
        obtained -> Text,
        signer -> Text,
        revoked_at -> Nullable<Timestamp>,
        revoke_reason -> Nullable<Text>,
        created_at -> Timestamp,
    }
}

diesel::table! {
    opening_balances (organization_id, id) {
        organization_id -> BigInt,
        id -> BigInt,
        account_id -> BigInt,
        member_id -> BigInt,
        payer_id -> BigInt,
        member_number -> Text,
        service -> Text,
        opened_on -> Date,
        authorization_id -> Nullable<BigInt>,
        units -> BigInt,
        revision -> Integer,
        created_at -> Timestamp,
        updated_at -> Timestamp,
    }
}

diesel::table! {
    programs (organization_id, id) {
        organization_id -> BigInt,
        id -> BigInt,
        key -> Text,
        name -> Text,
        kind -> Text,
        valid_from -> Date,
        valid_to -> Nullable<Date>,
        revision -> Integer,
        created_at -> Timestamp,
        updated_at -> Timestamp,
        location -> Nullable<Text>,
    }
}

diesel::table! {
    received_files (organization_id, id) {
        organization_id -> BigInt,
        id -> BigInt,
        file_id -> BigInt,
        sha256 -> Text,
        kind -> Text,
        sender_id -> Nullable<Text>,
        receiver_id -> Nullable<Text>,
        state -> Text,
        reason -> Nullable<Text>,
        channel -> Text,
        archive -> Nullable<Text>,
        waits_for -> Nullable<BigInt>,
        accepted -> BigInt,
        rejected -> BigInt,
        received_at -> Timestamp,
        applied_at -> Nullable<Timestamp>,
        tries -> Integer,
    }
}

diesel::table! {
    received_interchanges (organization_id, sender_id, receiver_id, control) {
        organization_id -> BigInt,
        sender_id -> Text,
        receiver_id -> Text,
        control -> Text,
        digest -> Text,
        received_id -> BigInt,
    }
}

diesel::table! {
    received_waits (organization_id, received_id, batch_id) {
        organization_id -> BigInt,
        received_id -> BigInt,
        batch_id -> BigInt,
    }
}

diesel::table! {
    paid_claims (organization_id, claim_id, received_id) {
        organization_id -> BigInt,
        claim_id -> BigInt,
        received_id -> BigInt,
    }
}

diesel::table! {
    responses (organization_id, id) {
        organization_id -> BigInt,
        id -> BigInt,
        received_id -> BigInt,
        batch_id -> BigInt,
        claim_id -> Nullable<BigInt>,
        stage -> Text,
        source -> Text,
        control -> Text,
        verdict -> Text,
        effect -> Text,
        said -> Text,
        payer_control -> Nullable<Text>,
        clearinghouse_control -> Nullable<Text>,
        recorded_at -> Timestamp,
    }
}

diesel::table! {
    report_clock (id) {
        id -> BigInt,
        as_of -> Timestamp,
    }
}

diesel::table! {
    past_zones (organization_id, known_to) {
        organization_id -> BigInt,
        known_to -> Timestamp,
        zone -> Text,
    }
}

diesel::table! {
    claimed_sessions (organization_id, session_id, claims_to) {
        organization_id -> BigInt,
        session_id -> BigInt,
        claims_to -> BigInt,
        started_at -> Timestamp,
        ended_at -> Timestamp,
        size -> BigInt,
    }
}

diesel::table! {
    report_marks (organization_id, service_date) {
        organization_id -> BigInt,
        service_date -> Date,
    }
}

diesel::table! {
    report_facts (organization_id, encounter_id, known_from) {
        organization_id -> BigInt,
        encounter_id -> BigInt,
        known_from -> Timestamp,
        known_to -> Nullable<Timestamp>,
        service_date -> Date,
        content -> Text,
    }
}

diesel::table! {
    report_days (organization_id, service_date) {
        organization_id -> BigInt,
        service_date -> Date,
        content -> Binary,
    }
}

diesel::table! {
    report_roster (organization_id, member_id) {
        organization_id -> BigInt,
        member_id -> BigInt,
        ordinal -> BigInt,
    }
}

diesel::table! {
    report_people (payer_id, person) {
        payer_id -> BigInt,
        person -> Text,
        ordinal -> BigInt,
    }
}

diesel::table! {
    report_persons (payer_id, member_number, valid_from, known_from) {
        payer_id -> BigInt,
        member_number -> Text,
        valid_from -> Date,
        known_from -> Timestamp,
        known_to -> Nullable<Timestamp>,
        person -> Text,
    }
}

diesel::table! {
    report_number_marks (payer_id, member_number) {
        payer_id -> BigInt,
        member_number -> Text,
    }
}

diesel::table! {
    report_issues (id) {
        id -> BigInt,
        organization_id -> Nullable<BigInt>,
        payer_id -> Nullable<BigInt>,
        edition -> Text,
        report -> Text,
        question -> Text,
        as_of -> Timestamp,
        issued_at -> Timestamp,
        supersedes -> Nullable<BigInt>,
        manifest -> Text,
        narrowings -> BigInt,
    }
}

diesel::table! {
    report_issue_files (issue_id, form) {
        issue_id -> BigInt,
        form -> Text,
        content -> Binary,
    }
}

diesel::table! {
    report_jobs (id) {
        id -> BigInt,
        organization_id -> Nullable<BigInt>,
        payer_id -> Nullable<BigInt>,
        edition -> Text,
        report -> Text,
        question -> Text,
        state -> Text,
        attempt -> Integer,
        tries -> Integer,
        lease_until -> Nullable<Timestamp>,
        part -> Nullable<Text>,
        part_done -> Nullable<BigInt>,
        part_of -> Nullable<BigInt>,
        made_at -> Timestamp,
        started_at -> Nullable<Timestamp>,
        finished_at -> Nullable<Timestamp>,
        known_at -> Nullable<Timestamp>,
        size_bytes -> Nullable<BigInt>,
        sha256 -> Nullable<Text>,
        error_code -> Nullable<Text>,
        error_detail -> Nullable<Text>,
        removed_at -> Nullable<Timestamp>,
        narrowings -> BigInt,
        as_of -> Nullable<Timestamp>,
    }
}

diesel::table! {
    report_narrowings (organization_id, cause, subject) {
        organization_id -> BigInt,
        cause -> Text,
        subject -> BigInt,
        payer_id -> Nullable<BigInt>,
        recorded_at -> Timestamp,
    }
}

diesel::table! {
    report_job_pieces (job_id, attempt, ordinal) {
        job_id -> BigInt,
        attempt -> Integer,
        ordinal -> Integer,
        content -> Binary,
    }
}

diesel::table! {
    enrollment_files (id) {
        id -> BigInt,
        payer_id -> BigInt,
        sha256 -> Text,
        from_date -> Date,
        to_date -> Date,
        spans -> BigInt,
        members -> BigInt,
        received_at -> Timestamp,
    }
}

diesel::table! {
    enrollment_arrivals (file_id, known_from) {
        file_id -> BigInt,
        known_from -> Timestamp,
    }
}

diesel::table! {
    enrollment_spans (file_id, member_number, valid_from) {
        file_id -> BigInt,
        member_number -> Text,
        valid_from -> Date,
        valid_to -> Date,
    }
}

diesel::table! {
    fact_stamps (organization_id) {
        organization_id -> BigInt,
        stamp -> BigInt,
    }
}

diesel::allow_tables_to_appear_in_same_query!(
    organizations,
    locations,
    fact_stamps,
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
    audit_entries,
    idempotency_keys,
    counters,
    marks,
    decision_changes,
    corrections,
    encounters,
    encounter_revisions,
    sessions,
    session_encounters,
    decisions,
    decision_lines,
    encounter_overrides,
    holds,
    hold_reasons,
    accounts,
    unit_entries,
    shared_accounts,
    shared_entries,
    files,
    file_chunks,
    batches,
    claims,
    claim_lines,
    claim_line_parts,
    day_visits,
    documents,
    episodes,
    consents,
    opening_balances,
    programs,
    received_files,
    received_interchanges,
    received_waits,
    paid_claims,
    responses,
    report_clock,
    past_zones,
    claimed_sessions,
    report_marks,
    report_facts,
    report_days,
    report_roster,
    report_people,
    report_persons,
    report_number_marks,
    claim_changes,
    report_issues,
    report_issue_files,
    report_jobs,
    report_job_pieces,
    report_narrowings,
    enrollment_files,
    enrollment_arrivals,
    enrollment_spans,
);
