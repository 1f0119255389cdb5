//! Links the loader so that GIO's unloading does not unmap it, without symbols that nobody reads.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    for argument in ["-Wl,-z,nodelete", "-Wl,-z,now", "-Wl,--gc-sections", "-Wl,-s"] {
        println!("cargo:rustc-cdylib-link-arg={argument}");
    }
}
