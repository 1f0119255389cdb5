//! `sql`: any reading statement.

use rusqlite::types::{Value as Sql, ValueRef};
use rusqlite::{Statement, params_from_iter};
use serde_json::{Map, Number, Value, json};

use super::{Reading, text};
use crate::server::script::Answer;

/// Rows of an answer at most.
const ROWS: usize = 100_000;
/// Bytes of an answer at most, as they are counted here: what has more is hardly for a script.
const BYTES: u64 = 64 << 20;
/// The words that a statement may begin with.
const BEGINS: &[&str] = &["SELECT", "WITH", "VALUES", "EXPLAIN"];

/// `sql(text, parameters)`: a [`Table`]. Parameters are an array for `?`, or an object for `:name`.
pub fn sql(reading: &Reading<'_>, arguments: &[Value]) -> Result<Answer, String> {
    let text = text(arguments, 0).ok_or("sql() wants a statement as its first argument")?;
    let mut statement = prepare(reading, text)?;
    match arguments.get(1) {
        None | Some(Value::Null) => {}
        Some(Value::Array(values)) => {
            let wanted = statement.parameter_count();
            if values.len() != wanted {
                return Err(format!("the statement has {wanted} parameters, and {} are given", values.len()));
            }
            for (at, value) in values.iter().enumerate() {
                statement.raw_bind_parameter(at + 1, bound(value)?).map_err(wrong)?;
            }
        }
        Some(Value::Object(values)) => {
            for (name, value) in values {
                let at = [':', '@', '$']
                    .iter()
                    .find_map(|sign| statement.parameter_index(&format!("{sign}{name}")).ok().flatten());
                let at = at.ok_or_else(|| format!("the statement has no parameter `:{name}`"))?;
                statement.raw_bind_parameter(at, bound(value)?).map_err(wrong)?;
            }
        }
        Some(_) => return Err("the parameters are an array, or an object of names".to_owned()),
    }
    let names: Vec<String> = statement.column_names().map(str::to_owned).collect();
    Table::of(reading, names, &mut statement.raw_query()).map(Answer::from)
}

/// A statement that can only read.
fn prepare<'a>(reading: &Reading<'a>, text: &str) -> Result<Statement<'a>, String> {
    let first = text.trim_start().split(|letter: char| !letter.is_ascii_alphabetic()).next().unwrap_or_default();
    let statement = reading.query.db().prepare(text).map_err(wrong)?;
    let reads = BEGINS.iter().any(|word| word.eq_ignore_ascii_case(first)) && statement.readonly();
    if reads {
        Ok(statement)
    } else {
        Err("sql() only reads: one statement that begins with SELECT or WITH".to_owned())
    }
}

/// Rows with the names of their columns, which stand once: `{ names, rows }` for a script, which makes objects of it.
pub struct Table {
    names: Vec<String>,
    rows: Vec<Value>,
}

impl Table {
    /// What a statement of ours answers.
    pub fn select(reading: &Reading<'_>, text: &str, values: &[Sql]) -> Result<Table, String> {
        let mut statement = reading.query.db().prepare_cached(text).map_err(wrong)?;
        let names: Vec<String> = statement.column_names().map(str::to_owned).collect();
        let mut rows = statement.query(params_from_iter(values)).map_err(wrong)?;
        Table::of(reading, names, &mut rows)
    }

    fn of(reading: &Reading<'_>, names: Vec<String>, rows: &mut rusqlite::Rows<'_>) -> Result<Table, String> {
        let mut table = Table { names, rows: Vec::new() };
        let mut bytes = 0;
        while let Some(row) = rows.next().map_err(wrong)? {
            let mut values = Vec::with_capacity(table.names.len());
            let mut size = 0;
            for at in 0..table.names.len() {
                let value = row.get_ref(at).map_err(wrong)?;
                size += self::size(value);
                values.push(plain(value));
            }
            bytes += size;
            reading.count(size)?;
            if table.rows.len() == ROWS || bytes > BYTES {
                return Err(format!("the answer has more than {ROWS} rows or {} MiB: ask for less", BYTES >> 20));
            }
            table.rows.push(Value::Array(values));
        }
        Ok(table)
    }

    /// The rows as objects, for a reader that cares about no order of their members.
    pub fn objects(self) -> Vec<Value> {
        let object = |row: Value| {
            let Value::Array(row) = row else { return Value::Null };
            self.names.iter().cloned().zip(row).collect::<Map<_, _>>().into()
        };
        self.rows.into_iter().map(object).collect()
    }
}

impl From<Table> for Answer {
    fn from(table: Table) -> Answer {
        Answer::from(json!({ "names": table.names, "rows": table.rows }))
    }
}

/// The rows that a statement of ours answers, as objects.
pub fn rows(reading: &Reading<'_>, text: &str, values: &[Sql]) -> Result<Vec<Value>, String> {
    Table::select(reading, text, values).map(Table::objects)
}

/// The bytes of a value, as [`super::Data::read`] counts them.
pub fn size(value: ValueRef<'_>) -> u64 {
    match value {
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => bytes.len() as u64,
        _ => 8,
    }
}

/// A value for a script; a blob is not for one.
pub fn plain(value: ValueRef<'_>) -> Value {
    match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(number) => number.into(),
        ValueRef::Real(number) => Number::from_f64(number).map_or(Value::Null, Value::Number),
        ValueRef::Text(text) => String::from_utf8_lossy(text).into(),
        ValueRef::Blob(bytes) => format!("{} bytes", bytes.len()).into(),
    }
}

/// A script's value as a parameter.
pub fn bound(value: &Value) -> Result<Sql, String> {
    match value {
        Value::Null => Ok(Sql::Null),
        Value::Bool(is) => Ok(Sql::Integer((*is).into())),
        // What is a whole number for a script is one here, so that it is equal to what the session has.
        Value::Number(number) => Ok(match (number.as_i64(), number.as_f64()) {
            (Some(whole), _) => Sql::Integer(whole),
            (None, real) => Sql::Real(real.unwrap_or(f64::NAN)),
        }),
        Value::String(text) => Ok(Sql::Text(text.clone())),
        Value::Array(_) | Value::Object(_) => Err("a parameter is a number, a text, true, false or null".to_owned()),
    }
}

/// What SQLite has against it, in a line.
pub fn wrong(error: rusqlite::Error) -> String {
    let message = match error.sqlite_error_code() {
        Some(rusqlite::ErrorCode::OperationInterrupted) => "it was stopped".to_owned(),
        _ => error.to_string(),
    };
    format!("the query: {}", message.replace(['\n', '\r'], " "))
}
