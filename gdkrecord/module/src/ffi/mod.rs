//! What of GLib and GTK is called, found by dlsym, and the handles through which safe code calls it.
//!
//! A handle is made only from a pointer that C gave us, in this folder and in `entry`; safe code uses it during
//! the call that brought it, or (windows) until the object's finalization has been told. All tables are read
//! once and never change. A function that the loaded libraries do not have answers `None`.
#![allow(unsafe_code)]

pub mod event;
pub mod gdk;
pub mod glib;
pub mod gtk4;
pub mod memory;
pub mod names;
pub mod put;
pub mod shim;
pub mod widget;

use std::ffi::{CStr, c_char, c_void};
use std::ptr::NonNull;

/// Any pointer of C.
pub type Ptr = *mut c_void;
/// GLib's number of a type.
pub type GType = usize;

/// An instance of a GObject class, which lives while it is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(transparent)]
pub struct Object(NonNull<c_void>);

// SAFETY: a handle is an address; what may be called on it, and where, is the business of the tables' methods.
unsafe impl Send for Object {}

impl Object {
    /// # Safety
    /// `at` is null, or an instance that lives while the handle is used.
    pub unsafe fn from_c(at: Ptr) -> Option<Object> {
        NonNull::new(at).map(Object)
    }

    /// Its address, for C.
    pub fn as_ptr(self) -> Ptr {
        self.0.as_ptr()
    }
}

/// The libraries among which functions are looked up.
#[derive(Clone, Copy, Debug)]
pub struct Library(Ptr);

// SAFETY: a handle of the dynamic linker may be used from any thread.
unsafe impl Send for Library {}
// SAFETY: as above.
unsafe impl Sync for Library {}

impl Library {
    /// Everything that is loaded globally.
    pub const GLOBAL: Library = Library(libc::RTLD_DEFAULT);

    /// An already loaded library with all that it depends on.
    pub fn loaded(path: &CStr) -> Option<Library> {
        // SAFETY: a path, and flags that load nothing new; the handle is kept for ever.
        let handle = unsafe { libc::dlopen(path.as_ptr(), libc::RTLD_NOLOAD | libc::RTLD_LAZY) };
        (!handle.is_null()).then_some(Library(handle))
    }

    /// The address of a function or variable; null where there is none.
    pub fn symbol(self, name: &CStr) -> Ptr {
        // SAFETY: a handle of dlopen or RTLD_DEFAULT, and a name.
        unsafe { libc::dlsym(self.0, name.as_ptr()) }
    }
}

/// A text that C owns, copied; `None` for a null pointer.
///
/// # Safety
/// `text` is null or ends in a zero byte.
pub unsafe fn text(text: *const c_char) -> Option<String> {
    // SAFETY: the caller's promise.
    (!text.is_null()).then(|| unsafe { CStr::from_ptr(text) }.to_string_lossy().into_owned())
}

/// A table of C functions, looked up once, each with a method of its name that answers `None` where it is missing.
///
/// The methods are safe because their arguments are numbers and handles. A `raw` function takes or gives bare
/// pointers: it is a field only, and wrapped by hand.
macro_rules! functions {
    ($(#[$doc:meta])* $Table:ident {
        $(fn $name:ident($($arg:ident: $type:ty),*) $(-> $ret:ty)?;)*
        $(raw $rname:ident($($rtype:ty),*) $(-> $rret:ty)?;)*
    }) => {
        $(#[$doc])*
        #[derive(Debug)]
        pub struct $Table {
            $($name: Option<unsafe extern "C-unwind" fn($($type),*) $(-> $ret)?>,)*
            $(#[allow(dead_code)] pub(crate) $rname: Option<unsafe extern "C-unwind" fn($($rtype),*) $(-> $rret)?>,)*
        }

        #[allow(dead_code)]
        impl $Table {
            /// Looks every function up.
            pub fn load(library: $crate::ffi::Library) -> Self {
                Self {
                    // SAFETY: the declared types are those of the functions' documentation; null becomes None.
                    $($name: unsafe { $crate::ffi::function(library, concat!(stringify!($name), "\0")) },)*
                    // SAFETY: as above.
                    $($rname: unsafe { $crate::ffi::function(library, concat!(stringify!($rname), "\0")) },)*
                }
            }

            $(
                #[allow(clippy::unused_unit)]
                #[inline]
                pub fn $name(&self $(, $arg: $type)*) -> Option<functions!(@ret $($ret)?)> {
                    // SAFETY: the arguments are numbers and living handles.
                    self.$name.map(|call| unsafe { call($($arg),*) })
                }
            )*
        }
    };
    (@ret) => { () };
    (@ret $ret:ty) => { $ret };
}
pub(crate) use functions;

/// # Safety
/// `F` is `Option` of the pointer type of the function with this name, which ends in a zero byte.
pub unsafe fn function<F: Copy>(library: Library, name: &'static str) -> F {
    const { assert!(size_of::<F>() == size_of::<Ptr>()) };
    let at = CStr::from_bytes_with_nul(name.as_bytes()).map_or(std::ptr::null_mut(), |name| library.symbol(name));
    // SAFETY: a null pointer is None, any other the function; the sizes are equal.
    unsafe { std::mem::transmute_copy(&at) }
}
