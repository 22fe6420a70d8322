//! `peerclaims x12 show FILE`: what an X12 file says, for a biller, or as JSON for programs.

use std::fmt::Display;
use std::fs::File;
use std::io::{BufWriter, ErrorKind, Write};
use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::CliError;
use super::x12_check::{self, Check};
use crate::x12::read::ack_999::{AckGroup, AckSet};
use crate::x12::read::claims_837::{Claim, ClaimTotals};
use crate::x12::read::document::{SetBody, SetDocument};
use crate::x12::read::eligibility_271::{Parties, Rejection, Subject};
use crate::x12::read::fault::ReadError;
use crate::x12::read::remit_835::{Adjustment, Payment, ProviderAdjustment, RemitClaim};
use crate::x12::read::remit_balance::Balances;
use crate::x12::read::status_277ca::{Status, StatusClaim, StatusLevel};
use crate::x12::read::{Document, ReadCode, Text};

#[derive(Debug, Subcommand)]
pub(super) enum X12Command {
    /// Show a file: 837P, 835, 999, TA1, 277CA, 270 or 271 (docs/x12-companion.md).
    Show(Show),
    /// Check an 837P against the guide, as a batch is checked before its release.
    Check(Check),
}

#[derive(Debug, Args)]
pub(super) struct Show {
    /// The file.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// For programs.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(command: X12Command) -> Result<(), CliError> {
    match command {
        X12Command::Show(show) => run_show(&show),
        X12Command::Check(check) => x12_check::run(&check),
    }
}

/// Shows the file. A file of which nothing can be read, or that is not whole, is a failure, after
/// it has been shown.
fn run_show(show: &Show) -> Result<(), CliError> {
    let name = show.file.display();
    let other = |what: &str, error: &dyn Display| CliError::Other(format!("{what}: {error}"));
    let file = File::open(&show.file).map_err(|e| other(&format!("cannot open {name}"), &e))?;
    let document = Document::read(file);
    let mut out = BufWriter::new(std::io::stdout().lock());
    let written = if show.json {
        // Never as one text: that of a large file is larger than the file.
        serde_json::to_writer_pretty(&mut out, &document).map_err(Into::into)
    } else {
        out.write_all(readable(&document).as_bytes())
    };
    let written = written.and_then(|()| out.write_all(b"\n")).and_then(|()| out.flush());
    // A reader that has seen enough (`| head`) is no failure.
    match written {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            return Err(other("cannot write", &error));
        }
        _ => {}
    }
    if !document.anything_read() {
        let first = document.errors.first().map(|e| e.message.clone()).unwrap_or_default();
        return Err(CliError::Other(format!("nothing in {name} can be read: {first}")));
    }
    // What is of another version is told and passed over; the rest is whole.
    let breaks = |error: &&ReadError| error.is_fatal() && error.code != ReadCode::Version;
    match document.errors.iter().find(breaks) {
        Some(error) => Err(CliError::Other(format!(
            "{name} is not whole: {} ({})",
            error.message,
            place(error)
        ))),
        None => Ok(()),
    }
}

/// The file in words: one line for each thing, indented below what it belongs to.
pub(super) fn readable(document: &Document) -> String {
    let mut out = Page::default();
    for interchange in &document.interchanges {
        let head = &interchange.head;
        let usage = match head.usage.as_str() {
            "T" => "test",
            "P" => "production",
            _ => "neither test nor production",
        };
        let (control, from, to) = (&head.control, &head.sender, &head.receiver);
        out.line(0, format!("Interchange {control} from {from} to {to}, {usage}"));
        for ta1 in &interchange.ta1 {
            let verdict = verdict(Some(&ta1.status));
            let note = told(" note ", ta1.note.as_ref());
            out.line(1, format!("TA1: interchange {} was {verdict}{note}", ta1.control));
        }
        for group in &interchange.groups {
            let refused = if group.head.refused { ", refused" } else { "" };
            let (control, version) = (&group.head.control, &group.head.version);
            out.line(1, format!("Group {control}, {version}{refused}"));
            group.sets.iter().for_each(|set| out.set(set));
        }
    }
    out.errors(document);
    out.text.trim_end().to_owned()
}

#[derive(Debug, Default)]
struct Page {
    text: String,
}

impl Page {
    fn line(&mut self, depth: usize, text: impl Display) {
        let line = format!("{:1$}{text}\n", "", depth * 2);
        self.text.push_str(&line);
    }

    fn set(&mut self, set: &SetDocument) {
        let name = if set.head.name.is_empty() { &set.head.kind } else { &set.head.name };
        let refused = if set.head.refused { ", refused" } else { "" };
        self.line(2, format!("{name} set {}{refused}", set.head.control));
        match &set.body {
            SetBody::Nothing => {}
            SetBody::Claims { claims, totals } => self.claims(claims, *totals),
            SetBody::Remittance { payment, claims, provider_adjustments, balances } => {
                self.payment(payment);
                for claim in claims {
                    self.remit_claim(claim);
                }
                self.provider_adjustments(provider_adjustments);
                self.balances(balances);
            }
            SetBody::Acknowledgment { group, sets } => self.acknowledgment(group, sets),
            SetBody::Status { levels, claims } => self.status(levels, claims),
            SetBody::Eligibility { parties, subjects } => self.eligibility(parties, subjects),
        }
    }

    fn claims(&mut self, claims: &[Claim], totals: ClaimTotals) {
        for claim in claims {
            let kind = match claim.frequency.as_deref() {
                Some("1") => "original".to_owned(),
                Some("7") => "replacement".to_owned(),
                Some("8") => "void".to_owned(),
                other => format!("frequency {}", other.unwrap_or("not stated")),
            };
            let member = told(", member ", claim.member.as_ref());
            let of = told(", of ", claim.payer_control.as_ref());
            let authorization = told(", authorization ", claim.authorization.as_ref());
            let diagnoses = claim.diagnoses.join(" ");
            let charge = amount(claim.charge.as_ref());
            self.line(
                3,
                format!(
                    "{} {charge} {kind}{of}{member}{authorization}, diagnoses {diagnoses}",
                    claim.id
                ),
            );
            for line in &claim.lines {
                let date = told("", line.date.as_ref());
                let code = procedure(line.procedure.as_ref(), &line.modifiers);
                let units = told(" x ", line.units.as_ref());
                let charge = amount(line.charge.as_ref());
                let control = told(" line ", line.control.as_ref());
                self.line(4, format!("{date} {code}{units} {charge}{control}"));
            }
        }
        let ClaimTotals { claims, lines, charge } = totals;
        self.line(3, format!("Total: claims {claims}, lines {lines}, charge {charge}"));
    }

    fn payment(&mut self, payment: &Payment) {
        let (from, to) =
            (told(" from ", payment.payer.as_ref()), told(" to ", payment.payee.as_ref()));
        let method = told(" by ", payment.method.as_ref());
        let trace = told(", trace ", payment.trace.as_ref());
        let date = told(", on ", payment.date.as_ref());
        let paid = amount(payment.amount.as_ref());
        self.line(3, format!("Payment {paid}{method}{from}{to}{trace}{date}"));
    }

    fn remit_claim(&mut self, claim: &RemitClaim) {
        let what = match claim.status.as_str() {
            "1" | "19" => "primary".to_owned(),
            "2" | "20" => "secondary".to_owned(),
            "3" | "21" => "tertiary".to_owned(),
            "4" => "denied".to_owned(),
            "22" => "reversal".to_owned(),
            other => format!("status {other}"),
        };
        let control = told(", payer's number ", claim.payer_control.as_ref());
        let (charge, paid) = (amount(claim.charge.as_ref()), amount(claim.paid.as_ref()));
        let reasons = reasons(&claim.adjustments);
        let id = &claim.id;
        self.line(3, format!("{id} {what}: charge {charge}, paid {paid}{control}{reasons}"));
        for line in &claim.lines {
            let date = told("", line.date.as_ref());
            let code = procedure(line.procedure.as_ref(), &line.modifiers);
            let (charge, paid) = (amount(line.charge.as_ref()), amount(line.paid.as_ref()));
            let reasons = self::reasons(&line.adjustments);
            let remarks = listed(&line.remarks);
            self.line(4, format!("{date} {code}: charge {charge}, paid {paid}{reasons}{remarks}"));
        }
    }

    fn provider_adjustments(&mut self, adjustments: &[ProviderAdjustment]) {
        for adjustment in adjustments {
            let reason = told("", adjustment.reason.as_ref());
            let reference = told(" ", adjustment.reference.as_ref());
            let amount = amount(adjustment.amount.as_ref());
            self.line(3, format!("Provider adjustment {reason}{reference}: {amount}"));
        }
    }

    fn balances(&mut self, balances: &Balances) {
        if balances.balanced {
            return self.line(3, "It balances.");
        }
        let unchecked = balances.unchecked;
        if unchecked > 0 {
            self.line(3, format!("{unchecked} CLAIMS OR SEGMENTS HOLD TOO MUCH TO BE CHECKED."));
        }
        if unchecked == 0 || balances.difference_count > 0 {
            self.line(3, "IT DOES NOT BALANCE.");
        }
        for difference in &balances.differences {
            let claim = told("claim ", difference.claim.as_ref());
            let line = told(" line ", difference.line.as_ref());
            let whose = if claim.is_empty() { "payment" } else { &claim };
            self.line(4, format!("{whose}{line}: {}", difference.message));
        }
    }

    fn acknowledgment(&mut self, group: &AckGroup, sets: &[AckSet]) {
        let word = verdict(group.status.as_ref());
        let (control, kind) = (&group.control, &group.functional_id);
        self.line(3, format!("Of group {control} ({kind}): {word}"));
        for set in sets {
            let word = verdict(set.status.as_ref());
            let codes = listed(&set.codes);
            self.line(3, format!("{} set {}: {word}{codes}", set.kind, set.control));
            for error in &set.errors {
                let at = told(" at segment ", error.position.as_ref());
                let code = told(", code ", error.code.as_ref());
                self.line(4, format!("{}{at}{code}", error.segment));
                for element in &error.elements {
                    let place = told("element ", element.element.as_ref());
                    let part = told("-", element.component.as_ref());
                    let code = told(", code ", element.code.as_ref());
                    self.line(5, format!("{place}{part}{code}"));
                }
            }
            let kept = u64::try_from(set.errors.len()).unwrap_or(u64::MAX);
            let more = set.error_count.saturating_sub(kept);
            if more > 0 {
                self.line(4, format!("and {more} more"));
            }
        }
    }

    fn status(&mut self, levels: &[StatusLevel], claims: &[StatusClaim]) {
        for level in levels {
            let words = statuses(&level.statuses);
            let (whose, trace) = (level.level, &level.trace);
            self.line(3, format!("{whose} {trace}: {}{words}", level.disposition.as_str()));
        }
        for claim in claims {
            let control = told(", payer's number ", claim.payer_control.as_ref());
            let charge = amount(claim.amount.as_ref());
            let words = statuses(&claim.statuses);
            let (trace, word) = (&claim.trace, claim.disposition.as_str());
            self.line(3, format!("{trace} {charge}: {word}{control}{words}"));
        }
    }

    fn eligibility(&mut self, parties: &Parties, subjects: &[Subject]) {
        let source = told(" ", parties.source.as_ref());
        let receiver = told(" to ", parties.receiver.as_ref());
        self.line(3, format!("From{source}{receiver}"));
        self.rejections(&parties.rejections);
        for subject in subjects {
            let member = told(" ", subject.member.as_ref());
            self.line(3, format!("{}{member}: coverage {}", subject.level, subject.coverage));
            self.rejections(&subject.rejections);
            for benefit in &subject.benefits {
                let types = benefit.service_types.join(" ");
                let plan = told(", ", benefit.plan.as_ref());
                let money = told(", ", benefit.amount.as_ref());
                self.line(4, format!("EB {} {types}{plan}{money}", benefit.information));
            }
        }
    }

    fn rejections(&mut self, rejections: &[Rejection]) {
        for rejection in rejections {
            let reason = told(" reason ", rejection.reason.as_ref());
            let follow_up = told(", follow-up ", rejection.follow_up.as_ref());
            self.line(4, format!("rejected:{reason}{follow_up}"));
        }
    }

    fn errors(&mut self, document: &Document) {
        if document.error_count == 0 {
            return self.line(0, "No errors.");
        }
        self.line(0, format!("Errors: {}", document.error_count));
        for error in &document.errors {
            let (place, code) = (place(error), error.code.as_str());
            self.line(1, format!("{place} [{code}]: {}", error.message));
        }
        let told = u64::try_from(document.errors.len()).unwrap_or(u64::MAX);
        let more = document.error_count.saturating_sub(told);
        if more > 0 {
            self.line(1, format!("and {more} more, which are counted only"));
        }
    }
}

/// Where an error is, in words.
fn place(error: &ReadError) -> String {
    let ReadError { segment, position, .. } = error;
    let element = error.element.map(|n| format!("{n:02}")).unwrap_or_default();
    let component = told("-", error.component.as_ref());
    match *position {
        0 => "file".to_owned(),
        position => format!("segment {position} {segment}{element}{component}"),
    }
}

/// `before` and the value, when there is one.
fn told<T: Display>(before: &str, value: Option<&T>) -> String {
    value.map(|value| format!("{before}{value}")).unwrap_or_default()
}

/// The codes, each with a blank before it.
fn listed<T: AsRef<str>>(codes: &[T]) -> String {
    codes.iter().flat_map(|code| [" ", code.as_ref()]).collect()
}

fn amount<T: Display>(value: Option<&T>) -> String {
    value.map_or_else(|| "(no amount)".to_owned(), ToString::to_string)
}

fn procedure(code: Option<&Text>, modifiers: &[Text]) -> String {
    let parts: Vec<&str> = code.into_iter().chain(modifiers).map(Text::as_str).collect();
    parts.join("-")
}

fn reasons(adjustments: &[Adjustment]) -> String {
    let one = |a: &Adjustment| format!(", {}-{} {}", a.group, a.reason, amount(a.amount.as_ref()));
    adjustments.iter().map(one).collect()
}

fn statuses(statuses: &[Status]) -> String {
    let one = |status: &Status| {
        let code = told(":", status.code.as_ref());
        let line = told(" (line ", status.line.as_ref());
        let end = if line.is_empty() { "" } else { ")" };
        format!(", {}{code}{line}{end}", status.category)
    };
    statuses.iter().map(one).collect()
}

fn verdict(status: Option<&String>) -> String {
    match status.map(String::as_str) {
        Some("A") => "accepted".to_owned(),
        Some("E") => "accepted with errors".to_owned(),
        Some("P") => "partly accepted".to_owned(),
        Some("R") => "REJECTED".to_owned(),
        Some("") | None => "not said".to_owned(),
        Some(other) => format!("not accepted (status {other})"),
    }
}
