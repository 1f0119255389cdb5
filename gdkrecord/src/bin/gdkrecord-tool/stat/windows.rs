//! Windows: which were busy, how much was repainted, and how much of that nothing had damaged; widget costs.

use std::collections::{BTreeMap, HashMap};

use gdkrecord::field::Rect;
use gdkrecord::kind::Exposure;
use gdkrecord::sets::Exposed;
use gdkrecord::{Body, Event, Text};

use super::busy::share;
use super::report::Section;
use super::{Context, Tally};
use crate::quantity::Quantity;
use crate::select::describe;

#[derive(Debug, Default)]
struct Window {
    events: u64,
    handled: u64,
    exposures: u64,
    repainted: u64,
    /// Repainted where damage was recorded, too, so that the two can be compared.
    compared: u64,
    wasted: u64,
    frame: u32,
    damage: Vec<Rect>,
}

#[derive(Debug, Default)]
struct Cost {
    widgets: u64,
    total: u64,
    max: u64,
}

/// Windows by number, and widget classes.
#[derive(Debug, Default)]
pub struct Windows {
    by_id: BTreeMap<u32, Window>,
    costs: HashMap<(Text, &'static str), Cost>,
}

/// Rectangles of one frame that are kept to compare; a region finer than that is not compared further.
const MOST_RECTS: usize = 4096;

impl Window {
    fn exposed(&mut self, exposure: &Exposure) {
        let rects = &exposure.rects.0;
        let area: u64 = rects.iter().map(|rect| rect.area()).sum();
        if self.frame != exposure.frame {
            self.frame = exposure.frame;
            self.damage.clear();
        }
        if exposure.what == Exposed::Damage {
            let room = MOST_RECTS.saturating_sub(self.damage.len());
            self.damage.extend(rects.iter().take(room));
            return;
        }
        self.exposures += 1;
        self.repainted += area;
        if exposure.what == Exposed::Repaint && !self.damage.is_empty() {
            let needed: u64 = rects.iter().flat_map(|a| self.damage.iter().map(|b| overlap(*a, *b))).sum();
            self.compared += area;
            // Damage told in several records may overlap itself.
            self.wasted += area.saturating_sub(needed);
        }
    }
}

/// Square pixels that both have.
fn overlap(a: Rect, b: Rect) -> u64 {
    let side = |a: i16, a_length: u16, b: i16, b_length: u16| {
        let end = (i64::from(a) + i64::from(a_length)).min(i64::from(b) + i64::from(b_length));
        (end - i64::from(a.max(b))).max(0) as u64
    };
    side(a.x, a.width, b.x, b.width) * side(a.y, a.height, b.y, b.height)
}

impl Tally for Windows {
    fn event(&mut self, event: &Event, context: &Context<'_>) {
        match &event.body {
            Body::Exposure(exposure) => self.by_id.entry(exposure.window).or_default().exposed(exposure),
            Body::WidgetCost(cost) => {
                let ns = cost.duration.ns_or_zero();
                let this = self.costs.entry((cost.class.clone(), cost.work.name())).or_default();
                this.widgets += u64::from(cost.count);
                this.total += ns;
                this.max = this.max.max(ns);
            }
            body if !body.kind().state => {
                let Some(id) = context.number("window", event).filter(|&id| id > 0) else { return };
                let this = self.by_id.entry(id as u32).or_default();
                this.events += 1;
                this.handled += context.duration(event).unwrap_or(0);
            }
            _ => {}
        }
    }

    fn report(&mut self, context: &mut Context<'_>) -> Vec<Section> {
        let mut windows = Section::new("windows", "Busiest windows");
        windows.columns = &["window", "events", "handling", "exposures", "repainted", "not damaged"];
        let mut all: Vec<_> = self.by_id.iter().collect();
        all.sort_by_key(|(id, window)| (std::cmp::Reverse((window.handled, window.repainted)), **id));
        windows.more = all.len().saturating_sub(context.rows);
        // A program may have opened 300,000: only those that are shown are looked up.
        for (id, window) in all.into_iter().take(context.rows) {
            let named = context.info.window(*id).map_or_else(|| id.to_string(), describe);
            windows.rows.push(vec![
                named.into(),
                Quantity::Count(window.events),
                Quantity::Duration(window.handled),
                Quantity::Count(window.exposures),
                Quantity::Area(window.repainted),
                share(window.wasted, window.compared),
            ]);
        }
        let mut repaint = Section::new("repaint", "Repaint");
        let sum = |of: fn(&Window) -> u64| self.by_id.values().map(of).sum::<u64>();
        if sum(|window| window.exposures) > 0 {
            let (compared, wasted) = (sum(|window| window.compared), sum(|window| window.wasted));
            repaint.fact("repainted", Quantity::Area(sum(|window| window.repainted)));
            if compared > 0 {
                repaint.fact("not damaged", Quantity::Area(wasted));
                repaint.fact("not damaged of repainted", share(wasted, compared));
            } else {
                repaint.notes.push("wasted repaint: this toolkit knows one region, what it damages it repaints".into());
            }
        }
        let mut widgets = Section::new("widgets", "Widget costs");
        widgets.columns = &["class", "work", "widgets", "own time", "mean", "max in a frame"];
        let mut costs: Vec<_> = self.costs.iter().collect();
        costs.sort_by(|a, b| b.1.total.cmp(&a.1.total).then_with(|| a.0.cmp(b.0)));
        for ((class, work), cost) in costs {
            widgets.rows.push(vec![
                (&**class).into(),
                (*work).into(),
                Quantity::Count(cost.widgets),
                Quantity::Duration(cost.total),
                Quantity::Duration(cost.total / cost.widgets.max(1)),
                Quantity::Duration(cost.max),
            ]);
        }
        widgets.cut(context.rows);
        vec![windows, repaint, widgets]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gdkrecord::field::Rects;

    #[test]
    fn what_was_repainted_without_damage_is_wasted() {
        let mut window = Window::default();
        let exposure = |what, rects: &[Rect]| Exposure { window: 1, frame: 3, what, rects: Rects(rects.to_vec()) };
        window.exposed(&exposure(Exposed::Damage, &[Rect::new(0, 0, 10, 10), Rect::new(20, 0, 5, 5)]));
        window.exposed(&exposure(Exposed::Repaint, &[Rect::new(5, 5, 10, 10)]));
        assert_eq!((window.repainted, window.compared, window.wasted), (100, 100, 75));
        window.exposed(&Exposure { frame: 4, ..exposure(Exposed::Both, &[Rect::new(0, 0, 2, 2)]) });
        assert_eq!((window.repainted, window.compared, window.wasted), (104, 100, 75));
    }
}
