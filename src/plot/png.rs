//! Writes pixels as a PNG file (ISO/IEC 15948).

use flate2::{Compression, Crc, write::ZlibEncoder};
use std::io::{self, Write as _};

const SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";
/// Eight bits for each of red, green and blue; no interlace.
const TRUECOLOUR: [u8; 5] = [8, 2, 0, 0, 0];
/// Each row begins with its filter; this one changes nothing.
const UNFILTERED: u8 = 0;

/// The file of an image of `width` pixels per row, with three bytes per pixel.
///
/// # Errors
/// When a chunk is longer than the format allows.
pub(super) fn png(pixels: &[u8], width: u32, height: u32) -> io::Result<Vec<u8>> {
    let mut compressed = ZlibEncoder::new(Vec::new(), Compression::default());
    for row in pixels.chunks(3 * width as usize) {
        compressed.write_all(&[UNFILTERED])?;
        compressed.write_all(row)?;
    }
    let header = [&width.to_be_bytes()[..], &height.to_be_bytes(), &TRUECOLOUR].concat();
    let mut file = SIGNATURE.to_vec();
    write_chunk(&mut file, b"IHDR", &header)?;
    write_chunk(&mut file, b"IDAT", &compressed.finish()?)?;
    write_chunk(&mut file, b"IEND", &[])?;
    Ok(file)
}

/// Appends a chunk: length, type, data, and the checksum of type and data.
fn write_chunk(file: &mut Vec<u8>, kind: &[u8; 4], data: &[u8]) -> io::Result<()> {
    let length = u32::try_from(data.len()).map_err(io::Error::other)?;
    let mut sum = Crc::new();
    sum.update(kind);
    sum.update(data);
    file.extend_from_slice(&length.to_be_bytes());
    file.extend_from_slice(kind);
    file.extend_from_slice(data);
    file.extend_from_slice(&sum.sum().to_be_bytes());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::read::ZlibDecoder;
    use std::io::Read as _;

    #[test]
    fn two_pixels_are_a_file_of_three_chunks() {
        let file = png(&[1, 2, 3, 4, 5, 6], 1, 2).unwrap();
        assert_eq!(file[..8], *SIGNATURE);
        assert_eq!(
            file[8..33],
            *b"\0\0\0\x0dIHDR\0\0\0\x01\0\0\0\x02\x08\x02\0\0\0\x16\xe3\x21\x70"
        );
        let length = u32::from_be_bytes(file[33..37].try_into().unwrap()) as usize;
        assert_eq!(file[37..41], *b"IDAT");
        let mut rows = Vec::new();
        ZlibDecoder::new(&file[41..41 + length]).read_to_end(&mut rows).unwrap();
        assert_eq!(rows, [0, 1, 2, 3, 0, 4, 5, 6]);
        // The checksum of an empty IEND is that of every PNG file.
        assert_eq!(file[45 + length..], *b"\0\0\0\0IEND\xae\x42\x60\x82");
    }
}
