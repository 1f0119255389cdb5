//! A module with a pool and a stream: primes without end, by one of a few sieves that are lent in turn, and not held while
//! lines wait for whoever reads them. `curl http://ADDRESS/primes`

use std::time::Duration;

use perfkit_agent::server::*;
use serde_json::json;

/// The primes that are known so far.
pub struct Sieve(Vec<u64>);

impl Resource for Sieve {
    const NAME: &'static str = "sieves";
    type Key = ();

    fn make(_: &()) -> Result<Sieve, Problem> {
        Ok(Sieve(vec![2]))
    }
}

/// Serves primes.
pub struct Primes;

/// The primes from the one of this number on, a thousand of them.
fn find(known: &mut Vec<u64>, first: usize) -> String {
    while known.len() < first + 1000 {
        let is_prime = |n: &u64| known.iter().take_while(|p| *p * *p <= *n).all(|p| !n.is_multiple_of(*p));
        known.extend((known[known.len() - 1] + 1..).find(is_prime));
    }
    known[first..first + 1000].iter().map(|prime| format!("{prime}\n")).collect()
}

impl Module for Primes {
    fn name(&self) -> &'static str {
        "primes"
    }

    fn operations(&self) -> &'static [Operation] {
        &[Operation {
            name: "primes",
            method: "GET",
            path: "/primes",
            scope: Scope::Read,
            summary: "Primes, a line each, as long as somebody reads them",
            describe: || json!({"responses": {}}),
        }]
    }

    async fn handle(&self, _: Request, context: Context) -> Outcome {
        Ok(context.stream("text/plain", 4, async |lines, context| {
            for first in (0..).step_by(1000).take_while(|_| !context.ending().is_cancelled()) {
                let turn = context.later(Duration::from_secs(10));
                let found = turn.with::<Sieve, _>(&(), move |Sieve(known)| Ok(find(known, first))).await;
                let Ok(found) = found else { return };
                let Ok(()) = lines.send(found).await else { return };
            }
        }))
    }
}
