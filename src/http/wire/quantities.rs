//! Figures and conditions on them, as they are sent.

use schemars::JsonSchema;
use serde::Serialize;

use super::SpanAnswer;
use crate::quantity::{Condition, Quantity};
use crate::report::Span;
use crate::search::Figure;

/// A figure of a passage.
#[derive(Serialize, JsonSchema)]
pub(super) struct QuantityAnswer {
    /// As it stands in the text.
    text: String,
    /// The value in the base unit; the lower end of a range.
    value: f64,
    /// The upper end of a range.
    #[serde(skip_serializing_if = "Option::is_none")]
    to: Option<f64>,
    /// The base unit.
    unit: &'static str,
    /// The unit as it is written.
    unit_text: String,
    class: &'static str,
    /// `amount`, `rise`, `fall`, `per-person` or `per-unit`.
    kind: &'static str,
    /// `about`, `over`, `less`, `at-least` or `at-most`.
    #[serde(skip_serializing_if = "Option::is_none")]
    qualifier: Option<&'static str>,
    /// The words it belongs to.
    label: String,
    /// Its place in the passage's text, in bytes of UTF-8.
    #[schemars(with = "SpanAnswer")]
    range: Span,
    /// Whether it meets what was asked for; left out where nothing was.
    #[serde(skip_serializing_if = "Option::is_none")]
    matched: Option<bool>,
}

/// A bound on figures that was read in a query.
#[derive(Serialize, JsonSchema)]
pub(super) struct ConditionAnswer {
    /// As a filter has it.
    filter: String,
    class: &'static str,
    /// For readers, in Chinese.
    label: String,
}

impl QuantityAnswer {
    /// `quantity`, which stands in `text`, with whether it meets what was asked for.
    pub(super) fn new(text: &str, quantity: &Quantity, matched: Option<bool>) -> Self {
        Self {
            text: quantity.range.of(text).to_owned(),
            value: quantity.low,
            to: (quantity.low < quantity.high).then_some(quantity.high),
            unit: quantity.class.base_unit(),
            unit_text: quantity.unit.clone(),
            class: quantity.class.as_str(),
            kind: quantity.kind.as_str(),
            qualifier: quantity.qualifier.map(crate::quantity::Qualifier::as_str),
            label: quantity.label.clone(),
            range: quantity.range,
            matched,
        }
    }

    /// The figures of a hit whose text is `text`.
    pub(super) fn of_hit(text: &str, figures: &[Figure]) -> Vec<Self> {
        figures
            .iter()
            .map(|figure| Self::new(text, &figure.quantity, Some(figure.matched)))
            .collect()
    }
}

impl ConditionAnswer {
    pub(super) fn new(condition: &Condition) -> Self {
        Self {
            filter: condition.as_str().to_owned(),
            class: condition.class.as_str(),
            label: condition.label(),
        }
    }
}
