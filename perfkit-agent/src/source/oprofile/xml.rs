//! `opreport -X`, the schema's version 3: profile, binaries, modules in them, symbols in both, and what they are called
//! in a table at the end.

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event as Xml};
use rustc_hash::FxHashMap;

use super::report::{Event, Function, Place, Report};
use crate::error::{Error, Result};

/// Elements within elements that are followed: the schema has eight.
const DEPTH_MAX: usize = 64;

/// Reads a report. An error says why it is none.
pub fn parse(text: &str) -> Result<Report> {
    let mut reader = Reader::from_str(text);
    let mut parser = Parser::default();
    loop {
        let event = reader.read_event().map_err(|error| refused(&format!("is no XML: {error}")))?;
        match event {
            Xml::Start(start) => {
                if parser.path.len() >= DEPTH_MAX {
                    return Err(refused("has elements too deep within elements"));
                }
                let element = parser.open(&start)?;
                parser.path.push(element);
            }
            Xml::Empty(start) => {
                let element = parser.open(&start)?;
                parser.path.push(element);
                parser.close();
            }
            Xml::Text(text) => parser.text(&text),
            Xml::End(_) => parser.close(),
            Xml::Eof => break,
            _ => {}
        }
    }
    parser.finish()
}

fn refused(why: &str) -> Error {
    Error::Invalid(format!("what opreport wrote {why}"))
}

/// The elements that matter.
#[derive(Debug, PartialEq)]
enum Element {
    /// A binary, or a module in it: its name.
    Module(String),
    /// A symbol with its counts.
    Symbol,
    /// A symbol among the callers or callees of another.
    Relative,
    Callers,
    Callees,
    /// The number of the class that it counts.
    Count(usize),
    Other,
}

#[derive(Debug, Default)]
struct Parser {
    is_profile: bool,
    path: Vec<Element>,
    setups: Vec<(String, Event)>,
    /// The event's place of each class, by the class's name.
    classes: Vec<(String, usize)>,
    symbols: Vec<Symbol>,
    names: FxHashMap<u64, (String, u64)>,
}

#[derive(Debug, Default)]
struct Symbol {
    id: u64,
    module: String,
    samples: Vec<u64>,
    callers: Vec<(u64, String, u64)>,
}

impl Parser {
    fn open(&mut self, start: &BytesStart<'_>) -> Result<Element> {
        let attribute = |name: &str| {
            let found = start.attributes().flatten().find(|attribute| attribute.key.as_ref() == name);
            let value = found.and_then(|found| Some(quick_xml::escape::unescape(&found.value).ok()?.into_owned()));
            value.unwrap_or_default()
        };
        let number = |name: &str| attribute(name).parse::<u64>().ok();
        Ok(match start.name().as_ref() {
            "profile" => {
                let version = attribute("schemaversion");
                if version.split('.').next() != Some("3") {
                    return Err(refused(&format!("is of schema version {version:?}, and 3 is known")));
                }
                self.is_profile = true;
                Element::Other
            }
            "eventsetup" => {
                let event = Event { name: attribute("eventname"), count: number("setupcount").unwrap_or(1) };
                self.setups.push((attribute("id"), event));
                Element::Other
            }
            "timersetup" => {
                self.setups.push((attribute("id"), Event { name: "timer".to_owned(), count: 1 }));
                Element::Other
            }
            "class" => {
                let event = attribute("event");
                let place = self.setups.iter().position(|(id, _)| *id == event).unwrap_or(0);
                self.classes.push((attribute("name"), place));
                Element::Other
            }
            "binary" | "module" => Element::Module(attribute("name")),
            "symbol" => {
                let Some(id) = number("idref") else { return Ok(Element::Other) };
                if self.within(&Element::Callers) || self.within(&Element::Callees) {
                    if self.within(&Element::Callers) {
                        let module = self.module();
                        if let Some(symbol) = self.symbols.last_mut() {
                            symbol.callers.push((id, module, 0));
                        }
                    }
                    Element::Relative
                } else {
                    self.symbols.push(Symbol { id, module: self.module(), ..Symbol::default() });
                    Element::Symbol
                }
            }
            "callers" => Element::Callers,
            "callees" => Element::Callees,
            "count" => {
                let class = attribute("class");
                Element::Count(self.classes.iter().find(|(name, _)| *name == class).map_or(0, |(_, event)| *event))
            }
            "symboldata" => {
                if let Some(id) = number("id") {
                    let address = u64::from_str_radix(&attribute("startingaddr"), 16).unwrap_or(0);
                    self.names.insert(id, (attribute("name"), address));
                }
                Element::Other
            }
            _ => Element::Other,
        })
    }

    fn text(&mut self, text: &str) {
        let [.., owner, Element::Count(event)] = self.path.as_slice() else { return };
        let Ok(count) = text.trim().parse::<u64>() else { return };
        let Some(symbol) = self.symbols.last_mut() else { return };
        match owner {
            Element::Symbol => {
                if symbol.samples.len() <= *event {
                    symbol.samples.resize(event + 1, 0);
                }
                symbol.samples[*event] = symbol.samples[*event].saturating_add(count);
            }
            Element::Relative if self.path.contains(&Element::Callers) => {
                if let Some((_, _, arcs)) = symbol.callers.last_mut() {
                    *arcs = arcs.saturating_add(count);
                }
            }
            // Sums of binaries and modules.
            _ => {}
        }
    }

    fn close(&mut self) {
        self.path.pop();
    }

    fn within(&self, element: &Element) -> bool {
        self.path.contains(element)
    }

    fn module(&self) -> String {
        let modules = self.path.iter().rev().find_map(|element| match element {
            Element::Module(name) => Some(name.clone()),
            _ => None,
        });
        modules.unwrap_or_default()
    }

    fn finish(self) -> Result<Report> {
        if !self.is_profile {
            return Err(refused("is no profile"));
        }
        let place = |id: u64, module: &str| {
            let (function, address) = self.names.get(&id).cloned().unwrap_or_default();
            Place { function, module: module.to_owned(), address }
        };
        let function = |symbol: &Symbol| Function {
            place: place(symbol.id, &symbol.module),
            samples: symbol.samples.clone(),
            callers: symbol.callers.iter().map(|(id, module, count)| (place(*id, module), *count)).collect(),
        };
        let functions = self.symbols.iter().map(function).collect();
        Ok(Report { events: self.setups.into_iter().map(|(_, event)| event).collect(), functions })
    }
}
