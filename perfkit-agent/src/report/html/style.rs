//! The page's colours: the roles of [`Palette`] as CSS variables, light and dark.
//!
//! Plots are drawn in the light colours. Rules that name these colours turn them into variables, so that one drawing
//! serves both and still looks right outside of the page.

use std::fmt::Write;

use gdkrecord::draw::palette::{CATEGORIES, Color, Palette, Phase};
use gdkrecord::draw::treemap::{Ground, Look};
use gdkrecord::kind::Group;

/// The rules of the page, without colours.
const RULES: &str = include_str!("style.css");

/// A colour that has a name.
struct Role {
    name: &'static str,
    of: fn(&Palette) -> Color,
}

/// Those of text and planes, then those of what makes frames slow, by the names of [`crate::analysis::rules::RULES`].
const ROLES: &[Role] = &[
    Role { name: "background", of: |palette| palette.background },
    Role { name: "panel", of: |palette| palette.panel },
    Role { name: "grid", of: |palette| palette.grid },
    Role { name: "text", of: |palette| palette.text },
    Role { name: "dim", of: |palette| palette.dim },
    Role { name: "slow", of: |palette| palette.slow },
    Role { name: "calm", of: |palette| palette.dim.alpha(0.45).over(palette.panel) },
    Role { name: "callback", of: |palette| palette.group(Group::Loop) },
    Role { name: "input", of: |palette| palette.group(Group::Input) },
    Role { name: "update", of: |palette| palette.group(Group::Gdk) },
    Role { name: "layout", of: |palette| palette.group(Group::Frame) },
    Role { name: "snapshot", of: |palette| palette.group(Group::Widget) },
    Role { name: "render", of: |palette| palette.group(Group::Exposure) },
    Role { name: "phase", of: |palette| palette.group(Group::Window) },
    Role { name: "another", of: |palette| palette.phase(Phase::Paint) },
    Role { name: "unexplained", of: |palette| palette.group(Group::Process) },
];

/// The name of a rule's colour; that of what is unexplained where it has none.
pub fn role(rule: &str) -> &'static str {
    ROLES.iter().find(|role| role.name == rule).map_or("unexplained", |role| role.name)
}

/// The light colour of a role, for plots.
pub fn light(role: &str) -> Color {
    let found = ROLES.iter().find(|known| known.name == role);
    found.map_or(Palette::LIGHT.text, |role| (role.of)(&Palette::LIGHT))
}

/// The style sheet.
pub fn style() -> String {
    let mut css = String::new();
    let _ = writeln!(css, ":root{{color-scheme:light dark;{}}}", variables(&Palette::LIGHT));
    let _ = writeln!(css, "@media (prefers-color-scheme:dark){{:root{{{}}}}}", variables(&Palette::DARK));
    // Paper is white.
    let _ = writeln!(css, "@media print{{:root{{color-scheme:light;{}}}}}", variables(&Palette::LIGHT));
    for role in ROLES {
        let (name, color) = (role.name, hex((role.of)(&Palette::LIGHT)));
        let _ = write!(
            css,
            ".plot [fill=\"{color}\"]{{fill:var(--{name})}}.plot [stroke=\"{color}\"]{{stroke:var(--{name})}}"
        );
        let _ = writeln!(css, ".c-{name}{{--cause:var(--{name});--ground:var(--on-{name})}}");
    }
    for n in 0..CATEGORIES {
        let _ = writeln!(css, ".k{n}{{fill:var(--leaf{n})}}.h{n}{{fill:var(--head{n})}}");
    }
    css.push_str(RULES);
    css
}

fn variables(palette: &Palette) -> String {
    let mut css = String::new();
    for role in ROLES {
        let color = (role.of)(palette);
        let _ = write!(css, "--{}:{};--on-{}:{};", role.name, hex(color), role.name, hex(palette.tint(color, 0.8)));
    }
    let look = Look::new(palette);
    for n in 0..CATEGORIES {
        let (leaf, head) = (look.ground(n, Ground::Leaf), look.ground(n, Ground::Group));
        let _ = write!(css, "--leaf{n}:{};--head{n}:{};", hex(leaf), hex(head));
    }
    css
}

/// As plotters writes it.
fn hex(color: Color) -> String {
    let [red, green, blue] = color.bytes();
    format!("#{red:02X}{green:02X}{blue:02X}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::rules;

    #[test]
    fn every_rule_has_a_colour_that_nothing_else_has() {
        for rule in rules::RULES {
            assert_eq!(role(rule.name), rule.name);
        }
        let mut colors: Vec<String> = ROLES.iter().map(|role| hex((role.of)(&Palette::LIGHT))).collect();
        let all = colors.len();
        colors.sort();
        colors.dedup();
        assert_eq!(colors.len(), all, "two roles of one light colour cannot turn into two dark ones");
    }
}
