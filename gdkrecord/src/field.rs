//! The types a record's fields can have: how each lies in the file, and how each reads once names are resolved.
//!
//! A field has two faces. [`Wire`] is what the hot path stores: fixed-size numbers, and texts as ids.
//! [`Field`] is what a reader hands out: the same numbers, with texts in words. [`Value`] is the one form in
//! which exporters, filters and importers see any field.

use std::sync::Arc;

/// One field's value, whatever its type: what every exporter prints and every importer reads.
#[derive(Clone, Debug, PartialEq)]
pub enum Value<'a> {
    /// Not known, or not applicable: JSON null, an empty CSV cell, an absent XML attribute.
    None,
    /// A truth value.
    Bool(bool),
    /// A signed number.
    Int(i64),
    /// An unsigned number; for [`Span`] it is nanoseconds.
    Uint(u64),
    /// A coordinate or factor.
    Float(f32),
    /// A text, or the name of a member of a closed set.
    Text(&'a str),
    /// Rectangles in window coordinates.
    Rects(&'a [Rect]),
}

/// The type of a field, as schemas and documentation need it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldType {
    /// true or false, one byte.
    Bool,
    /// An unsigned number of so many bytes.
    Uint(u8),
    /// A signed number of so many bytes.
    Int(u8),
    /// A 32-bit IEEE float; NaN is unknown.
    Float,
    /// Nanoseconds in the 32-bit form of [`Span`].
    Span,
    /// A 32-bit id of an interned text.
    Text,
    /// A member of a closed set, one byte; the names are given.
    Name(&'static [&'static str]),
    /// A 16-bit count and so many rectangles of 8 bytes.
    Rects,
    /// A 16-bit length and so many bytes of UTF-8.
    Bytes,
}

/// A type as it lies in the file: little-endian, without padding.
pub trait Wire: Sized {
    /// Bytes of the type's fixed part.
    const SIZE: usize;
    /// Bytes of this value.
    #[inline(always)]
    fn size(&self) -> usize {
        Self::SIZE
    }
    /// Writes the value at the start of `out`, which has at least [`Wire::size`] bytes.
    fn put(&self, out: &mut [u8]);
    /// Takes a value from the start of `input`; `None` where it is too short or holds no such value.
    fn take(input: &mut &[u8]) -> Option<Self>;
    /// The value of a field that an older writer did not write.
    fn absent() -> Self;
}

/// A field of a decoded event.
pub trait Field: Sized {
    /// Its form in the file.
    type Raw: Wire;
    /// Its type, for schemas.
    const TYPE: FieldType;
    /// From the file's form, with the texts that the file defines.
    fn resolve(raw: Self::Raw, names: &dyn Names) -> Self;
    /// Back to the file's form, with ids given by `names`.
    fn raw(&self, names: &mut dyn Intern) -> Self::Raw;
    /// For exporters.
    fn value(&self) -> Value<'_>;
    /// From an importer; `None` where the value is not one of this type.
    fn parse(value: &Value<'_>) -> Option<Self>;
}

/// The texts of a file, by id.
pub trait Names {
    /// The text with this id; an unknown one reads `?ID` and is reported as a diagnostic.
    fn text(&self, id: u32) -> Text;
}

/// Gives texts their ids.
pub trait Intern {
    /// The id of `text`; the empty text is 0.
    fn intern(&mut self, text: &str) -> u32;
}

macro_rules! numbers {
    ($($type:ty: $variant:ident as $wide:ty, $kind:expr;)*) => {$(
        impl Wire for $type {
            const SIZE: usize = size_of::<$type>();
            #[inline(always)]
            fn put(&self, out: &mut [u8]) {
                out[..Self::SIZE].copy_from_slice(&self.to_le_bytes());
            }
            #[inline(always)]
            fn take(input: &mut &[u8]) -> Option<Self> {
                Some(<$type>::from_le_bytes(*input.split_off(..Self::SIZE)?.first_chunk()?))
            }
            fn absent() -> Self {
                0 as $type
            }
        }
        impl Field for $type {
            type Raw = $type;
            const TYPE: FieldType = $kind;
            fn resolve(raw: $type, _: &dyn Names) -> Self {
                raw
            }
            fn raw(&self, _: &mut dyn Intern) -> $type {
                *self
            }
            fn value(&self) -> Value<'_> {
                Value::$variant(<$wide>::from(*self))
            }
            fn parse(value: &Value<'_>) -> Option<Self> {
                match *value {
                    Value::Int(number) => <$type>::try_from(number).ok(),
                    Value::Uint(number) => <$type>::try_from(number).ok(),
                    _ => None,
                }
            }
        }
    )*};
}

numbers! {
    u8: Uint as u64, FieldType::Uint(1);
    u16: Uint as u64, FieldType::Uint(2);
    u32: Uint as u64, FieldType::Uint(4);
    u64: Uint as u64, FieldType::Uint(8);
    i16: Int as i64, FieldType::Int(2);
    i32: Int as i64, FieldType::Int(4);
    i64: Int as i64, FieldType::Int(8);
}

/// A whole number that may be unknown; the smallest `i32` stands for that in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Maybe(pub Option<i32>);

impl Wire for Maybe {
    const SIZE: usize = 4;
    #[inline(always)]
    fn put(&self, out: &mut [u8]) {
        self.0.unwrap_or(i32::MIN).put(out);
    }
    fn take(input: &mut &[u8]) -> Option<Self> {
        i32::take(input).map(|number| Maybe((number != i32::MIN).then_some(number)))
    }
    fn absent() -> Self {
        Maybe(None)
    }
}

impl Field for Maybe {
    type Raw = Maybe;
    const TYPE: FieldType = FieldType::Int(4);
    fn resolve(raw: Maybe, _: &dyn Names) -> Self {
        raw
    }
    fn raw(&self, _: &mut dyn Intern) -> Maybe {
        *self
    }
    fn value(&self) -> Value<'_> {
        self.0.map_or(Value::None, |number| Value::Int(number.into()))
    }
    fn parse(value: &Value<'_>) -> Option<Self> {
        match value {
            Value::None => Some(Maybe(None)),
            other => match i32::parse(other)? {
                i32::MIN => None,
                number => Some(Maybe(Some(number))),
            },
        }
    }
}

impl Wire for bool {
    const SIZE: usize = 1;
    #[inline(always)]
    fn put(&self, out: &mut [u8]) {
        out[0] = u8::from(*self);
    }
    fn take(input: &mut &[u8]) -> Option<Self> {
        u8::take(input).map(|byte| byte != 0)
    }
    fn absent() -> Self {
        false
    }
}

impl Field for bool {
    type Raw = bool;
    const TYPE: FieldType = FieldType::Bool;
    fn resolve(raw: bool, _: &dyn Names) -> Self {
        raw
    }
    fn raw(&self, _: &mut dyn Intern) -> bool {
        *self
    }
    fn value(&self) -> Value<'_> {
        Value::Bool(*self)
    }
    fn parse(value: &Value<'_>) -> Option<Self> {
        match value {
            Value::Bool(truth) => Some(*truth),
            _ => None,
        }
    }
}

/// A coordinate or factor; NaN in the file is unknown, and every NaN is the same one.
#[derive(Clone, Copy, Debug)]
pub struct Real(pub f32);

impl Real {
    /// Not known.
    pub const UNKNOWN: Real = Real(f32::NAN);

    /// The number, where it is known.
    pub fn known(self) -> Option<f32> {
        (!self.0.is_nan()).then_some(self.0)
    }
}

impl From<f64> for Real {
    fn from(number: f64) -> Self {
        Real(number as f32)
    }
}

impl PartialEq for Real {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0 || (self.0.is_nan() && other.0.is_nan())
    }
}

impl Wire for Real {
    const SIZE: usize = 4;
    #[inline(always)]
    fn put(&self, out: &mut [u8]) {
        out[..4].copy_from_slice(&self.0.to_le_bytes());
    }
    fn take(input: &mut &[u8]) -> Option<Self> {
        Some(Real(f32::from_le_bytes(*input.split_off(..4)?.first_chunk()?)))
    }
    fn absent() -> Self {
        Real::UNKNOWN
    }
}

impl Field for Real {
    type Raw = Real;
    const TYPE: FieldType = FieldType::Float;
    fn resolve(raw: Real, _: &dyn Names) -> Self {
        // Infinity is no coordinate, and JSON has no word for it.
        if raw.0.is_finite() { raw } else { Real::UNKNOWN }
    }
    fn raw(&self, _: &mut dyn Intern) -> Real {
        *self
    }
    fn value(&self) -> Value<'_> {
        self.known().map_or(Value::None, Value::Float)
    }
    fn parse(value: &Value<'_>) -> Option<Self> {
        match *value {
            Value::None => Some(Real::UNKNOWN),
            Value::Float(number) => Some(Real(number)),
            Value::Int(number) => Some(Real(number as f32)),
            Value::Uint(number) => Some(Real(number as f32)),
            _ => None,
        }
    }
}

/// A length of time in nanoseconds, in 32 bits.
///
/// The low 27 bits are a number, the high 5 bits say how far it is shifted left. Up to 134 ms it is exact;
/// beyond, it is right to 1.5e-8 of itself, up to nine years. All ones mean that it is not known: what is
/// measured has not ended (a dispatch in flight when the process was killed), or could not be measured.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Span(u32);

impl Span {
    /// Not ended, or not known.
    pub const UNKNOWN: Span = Span(u32::MAX);
    const BITS: u32 = 27;

    /// The nearest span not longer than `ns` nanoseconds.
    #[inline(always)]
    pub fn from_ns(ns: u64) -> Span {
        let width = u64::BITS - ns.leading_zeros();
        let shift = width.saturating_sub(Self::BITS);
        if shift > 31 {
            return Span(u32::MAX - 1);
        }
        let span = (shift << Self::BITS) | (ns >> shift) as u32;
        Span(if span == u32::MAX { span - 1 } else { span })
    }

    /// Nanoseconds; `None` where it is not known.
    #[inline(always)]
    pub fn ns(self) -> Option<u64> {
        (self.0 != u32::MAX).then(|| u64::from(self.0 & ((1 << Self::BITS) - 1)) << (self.0 >> Self::BITS))
    }

    /// Nanoseconds, an unknown span as none.
    pub fn ns_or_zero(self) -> u64 {
        self.ns().unwrap_or(0)
    }

    /// The bits as they lie in the file.
    #[inline(always)]
    pub fn bits(self) -> u32 {
        self.0
    }
}

impl std::fmt::Debug for Span {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.ns() {
            Some(ns) => write!(f, "{ns} ns"),
            None => f.write_str("unknown"),
        }
    }
}

impl Wire for Span {
    const SIZE: usize = 4;
    #[inline(always)]
    fn put(&self, out: &mut [u8]) {
        self.0.put(out);
    }
    fn take(input: &mut &[u8]) -> Option<Self> {
        u32::take(input).map(Span)
    }
    fn absent() -> Self {
        Span::UNKNOWN
    }
}

impl Field for Span {
    type Raw = Span;
    const TYPE: FieldType = FieldType::Span;
    fn resolve(raw: Span, _: &dyn Names) -> Self {
        // One span has one form: a writer other than ours may shift further than it needs to.
        raw.ns().map_or(Span::UNKNOWN, Span::from_ns)
    }
    fn raw(&self, _: &mut dyn Intern) -> Span {
        *self
    }
    fn value(&self) -> Value<'_> {
        self.ns().map_or(Value::None, Value::Uint)
    }
    fn parse(value: &Value<'_>) -> Option<Self> {
        match *value {
            Value::None => Some(Span::UNKNOWN),
            Value::Uint(ns) => Some(Span::from_ns(ns)),
            Value::Int(ns) => u64::try_from(ns).ok().map(Span::from_ns),
            _ => None,
        }
    }
}

/// A text of the recording, shared by all events that mention it.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Text(pub Arc<str>);

impl std::ops::Deref for Text {
    type Target = str;
    fn deref(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Text {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?}", &*self.0)
    }
}

impl std::fmt::Display for Text {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        Text(text.into())
    }
}

/// The id of an interned text; 0 is the empty text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Hash)]
pub struct TextId(pub u32);

impl Wire for TextId {
    const SIZE: usize = 4;
    #[inline(always)]
    fn put(&self, out: &mut [u8]) {
        self.0.put(out);
    }
    fn take(input: &mut &[u8]) -> Option<Self> {
        u32::take(input).map(TextId)
    }
    fn absent() -> Self {
        TextId(0)
    }
}

impl Field for Text {
    type Raw = TextId;
    const TYPE: FieldType = FieldType::Text;
    fn resolve(raw: TextId, names: &dyn Names) -> Self {
        names.text(raw.0)
    }
    fn raw(&self, names: &mut dyn Intern) -> TextId {
        TextId(names.intern(self))
    }
    fn value(&self) -> Value<'_> {
        Value::Text(self)
    }
    fn parse(value: &Value<'_>) -> Option<Self> {
        match value {
            Value::Text(text) => Some(Text::from(*text)),
            Value::None => Some(Text::from("")),
            _ => None,
        }
    }
}

/// A text that lies in the record itself; used where texts are defined.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Bytes(pub String);

/// The most bytes a text in the file has; a longer one is cut at a character and ends in an ellipsis.
pub const TEXT_MAX: usize = 8192;

impl Wire for Bytes {
    const SIZE: usize = 2;
    fn size(&self) -> usize {
        2 + self.0.len()
    }
    fn put(&self, out: &mut [u8]) {
        // Texts are cut to TEXT_MAX before they come here, so the length fits.
        (self.0.len() as u16).put(out);
        out[2..2 + self.0.len()].copy_from_slice(self.0.as_bytes());
    }
    fn take(input: &mut &[u8]) -> Option<Self> {
        let length = u16::take(input)?;
        let bytes = input.split_off(..usize::from(length))?;
        Some(Bytes(String::from_utf8_lossy(bytes).into_owned()))
    }
    fn absent() -> Self {
        Bytes(String::new())
    }
}

impl Field for Bytes {
    type Raw = Bytes;
    const TYPE: FieldType = FieldType::Bytes;
    fn resolve(raw: Bytes, _: &dyn Names) -> Self {
        raw
    }
    fn raw(&self, _: &mut dyn Intern) -> Bytes {
        self.clone()
    }
    fn value(&self) -> Value<'_> {
        Value::Text(&self.0)
    }
    fn parse(value: &Value<'_>) -> Option<Self> {
        match value {
            Value::Text(text) => Some(Bytes((*text).to_owned())),
            _ => None,
        }
    }
}

/// A rectangle in the coordinates of its window, in application pixels.
///
/// Sixteen bits a number, as in the X protocol's RECTANGLE; what does not fit is clamped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Rect {
    /// Left edge.
    pub x: i16,
    /// Top edge.
    pub y: i16,
    /// Width.
    pub width: u16,
    /// Height.
    pub height: u16,
}

impl Rect {
    /// Clamps each number to what fits.
    pub fn new(x: i32, y: i32, width: i32, height: i32) -> Rect {
        Rect {
            x: x.clamp(i16::MIN.into(), i16::MAX.into()) as i16,
            y: y.clamp(i16::MIN.into(), i16::MAX.into()) as i16,
            width: width.clamp(0, u16::MAX.into()) as u16,
            height: height.clamp(0, u16::MAX.into()) as u16,
        }
    }

    /// Square pixels.
    pub fn area(self) -> u64 {
        u64::from(self.width) * u64::from(self.height)
    }
}

/// The rectangles of a region: disjoint, as toolkits give them.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Rects(pub Vec<Rect>);

/// The most rectangles one record holds; a finer region is recorded in several records.
pub const RECTS_MAX: usize = 1000;

impl Wire for Rects {
    const SIZE: usize = 2;
    fn size(&self) -> usize {
        2 + 8 * self.0.len().min(RECTS_MAX)
    }
    fn put(&self, out: &mut [u8]) {
        let rects = &self.0[..self.0.len().min(RECTS_MAX)];
        (rects.len() as u16).put(out);
        for (rect, out) in rects.iter().zip(out[2..].chunks_exact_mut(8)) {
            rect.x.put(out);
            rect.y.put(&mut out[2..]);
            rect.width.put(&mut out[4..]);
            rect.height.put(&mut out[6..]);
        }
    }
    fn take(input: &mut &[u8]) -> Option<Self> {
        let count = usize::from(u16::take(input)?);
        let mut bytes = input.split_off(..count * 8)?;
        let mut rects = Vec::with_capacity(count);
        for _ in 0..count {
            rects.push(Rect {
                x: i16::take(&mut bytes)?,
                y: i16::take(&mut bytes)?,
                width: u16::take(&mut bytes)?,
                height: u16::take(&mut bytes)?,
            });
        }
        Some(Rects(rects))
    }
    fn absent() -> Self {
        Rects(Vec::new())
    }
}

impl Field for Rects {
    type Raw = Rects;
    const TYPE: FieldType = FieldType::Rects;
    fn resolve(raw: Rects, _: &dyn Names) -> Self {
        raw
    }
    fn raw(&self, _: &mut dyn Intern) -> Rects {
        self.clone()
    }
    fn value(&self) -> Value<'_> {
        Value::Rects(&self.0)
    }
    fn parse(value: &Value<'_>) -> Option<Self> {
        match value {
            Value::Rects(rects) => Some(Rects(rects.to_vec())),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn span_is_close_and_canonical(ns in any::<u64>()) {
            let span = Span::from_ns(ns);
            let back = span.ns().unwrap();
            prop_assert!(back <= ns);
            if ns < (1 << 57) {
                prop_assert!((ns - back) as f64 <= ns as f64 * 1.5e-8);
            }
            prop_assert_eq!(Span::from_ns(back), span);
        }
    }

    #[test]
    fn span_is_exact_below_134_ms() {
        for ns in [0, 1, 999, (1 << 27) - 1] {
            assert_eq!(Span::from_ns(ns).ns(), Some(ns));
        }
        assert_eq!(Span::UNKNOWN.ns(), None);
    }
}
