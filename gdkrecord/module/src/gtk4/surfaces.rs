//! Numbers GTK 4's surfaces and tells what becomes of them.
//!
//! A surface gets its number when it is constructed, and its `window` record once its X window exists or once it
//! matters (it is shown, gets an event or is painted). Its place on the screen is learnt from X's own events.

use gdkrecord::field::{Maybe, Real, TextId};
use gdkrecord::kind::raw;
use gdkrecord::sets::Role;

use super::Out;
use crate::ffi::gtk4::Handle;
use crate::ffi::gtk4::surface::Surface;
use crate::hashes::Table;
use crate::{frames, recorder};

/// The surfaces by address and by X window.
#[derive(Default)]
pub struct Surfaces {
    known: Table<usize, Known>,
    by_xid: Table<u32, usize>,
    /// What X told last of a known window: it tells the same with every move of the pointer.
    placed: Option<(u32, f64, f64)>,
}

/// Left top corner where it is known, width, height, scale.
type Geometry = (Option<(i32, i32)>, i32, i32, f64);

/// What was told about a surface.
#[derive(Default)]
struct Known {
    /// The surface, as long as it lives.
    handle: Option<Handle>,
    window: u32,
    announced: bool,
    x11: bool,
    xid: u32,
    mapped: bool,
    destroyed: bool,
    owner: bool,
    title: String,
    parent: u32,
    role: Role,
    /// The number of its frame clock; 0 where none was told.
    clock: u32,
    geometry: Option<Geometry>,
    /// It was given a size, or is painted: what it said before was made up by GDK.
    laid_out: bool,
    /// It was painted before.
    painted: bool,
    /// Left and top edge in device pixels, and whether a window manager put it into a frame of its own.
    origin: Option<(f64, f64)>,
    framed: bool,
    scale: f64,
}

impl Surfaces {
    /// The surface's number; it is told about if it was not yet.
    pub fn window(&mut self, surface: Surface<'_>, out: &mut Out<'_>) -> u32 {
        let address = surface.handle.address();
        match self.known.get(&address) {
            Some(known) if known.announced => known.window,
            _ => {
                self.constructed(surface);
                self.announce(surface, out);
                self.update(surface, out);
                self.known.get(&address).map_or(0, |known| known.window)
            }
        }
    }

    /// The surface of a number.
    pub fn numbered(&self, window: u32) -> Option<Handle> {
        self.known.values().find(|known| known.window == window && !known.destroyed)?.handle
    }

    /// Gives a new surface its number, and asks to be told of its death.
    pub fn constructed(&mut self, surface: Surface<'_>) {
        let address = surface.handle.address();
        if self.known.contains_key(&address) {
            return;
        }
        surface.api.watch(surface.handle);
        let class = surface.api.type_name(surface.handle.gtype());
        let known =
            Known { window: recorder::number(), x11: class.starts_with("GdkX11"), scale: 1.0, ..Known::default() };
        let known = Known { handle: Some(surface.handle), ..known };
        self.known.insert(address, known);
    }

    fn announce(&mut self, surface: Surface<'_>, out: &mut Out<'_>) {
        let parent = surface.popup_parent().map_or(0, |parent| self.number(parent));
        let Some(known) = self.known.get_mut(&surface.handle.address()) else { return };
        known.announced = true;
        known.xid = surface.xid();
        known.parent = parent;
        known.role = match () {
            () if surface.is_popup() => Role::Popup,
            () if surface.is_drag() => Role::Drag,
            () if surface.is_toplevel() => Role::Toplevel,
            () => Role::Other,
        };
        if known.xid != 0 {
            self.by_xid.insert(known.xid, surface.handle.address());
            self.placed = None;
        }
        let class = out.text(&surface.api.type_name(surface.handle.gtype()));
        let Known { window, parent, role, xid, .. } = *known;
        out.state(&raw::Window { window, parent, role, class, xid });
        self.clock(surface, out);
    }

    /// Tells which clock draws it, where that is not what was told.
    fn clock(&mut self, surface: Surface<'_>, out: &Out<'_>) {
        let clock = surface.clock().map_or(0, |clock| frames::number_of(out.session, clock));
        if let Some(known) = self.told(surface).filter(|known| clock != 0 && known.clock != clock) {
            known.clock = clock;
            out.state(&raw::WindowClock { window: known.window, clock });
        }
    }

    fn number(&self, surface: Handle) -> u32 {
        self.known.get(&surface.address()).map_or(0, |known| known.window)
    }

    /// Compares with what was told, and tells the differences.
    pub fn update(&mut self, surface: Surface<'_>, out: &mut Out<'_>) {
        let address = surface.handle.address();
        let Some(known) = self.known.get(&address) else { return };
        if known.destroyed {
            return;
        }
        let mapped = surface.mapped();
        if !known.announced {
            if known.x11 && !mapped && surface.xid() == 0 {
                return;
            }
            self.announce(surface, out);
        }
        if surface.destroyed() {
            return self.destroyed(surface.handle, out);
        }
        self.place(surface, mapped, out);
        let Some(known) = self.known.get_mut(&address) else { return };
        let window = known.window;
        if mapped
            && !known.owner
            && let Some((owner, name)) = surface.owner()
        {
            known.owner = true;
            let (owner, name) = (out.text(&owner), out.text(&name));
            out.state(&raw::WindowOwner { window, owner, name });
        }
        if mapped != known.mapped {
            known.mapped = mapped;
            match mapped {
                // What was set before it could be told about is looked at now.
                true => {
                    out.state(&raw::WindowMap { window });
                    self.clock(surface, out);
                    self.title(surface, out);
                    self.transient(surface, out);
                }
                false => out.state(&raw::WindowUnmap { window }),
            }
        }
    }

    /// A property changed: those that cost a call are asked only when they did.
    pub fn property(&mut self, surface: Surface<'_>, name: &[u8], out: &mut Out<'_>) {
        if matches!(name, b"width" | b"height") {
            self.laid_out(surface);
        }
        self.update(surface, out);
        match name {
            b"frame-clock" => self.clock(surface, out),
            b"title" => self.title(surface, out),
            b"transient-for" | b"modal" => self.transient(surface, out),
            _ => {}
        }
    }

    /// The surface is painted, and so has its size.
    pub fn painted(&mut self, surface: Surface<'_>) {
        if let Some(known) = self.known.get_mut(&surface.handle.address()) {
            (known.laid_out, known.painted) = (true, true);
        }
    }

    /// The surface has its size.
    pub fn laid_out(&mut self, surface: Surface<'_>) {
        if let Some(known) = self.known.get_mut(&surface.handle.address()) {
            known.laid_out = true;
        }
    }

    /// Whether a paint of it tells nothing new: where it was painted before, its properties tell all that changes, but
    /// for the place of a popup.
    pub fn settled(&self, surface: Surface<'_>) -> bool {
        let known = self.known.get(&surface.handle.address());
        known.is_some_and(|known| known.painted && known.geometry.is_some() && known.role != Role::Popup)
    }

    /// The surface's entry, if it is told about and lives.
    fn told(&mut self, surface: Surface<'_>) -> Option<&mut Known> {
        self.known.get_mut(&surface.handle.address()).filter(|known| known.announced && !known.destroyed)
    }

    fn title(&mut self, surface: Surface<'_>, out: &Out<'_>) {
        let title = surface.title();
        if let Some(known) = self.told(surface).filter(|known| known.title != title) {
            out.state(&raw::WindowTitle { window: known.window, title: out.text(&title) });
            known.title = title;
        }
    }

    fn transient(&mut self, surface: Surface<'_>, out: &Out<'_>) {
        let (parent, modal) = surface.transient_for();
        let parent = parent.map_or(0, |parent| self.number(parent));
        let Some(known) = self.told(surface).filter(|known| matches!(known.role, Role::Toplevel | Role::Dialog)) else {
            return;
        };
        // A window that belongs to another is a dialog to window managers, modal or not.
        let role = if modal || parent != 0 { Role::Dialog } else { Role::Toplevel };
        if (parent, role) != (known.parent, known.role) {
            (known.parent, known.role) = (parent, role);
            out.state(&raw::WindowParent { window: known.window, parent, role, xid: known.xid });
        }
    }

    /// The object, or what it stands for on the display, is gone.
    pub fn destroyed(&mut self, surface: Handle, out: &mut Out<'_>) {
        if let Some(known) = self.known.get_mut(&surface.address()) {
            if known.announced && !known.destroyed {
                if std::mem::take(&mut known.mapped) {
                    out.state(&raw::WindowUnmap { window: known.window });
                }
                out.state(&raw::WindowDestroy { window: known.window });
            }
            known.destroyed = true;
            self.by_xid.remove(&known.xid);
        }
    }

    /// The object's memory will be used again.
    pub fn finalized(&mut self, address: usize, out: &mut Out<'_>) {
        if let Some(known) = self.known.remove(&address) {
            self.by_xid.remove(&known.xid);
            if known.announced && !known.destroyed {
                out.state(&raw::WindowDestroy { window: known.window });
            }
        }
    }

    fn place(&mut self, surface: Surface<'_>, mapped: bool, out: &mut Out<'_>) {
        let address = surface.handle.address();
        let (width, height) = surface.size();
        let is_popup = self.known.get(&address).is_some_and(|known| known.role == Role::Popup);
        let popup = if is_popup { surface.popup_parent().zip(surface.popup_position()) } else { None };
        let from_parent = match popup {
            Some((parent, (x, y))) => {
                self.known.get(&parent.address()).and_then(Known::base).map(|at| (at.0 + x, at.1 + y))
            }
            None => None,
        };
        let Some(known) = self.known.get_mut(&address) else { return };
        known.scale = surface.scale();
        // GDK places popups itself.
        let corner = from_parent.or(known.corner());
        let now = (corner, width, height, known.scale);
        // A hidden surface is nowhere; and until it is laid out, GDK reports a size of 1x1, or 100x100 for popups.
        let early = known.geometry.is_none() && (!known.laid_out || width <= 1 && height <= 1);
        if known.geometry == Some(now) || !mapped || early {
            return;
        }
        known.geometry = Some(now);
        out.state(&raw::WindowGeometry {
            window: known.window,
            x: Maybe(corner.map(|at| at.0)),
            y: Maybe(corner.map(|at| at.1)),
            width,
            height,
            scale: Real(known.scale as f32),
        });
    }

    /// X told where a window's left top corner is, in device pixels.
    pub fn origin(&mut self, xid: u32, x: f64, y: f64) -> Option<usize> {
        if self.placed == Some((xid, x, y)) {
            return None;
        }
        let address = *self.by_xid.get(&xid)?;
        self.placed = Some((xid, x, y));
        let known = self.known.get_mut(&address)?;
        // Events carry sixteenths of a pixel and float noise; windows stand on whole pixels.
        let at = Some((x.round(), y.round()));
        if known.origin == at {
            return None;
        }
        known.origin = at;
        Some(address)
    }

    /// X told that a window's parent is the root, or a window manager's frame.
    pub fn reparented(&mut self, xid: u32, framed: bool) {
        if let Some(known) = self.by_xid.get(&xid).and_then(|address| self.known.get_mut(address)) {
            known.framed = framed;
        }
    }

    /// Whether the place in a real ConfigureNotify is counted from a frame, not from the root.
    pub fn framed(&self, xid: u32) -> bool {
        self.by_xid.get(&xid).and_then(|address| self.known.get(address)).is_none_or(|known| known.framed)
    }

    /// The left top corner in application pixels, where it is known.
    pub fn corner(&self, surface: Handle) -> Option<(i32, i32)> {
        self.known.get(&surface.address())?.corner()
    }
}

impl Known {
    /// From where the places of its popups count: the root, or on Wayland, which tells no place, its top-level.
    fn base(&self) -> Option<(i32, i32)> {
        let own = || self.geometry.and_then(|(place, ..)| place).unwrap_or((0, 0));
        self.corner().or_else(|| (!self.x11).then(own))
    }

    fn corner(&self) -> Option<(i32, i32)> {
        let (x, y) = self.origin?;
        Some(((x / self.scale).round() as i32, (y / self.scale).round() as i32))
    }
}

/// The classes' names by address of the class, as texts of the recording.
#[derive(Default)]
pub struct Names(Table<usize, TextId>);

impl Names {
    /// The text of a class; `name` is asked once.
    pub fn get(&mut self, class: usize, out: &Out<'_>, name: impl FnOnce() -> String) -> TextId {
        *self.0.entry(class).or_insert_with(|| out.text(&name()))
    }
}
