//! Which operation a request is for: by its path, then by its method.

use http::{HeaderValue, Method, StatusCode, Uri, header};

use super::module::Operation;
use super::problem::Problem;
use super::request::Params;

/// Finds operations.
#[derive(Default)]
pub struct Router {
    paths: matchit::Router<usize>,
    /// What lies at each path: the module's number, and the operation.
    places: Vec<Vec<(usize, &'static Operation)>>,
}

/// What a request is for.
pub struct Found {
    pub module: usize,
    pub operation: &'static Operation,
    pub params: Params,
}

/// What there is no operation for.
pub enum Lost {
    /// Nothing lies there.
    Path,
    /// Something does, but for other methods: these.
    Method(String),
}

impl Router {
    /// Adds an operation of a module; says what is wrong with its path where something is.
    pub fn add(&mut self, module: usize, operation: &'static Operation) -> Result<(), String> {
        let place = match self.paths.at(operation.path) {
            // A path that has variable parts finds itself, and others that vary in the same places.
            Ok(found) if self.places[*found.value].iter().any(|(_, known)| known.path == operation.path) => {
                *found.value
            }
            _ => {
                self.places.push(Vec::new());
                let place = self.places.len() - 1;
                let added = self.paths.insert(operation.path, place);
                added.map_err(|error| format!("{}: {error}", operation.path))?;
                place
            }
        };
        if self.places[place].iter().any(|(_, known)| known.method == operation.method) {
            return Err(format!("{} {} is served twice", operation.method, operation.path));
        }
        self.places[place].push((module, operation));
        Ok(())
    }

    /// Finds the operation. A HEAD is a GET whose body is not sent.
    pub fn find(&self, method: &Method, uri: &Uri) -> Result<Found, Lost> {
        let found = self.paths.at(uri.path()).map_err(|_| Lost::Path)?;
        let wanted = if method == Method::HEAD { "GET" } else { method.as_str() };
        let there = &self.places[*found.value];
        let Some((module, operation)) = there.iter().find(|(_, operation)| operation.method == wanted) else {
            let methods: Vec<&str> = there.iter().map(|(_, operation)| operation.method).collect();
            return Err(Lost::Method(methods.join(", ")));
        };
        let mut params = Params::default();
        for (name, raw) in found.params.iter() {
            let text = percent_encoding::percent_decode_str(raw).decode_utf8().map_err(|_| Lost::Path)?;
            // Names come from the operation's own path, which lives as long as the program.
            let Some(at) = operation.path.find(name) else { continue };
            params.0.push((&operation.path[at..at + name.len()], text.into_owned()));
        }
        Ok(Found { module: *module, operation, params })
    }
}

impl Lost {
    /// As a reply.
    pub fn into_reply(self, uri: &Uri) -> super::body::Reply {
        match self {
            Lost::Path => Problem::missing(format!("there is nothing at {}", uri.path())).into_reply(),
            Lost::Method(allowed) => {
                let text = format!("{} is for {allowed}", uri.path());
                let mut reply = Problem::new(StatusCode::METHOD_NOT_ALLOWED, text).into_reply();
                if let Ok(allowed) = HeaderValue::from_str(&allowed) {
                    reply.headers_mut().insert(header::ALLOW, allowed);
                }
                reply
            }
        }
    }
}
