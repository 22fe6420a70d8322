//! The API as its callers see it: a real server, a database of its own for each test, each test on
//! both databases.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::similar_names,
    missing_docs,
    reason = "a test that fails by panicking is what tests are"
)]

mod access;
mod again;
mod again_claimed;
mod again_faults;
mod again_feed;
mod again_killed;
mod again_numbers;

mod again_turns;
mod again_waiting;
mod alternatives;
mod app;
mod as_meant;
mod audit;
mod audit_deeds;
mod audit_named;
mod bad_input;
mod batches;
mod beside;
mod billed_once;
mod bulk;
mod bulk_killed;
mod busy;
mod changes;
mod claim_answers;
mod claim_changes;
mod claim_form;
mod claim_notes;
mod claim_problems;
mod claim_races;
mod claim_storm;
mod consents;
mod copies;
mod database;
mod day_sums;
mod divided;
mod docs;
mod documents;
mod edi;
mod encounters;
mod episodes;
mod errors;
mod every_code;
mod explanation;
mod given_way;
mod golden_flow;
mod health;
mod history;
mod history_again;
mod idempotency;
mod kept;
mod killed;
mod ledger;
mod locks;
mod metrics;
mod objects_only;
mod openings;
mod overrides;
mod partner;
mod past;
mod peers_not_named;
mod periods;
mod posts;
mod posts_killed;
mod probe;
mod program;
mod programs;
mod raw;
mod records_kept;
// The recount that the rules' own tests use, too.
#[allow(dead_code, reason = "the API tests use a part of it")]
#[path = "../../src/domain/windows/slow.rs"]
mod recount;
mod reference_contracts;
mod reference_crud;
mod reference_faults;
mod reference_import;
mod reference_samples;
mod reference_walls;
mod report_attack;
mod report_causes;
mod report_closed;
mod report_disclosed;
mod report_facts;
mod report_files;
mod report_frame;
mod report_issues;
mod report_jobs;
mod report_jobs_killed;
mod report_jobs_states;
mod report_jobs_walls;
mod report_kept;
mod report_lines;
mod report_lines_forms;
mod report_narrowed;
mod report_over_use;
mod report_people;
mod report_persons;
mod report_recount;
mod report_recount_enrolled;
mod report_recount_movement;
mod report_recount_numbers;
mod report_recount_over_use;
mod report_recount_people;
mod report_recount_persons;
mod report_recount_readers;
mod report_recount_utilization;
mod report_recount_work;
mod report_stated;
mod report_tables;
mod report_traps;
mod report_traps_hidden;
mod report_traps_more;
mod report_utilization;
mod reports;
mod responses;
mod responses_bad;
mod responses_groups;
mod responses_in;
mod responses_levels;
mod responses_mixed;
mod responses_odd;
mod responses_order;
mod responses_sets;
mod responses_waits;
mod responses_whose;
mod restored;
mod revise;
mod sessions;
mod sessions_gathered;
mod sessions_recount;
mod several_authorizations;
mod slow;
mod stopping;
mod storm;
mod tasks;
mod two_numbers;
mod two_processes;
mod versions;
mod walls;
mod windows;
mod windows_moved;
mod windows_recount;
mod windows_recount_scopes;
mod worklist;
mod worklist_deadlines;
mod world;
