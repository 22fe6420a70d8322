//! From names to ids for opening balances: all rows with a handful of set queries, each row judged
//! by itself.

use std::collections::{HashMap, HashSet};

use chrono::{Datelike, NaiveDate};

use super::authorizations::known_services;
use super::draft::{AuthorizationName, MemberName, OpeningInput, PayerName, Whose};
use super::{NO_SUCH_MEMBER, NO_SUCH_PAYER, members_named, payers_named};
use crate::domain::authorization::Authorization;
use crate::domain::identifiers::{Key, MemberNumber};
use crate::domain::ids::{AuthorizationId, MemberId, OrganizationId, PayerId};
use crate::domain::member::{Coverage, Member};
use crate::domain::opening::OpeningData;
use crate::domain::payer::Payer;
use crate::error::{AppError, Fault};
use crate::store::{Conn, authorizations, members as roster};

/// A row with its ids, and the member number that names its account.
#[derive(Debug, Clone)]
pub(super) struct Resolved {
    pub data: OpeningData,
    pub number: MemberNumber,
}

/// What the rows may name.
pub(super) struct Names {
    payers: HashMap<PayerName, Payer>,
    names: HashMap<MemberName, MemberId>,
    members: HashMap<MemberId, Member>,
    services: HashMap<PayerId, Option<HashSet<Key>>>,
    authorizations: Vec<Authorization>,
    by_number: HashMap<String, Vec<usize>>,
    by_id: HashMap<AuthorizationId, usize>,
    /// Balances are of the past.
    today: NaiveDate,
}

impl Names {
    /// Reads all that `inputs` name; what is not there is told row by row.
    pub(super) fn read(
        conn: &mut Conn,
        organization: OrganizationId,
        inputs: &[&OpeningInput],
        today: NaiveDate,
    ) -> Result<Self, AppError> {
        let payers = payers_named(conn, inputs.iter().map(|i| &i.payer))?;
        let of_roster = inputs.iter().filter_map(|i| match &i.whose {
            Whose::Member(name) => Some(name),
            Whose::Number(_) => None,
        });
        let names = members_named(conn, organization, of_roster)?;
        let ids: Vec<MemberId> =
            names.values().copied().collect::<HashSet<_>>().into_iter().collect();
        let mut members: HashMap<MemberId, Member> =
            roster::by_ids(conn, organization, &ids)?.into_iter().map(|m| (m.id, m)).collect();
        let numbers: HashSet<(PayerId, MemberNumber)> = inputs
            .iter()
            .filter_map(|i| match &i.whose {
                Whose::Number(number) => Some((payers.get(&i.payer)?.id, number.clone())),
                Whose::Member(_) => None,
            })
            .collect();
        let numbers: Vec<_> = numbers.into_iter().collect();
        for (_, member) in roster::by_numbers(conn, organization, &numbers)? {
            members.insert(member.id, member);
        }
        let mut services = HashMap::new();
        for payer in payers.values() {
            services.insert(payer.id, known_services(conn, organization, payer.id)?);
        }
        let ids: Vec<MemberId> = members.keys().copied().collect();
        let authorizations = if inputs.iter().any(|i| i.authorization.is_some()) {
            authorizations::of_members(conn, organization, &ids)?
        } else {
            Vec::new()
        };
        let mut by_number: HashMap<String, Vec<usize>> = HashMap::new();
        for (index, authorization) in authorizations.iter().enumerate() {
            by_number.entry(authorization.data.number.to_string()).or_default().push(index);
        }
        let by_id = authorizations.iter().enumerate().map(|(i, a)| (a.id, i)).collect();
        Ok(Self { payers, names, members, services, authorizations, by_number, by_id, today })
    }

    /// The row with its ids, or all that is wrong with it.
    pub(super) fn find(&self, input: &OpeningInput) -> Result<Resolved, Vec<Fault>> {
        let mut faults = Vec::new();
        if input.date > self.today {
            let message = "the day lies in the future; an opening balance is of the past";
            faults.push(Fault::at("/date", message));
        }
        let Some(payer) = self.payers.get(&input.payer).map(|p| p.id) else {
            faults.push(Fault::at("/payer", NO_SUCH_PAYER));
            return Err(faults);
        };
        if let Some(fault) = self.unknown_service(payer, &input.service) {
            faults.push(fault);
        }
        let whose = self.whose(payer, input).map_err(|fault| faults.push(fault)).ok();
        let authorization = match (&whose, &input.authorization) {
            (_, None) => Some(None),
            (None, Some(_)) => None,
            (Some((member, _)), Some(name)) => self
                .authorization(*member, payer, input, name)
                .map_err(|fault| faults.push(fault))
                .ok()
                .map(Some),
        };
        let (Some((member, number)), Some(authorization), true) =
            (whose, authorization, faults.is_empty())
        else {
            return Err(faults);
        };
        let balance = OpeningData {
            member,
            payer,
            service: input.service.clone(),
            date: input.date,
            authorization,
            units: input.units,
        };
        Ok(Resolved { data: balance, number })
    }

    fn unknown_service(&self, payer: PayerId, service: &Key) -> Option<Fault> {
        let known = self.services.get(&payer).and_then(Option::as_ref)?;
        let mut names: Vec<&str> = known.iter().map(Key::as_str).collect();
        names.sort_unstable();
        let message = || {
            format!(
                "no version of the contract with this payer has this service; its services are: {}",
                names.join(", ")
            )
        };
        (!known.contains(service)).then(|| Fault::at("/service", message()))
    }

    /// The member and the number of the account: of the coverages by the payer (with the number, if
    /// one is named) the one that covers the day, else the one closest before, else the next.
    fn whose(
        &self,
        payer: PayerId,
        input: &OpeningInput,
    ) -> Result<(MemberId, MemberNumber), Fault> {
        let (at, wanted, members): (_, _, Vec<&Member>) = match &input.whose {
            Whose::Member(name) => {
                let member = self.names.get(name).and_then(|id| self.members.get(id));
                let member = member.ok_or_else(|| Fault::at("/member", NO_SUCH_MEMBER))?;
                ("/member", None, vec![member])
            }
            Whose::Number(number) => {
                ("/member_number", Some(number), self.members.values().collect())
            }
        };
        let ours = |c: &&Coverage| {
            c.data.payer == payer && wanted.is_none_or(|number| *number == c.data.member_number)
        };
        let near = |(member, c): &(MemberId, &Coverage)| {
            let (span, from) = (c.data.span, c.data.span.from.num_days_from_ce());
            let begun = span.from <= input.date;
            (span.covers(input.date), begun, if begun { from } else { -from }, *member)
        };
        let coverages =
            members.iter().flat_map(|m| m.coverages.iter().filter(ours).map(|c| (m.id, c)));
        let message = if wanted.is_some() {
            "this organization's roster has no member with this number at this payer"
        } else {
            "the member has no coverage by this payer, so there is no account to count on"
        };
        coverages
            .max_by_key(near)
            .map(|(member, c)| (member, c.data.member_number.clone()))
            .ok_or_else(|| Fault::at(at, message))
    }

    fn authorization(
        &self,
        member: MemberId,
        payer: PayerId,
        input: &OpeningInput,
        name: &AuthorizationName,
    ) -> Result<AuthorizationId, Fault> {
        let refuse = |message: &str| Err(Fault::at("/authorization", message));
        let candidates: Vec<usize> = match name {
            AuthorizationName::Id(id) => self.by_id.get(id).copied().into_iter().collect(),
            AuthorizationName::Number(number) => {
                self.by_number.get(number.as_str()).cloned().unwrap_or_default()
            }
        };
        let found = candidates
            .into_iter()
            .filter_map(|index| self.authorizations.get(index))
            .find(|a| a.data.member == member && a.data.payer == payer);
        match found {
            None => refuse("the member has no authorization of this name by this payer"),
            Some(a) if !a.data.is_for(&input.service) => {
                refuse("the authorization is not for this service")
            }
            Some(a) if !a.data.span.covers(input.date) => {
                refuse("the authorization does not cover this day")
            }
            Some(a) => Ok(a.id),
        }
    }
}
