//! Rows as Parquet: typed columns that may be null, and what is said of the whole as key-value metadata of
//! the file. Without compression, which no reader misses: texts that repeat are written once a row group.
//!
//! The same rows give the same bytes in every run of one build of the program.

use std::io::Write;
use std::sync::Arc;

use chrono::NaiveDate;
use parquet::basic::{LogicalType, Repetition, TimeUnit, Type as Physical};
use parquet::data_type::{BoolType, ByteArray, ByteArrayType, DataType, Int32Type, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::file::writer::{SerializedColumnWriter, SerializedFileWriter};
use parquet::schema::types::Type;

use super::table::{Column, Kind, Value};
use crate::error::{AppError, Code};

/// Rows of a row group: what is held in memory before it is written.
const GROUP_ROWS: usize = 10_000;
/// Digits of a number with places: as many as eight bytes hold.
const DIGITS: i32 = 18;
/// Places of money.
const CENTS: u32 = 2;
/// The definition level of a value that is there, in a column that may be null.
const THERE: i16 = 1;

/// The values of a column that wait for their row group.
enum Cells {
    Flags(Vec<bool>),
    Days(Vec<i32>),
    Numbers(Vec<i64>),
    Texts(Vec<ByteArray>),
}

/// A column that waits: values, and for each row whether it has one.
struct Waiting {
    column: Column,
    cells: Cells,
    levels: Vec<i16>,
}

/// A file in the making.
pub(super) struct Parquet<W: Write + Send> {
    file: SerializedFileWriter<W>,
    columns: Vec<Waiting>,
    rows: usize,
}

impl<W: Write + Send> Parquet<W> {
    /// Begins a file with these columns.
    pub(super) fn begin(
        to: W,
        columns: &[Column],
        entries: &[(&str, String)],
    ) -> Result<Self, AppError> {
        let fields = columns.iter().map(|c| field(c).map(Arc::new)).collect::<Result<_, _>>();
        let schema = Type::group_type_builder("report").with_fields(fields.map_err(failed)?);
        let properties = WriterProperties::builder()
            .set_created_by(format!("peerclaims {}", env!("CARGO_PKG_VERSION")))
            .set_statistics_enabled(EnabledStatistics::Chunk)
            .set_offset_index_disabled(true)
            .build();
        let schema = Arc::new(schema.build().map_err(failed)?);
        let file = SerializedFileWriter::new(to, schema, Arc::new(properties)).map_err(failed)?;
        let columns = columns.iter().copied().map(Waiting::new).collect();
        let mut begun = Self { file, columns, rows: 0 };
        begun.say(entries);
        Ok(begun)
    }

    /// Says something of the whole.
    fn say(&mut self, entries: &[(&str, String)]) {
        for (name, value) in entries {
            let entry = KeyValue::new((*name).to_owned(), value.clone());
            self.file.append_key_value_metadata(entry);
        }
    }

    /// Adds a row, as long as the columns.
    pub(super) fn row<'v>(
        &mut self,
        values: impl IntoIterator<Item = &'v Value>,
    ) -> Result<(), AppError> {
        for (waiting, value) in self.columns.iter_mut().zip(values) {
            waiting.push(value)?;
        }
        self.rows += 1;
        if self.rows == GROUP_ROWS { self.group() } else { Ok(()) }
    }

    /// Writes the row group that waits.
    fn group(&mut self) -> Result<(), AppError> {
        let mut group = self.file.next_row_group().map_err(failed)?;
        for waiting in &mut self.columns {
            let column = group.next_column().map_err(failed)?;
            let mut column = column.ok_or_else(|| unwritten("a column is missing"))?;
            waiting.write(&mut column).map_err(failed)?;
            column.close().map_err(failed)?;
        }
        group.close().map_err(failed)?;
        self.rows = 0;
        Ok(())
    }

    /// Ends the file; more is said of the whole. A file without its end is none: readers refuse it.
    pub(super) fn end(mut self, entries: &[(&str, String)]) -> Result<(), AppError> {
        if self.rows > 0 {
            self.group()?;
        }
        self.say(entries);
        self.file.finish().map_err(failed)?;
        Ok(())
    }
}

impl Waiting {
    fn new(column: Column) -> Self {
        let cells = match column.kind {
            Kind::Text => Cells::Texts(Vec::new()),
            Kind::Integer | Kind::Money | Kind::Decimal | Kind::Time => Cells::Numbers(Vec::new()),
            Kind::Date => Cells::Days(Vec::new()),
            Kind::Flag => Cells::Flags(Vec::new()),
        };
        Self { column, cells, levels: Vec::new() }
    }

    fn push(&mut self, value: &Value) -> Result<(), AppError> {
        let there = !matches!(value, Value::Null(_));
        self.levels.push(if there { THERE } else { 0 });
        match (&mut self.cells, value) {
            (_, Value::Null(_)) => {}
            (Cells::Texts(list), Value::Text(text)) => list.push(text.as_str().into()),
            (Cells::Flags(list), Value::Flag(yes)) => list.push(*yes),
            (Cells::Days(list), Value::Date(day)) => list.push(since_1970(*day)?),
            (Cells::Numbers(list), value) => list.push(number(&self.column, value)?),
            _ => return Err(unwritten("a value is not of its column's kind")),
        }
        Ok(())
    }

    fn write(&mut self, to: &mut SerializedColumnWriter<'_>) -> Result<(), ParquetError> {
        fn batch<T: DataType>(
            to: &mut SerializedColumnWriter<'_>,
            list: &mut Vec<T::T>,
            levels: &[i16],
        ) -> Result<(), ParquetError> {
            to.typed::<T>().write_batch(list, Some(levels), None)?;
            list.clear();
            Ok(())
        }
        let levels = std::mem::take(&mut self.levels);
        match &mut self.cells {
            Cells::Texts(list) => batch::<ByteArrayType>(to, list, &levels),
            Cells::Flags(list) => batch::<BoolType>(to, list, &levels),
            Cells::Days(list) => batch::<Int32Type>(to, list, &levels),
            Cells::Numbers(list) => batch::<Int64Type>(to, list, &levels),
        }
    }
}

/// A column as Parquet types it.
fn field(column: &Column) -> Result<Type, ParquetError> {
    let scale = i32::try_from(places(column)).unwrap_or(0);
    let (physical, logical) = match column.kind {
        Kind::Text => (Physical::BYTE_ARRAY, Some(LogicalType::String)),
        Kind::Integer => (Physical::INT64, None),
        Kind::Money | Kind::Decimal => (Physical::INT64, Some(LogicalType::decimal(scale, DIGITS))),
        Kind::Date => (Physical::INT32, Some(LogicalType::Date)),
        Kind::Time => (Physical::INT64, Some(LogicalType::timestamp(true, TimeUnit::MICROS))),
        Kind::Flag => (Physical::BOOLEAN, None),
    };
    let plain = Type::primitive_type_builder(column.name, physical)
        .with_repetition(Repetition::OPTIONAL)
        .with_logical_type(logical);
    if matches!(column.kind, Kind::Money | Kind::Decimal) {
        plain.with_precision(DIGITS).with_scale(scale).build()
    } else {
        plain.build()
    }
}

const fn places(column: &Column) -> u32 {
    if matches!(column.kind, Kind::Money) { CENTS } else { column.places }
}

/// A number as eight bytes hold it: cents, ones of the last place, microseconds.
fn number(column: &Column, value: &Value) -> Result<i64, AppError> {
    match value {
        Value::Integer(number) if column.kind == Kind::Decimal => decimal(column, (*number).into()),
        Value::Integer(number) | Value::Money(number) => Ok(*number),
        Value::Decimal(number) => decimal(column, *number),
        Value::Time(time) => Ok(time.utc().timestamp_micros()),
        _ => Err(unwritten("a value is not of its column's kind")),
    }
}

/// In ones of the column's last place. Nothing is rounded: what does not fit is refused.
fn decimal(column: &Column, number: rust_decimal::Decimal) -> Result<i64, AppError> {
    let mut scaled = number.normalize();
    scaled.rescale(places(column).max(scaled.scale()));
    let fits = scaled.scale() == places(column);
    let ones = i64::try_from(scaled.mantissa()).ok().filter(|_| fits);
    ones.filter(|ones| ones.unsigned_abs() < 10u64.pow(DIGITS.unsigned_abs())).ok_or_else(|| {
        let detail =
            "A number of this report has more places than its column in Parquet; ask for csv.";
        AppError::new(Code::NotAcceptable, detail)
    })
}

fn since_1970(day: NaiveDate) -> Result<i32, AppError> {
    i32::try_from((day - NaiveDate::default()).num_days())
        .map_err(|_| unwritten("a date is out of range"))
}

fn unwritten(why: impl std::fmt::Display) -> AppError {
    AppError::internal(format!("a Parquet file cannot be written: {why}"))
}

/// The error of the sink below is the one to tell: whoever reads may have gone.
fn failed(error: ParquetError) -> AppError {
    match error {
        ParquetError::External(cause) => match cause.downcast::<std::io::Error>() {
            Ok(cause) => super::rows_out::unsent(*cause),
            Err(cause) => unwritten(cause),
        },
        other => unwritten(other),
    }
}
