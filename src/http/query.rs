//! Parameters of the URL, read strictly: unknown, repeated and malformed ones are refused by name.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest, web};
use serde::de::value::{Error as ValueError, MapDeserializer};
use serde::de::{DeserializeOwned, Deserializer, IntoDeserializer, Visitor};
use serde::forward_to_deserialize_any;

use super::messages;
use crate::error::{AppError, Code};

/// Most parameters that are looked at: no request of ours has a quarter of it.
const MAX_PARAMETERS: usize = 64;

/// The parameters. `T` says `deny_unknown_fields`, and `Option` where one may be left out.
#[derive(Debug, Clone)]
pub struct Query<T>(pub T);

impl<T: DeserializeOwned> FromRequest for Query<T> {
    type Error = AppError;
    type Future = Ready<Result<Self, AppError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(decode(request.query_string()).map(Self))
    }
}

/// Reads a query string.
pub fn decode<T: DeserializeOwned>(query: &str) -> Result<T, AppError> {
    let refuse = |detail: String| AppError::new(Code::InvalidParameter, detail);
    let pairs = web::Query::<Vec<(String, String)>>::from_query(query)
        .map_err(|_| refuse("The parameters of the URL cannot be read.".into()))?
        .into_inner();
    if pairs.len() > MAX_PARAMETERS {
        return Err(refuse("The URL has too many parameters.".into()));
    }
    let mut names: Vec<&str> = pairs.iter().map(|(name, _)| name.as_str()).collect();
    names.sort_unstable();
    if let Some(name) = names.windows(2).find_map(|w| (w.first() == w.last()).then(|| w.first())) {
        let name = name.copied().unwrap_or_default();
        return Err(refuse(format!("The parameter {name} is given twice.")));
    }
    let values = pairs.iter().map(|(name, value)| (name.as_str(), Value(value)));
    let map = MapDeserializer::<_, ValueError>::new(values);
    serde_path_to_error::deserialize(map).map_err(|error| {
        let path = error.path().to_string();
        let inner = error.into_inner().to_string();
        let name = messages::named_field(&inner).unwrap_or(&path);
        let what = messages::clean(&inner).replace("field", "parameter");
        refuse(if name == "." { format!("{what}.") } else { format!("Parameter {name}: {what}.") })
    })
}

/// A text that gives itself as whatever is asked for.
#[derive(Clone, Copy)]
struct Value<'a>(&'a str);

macro_rules! parsed {
    ($($method:ident $visit:ident),+) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
            match self.0.parse() {
                Ok(value) => visitor.$visit(value),
                Err(_) => visitor.visit_str(self.0),
            }
        })+
    };
}

impl<'de> Deserializer<'de> for Value<'_> {
    type Error = ValueError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        visitor.visit_str(self.0)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, ValueError> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ValueError> {
        self.0.into_deserializer().deserialize_enum(name, variants, visitor)
    }

    parsed!(deserialize_bool visit_bool, deserialize_u8 visit_u8, deserialize_u16 visit_u16,
            deserialize_u32 visit_u32, deserialize_u64 visit_u64, deserialize_i32 visit_i32,
            deserialize_i64 visit_i64);

    forward_to_deserialize_any! {
        i8 i16 i128 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple
        tuple_struct map struct identifier ignored_any
    }
}

impl IntoDeserializer<'_, ValueError> for Value<'_> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::EncounterId;
    use serde::Deserialize;

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Params {
        limit: Option<u16>,
        since: Option<EncounterId>,
        name: String,
        all: Option<bool>,
    }

    #[test]
    fn parameters_are_read_by_type() {
        let id = EncounterId::from_i64(5);
        let read: Params = decode(&format!("limit=20&since={id}&name=a%20b&all=true")).unwrap();
        let want = Params { limit: Some(20), since: Some(id), name: "a b".into(), all: Some(true) };
        assert_eq!(read, want);
    }

    #[test]
    fn faults_name_the_parameter_and_never_the_value() {
        for (query, name) in [
            ("name=a&limit=Marigold", "limit"),
            ("name=a&limit=70000", "limit"),
            ("name=a&limit=", "limit"),
            ("name=a&since=Marigold", "since"),
            ("name=a&nmae=Marigold", "nmae"),
            ("limit=1", "name"),
            ("name=Marigold&name=b", "name"),
        ] {
            let error = decode::<Params>(query).unwrap_err();
            assert_eq!(error.code, Code::InvalidParameter, "{query}");
            assert!(error.detail.contains(name), "{query}: {}", error.detail);
            assert!(!error.detail.contains("Marigold"), "{query}: {}", error.detail);
        }
    }
}
