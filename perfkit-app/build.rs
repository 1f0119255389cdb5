//! Puts what the program brings along into one file, which is linked in.

fn main() {
    glib_build_tools::compile_resources(&["../data/icons"], "resources.gresource.xml", "perfkit.gresource");
}
