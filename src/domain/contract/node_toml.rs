//! From TOML to the tree: places are lines, counted from 1.

use toml::de::{DeTable, DeValue};

use super::fault::{Fault, Place};
use super::node::{Budget, Entry, MAX_INPUT_BYTES, Node, Value, too_large};

/// Makes the tree, or the one fault that stopped it: what is not TOML has no second fault.
pub(super) fn from_toml(text: &str) -> Result<Node, Fault> {
    if text.len() > MAX_INPUT_BYTES {
        return Err(too_large(Place::Line(1)));
    }
    let lines = Lines::of(text);
    let root = DeTable::parse(text).map_err(|error| syntax(&error, text, &lines))?;
    let mut grower = Grower { lines, budget: Budget::default() };
    let value = grower.table(root.get_ref(), 0)?;
    Ok(Node { place: Place::Line(1), order: 0, value })
}

fn syntax(error: &toml::de::Error, text: &str, lines: &Lines) -> Fault {
    let offset = error.span().map_or(0, |span| span.start);
    let column = lines.column(text, offset);
    let message = format!("this is not TOML at column {column}: {}", error.message());
    Fault::new(lines.place(offset), "", message)
}

/// Where lines begin, in bytes.
struct Lines(Vec<usize>);

impl Lines {
    fn of(text: &str) -> Self {
        let breaks = text.bytes().enumerate().filter(|(_, b)| *b == b'\n').map(|(at, _)| at + 1);
        Self(std::iter::once(0).chain(breaks).collect())
    }

    fn place(&self, offset: usize) -> Place {
        let line = self.0.partition_point(|start| *start <= offset);
        Place::Line(u32::try_from(line).unwrap_or(u32::MAX))
    }

    /// Column in characters, counted from 1.
    fn column(&self, text: &str, offset: usize) -> usize {
        let line = self.0.partition_point(|start| *start <= offset);
        let start = self.0.get(line.saturating_sub(1)).copied().unwrap_or(0);
        text.get(start..offset).map_or(1, |head| head.chars().count() + 1)
    }
}

struct Grower {
    lines: Lines,
    budget: Budget,
}

impl Grower {
    fn table(&mut self, table: &DeTable<'_>, depth: usize) -> Result<Value, Fault> {
        let mut entries = Vec::new();
        for (key, value) in table {
            let order = key.span().start;
            let place = self.lines.place(order);
            self.budget.key(key.get_ref(), &place)?;
            let node = self.node(value.get_ref(), value.span().start, depth + 1)?;
            entries.push(Entry { key: key.get_ref().to_string(), place, order, node });
        }
        entries.sort_by_key(|entry| entry.order);
        Ok(Value::Table(entries))
    }

    fn node(&mut self, value: &DeValue<'_>, offset: usize, depth: usize) -> Result<Node, Fault> {
        let place = self.lines.place(offset);
        self.budget.node(depth, &place)?;
        let value = match value {
            DeValue::String(text) => Value::Text(text.to_string()),
            DeValue::Integer(digits) => i64::from_str_radix(digits.as_str(), digits.radix())
                .map_or(Value::Fraction, Value::Integer),
            DeValue::Float(_) => Value::Fraction,
            DeValue::Boolean(flag) => Value::Bool(*flag),
            DeValue::Datetime(time) if time.time.is_none() && time.offset.is_none() => {
                Value::Date(time.to_string())
            }
            DeValue::Datetime(_) => Value::Time,
            DeValue::Array(items) => {
                let mut nodes = Vec::new();
                for item in items {
                    nodes.push(self.node(item.get_ref(), item.span().start, depth + 1)?);
                }
                Value::List(nodes)
            }
            DeValue::Table(table) => self.table(table, depth)?,
        };
        Ok(Node { place, order: offset, value })
    }
}
