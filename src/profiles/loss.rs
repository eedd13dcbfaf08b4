//! Validates `[loss]`, and `loss` of `[uplink]`.

use super::file::{FourStateTable, GilbertElliottTable, LossTable};
use crate::{
    document::{Scope, Text},
    model::{FourState, LossModel, LossSpec, OnDrop},
    rules::distribution::valid,
    units::Ratio,
};

/// Validates a loss table; `scope` is the table.
pub(super) fn loss(table: &LossTable, scope: &Scope<'_>) -> Option<LossSpec> {
    let actions = [OnDrop::Retransmit, OnDrop::Truncate, OnDrop::Reset, OnDrop::Corrupt];
    let actions = actions.map(|action| (action.as_str(), action));
    let written = table.on_drop.as_ref();
    let action = written.map(|name| scope.at("on-drop").choose("an action", name, &actions));
    let hint = "write `model = { bernoulli = 0.01 }` or \
                `model = { gilbert-elliott = { p = 0.002, r = 0.2 } }`";
    let Some(model) = &table.model else {
        scope.missing("model", hint);
        return None;
    };
    let at = scope.at("model");
    let model = match (&model.bernoulli, &model.gilbert_elliott, &model.four_state) {
        (Some(share), None, None) => at.read("bernoulli", Some(share)).map(LossModel::Bernoulli),
        (None, Some(table), None) => gilbert_elliott(table, &at.at("gilbert-elliott")),
        (None, None, Some(table)) => four_state(table, &at),
        _ => {
            at.fault("must have exactly one model", hint);
            None
        }
    };
    Some(LossSpec { model: model?, on_drop: action.unwrap_or(Some(OnDrop::default()))? })
}

/// Defaults are those of netem: p31 = 1 − p13, p32 = 0, p23 = 1, p14 = 0. `scope` is the table around it.
fn four_state(table: &FourStateTable, scope: &Scope<'_>) -> Option<LossModel> {
    let at = scope.at("four-state");
    let p13: Ratio = at.read("p13", at.need("p13", table.p13.as_ref(), "p13 = 0.005"))?;
    let optional = |key, written: &Option<Text>, absent| {
        written.as_ref().map_or(Some(absent), |text| at.read(key, Some(text)))
    };
    let rest = Ratio::new(1.0 - p13.get()).unwrap_or(Ratio::NONE);
    let p31 = optional("p31", &table.p31, rest);
    let p32 = optional("p32", &table.p32, Ratio::NONE);
    let p23 = optional("p23", &table.p23, Ratio::ALL);
    let p14 = optional("p14", &table.p14, Ratio::NONE);
    let made = FourState::new(p13, p31?, p32?, p23?, p14?);
    valid(made, scope).map(LossModel::FourState)
}

fn gilbert_elliott(table: &GilbertElliottTable, scope: &Scope<'_>) -> Option<LossModel> {
    let required = |key, text, example| scope.read(key, scope.need(key, text, example));
    let (p, r) =
        (required("p", table.p.as_ref(), "p = 0.002"), required("r", table.r.as_ref(), "r = 0.2"));
    let optional = |key, written: &Option<Text>, absent| {
        written.as_ref().map_or(Some(absent), |text| scope.read(key, Some(text)))
    };
    let loss_bad = optional("loss-bad", &table.loss_bad, Ratio::ALL);
    let loss_good = optional("loss-good", &table.loss_good, Ratio::NONE);
    if r == Some(Ratio::NONE) && p.is_some_and(|p| p != Ratio::NONE) {
        scope
            .at("r")
            .fault("is 0: the bad state is never left", "write it above 0, as in `r = 0.2`");
    }
    Some(LossModel::GilbertElliott { p: p?, r: r?, loss_bad: loss_bad?, loss_good: loss_good? })
}
