//! Hooks into GTK 4's draw contexts: what had changed and what is really repainted.
//!
//! `begin_frame` and `end_frame` are slots of a private class structure. They are found by what they hold: the
//! first two pointers into libgtk's code behind GObjectClass, after at most one number (newer GTK's frame size).
//! Each patched function gets a trampoline of its own, so that chaining up to a patched parent works.
#![allow(unsafe_code)]

use std::cell::Cell;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::{Api, Handle};
use crate::ffi::memory;
use crate::gtk4;

/// sizeof (GObjectClass), in words.
const OBJECT_CLASS: usize = 17;
const MOST: usize = 12;

type Frame = unsafe extern "C-unwind" fn(usize, usize, usize, usize, usize, usize) -> usize;

static BEGIN: [AtomicUsize; MOST] = [const { AtomicUsize::new(0) }; MOST];
static END: [AtomicUsize; MOST] = [const { AtomicUsize::new(0) }; MOST];
/// Which argument of begin_frame is the damage, from 0; 0 where it is not known.
static DAMAGE: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    /// Inside an outer begin_frame or end_frame: a chain-up is not told again.
    static INSIDE: Cell<bool> = const { Cell::new(false) };
}

/// All six argument registers are handed through, whatever this GTK's signature uses of them.
unsafe extern "C-unwind" fn begin<const N: usize>(a: usize, b: usize, c: usize, d: usize, e: usize, f: usize) -> usize {
    let outer = !INSIDE.replace(true);
    if outer && let Some(context) = Handle::new(a as _) {
        let region = [0, b, c][DAMAGE.load(Ordering::Relaxed).min(2)];
        gtk4::frame_began(context, Region(region));
    }
    // SAFETY: slot N was filled with the original before the class was changed to call us.
    let original = unsafe { std::mem::transmute::<usize, Frame>(BEGIN[N].load(Ordering::Acquire)) };
    // SAFETY: called as GDK called us.
    let result = unsafe { original(a, b, c, d, e, f) };
    INSIDE.set(!outer);
    result
}

unsafe extern "C-unwind" fn end<const N: usize>(a: usize, b: usize, c: usize, d: usize, e: usize, f: usize) -> usize {
    let outer = !INSIDE.replace(true);
    if outer && let (Some(api), Some(context)) = (gtk4::api(), Handle::new(a as _)) {
        // SAFETY: a live draw context inside a frame; the region lives until the frame ends.
        let region = unsafe { (api.gdk_draw_context_get_frame_region)(context.ptr()) };
        gtk4::frame_ends(context, Region(region as usize));
    }
    // SAFETY: slot N was filled with the original before the class was changed to call us.
    let original = unsafe { std::mem::transmute::<usize, Frame>(END[N].load(Ordering::Acquire)) };
    // SAFETY: called as GDK called us.
    let result = unsafe { original(a, b, c, d, e, f) };
    INSIDE.set(!outer);
    result
}

macro_rules! table {
    ($function:ident) => {
        [
            $function::<0>,
            $function::<1>,
            $function::<2>,
            $function::<3>,
            $function::<4>,
            $function::<5>,
            $function::<6>,
            $function::<7>,
            $function::<8>,
            $function::<9>,
            $function::<10>,
            $function::<11>,
        ]
    };
}

static BEGINS: [Frame; MOST] = table!(begin);
static ENDS: [Frame; MOST] = table!(end);

/// A region inside the hook that brought it; possibly NULL.
#[derive(Clone, Copy)]
pub struct Region(usize);

impl Region {
    /// Its rectangles are appended.
    pub fn rectangles(self, api: &Api, out: &mut Vec<gdkrecord::Rect>) {
        // SAFETY: NULL or the region of the hook that is running.
        unsafe { api.rectangles(self.0 as _, out) };
    }
}

/// What came of looking for the slots.
#[derive(Default)]
pub struct Patched {
    /// Classes that are hooked now.
    pub classes: usize,
    /// A class whose slots do not look as expected.
    pub strange: Option<usize>,
}

impl Api {
    /// The surface of a draw context.
    pub fn context_surface(&self, context: Handle) -> Option<Handle> {
        // SAFETY: a live draw context in a hook.
        unsafe { Handle::new((self.gdk_draw_context_get_surface)(context.ptr())) }
    }

    /// Hooks every initialised class of draw contexts that is not hooked yet.
    pub fn hook_contexts(&self) -> Patched {
        DAMAGE.store(damage_argument(self.minor()), Ordering::Relaxed);
        let mut patched = Patched::default();
        let libgtk = library(self.gdk_draw_context_get_type as *const () as usize);
        // SAFETY: takes nothing.
        let base = unsafe { (self.gdk_draw_context_get_type)() };
        self.each_class(base, &mut |gtype, class| {
            // SAFETY: the class structure of a draw context has at least four words behind GObjectClass.
            let words = unsafe { std::slice::from_raw_parts_mut(class.add(OBJECT_CLASS), 4) };
            let is_code = |word: usize| word > 1 << 16 && library(word) == libgtk;
            let first = usize::from(!is_code(words[0]) && words[0] != 0 && words[0] < 1 << 16);
            let (begins, ends) = (words[first], words[first + 1]);
            if begins == 0 && ends == 0 {
                // An abstract class.
                return;
            }
            if BEGINS.iter().any(|ours| *ours as usize == begins) {
                patched.classes += 1;
                return;
            }
            let slots = (is_code(begins) && is_code(ends)).then(|| (slot(&BEGIN, begins), slot(&END, ends)));
            let Some((Some(begin), Some(end))) = slots else {
                patched.strange = Some(gtype);
                return;
            };
            (words[first], words[first + 1]) = (BEGINS[begin] as usize, ENDS[end] as usize);
            patched.classes += 1;
        });
        patched
    }
}

/// The trampoline for an original: its own, once it has one.
fn slot(table: &[AtomicUsize], original: usize) -> Option<usize> {
    let free = |slot: &AtomicUsize| {
        slot.compare_exchange(0, original, Ordering::AcqRel, Ordering::Acquire).is_ok()
            || slot.load(Ordering::Acquire) == original
    };
    table.iter().position(free)
}

/// Which argument of begin_frame is the damage; only versions whose source says so.
fn damage_argument(minor: u32) -> usize {
    match minor {
        6..=12 => 2,
        _ => 0,
    }
}

/// Whether the damage can be read, for the hook's note.
pub fn damage_known() -> bool {
    DAMAGE.load(Ordering::Relaxed) != 0
}

fn library(address: usize) -> usize {
    memory::name_of(address).map_or(0, |(_, base, _)| base)
}
