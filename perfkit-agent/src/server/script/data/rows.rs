//! `rows`: the rows of a table or view, chosen, counted, summed, grouped and listed in the database.
//!
//! What a script says becomes one statement: names are looked up among the table's columns and quoted, values are
//! parameters.

use rusqlite::params_from_iter;
use rusqlite::types::{Value as Sql, ValueRef};
use serde_json::{Map, Value, json};

use super::{Reading, numbers, sql};
use crate::server::script::Answer;

/// Values of a list in a condition at most.
const LISTED: usize = 1000;
/// Groups of an answer at most.
const GROUPS: usize = 10_000;
/// What can be asked that is no column of a table: table, name, and what stands for it.
const MADE: &[(&str, &str, &str)] = &[("frames", "total", "(coalesce(wait, 0) + duration)")];
/// How a column is compared, by the words of a condition.
const COMPARISONS: &[(&str, &str)] =
    &[("gt", ">"), ("gte", ">="), ("lt", "<"), ("lte", "<="), ("ne", "IS NOT"), ("is", "IS"), ("like", "LIKE")];

/// Rows that are chosen: `{ table, where: [condition …], order, descending, limit, offset }`.
struct Chosen<'a> {
    reading: &'a Reading<'a>,
    table: String,
    columns: Vec<String>,
    /// Columns that conditions name.
    named: u64,
    conditions: Vec<String>,
    values: Vec<Sql>,
    order: String,
    /// Limit and offset; empty where all are meant.
    part: String,
}

/// `rows(chosen, what, …)`.
pub fn rows(reading: &Reading<'_>, arguments: &[Value]) -> Result<Answer, String> {
    let chosen = Chosen::new(reading, arguments.first().unwrap_or(&Value::Null))?;
    let what = super::text(arguments, 1).unwrap_or_default();
    let field = |at: usize| super::text(arguments, at).ok_or_else(|| format!("{what}() wants the name of a column"));
    match what {
        "count" => Ok(Answer::from(json!(chosen.count()?))),
        "sum" | "mean" | "min" | "max" => chosen.aggregate(what, field(2)?),
        "percentile" => {
            let mut values = chosen.values(field(2)?)?;
            let share = arguments.get(3).and_then(Value::as_f64).ok_or("percentile() wants a number from 0 to 100")?;
            Ok(Answer::from(json!(numbers::percentile(&mut values, share)?)))
        }
        "histogram" => {
            let values = chosen.values(field(2)?)?;
            numbers::histogram(&values, arguments.get(3))
        }
        "groups" => chosen.groups(field(2)?, super::text(arguments, 3)),
        "list" => chosen.list().map(Answer::from),
        "columns" => chosen.columns(arguments.get(2)),
        _ => Err(format!("nothing is known of `{}` of rows", what.escape_debug())),
    }
}

impl<'a> Chosen<'a> {
    fn new(reading: &'a Reading<'a>, said: &Value) -> Result<Chosen<'a>, String> {
        let table = said["table"].as_str().ok_or("a table is named by a text")?.to_owned();
        let columns = reading.query.columns(&table).map_err(|error| error.to_string())?;
        if columns.is_empty() {
            return Err(format!("the session has no table `{}`", table.escape_debug()));
        }
        let mut chosen = Chosen {
            reading,
            table,
            columns,
            named: 0,
            conditions: Vec::new(),
            values: Vec::new(),
            order: String::new(),
            part: String::new(),
        };
        for condition in said["where"].as_array().into_iter().flatten() {
            let condition = condition.as_object().ok_or("a condition is an object of columns and what they are")?;
            condition.iter().try_for_each(|(name, is)| chosen.condition(name, is))?;
        }
        if let Some(order) = said["order"].as_str() {
            let descending = if said["descending"] == true { " DESC" } else { "" };
            chosen.order = format!(" ORDER BY {}{descending}", chosen.column(order)?);
        }
        if let Some(limit) = said["limit"].as_u64() {
            chosen.part = format!(" LIMIT {limit} OFFSET {}", said["offset"].as_u64().unwrap_or(0));
        }
        Ok(chosen)
    }

    /// A column as it stands in a statement.
    fn column(&mut self, name: &str) -> Result<String, String> {
        self.named += 1;
        if let Some((.., made)) = MADE.iter().find(|(table, made, _)| *table == self.table && *made == name) {
            return Ok((*made).to_owned());
        }
        match self.columns.iter().any(|column| column == name) {
            true => Ok(quoted(name)),
            false => {
                let similar = crate::error::similar(name, self.columns.iter().map(String::as_str));
                Err(format!("{} has no column `{}`{similar}", self.table, name.escape_debug()))
            }
        }
    }

    fn condition(&mut self, name: &str, is: &Value) -> Result<(), String> {
        let has = |name: &str| self.columns.iter().any(|column| column == name);
        match name {
            "from" | "to" => {
                let time = self.column("time")?;
                let value = sql::bound(is)?;
                let how = if name == "from" { ">=" } else { "<" };
                return self.compare(&time, how, value);
            }
            // Events are of a kind, and those of input have a name of their own.
            "name" if !has("name") && has("kind") && has("event") => {
                let at = self.conditions.len();
                let [kind, event] = ["kind", "event"]
                    .map(|column| self.condition(column, is).map(|()| self.conditions.split_off(at).join(" AND ")));
                self.conditions.push(format!("({} OR {})", kind?, event?));
                return Ok(());
            }
            _ => {}
        }
        let column = self.column(name)?;
        match is {
            Value::Array(any) if any.len() > LISTED => Err(format!("a list has {LISTED} values at most")),
            Value::Array(any) => {
                let marks = vec!["?"; any.len()].join(", ");
                for value in any {
                    self.values.push(sql::bound(value)?);
                }
                self.conditions.push(format!("{column} IN ({marks})"));
                Ok(())
            }
            Value::Object(comparisons) => comparisons.iter().try_for_each(|(word, value)| {
                let (_, how) = COMPARISONS.iter().find(|(known, _)| known == word).ok_or_else(|| {
                    let known: Vec<&str> = COMPARISONS.iter().map(|(word, _)| *word).collect();
                    format!("`{}` is no comparison; there are {}", word.escape_debug(), known.join(", "))
                })?;
                self.compare(&column, how, sql::bound(value)?)
            }),
            Value::Null => self.compare(&column, "IS", Sql::Null),
            value => self.compare(&column, "=", sql::bound(value)?),
        }
    }

    fn compare(&mut self, column: &str, how: &str, value: Sql) -> Result<(), String> {
        self.values.push(value);
        self.conditions.push(format!("{column} {how} ?"));
        Ok(())
    }

    /// The table with its conditions, as a statement has them.
    fn from(&self) -> String {
        let table = quoted(&self.table);
        match self.conditions.is_empty() {
            true => table,
            false => format!("{table} WHERE {}", self.conditions.join(" AND ")),
        }
    }

    /// A statement that asks for something of these rows.
    fn select(&self, what: &str, after: &str) -> String {
        let Chosen { order, part, .. } = self;
        let from = self.from();
        match part.is_empty() {
            true => format!("SELECT {what} FROM {from}{after}"),
            false => format!("SELECT {what} FROM (SELECT * FROM {from}{order}{part}){after}"),
        }
    }

    /// Goes through the rows of a statement.
    fn each(&self, text: &str, row: impl FnMut(&rusqlite::Row<'_>) -> Result<(), String>) -> Result<(), String> {
        let mut row = row;
        let mut statement = self.reading.query.db().prepare_cached(text).map_err(sql::wrong)?;
        let mut rows = statement.query(params_from_iter(&self.values)).map_err(sql::wrong)?;
        while let Some(found) = rows.next().map_err(sql::wrong)? {
            row(found)?;
        }
        Ok(())
    }

    /// Counts what was read for so many rows and the columns that are named.
    fn read(&self, rows: i64) -> Result<(), String> {
        self.reading.count(rows.unsigned_abs().saturating_mul(8).saturating_mul(self.named.max(1)))
    }

    fn count(&self) -> Result<i64, String> {
        let count = self.number(&self.select("count(*)", ""))?;
        self.read(count)?;
        Ok(count)
    }

    /// The whole number that a statement answers.
    fn number(&self, text: &str) -> Result<i64, String> {
        let mut number = 0;
        self.each(text, |row| {
            number = row.get(0).map_err(sql::wrong)?;
            Ok(())
        })?;
        Ok(number)
    }

    fn aggregate(mut self, what: &str, field: &str) -> Result<Answer, String> {
        let column = self.column(field)?;
        let how = if what == "mean" { "avg" } else { what };
        let mut found = (0, Value::Null);
        self.each(&self.select(&format!("count(*), {how}({column})"), ""), |row| {
            found = (row.get(0).map_err(sql::wrong)?, sql::plain(row.get_ref(1).map_err(sql::wrong)?));
            Ok(())
        })?;
        self.read(found.0)?;
        Ok(Answer::from(found.1))
    }

    /// The numbers of a column; what is none is left out.
    fn values(mut self, field: &str) -> Result<Vec<f64>, String> {
        let column = self.column(field)?;
        let mut values = Vec::new();
        self.each(&self.select(&column, ""), |row| {
            if let Some(number) = number(row.get_ref(0).map_err(sql::wrong)?) {
                values.push(number);
            }
            self.reading.count(8)
        })?;
        Ok(values)
    }

    /// The rows by the values of a column: how many, and what a number of them comes to; the most first.
    fn groups(mut self, field: &str, measure: Option<&str>) -> Result<Answer, String> {
        let column = self.column(field)?;
        let measure = match measure {
            Some(measure) => self.column(measure)?,
            None => "NULL".to_owned(),
        };
        let what = format!("{column}, count(*), sum({measure}), max({measure})");
        let after = format!(" GROUP BY 1 ORDER BY 3 DESC, 2 DESC LIMIT {GROUPS}");
        let mut groups = Vec::new();
        self.each(&self.select(&what, &after), |row| {
            let value = |at: usize| row.get_ref(at).map(sql::plain).map_err(sql::wrong);
            let count: i64 = row.get(1).map_err(sql::wrong)?;
            let mut group = Map::new();
            group.insert("key".to_owned(), value(0)?);
            group.insert("count".to_owned(), count.into());
            if measure != "NULL" {
                let sum = value(2)?;
                group.insert("mean".to_owned(), json!(sum.as_f64().unwrap_or(0.0) / count.max(1) as f64));
                group.insert("sum".to_owned(), sum);
                group.insert("max".to_owned(), value(3)?);
            }
            groups.push(Value::Object(group));
            self.read(count)
        })?;
        Ok(Answer::from(Value::Array(groups)))
    }

    fn list(&self) -> Result<sql::Table, String> {
        let mut names = self.columns.iter().map(|name| quoted(name)).collect::<Vec<_>>();
        let made = MADE.iter().filter(|(table, ..)| *table == self.table);
        names.extend(made.map(|(_, name, made)| format!("{made} AS {name}")));
        let after = if self.part.is_empty() { &*self.order } else { "" };
        if !self.order.is_empty() && !self.part.is_empty() {
            // Who wants the greatest must look at all.
            let rows = self.number(&format!("SELECT count(*) FROM {}", self.from()))?;
            self.reading.count(rows.unsigned_abs().saturating_mul(8 * names.len() as u64))?;
        }
        sql::Table::select(self.reading, &self.select(&names.join(", "), after), &self.values)
    }

    /// Columns: those that have numbers only as numbers, NaN where there is none, the others as lists.
    fn columns(mut self, fields: Option<&Value>) -> Result<Answer, String> {
        let fields: Vec<String> = match fields.and_then(Value::as_array) {
            Some(all) if !all.is_empty() => {
                let name = |one: &Value| one.as_str().map(str::to_owned).ok_or("a column is named by a text");
                all.iter().map(name).collect::<Result<_, _>>()?
            }
            _ => self.columns.clone(),
        };
        let columns = fields.iter().map(|field| self.column(field)).collect::<Result<Vec<_>, _>>()?;
        let after = if self.part.is_empty() { self.order.clone() } else { String::new() };
        let mut all: Vec<Vec<Value>> = vec![Vec::new(); fields.len()];
        self.each(&self.select(&columns.join(", "), &after), |row| {
            let mut bytes = 0;
            for (at, column) in all.iter_mut().enumerate() {
                let value = row.get_ref(at).map_err(sql::wrong)?;
                bytes += sql::size(value);
                column.push(sql::plain(value));
            }
            self.reading.count(bytes)
        })?;
        let (mut lists, mut answer) = (Map::new(), Answer::default());
        for (field, column) in fields.into_iter().zip(all) {
            let place = match column.iter().all(|value| value.is_number() || value.is_null()) {
                true => {
                    answer.columns.push(column.iter().map(|value| value.as_f64().unwrap_or(f64::NAN)).collect());
                    answer.columns.len().into()
                }
                false => Value::Array(column),
            };
            lists.insert(field, place);
        }
        answer.value = Value::Object(lists);
        Ok(answer)
    }
}

fn number(value: ValueRef<'_>) -> Option<f64> {
    match value {
        ValueRef::Integer(number) => Some(number as f64),
        ValueRef::Real(number) => Some(number),
        _ => None,
    }
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
