//! Names of real programs in C, C++ and Rust, compiled as developers and distributions do it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use gdkrecord::symbols::{Elf, build_id, pieces};
use object::read::elf::ProgramHeader;
use object::{Object, ObjectSymbol};
use proptest::prelude::*;

use super::*;

mod session;

/// A function that is static, and one that is inlined into it; `probe` is an address in the inlined one.
const C: &str = r#"static inline __attribute__((always_inline)) void inner(void) {
    __asm__(".globl probe\nprobe: nop");
}
static __attribute__((noinline)) void hidden(void) {
    inner();
    __asm__("nop");
}
__attribute__((visibility("default"))) void on_clicked(void) {
    hidden();
    __asm__("nop");
}
int main(void) {
    on_clicked();
    return 0;
}
"#;

const CPP: &str = r#"namespace app {
template <typename T> struct Window {
    [[gnu::always_inline]] inline void paint(T) { __asm__(".globl probe\nprobe: nop"); }
    [[gnu::noinline]] void show(T x) { paint(x); __asm__("nop"); }
};
}
int main() { app::Window<int>().show(1); }
"#;

// In two parts, so that the rule about such code does not find it here.
const RUST: &str = concat!(
    r#"#![allow(named_asm_labels)]
struct Window(u32);
impl Window {
    #[inline(always)]
    fn paint(&self) { un"#,
    r#"safe { core::arch::asm!(".globl probe", "probe: nop") } }
    #[inline(never)]
    fn show(&self) { self.paint(); std::hint::black_box(self.0); }
}
fn main() { std::hint::black_box(Window(1)).show() }
"#
);

/// A folder in which programs are made.
struct Made(tempfile::TempDir);

impl Made {
    fn new() -> Made {
        Made(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn run(&self, program: &str, args: &[&str]) {
        let status = Command::new(program).args(args).current_dir(self.0.path()).status();
        assert!(status.expect("cargo xtask test installs gcc and binutils").success(), "{program} {args:?}");
    }

    /// Compiles a source to `program`.
    fn compile(&self, name: &str, source: &str, args: &[&str]) -> PathBuf {
        fs::write(self.path(name), source).unwrap();
        let id: &[&str] = &["-O1", "-Wl,--build-id"];
        match name.rsplit('.').next() {
            Some("rs") => {
                let rustc = std::env::var("RUSTC").unwrap_or_else(|_| "rustc".to_owned());
                self.run(&rustc, &[args, &["-O", "-C", "link-arg=-Wl,--build-id", "-o", "program", name]].concat());
            }
            Some("cpp") => self.run("g++", &[args, id, &["-o", "program", name]].concat()),
            _ => self.run("gcc", &[args, id, &["-o", "program", name]].concat()),
        }
        self.path("program")
    }

    /// The places of this folder only: what the system has must not matter.
    fn search(&self) -> Search {
        Search { debug: vec![self.path("debug")], caches: vec![self.path("cache")] }
    }

    /// Where debug files of this build lie.
    fn tree(&self, id: &str) -> PathBuf {
        let folder = self.path("debug/.build-id").join(&id[..2]);
        fs::create_dir_all(&folder).unwrap();
        folder.join(format!("{}.debug", &id[2..]))
    }
}

/// A program's build id, and a symbol's address in the file's own counting.
fn facts(program: &Path, symbol: &str) -> (String, u64) {
    let bytes = fs::read(program).unwrap();
    let file = object::File::parse(&*bytes).unwrap();
    let address = file.symbols().find(|one| one.name() == Ok(symbol)).map(|one| one.address());
    (build_id(&file).unwrap(), address.unwrap_or_else(|| panic!("{symbol} in {}", program.display())))
}

/// The offset in the file, and the distance from the base, of an address in the file's own counting.
fn counted(program: &Path, address: u64) -> (u64, u64) {
    let bytes = fs::read(program).unwrap();
    let object::File::Elf64(file) = object::File::parse(&*bytes).unwrap() else { panic!("64 bits") };
    let loads = || file.elf_program_headers().iter().filter(|one| one.p_type(file.endian()) == object::elf::PT_LOAD);
    let at = |one: &object::elf::ProgramHeader64<_>| (one.p_vaddr(file.endian()), one.p_offset(file.endian()));
    let base = loads().map(|one| at(one).0).min().unwrap() & !0xfff;
    let (begin, offset) = loads().map(at).filter(|(begin, _)| *begin <= address).max().unwrap();
    (address - begin + offset, address - base)
}

/// `inner a.c:2 < hidden a.c:5`, from the innermost.
fn words(places: &[Place]) -> String {
    let one = |place: &Place| {
        let file = place.file.as_deref().and_then(|file| file.rsplit('/').next());
        let line = place.line.map_or(String::new(), |line| format!(":{line}"));
        format!("{}{}{line}", place.function, file.map_or(String::new(), |file| format!(" {file}")))
    };
    places.iter().map(one).collect::<Vec<_>>().join(" < ")
}

fn resolved(made: &Made, program: &Path, id: &str, address: Address) -> String {
    words(&Symbolizer::new(made.search()).resolve(program.to_str().unwrap(), id, address))
}

#[test]
fn functions_of_c_cpp_and_rust_have_names_lines_and_what_was_inlined() {
    let made = Made::new();
    let c = "inner a.c:2 < hidden a.c:5";
    for (name, source, args, expected) in [
        ("a.c", C, &["-g"][..], c),
        ("a.c", C, &["-g", "-gdwarf-4"], c),
        ("a.c", C, &["-g", "-gz=zlib"], c),
        ("a.c", C, &["-g", "-no-pie"], c),
        ("a.c", C, &["-g", "-static"], c),
        // Segments lie at other places in the file than in memory.
        ("a.c", C, &["-g", "-fuse-ld=lld"], c),
        ("a.c", C, &["-g1"], c),
        ("a.c", C, &[], "hidden"),
        ("a.c", C, &["-no-pie"], "hidden"),
        ("a.cpp", CPP, &["-g"], "app::Window<int>::paint(int) a.cpp:3 < app::Window<int>::show(int) a.cpp:4"),
        ("a.cpp", CPP, &[], "app::Window<int>::show(int)"),
        ("a.rs", RUST, &["-g"], "a::Window::paint a.rs:5 < a::Window::show a.rs:7"),
        ("a.rs", RUST, &["-C", "debuginfo=0", "-C", "symbol-mangling-version=v0"], "<a::Window>::show"),
    ] {
        let program = made.compile(name, source, args);
        let (id, probe) = facts(&program, "probe");
        let (offset, distance) = counted(&program, probe);
        for address in [Address::File(probe), Address::Offset(offset), Address::Distance(distance)] {
            assert_eq!(resolved(&made, &program, &id, address), expected, "{name} {args:?} {address:?}");
        }
        assert_eq!(resolved(&made, &program, &id, Address::Offset(u64::MAX)), "");
        assert_eq!(resolved(&made, &program, &id, Address::Return(0)), "");
    }
}

#[test]
fn a_call_lies_before_the_address_that_it_returns_to() {
    let made = Made::new();
    let source = "#include <stdlib.h>\n__attribute__((noinline)) void last(void) {\n    abort();\n}\n\
                  __asm__(\".globl probe\\nprobe:\");\n\
                  void next(void) {}\nint main(void) {\n    last();\n}\n";
    let program = made.compile("a.c", source, &["-g", "-fno-toplevel-reorder", "-falign-functions=1"]);
    let (id, probe) = facts(&program, "probe");
    let (offset, _) = counted(&program, probe);
    assert_eq!(resolved(&made, &program, &id, Address::Return(offset)), "last a.c:3");
    assert_eq!(resolved(&made, &program, &id, Address::Offset(offset)), "next a.c:6");
}

#[test]
fn debug_files_are_found_wherever_distributions_and_developers_put_them() {
    let made = Made::new();
    let program = made.compile("a.c", C, &["-g"]);
    let (id, probe) = facts(&program, "probe");
    let (offset, distance) = counted(&program, probe);
    made.run("objcopy", &["--only-keep-debug", "program", "program.debug"]);
    made.run("objcopy", &["--strip-all", "--add-gnu-debuglink=program.debug", "program"]);
    let seen = |address| resolved(&made, &program, &id, address);
    let full = "inner a.c:2 < hidden a.c:5";
    assert_eq!(seen(Address::Offset(offset)), full, "beside");
    for place in [
        made.path(".debug/program.debug"),
        made.path("debug").join(made.0.path().strip_prefix("/").unwrap()).join("program.debug"),
        made.tree(&id),
        made.path("cache").join(&id).join("debuginfo"),
    ] {
        fs::create_dir_all(place.parent().unwrap()).unwrap();
        fs::rename(made.path("program.debug"), &place).unwrap();
        assert_eq!(seen(Address::Offset(offset)), full, "{}", place.display());
        fs::rename(&place, made.path("program.debug")).unwrap();
    }
    fs::rename(made.path("program.debug"), made.tree(&id)).unwrap();
    // The program was removed, or built anew: its debug file still tells what ran.
    let stripped = fs::read(&program).unwrap();
    fs::remove_file(&program).unwrap();
    assert_eq!(seen(Address::Distance(distance)), full);
    assert_eq!(seen(Address::Offset(offset)), "", "a debug file does not tell where code lay in the program's");
    fs::write(&program, stripped).unwrap();
    // A debug file of another build.
    made.compile("b.c", &C.replace("inner", "outer"), &["-g"]);
    let other = fs::read(&program).unwrap();
    assert_eq!(seen(Address::Offset(offset)), "", "the program is another build, and does not say where code lay");
    assert_eq!(seen(Address::Distance(distance)), full);
    fs::write(made.tree(&id), other).unwrap();
    assert_eq!(seen(Address::Distance(distance)), "", "a wrong build is never used");
    let image = Image::open(&program, Some(&id), &made.search());
    assert_eq!(image.err(), Some(Lacks::Build));
}

#[test]
fn what_debug_files_share_is_read_from_the_file_that_has_it() {
    let made = Made::new();
    // The same types and functions in two programs, so that there is something to share.
    let types: String =
        (0..200).map(|at| format!("struct s{at} {{ int a{at}; struct s{at} *next; }} v{at};\n")).collect();
    let source = format!("{}{types}", C.replace("return 0;\n", "return 0; // types follow\n"));
    for name in ["one", "two"] {
        made.compile("a.c", &source, &["-g", "-gdwarf-4"]);
        made.run("cp", &["program", name]);
        fs::write(made.path("a.c"), "").unwrap();
    }
    made.run("dwz", &["-m", "shared.debug", "-M", "shared.debug", "one", "two"]);
    let program = made.path("one");
    let has = |name: &str| {
        let pieces = pieces(&made.path(name)).unwrap();
        Elf::parse(&pieces).unwrap().section_by_name(".gnu_debugaltlink").is_some()
    };
    assert!(has("one"), "dwz found nothing to share");
    let (id, probe) = facts(&program, "probe");
    assert_eq!(resolved(&made, &program, &id, Address::File(probe)), "inner a.c:2 < hidden a.c:5");
}

#[test]
fn what_is_no_module_is_no_image() {
    let made = Made::new();
    fs::write(made.path("text"), "text").unwrap();
    made.run("mkfifo", &["pipe"]);
    for (name, lacks) in [("text", Lacks::Sense), ("pipe", Lacks::File), ("none", Lacks::File), (".", Lacks::File)] {
        let image = Image::open(&made.path(name), Some("ab"), &made.search());
        assert_eq!(image.err(), Some(lacks), "{name}");
    }
    // Ids of hostile sessions lead nowhere.
    for id in ["", "a", "../../etc", "é"] {
        assert!(Image::open(&made.path("none"), Some(id), &made.search()).is_err());
    }
}

/// A small program with everything in it.
fn sample() -> Vec<u8> {
    static SAMPLE: std::sync::OnceLock<Vec<u8>> = std::sync::OnceLock::new();
    let make = || {
        let made = Made::new();
        fs::read(made.compile("a.c", C, &["-g", "-nostartfiles", "-Wl,-e,main"])).unwrap()
    };
    SAMPLE.get_or_init(make).clone()
}

proptest! {
    #[test]
    fn damaged_files_never_panic(changes in prop::collection::vec((any::<u16>(), any::<u8>()), 1..40), cut in any::<u16>()) {
        let mut bytes = sample();
        for (at, byte) in changes {
            let at = usize::from(at) % bytes.len();
            bytes[at] = byte;
        }
        bytes.truncate(bytes.len() - usize::from(cut % 64));
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), bytes).unwrap();
        let nowhere = Search { debug: Vec::new(), caches: Vec::new() };
        if let Ok(image) = Image::open(file.path(), None, &nowhere) {
            for address in (0..0x3000).step_by(7) {
                image.places(Address::File(address));
            }
        }
    }
}
