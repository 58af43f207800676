//! The members of a JSON object, each read as what its field is.

use serde_json::{Map, Value as Json};

use crate::core::amount::{Decimal, Numeral};
use crate::core::ids::Id;
use crate::core::time::Time;
use crate::wire::format::{no_decimal, no_id};
use crate::wire::malformed::{Malformed, quote};

/// The members of an object, and which of them were asked for.
pub(super) struct Fields<'j> {
    object: &'j Map<String, Json>,
    article: &'static str,
    noun: &'static str,
    known: Vec<&'static str>,
}

/// What is wrong with a member, without its name.
pub(super) type Wrong = String;

impl<'j> Fields<'j> {
    /// The members of a record that messages call so.
    pub(super) fn of(json: &'j Json, article: &'static str, noun: &'static str) -> Result<Self, Malformed> {
        match json {
            Json::Object(object) => Ok(Self { object, article, noun, known: Vec::new() }),
            _ => Err(Malformed::value(format!(
                "{article} {noun} is a JSON object with the names of the schema's fields"
            ))),
        }
    }

    pub(super) fn optional<T>(
        &mut self,
        field: &'static str,
        read: impl FnOnce(&'j Json) -> Result<T, Wrong>,
    ) -> Result<Option<T>, Malformed> {
        self.known.push(field);
        match self.object.get(field) {
            None | Some(Json::Null) => Ok(None),
            Some(value) => read(value).map(Some).map_err(|wrong| Malformed::field(field, wrong)),
        }
    }

    pub(super) fn required<T>(
        &mut self,
        field: &'static str,
        read: impl FnOnce(&'j Json) -> Result<T, Wrong>,
    ) -> Result<T, Malformed> {
        let needed_by = format!("every {}", self.noun);
        self.optional(field, read)?.ok_or_else(|| Malformed::missing(field, &needed_by))
    }

    /// No member is left that was not asked for.
    pub(super) fn end(&self) -> Result<(), Malformed> {
        match self.object.keys().find(|key| !self.known.contains(&key.as_str())) {
            None => Ok(()),
            Some(key) => {
                let (known, article, noun) = (self.known.join(", "), self.article, self.noun);
                Err(Malformed::value(format!(
                    "{} is no field of {article} {noun}: it has {known}",
                    quote(key)
                )))
            }
        }
    }
}

pub(super) fn text(value: &Json) -> Result<&str, Wrong> {
    value.as_str().ok_or_else(|| format!("is {value}, which is no string"))
}

pub(super) fn id(value: &Json) -> Result<Id<'_>, Wrong> {
    let text = text(value)?;
    Id::parse(text).ok_or_else(|| no_id(text))
}

pub(super) fn time(value: &Json) -> Result<Time, Wrong> {
    let wrong = || format!("is {value}, but a time is a whole number of nanoseconds since 1970");
    value.as_i64().map(Time).ok_or_else(wrong)
}

pub(super) fn whole(value: &Json) -> Result<i64, Wrong> {
    value.as_i64().ok_or_else(|| format!("is {value}, which is no whole number"))
}

pub(super) fn flag(value: &Json) -> Result<bool, Wrong> {
    value.as_bool().ok_or_else(|| format!("is {value}, but it is true or false"))
}

pub(super) fn symbol<T>(value: &Json, parse: impl FnOnce(&str) -> Option<T>) -> Result<T, Wrong> {
    let text = text(value)?;
    parse(text).ok_or_else(|| format!("is {}, which is no symbol of the schema", quote(text)))
}

pub(super) fn numeral(value: &Json) -> Result<Numeral<'_>, Wrong> {
    match value {
        Json::String(text) => Numeral::parse(text).ok_or_else(|| no_decimal(text)),
        Json::Number(number) => {
            let whole = number.as_i64().map(i128::from).or(number.as_u64().map(i128::from));
            let decimal = whole.and_then(|whole| Decimal::new(whole, 0).ok());
            decimal.map(Numeral::Exact).ok_or_else(|| no_float(&number.to_string()))
        }
        _ => Err(format!("is {value}, but a decimal is a string")),
    }
}

/// Digits that a float keeps, whatever they are.
const FLOAT_DIGITS: usize = 15;

/// What to do about a float. A short one is repeated: it is what was written, unless that had more digits than a
/// float keeps. One with an exponent, or with more digits, is surely another number than was meant.
fn no_float(float: &str) -> String {
    let digits = float.bytes().filter(u8::is_ascii_digit).count();
    if digits <= FLOAT_DIGITS && Decimal::parse(float).is_some() {
        format!("is the float {float}: write it as a string, \"{float}\", to be exact")
    } else {
        "is a float: write it as a string with all of its digits, such as \"0.25\", to be exact".to_owned()
    }
}

pub(super) fn tags(value: &Json) -> Result<Vec<(&str, &str)>, Wrong> {
    let Json::Object(pairs) = value else { return Err(format!("are {value}, which is no object")) };
    pairs.iter().map(|(key, value)| Ok((key.as_str(), text(value)?))).collect()
}
