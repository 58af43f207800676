//! A history as it happens: plans become records, with the model as the map of what is there.

use onefill::core::amount::Numeral;
use onefill::core::control::{Command, CommandType, ControlRecord, InstrumentRecord, RiskLimit, Scope};
use onefill::core::decide::{Arrival, Content};
use onefill::core::execution::{ExecType, Execution};
use onefill::core::ids::Id;
use onefill::core::intent::{Intent, IntentTerms, Side};
use onefill::core::price::{PriceSource, ReferencePrice};
use onefill::core::settings::Settings;
use onefill::core::time::Time;

use super::plans::{
    Again, CommandPlan, ControlPlan, Delivery, FreshIntent, FreshReport, History, InstrumentChange,
    IntentPlan, PricePlan, Quantity, Refers, ReportPlan, Resent, Round, Target,
};
use super::pools;
use crate::records::{NOW, PLACEMENT, command, execution, id, input, new_intent, num, order_id};
use crate::reference::number::{Rat, int, text};
use crate::reference::orders::Order;
use crate::reference::{Expected, Model};

/// One batch of what has happened, and the prices that came before it.
#[derive(Clone, Debug)]
pub struct Act {
    pub clock: Time,
    /// By which settings the lane is opened first.
    pub opens: Option<Settings>,
    /// Each from this partition and offset.
    pub prices: Vec<(ReferencePrice<'static>, i32, i64)>,
    pub turns: Vec<Turn>,
    /// Whether it is discarded, and taken again.
    pub discarded: bool,
}

/// What has a turn within a batch.
#[derive(Clone, Debug)]
pub enum Turn {
    Arrival(Box<Arrival<'static>>),
    /// The next owed cancel, if there is one.
    Owed,
}

/// Lets a history happen, to the model alone; with every entry that it makes.
pub fn happen(history: &History) -> (Vec<Act>, Vec<Expected>) {
    let mut model = Model::new(PLACEMENT.partition, PLACEMENT.count, Settings::default());
    let mut play = Play { clock: NOW, offsets: 0, intents: Vec::new(), reports: Vec::new() };
    let (mut entries, mut acts) = (Vec::new(), Vec::new());
    for round in &history.rounds {
        play.clock.0 += round.advance;
        entries.extend(round.opens.map(|settings| model.open(settings, play.clock)));
        let prices: Vec<_> = round.prices.iter().map(|price| play.price(price)).collect();
        for (price, partition, offset) in &prices {
            model.price(price, *partition, *offset, play.clock);
        }
        let mut turns = Vec::new();
        for step in steps(round) {
            let Some(turn) = play.turn(&model, round, step) else { continue };
            match &turn {
                Turn::Arrival(arrival) => entries.push(model.take(arrival, play.clock)),
                Turn::Owed => entries.extend(model.owed(play.clock)),
            }
            turns.push(turn);
        }
        acts.push(Act { clock: play.clock, opens: round.opens, prices, turns, discarded: round.discarded });
    }
    (acts, entries)
}

/// One step of a round.
#[derive(Clone, Copy, Debug)]
enum Step {
    Calm,
    Control(usize),
    Report(usize),
    Owed,
    Intent(usize),
}

/// A history on its way.
struct Play {
    clock: Time,
    offsets: i64,
    intents: Vec<Intent<'static>>,
    reports: Vec<Execution<'static>>,
}

impl Play {
    /// What a step is, in a lane that stands where the model does; `None` where it comes to nothing.
    fn turn(&mut self, model: &Model, round: &Round, step: Step) -> Option<Turn> {
        let arrival = match step {
            Step::Owed => return Some(Turn::Owed),
            Step::Calm => self.resume(model, 0, CommandType::Resume, false),
            Step::Control(index) => self.control(model, &round.control[index]),
            Step::Report(index) => self.report(model, &round.reports[index]),
            // No intent is decided before the cancels that are owed.
            Step::Intent(_) if model.is_owing() => None,
            Step::Intent(index) => self.intent(model, &round.intents[index]),
        };
        arrival.map(|arrival| Turn::Arrival(Box::new(arrival)))
    }

    fn offset(&mut self) -> i64 {
        self.offsets += 1;
        self.offsets
    }

    fn after(&self, nanoseconds: i64) -> Time {
        Time(self.clock.0.saturating_add(nanoseconds))
    }

    fn price(&mut self, plan: &PricePlan) -> (ReferencePrice<'static>, i32, i64) {
        let price = ReferencePrice {
            instrument_id: id(pools::INSTRUMENTS[plan.index]),
            price: num(plan.price),
            source: PriceSource::Mid,
            as_of: self.after(-plan.age),
            publisher: "feed",
            quality: plan.quality,
        };
        (price, 0, self.offset())
    }

    fn intent(&mut self, model: &Model, plan: &IntentPlan) -> Option<Arrival<'static>> {
        let (intent, delivery) = match plan {
            IntentPlan::Again { pick, how } => (self.again(*pick, *how)?, Delivery::Right),
            IntentPlan::Fresh(fresh) => (self.fresh_intent(model, fresh)?, fresh.delivery),
        };
        let key = key_of(intent.account_id, delivery);
        let content =
            if delivery == Delivery::Malformed { Err("no Avro".into()) } else { Ok(intent.clone()) };
        self.intents.push(intent);
        let input = input("intents", PLACEMENT.partition, self.offset());
        let content = Content::Intent(content);
        Some(Arrival { input, key, value: Some(b"intent"), content })
    }

    fn again(&self, pick: usize, how: Again) -> Option<Intent<'static>> {
        let intent = pick_of(&self.intents, pick)?.clone();
        let intent = Intent { created_at: self.clock, ..intent };
        Some(match how {
            Again::AsItWas => intent,
            Again::Changed => {
                Intent { terms: IntentTerms { order_qty: Some(num("4")), ..intent.terms }, ..intent }
            }
            Again::UnderAnotherKey => {
                let key = id(leak(format!("k-{}", self.intents.len())));
                Intent { intent_id: key, client_order_id: key, ..intent }
            }
        })
    }

    /// `None` where there is no order that it could be about.
    fn fresh_intent(&self, model: &Model, plan: &FreshIntent) -> Option<Intent<'static>> {
        let key = leak(format!("k-{}", self.intents.len()));
        let intent = Intent {
            intent_type: plan.intent_type,
            intent_id: id(key),
            account_id: id(plan.account),
            strategy_id: id(plan.strategy),
            client_order_id: id(key),
            instrument_id: id(pools::INSTRUMENTS[plan.instrument]),
            created_at: self.after(-plan.age),
            expires_at: plan.expires.map(|expires| self.after(expires)),
            terms: plan.terms,
            ..new_intent()
        };
        match (target(model, plan.target), plan.target) {
            (Some(order), _) => Some(Intent {
                account_id: id(leak(order.account.clone())),
                client_order_id: id(leak(order.client_order_id.clone())),
                instrument_id: id(leak(order.instrument.clone())),
                ..intent
            }),
            (None, Target::Named(name)) => Some(Intent { client_order_id: id(name), ..intent }),
            (None, Target::Nothing) => Some(intent),
            (None, Target::Open(_) | Target::Known(_)) => None,
        }
    }

    fn report(&mut self, model: &Model, plan: &ReportPlan) -> Option<Arrival<'static>> {
        let (report, delivery) = match plan {
            ReportPlan::Again { pick, how } => {
                let mut report = pick_of(&self.reports, *pick)?.clone();
                match how {
                    Resent::AsItWas => {}
                    Resent::Later => report.transact_time.0 += 1,
                    Resent::Reworded => report.text = Some("again"),
                }
                (report, Delivery::Right)
            }
            ReportPlan::Fresh(fresh) => (self.fresh_report(model, fresh)?, fresh.delivery),
        };
        let key = key_of(report.account_id, delivery);
        let content =
            if delivery == Delivery::Malformed { Err("no Avro".into()) } else { Ok(report.clone()) };
        self.reports.push(report);
        let input = input("executions", PLACEMENT.partition, self.offset());
        let content = Content::Execution(content);
        Some(Arrival { input, key, value: Some(b"report"), content })
    }

    /// `None` where there is no order that it could be about.
    fn fresh_report(&self, model: &Model, plan: &FreshReport) -> Option<Execution<'static>> {
        let order = target(model, plan.target);
        if order.is_none() && matches!(plan.target, Target::Open(_) | Target::Known(_)) {
            return None;
        }
        let of_order = order.filter(|_| plan.true_to_order);
        let instrument =
            of_order.map_or(pools::INSTRUMENTS[plan.instrument], |it| leak(it.instrument.clone()));
        let account = of_order.map_or(plan.account, |order| leak(order.account.clone()));
        let side = if plan.sells { Side::Sell } else { Side::Buy };
        let refers = match plan.refers {
            Refers::Named(name) => Some((name, None)),
            Refers::Trade(pick) => {
                let worth = |report: &&Execution<'_>| {
                    matches!(report.exec_type, ExecType::Trade | ExecType::TradeCorrect)
                };
                let trades: Vec<_> = self.reports.iter().filter(worth).collect();
                pick_of(&trades, pick).map(|sent| (sent.exec_id, Some(*sent)))
            }
            Refers::Sent(pick) => pick_of(&self.reports, pick).map(|sent| (sent.exec_id, Some(sent))),
        };
        let kind = plan.exec_type;
        let fills = matches!(kind, ExecType::Trade | ExecType::TradeCorrect);
        let about = matches!(kind, ExecType::TradeCancel | ExecType::TradeCorrect);
        let totals = matches!(kind, ExecType::Replaced | ExecType::Restated);
        let resolve = |quantity| resolved(model, quantity, order, instrument);
        let leaves = plan.leaves.filter(|_| about).or((kind == ExecType::Restated).then_some(plan.total));
        let report = Execution {
            venue: id(plan.venue),
            account_id: id(account),
            instrument_id: id(instrument),
            side: of_order.map_or(side, |order| order.terms.side),
            order_id: match (order, plan.target) {
                (Some(order), _) => leak(order.id.to_string()),
                (None, Target::Named(name)) => order_id(account, name),
                _ => "",
            },
            last_qty: (fills && !plan.lacks).then(|| resolve(plan.last_qty)),
            last_px: fills.then(|| num("100")),
            order_qty: totals.then(|| resolve(plan.total)),
            leaves_qty: leaves.map(resolve),
            cum_qty: plan.cum_qty.map(resolve),
            exec_ref_id: refers.filter(|_| about).map(|(name, _)| name),
            reject_code: plan.reject_code,
            ..execution(kind, plan.exec_id.unwrap_or_else(|| leak(format!("x-{}", self.reports.len()))))
        };
        Some(match refers.and_then(|(_, sent)| sent).filter(|_| about && plan.true_to_order) {
            None => report,
            Some(sent) => Execution {
                venue: sent.venue,
                account_id: sent.account_id,
                instrument_id: sent.instrument_id,
                order_id: sent.order_id,
                side: sent.side,
                ..report
            },
        })
    }

    fn control_of(&mut self, record: Option<ControlRecord<'static>>) -> Arrival<'static> {
        let content = Content::Control(record.ok_or_else(|| "no Avro".into()));
        let input = input("control", 0, self.offset());
        Arrival { input, key: None, value: Some(b"control"), content }
    }

    fn control(&mut self, model: &Model, plan: &ControlPlan) -> Option<Arrival<'static>> {
        let record = match plan {
            ControlPlan::Unreadable => None,
            ControlPlan::Limit { newer, limit } => {
                let held = model.limits.get(limit.limit_id.as_str()).map_or(0, |limit| limit.version);
                let version = held + i64::from(*newer);
                Some(ControlRecord::RiskLimit(RiskLimit { version, ..(**limit).clone() }))
            }
            ControlPlan::Instrument { index, newer, status, change } => {
                let held = model.instruments.get(pools::INSTRUMENTS[*index]).map_or(0, |it| it.version);
                let version = held + i64::from(*newer);
                let record = InstrumentRecord { version, status: *status, ..pools::instrument(*index) };
                Some(ControlRecord::Instrument(changed(record, *change)))
            }
            ControlPlan::Command(plan) => Some(ControlRecord::Command(self.command(model, plan))),
            ControlPlan::Loosen { pick, command, cancels } => {
                return self.resume(model, *pick, *command, *cancels);
            }
        };
        Some(self.control_of(record))
    }

    /// A command in the name of the holder of a state that is not active.
    fn resume(
        &mut self,
        model: &Model,
        pick: usize,
        command: CommandType,
        cancels: bool,
    ) -> Option<Arrival<'static>> {
        let places: Vec<_> = model.states.iter().collect();
        let ((scope, scope_id), standing) = pick_of(&places, pick)?;
        let command = Command {
            scope_type: *scope,
            scope_id: leak(scope_id.clone()),
            cancel_open_orders: cancels,
            resumes: Some(id(leak(standing.holder.clone()))),
            ..self.bare_command(command)
        };
        Some(self.control_of(Some(ControlRecord::Command(command))))
    }

    fn bare_command(&self, what: CommandType) -> Command<'static> {
        command(leak(format!("c-{}", self.offsets)), what, Scope::Global, "")
    }

    fn command(&self, model: &Model, plan: &CommandPlan) -> Command<'static> {
        let bare = self.bare_command(plan.command);
        let order = target(model, plan.target);
        let (adjusts, releases) =
            (plan.command == CommandType::PositionAdjust, plan.command == CommandType::ForceRelease);
        let instrument = plan.instrument.map(|index| pools::INSTRUMENTS[index]);
        let of_order = order.filter(|_| releases && plan.account == Some("A1"));
        let qty = plan.qty.zip(instrument).map(|(qty, name)| resolved(model, qty, None, name));
        let account = of_order.map(|order| leak(order.account.clone())).or(plan.account);
        Command {
            command_id: plan.command_id.map_or(bare.command_id, id),
            scope_type: plan.scope.0,
            scope_id: plan.scope.1,
            cancel_open_orders: plan.cancels,
            resumes: plan.resumes.map(id),
            account_id: account.filter(|_| adjusts || releases).map(id),
            order_id: releases.then_some(
                order.map_or(if plan.cancels { "none" } else { order_id("A1", "none") }, |order| {
                    leak(order.id.to_string())
                }),
            ),
            instrument_id: instrument.filter(|_| adjusts).map(id),
            qty: qty.map(|qty| if plan.sells { negated(qty) } else { qty }),
            strategy_id: plan.strategy.filter(|_| adjusts).map(id),
            ..bare
        }
    }
}

fn steps(round: &Round) -> Vec<Step> {
    let mut steps = Vec::new();
    // States are few; each turn resumes the first that is left.
    steps.extend(std::iter::repeat_n(Step::Calm, if round.calm { 4 } else { 0 }));
    steps.extend((0..round.control.len()).map(Step::Control));
    steps.extend((0..round.reports.len()).map(Step::Report));
    steps.extend(std::iter::repeat_n(Step::Owed, round.owed_max.min(12)));
    steps.extend((0..round.intents.len()).map(Step::Intent));
    steps
}

fn pick_of<T>(list: &[T], pick: usize) -> Option<&T> {
    list.get(pick.checked_rem(list.len())?)
}

fn target(model: &Model, target: Target) -> Option<&Order> {
    match target {
        Target::Open(pick) => {
            let open: Vec<&Order> = model.orders.iter().filter(|order| model.is_open(order)).collect();
            pick_of(&open, pick).copied()
        }
        Target::Known(pick) => pick_of(&model.orders, pick),
        Target::Named(_) | Target::Nothing => None,
    }
}

fn key_of(account: Id<'static>, delivery: Delivery) -> Option<&'static [u8]> {
    match delivery {
        Delivery::Right => Some(account.as_str().as_bytes()),
        Delivery::OtherKey => Some(b"A29"),
        Delivery::OddKey => Some(b"no id"),
        Delivery::NoKey | Delivery::Malformed => None,
    }
}

fn resolved(model: &Model, quantity: Quantity, order: Option<&Order>, instrument: &str) -> Numeral<'static> {
    let lots = |count: i64| {
        let lot = model.instruments.get(instrument).map_or_else(|| int(1), |it| it.lot.clone());
        lot * int(count)
    };
    let number = |value: Rat| num(leak(text(&value).unwrap_or_else(|| "1".to_owned())));
    match (quantity, order) {
        (Quantity::Text(text), _) => num(text),
        (Quantity::Lots(count), _) => number(lots(count)),
        (Quantity::Reserved, Some(order)) => number(model.reserved(order)),
        (Quantity::Total, Some(order)) => number(order.published_terms().qty.value.clone()),
        (Quantity::Reserved | Quantity::Total, None) => number(lots(3)),
    }
}

fn negated(number: Numeral<'static>) -> Numeral<'static> {
    let text = number.to_string();
    match text.as_str() {
        "0" => number,
        _ => num(leak(text.strip_prefix('-').map_or_else(|| format!("-{text}"), str::to_owned))),
    }
}

fn changed(record: InstrumentRecord<'static>, change: InstrumentChange) -> InstrumentRecord<'static> {
    match change {
        InstrumentChange::None => record,
        InstrumentChange::Immutable => InstrumentRecord { contract_multiplier: num("3"), ..record },
        InstrumentChange::Impossible => InstrumentRecord { tick_size: num("0"), ..record },
        InstrumentChange::Bounded => InstrumentRecord {
            min_qty: Some(num("2")),
            max_qty: Some(num("500000000000")),
            min_notional: Some(num("250")),
            ..record
        },
        InstrumentChange::Negative => {
            InstrumentRecord { allow_negative_price: !record.allow_negative_price, ..record }
        }
    }
}

/// Records borrow their texts; those of a test live as long as it does.
fn leak(text: String) -> &'static str {
    text.leak()
}
