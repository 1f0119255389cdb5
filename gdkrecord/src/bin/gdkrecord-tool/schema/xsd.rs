//! The XML Schema (1.0) of `dump --format xml`.

use std::fmt::Write;

use gdkrecord::field::FieldType;
use gdkrecord::{KINDS, Kind};
use quick_xml::escape::escape;

use crate::export::{Column, HEADER, PARTS, WINDOW, XML_FORMAT};

/// The schema, as it is shipped.
pub fn schema() -> String {
    let mut out = String::from(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <!-- For the XML that gdkrecord-tool dump writes. All times are CLOCK_MONOTONIC nanoseconds. -->\n\
         <xs:schema xmlns:xs=\"http://www.w3.org/2001/XMLSchema\" elementFormDefault=\"qualified\">\n",
    );
    let kinds: Vec<_> = KINDS.iter().filter(|kind| kind.name != "string").collect();
    // Writing to a String cannot fail.
    let _ = root(&mut out, &kinds);
    for kind in kinds {
        let _ = event(&mut out, kind);
    }
    out.push_str(RECT);
    out.push_str("</xs:schema>\n");
    out
}

const RECT: &str = "\
<xs:complexType name=\"rect\">
 <xs:attribute name=\"x\" type=\"xs:short\" use=\"required\"/>
 <xs:attribute name=\"y\" type=\"xs:short\" use=\"required\"/>
 <xs:attribute name=\"width\" type=\"xs:unsignedShort\" use=\"required\"/>
 <xs:attribute name=\"height\" type=\"xs:unsignedShort\" use=\"required\"/>
</xs:complexType>
";

fn root(out: &mut String, kinds: &[&Kind]) -> std::fmt::Result {
    out.push_str("<xs:element name=\"gdkrecord\">\n<xs:complexType>\n<xs:sequence>\n");
    out.push_str("<xs:element name=\"recording\">\n<xs:complexType>\n<xs:sequence>\n");
    let many = "minOccurs=\"0\" maxOccurs=\"unbounded\"";
    let pair = |out: &mut String, name: &str, attributes: [(&str, FieldType); 2]| -> std::fmt::Result {
        writeln!(out, "<xs:element name=\"{name}\" {many}>\n<xs:complexType>")?;
        for (name, of) in attributes {
            attribute(out, name, of, "", true)?;
        }
        out.push_str("</xs:complexType>\n</xs:element>\n");
        Ok(())
    };
    pair(out, "fact", [("name", FieldType::Text), ("value", FieldType::Text)])?;
    for part in PARTS {
        writeln!(out, "<xs:element name=\"{}\" {many}>\n<xs:complexType>", part.kind)?;
        fields(out, Kind::by_name(part.kind))?;
        out.push_str("</xs:complexType>\n</xs:element>\n");
    }
    writeln!(out, "<xs:element name=\"window\" {many}>\n<xs:complexType>")?;
    columns(out, WINDOW)?;
    out.push_str("</xs:complexType>\n</xs:element>\n");
    pair(out, "dropped", [("kind", FieldType::Text), ("count", FieldType::Uint(8))])?;
    out.push_str("</xs:sequence>\n");
    columns(out, HEADER)?;
    out.push_str("</xs:complexType>\n</xs:element>\n");
    writeln!(out, "<xs:element name=\"events\">\n<xs:complexType>\n<xs:choice {many}>")?;
    for kind in kinds {
        writeln!(out, "<xs:element name=\"{0}\" type=\"{0}\"/>", kind.name)?;
    }
    out.push_str("</xs:choice>\n</xs:complexType>\n</xs:element>\n");
    out.push_str("<xs:element name=\"diagnostics\">\n<xs:complexType>\n<xs:sequence>\n");
    writeln!(out, "<xs:element name=\"diagnostic\" type=\"xs:string\" {many}/>")?;
    out.push_str("</xs:sequence>\n</xs:complexType>\n</xs:element>\n</xs:sequence>\n");
    writeln!(out, "<xs:attribute name=\"format\" use=\"required\" fixed=\"{}\"/>", XML_FORMAT.0)?;
    writeln!(out, "<xs:attribute name=\"version\" use=\"required\" fixed=\"{}\"/>", XML_FORMAT.1)?;
    out.push_str("</xs:complexType>\n</xs:element>\n");
    Ok(())
}

fn event(out: &mut String, kind: &Kind) -> std::fmt::Result {
    writeln!(out, "<xs:complexType name=\"{}\">", kind.name)?;
    document(out, kind.doc)?;
    if kind.fields.iter().any(|field| field.of == FieldType::Rects) {
        out.push_str(
            "<xs:sequence>\n<xs:element name=\"rect\" type=\"rect\" minOccurs=\"0\" maxOccurs=\"unbounded\"/>\n\
             </xs:sequence>\n",
        );
    }
    attribute(out, "time", FieldType::Uint(8), "", true)?;
    attribute(out, "offset", FieldType::Int(8), "Nanoseconds since the start.", true)?;
    attribute(out, "thread", FieldType::Uint(2), "", true)?;
    fields(out, Some(kind))?;
    out.push_str("</xs:complexType>\n");
    Ok(())
}

fn fields(out: &mut String, kind: Option<&Kind>) -> std::fmt::Result {
    for field in kind.into_iter().flat_map(|kind| kind.fields).filter(|field| field.of != FieldType::Rects) {
        let always = !matches!(field.of, FieldType::Span | FieldType::Float | FieldType::Int(_));
        attribute(out, field.name, field.of, field.doc, always)?;
    }
    Ok(())
}

fn columns<T>(out: &mut String, columns: &[Column<T>]) -> std::fmt::Result {
    columns.iter().try_for_each(|column| attribute(out, column.name, column.of, "", false))
}

fn document(out: &mut String, doc: &str) -> std::fmt::Result {
    if doc.is_empty() {
        return Ok(());
    }
    writeln!(out, "<xs:annotation><xs:documentation>{}</xs:documentation></xs:annotation>", escape(doc))
}

fn attribute(out: &mut String, name: &str, of: FieldType, doc: &str, always: bool) -> std::fmt::Result {
    let required = if always { " use=\"required\"" } else { "" };
    let base = match of {
        FieldType::Bool => "boolean",
        FieldType::Uint(1) => "unsignedByte",
        FieldType::Uint(2) => "unsignedShort",
        FieldType::Uint(4) => "unsignedInt",
        FieldType::Uint(_) | FieldType::Span => "unsignedLong",
        FieldType::Int(2) => "short",
        FieldType::Int(4) => "int",
        FieldType::Int(_) => "long",
        FieldType::Float => "float",
        FieldType::Text | FieldType::Bytes | FieldType::Rects | FieldType::Name(_) => "string",
    };
    let FieldType::Name(names) = of else {
        write!(out, "<xs:attribute name=\"{name}\" type=\"xs:{base}\"{required}>")?;
        document(out, doc)?;
        out.push_str("</xs:attribute>\n");
        return Ok(());
    };
    writeln!(out, "<xs:attribute name=\"{name}\"{required}>")?;
    document(out, doc)?;
    writeln!(out, "<xs:simpleType>\n<xs:restriction base=\"xs:string\">")?;
    for name in names {
        writeln!(out, "<xs:enumeration value=\"{name}\"/>")?;
    }
    out.push_str("</xs:restriction>\n</xs:simpleType>\n</xs:attribute>\n");
    Ok(())
}
