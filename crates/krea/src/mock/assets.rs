//! Uploads. Their bytes are counted, not kept: what is served under an asset's address is a small
//! file of the same kind.

use std::io::Cursor;

use bytes::{Bytes, BytesMut};
use http::HeaderMap;
use http_body_util::BodyDataStream;
use hyper::body::Incoming;
use serde_json::{Value, json};

use super::answer::{self, Answer};
use super::life;
use super::shared::Shared;
use super::world::{World, time};
use crate::limits::{ASSET_HEAD_BYTES, ASSET_MAX_BYTES, ASSET_READ_BYTES};

/// Kinds of files that are taken, by type, with the ending of what is served for them.
const TAKEN: [(&str, &str); 12] = [
    ("image/jpeg", "png"),
    ("image/png", "png"),
    ("image/webp", "png"),
    ("image/heic", "png"),
    ("video/mp4", "mp4"),
    ("video/quicktime", "mp4"),
    ("video/webm", "mp4"),
    ("model/gltf-binary", "glb"),
    ("audio/wav", "wav"),
    ("audio/x-wav", "wav"),
    ("audio/mpeg", "wav"),
    ("audio/mp3", "wav"),
];

/// What is said of a file beyond the limit.
const TOO_LARGE: &str = "file: larger than 75MB";

/// An upload that has come to its end.
#[derive(Debug, Default)]
struct Upload {
    size: u64,
    kind: Option<String>,
    head: BytesMut,
    description: Option<String>,
}

/// `POST /assets`.
pub(super) async fn post(shared: &Shared, headers: &HeaderMap, body: Incoming) -> Answer {
    let kind = headers.get(http::header::CONTENT_TYPE);
    let boundary = kind
        .and_then(|kind| kind.to_str().ok())
        .map(multer::parse_boundary);
    let Some(Ok(boundary)) = boundary else {
        return answer::error(400, "Expected multipart/form-data");
    };
    match read(body, boundary).await {
        Ok(Some(upload)) if upload.size > ASSET_MAX_BYTES => answer::error(400, TOO_LARGE),
        Ok(Some(upload)) => keep(shared, &upload),
        Ok(None) => answer::error(400, "file: Required"),
        Err(words) => answer::error(400, &words),
    }
}

/// Reads the form piece by piece; nothing if there is no file in it.
async fn read(body: Incoming, boundary: String) -> Result<Option<Upload>, String> {
    let sizes = multer::SizeLimit::new()
        .whole_stream(ASSET_READ_BYTES)
        .for_field("description", 4096)
        .for_field("metadata", 64 * 1024);
    let limits = multer::Constraints::new().size_limit(sizes);
    let mut form = multer::Multipart::with_constraints(BodyDataStream::new(body), boundary, limits);
    let (mut upload, mut has_file) = (Upload::default(), false);
    while let Some(mut field) = form.next_field().await.map_err(words)? {
        match field.name() {
            Some("file") => {
                has_file = true;
                upload.kind = field.content_type().map(ToString::to_string);
                while let Some(piece) = field.chunk().await.map_err(words)? {
                    upload.take(&piece);
                }
            }
            Some("description") => upload.description = Some(field.text().await.map_err(words)?),
            _ => while field.chunk().await.map_err(words)?.is_some() {},
        }
    }
    Ok(has_file.then_some(upload))
}

fn words(error: multer::Error) -> String {
    match error {
        multer::Error::StreamSizeExceeded { .. } => TOO_LARGE.to_owned(),
        error => format!("Invalid form data: {error}"),
    }
}

impl Upload {
    fn take(&mut self, piece: &Bytes) {
        self.size += piece.len() as u64;
        let room = ASSET_HEAD_BYTES
            .saturating_sub(self.head.len())
            .min(piece.len());
        self.head.extend_from_slice(&piece[..room]);
    }

    /// Width and height, where the first bytes tell.
    fn pixels(&self) -> Option<(u32, u32)> {
        let reader = image::ImageReader::new(Cursor::new(&self.head));
        reader.with_guessed_format().ok()?.into_dimensions().ok()
    }
}

fn keep(shared: &Shared, upload: &Upload) -> Answer {
    let kind = upload.kind.as_deref().unwrap_or("application/octet-stream");
    let Some((_, ending)) = TAKEN.iter().find(|(taken, _)| *taken == kind) else {
        return answer::error(400, &format!("file: {kind} is not supported"));
    };
    let pixels = upload.pixels();
    let mut world = shared.world();
    let number = world
        .assets
        .last_key_value()
        .map_or(0, |(last, _)| last + 1);
    let id = life::uuid(shared, "asset", number);
    let uploaded_at = time(world.next_moment());
    let mut asset = json!({
        "id": id.to_string(),
        "image_url": format!("{}/uploads/{id}.{ending}", shared.media),
        "uploaded_at": uploaded_at,
        "width": pixels.map(|(width, _)| width),
        "height": pixels.map(|(_, height)| height),
        "size_bytes": upload.size,
        "mime_type": kind,
    });
    if let Some(description) = &upload.description {
        asset["description"] = json!(description);
    }
    World::keep(&mut world.assets, asset.clone());
    answer::json(200, &asset)
}

/// `GET /assets`.
pub(super) fn list(shared: &Shared, query: &[(String, String)]) -> Answer {
    let world = shared.world();
    super::others::page(world.assets.values().rev(), query, "uploaded_at")
}

/// `GET /assets/{id}` and `DELETE /assets/{id}`.
pub(super) fn one(shared: &Shared, id: &str, is_delete: bool) -> Answer {
    let mut world = shared.world();
    let found = world.assets.iter().find(|(_, asset)| asset["id"] == id);
    let Some((number, asset)) = found.map(|(number, asset)| (*number, Value::clone(asset))) else {
        return answer::error(404, "Asset not found");
    };
    if !is_delete {
        return answer::json(200, &asset);
    }
    world.assets.remove(&number);
    answer::json(
        200,
        &json!({"success": true, "message": "Asset deleted successfully"}),
    )
}
