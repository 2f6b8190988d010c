//! Decompression of pages. A page says how many bytes it has uncompressed; no codec gives more or fewer, and none
//! reserves much more than its output so far, whatever a page says.

use std::io::Read;

use parquet::basic::CompressionCodec;
use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};
use ruzstd::decoding::{FrameDecoder, StreamingDecoder};

/// The most bytes that a byte of Snappy or LZ4 can stand for.
const SNAPPY_RATIO: usize = 64;
const LZ4_RATIO: usize = 255;
/// The buffer of the decoder for Brotli.
const BUFFER: usize = 4096;
/// Compressed data is expected to grow to so many times its size, for the memory that is reserved at first.
const USUAL_RATIO: usize = 8;

const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];
const LZ4_FRAME_MAGIC: [u8; 4] = [0x04, 0x22, 0x4d, 0x18];

/// Checks that a compression is read; otherwise says what would help.
pub(super) fn check_codec(codec: CompressionCodec) -> Result<(), String> {
    match codec {
        CompressionCodec::LZO => Err(format!(
            "is compressed with {codec:?}, which is not read here; write the file again with Zstandard or Snappy"
        )),
        _ => Ok(()),
    }
}

/// A decompressor, whose memory serves page after page.
pub(super) struct Decompressor {
    codec: CompressionCodec,
    zstd: FrameDecoder,
}

impl Decompressor {
    pub(super) fn new(codec: CompressionCodec) -> Self {
        Self { codec, zstd: FrameDecoder::new() }
    }

    /// Whether there is anything to do.
    pub(super) fn compresses(&self) -> bool {
        self.codec != CompressionCodec::UNCOMPRESSED
    }

    /// Appends to `out` the `size` bytes that `input` stands for.
    pub(super) fn append(&mut self, input: &[u8], out: &mut Vec<u8>, size: usize) -> Result<(), String> {
        if size == 0 {
            // Some writers compress nothing to nothing, against their codec.
            return Ok(());
        }
        let start = out.len();
        let written = match self.codec {
            CompressionCodec::UNCOMPRESSED => {
                out.extend_from_slice(input);
                Ok(())
            }
            CompressionCodec::SNAPPY => snappy(input, out, size),
            CompressionCodec::GZIP => gzip(input, out, size),
            CompressionCodec::BROTLI => {
                bounded(brotli_decompressor::Decompressor::new(input, BUFFER), input.len(), out, size)
            }
            CompressionCodec::ZSTD => zstd(&mut self.zstd, input, out, size),
            CompressionCodec::LZ4_RAW => lz4_block(input, out, size),
            CompressionCodec::LZ4 => lz4(input, out, size),
            CompressionCodec::LZO => check_codec(self.codec),
        };
        written.map_err(|problem| format!("a page is not valid {:?}: {problem}", self.codec))?;
        match out.len() - start {
            length if length == size => Ok(()),
            length if length > size => Err(format!(
                "a page decompresses to more than the {size} bytes that it declares; write the file again"
            )),
            length => Err(format!("a page decompresses to {length} bytes, where it declares {size}")),
        }
    }
}

/// Appends what `decoder` gives, and stops behind the first byte that is too many.
fn bounded(decoder: impl Read, compressed: usize, out: &mut Vec<u8>, size: usize) -> Result<(), String> {
    out.reserve(size.min(compressed.saturating_mul(USUAL_RATIO)));
    let limit = u64::try_from(size).unwrap_or(u64::MAX).saturating_add(1);
    decoder.take(limit).read_to_end(out).map(drop).map_err(|error| error.to_string())
}

/// Appends room for `size` bytes if so many bytes of input can stand for them, and lets `decode` fill it.
fn filled<E: ToString>(
    input: &[u8],
    ratio: usize,
    out: &mut Vec<u8>,
    size: usize,
    decode: impl FnOnce(&mut [u8]) -> Result<usize, E>,
) -> Result<(), String> {
    if size > input.len().saturating_mul(ratio) {
        return Err(format!("{} bytes cannot stand for {size}", input.len()));
    }
    let start = out.len();
    out.resize(start + size, 0);
    let written = decode(&mut out[start..]).map_err(|error| error.to_string())?;
    out.truncate(start + written.min(size));
    Ok(())
}

fn snappy(input: &[u8], out: &mut Vec<u8>, size: usize) -> Result<(), String> {
    let declared = snap::raw::decompress_len(input).map_err(|error| error.to_string())?;
    if declared != size {
        return Err(format!("it holds {declared} bytes, where the page declares {size}"));
    }
    filled(input, SNAPPY_RATIO, out, size, |out| snap::raw::Decoder::new().decompress(input, out))
}

/// Gzip, of one member or several. Some writers put Zlib's header before the data in its place, and others read it.
fn gzip(input: &[u8], out: &mut Vec<u8>, size: usize) -> Result<(), String> {
    match input.starts_with(&GZIP_MAGIC) {
        true => bounded(flate2::read::MultiGzDecoder::new(input), input.len(), out, size),
        false => bounded(flate2::read::ZlibDecoder::new(input), input.len(), out, size),
    }
}

/// Zstandard frames one behind another.
fn zstd(decoder: &mut FrameDecoder, input: &[u8], out: &mut Vec<u8>, size: usize) -> Result<(), String> {
    let (start, mut rest) = (out.len(), input);
    while !rest.is_empty() && out.len() - start <= size {
        let left = size - (out.len() - start);
        let mut frame = match StreamingDecoder::new_with_decoder(&mut rest, &mut *decoder) {
            Ok(frame) => frame,
            Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame {
                length, ..
            })) => {
                let length = usize::try_from(length).unwrap_or(usize::MAX);
                rest = rest.get(length..).ok_or("it is cut off")?;
                continue;
            }
            Err(error) => return Err(error.to_string()),
        };
        bounded(&mut frame, input.len(), out, left)?;
        let checksum = decoder.get_checksum_from_data();
        if out.len() - start <= size && checksum.is_some() && checksum != decoder.get_calculated_checksum() {
            return Err("its checksum does not match".to_owned());
        }
    }
    Ok(())
}

fn lz4_block(input: &[u8], out: &mut Vec<u8>, size: usize) -> Result<(), String> {
    filled(input, LZ4_RATIO, out, size, |out| lz4_flex::block::decompress_into(input, out))
}

/// The deprecated codec LZ4 is Hadoop's framing in most files, and a frame of LZ4 or a bare block in old ones.
fn lz4(input: &[u8], out: &mut Vec<u8>, size: usize) -> Result<(), String> {
    if input.starts_with(&LZ4_FRAME_MAGIC) {
        return bounded(lz4_flex::frame::FrameDecoder::new(input), input.len(), out, size);
    }
    let start = out.len();
    lz4_hadoop(input, out, size).or_else(|problem| {
        out.truncate(start);
        lz4_block(input, out, size).map_err(|_| problem)
    })
}

/// Frames one behind another: the length of what a frame stands for, and until that is reached, blocks behind their
/// compressed lengths; all lengths in four bytes, the highest first.
fn lz4_hadoop(input: &[u8], out: &mut Vec<u8>, size: usize) -> Result<(), String> {
    fn length(rest: &mut &[u8]) -> Result<usize, String> {
        let (length, behind) = rest.split_first_chunk::<4>().ok_or("a frame that is cut off")?;
        *rest = behind;
        Ok(u32::from_be_bytes(*length) as usize)
    }
    let mut rest = input;
    filled(input, LZ4_RATIO, out, size, |out| {
        let mut at = 0;
        while !rest.is_empty() {
            let end = at + length(&mut rest)?;
            if end > size {
                return Err(format!("a frame reaches {end} bytes, where the page declares {size}"));
            }
            while at < end {
                let block = length(&mut rest)?;
                let (block, behind) = rest.split_at_checked(block).ok_or("a block that is cut off")?;
                rest = behind;
                let written = lz4_flex::block::decompress_into(block, &mut out[at..end]);
                match written.map_err(|error| error.to_string())? {
                    0 => return Err("a block of nothing".to_owned()),
                    written => at += written,
                }
            }
        }
        Ok(at)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decompress(codec: CompressionCodec, input: &[u8], size: usize) -> Result<Vec<u8>, String> {
        let mut out = b"levels".to_vec();
        Decompressor::new(codec).append(input, &mut out, size).map(|()| out.split_off(6))
    }

    /// A name, and what was compressed.
    type Sample = (&'static str, CompressionCodec, Vec<u8>);

    /// The same 2,000 bytes under each codec. Brotli is written as metablocks without compression.
    fn samples() -> (Vec<u8>, Vec<Sample>) {
        use std::io::Write;
        let data: Vec<u8> = (0..2000u32).map(|at| (at * at / 97) as u8).collect();
        let gz = |data: &[u8]| {
            let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::new(6));
            encoder.write_all(data).unwrap();
            encoder.finish().unwrap()
        };
        let mut zlib = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::new(6));
        zlib.write_all(&data).unwrap();
        let zst = |data: &[u8]| {
            ruzstd::encoding::compress_to_vec(data, ruzstd::encoding::CompressionLevel::Fastest)
        };
        let block = |data: &[u8]| lz4_flex::block::compress(data);
        let prefixed = |lengths: &[usize], bytes: &[u8]| {
            let lengths = lengths.iter().flat_map(|length| (*length as u32).to_be_bytes());
            lengths.chain(bytes.iter().copied()).collect::<Vec<u8>>()
        };
        let (first, second) = (block(&data[..700]), block(&data[700..]));
        let frames = [prefixed(&[700, first.len()], &first), prefixed(&[1300, second.len()], &second)];
        // One frame of two blocks, as Hadoop's codec writes what is larger than its buffer.
        let blocks = [prefixed(&[2000, first.len()], &first), prefixed(&[second.len()], &second)];
        let mut frame = lz4_flex::frame::FrameEncoder::new(Vec::new());
        frame.write_all(&data).unwrap();
        let skippable = [&[0x50, 0x2a, 0x4d, 0x18, 3, 0, 0, 0][..], b"abc"].concat();
        // ISLAST 0, MNIBBLES 4, MLEN - 1 in 16 bits, ISUNCOMPRESSED 1; before it the window bits 0.
        let brotli = {
            let length = data.len() as u32 - 1;
            let bits = length << 4 | 1 << 20;
            [&bits.to_le_bytes()[..3], &data, &[0x03]].concat()
        };
        let samples = vec![
            ("snappy", CompressionCodec::SNAPPY, snap::raw::Encoder::new().compress_vec(&data).unwrap()),
            ("gzip", CompressionCodec::GZIP, gz(&data)),
            ("gzip of members", CompressionCodec::GZIP, [gz(&data[..9]), gz(&data[9..])].concat()),
            ("zlib", CompressionCodec::GZIP, zlib.finish().unwrap()),
            ("zstd", CompressionCodec::ZSTD, zst(&data)),
            (
                "zstd frames",
                CompressionCodec::ZSTD,
                [skippable, zst(&data[..1500]), zst(&data[1500..])].concat(),
            ),
            ("brotli", CompressionCodec::BROTLI, brotli),
            ("lz4 raw", CompressionCodec::LZ4_RAW, block(&data)),
            ("lz4 of Hadoop", CompressionCodec::LZ4, frames.concat()),
            ("lz4 of Hadoop in blocks", CompressionCodec::LZ4, blocks.concat()),
            ("lz4 as a frame", CompressionCodec::LZ4, frame.finish().unwrap()),
            ("lz4 as a bare block", CompressionCodec::LZ4, block(&data)),
            ("none", CompressionCodec::UNCOMPRESSED, data.clone()),
        ];
        (data, samples)
    }

    #[test]
    fn every_codec_gives_what_was_compressed() {
        let (data, samples) = samples();
        for (name, codec, compressed) in samples {
            assert_eq!(decompress(codec, &compressed, data.len()).as_ref(), Ok(&data), "{name}");
            assert_eq!(decompress(codec, &[], 0), Ok(Vec::new()), "{name}");
            // One more or fewer than was declared, and a declaration of absurd size.
            for size in [1, data.len() - 1, data.len() + 1, 300 << 20] {
                let error = decompress(codec, &compressed, size).unwrap_err();
                assert!(!error.is_empty() && error.len() < 200, "{name}: {error}");
            }
            assert!(decompress(codec, &[], 1).is_err(), "{name}");
        }
    }

    #[test]
    fn what_is_cut_off_or_damaged_is_an_error_or_other_bytes_of_that_number() {
        let (data, samples) = samples();
        for (name, codec, compressed) in samples {
            for length in 0..compressed.len() {
                let cut = decompress(codec, &compressed[..length], data.len());
                // The last bytes may hold nothing but the end of the stream, or a checksum that is not there then.
                assert!(
                    cut.is_err() || cut.as_ref() == Ok(&data) && length + 9 > compressed.len(),
                    "{name}, {length}"
                );
            }
            for at in 0..compressed.len().min(400) {
                for bit in 0..8 {
                    let mut damaged = compressed.clone();
                    damaged[at] ^= 1 << bit;
                    if let Ok(out) = decompress(codec, &damaged, data.len()) {
                        assert_eq!(out.len(), data.len(), "{name}, byte {at}");
                    }
                }
            }
        }
    }

    #[test]
    fn a_bomb_is_refused_at_what_its_page_declares() {
        use std::io::Write;
        // 100 MB of zeros, which the page says are a thousand.
        let zeros = vec![0; 1 << 20];
        let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::new(6));
        (0..100).for_each(|_| gz.write_all(&zeros).unwrap());
        let zst = ruzstd::encoding::compress_to_vec(&zeros[..], ruzstd::encoding::CompressionLevel::Fastest);
        for (codec, bomb) in
            [(CompressionCodec::GZIP, gz.finish().unwrap()), (CompressionCodec::ZSTD, zst.repeat(100))]
        {
            let mut out = Vec::new();
            let error = Decompressor::new(codec).append(&bomb, &mut out, 1000).unwrap_err();
            assert!(error.contains("more than the 1000 bytes that it declares"), "{error}");
            assert!(out.capacity() < 1 << 20, "{}", out.capacity());
        }
    }

    #[test]
    fn other_compressions_are_told_with_a_remedy() {
        assert!(check_codec(CompressionCodec::SNAPPY).is_ok() && check_codec(CompressionCodec::ZSTD).is_ok());
        let error = check_codec(CompressionCodec::LZO).unwrap_err();
        assert!(error.starts_with("is compressed with LZO,") && error.ends_with("Zstandard or Snappy"));
    }
}
