//! Parquet files whose pages are compressed, and get checksums, here: the crate `parquet` writes no checksums, and its
//! codecs are not part of this build.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::Path;

use parquet::basic::{CompressionCodec, Encoding};
use parquet::column::page::Page;
use parquet::file::metadata::{ParquetMetaDataReader, ParquetMetaDataWriter};
use parquet::file::reader::{FileReader, SerializedFileReader};

/// A page as it is about to be written.
pub(crate) struct Written {
    /// What its header says.
    pub(crate) uncompressed: i64,
    pub(crate) compressed: i64,
    pub(crate) checksum: Option<u32>,
    pub(crate) body: Vec<u8>,
}

/// Writes a file without compression again, in this compression, each page as `edit` leaves it. Its pages have
/// checksums.
pub(crate) fn rewrite(path: &Path, codec: CompressionCodec, mut edit: impl FnMut(&mut Written)) {
    let file = File::open(path).unwrap();
    let metadata = ParquetMetaDataReader::new().parse_and_finish(&file).unwrap();
    let reader = SerializedFileReader::new(file).unwrap();
    let mut out = b"PAR1".to_vec();
    let mut groups = Vec::new();
    for (number, group) in metadata.row_groups().iter().enumerate() {
        let pages = reader.get_row_group(number).unwrap();
        let mut chunks = Vec::new();
        for (column, chunk) in group.columns().iter().enumerate() {
            let (start, mut dictionary, mut data) = (out.len(), None, None);
            for page in pages.get_column_page_reader(column).unwrap() {
                let page = page.unwrap();
                let place = if page.is_dictionary_page() { &mut dictionary } else { &mut data };
                place.get_or_insert(out.len() as i64);
                write_page(&mut out, &page, codec, &mut edit);
            }
            let chunk = chunk
                .clone()
                .into_builder()
                .set_compression_codec(codec)
                .set_total_compressed_size((out.len() - start) as i64)
                .set_dictionary_page_offset(dictionary)
                .set_data_page_offset(data.unwrap())
                .set_offset_index_offset(None)
                .set_offset_index_length(None)
                .set_column_index_offset(None)
                .set_column_index_length(None);
            chunks.push(chunk.build().unwrap());
        }
        groups.push(group.clone().into_builder().set_column_metadata(chunks).build().unwrap());
    }
    let metadata = metadata.into_builder().set_row_groups(groups).build();
    ParquetMetaDataWriter::new(&mut out, &metadata).finish().unwrap();
    fs::write(path, out).unwrap();
}

fn write_page(out: &mut Vec<u8>, page: &Page, codec: CompressionCodec, edit: &mut impl FnMut(&mut Written)) {
    let number = |step: u8, value: i64| -> Vec<u8> {
        let mut zigzag = ((value << 1) ^ (value >> 63)) as u64;
        let mut bytes = vec![step << 4 | 5];
        while zigzag > 0x7f {
            bytes.push(zigzag as u8 | 0x80);
            zigzag >>= 7;
        }
        bytes.push(zigzag as u8);
        bytes
    };
    let of = |encoding: Encoding| i64::from(encoding as i32);
    let body = page.buffer();
    let (kind, place, plain, numbers) = match page {
        Page::DataPage { num_values, encoding, def_level_encoding, rep_level_encoding, .. } => {
            let levels = [of(*def_level_encoding), of(*rep_level_encoding)];
            (0, 5, 0, vec![i64::from(*num_values), of(*encoding), levels[0], levels[1]])
        }
        Page::DictionaryPage { num_values, encoding, .. } => {
            (2, 7, 0, vec![i64::from(*num_values), of(*encoding)])
        }
        Page::DataPageV2 {
            num_values,
            encoding,
            num_nulls,
            num_rows,
            def_levels_byte_len,
            rep_levels_byte_len,
            ..
        } => {
            let counts = [*num_values, *num_nulls, *num_rows].map(i64::from);
            let levels = [*def_levels_byte_len, *rep_levels_byte_len].map(i64::from);
            let numbers = [&counts[..], &[of(*encoding)], &levels].concat();
            (3, 8, (def_levels_byte_len + rep_levels_byte_len) as usize, numbers)
        }
    };
    let body_written = [&body[..plain], &compress(codec, &body[plain..])].concat();
    let mut written = Written {
        uncompressed: body.len() as i64,
        compressed: body_written.len() as i64,
        checksum: Some(crc32fast::hash(&body_written)),
        body: body_written,
    };
    edit(&mut written);
    out.extend(number(1, kind));
    out.extend(number(1, written.uncompressed));
    out.extend(number(1, written.compressed));
    let mut last = 3;
    if let Some(checksum) = written.checksum {
        out.extend(number(1, i64::from(checksum as i32)));
        last = 4;
    }
    out.push((place - last) << 4 | 12);
    out.extend(numbers.into_iter().flat_map(|value| number(1, value)));
    out.extend([0, 0]);
    out.extend(written.body);
}

/// The bytes in this compression.
pub(crate) fn compress(codec: CompressionCodec, data: &[u8]) -> Vec<u8> {
    match codec {
        CompressionCodec::UNCOMPRESSED | CompressionCodec::LZO => data.to_vec(),
        CompressionCodec::SNAPPY => snap::raw::Encoder::new().compress_vec(data).unwrap(),
        CompressionCodec::GZIP => {
            let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::new(6));
            encoder.write_all(data).unwrap();
            encoder.finish().unwrap()
        }
        CompressionCodec::ZSTD => {
            ruzstd::encoding::compress_to_vec(data, ruzstd::encoding::CompressionLevel::Fastest)
        }
        CompressionCodec::LZ4_RAW => lz4_flex::block::compress(data),
        CompressionCodec::LZ4 => {
            let block = lz4_flex::block::compress(data);
            let lengths = [data.len() as u32, block.len() as u32].map(u32::to_be_bytes);
            [&lengths.concat()[..], &block].concat()
        }
        CompressionCodec::BROTLI => {
            // Metablocks without compression. The first bit of the stream is the window's; the others begin at bytes
            // too: is last, four nibbles of a length, the length less one, is uncompressed.
            let mut out = Vec::new();
            let mut window = 1;
            for part in data.chunks(1 << 16) {
                let bits = ((part.len() as u32 - 1) << 3 | 1 << 19) << window;
                out.extend_from_slice(&bits.to_le_bytes()[..3]);
                out.extend_from_slice(part);
                window = 0;
            }
            out.push(if window == 1 { 0x06 } else { 0x03 });
            out
        }
    }
}
