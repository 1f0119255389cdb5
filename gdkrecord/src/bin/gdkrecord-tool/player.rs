//! Plays the exposures of a recording in a window of its own.

use std::sync::Arc;
use std::sync::mpsc::{self, Sender};
use std::time::{Duration, Instant};

use gdkrecord::Recording;
use gdkrecord::draw::Palette;
use gdkrecord::draw::exposures::movie::Canvas;
use gdkrecord::draw::exposures::{Plan, View};
use minifb::{InputCallback, Key, Window, WindowOptions};

use crate::exposures::Playback;
use crate::failure::{Failure, Result};

/// The largest window, in pixels: fits on a laptop's screen.
const SIZE: (u32, u32) = (1200, 860);
/// An arrow key's step, in shown nanoseconds at normal speed.
const STEP: f64 = 100e6;
/// Slowest and fastest.
const SPEEDS: (f64, f64) = (1.0 / 64.0, 64.0);

/// Whether there is a display; otherwise says what to do without one.
pub fn check_display() -> Result<()> {
    let there = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    match there("WAYLAND_DISPLAY") || there("DISPLAY") {
        true => Ok(()),
        false => Err(no_display("neither WAYLAND_DISPLAY nor DISPLAY is set")),
    }
}

fn no_display(why: &str) -> Failure {
    Failure::Other(format!("no display to play on ({why}): give -o NAME.gif, NAME.webm or NAME.png"))
}

/// Hands on every key that is pressed: asking which keys are down misses those released between two pictures.
struct Presses(Sender<Key>);

impl InputCallback for Presses {
    fn add_char(&mut self, _: u32) {}

    fn set_key_state(&mut self, key: Key, down: bool) {
        if down {
            // Nobody listens any more once the window closes.
            let _ = self.0.send(key);
        }
    }
}

/// Plays until the window is closed: Space pauses, arrows step, + and - change the speed, Home begins anew.
pub fn play(recording: &Recording, plan: Plan, palette: &Palette, speed: f64) -> Result<()> {
    let view = View::fit(&plan, SIZE.0, SIZE.1);
    let (width, height) = (view.width as usize, view.height as usize);
    let name = recording.path().file_name().unwrap_or_default().to_string_lossy().into_owned();
    let mut window =
        Window::new(&name, width, height, WindowOptions::default()).map_err(|error| no_display(&error.to_string()))?;
    window.set_target_fps(60);
    let (sender, presses) = mpsc::channel();
    window.set_input_callback(Box::new(Presses(sender)));
    let mut speed = speed;
    let mut play = Playback::new(recording, Arc::new(plan), speed);
    let mut canvas = Canvas::new(view)?;
    let (mut shown, mut paused) = (0.0, false);
    let mut last = Instant::now();
    let mut titled = None;
    while window.is_open() {
        let passed = std::mem::replace(&mut last, Instant::now()).elapsed().min(Duration::from_millis(250));
        if !paused {
            shown += passed.as_nanos() as f64 * speed;
        }
        for key in presses.try_iter() {
            match key {
                Key::Escape | Key::Q => return Ok(()),
                Key::Space => {
                    paused = !paused;
                    // At the end there is nothing to go on with.
                    shown = if shown >= play.length() as f64 { 0.0 } else { shown };
                }
                Key::Left => (shown, paused) = (shown - STEP * speed, true),
                Key::Right => (shown, paused) = (shown + STEP * speed, true),
                Key::Home => shown = 0.0,
                Key::Equal | Key::NumPadPlus | Key::Up => speed = (speed * 2.0).min(SPEEDS.1),
                Key::Minus | Key::NumPadMinus | Key::Down => speed = (speed / 2.0).max(SPEEDS.0),
                _ => {}
            }
            play.set_speed(speed);
        }
        let end = play.length() as f64;
        if shown >= end {
            (shown, paused) = (end, true);
        }
        shown = shown.max(0.0);
        play.show(shown as u64);
        if titled != Some((speed, paused)) {
            titled = Some((speed, paused));
            let state = if paused { "paused, " } else { "" };
            window.set_title(&format!("{name} ({state}{speed}× · Space, ← →, + −, Esc)"));
        }
        let pixels: Vec<u32> = canvas
            .draw(palette, &play.stage)?
            .chunks_exact(4)
            .map(|pixel| u32::from_le_bytes([pixel[0], pixel[1], pixel[2], 0]))
            .collect();
        window.update_with_buffer(&pixels, width, height).map_err(|error| no_display(&error.to_string()))?;
    }
    Ok(())
}
