//! A row as a line: a JSON array of its values.

use std::borrow::Cow;

use serde_json::Value as Json;
use uuid::Uuid;

use super::{Kind, Table};
use crate::error::CatalogueError;
use crate::row::Row;
use crate::statement::Value;

/// The line of a row whose columns stand in the order of `table`; without a line feed.
pub(super) fn from_row(row: &Row, table: &Table) -> Result<Vec<u8>, CatalogueError> {
    let columns = table.columns.iter().enumerate();
    let values = columns.map(|(at, column)| row.at(at, column.kind).map(|value| json(&value)));
    let values = Json::Array(values.collect::<Result<_, _>>()?);
    serde_json::to_vec(&values).map_err(CatalogueError::unreadable("row"))
}

/// The values in a line, for the columns of `table`; `None` where it is no row of it.
pub(super) fn to_values(line: &str, table: &Table) -> Option<Vec<Value<'static>>> {
    let Ok(Json::Array(values)) = serde_json::from_str(line) else { return None };
    if values.len() != table.columns.len() {
        return None;
    }
    let columns = table.columns.iter().zip(values);
    columns.map(|(column, value)| parsed(column.kind, value)).collect()
}

fn json(value: &Value<'_>) -> Json {
    match value {
        Value::Id(id) => id.map(|id| hex(id.as_bytes())).into(),
        Value::Text(text) => text.as_deref().into(),
        Value::Number(number) => (*number).into(),
        // Debug says as many digits as it takes to read the very same number again.
        Value::Real(real) => real.map(|real| format!("{real:?}")).into(),
        Value::Flag(flag) => (*flag).into(),
        Value::Bytes(bytes) => bytes.as_deref().map(hex).into(),
    }
}

fn parsed(kind: Kind, value: Json) -> Option<Value<'static>> {
    let value = if value.is_null() { None } else { Some(value) };
    Some(match kind {
        Kind::Id => Value::Id(all(value, |value| Uuid::from_slice(&bytes(value.as_str()?)?).ok())?),
        Kind::Text => Value::Text(all(value, |value| match value {
            Json::String(text) => Some(Cow::Owned(text)),
            _ => None,
        })?),
        Kind::Number => Value::Number(all(value, |value| value.as_i64())?),
        Kind::Real => Value::Real(all(value, |value| value.as_str()?.parse().ok())?),
        Kind::Flag => Value::Flag(all(value, |value| value.as_bool())?),
        Kind::Bytes => Value::Bytes(all(value, |value| bytes(value.as_str()?).map(Cow::Owned))?),
    })
}

/// Nothing stays nothing; `None` where there is something that cannot be read.
fn all<T>(value: Option<Json>, read: impl FnOnce(Json) -> Option<T>) -> Option<Option<T>> {
    value.map_or(Some(None), |value| read(value).map(Some))
}

fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |nibble: u8| char::from(DIGITS[usize::from(nibble)]);
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

fn bytes(hex: &str) -> Option<Vec<u8>> {
    let digit = |digit: u8| char::from(digit).to_digit(16).and_then(|it| u8::try_from(it).ok());
    let pair = |pair: &[u8]| match pair {
        [high, low] => Some(digit(*high)? << 4 | digit(*low)?),
        _ => None,
    };
    hex.as_bytes().chunks(2).map(pair).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backup::Column;

    const KINDS: [Kind; 6] =
        [Kind::Id, Kind::Text, Kind::Number, Kind::Real, Kind::Flag, Kind::Bytes];

    fn table(kinds: &[Kind]) -> Table {
        let column = |kind: &Kind| Column { name: format!("{kind:?}"), kind: *kind };
        Table { name: "things".into(), columns: kinds.iter().map(column).collect() }
    }

    #[test]
    fn a_line_says_every_value_exactly() {
        let line = r#"["0190d2a57c1e7bbb81230123456789ab","a\n\"b\"",-9223372036854775808,"0.1",true,"00ff"]"#;
        let values = to_values(line, &table(&KINDS)).expect("a row");
        let again: Vec<Json> = values.iter().map(json).collect();
        assert_eq!(serde_json::to_string(&again).expect("plain"), line);
        let nothing = "[null,null,null,null,null,null]";
        let values = to_values(nothing, &table(&KINDS)).expect("a row");
        assert!(values.iter().all(|value| json(value).is_null()));
    }

    #[test]
    fn what_is_no_row_is_found_out() {
        for (kind, wrong) in [
            (Kind::Id, r#"["00"]"#),
            (Kind::Id, "[1]"),
            (Kind::Text, "[1]"),
            (Kind::Number, "[1.5]"),
            (Kind::Real, r#"["x"]"#),
            (Kind::Flag, "[1]"),
            (Kind::Bytes, r#"["0"]"#),
            (Kind::Bytes, r#"["zz"]"#),
            (Kind::Text, "[]"),
            (Kind::Text, r#"["a","b"]"#),
            (Kind::Text, r#"["a""#),
            (Kind::Text, "{}"),
        ] {
            assert!(to_values(wrong, &table(&[kind])).is_none(), "{kind:?} {wrong}");
        }
    }
}
