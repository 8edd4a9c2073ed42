//! The files jobs have made: small, real, and the same each time they are asked for. Nothing is
//! stored; a file is made from its name.

use std::io::Cursor;

use bytes::Bytes;
use image::{ImageFormat, Rgb, RgbImage};
use serde_json::json;
use uuid::Uuid;

use super::answer::{self, Answer};

/// One second of video, made by `fixtures/make-video`.
const VIDEO: &[u8] = include_bytes!("../../fixtures/video.mp4");

/// How wide and high images are.
const SIDE: u32 = 64;

/// The file at this path; nothing if it is not one of ours.
pub(super) fn file(path: &str) -> Option<Answer> {
    let (folder, name) = path.strip_prefix('/')?.split_once('/')?;
    let (stem, ending) = name.rsplit_once('.')?;
    let id: Uuid = stem.parse().ok()?;
    let (kind, bytes) = match (folder, ending) {
        ("images" | "uploads", "png") => ("image/png", png(id)?),
        ("videos" | "uploads", "mp4") => ("video/mp4", Bytes::from_static(VIDEO)),
        ("audio" | "uploads", "wav") => ("audio/wav", wav(id)),
        ("models" | "uploads", "glb") => ("model/gltf-binary", glb(id)),
        ("exports", "zip") => ("application/zip", zip("model.glb", &glb(id))),
        _ => return None,
    };
    Some(answer::bytes(200, kind, bytes))
}

/// An image in colours of its own.
fn png(id: Uuid) -> Option<Bytes> {
    let [red, green, blue, ..] = id.into_bytes();
    let shade = |x: u32, y: u32| {
        let step = u8::try_from((x + y) * 2 % 256).unwrap_or(u8::MAX);
        Rgb([red.wrapping_add(step), green ^ step, blue])
    };
    let picture = RgbImage::from_fn(SIDE, SIDE, shade);
    let mut bytes = Cursor::new(Vec::new());
    picture.write_to(&mut bytes, ImageFormat::Png).ok()?;
    Some(bytes.into_inner().into())
}

/// A quarter of a second of a tone: 16-bit PCM at 8 kHz in a RIFF container.
fn wav(id: Uuid) -> Bytes {
    const RATE: u32 = 8_000;
    let pitch = 220.0 + f64::from(id.into_bytes()[0]);
    let samples: Vec<u8> = (0..RATE / 4)
        .flat_map(|at| {
            let wave = (f64::from(at) / f64::from(RATE) * pitch * std::f64::consts::TAU).sin();
            // The wave stays within 0.3 of the range.
            #[allow(
                clippy::cast_possible_truncation,
                reason = "a third of the range of i16"
            )]
            let sample = (wave * 10_000.0) as i16;
            sample.to_le_bytes()
        })
        .collect();
    let mut bytes = Vec::new();
    let word = |n: u32| n.to_le_bytes();
    bytes.extend(b"RIFF");
    bytes.extend(word(36 + length(&samples)));
    bytes.extend(b"WAVEfmt ");
    bytes.extend(word(16));
    bytes.extend([1, 0, 1, 0]);
    bytes.extend(word(RATE));
    bytes.extend(word(RATE * 2));
    bytes.extend([2, 0, 16, 0]);
    bytes.extend(b"data");
    bytes.extend(word(length(&samples)));
    bytes.extend(samples);
    bytes.into()
}

/// A triangle in a colour of its own, as binary glTF 2.0.
fn glb(id: Uuid) -> Bytes {
    let corners: [f32; 9] = [0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0, 0.0];
    let binary: Vec<u8> = corners.iter().flat_map(|at| at.to_le_bytes()).collect();
    let colour = id.into_bytes().map(|byte| f64::from(byte) / 255.0);
    let scene = json!({
        "asset": {"version": "2.0", "generator": "kreel mock"},
        "scene": 0,
        "scenes": [{"nodes": [0]}],
        "nodes": [{"mesh": 0}],
        "meshes": [{"primitives": [{"attributes": {"POSITION": 0}, "material": 0}]}],
        "materials": [{"pbrMetallicRoughness": {"baseColorFactor": [colour[0], colour[1], colour[2], 1.0]}}],
        "buffers": [{"byteLength": binary.len()}],
        "bufferViews": [{"buffer": 0, "byteLength": binary.len(), "target": 34962}],
        "accessors": [{
            "bufferView": 0, "componentType": 5126, "count": 3, "type": "VEC3",
            "min": [0.0, 0.0, 0.0], "max": [1.0, 1.0, 0.0],
        }],
    });
    let mut text = scene.to_string().into_bytes();
    // Chunks end on four bytes; the text is filled with spaces.
    text.resize(text.len().next_multiple_of(4), b' ');
    let word = |n: u32| n.to_le_bytes();
    let mut bytes = Vec::new();
    bytes.extend(b"glTF");
    bytes.extend(word(2));
    bytes.extend(word(12 + 8 + length(&text) + 8 + length(&binary)));
    bytes.extend(word(length(&text)));
    bytes.extend(b"JSON");
    bytes.extend(text);
    bytes.extend(word(length(&binary)));
    bytes.extend(b"BIN\0");
    bytes.extend(binary);
    bytes.into()
}

/// An archive with one file, stored as it is (APPNOTE 6.3, sections 4.3.7, 4.3.12, 4.3.16).
fn zip(name: &str, content: &[u8]) -> Bytes {
    let mut checksum = crc32fast::Hasher::new();
    checksum.update(content);
    let checksum = checksum.finalize();
    // What both headers of a file share: version, flags, method, time, date, sums and sizes.
    let mut common = vec![20, 0, 0, 0, 0, 0, 0, 0, 0x21, 0x5c];
    for word in [
        checksum,
        length(content),
        length(content),
        length(name.as_bytes()),
    ] {
        common.extend(word.to_le_bytes());
    }
    let mut bytes = b"PK\x03\x04".to_vec();
    bytes.extend(&common);
    bytes.extend(name.as_bytes());
    bytes.extend(content);
    let directory = length(&bytes);
    bytes.extend(b"PK\x01\x02\x14\0");
    bytes.extend(&common);
    // No comment, first disk, no attributes, and the file is at the start.
    bytes.extend([0; 14]);
    bytes.extend(name.as_bytes());
    let size = length(&bytes) - directory;
    bytes.extend(b"PK\x05\x06\0\0\0\0\x01\0\x01\0");
    bytes.extend(size.to_le_bytes());
    bytes.extend(directory.to_le_bytes());
    bytes.extend([0, 0]);
    bytes.into()
}

/// A length as these formats have it. Nothing made here comes near the end of the range.
fn length(bytes: &[u8]) -> u32 {
    u32::try_from(bytes.len()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt;

    use super::*;

    fn get(path: &str) -> (String, Bytes) {
        let answer = file(path).unwrap_or_else(|| panic!("{path}"));
        let kind = answer.headers()["content-type"]
            .to_str()
            .unwrap()
            .to_owned();
        let mut body = answer.into_body();
        let frame = std::pin::pin!(body.frame());
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        let std::task::Poll::Ready(Some(Ok(frame))) = frame.poll(&mut context) else {
            panic!("a whole body is ready");
        };
        (kind, frame.into_data().unwrap())
    }

    const ID: &str = "6a1f1c0e-2b7c-4a43-8f55-1d0f0a9c2e10";

    #[test]
    fn images_are_images() {
        let (kind, bytes) = get(&format!("/images/{ID}.png"));
        let picture = image::load_from_memory(&bytes).unwrap();
        assert_eq!(
            (kind.as_str(), picture.width(), picture.height()),
            ("image/png", 64, 64)
        );
        let other = get("/images/00000000-0000-4000-8000-000000000000.png").1;
        assert_ne!(bytes, other);
    }

    #[test]
    fn models_are_models() {
        let (_, bytes) = get(&format!("/models/{ID}.glb"));
        assert_eq!(&bytes[..4], b"glTF");
        let word = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap()) as usize;
        assert_eq!(word(8), bytes.len());
        let scene: serde_json::Value = serde_json::from_slice(&bytes[20..20 + word(12)]).unwrap();
        assert_eq!(scene["asset"]["version"], "2.0");
        assert_eq!(word(20 + word(12)), 36);
    }

    #[test]
    fn sounds_and_videos_have_their_marks() {
        let (_, sound) = get(&format!("/audio/{ID}.wav"));
        assert_eq!((&sound[..4], &sound[8..12]), (&b"RIFF"[..], &b"WAVE"[..]));
        assert_eq!(
            u32::from_le_bytes(sound[4..8].try_into().unwrap()) as usize,
            sound.len() - 8
        );
        let (_, video) = get(&format!("/videos/{ID}.mp4"));
        assert_eq!(&video[4..8], b"ftyp");
    }

    #[test]
    fn only_our_names_are_files() {
        for none in [
            "/",
            "/images/x.png",
            "/jobs/a.b",
            &format!("/images/{ID}.exe"),
            "/../x",
        ] {
            assert!(file(none).is_none(), "{none}");
        }
    }
}
