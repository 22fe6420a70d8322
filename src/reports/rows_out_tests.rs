//! The same rows in each form, read back; and what tells a whole file from a broken one.

use actix_web::web::Bytes;
use parquet::basic::{LogicalType, TimeUnit};
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::Field;
use serde_json::json;

use super::*;
use crate::domain::dates::{Instant, parse_date};

const COLUMNS: &[Column] = &[
    Column::key("who", "a text"),
    Column::date("day", "a date"),
    Column::time("at", "a moment"),
    Column::flag("done", "yes or no"),
    Column::sum("units", "units", "a count"),
    Column::money("charge", "money"),
    Column::rate("share", "", "a share"),
    Column::rate("hours", "hours", "hours").places(2),
];
const TAIL: Tail = &[Column::time("as_of", "when"), Column::flag("ties", "whether it does")];

fn share(text: &str) -> Value {
    Value::Decimal(text.parse().unwrap())
}

fn rows() -> Vec<Vec<Value>> {
    let at = Instant::parse("2026-09-10T16:00:00.000001Z").unwrap();
    vec![
        vec![
            Value::text("=1+1, \"x\"|y\r\nz"),
            Value::Date(parse_date("1969-12-31").unwrap()),
            Value::Time(at),
            Value::Flag(true),
            Value::Integer(-4),
            Value::Money(-1_250),
            share("0.5000"),
            share("12.50"),
        ],
        vec![Value::Null("why"); COLUMNS.len()],
        vec![
            Value::text("Zoë"),
            Value::Date(parse_date("2199-12-31").unwrap()),
            Value::Time(at),
            Value::Flag(false),
            Value::Integer(i64::MAX),
            Value::Money(99_999_999_999),
            share("1"),
            share("0"),
        ],
    ]
}

fn written(format: Format, rows: &[Vec<Value>]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let before = vec![("report", json!("lines")), ("as_of", json!("2026-09-10T16:00:00Z"))];
    let mut out = begin(format, &mut bytes, COLUMNS, before, TAIL).unwrap();
    for row in rows {
        out.row(row).unwrap();
    }
    let totals = vec![Value::Null("of_one_only"); COLUMNS.len()];
    let after =
        vec![("lines", json!(rows.len())), ("ties", json!({"ties": true, "chain": "a = b"}))];
    out.end(&totals, &after).unwrap();
    bytes
}

#[test]
fn text_has_a_line_for_each_row_and_one_at_its_end() {
    let csv = String::from_utf8(written(Format::Csv, &rows())).unwrap();
    let lines: Vec<&str> = csv.split("\r\n").collect();
    assert_eq!(lines[0], "level,who,day,at,done,units,charge,share,hours,as_of,ties");
    assert_eq!(lines[1], "row,\"'=1+1, \"\"x\"\"|y");
    assert_eq!(
        lines[2],
        "z\",1969-12-31,2026-09-10T16:00:00.000001Z,true,-4,-12.50,0.5000,12.50,,"
    );
    assert_eq!(lines[3], "row,,,,,,,,,,");
    assert_eq!(lines[5], "total,,,,,,,,,2026-09-10T16:00:00Z,true");
    let pipe = String::from_utf8(written(Format::Pipe, &rows())).unwrap();
    let lines: Vec<&str> = pipe.split("\r\n").collect();
    assert_eq!(lines.len(), 6);
    assert!(lines[1].starts_with("row|=1+1, \"x\" y  z|1969-12-31|"), "{}", lines[1]);
    assert!(lines.iter().take(5).all(|line| line.matches('|').count() == 10), "{pipe}");
}

#[test]
fn what_cannot_be_told_is_empty_and_a_list_is_joined() {
    const TAIL: Tail = &[
        Column::flag("ties", "whether it does"),
        Column::flag("left_out", "whether any were"),
        Column::words("months", "a list"),
    ];
    let whole = |format| {
        let mut bytes = Vec::new();
        let before = vec![("months", json!(["2026-06", "2026-08"]))];
        let out = begin(format, &mut bytes, COLUMNS, before, TAIL).unwrap();
        let totals = vec![Value::Null("of_one_only"); COLUMNS.len()];
        let ties = json!({"ties": null, "chain": "a = b", "checks": []});
        out.end(&totals, &vec![("left_out", json!(true)), ("ties", ties)]).unwrap();
        bytes
    };
    let csv = String::from_utf8(whole(Format::Csv)).unwrap();
    assert!(csv.ends_with(",,true,2026-06;2026-08\r\n"), "{csv}");
    let pipe = String::from_utf8(whole(Format::Pipe)).unwrap();
    assert!(pipe.ends_with("||true|2026-06;2026-08\r\n"), "{pipe}");
    let file = SerializedFileReader::new(Bytes::from(whole(Format::Parquet))).unwrap();
    let said = file.metadata().file_metadata().key_value_metadata().unwrap().clone();
    assert!(said.iter().all(|entry| entry.key != "ties"), "{said:?}");
    assert!(said.iter().any(|entry| entry.key == "left_out"), "{said:?}");
}

#[test]
fn json_is_one_document() {
    for count in 0..=3 {
        let bytes = written(Format::Json, &rows()[..count]);
        let read: Json = serde_json::from_slice(&bytes).unwrap();
        assert_eq!(read["rows"].as_array().unwrap().len(), count);
        assert_eq!((&read["report"], &read["lines"]), (&json!("lines"), &json!(count)));
        assert_eq!(read["ties"]["ties"], true);
        for cut in 0..bytes.len() {
            assert!(serde_json::from_slice::<Json>(&bytes[..cut]).is_err());
        }
    }
    let read: Json = serde_json::from_slice(&written(Format::Json, &rows())).unwrap();
    assert_eq!(read["rows"][0]["charge"], "-12.50");
    assert_eq!(read["rows"][0]["done"], true);
    assert!(read["rows"][1]["day"].is_null());
}

#[test]
fn parquet_is_typed_nullable_and_the_same_each_time() {
    let bytes = written(Format::Parquet, &rows());
    assert_eq!(bytes, written(Format::Parquet, &rows()));
    let file = SerializedFileReader::new(Bytes::from(bytes.clone())).unwrap();
    let schema = file.metadata().file_metadata().schema_descr_ptr();
    let kinds: Vec<Option<LogicalType>> =
        schema.columns().iter().map(|c| c.logical_type_ref().cloned()).collect();
    assert_eq!(
        kinds,
        [
            Some(LogicalType::String),
            Some(LogicalType::Date),
            Some(LogicalType::timestamp(true, TimeUnit::MICROS)),
            None,
            None,
            Some(LogicalType::decimal(2, 18)),
            Some(LogicalType::decimal(4, 18)),
            Some(LogicalType::decimal(2, 18)),
        ]
    );
    assert!(schema.columns().iter().all(|c| c.self_type().is_optional()));
    let read: Vec<Vec<Field>> = file
        .get_row_iter(None)
        .unwrap()
        .map(|row| row.unwrap().get_column_iter().map(|(_, field)| field.clone()).collect())
        .collect();
    assert_eq!(read.len(), 3);
    assert_eq!(read[0][0], Field::Str("=1+1, \"x\"|y\r\nz".to_owned()), "as it is");
    assert_eq!(read[0][1], Field::Date(-1));
    assert_eq!(read[0][2], Field::TimestampMicros(1_789_056_000_000_001));
    assert_eq!((&read[0][3], &read[0][4]), (&Field::Bool(true), &Field::Long(-4)));
    assert!(read[1].iter().all(|field| *field == Field::Null));
    let decimals: Vec<String> = read[0][5..].iter().map(ToString::to_string).collect();
    assert_eq!(decimals, ["-12.50", "0.5000", "12.50"]);
    assert_eq!(read[2][6].to_string(), "1.0000", "with the places of its column");
    let said = file.metadata().file_metadata().key_value_metadata().unwrap();
    let said = |name: &str| said.iter().find(|e| e.key == name).and_then(|e| e.value.clone());
    assert_eq!(said("report").as_deref(), Some("lines"));
    assert_eq!((said("lines").as_deref(), said("ties").as_deref()), (Some("3"), Some("true")));
    assert!(said("totals").unwrap().contains("\"units\":null"));
    for cut in 0..bytes.len() {
        let broken = Bytes::copy_from_slice(&bytes[..cut]);
        assert!(SerializedFileReader::new(broken).is_err(), "{cut}");
    }
}

#[test]
fn parquet_takes_more_rows_than_one_group_holds() {
    let rows: Vec<Vec<Value>> = (0..25_001)
        .map(|n| {
            let mut row = vec![Value::Null("why"); COLUMNS.len()];
            row[4] = Value::Integer(n);
            row
        })
        .collect();
    let file = SerializedFileReader::new(Bytes::from(written(Format::Parquet, &rows))).unwrap();
    assert_eq!(file.num_row_groups(), 3);
    let read =
        file.get_row_iter(None).unwrap().map(|row| match row.unwrap().get_column_iter().nth(4) {
            Some((_, Field::Long(number))) => *number,
            other => panic!("{other:?}"),
        });
    assert!(read.eq(0..25_001));
}

#[test]
fn a_number_that_does_not_fit_is_refused_and_never_rounded() {
    for wrong in ["0.00001", "100000000000000"] {
        let mut out = begin(Format::Parquet, Vec::new(), COLUMNS, Vec::new(), TAIL).unwrap();
        let mut row = vec![Value::Null("why"); COLUMNS.len()];
        row[6] = share(wrong);
        assert_eq!(out.row(&row).unwrap_err().code, Code::NotAcceptable, "{wrong}");
    }
}

#[test]
fn a_sink_that_takes_no_more_ends_it() {
    #[derive(Clone, Copy)]
    struct Full;
    impl Write for Full {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::StorageFull.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    for format in [Format::Csv, Format::Pipe, Format::Json, Format::Parquet, Format::Xlsx] {
        let run = || -> Result<(), AppError> {
            let mut out = begin(format, Full, COLUMNS, Vec::new(), TAIL)?;
            for row in rows() {
                out.row(&row)?;
            }
            out.end(&vec![Value::Null("of_one_only"); COLUMNS.len()], &Vec::new())
        };
        assert!(run().is_err(), "{format}");
    }
    for format in [Format::Svg, Format::Dictionary] {
        let told = begin(format, Vec::new(), COLUMNS, Vec::new(), TAIL);
        assert_eq!(told.err().map(|e| e.code), Some(Code::InvalidParameter));
    }
}
