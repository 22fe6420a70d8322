//! The audit trail: who did what, when, from which key (45 CFR 164.312(b), audit controls).
//!
//! An entry says ids, actions, counts and names of fields. It never says a value, so that the trail
//! itself holds nothing about a person.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::access::Role;
use super::dates::Instant;
use super::ids::{AuditId, KeyId, OrganizationId};
use super::text::code_list;

code_list!(
    /// What was done. The part before the point is what it was done to.
    Action, "an action" {
        /// An organization was made.
        OrganizationCreate = "organization.create",
        /// An organization was changed.
        OrganizationChange = "organization.change",
        /// A payer was made.
        PayerCreate = "payer.create",
        /// A payer was changed.
        PayerChange = "payer.change",
        /// A pack was added.
        PackAdd = "pack.add",
        /// A version of a contract was added.
        ContractAdd = "contract.add",
        /// A peer was made.
        PeerCreate = "peer.create",
        /// A peer was changed.
        PeerChange = "peer.change",
        /// A member was made.
        MemberCreate = "member.create",
        /// A member was changed.
        MemberChange = "member.change",
        /// An authorization was made.
        AuthorizationCreate = "authorization.create",
        /// An authorization was changed.
        AuthorizationChange = "authorization.change",
        /// A document was recorded.
        DocumentCreate = "document.create",
        /// A document was changed.
        DocumentChange = "document.change",
        /// An episode was made.
        EpisodeCreate = "episode.create",
        /// An episode was changed.
        EpisodeChange = "episode.change",
        /// A consent was recorded.
        ConsentRecord = "consent.record",
        /// A consent was revoked.
        ConsentRevoke = "consent.revoke",
        /// An opening balance was made.
        OpeningCreate = "opening_balance.create",
        /// An opening balance was changed.
        OpeningChange = "opening_balance.change",
        /// A program was made.
        ProgramCreate = "program.create",
        /// A program was changed.
        ProgramChange = "program.change",
        /// A file of reference data was brought in.
        FileImport = "file.import",
        /// One visit was recorded, or a chunk of an upload.
        EncounterRecord = "encounter.record",
        /// A visit was corrected.
        EncounterRevise = "encounter.revise",
        /// A visit was decided again because somebody asked, a check found it wrong, or another change
        /// made it another answer.
        EncounterDecide = "encounter.decide",
        /// A visit was voided.
        EncounterVoid = "encounter.void",
        /// A claimed visit is left out of the replacement of its claim, which voids it.
        EncounterLeaveOut = "encounter.leave_out",
        /// A session was recorded.
        SessionRecord = "session.record",
        /// A session was corrected.
        SessionRevise = "session.revise",
        /// A session was voided.
        SessionVoid = "session.void",
        /// A rule was overridden for a visit.
        EncounterOverride = "encounter.override",
        /// An override was taken back.
        EncounterOverrideRevoke = "encounter.override_revoke",
        /// A batch was built.
        BatchBuild = "batch.build",
        /// A batch was released.
        BatchRelease = "batch.release",
        /// A batch was withdrawn.
        BatchWithdraw = "batch.withdraw",
        /// A batch's delivery was recorded.
        BatchDeliver = "batch.deliver",
        /// A batch's 837P was handed out.
        BatchFile = "batch.export_837p",
        /// A batch's lines were handed out as a table.
        BatchLines = "batch.export_lines",
        /// A file came from a clearinghouse or payer, and what it says was applied.
        FileReceive = "file.receive",
        /// Tasks were handed out as a table.
        TasksExport = "tasks.export",
        /// A file that came was handed out.
        FileExport = "file.export",
        /// A replacement of a claim was asked for.
        ClaimReplace = "claim.replace",
        /// A void of a claim was asked for.
        ClaimVoid = "claim.void",
        /// What was asked for was taken back.
        ClaimKeep = "claim.keep",
        /// A biller said that the payer took a replacement or void.
        ClaimTaken = "claim.taken",
        /// The utilization report was handed out, before it became one of the others (ADR 139).
        ReportUtilization = "report.export_utilization",
        /// Another report was handed out.
        ReportExport = "report.export",
        /// An extract was held against released claims, and the differences handed out.
        ReportDifferences = "report.differences",
        /// A payer's enrollment file was brought in.
        EnrollmentImport = "enrollment.import",
        /// A report was issued.
        ReportIssue = "report.issue",
        /// A file of an issued report was handed out.
        ReportIssueExport = "report.export_issue",
        /// What an issued report came to was read: its manifest, with its totals.
        ReportIssueRead = "report.read_issue",
        /// A report was asked for that is made in the background.
        ReportJob = "report.job",
        /// The making of such a report was stopped.
        ReportJobCancel = "report.job_cancel",
        /// What such a report came to was handed out.
        ReportJobExport = "report.export_job",
        /// Such a report was removed, by somebody or because its time was over.
        ReportJobRemove = "report.job_remove",
        /// The worklist was handed out as a table.
        WorklistExport = "worklist.export",
        /// The service was told that its database came back from a backup.
        ServiceRestored = "service.restored",
        /// Control numbers were moved ahead, to go on from other software.
        ControlNumbers = "service.control_numbers",
        /// An API key was made.
        KeyCreate = "key.create",
        /// An API key was revoked.
        KeyRevoke = "key.revoke",
    }
);

code_list!(
    /// Who acts.
    ActorKind, "an actor" {
        /// The holder of an API key.
        Key = "key",
        /// Whoever runs the command line on the machine of the service.
        Command = "command",
        /// The service itself, by time.
        Worker = "worker",
    }
);

/// What an entry says beside action and subject.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Detail {
    /// How many of what.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub counts: BTreeMap<String, u64>,
    /// Names of the fields that were changed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<String>,
    /// Ids, codes and dates that it concerns; never a text that a person wrote.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub about: BTreeMap<String, String>,
}

impl Detail {
    /// With one more count.
    pub fn count(mut self, name: &str, number: impl TryInto<u64>) -> Self {
        self.counts.insert(name.to_owned(), number.try_into().unwrap_or(u64::MAX));
        self
    }

    /// With the name of a changed field, when it did change.
    pub fn field_if(mut self, name: &str, changed: bool) -> Self {
        if changed {
            self.fields.push(name.to_owned());
        }
        self
    }

    /// With one more id, code or date.
    pub fn about(mut self, name: &str, what: impl std::fmt::Display) -> Self {
        self.about.insert(name.to_owned(), what.to_string());
        self
    }
}

/// One entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditEntry {
    /// Its id; ids rise with time.
    pub id: AuditId,
    /// When, by the clock of the machine.
    pub at: Instant,
    /// Who.
    pub actor: ActorKind,
    /// From which key.
    pub key: Option<KeyId>,
    /// The role of that key.
    pub role: Option<Role>,
    /// Whose data; none for what is of no organization, or of several.
    pub organization: Option<OrganizationId>,
    /// What.
    pub action: Action,
    /// Done to which thing: its id.
    pub subject: Option<String>,
    /// The rest.
    pub detail: Detail,
    /// The id of the request, which the log has too.
    pub request: Option<String>,
}
