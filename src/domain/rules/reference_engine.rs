//! A slow, obvious engine: minute by minute, rule by rule, in whole numbers. It shares nothing with
//! the rules; what limits and authorizations let through is `history_recount.rs`'s to say.

use super::history_recount::{Unit, day};
use super::history_world::Contract;
use super::reference_asks::Ask;
use super::reference_world::{Add, Asked, Book, Days, Of, Paper, Price, Share, TAGS, Talk};
use crate::domain::codes::Mode;
use crate::domain::contract::{Rounding, Stacking};

/// What the contract says of a visit before it is asked how many units there is room for.
#[derive(Debug, Clone, Default)]
pub struct Said {
    /// Rules that speak, sorted, and whether each holds the visit.
    pub rules: Vec<(&'static str, bool)>,
    /// Whether it is never billed.
    pub never: bool,
    pub units: u32,
    /// Modifiers of the line.
    pub tags: Vec<&'static str>,
    /// Charge and allowance of a unit as parts of a ten thousandth of a dollar, and how many such
    /// parts there are.
    pub price: Option<(i128, i128, i128)>,
}

impl Said {
    /// Whether all of it is held.
    pub fn holds(&self) -> bool {
        self.rules.iter().any(|(_, holds)| *holds)
    }

    /// Charge and expected payment of so many units, in cents.
    pub fn cents(&self, units: u32) -> (i128, i128) {
        let Some((charge, allowed, parts)) = self.price else { return (0, 0) };
        let whole = |amount: i128| (amount * i128::from(units) + 50 * parts) / (100 * parts);
        (whole(charge), whole(charge).min(whole(allowed)))
    }
}

fn inside((from, to): Days, on: u64) -> bool {
    from.is_none_or(|from| from <= on) && to.is_none_or(|to| on <= to)
}

impl Talk {
    fn is(&self, asked: &Asked) -> bool {
        let no = |differs: Option<bool>| differs == Some(true);
        !no(asked.mode.map(|m| m != self.visit.mode))
            && !no(asked.class.map(|c| c != self.class))
            && !no(asked.program.map(|p| self.program != Some(p)))
            && !no(asked.setting.map(|s| s != self.setting))
            && !no(asked.group.map(|g| g != self.group.is_some()))
            && !no(asked.present.map(|p| p == self.absent))
    }
}

/// How many things are asked.
fn asks(asked: &Asked) -> usize {
    usize::from(asked.mode.is_some())
        + usize::from(asked.class.is_some())
        + usize::from(asked.program.is_some())
        + usize::from(asked.setting.is_some())
        + usize::from(asked.group.is_some())
        + usize::from(asked.present.is_some())
}

impl Share {
    fn is_of(&self, talk: &Talk) -> bool {
        let of_service = self.services.contains(&talk.visit.service);
        of_service && inside(self.days, talk.visit.day) && talk.is(&self.asked)
    }

    /// A share of a visit or a day.
    pub fn cents(&self) -> i64 {
        i64::from(self.amount / 100 + 1)
    }
}

impl Paper {
    /// Whether it runs on a day and is not signed only later.
    fn stands(&self, on: u64) -> bool {
        inside((Some(self.from), self.to), on) && self.signed.is_none_or(|signed| signed <= on)
    }
}

impl Book {
    /// Limits and authorizations as they stand for a visit: those in force on its day, with the
    /// numbers that were agreed on.
    pub fn in_force(&self, on: u64) -> Contract {
        let mut contract = self.base.clone();
        contract.caps.clear();
        for (index, cap) in self.base.caps.iter().enumerate() {
            let mut cap = cap.clone();
            if let Some(tenths) = self.agreed[index].filter(|_| !self.prices.is_empty()) {
                cap.tenths = tenths;
            }
            if inside(self.limit_days[index], on) {
                contract.caps.push(cap);
            }
        }
        contract
    }

    fn units(&self, minutes: u32) -> u32 {
        if minutes < self.min_minutes {
            return 0;
        }
        let (mut units, mut rest) = (0, 0);
        for _ in 0..minutes {
            rest += 1;
            if rest == self.unit_minutes {
                (units, rest) = (units + 1, 0);
            }
        }
        let begun = match self.rounding {
            Rounding::Floor => false,
            Rounding::Ceiling => rest != 0,
            Rounding::Nearest => rest + rest >= self.unit_minutes,
            Rounding::Midpoint => rest + rest > self.unit_minutes,
            Rounding::EightMinute => rest > 7,
        };
        if begun { units + 1 } else { units }
    }

    fn adds(&self, talk: &Talk) -> Vec<&Add> {
        let mut found = vec![];
        for add in &self.adds {
            let of_service = add.services.contains(&talk.visit.service);
            if of_service && inside(add.days, talk.visit.day) && talk.is(&add.asked) {
                found.push(add);
            }
        }
        found
    }

    fn tags(&self, talk: &Talk) -> Vec<&'static str> {
        let mut tags = vec!["HE"];
        if talk.visit.mode == Mode::Video {
            tags.push("GT");
        }
        for add in self.adds(talk) {
            for tag in &add.tags {
                if !tags.contains(&TAGS[*tag]) {
                    tags.push(TAGS[*tag]);
                }
            }
        }
        for condition in self.conditions(talk) {
            if let Ask::List(list) = &condition.0 {
                let listed: Vec<&str> = list.iter().map(|i| TAGS[*i]).chain(["HE", "GT"]).collect();
                let (mut ordered, mut others) = (vec![], vec![]);
                for known in &listed {
                    ordered.extend(tags.iter().copied().filter(|t| t == known));
                }
                others.extend(tags.iter().copied().filter(|t| !listed.contains(t)));
                ordered.append(&mut others);
                return ordered;
            }
        }
        tags
    }

    pub fn conditions(&self, talk: &Talk) -> Vec<(&Ask, &[usize], bool)> {
        let mut found = vec![];
        for c in &self.conditions {
            let of_service = c.services.contains(&talk.visit.service);
            if of_service && inside(c.days, talk.visit.day) && talk.is(&c.asked) {
                found.push((&c.ask, c.services.as_slice(), !c.warns));
            }
        }
        found
    }

    /// The rule that a condition breaks.
    fn broken(
        &self,
        ask: &Ask,
        services: &[usize],
        talk: &Talk,
        said: &Said,
        ledger: &[Unit],
    ) -> Option<&'static str> {
        let (on, remote) = (talk.visit.day, talk.visit.mode != Mode::InPerson);
        let mut own = vec![];
        for unit in ledger {
            let mine = (unit.org, unit.member) == (talk.visit.org, talk.visit.member);
            if mine && services.contains(&unit.service) {
                own.push(unit);
            }
        }
        let plans = || self.papers.iter().filter(|p| p.plan);
        let (fine, rule) = match ask {
            Ask::OneOf(tags) => {
                (tags.iter().any(|t| said.tags.contains(&TAGS[*t])), "modifier.one_of")
            }
            Ask::List(list) => {
                let stranger =
                    |t: &&str| *t != "HE" && *t != "GT" && !list.iter().any(|i| TAGS[*i] == *t);
                (!said.tags.iter().any(stranger), "modifier.not_listed")
            }
            Ask::Modes(modes) => (modes.contains(&talk.visit.mode), "mode.not_allowed"),
            // Known once room was found (`crowded`), or when others are looked at (`company`).
            Ask::Units(_) | Ask::Share(..) | Ask::Caseload(..) | Ask::Average(..) => (true, ""),
            Ask::Present => (!talk.absent, "member.absent"),
            Ask::NotOf(class) => (talk.class != *class, "diagnosis.excluded"),
            Ask::FaceToFace(days) => {
                let anchor = (0..=u64::from(*days)).filter(|back| *back <= on).any(|back| {
                    let then = day(on - back);
                    own.iter().any(|u| u.day == then && u.mode == Mode::InPerson)
                });
                (!remote || anchor, "mode.no_anchor")
            }
            Ask::Goal => {
                // A plan of the world has the first goal, whenever it was signed.
                let runs = |p: &Paper| inside((Some(p.from), p.to), on);
                (talk.goal == 1 && plans().any(runs), "note.goal_unknown")
            }
            Ask::Paper { signed, valid, plan } => {
                let order = self.papers.iter().filter(|p| !p.plan).any(|p| {
                    let made = p.signed.unwrap_or(p.from);
                    let old = valid.is_some_and(|valid| made + u64::from(valid) < on);
                    p.stands(on) && !old && (p.signed.is_some() || !*signed)
                });
                (order || (*plan && plans().any(|p| p.stands(on))), "document.missing")
            }
            Ask::StaffAge(_) | Ask::Gap(..) | Ask::Enrolled(..) | Ask::Untied(_) => {
                self.of_people(ask, talk)
            }
        };
        if fine { None } else { Some(rule) }
    }

    /// The rate, and whether several fit alike.
    fn rate(&self, talk: &Talk, tags: &[&str]) -> (Option<&Price>, bool) {
        let mut fitting: Vec<(usize, &Price)> = vec![];
        for price in &self.prices {
            let on_line = price.tags.iter().all(|t| tags.contains(&TAGS[*t]));
            let of_service = price.service == talk.visit.service;
            if of_service && on_line && inside(price.days, talk.visit.day) && talk.is(&price.asked)
            {
                fitting.push((price.tags.len() + asks(&price.asked), price));
            }
        }
        let most = fitting.iter().map(|(asks, _)| *asks).max();
        let best: Vec<&Price> =
            fitting.iter().filter(|(asks, _)| Some(*asks) == most).map(|(_, p)| *p).collect();
        let unclear = best.len() > 1 || most.is_some_and(|most| self.has_ended(talk, tags, most));
        (best.first().copied().filter(|_| !unclear), unclear)
    }

    /// Whether a price that asks for more would fit if rules were in force that ended before the day.
    fn has_ended(&self, talk: &Talk, tags: &[&str], most: usize) -> bool {
        let mut more: Vec<&str> = tags.to_vec();
        for add in &self.adds {
            let over = add.days.1.is_some_and(|to| to < talk.visit.day);
            if over && add.services.contains(&talk.visit.service) && talk.is(&add.asked) {
                more.extend(add.tags.iter().map(|t| TAGS[*t]));
            }
        }
        for price in &self.prices {
            let lacks = price.tags.iter().any(|t| !tags.contains(&TAGS[*t]));
            let would = price.tags.iter().all(|t| more.contains(&TAGS[*t]));
            let fits = price.service == talk.visit.service
                && inside(price.days, talk.visit.day)
                && talk.is(&price.asked);
            if lacks && would && fits && price.tags.len() + asks(&price.asked) > most {
                return true;
            }
        }
        false
    }

    /// Charge and allowance of a unit.
    fn price(&self, talk: &Talk, tags: &[&str]) -> Option<(i128, i128, i128)> {
        let price = self.rate(talk, tags).0?;
        let (mut times, mut parts) = (i128::from(price.allowed), 1i128);
        for percent in self.adds(talk).into_iter().filter_map(|a| a.percent) {
            times *= i128::from(percent);
            parts *= 100;
        }
        let charge = price.charge.map_or(times, |charge| i128::from(charge) * parts);
        let mut allowed = price.elsewhere.map_or(times, |e| times.min(i128::from(e) * parts));
        let mut share = 0i128;
        for s in self.shares.iter().filter(|s| s.of == Of::Unit && s.is_of(talk)) {
            share += i128::from(s.amount);
        }
        if share > 0 {
            allowed = (allowed.min(charge) - share * parts).max(0);
        }
        Some((charge, allowed, parts))
    }

    /// Shares of a visit or a day that this visit is to pay, with cents: of those of a day, the ones
    /// that no other visit of the day pays.
    pub fn owed(&self, talk: &Talk, paid: &[usize]) -> Vec<(usize, i64)> {
        let mut owed = vec![];
        for (index, share) in self.shares.iter().enumerate() {
            let by_another = share.of == Of::Day && paid.contains(&index);
            if share.of != Of::Unit && share.is_of(talk) && !by_another {
                owed.push((index, share.cents()));
            }
        }
        owed
    }

    /// Conditions that so many billed units break, on their line or as a part of the month, and whether
    /// each holds the visit.
    pub fn crowded(&self, talk: &Talk, units: usize, ledger: &[Unit]) -> Vec<(&'static str, bool)> {
        let mut found = vec![];
        for (ask, services, holds) in self.conditions(talk) {
            match ask {
                Ask::Units(most) if units > usize::try_from(*most).unwrap() => {
                    found.push(("limit.visit", holds));
                }
                Ask::Share(percent, over) if units > 0 && talk.visit.mode != Mode::InPerson => {
                    let mine = |u: &&Unit| {
                        (u.org, u.member) == (talk.visit.org, talk.visit.member)
                            && services.contains(&u.service)
                    };
                    let own: Vec<&Unit> = ledger.iter().filter(mine).collect();
                    let more = u32::try_from(units).unwrap();
                    if !self.share_fits(*percent, over, talk.visit.day, &own, more) {
                        found.push(("mode.share", holds));
                    }
                }
                _ => {}
            }
        }
        found
    }

    /// All that is said of a visit before room.
    pub fn say(&self, talk: &Talk, ledger: &[Unit]) -> Said {
        let (units, tags) = (self.units(talk.minutes), self.tags(talk));
        let price = self.price(talk, &tags);
        let mut said = Said { units, tags, price, never: units == 0, rules: vec![] };
        let mut rules = vec![];
        let mut tell = |rule| rules.push((rule, true));
        if said.tags.len() > 4 {
            tell("modifier.too_many");
        }
        let raises: Vec<Stacking> =
            self.adds(talk).iter().filter(|a| a.percent.is_some()).map(|a| a.stacking).collect();
        if raises.len() > 1 && raises.contains(&Stacking::Banned) {
            tell("modifier.stacked");
        } else if raises.len() > 1 && raises.contains(&Stacking::Unknown) {
            tell("contract.unknown");
        }
        let rule = self.group.filter(|_| talk.visit.service == 1);
        match (rule, talk.group) {
            (None, Some(_)) => tell("group.not_allowed"),
            (Some(_), None) => tell("group.missing"),
            (Some((least, most, of_peer)), Some((size, peers))) => {
                if size < least {
                    tell("group.size");
                }
                if most.is_some_and(|most| size > most) {
                    tell("group.size");
                }
                if of_peer.is_some_and(|most| size > most * peers) {
                    tell("group.ratio");
                }
            }
            (None, None) => {}
        }
        if units == 0 {
            let short = talk.minutes < self.min_minutes;
            tell(if short { "below_minimum_time" } else { "below_one_unit" });
        }
        match self.rate(talk, &said.tags) {
            (_, true) => tell("rate.unclear"),
            (None, false) => tell("rate.none"),
            _ => {}
        }
        if units > 0 && said.price.is_some_and(|(charge, _, parts)| charge < 50 * parts) {
            // Half a cent a unit is the least that a claim can say.
            tell("claim.form");
        }
        // The first service alone is paid without the member.
        let asked = self
            .conditions(talk)
            .iter()
            .any(|(ask, _, holds)| *holds && matches!(ask, Ask::Present));
        if talk.absent && talk.visit.service != 0 && !asked {
            rules.push(("member.absent", true));
        }
        for (ask, services, holds) in self.conditions(talk) {
            let broken = self.broken(ask, services, talk, &said, ledger);
            rules.extend(broken.map(|rule| (rule, holds)));
        }
        rules.extend(self.of_life(talk));
        rules.sort_unstable();
        said.rules = rules;
        said
    }
}
