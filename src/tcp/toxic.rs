//! A toxic: one effect on one direction of a proxy's connections.

use super::{
    attributes::Attributes,
    direction::Direction,
    error::ApiError,
    fields::{Fields, first_object},
};
use crate::profiles::Catalog;
use serde::Serialize;
use serde_json::{Value, json};

/// One effect on the connections of a proxy.
#[derive(Debug, Clone, PartialEq)]
pub struct Toxic {
    /// Its number; never used twice in a proxy.
    pub id: u64,
    /// Its name, unique in a proxy.
    pub name: String,
    /// The name of its type.
    pub kind: String,
    /// The direction as it was written.
    pub stream: String,
    /// The direction that it affects.
    pub direction: Direction,
    /// The share of connections that it affects.
    pub toxicity: f32,
    /// What it does.
    pub attributes: Attributes,
}

impl Toxic {
    /// Reads a toxic from a request body. Errors come in toxiproxy's order; `taken` says whether a name is in use.
    pub(super) fn read(
        id: u64,
        body: &[u8],
        catalog: &Catalog,
        taken: impl FnOnce(&str) -> bool,
    ) -> Result<Self, ApiError> {
        let members = first_object(body)?;
        let fields = Fields::new(&members, "");
        let (name, kind) = (fields.text("name", "")?, fields.text("type", "")?);
        let stream = fields.text("stream", Direction::Downstream.as_str())?;
        let toxicity = toxicity(&fields, 1.0)?;
        let changes = fields.object("attributes")?;
        let direction = Direction::parse(&stream).ok_or_else(ApiError::invalid_stream)?;
        let name = if name.is_empty() { format!("{kind}_{stream}") } else { name };
        let attributes = Attributes::of_type(&kind).ok_or_else(ApiError::invalid_toxic_type)?;
        if taken(&name) {
            return Err(ApiError::toxic_exists());
        }
        let attributes = attributes.merged(changes, catalog)?;
        Ok(Self { id, name, kind, stream, direction, toxicity, attributes })
    }

    /// The same toxic with the attributes and the toxicity of a request body.
    pub(super) fn changed(&self, body: &[u8], catalog: &Catalog) -> Result<Self, ApiError> {
        let members = first_object(body)?;
        let fields = Fields::new(&members, "");
        let toxicity = toxicity(&fields, self.toxicity)?;
        let attributes = self.attributes.merged(fields.object("attributes")?, catalog)?;
        Ok(Self { toxicity, attributes, ..self.clone() })
    }

    /// The toxic as the API shows it.
    pub(super) fn to_view(&self) -> ToxicView<'_> {
        ToxicView {
            attributes: self.attributes.to_json(),
            name: &self.name,
            kind: &self.kind,
            stream: &self.stream,
            toxicity: plain_number(self.toxicity),
        }
    }
}

/// The JSON form of a toxic.
#[derive(Debug, Serialize)]
pub(super) struct ToxicView<'a> {
    attributes: Value,
    name: &'a str,
    #[serde(rename = "type")]
    kind: &'a str,
    stream: &'a str,
    toxicity: Value,
}

fn toxicity(fields: &Fields<'_>, default: f32) -> Result<f32, ApiError> {
    let value = fields.number("toxicity", default.into())? as f32;
    if value.is_finite() { Ok(value) } else { Err(ApiError::bad_body("`toxicity` is too large")) }
}

/// The number in its shortest form: `1`, `0.2`.
fn plain_number(value: f32) -> Value {
    const EXACT: f32 = 16_777_216.0;
    if value.fract() == 0.0 && value.abs() < EXACT {
        return json!(value as i64);
    }
    // Through its text: converted to 64 bits, 0.2 would have many more digits.
    value.to_string().parse::<f64>().map_or(Value::Null, |shortest| json!(shortest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &str) -> Result<Toxic, ApiError> {
        Toxic::read(1, body.as_bytes(), &Catalog::new(), |name| name == "taken")
    }

    fn shown(body: &str) -> String {
        serde_json::to_string(&read(body).unwrap().to_view()).unwrap()
    }

    #[test]
    fn toxics_are_shown_with_all_attributes() {
        insta::assert_snapshot!(
            [
                r#"{"type":"latency","attributes":{"latency":100}}"#,
                r#"{"TYPE":"bandwidth","Stream":"Upstream","toxicity":0.2,"attributes":{"rate":-5,"x":1}}"#,
                r#"{"type":"slicer","name":"n","toxicity":7,"attributes":null}"#,
                r#"{"type":"packet_loss","attributes":{"loss_rate":2,"correlation":-1}} and more"#,
                r#"{"type":"noop"}"#,
                r#"{"type":"vsps","attributes":{"profile":"3g","seed":7,"shared":true}}"#,
            ]
            .map(shown)
            .join("\n")
        );
    }

    #[test]
    fn errors_have_the_status_and_the_order_of_toxiproxy() {
        let told = [
            "{",
            "",
            "[]",
            r#"{"type":1,"stream":"x"}"#,
            r#"{"type":"nothing","stream":"x"}"#,
            r#"{"type":"nothing","name":"taken"}"#,
            r#"{"type":"latency","name":"taken","attributes":{"latency":"x"}}"#,
            r#"{"type":"latency","attributes":{"latency":"x"}}"#,
            r#"{"type":"latency","attributes":{"latency":1.5}}"#,
            r#"{"type":"latency","attributes":[]}"#,
            r#"{"type":"noop","toxicity":1e300}"#,
            r#"{"type":"vsps"}"#,
            r#"{"type":"vsps","attributes":{"profile":"flaky-wify"}}"#,
            r#"{"type":"vsps","attributes":{"Profile":"3g","sed":7}}"#,
        ]
        .map(|body| {
            let ApiError { message, status } = read(body).unwrap_err();
            format!("{body}\n    {status} {message}")
        });
        insta::assert_snapshot!(told.join("\n"));
    }

    #[test]
    fn a_change_keeps_what_it_does_not_name() {
        let toxic =
            read(r#"{"type":"latency","toxicity":0.5,"attributes":{"latency":9,"jitter":3}}"#);
        let changed = toxic.unwrap().changed(br#"{"attributes":{"jitter":1}}"#, &Catalog::new());
        let changed = changed.unwrap();
        assert_eq!(changed.attributes, Attributes::Latency { latency: 9, jitter: 1 });
        assert!((changed.toxicity - 0.5).abs() < f32::EPSILON);
    }
}
