//! The one table of colours: a role for each group of the kind table, for the phases of a frame, and for damage.
//!
//! A hue is a group: near those of Okabe and Ito (2008), moved until people with any colour blindness tell all of
//! them apart, which a test holds them to; the dark variant lightens them. The phases of a frame are shades of
//! the frames' hue, so bright or dark in their order that no hue is needed to tell them. Meaning never rests on
//! hue alone: damage is outlined, repaint is filled, and what is over budget is taller than the budget line.

use crate::kind::Group;
use crate::sets::Exposed;

/// A colour: red, green, blue and opacity, each 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Color(pub f64, pub f64, pub f64, pub f64);

impl Color {
    /// From `0xRRGGBB`.
    pub const fn hex(rgb: u32) -> Color {
        Color(((rgb >> 16) & 0xff) as f64 / 255.0, ((rgb >> 8) & 0xff) as f64 / 255.0, (rgb & 0xff) as f64 / 255.0, 1.0)
    }

    /// The same colour with this opacity.
    pub const fn alpha(self, alpha: f64) -> Color {
        Color(self.0, self.1, self.2, alpha)
    }

    /// Makes it the context's source.
    pub fn set(self, ctx: &cairo::Context) {
        ctx.set_source_rgba(self.0, self.1, self.2, self.3);
    }

    /// This colour laid over an opaque one.
    pub fn over(self, below: Color) -> Color {
        let mix = |a: f64, b: f64| b + (a - b) * self.3;
        Color(mix(self.0, below.0), mix(self.1, below.1), mix(self.2, below.2), 1.0)
    }

    /// Red, green and blue as bytes.
    pub fn bytes(self) -> [u8; 3] {
        [self.0, self.1, self.2].map(|part| (part.clamp(0.0, 1.0) * 255.0).round() as u8)
    }
}

/// The phases of a frame as drawings tell them, first to last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Flushing of queued events, and what runs before painting.
    Events,
    /// Animations.
    Update,
    /// Sizes and places of widgets.
    Layout,
    /// Snapshot and rendering.
    Paint,
    /// What runs after painting.
    After,
}

impl Phase {
    /// Every phase, in order.
    pub const ALL: [Phase; 5] = [Phase::Events, Phase::Update, Phase::Layout, Phase::Paint, Phase::After];

    /// The name in a legend.
    pub fn name(self) -> &'static str {
        match self {
            Phase::Events => "events",
            Phase::Update => "update",
            Phase::Layout => "layout",
            Phase::Paint => "paint",
            Phase::After => "after paint",
        }
    }
}

/// How many colours [`Palette::category`] has.
pub const CATEGORIES: usize = 7;

/// Every colour of a drawing, light or dark.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Palette {
    /// Behind everything.
    pub background: Color,
    /// Behind a lane, a plot, a window.
    pub panel: Color,
    /// Grid lines and edges.
    pub grid: Color,
    /// Text.
    pub text: Color,
    /// Text that matters less.
    pub dim: Color,
    /// Over budget, and anything that took too long.
    pub slow: Color,
    /// The pointer and its clicks.
    pub pointer: Color,
    /// What had changed, around what was repainted.
    damage: Color,
    /// The opacity at which a hue is still a ground that text is readable on.
    ground: f64,
    hues: Hues,
    phases: [Color; 5],
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Hues {
    blue: Color,
    sky: Color,
    green: Color,
    yellow: Color,
    orange: Color,
    purple: Color,
    brown: Color,
    grey: Color,
}

impl Palette {
    /// For light backgrounds.
    pub const LIGHT: Palette = Palette {
        background: Color::hex(0xffffff),
        panel: Color::hex(0xf4f5f7),
        grid: Color::hex(0xd5d8dd),
        text: Color::hex(0x1d2026),
        dim: Color::hex(0x5f6672),
        slow: Color::hex(0xc23b00),
        pointer: Color::hex(0x101216),
        damage: Color::hex(0x4b2a86),
        ground: 0.6,
        hues: Hues {
            blue: Color::hex(0x0073b5),
            sky: Color::hex(0x3d9bd6),
            green: Color::hex(0x00a071),
            yellow: Color::hex(0xb5b500),
            orange: Color::hex(0xcb7e00),
            purple: Color::hex(0xb25390),
            brown: Color::hex(0x8a6440),
            grey: Color::hex(0x8c959c),
        },
        phases: [
            Color::hex(0x9fdbc4),
            Color::hex(0x63bf9c),
            Color::hex(0x2f9f79),
            Color::hex(0x00744f),
            Color::hex(0x003322),
        ],
    };

    /// For dark backgrounds.
    pub const DARK: Palette = Palette {
        background: Color::hex(0x1b1d21),
        panel: Color::hex(0x26292f),
        grid: Color::hex(0x3d424b),
        text: Color::hex(0xeef0f3),
        dim: Color::hex(0xa3aab5),
        slow: Color::hex(0xff7b45),
        pointer: Color::hex(0xffffff),
        damage: Color::hex(0xe7e4ff),
        ground: 0.4,
        hues: Hues {
            blue: Color::hex(0x5aaaf0),
            sky: Color::hex(0x8fd0f7),
            green: Color::hex(0x2dd2a1),
            yellow: Color::hex(0xf0e04c),
            orange: Color::hex(0xf5b530),
            purple: Color::hex(0xe5a0ca),
            brown: Color::hex(0xc9a27c),
            grey: Color::hex(0x989caa),
        },
        phases: [
            Color::hex(0x1b5a46),
            Color::hex(0x208066),
            Color::hex(0x26a684),
            Color::hex(0x6fdcb8),
            Color::hex(0xd8fbef),
        ],
    };

    /// The dark or the light one.
    pub fn of(dark: bool) -> &'static Palette {
        if dark { &Palette::DARK } else { &Palette::LIGHT }
    }

    /// The colour role of a group of kinds.
    pub fn group(&self, group: Group) -> Color {
        match group {
            Group::Input => self.hues.blue,
            Group::Frame => self.hues.green,
            Group::Loop => self.hues.orange,
            Group::Exposure => self.hues.purple,
            Group::Gdk => self.hues.sky,
            Group::Window => self.hues.yellow,
            Group::Widget => self.hues.brown,
            Group::Process => self.hues.grey,
        }
    }

    /// The colour of a phase of a frame.
    pub fn phase(&self, phase: Phase) -> Color {
        self.phases[phase as usize]
    }

    /// The colour of an exposure: what changed, what was repainted, or both in one.
    pub fn exposed(&self, what: Exposed) -> Color {
        match what {
            Exposed::Damage => self.damage,
            // No toolkit records both forms, so that what was repainted always has its group's colour.
            Exposed::Repaint | Exposed::Both => self.group(Group::Exposure),
        }
    }

    /// The colour of the `n`th of some things that are told apart and have no colour of their own; there are
    /// [`CATEGORIES`] and then the first again.
    pub fn category(&self, n: usize) -> Color {
        let hues = &self.hues;
        [hues.blue, hues.orange, hues.green, hues.purple, hues.sky, hues.brown, hues.yellow][n % CATEGORIES]
    }

    /// A colour as the calm ground of text: `strength` 0 (the background) to 1 (as strong as text stays readable on).
    pub fn tint(&self, color: Color, strength: f64) -> Color {
        color.alpha(self.ground * strength.clamp(0.0, 1.0)).over(self.background)
    }

    /// A measure as a ground of text: `level` 0 (the least) to 1 (the most).
    pub fn level(&self, level: f64) -> Color {
        self.tint(self.hues.blue, 0.08 + 0.92 * level.clamp(0.0, 1.0))
    }

    /// The heat of repeated repaint: `level` 0 (once) to 1 (the most).
    pub fn heat(&self, level: f64) -> Color {
        let level = level.clamp(0.0, 1.0);
        let (cool, hot) = (self.hues.yellow, self.slow);
        hot.alpha(level).over(cool).alpha(0.12 + 0.5 * level)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// WCAG 2.1 relative luminance.
    fn luminance(color: Color) -> f64 {
        let linear = |part: f64| if part <= 0.04045 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) };
        0.2126 * linear(color.0) + 0.7152 * linear(color.1) + 0.0722 * linear(color.2)
    }

    fn contrast(a: Color, b: Color) -> f64 {
        let (a, b) = (luminance(a), luminance(b));
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    /// How people without one sort of cone see it: Viénot, Brettel and Mollon (1999), on linear light.
    fn seen(color: Color, [red, green]: [[f64; 3]; 2]) -> [f64; 3] {
        let linear = |part: f64| if part <= 0.04045 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) };
        let gamma = |part: f64| if part <= 0.0031 { part * 12.92 } else { 1.055 * part.powf(1.0 / 2.4) - 0.055 };
        let light = [color.0, color.1, color.2].map(linear);
        let mixed = |row: [f64; 3]| gamma(row.iter().zip(light).map(|(a, b)| a * b).sum::<f64>().clamp(0.0, 1.0));
        [mixed(red), mixed(green), color.2]
    }

    const EYES: [(&str, [[f64; 3]; 2]); 3] = [
        ("all cones", [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]),
        ("no red cones", [[0.1124, 0.8876, 0.0], [0.1124, 0.8876, 0.0]]),
        ("no green cones", [[0.2928, 0.7072, 0.0], [0.2928, 0.7072, 0.0]]),
    ];

    #[test]
    fn text_is_readable() {
        for palette in [Palette::LIGHT, Palette::DARK] {
            for below in [palette.background, palette.panel] {
                assert!(contrast(palette.text, below) >= 7.0);
                assert!(contrast(palette.dim, below) >= 4.5);
                assert!(contrast(palette.slow, below) >= 4.5, "{}", contrast(palette.slow, below));
            }
        }
    }

    #[test]
    fn text_is_readable_on_every_tint() {
        for palette in [Palette::LIGHT, Palette::DARK] {
            for strength in [0.0, 0.3, 0.6, 1.0] {
                let categories = (0..CATEGORIES).map(|n| palette.tint(palette.category(n), strength));
                for below in categories.chain([palette.level(strength)]) {
                    assert!(contrast(palette.text, below) >= 4.5, "{below:?} {}", contrast(palette.text, below));
                }
            }
            // A measure is told by brightness alone.
            let levels: Vec<f64> = (0..=10).map(|level| luminance(palette.level(f64::from(level) / 10.0))).collect();
            assert!(levels.windows(2).all(|pair| (pair[0] > pair[1]) == (levels[0] > levels[10])), "{levels:?}");
        }
    }

    #[test]
    fn no_two_meanings_look_alike_to_anybody() {
        for palette in [Palette::LIGHT, Palette::DARK] {
            let groups = Group::ALL.iter().map(|&group| (group.name(), palette.group(group)));
            let others = [("slow", palette.slow), ("damage", palette.exposed(Exposed::Damage))];
            let all: Vec<_> = groups.chain(others).collect();
            for (at, (name, color)) in all.iter().enumerate() {
                assert!(contrast(*color, palette.panel) >= 1.8, "{name}");
                for (other, beside) in &all[..at] {
                    for (eyes, matrix) in EYES {
                        let (a, b) = (seen(*color, matrix), seen(*beside, matrix));
                        let apart = a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt();
                        assert!(apart >= 0.14, "{name} and {other} with {eyes}: {apart:.3}");
                    }
                }
            }
        }
    }

    #[test]
    fn phases_are_told_by_their_brightness_alone() {
        for palette in [Palette::LIGHT, Palette::DARK] {
            let shades = std::iter::once(palette.panel).chain(Phase::ALL.map(|phase| palette.phase(phase)));
            let bright: Vec<_> = shades.map(|shade| luminance(shade) + 0.05).collect();
            for pair in bright.windows(2) {
                let ratio = if bright[0] > bright[1] { pair[0] / pair[1] } else { pair[1] / pair[0] };
                assert!(ratio >= 1.35, "{bright:?}");
            }
        }
    }
}
