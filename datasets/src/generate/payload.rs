//! What devices sign: random bytes, or measurements as SenML (RFC 8428) in JSON or CBOR.

use std::fmt::Write;

use rand_chacha::rand_core::Rng;

use super::below;

/// The shape of the messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MessageShape {
    /// Random bytes of one length.
    Fixed(u32),
    /// Random bytes of a length between these, both included.
    Range(u32, u32),
    /// A SenML pack in JSON: the device's URN, a time, and one to six measurements.
    SenmlJson,
    /// The same in CBOR.
    SenmlCbor,
}

/// Quantities with their units (RFC 8428 section 12.1), a lowest value and a span, in tenths.
const QUANTITIES: [(&str, &str, u32, u32); 6] = [
    ("temperature", "Cel", 150, 150),
    ("humidity", "%RH", 200, 700),
    ("pressure", "Pa", 980_000, 60_000),
    ("voltage", "V", 2200, 200),
    ("power", "W", 0, 25_000),
    ("battery", "%EL", 50, 950),
];
/// No SenML message is longer; a test sees to it.
const MAX_SENML: u32 = 512;
/// The time of the first message, a second before the next: 2026-01-01.
const START: u64 = 1_767_225_600;

impl MessageShape {
    /// The least and the largest size.
    pub(super) fn sizes(self) -> (u32, u32) {
        match self {
            Self::Fixed(size) => (size, size),
            Self::Range(least, most) => (least, most),
            Self::SenmlJson | Self::SenmlCbor => (0, MAX_SENML),
        }
    }

    /// The message of an item.
    pub(super) fn message(self, index: u64, share: usize, device: u32, rng: &mut impl Rng) -> Vec<u8> {
        match self {
            Self::Fixed(_) | Self::Range(..) => {
                let (least, most) = self.sizes();
                let size = u64::from(least) + below(rng, u64::from(most - least) + 1);
                let mut bytes = vec![0; size as usize];
                rng.fill_bytes(&mut bytes);
                bytes
            }
            Self::SenmlJson => Pack::new(index, share, device, rng).json(),
            Self::SenmlCbor => Pack::new(index, share, device, rng).cbor(),
        }
    }
}

/// A SenML pack.
struct Pack {
    /// A device URN (RFC 9039), with the colon that separates it from the names of the records.
    base_name: String,
    base_time: u64,
    /// Name, unit, and value in tenths.
    records: Vec<(&'static str, &'static str, u32)>,
}

impl Pack {
    fn new(index: u64, share: usize, device: u32, rng: &mut impl Rng) -> Self {
        let count = 1 + below(rng, QUANTITIES.len() as u64) as usize;
        let first = below(rng, QUANTITIES.len() as u64) as usize;
        let records = (0..count).map(|i| {
            let (name, unit, lowest, span) = QUANTITIES[(first + i) % QUANTITIES.len()];
            (name, unit, lowest + below(rng, u64::from(span) + 1) as u32)
        });
        Self {
            // A locally administered EUI-64.
            base_name: format!("urn:dev:mac:02{:02x}0000{device:08x}:", share & 0xff),
            base_time: START.wrapping_add(index),
            records: records.collect(),
        }
    }

    fn json(&self) -> Vec<u8> {
        let mut text = String::from("[");
        for (i, (name, unit, tenths)) in self.records.iter().enumerate() {
            text.push_str(if i == 0 { "{" } else { ",{" });
            if i == 0 {
                write!(text, r#""bn":"{}","bt":{},"#, self.base_name, self.base_time)
                    .expect("a String takes all text");
            }
            write!(text, r#""n":"{name}","u":"{unit}","v":{}.{}}}"#, tenths / 10, tenths % 10)
                .expect("a String takes all text");
        }
        text.push(']');
        text.into_bytes()
    }

    fn cbor(&self) -> Vec<u8> {
        let mut out = Vec::new();
        head(&mut out, ARRAY, self.records.len() as u64);
        for (i, (name, unit, tenths)) in self.records.iter().enumerate() {
            head(&mut out, MAP, if i == 0 { 5 } else { 3 });
            if i == 0 {
                // Labels −2 and −3 are bn and bt, 0 to 2 are n, u and v (RFC 8428 section 6).
                head(&mut out, NEGATIVE, 1);
                text(&mut out, &self.base_name);
                head(&mut out, NEGATIVE, 2);
                head(&mut out, UNSIGNED, self.base_time);
            }
            head(&mut out, UNSIGNED, 0);
            text(&mut out, name);
            head(&mut out, UNSIGNED, 1);
            text(&mut out, unit);
            head(&mut out, UNSIGNED, 2);
            out.push(DOUBLE);
            out.extend((f64::from(*tenths) / 10.0).to_be_bytes());
        }
        out
    }
}

/// Major types of CBOR (RFC 8949 section 3.1).
const UNSIGNED: u8 = 0 << 5;
const NEGATIVE: u8 = 1 << 5;
const TEXT: u8 = 3 << 5;
const ARRAY: u8 = 4 << 5;
const MAP: u8 = 5 << 5;
const DOUBLE: u8 = 0xfb;

/// A head in its shortest form.
fn head(out: &mut Vec<u8>, major: u8, value: u64) {
    match value {
        0..24 => out.push(major | value as u8),
        24..0x100 => out.extend([major | 24, value as u8]),
        0x100..0x1_0000 => {
            out.push(major | 25);
            out.extend((value as u16).to_be_bytes());
        }
        0x1_0000..0x1_0000_0000 => {
            out.push(major | 26);
            out.extend((value as u32).to_be_bytes());
        }
        _ => {
            out.push(major | 27);
            out.extend(value.to_be_bytes());
        }
    }
}

fn text(out: &mut Vec<u8>, text: &str) {
    head(out, TEXT, text.len() as u64);
    out.extend(text.as_bytes());
}

#[cfg(test)]
mod tests {
    use rand_chacha::ChaCha8Rng;
    use rand_chacha::rand_core::SeedableRng;

    use super::*;

    fn pack() -> Pack {
        Pack {
            base_name: "urn:dev:mac:02010000000000ff:".into(),
            base_time: START,
            records: vec![("temperature", "Cel", 215), ("humidity", "%RH", 400)],
        }
    }

    #[test]
    fn senml_in_json() {
        let text = r#"[{"bn":"urn:dev:mac:02010000000000ff:","bt":1767225600,"n":"temperature","u":"Cel","v":21.5},{"n":"humidity","u":"%RH","v":40.0}]"#;
        assert_eq!(String::from_utf8(pack().json()).unwrap(), text);
    }

    #[test]
    fn senml_in_cbor() {
        let cbor = [
            "82a521781d75726e3a6465763a6d61633a303230313030303030303030303066663a221a6955b900",
            "006b74656d7065726174757265016343656c02fb4035800000000000a3006868756d696469747901",
            "6325524802fb4044000000000000",
        ]
        .concat();
        assert_eq!(hex::encode(pack().cbor()), cbor);
    }

    #[test]
    fn sizes_hold() {
        let mut rng = ChaCha8Rng::from_seed([1; 32]);
        for shape in [
            MessageShape::SenmlJson,
            MessageShape::SenmlCbor,
            MessageShape::Fixed(0),
            MessageShape::Fixed(7),
            MessageShape::Range(3, 5),
        ] {
            let (least, most) = shape.sizes();
            for index in 0..1000 {
                let size = shape.message(index << 20, 255, u32::MAX, &mut rng).len();
                assert!((least as usize..=most as usize).contains(&size), "{shape:?}: {size}");
            }
        }
        let json = MessageShape::SenmlJson.message(0, 0, 0, &mut rng);
        assert!(serde_json::from_slice::<serde_json::Value>(&json).is_ok());
    }
}
