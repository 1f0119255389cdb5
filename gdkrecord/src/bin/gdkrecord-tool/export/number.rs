//! Numbers into a line, without allocating.

use std::io::Write;

/// Appends a number in decimal.
pub fn push_u64(out: &mut Vec<u8>, mut n: u64) {
    let mut digits = [0u8; 20];
    let mut at = digits.len();
    loop {
        at -= 1;
        digits[at] = b'0' + (n % 10) as u8;
        n /= 10;
        if n == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[at..]);
}

/// Appends a signed number in decimal.
pub fn push_i64(out: &mut Vec<u8>, n: i64) {
    if n < 0 {
        out.push(b'-');
    }
    push_u64(out, n.unsigned_abs());
}

/// Appends a coordinate or factor: the shortest digits that read back to the same.
pub fn push_f32(out: &mut Vec<u8>, x: f32) {
    let whole = x as i32;
    if whole as f32 == x && whole.abs() < 1 << 24 && !(x == 0.0 && x.is_sign_negative()) {
        push_i64(out, whole.into());
    } else {
        // Writing to a Vec cannot fail.
        let _ = write!(out, "{x}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_those_of_the_standard_library() {
        for n in [0, 7, -7, 10, i64::MAX, i64::MIN] {
            let mut out = Vec::new();
            push_i64(&mut out, n);
            assert_eq!(out, n.to_string().as_bytes());
        }
        for x in [0.0f32, -0.0, 1.5, -3.0, 1e30, f32::MIN_POSITIVE, 16_777_216.0, 0.1] {
            let mut out = Vec::new();
            push_f32(&mut out, x);
            let back: f32 = String::from_utf8(out).unwrap().parse().unwrap();
            assert_eq!(back.to_bits(), x.to_bits());
        }
    }
}
