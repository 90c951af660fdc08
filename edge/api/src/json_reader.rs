//! Reads JSON into our types and says in our own words which field is wrong, and what is accepted there: what serde's
//! readers say is for programmers.

use std::fmt::Display;

use axum::http::StatusCode;
use serde::de::value::{MapAccessDeserializer, StrDeserializer};
use serde::de::{
    self, DeserializeOwned, DeserializeSeed, Deserializer, Expected, IntoDeserializer, MapAccess,
    SeqAccess, Unexpected, Visitor,
};
use serde::forward_to_deserialize_any;
use serde_json::{Map, Value, map};
use service::Problem;

/// The most that is repeated of what somebody sent, in characters.
const QUOTED: usize = 60;

/// What stands for the field in a sentence about it.
const THIS: &str = "This ";

/// What is wrong, and where.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Wrong {
    /// Such as `credits[0].role`; empty where it is all of it.
    field: String,
    /// A sentence.
    says: String,
}

/// `json` as a `T`.
pub(crate) fn read<T: DeserializeOwned>(json: &Value) -> Result<T, Wrong> {
    T::deserialize(Reader(json))
}

impl Wrong {
    /// That `field` is wrong, and what is accepted there.
    pub(crate) fn at(field: &str, says: impl Into<String>) -> Self {
        Self { field: field.chars().take(QUOTED).collect(), says: says.into() }
    }

    /// As it is told: 422, in a sentence that names the field.
    pub(crate) fn told(self) -> Problem {
        let Self { field, says } = self;
        if field.is_empty() {
            let says =
                says.strip_prefix(THIS).map_or(says.clone(), |rest| format!("The body {rest}"));
            return Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid-body", says);
        }
        if says.starts_with("There is no ") {
            return Problem::field(field, says);
        }
        let says = match says.strip_prefix(THIS) {
            Some(rest) => format!("'{field}' {rest}"),
            None => format!("{field}: {says}"),
        };
        Problem::field(field, says)
    }

    /// What is wrong within an element or a field.
    fn within(mut self, outer: &str) -> Self {
        self.field = match self.field.as_str() {
            "" => outer.to_owned(),
            inner if inner.starts_with('[') => format!("{outer}{inner}"),
            inner => format!("{outer}.{inner}"),
        };
        self
    }
}

impl Display for Wrong {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.field, self.says)
    }
}

impl std::error::Error for Wrong {}

impl de::Error for Wrong {
    /// What our own types say of a text: "it is not a …", or a sentence.
    fn custom<T: Display>(says: T) -> Self {
        let says = says.to_string();
        let (first, rest) = says.split_at(says.chars().next().map_or(0, char::len_utf8));
        let end = if says.ends_with('.') { "" } else { "." };
        Self { field: String::new(), says: format!("{}{rest}{end}", first.to_uppercase()) }
    }

    fn invalid_type(found: Unexpected<'_>, wanted: &dyn Expected) -> Self {
        Self::at("", format!("This must be {}, not {}.", accepted(wanted), kind(&found)))
    }

    fn invalid_value(_: Unexpected<'_>, wanted: &dyn Expected) -> Self {
        Self::at("", format!("This must be {}.", accepted(wanted)))
    }

    fn unknown_variant(_: &str, accepted: &'static [&'static str]) -> Self {
        Self::at("", format!("This must be one of {}.", accepted.join(", ")))
    }

    fn unknown_field(field: &str, accepted: &'static [&'static str]) -> Self {
        let field: String = field.chars().take(QUOTED).collect();
        let accepted = accepted.join(", ");
        let says = format!("There is no field '{field}'; accepted are {accepted}.");
        Self { field, says }
    }

    fn missing_field(field: &'static str) -> Self {
        Self::at(field, "This is missing.")
    }
}

/// What is accepted, for people: serde names Rust's types.
fn accepted(wanted: &dyn Expected) -> String {
    let wanted = wanted.to_string();
    match wanted.as_str() {
        "a string" | "a borrowed string" | "a character" => "a text".to_owned(),
        "a boolean" => "true or false".to_owned(),
        "a sequence" => "a list".to_owned(),
        "u8" => "a whole number from 0 to 255".to_owned(),
        "u16" => format!("a whole number from 0 to {}", u16::MAX),
        "u32" => format!("a whole number from 0 to {}", u32::MAX),
        "u64" | "usize" => "a whole number from 0 on".to_owned(),
        "i8" | "i16" | "i32" | "i64" => "a whole number".to_owned(),
        "f32" | "f64" => "a number".to_owned(),
        "a formatted UUID string" | "a UUID string" => "a UUID".to_owned(),
        text if text.starts_with("enum ") => "a text".to_owned(),
        text if ["struct ", "a map", "internally tagged "].iter().any(|s| text.starts_with(s)) => {
            "an object".to_owned()
        }
        text => text.to_owned(),
    }
}

fn kind(found: &Unexpected<'_>) -> &'static str {
    match found {
        Unexpected::Bool(_) => "true or false",
        Unexpected::Unsigned(_) | Unexpected::Signed(_) => "a number",
        Unexpected::Float(_) => "a fraction",
        Unexpected::Unit | Unexpected::Option => "null",
        Unexpected::Seq => "a list",
        Unexpected::Map => "an object",
        _ => "a text",
    }
}

/// A value that is being read.
struct Reader<'v>(&'v Value);

impl<'de> Deserializer<'de> for Reader<'de> {
    type Error = Wrong;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        match self.0 {
            Value::Null => visitor.visit_unit(),
            Value::Bool(flag) => visitor.visit_bool(*flag),
            Value::Number(number) => match (number.as_u64(), number.as_i64()) {
                // Neither database keeps more, and the description says int64.
                (Some(number), _) if number > i64::MAX.unsigned_abs() => {
                    let most = i64::MAX;
                    Err(Wrong::at("", format!("This must be a whole number of at most {most}.")))
                }
                (Some(number), _) => visitor.visit_u64(number),
                (None, Some(number)) => visitor.visit_i64(number),
                _ => visitor.visit_f64(number.as_f64().unwrap_or(f64::NAN)),
            },
            // No database that we use keeps it in a text.
            Value::String(text) if text.contains('\0') => {
                Err(Wrong::at("", "A text has no character U+0000."))
            }
            Value::String(text) => visitor.visit_borrowed_str(text),
            Value::Array(items) => visitor.visit_seq(Items { items: items.iter(), read: 0 }),
            Value::Object(fields) => visitor.visit_map(Fields::of(fields)),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        match self.0 {
            Value::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    /// serde takes a list for an object's values in their order. We describe objects.
    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Wrong> {
        match self.0 {
            Value::Array(_) => Err(de::Error::invalid_type(Unexpected::Seq, &visitor)),
            _ => self.deserialize_any(visitor),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Wrong> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Wrong> {
        match self.0 {
            Value::String(text) => visitor.visit_enum(text.as_str().into_deserializer()),
            Value::Object(fields) => {
                visitor.visit_enum(MapAccessDeserializer::new(Fields::of(fields)))
            }
            _ => self.deserialize_any(visitor),
        }
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit
        unit_struct seq tuple tuple_struct map identifier ignored_any
    }
}

/// The elements of a list.
struct Items<'v> {
    items: std::slice::Iter<'v, Value>,
    read: usize,
}

impl<'v> SeqAccess<'v> for Items<'v> {
    type Error = Wrong;

    fn next_element_seed<S: DeserializeSeed<'v>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, Wrong> {
        let Some(item) = self.items.next() else { return Ok(None) };
        let place = self.read;
        self.read += 1;
        let item = seed.deserialize(Reader(item));
        item.map(Some).map_err(|wrong| wrong.within(&format!("[{place}]")))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.items.len())
    }
}

/// The fields of an object.
struct Fields<'v> {
    fields: map::Iter<'v>,
    value: Option<(&'v str, &'v Value)>,
}

impl<'v> Fields<'v> {
    fn of(fields: &'v Map<String, Value>) -> Self {
        Self { fields: fields.iter(), value: None }
    }
}

impl<'v> MapAccess<'v> for Fields<'v> {
    type Error = Wrong;

    fn next_key_seed<S: DeserializeSeed<'v>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, Wrong> {
        let Some((name, value)) = self.fields.next() else { return Ok(None) };
        self.value = Some((name, value));
        let name: StrDeserializer<'_, Wrong> = name.as_str().into_deserializer();
        seed.deserialize(name).map(Some)
    }

    fn next_value_seed<S: DeserializeSeed<'v>>(&mut self, seed: S) -> Result<S::Value, Wrong> {
        let (name, value) = self.value.take().expect("serde asks for a value after its key");
        seed.deserialize(Reader(value)).map_err(|wrong| wrong.within(name))
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;
    use serde_json::json;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Song {
        title: String,
        track: Option<u16>,
        explicit: Option<bool>,
        credits: Option<Vec<Credit>>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Credit {
        role: Role,
        artist: media::ArtistId,
    }

    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "lowercase")]
    enum Role {
        Main,
        Featured,
    }

    #[test]
    fn what_is_wrong_is_said_of_its_field() {
        let id = "0190d2a5-7c1e-7bbb-8123-000000000009";
        for (json, field, says) in [
            (json!([]), "", "This must be an object, not a list."),
            (json!(7), "", "This must be an object, not a number."),
            (json!({}), "title", "This is missing."),
            (json!({"title": 1}), "title", "This must be a text, not a number."),
            (json!({"title": null}), "title", "This must be a text, not null."),
            (json!({"title": "a\0"}), "title", "A text has no character U+0000."),
            (
                json!({"title": "a", "colour": 1}),
                "colour",
                "There is no field 'colour'; accepted are title, track, explicit, credits.",
            ),
            (
                json!({"title": "a", "track": 70_000}),
                "track",
                "This must be a whole number from 0 to 65535.",
            ),
            (
                json!({"title": "a", "track": u64::MAX}),
                "track",
                "This must be a whole number of at most 9223372036854775807.",
            ),
            (
                json!({"title": "a", "track": 1.5}),
                "track",
                "This must be a whole number from 0 to 65535, not a fraction.",
            ),
            (
                json!({"title": "a", "explicit": "x"}),
                "explicit",
                "This must be true or false, not a text.",
            ),
            (
                json!({"title": "a", "credits": {}}),
                "credits",
                "This must be a list, not an object.",
            ),
            (
                json!({"title": "a", "credits": [["main", id]]}),
                "credits[0]",
                "This must be an object, not a list.",
            ),
            (
                json!({"title": "a", "credits": [{"role": "main", "artist": id}, {"role": "x"}]}),
                "credits[1].role",
                "This must be one of main, featured.",
            ),
            (
                json!({"title": "a", "credits": [{"role": 1, "artist": id}]}),
                "credits[0].role",
                "This must be a text, not a number.",
            ),
            (
                json!({"title": "a", "credits": [{"role": "main", "artist": "x"}]}),
                "credits[0].artist",
                "'x' is not a UUID in lower case with hyphens.",
            ),
        ] {
            let wrong = read::<Song>(&json).expect_err("wrong");
            assert_eq!((wrong.field.as_str(), wrong.says.as_str()), (field, says), "{json}");
        }
    }

    #[test]
    fn what_is_right_is_read() {
        let id = "0190d2a5-7c1e-7bbb-8123-000000000009";
        let credits = json!([{"role": "featured", "artist": id}]);
        let song = json!({"title": "a", "track": 3, "explicit": null, "credits": credits});
        let song: Song = read(&song).expect("a song");
        assert_eq!((song.title.as_str(), song.track, song.explicit), ("a", Some(3), None));
        let credits = song.credits.expect("credits");
        assert!(matches!(credits[0].role, Role::Featured));
        assert_eq!(credits[0].artist.to_string(), id);
    }
}
