//! Pictures from outside: read as points and written anew, so that nothing but points is served (WEB-12).

use std::io::Cursor;

use png::{ColorType, Decoder, Encoder, Limits, Transformations};

/// Longest file, in bytes.
pub const LONGEST: usize = 65_536;
/// Most points to a side.
pub const SIDE: u32 = 512;
/// Fewest points to a side: less is no picture.
const LEAST: u32 = 16;
/// Memory that reading may take, in bytes.
const MEMORY: usize = 4 * 1024 * 1024;

/// A picture that may be served.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Logo {
    /// The file, written by us.
    pub png: Vec<u8>,
    /// Whether something behind it shows through.
    pub see_through: bool,
}

/// Why a file is not used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LogoRefusal {
    /// Another kind of file. Drawings (SVG) can carry programs.
    #[error("the picture must be a PNG file")]
    NotPng,
    /// Too many bytes.
    #[error("the picture must have at most 64 KiB")]
    TooLong,
    /// Too large, or too small.
    #[error("the picture must have 16 to 512 points to a side")]
    Size,
    /// It cannot be read to its end.
    #[error("the picture is damaged")]
    Damaged,
}

/// The eight bytes every PNG file begins with (PNG §5.2).
const SIGNATURE: [u8; 8] = *b"\x89PNG\r\n\x1a\n";

/// The same picture in a file of ours: without text, profiles, further frames or anything behind its end.
pub fn redrawn(file: &[u8]) -> Result<Logo, LogoRefusal> {
    if !file.starts_with(&SIGNATURE) {
        return Err(LogoRefusal::NotPng);
    }
    if file.len() > LONGEST {
        return Err(LogoRefusal::TooLong);
    }
    let damaged = |_unreadable| LogoRefusal::Damaged;
    let mut decoder = Decoder::new_with_limits(Cursor::new(file), Limits { bytes: MEMORY });
    decoder.set_transformations(Transformations::normalize_to_color8());
    let mut reader = decoder.read_info().map_err(damaged)?;
    let (width, height) = (reader.info().width, reader.info().height);
    let sides = LEAST..=SIDE;
    if !sides.contains(&width) || !sides.contains(&height) {
        return Err(LogoRefusal::Size);
    }
    let room = reader.output_buffer_size().ok_or(LogoRefusal::Size)?;
    let mut points = vec![0; room];
    let frame = reader.next_frame(&mut points).map_err(damaged)?;
    points.truncate(frame.buffer_size());
    reader.finish().map_err(damaged)?;
    let png =
        written(&points, (width, height), frame.color_type).map_err(|_no| LogoRefusal::Damaged)?;
    let see_through = match frame.color_type {
        ColorType::Rgba => points.chunks_exact(4).any(|p| p.last() != Some(&255)),
        ColorType::GrayscaleAlpha => points.chunks_exact(2).any(|p| p.last() != Some(&255)),
        ColorType::Rgb | ColorType::Grayscale | ColorType::Indexed => false,
    };
    Ok(Logo { png, see_through })
}

fn written(
    points: &[u8],
    (width, height): (u32, u32),
    kind: ColorType,
) -> Result<Vec<u8>, png::EncodingError> {
    let mut file = Vec::new();
    let mut encoder = Encoder::new(&mut file, width, height);
    encoder.set_color(kind);
    encoder.set_depth(png::BitDepth::Eight);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(points)?;
    writer.finish()?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A picture of one colour with a word in its text.
    fn picture(side: u32, kind: ColorType, point: &[u8]) -> Vec<u8> {
        let mut file = Vec::new();
        let mut encoder = Encoder::new(&mut file, side, side);
        encoder.set_color(kind);
        encoder.set_depth(png::BitDepth::Eight);
        encoder
            .add_text_chunk("Comment".to_owned(), "<script>".to_owned())
            .unwrap();
        let count = usize::try_from(side * side).unwrap();
        let mut writer = encoder.write_header().unwrap();
        writer.write_image_data(&point.repeat(count)).unwrap();
        writer.finish().unwrap();
        file
    }

    fn contains(file: &[u8], part: &[u8]) -> bool {
        file.windows(part.len()).any(|found| found == part)
    }

    #[test]
    fn web_12_only_the_points_of_a_picture_are_kept() {
        let mut file = picture(32, ColorType::Rgba, &[10, 95, 115, 255]);
        file.extend_from_slice(b"<script>alert(1)</script>");
        assert!(contains(&file, b"<script>"));
        let logo = redrawn(&file).unwrap();
        assert!(!contains(&logo.png, b"script") && !contains(&logo.png, b"tEXt"));
        assert!(!logo.see_through);
        assert_eq!(
            redrawn(&logo.png).unwrap(),
            logo,
            "a picture of ours stays as it is"
        );
        let thin = redrawn(&picture(32, ColorType::Rgba, &[0, 0, 0, 90])).unwrap();
        assert!(thin.see_through);
        assert!(redrawn(&picture(16, ColorType::Grayscale, &[7])).is_ok());
    }

    #[test]
    fn web_12_what_is_no_picture_of_points_is_refused() {
        let good = picture(32, ColorType::Rgb, &[1, 2, 3]);
        for (file, refusal) in [
            (
                &b"<svg xmlns=\"http://www.w3.org/2000/svg\"><script/></svg>"[..],
                LogoRefusal::NotPng,
            ),
            (b"", LogoRefusal::NotPng),
            (b"GIF89a", LogoRefusal::NotPng),
            (&good[..8], LogoRefusal::Damaged),
            (&good[..good.len() / 2], LogoRefusal::Damaged),
            (&picture(8, ColorType::Rgb, &[1, 2, 3]), LogoRefusal::Size),
            (&picture(513, ColorType::Rgb, &[1, 2, 3]), LogoRefusal::Size),
            (
                &[&SIGNATURE[..], &vec![0; 70_000]].concat(),
                LogoRefusal::TooLong,
            ),
        ] {
            assert_eq!(redrawn(file), Err(refusal));
        }
        // A small file that says it is huge takes no memory.
        let mut huge = good.clone();
        huge[16..24].copy_from_slice(&[0, 1, 0, 0, 0, 1, 0, 0]);
        assert!(redrawn(&huge).is_err());
    }

    #[test]
    fn web_12_no_damage_anywhere_breaks_the_reader() {
        let good = picture(32, ColorType::Rgba, &[10, 95, 115, 200]);
        for place in 0..good.len() {
            let mut bad = good.clone();
            bad[place] ^= 0x55;
            let _either_way = redrawn(&bad).map(|logo| logo.png.len());
        }
    }
}
