//! The files a job made, in whichever of their shapes, and what kind of job that tells.

use serde_json::Value;

use super::short;
use crate::limits::MAX_RESULTS;

/// What a job made.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Results {
    /// How they were written.
    pub shape: Shape,
    /// The files, as many as are listed.
    pub files: Vec<ResultFile>,
    /// How many there are in all.
    pub count: usize,
}

/// A file a job made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResultFile {
    /// Where it is, as it was written.
    pub url: String,
    /// What it is among the others: a type like `preview`, or the name of an output.
    pub role: Option<String>,
}

/// How the addresses were written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Shape {
    /// There are none.
    #[default]
    None,
    /// `result.urls` is there and empty.
    Empty,
    /// `result.urls` is a list of addresses: images, videos, enhancements.
    List,
    /// `result.urls` is a list of objects with a type: 3D jobs.
    Typed,
    /// `result.urls` is an object of outputs: node apps.
    Map,
    /// They stand where older answers had them, in this field.
    Legacy(&'static str),
    /// `result.urls` is something nobody knows.
    Strange,
}

/// What a job does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// Makes images.
    Image,
    /// Makes a video.
    Video,
    /// Makes a file larger or better.
    Enhance,
    /// Makes sound.
    Audio,
    /// Makes a model in three dimensions.
    Model,
    /// Trains a style.
    Training,
    /// Runs a node app.
    NodeApp,
}

impl Results {
    /// Reads `result`, and `urls` beside it, where some older answers have them.
    pub(super) fn of(result: Option<&Value>, beside: Option<&Value>) -> Self {
        let field = |name: &str| result.and_then(|result| result.get(name));
        let one = |name: &'static str| {
            let url = field(name)?.as_str()?;
            Some(Self::new(Shape::Legacy(name), [file(url, None)]))
        };
        match field("urls") {
            Some(Value::Null) | None => {}
            Some(urls) => return Self::of_urls(urls),
        }
        one("url")
            .or_else(|| one("video_url"))
            .or_else(|| field("images").and_then(Self::of_images))
            .or_else(|| beside.and_then(Self::of_beside))
            .unwrap_or_default()
    }

    fn of_urls(urls: &Value) -> Self {
        match urls {
            Value::Array(items) if items.is_empty() => Self::new(Shape::Empty, []),
            Value::Object(outputs) if outputs.is_empty() => Self::new(Shape::Empty, []),
            Value::Array(items) if items.iter().any(Value::is_object) => {
                Self::new(Shape::Typed, items.iter().filter_map(typed))
            }
            Value::Array(items) if items.iter().all(Value::is_string) => {
                let urls = items.iter().filter_map(Value::as_str);
                Self::new(Shape::List, urls.map(|url| file(url, None)))
            }
            Value::Object(outputs) => {
                let files = outputs.iter().flat_map(|(name, value)| output(name, value));
                Self::new(Shape::Map, files)
            }
            Value::String(url) => Self::new(Shape::Legacy("urls as a text"), [file(url, None)]),
            _ => Self::new(Shape::Strange, []),
        }
    }

    fn of_images(images: &Value) -> Option<Self> {
        let files = images.as_array()?.iter().filter_map(typed);
        let found = Self::new(Shape::Legacy("images"), files);
        (found.count > 0).then_some(found)
    }

    fn of_beside(urls: &Value) -> Option<Self> {
        let found = Self::of_urls(urls);
        (found.count > 0).then_some(Self {
            shape: Shape::Legacy("urls beside result"),
            ..found
        })
    }

    fn new(shape: Shape, files: impl IntoIterator<Item = ResultFile>) -> Self {
        let mut results = Self {
            shape,
            ..Self::default()
        };
        for file in files {
            results.count += 1;
            if results.files.len() < MAX_RESULTS {
                results.files.push(file);
            }
        }
        results
    }

    /// What kind of job makes such results.
    pub(super) fn kind(&self) -> Option<Kind> {
        match self.shape {
            Shape::Typed => Some(Kind::Model),
            Shape::Map => Some(Kind::NodeApp),
            _ => self.files.iter().find_map(ResultFile::kind),
        }
    }
}

impl ResultFile {
    /// What makes files with this ending.
    fn kind(&self) -> Option<Kind> {
        let path = self.url.split(['?', '#']).next().unwrap_or_default();
        let (_, ending) = path.rsplit('/').next()?.rsplit_once('.')?;
        Some(match ending.to_ascii_lowercase().as_str() {
            "png" | "jpg" | "jpeg" | "webp" | "gif" | "avif" | "heic" => Kind::Image,
            "mp4" | "mov" | "webm" => Kind::Video,
            "wav" | "mp3" | "flac" | "ogg" | "m4a" => Kind::Audio,
            "glb" | "gltf" | "obj" | "fbx" | "stl" | "ply" => Kind::Model,
            _ => return None,
        })
    }

    /// The host its address names, in lower case.
    pub fn host(&self) -> Option<String> {
        let uri: http::Uri = self.url.parse().ok()?;
        Some(uri.host()?.to_ascii_lowercase())
    }

    /// Whether it is on one of Krea's hosts, over https.
    pub fn is_kreas(&self) -> bool {
        let is_https = self
            .url
            .split_once("://")
            .is_some_and(|(scheme, _)| scheme.eq_ignore_ascii_case("https"));
        is_https
            && self
                .host()
                .is_some_and(|host| host == "krea.ai" || host.ends_with(".krea.ai"))
    }
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 7] = [
        Self::Image,
        Self::Video,
        Self::Enhance,
        Self::Audio,
        Self::Model,
        Self::Training,
        Self::NodeApp,
    ];

    /// Its name, for people and for files.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Image => "image",
            Self::Video => "video",
            Self::Enhance => "enhance",
            Self::Audio => "audio",
            Self::Model => "3d",
            Self::Training => "training",
            Self::NodeApp => "node-app",
        }
    }
}

fn file(url: &str, role: Option<&str>) -> ResultFile {
    ResultFile {
        url: short(url),
        role: role.map(short),
    }
}

/// An item of a list: an object with its address, or the address itself.
fn typed(item: &Value) -> Option<ResultFile> {
    match item {
        Value::String(url) => Some(file(url, None)),
        object => {
            let role = object.get("type").and_then(Value::as_str);
            Some(file(object.get("url")?.as_str()?, role))
        }
    }
}

/// The files of one output; some apps have several under one name.
fn output<'a>(name: &'a str, value: &'a Value) -> impl Iterator<Item = ResultFile> + 'a {
    let several = value
        .as_array()
        .map_or(std::slice::from_ref(value), Vec::as_slice);
    several
        .iter()
        .filter_map(typed)
        .map(move |found| ResultFile {
            role: Some(short(name)),
            ..found
        })
}
