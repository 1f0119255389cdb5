//! Hooks into GTK 4's draw contexts: what had changed and what is really repainted.
//!
//! `begin_frame` and `end_frame` are the first two slots of a private class structure, behind GObjectClass. Up to
//! GTK 4.16 GDK tells a frame's region by a public function: when the frame begins it is what had changed, when it
//! ends what was painted. From 4.17 to 4.20 that function gives nothing, but the region, now in device pixels, is
//! an argument of both slots, in different places: it is the one that both are given. Later GTK has other slots,
//! and is left alone. Each patched function gets a trampoline of its own, so that chaining up to a patched parent
//! works.
#![allow(unsafe_code)]

use std::cell::Cell;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};

use super::{Api, Handle};
use crate::ffi::names;
use crate::gtk4;

/// sizeof (GObjectClass), in words.
const OBJECT_CLASS: usize = 17;
const MOST: usize = 12;

/// The last minor version whose slots are known, and the first that gives both slots the region.
const NEWEST: u32 = 20;
const REGION_GIVEN: u32 = 17;

type Frame = unsafe extern "C-unwind" fn(usize, usize, usize, usize, usize, usize) -> usize;

static BEGIN: [AtomicUsize; MOST] = [const { AtomicUsize::new(0) }; MOST];
static END: [AtomicUsize; MOST] = [const { AtomicUsize::new(0) }; MOST];
static MINOR: AtomicU32 = AtomicU32::new(0);
/// Which argument of begin_frame, from 0, end_frame got too; 0 until that is known.
static SHARED: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    /// Inside an outer begin_frame or end_frame: a chain-up is not told again.
    static INSIDE: Cell<bool> = const { Cell::new(false) };
    /// The arguments of the last begin_frame: the context, and those among which the region can be.
    static BEGUN: Cell<[usize; 4]> = const { Cell::new([0; 4]) };
}

/// All six argument registers are handed through, whatever this GTK's signature uses of them.
unsafe extern "C-unwind" fn begin<const N: usize>(a: usize, b: usize, c: usize, d: usize, e: usize, f: usize) -> usize {
    let outer = !INSIDE.replace(true);
    if outer && let (Some(api), Some(context)) = (gtk4::api(), Handle::new(a as _)) {
        BEGUN.set([a, 0, c, d]);
        let given = match SHARED.load(Ordering::Relaxed) {
            0 => None,
            at => Some(Region { region: BEGUN.get()[at], device: true }),
        };
        if let Some(region) = api.frame_region(context).or(given) {
            gtk4::frame_began(context, region);
        }
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
        let given = || {
            let at = shared(MINOR.load(Ordering::Relaxed), BEGUN.get(), [a, c])?;
            SHARED.store(at, Ordering::Relaxed);
            Some(Region { region: c, device: true })
        };
        match api.frame_region(context).or_else(given) {
            Some(region) => gtk4::frame_ends(context, region),
            None => gtk4::frame_tells_nothing(),
        }
    }
    // SAFETY: slot N was filled with the original before the class was changed to call us.
    let original = unsafe { std::mem::transmute::<usize, Frame>(END[N].load(Ordering::Acquire)) };
    // SAFETY: called as GDK called us.
    let result = unsafe { original(a, b, c, d, e, f) };
    INSIDE.set(!outer);
    result
}

/// Which argument of begin_frame is the region that end_frame gets as its third; the first is the context.
fn shared(minor: u32, begun: [usize; 4], ended: [usize; 2]) -> Option<usize> {
    let [context, region] = ended;
    if !(REGION_GIVEN..=NEWEST).contains(&minor) || begun[0] != context || region == 0 {
        return None;
    }
    [2, 3].into_iter().find(|at| begun[*at] == region)
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

/// A region inside the hook that brought it.
#[derive(Clone, Copy)]
pub struct Region {
    region: usize,
    /// It counts device pixels, not application pixels.
    pub device: bool,
}

impl Region {
    /// Its rectangles are appended.
    pub fn rectangles(self, api: &Api, out: &mut Vec<gdkrecord::Rect>) {
        // SAFETY: the region of the hook that is running.
        unsafe { api.rectangles(self.region as _, out) };
    }
}

/// What the two words behind GObjectClass are.
#[derive(Debug, PartialEq, Eq)]
enum Slots {
    /// Of an abstract class: not filled.
    Empty,
    /// begin_frame and end_frame.
    Known,
    /// Something else.
    Strange,
}

/// Judges them: this GTK must be known, and both must lie in libgtk's code.
fn slots(minor: u32, words: [usize; 2], is_code: &dyn Fn(usize) -> bool) -> Slots {
    match words {
        [0, 0] => Slots::Empty,
        [begin, end] if minor <= NEWEST && is_code(begin) && is_code(end) => Slots::Known,
        _ => Slots::Strange,
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

    /// What GDK says that a frame's region is; nothing in newer GTK.
    fn frame_region(&self, context: Handle) -> Option<Region> {
        // SAFETY: a live draw context inside a frame; the region lives until the frame ends.
        let region = unsafe { (self.gdk_draw_context_get_frame_region)(context.ptr()) } as usize;
        (region != 0).then_some(Region { region, device: false })
    }

    /// Hooks every initialised class of draw contexts that is not hooked yet.
    pub fn hook_contexts(&self) -> Patched {
        let minor = self.minor();
        MINOR.store(minor, Ordering::Relaxed);
        let mut patched = Patched::default();
        let libgtk = library(self.gdk_draw_context_get_type as *const () as usize);
        // SAFETY: takes nothing.
        let base = unsafe { (self.gdk_draw_context_get_type)() };
        self.each_class(base, &mut |gtype, class| {
            // SAFETY: the class structure of a draw context has at least two words behind GObjectClass.
            let words = unsafe { &mut *class.add(OBJECT_CLASS).cast::<[usize; 2]>() };
            if BEGINS.iter().any(|ours| *ours as usize == words[0]) {
                patched.classes += 1;
                return;
            }
            let found = match slots(minor, *words, &|word| word > 1 << 16 && library(word) == libgtk) {
                Slots::Empty => return,
                Slots::Known => slot(&BEGIN, words[0]).zip(slot(&END, words[1])),
                Slots::Strange => None,
            };
            let Some((begin, end)) = found else {
                patched.strange = Some(gtype);
                return;
            };
            *words = [BEGINS[begin] as usize, ENDS[end] as usize];
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

fn library(address: usize) -> usize {
    names::base_of(address).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CODE: [usize; 4] = [0x7000_0000_1000, 0x7000_0000_2000, 0x7000_0000_3000, 0x7000_0000_4000];

    fn of(minor: u32, words: [usize; 2]) -> Slots {
        slots(minor, words, &|word| CODE.contains(&word))
    }

    #[test]
    fn the_slots_of_released_gtk_are_known() {
        for minor in [0, 6, 8, 12, 14, 16, 18, 20] {
            assert_eq!(of(minor, [CODE[0], CODE[1]]), Slots::Known, "4.{minor}");
            assert_eq!(of(minor, [0, 0]), Slots::Empty, "the abstract class of 4.{minor}");
        }
    }

    #[test]
    fn other_layouts_are_left_alone() {
        assert_eq!(of(8, [72, CODE[0]]), Slots::Strange, "a frame's size comes first");
        assert_eq!(of(8, [CODE[0], 0]), Slots::Strange, "no end");
        assert_eq!(of(8, [CODE[0], 0x7fff_0000_0000]), Slots::Strange, "code of another library");
        assert_eq!(of(22, [72, CODE[0]]), Slots::Strange);
        assert_eq!(of(22, [CODE[0], CODE[1]]), Slots::Strange, "a GTK that nobody looked at");
    }

    #[test]
    fn the_region_is_what_both_slots_are_given() {
        let (context, data, region) = (0x10_0000, 0x20_0000, 0x30_0000);
        assert_eq!(shared(18, [context, data, 1, region], [context, region]), Some(3), "after the depth");
        assert_eq!(shared(20, [context, data, region, 0x40_0000], [context, region]), Some(2));
        assert_eq!(shared(18, [context, data, 1, region], [context, 0x50_0000]), None, "another pointer");
        assert_eq!(shared(18, [context, data, 1, region], [0x60_0000, region]), None, "another context");
        assert_eq!(shared(18, [context, data, 0, 0], [context, 0]), None);
        assert_eq!(shared(22, [context, data, region, 0], [context, region]), None, "there it is private data");
        assert_eq!(shared(16, [context, data, region, 0], [context, region]), None, "GDK tells it");
    }
}
