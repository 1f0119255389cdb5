//! Treemaps as SVG: the layout and the labels of [`gdkrecord::draw::treemap`], whose cairo drawing the window has.

use std::fmt::Write;

use gdkrecord::draw::Area;
use gdkrecord::draw::palette::CATEGORIES;
use gdkrecord::draw::treemap::{Frame, Tree, labels, layout};

use super::escape::esc;

/// Writes a tree in an area of this size; `about` is what it shows, in words.
pub fn draw(tree: &Tree, (width, height): (f64, f64), about: &str, out: &mut String) {
    let layout = layout(tree, Area::new(0.0, 0.0, width, height), Frame::HEADED);
    let labels = labels(tree, &layout);
    let _ = writeln!(
        out,
        "<figure><svg class=\"map\" viewBox=\"0 0 {width} {height}\" role=\"img\" aria-label=\"{}\" \
         xmlns=\"http://www.w3.org/2000/svg\">",
        esc(about)
    );
    let mut labels = labels.iter().peekable();
    for (at, cell) in layout.cells().iter().enumerate().skip(1) {
        let node = &tree.nodes()[cell.node as usize];
        let class = if cell.is_group() { "h" } else { "k" };
        let group = node.group as usize % CATEGORIES;
        // The edge between cells is what is left free.
        let edge = if cell.area.width > 3.0 && cell.area.height > 3.0 { 1.0 } else { 0.0 };
        let _ = write!(
            out,
            "<g><title>{}: {}</title><rect class=\"{class}{group}\" x=\"{:.2}\" y=\"{:.2}\" width=\"{:.2}\" \
             height=\"{:.2}\"/>",
            esc(&node.name),
            esc(&node.value),
            cell.area.x,
            cell.area.y,
            cell.area.width - edge,
            cell.area.height - edge,
        );
        while let Some(label) = labels.next_if(|label| label.cell == at) {
            let class = match (label.bold, label.dim) {
                (true, _) => " class=\"head\"",
                (false, true) => " class=\"value\"",
                (false, false) => "",
            };
            // Whatever font the reader has, the text takes the room that it was given.
            let _ = write!(
                out,
                "<text{class} x=\"{:.1}\" y=\"{:.1}\" textLength=\"{:.1}\" lengthAdjust=\"spacingAndGlyphs\">{}</text>",
                label.area.x,
                label.baseline,
                label.area.width,
                esc(&label.text)
            );
        }
        out.push_str("</g>\n");
    }
    let _ =
        writeln!(out, "</svg><figcaption>{}; {} in all</figcaption></figure>", esc(about), esc(&tree.nodes()[0].value));
}
