//! Frames of zstd one after another, as `.zst` files hold them.

use std::io::{self, BufRead, ErrorKind, Read};

use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};

/// The largest window that a frame may ask for: as much as the command `zstd` itself allows. It bounds the memory.
const WINDOW: u64 = 128 << 20;

/// Decompresses frame after frame, a block at a time.
pub(super) struct Frames<R> {
    input: R,
    decoder: FrameDecoder,
    /// Whether a frame has begun that has not ended yet.
    within: bool,
}

impl<R: BufRead> Frames<R> {
    pub(super) fn new(input: R) -> Self {
        let mut decoder = FrameDecoder::new();
        decoder.set_max_window_size(WINDOW);
        Self { input, decoder, within: false }
    }

    /// Begins the next frame; `false` at the end.
    fn begin(&mut self) -> io::Result<bool> {
        while !self.input.fill_buf()?.is_empty() {
            match self.decoder.reset(&mut self.input) {
                Ok(()) => {
                    self.within = true;
                    return Ok(true);
                }
                Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame {
                    length,
                    ..
                })) => {
                    let skipped = io::copy(&mut (&mut self.input).take(length.into()), &mut io::sink())?;
                    if skipped < length.into() {
                        return Err(ErrorKind::UnexpectedEof.into());
                    }
                }
                Err(error) => return Err(self.told(&error)),
            }
        }
        Ok(false)
    }

    /// Ends the frame, whose checksum, if it has one, must be that of its content.
    fn end(&mut self) -> io::Result<()> {
        self.within = false;
        match (self.decoder.get_checksum_from_data(), self.decoder.get_calculated_checksum()) {
            (Some(stored), Some(found)) if stored != found => {
                Err(io::Error::new(ErrorKind::InvalidData, "the checksum is that of other content"))
            }
            _ => Ok(()),
        }
    }

    /// The decoder's error. Where the input is at its end, that is what is wrong.
    fn told(&mut self, error: &FrameDecoderError) -> io::Error {
        match (error, self.input.fill_buf()) {
            (FrameDecoderError::WindowSizeTooBig { requested, .. }, _) => io::Error::new(
                ErrorKind::InvalidData,
                format!(
                    "a window of {requested} bytes, where {WINDOW} are allowed: compress it again without --long"
                ),
            ),
            (FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::BadMagicNumber(_)), _) => {
                io::Error::new(ErrorKind::InvalidData, "something that is not a frame follows")
            }
            (_, Ok([])) => ErrorKind::UnexpectedEof.into(),
            (_, Ok(_)) => io::Error::new(ErrorKind::InvalidData, error.to_string()),
            (_, Err(error)) => error,
        }
    }
}

impl<R: BufRead> Read for Frames<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if into.is_empty() {
            return Ok(0);
        }
        loop {
            if !self.within && !self.begin()? {
                return Ok(0);
            }
            while self.decoder.can_collect() == 0 && !self.decoder.is_finished() {
                let blocks = BlockDecodingStrategy::UptoBlocks(1);
                if let Err(error) = self.decoder.decode_blocks(&mut self.input, blocks) {
                    return Err(self.told(&error));
                }
            }
            match self.decoder.read(into)? {
                0 => self.end()?,
                bytes => return Ok(bytes),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ruzstd::encoding::{CompressionLevel, compress_to_vec};

    fn read(bytes: &[u8]) -> Result<Vec<u8>, io::Error> {
        let mut all = Vec::new();
        // A small buffer, so that blocks cross it.
        Frames::new(io::BufReader::with_capacity(7, bytes)).read_to_end(&mut all).map(|_| all)
    }

    #[test]
    fn frames_follow_one_another() {
        let (first, second) = (b"first ".repeat(50_000), b"second".to_vec());
        let frame = |content: &[u8]| compress_to_vec(content, CompressionLevel::Fastest);
        let skipped = [&[0x50, 0x2a, 0x4d, 0x18, 3, 0, 0, 0][..], b"abc"].concat();
        let file = [skipped.clone(), frame(&first), skipped, frame(b""), frame(&second)].concat();
        assert_eq!(read(&file).unwrap(), [first, second].concat());
        assert_eq!(read(b"").unwrap(), b"");
    }

    #[test]
    fn what_is_cut_or_damaged_is_told() {
        let mut frame = compress_to_vec(&b"content"[..], CompressionLevel::Fastest);
        for length in 1..frame.len() {
            assert_eq!(read(&frame[..length]).unwrap_err().kind(), ErrorKind::UnexpectedEof, "{length}");
        }
        assert_eq!(
            read(&[0x50, 0x2a, 0x4d, 0x18, 9, 0, 0, 0, 1]).unwrap_err().kind(),
            ErrorKind::UnexpectedEof
        );
        let last = frame.len() - 1;
        frame[last] ^= 1;
        assert!(read(&frame).unwrap_err().to_string().contains("checksum"));
        let behind = [compress_to_vec(&b"content"[..], CompressionLevel::Fastest), b"text".to_vec()].concat();
        assert_eq!(read(&behind).unwrap_err().kind(), ErrorKind::InvalidData);
        // A window of 2^31 bytes.
        let wide = [0x28, 0xb5, 0x2f, 0xfd, 0, (31 - 10) << 3, 1, 0, 0];
        assert!(read(&wide).unwrap_err().to_string().contains("compress it again without --long"));
    }
}
