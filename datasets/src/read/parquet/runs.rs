//! Parquet's hybrid of run-length encoding and bit packing, in which definition levels and dictionary indices are
//! written.

use bytes::Bytes;

/// Decodes small integers. What the headers of runs declare reserves no memory: a caller asks for as many values as it
/// has room for, and an encoding that holds fewer is an error.
#[derive(Debug)]
pub(super) struct Runs {
    data: Bytes,
    /// Where the header of the next run lies.
    next: usize,
    /// Bits of a value, at most 32.
    width: u32,
    run: Run,
}

#[derive(Debug, Clone, Copy)]
enum Run {
    /// One value, so many times.
    Repeated { value: u32, left: usize },
    /// Values from this bit of the data on.
    Packed { bit: usize, left: usize },
}

impl Runs {
    pub(super) fn new(data: Bytes, width: u8) -> Result<Self, String> {
        if width > 32 {
            return Err(format!("integers of {width} bits, where at most 32 are possible"));
        }
        Ok(Self { data, next: 0, width: width.into(), run: Run::Repeated { value: 0, left: 0 } })
    }

    /// Values of one bit without headers: definition levels in the encoding BIT_PACKED, which old writers used.
    pub(super) fn bits(data: Bytes) -> Self {
        let left = data.len().saturating_mul(8);
        Self { next: data.len(), data, width: 1, run: Run::Packed { bit: 0, left } }
    }

    /// Replaces `out` by the next `count` values.
    pub(super) fn read(&mut self, count: usize, out: &mut Vec<u32>) -> Result<(), String> {
        out.clear();
        while out.len() < count {
            let wanted = count - out.len();
            match &mut self.run {
                Run::Repeated { left: 0, .. } | Run::Packed { left: 0, .. } => self.next_run()?,
                Run::Repeated { value, left } => {
                    let take = wanted.min(*left);
                    out.resize(out.len() + take, *value);
                    *left -= take;
                }
                Run::Packed { bit, left } => {
                    let take = wanted.min(*left);
                    let (start, width) = (*bit, self.width);
                    out.extend((0..take).map(|at| unpack(&self.data, start + at * width as usize, width)));
                    *bit += take * width as usize;
                    *left -= take;
                }
            }
        }
        Ok(())
    }

    /// How many of `count` values are not 0, whatever was read so far.
    pub(super) fn count_set(&self, count: usize) -> Result<usize, String> {
        const PIECE: usize = 1024;
        let mut runs = Self { data: self.data.clone(), ..*self };
        let (mut values, mut set, mut left) = (Vec::new(), 0, count);
        while left > 0 {
            // A run of any length is counted at once, since a few bytes can declare billions of values.
            if let Run::Repeated { value, left: repeated } = &mut runs.run
                && *repeated > PIECE
            {
                let take = left.min(*repeated);
                set += if *value == 0 { 0 } else { take };
                (*repeated, left) = (*repeated - take, left - take);
                continue;
            }
            if matches!(runs.run, Run::Repeated { left: 0, .. } | Run::Packed { left: 0, .. }) {
                runs.next_run()?;
                continue;
            }
            let take = left.min(PIECE).min(match runs.run {
                Run::Repeated { left, .. } | Run::Packed { left, .. } => left,
            });
            runs.read(take, &mut values)?;
            set += values.iter().filter(|value| **value != 0).count();
            left -= take;
        }
        Ok(set)
    }

    /// Reads the header of the next run.
    fn next_run(&mut self) -> Result<(), String> {
        let header = self.header()?;
        let declared = usize::try_from(header >> 1).unwrap_or(usize::MAX);
        self.run = if header & 1 == 1 {
            // Groups of eight values. The last one may be cut off behind the last value that counts.
            let bit = self.next * 8;
            let bytes = declared.saturating_mul(self.width as usize).min(self.data.len() - self.next);
            self.next += bytes;
            let left = match (bytes * 8).checked_div(self.width as usize) {
                Some(fit) => declared.saturating_mul(8).min(fit),
                None => declared.saturating_mul(8),
            };
            Run::Packed { bit, left }
        } else {
            let bytes = self.width.div_ceil(8) as usize;
            let value = self.data.get(self.next..self.next + bytes).ok_or("a run without its value")?;
            self.next += bytes;
            let value = value.iter().rev().fold(0, |value, &byte| value << 8 | u32::from(byte));
            Run::Repeated { value, left: declared }
        };
        Ok(())
    }

    fn header(&mut self) -> Result<u64, String> {
        let mut header = 0u64;
        for shift in (0..64).step_by(7) {
            let &byte = self.data.get(self.next).ok_or("fewer values than declared")?;
            self.next += 1;
            header |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(header);
            }
        }
        Err("a run whose length has no end".to_owned())
    }
}

/// The value of `width` bits from this bit on; bits behind the end are 0.
fn unpack(data: &[u8], bit: usize, width: u32) -> u32 {
    let rest = data.get(bit / 8..).unwrap_or(&[]);
    let word = match rest.first_chunk::<8>() {
        Some(word) => u64::from_le_bytes(*word),
        None => rest.iter().rev().fold(0, |word, &byte| word << 8 | u64::from(byte)),
    };
    // At most 7 bits before the value and 32 bits of it.
    (word >> (bit % 8)) as u32 & (((1u64 << width) - 1) as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn runs(data: &[u8], width: u8) -> Runs {
        Runs::new(Bytes::copy_from_slice(data), width).unwrap()
    }

    fn read(runs: &mut Runs, count: usize) -> Result<Vec<u32>, String> {
        let mut out = Vec::new();
        runs.read(count, &mut out).map(|()| out)
    }

    #[test]
    fn the_example_of_the_specification_and_repeated_values_are_read_in_pieces() {
        // 0 to 7 in three bits, five times 4, and then 7 and 0 at the end of a group that is cut off.
        let data = [0x03, 0x88, 0xc6, 0xfa, 5 << 1, 4, 0x03, 0b0000_0111];
        for piece in 1..8 {
            let (mut runs, mut values) = (runs(&data, 3), Vec::new());
            while values.len() < 15 {
                values.extend(read(&mut runs, piece.min(15 - values.len())).unwrap());
            }
            assert_eq!(values, [0, 1, 2, 3, 4, 5, 6, 7, 4, 4, 4, 4, 4, 7, 0]);
            assert!(read(&mut runs, 1).is_err());
        }
    }

    #[test]
    fn values_of_every_width_are_unpacked() {
        for width in 1..=32u32 {
            let value = |at: usize| (0x9e37_79b9_u64.wrapping_mul(at as u64 + 1) >> 7) & ((1 << width) - 1);
            let mut data = vec![0x05];
            data.resize(1 + 2 * width as usize, 0);
            for at in 0..16 {
                for bit in 0..width as usize {
                    let place = at * width as usize + bit;
                    data[1 + place / 8] |= ((value(at) >> bit & 1) as u8) << (place % 8);
                }
            }
            let expected: Vec<u32> = (0..16).map(|at| value(at) as u32).collect();
            assert_eq!(read(&mut runs(&data, width as u8), 16).unwrap(), expected, "{width} bits");
        }
        assert!(Runs::new(Bytes::new(), 33).is_err());
        assert_eq!(read(&mut runs(&[0x03], 0), 8).unwrap(), [0; 8]);
    }

    #[test]
    fn set_values_are_counted_without_reading_them() {
        // Three billion times 1, then 0b1011_0000, the first bit of which is the last value that is asked for.
        let mut data = Vec::new();
        let mut header = 3_000_000_000u64 << 1;
        while header > 0x7f {
            data.push(header as u8 | 0x80);
            header >>= 7;
        }
        data.extend([header as u8, 1, 0x03, 0b1011_0000]);
        let all = runs(&data, 1);
        assert_eq!(all.count_set(3_000_000_000), Ok(3_000_000_000));
        assert_eq!(all.count_set(3_000_000_004), Ok(3_000_000_000));
        assert_eq!(all.count_set(3_000_000_008), Ok(3_000_000_003));
        assert!(all.count_set(3_000_000_009).is_err());
        let bits = Runs::bits(Bytes::from_static(&[0b0000_1101]));
        assert_eq!((bits.count_set(4), bits.count_set(8)), (Ok(3), Ok(3)));
        assert!(bits.count_set(9).is_err());
    }

    #[test]
    fn runs_that_are_cut_off_are_errors() {
        for data in [&[][..], &[0x80], &[0xff; 11], &[0x02], &[0x03], &[0x00, 0x00]] {
            assert!(read(&mut runs(data, 7), 1).is_err(), "{data:?}");
        }
    }
}
