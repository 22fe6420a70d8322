//! Utilization as a table: the same lines in each form.

use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::Field;
use serde_json::Value;

use crate::app::TestApp;

fn joined(list: &Value) -> String {
    let names: Vec<&str> = list.as_array().unwrap().iter().map(|m| m.as_str().unwrap()).collect();
    names.join(";")
}

/// The CSV says what the JSON says, line by line.
pub fn same_table(report: &Value, csv: &str) {
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    let columns: Vec<String> = reader.headers().unwrap().iter().map(str::to_owned).collect();
    let of = |level: &str, row: &Value| -> Vec<String> {
        columns
            .iter()
            .map(|column| {
                let value = match column.as_str() {
                    "level" => return level.to_owned(),
                    "ties" => &report["ties"]["ties"],
                    "basis" | "as_of" | "complete" | "notice" => &report[column.as_str()],
                    "left_out_without_consent" | "why" => &Value::Null,
                    "partial_months" => return joined(&report["partial_months"]),
                    _ => &row[column.as_str()],
                };
                value.as_str().map_or_else(|| value.to_string().replace("null", ""), str::to_owned)
            })
            .collect()
    };
    let rows = report["rows"].as_array().unwrap().iter().map(|r| of("row", r));
    let subtotals = report["subtotals"].as_array().unwrap().iter().map(|r| of("subtotal", r));
    let wanted: Vec<Vec<String>> =
        rows.chain(subtotals).chain([of("total", &report["totals"])]).collect();
    let seen: Vec<Vec<String>> =
        reader.records().map(|r| r.unwrap().iter().map(str::to_owned).collect()).collect();
    assert_eq!(seen, wanted);
}

/// Parquet has the lines of the CSV with their types.
pub async fn same_file(app: &TestApp, path: &str, key: &str, csv: &str) {
    let path = format!("{path}&format=parquet");
    let answer = app.request(reqwest::Method::GET, &path, key).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()["content-type"], "application/vnd.apache.parquet");
    let name = answer.headers()["content-disposition"].to_str().unwrap().to_owned();
    assert!(name.ends_with("utilization.parquet\""), "{name}");
    let file = SerializedFileReader::new(answer.bytes().await.unwrap()).unwrap();
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    let columns: Vec<String> = reader.headers().unwrap().iter().map(str::to_owned).collect();
    let lines: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    let rows: Vec<_> = file.get_row_iter(None).unwrap().map(Result::unwrap).collect();
    assert_eq!(rows.len(), lines.len());
    for (row, line) in rows.iter().zip(&lines) {
        for (((name, field), column), text) in row.get_column_iter().zip(&columns).zip(line) {
            assert_eq!(name, column);
            match field {
                Field::Null => assert_eq!(text, "", "{column}"),
                Field::Str(told) => assert_eq!(told, text, "{column}"),
                Field::Long(told) => assert_eq!(told.to_string(), text, "{column}"),
                // The time up to which all is known moves on.
                Field::TimestampMicros(_) => assert_eq!(column, "as_of"),
                Field::Bool(told) => assert_eq!(told.to_string(), text, "{column}"),
                Field::Decimal(_) => {
                    let number = |text: &str| text.parse::<rust_decimal::Decimal>().unwrap();
                    assert_eq!(number(&field.to_string()), number(text), "{column}");
                }
                other => panic!("{column}: {other:?}"),
            }
        }
    }
    let said = file.metadata().file_metadata().key_value_metadata().unwrap();
    let said = |name: &str| said.iter().find(|e| e.key == name).and_then(|e| e.value.clone());
    assert_eq!(said("report").as_deref(), Some("utilization"));
    assert_eq!(said("ties").as_deref(), Some("true"));
    let payer = said("edition").as_deref() == Some("payer");
    assert_eq!(said("notice").is_some(), payer, "42 CFR part 2");
}
