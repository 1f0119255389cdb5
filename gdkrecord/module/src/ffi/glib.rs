//! GLib and GObject.
#![allow(unsafe_code)]

use std::ffi::{CStr, c_char, c_int, c_uint};

use super::{GType, Library, Object, Ptr, functions, memory, text};

/// `GPollFunc`.
pub type PollFunc = unsafe extern "C-unwind" fn(Ptr, c_uint, c_int) -> c_int;
/// `GSourceFuncs.prepare`.
pub type PrepareFunc = unsafe extern "C-unwind" fn(Ptr, *mut c_int) -> c_int;
/// `GSourceFuncs.check`.
pub type CheckFunc = unsafe extern "C-unwind" fn(Ptr) -> c_int;
/// `GSourceFuncs.dispatch`.
pub type DispatchFunc = unsafe extern "C-unwind" fn(Ptr, Ptr, Ptr) -> c_int;
/// `GSignalEmissionHook`.
pub type EmissionHook = unsafe extern "C-unwind" fn(*const SignalHint, c_uint, *const Value, Ptr) -> c_int;
/// `GObjectClass.constructed`.
pub type Constructed = unsafe extern "C-unwind" fn(Ptr);
/// `GDestroyNotify`.
pub type DestroyNotify = unsafe extern "C-unwind" fn(Ptr);

/// `GSignalInvocationHint`.
#[repr(C)]
pub struct SignalHint {
    /// Which signal.
    pub signal: c_uint,
    detail: u32,
    run: c_int,
}

/// `GValue`.
#[repr(C)]
pub struct Value {
    of: GType,
    data: [u64; 2],
}

/// `GObjectClass`, as far as it is looked at.
#[repr(C)]
struct ObjectClass {
    before: [Ptr; 9],
    constructed: Constructed,
}

/// `GSourceFuncs`.
#[repr(C)]
struct SourceFuncs {
    prepare: Ptr,
    check: Ptr,
    dispatch: Ptr,
    finalize: Ptr,
    marshal: Ptr,
    closure: Ptr,
}

/// `GSource`, as far as its header shows it.
#[repr(C)]
struct SourceHead {
    callback_data: Ptr,
    callback_funcs: *const CallbackFuncs,
    funcs: *mut SourceFuncs,
    ref_count: c_uint,
    context: Ptr,
    priority: c_int,
}

/// `GSourceCallbackFuncs`.
#[repr(C)]
struct CallbackFuncs {
    reference: Ptr,
    unreference: Ptr,
    get: Option<unsafe extern "C-unwind" fn(Ptr, Ptr, *mut Ptr, *mut Ptr)>,
}

/// A `GSource` that lives while it is used.
#[derive(Clone, Copy, Debug)]
pub struct Source(Ptr);

impl Source {
    /// # Safety
    /// A living source.
    pub unsafe fn from_c(at: Ptr) -> Source {
        Source(at)
    }

    /// GLib's priority: lower is more urgent.
    #[inline]
    pub fn priority(self) -> i32 {
        // SAFETY: a living source; its priority does not change while it is dispatched.
        unsafe { (*self.0.cast::<SourceHead>()).priority }
    }
}

functions! {
    /// The functions.
    Glib {
        fn g_signal_add_emission_hook(id: c_uint, detail: u32, hook: EmissionHook, data: usize, destroy: usize) -> u64;
        fn g_type_class_ref(of: GType) -> Ptr;
        fn g_type_is_a(of: GType, parent: GType) -> c_int;
        raw g_main_context_default() -> Ptr;
        raw g_main_context_get_poll_func(Ptr) -> Option<PollFunc>;
        raw g_main_context_set_poll_func(Ptr, PollFunc);
        raw g_main_context_find_source_by_id(Ptr, c_uint) -> Ptr;
        raw g_source_new(Ptr, c_uint) -> Ptr;
        raw g_source_attach(Ptr, Ptr) -> c_uint;
        raw g_source_destroy(Ptr);
        raw g_source_unref(Ptr);
        raw g_source_get_name(Ptr) -> *const c_char;
        raw g_source_get_ready_time(Ptr) -> i64;
        raw g_signal_lookup(*const c_char, GType) -> c_uint;
        raw g_type_name_from_instance(Ptr) -> *const c_char;
        raw g_type_check_instance_is_a(Ptr, GType) -> c_int;
        raw g_quark_from_string(*const c_char) -> u32;
        raw g_object_get_qdata(Ptr, u32) -> Ptr;
        raw g_object_set_qdata_full(Ptr, u32, Ptr, Option<DestroyNotify>);
        raw g_value_peek_pointer(*const Value) -> Ptr;
        raw g_free(Ptr);
        raw g_list_free(*mut List);
    }
}

/// `GList`.
#[repr(C)]
pub struct List {
    data: Ptr,
    next: *mut List,
    prev: *mut List,
}

/// # Safety
/// A list of living instances, or null.
pub unsafe fn list(mut at: *const List) -> Vec<Object> {
    let mut all = Vec::new();
    while !at.is_null() {
        // SAFETY: the caller's promise: a node of a list of instances.
        let node = unsafe { &*at };
        // SAFETY: as above.
        all.extend(unsafe { Object::from_c(node.data) });
        at = node.next;
    }
    all
}

/// Where the functions of a class of sources lie (`GSourceFuncs`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Class(usize);

/// The functions of a class that can be replaced besides `dispatch`.
#[derive(Clone, Copy, Debug)]
pub enum Asked {
    Prepare,
    Check,
}

impl Class {
    /// The address of its dispatch function; `None` where the class does not lie in a loaded file.
    pub fn dispatch(self) -> Option<usize> {
        self.read(std::mem::offset_of!(SourceFuncs, dispatch))
    }

    /// The address of its prepare or check function.
    pub fn asked(self, which: Asked) -> Option<usize> {
        self.read(Class::place(which))
    }

    /// Puts another dispatch function in; false where the memory refuses.
    pub fn replace_dispatch(self, with: DispatchFunc) -> bool {
        self.write(std::mem::offset_of!(SourceFuncs, dispatch), with as usize)
    }

    /// Puts another prepare or check function in; false where the memory refuses.
    ///
    /// # Safety
    /// `with` is a function of that type.
    pub unsafe fn replace_asked(self, which: Asked, with: usize) -> bool {
        self.write(Class::place(which), with)
    }

    fn place(which: Asked) -> usize {
        match which {
            Asked::Prepare => std::mem::offset_of!(SourceFuncs, prepare),
            Asked::Check => std::mem::offset_of!(SourceFuncs, check),
        }
    }

    fn read(self, offset: usize) -> Option<usize> {
        // SAFETY: the word lies in a loaded file, and aligned as the linker does.
        memory::is_loaded(self.0, size_of::<SourceFuncs>()).then(|| unsafe { memory::word_at(self.0 + offset) })
    }

    fn write(self, offset: usize, value: usize) -> bool {
        // SAFETY: as in read; the callers' functions have the right type.
        memory::is_loaded(self.0, size_of::<SourceFuncs>())
            && unsafe { memory::write_word((self.0 + offset) as *mut usize, value) }
    }
}

/// Starts with zeroes: prepare and check say no, nothing is dispatched, and it is destroyed at once.
static PROBE: [usize; 6] = [0; 6];

impl Glib {
    /// The poll function of the default context, and ours in its place.
    pub fn take_poll(&self, ours: PollFunc) -> Option<PollFunc> {
        let (context, get, set) =
            (self.g_main_context_default?, self.g_main_context_get_poll_func?, self.g_main_context_set_poll_func?);
        // SAFETY: the default context lives for ever; the functions have GLib's types.
        unsafe {
            let context = context();
            let original = get(context)?;
            if original as usize != ours as usize {
                set(context, ours);
            }
            Some(original)
        }
    }

    /// The id that the default context gave out last.
    pub fn newest_source(&self) -> Option<u32> {
        let (new, attach) = (self.g_source_new?, self.g_source_attach?);
        let (destroy, unref) = (self.g_source_destroy?, self.g_source_unref?);
        // SAFETY: a source of the size of GSource (96 bytes in every GLib 2) that is gone before it can run.
        unsafe {
            let source = new(PROBE.as_ptr() as Ptr, 96);
            let id = attach(source, std::ptr::null_mut());
            destroy(source);
            unref(source);
            Some(id)
        }
    }

    /// The address and the class of the source with this id in the default context.
    ///
    /// Where another thread destroys the source meanwhile, the class is what its memory held; asking again tells.
    pub fn class_of_source(&self, id: u32) -> Option<(usize, Class)> {
        let find = self.g_main_context_find_source_by_id?;
        // SAFETY: the null context is the default one; memory that was a source's a moment ago can be read.
        unsafe {
            let source = find(std::ptr::null_mut(), id);
            if source.is_null() {
                return None;
            }
            let funcs = std::ptr::addr_of!((*source.cast::<SourceHead>()).funcs).read_volatile();
            Some((source as usize, Class(funcs as usize)))
        }
    }

    /// The callback of the source with this id in the default context.
    pub fn callback_of_source(&self, id: u32) -> Option<usize> {
        let find = self.g_main_context_find_source_by_id?;
        // SAFETY: as in class_of_source; get fills in what it is asked for.
        unsafe {
            let source = find(std::ptr::null_mut(), id);
            let head = source.cast::<SourceHead>().as_ref()?;
            let get = head.callback_funcs.as_ref()?.get?;
            let (mut callback, mut data) = (std::ptr::null_mut(), std::ptr::null_mut());
            get(head.callback_data, source, &mut callback, &mut data);
            Some(callback as usize)
        }
    }

    /// The classes of sources that GLib exports.
    pub fn exported_class(&self, library: Library, name: &CStr) -> Option<Class> {
        let funcs = library.symbol(name) as usize;
        (funcs != 0).then_some(Class(funcs))
    }

    /// The name of a source that is being dispatched.
    #[inline]
    pub fn with_source_name<R>(&self, source: Source, read: impl FnOnce(&[u8]) -> R) -> R {
        // SAFETY: a living source; its name is not replaced while it is dispatched.
        let name = self.g_source_get_name.map_or(std::ptr::null(), |get| unsafe { get(source.0) });
        // SAFETY: a name ends in a zero byte.
        read(if name.is_null() { &[] } else { unsafe { CStr::from_ptr(name) }.to_bytes() })
    }

    /// When a source was set to be dispatched, in microseconds; nothing positive where it has no time.
    #[inline]
    pub fn source_ready_time(&self, source: Source) -> i64 {
        // SAFETY: a living source.
        self.g_source_get_ready_time.map_or(-1, |get| unsafe { get(source.0) })
    }

    /// The number of a signal; `None` where the class has none of that name.
    pub fn signal(&self, name: &CStr, of: GType) -> Option<u32> {
        // SAFETY: a name and a type whose class exists.
        self.g_signal_lookup.map(|lookup| unsafe { lookup(name.as_ptr(), of) }).filter(|&id| id != 0)
    }

    /// The name of an instance's class.
    pub fn class_name(&self, object: Object) -> String {
        // SAFETY: a living instance; type names live for ever.
        self.g_type_name_from_instance.and_then(|name| unsafe { text(name(object.as_ptr())) }).unwrap_or_default()
    }

    /// Whether an instance is of a type.
    pub fn is_a(&self, object: Object, of: GType) -> bool {
        // SAFETY: a living instance.
        self.g_type_check_instance_is_a.is_some_and(|is| unsafe { is(object.as_ptr(), of) } != 0)
    }

    /// What a class calls when an object of it was made.
    pub fn constructed(&self, class: GType) -> Option<Constructed> {
        let class = self.g_type_class_ref(class)?.cast::<ObjectClass>();
        // SAFETY: the class of an object type, which is never given back.
        unsafe { class.as_ref() }.map(|class| class.constructed)
    }

    /// Puts another function there; false where the memory refuses.
    pub fn set_constructed(&self, class: GType, with: Constructed) -> bool {
        let class = self.g_type_class_ref(class).unwrap_or(std::ptr::null_mut());
        let slot = class.wrapping_byte_add(std::mem::offset_of!(ObjectClass, constructed));
        // SAFETY: the class of an object type, whose structure lives for ever; the function has the right type.
        !class.is_null() && unsafe { memory::write_word(slot.cast(), with as usize) }
    }

    /// A key for [`Glib::tag`].
    pub fn quark(&self, name: &CStr) -> u32 {
        // SAFETY: a name, which GLib copies.
        self.g_quark_from_string.map_or(0, |make| unsafe { make(name.as_ptr()) })
    }

    /// The number that we gave to an object; 0 where we gave none.
    #[inline]
    pub fn tag(&self, object: Object, quark: u32) -> u32 {
        // SAFETY: a living instance.
        self.g_object_get_qdata.map_or(0, |get| unsafe { get(object.as_ptr(), quark) } as usize as u32)
    }

    /// Gives an object a number; `finalized` is called with it when the object goes.
    pub fn set_tag(&self, object: Object, quark: u32, tag: u32, finalized: Option<DestroyNotify>) {
        if let Some(set) = self.g_object_set_qdata_full {
            // SAFETY: a living instance; the number is no pointer and is never followed.
            unsafe { set(object.as_ptr(), quark, tag as usize as Ptr, finalized) };
        }
    }

    /// The instance or boxed pointer of one of a signal's parameters.
    ///
    /// # Safety
    /// `values` are a signal's parameters and `at` is one of them that holds an instance.
    pub unsafe fn parameter(&self, values: *const Value, at: usize) -> Option<Object> {
        // SAFETY: the caller's promise.
        unsafe { Object::from_c(self.g_value_peek_pointer?(values.add(at))) }
    }
}
