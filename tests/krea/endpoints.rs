//! Every call of the API, with every status that is documented or was observed for it.

use serde_json::{Value, json};

use super::stand_in::{FLUX, StandIn};
use crate::support::{Answer, Post};

/// A call, by method and path.
type Call = (&'static str, &'static str);

/// All calls that want a token. Where an id belongs there is one that is known only while
/// [`Things`] fills it in.
const CALLS: [Call; 25] = [
    ("POST", FLUX),
    ("POST", VIDEO),
    ("POST", ENHANCE),
    ("POST", AUDIO),
    ("POST", SOLID),
    ("POST", TRAIN),
    ("POST", APP),
    ("GET", "/jobs"),
    ("GET", "/jobs/{job}"),
    ("DELETE", "/jobs/{job}"),
    ("POST", "/assets"),
    ("GET", "/assets"),
    ("GET", "/assets/{asset}"),
    ("DELETE", "/assets/{asset}"),
    ("GET", "/styles"),
    ("GET", "/styles/{style}"),
    ("PATCH", "/styles/{style}"),
    ("GET", "/styles/{style}/share/link"),
    ("POST", "/styles/{style}/share/workspace"),
    ("DELETE", "/styles/{style}/share/workspace"),
    ("GET", "/node-apps/demo-app"),
    ("GET", "/node-apps/demo-app/versions"),
    ("POST", "/export/3d"),
    ("GET", "/usage"),
    ("GET", "/no/such/path"),
];

const VIDEO: &str = "/generate/video/kling/kling-2.5";
const ENHANCE: &str = "/generate/enhance/topaz/standard-enhance";
const AUDIO: &str = "/generate/audio/elevenlabs/music-v2.5";
const SOLID: &str = "/generate/3d/acme/solid";
const TRAIN: &str = "/styles/train";
const APP: &str = "/node-apps/demo-app/execute";

/// What starts a job, with a body that is taken.
fn creating() -> [(&'static str, Value); 7] {
    let size = json!({"image_url": "https://a.b/c.png", "width": 1, "height": 1, "model": "x"});
    [
        (FLUX, json!({"prompt": "x"})),
        (VIDEO, json!({"prompt": "x"})),
        (ENHANCE, size),
        (AUDIO, json!({"prompt": "x"})),
        (SOLID, json!({"prompt": "x"})),
        (TRAIN, json!({"name": "x", "urls": ["https://a.b/c.png"]})),
        (APP, json!({"prompt": "x"})),
    ]
}

/// Things that are there to be asked for.
struct Things {
    job: String,
    style: String,
    asset: String,
}

impl Things {
    async fn made(mock: &StandIn) -> Self {
        let training = mock.job(TRAIN, json!({"name": "Foxes", "urls": []})).await;
        let trained = mock.reaches(&training, "completed").await;
        let asset = mock.upload("image/png", b"x").await.json();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        Self {
            job: mock.job(FLUX, json!({"prompt": "mock:stuck"})).await,
            style: text(&trained["result"]["style_id"]),
            asset: text(&asset["id"]),
        }
    }

    fn path(&self, template: &str) -> String {
        template
            .replace("{job}", &self.job)
            .replace("{style}", &self.style)
            .replace("{asset}", &self.asset)
            .replace("{none}", "0f6f4c1e-8a50-4f0e-9a0d-0c1f3a5b7d11")
    }
}

/// The one key an error has, with its sentence.
fn told(answer: &Answer) -> (u16, String) {
    let body = answer.json();
    let fields = body.as_object().unwrap_or_else(|| panic!("{body}"));
    let (key, words) = fields.iter().next().unwrap();
    assert!(fields.len() == 1 && words.is_string(), "{body}");
    (answer.status(), key.clone())
}

#[tokio::test]
async fn every_call_wants_a_token() {
    let mock = StandIn::start(&["--api-token", "right"]).await;
    for (method, path) in CALLS {
        let answer = mock.raw(Post::new(method, path).body("{}")).await;
        let expected = (401, json!({"message": "Unauthorized"}));
        assert_eq!(
            (answer.status(), answer.json()),
            expected,
            "{method} {path}"
        );
    }
    let free = mock.raw(Post::new("GET", "/openapi.json")).await;
    assert_eq!(free.status(), 200);
}

#[tokio::test]
async fn every_call_goes_well_and_wrong_as_documented() {
    let mock = StandIn::start(&["--speed", "1000000"]).await;
    let things = Things::made(&mock).await;
    let none = Value::Null;
    let stl = json!({"job_id": things.job, "file_format": "stl"});
    let nobody = json!({"job_id": "none", "file_format": "stl"});
    for (method, path, body, status) in [
        ("POST", FLUX, json!({}), 400),
        ("POST", VIDEO, json!({}), 400),
        (
            "POST",
            VIDEO,
            json!({"prompt": "x", "aspectRatio": "16:9"}),
            400,
        ),
        (
            "POST",
            ENHANCE,
            json!({"image_url": "https://a.b/c.png"}),
            400,
        ),
        ("POST", AUDIO, json!([]), 400),
        ("POST", SOLID, json!("x"), 400),
        ("POST", TRAIN, json!({"name": "x"}), 400),
        ("POST", TRAIN, json!({"name": "x", "urls": "x"}), 400),
        (
            "POST",
            TRAIN,
            json!({"name": "x", "urls": [], "webhook": "x"}),
            400,
        ),
        ("POST", APP, json!([]), 400),
        ("POST", "/node-apps/{nobody}/execute", json!({}), 404),
        ("GET", "/jobs", none.clone(), 200),
        ("GET", "/jobs?limit=0", none.clone(), 400),
        ("GET", "/jobs?limit=1001", none.clone(), 400),
        ("GET", "/jobs?cursor=yesterday", none.clone(), 400),
        ("GET", "/jobs?status=canceled", none.clone(), 400),
        ("GET", "/jobs/{job}", none.clone(), 200),
        ("GET", "/jobs/{none}", none.clone(), 404),
        ("DELETE", "/jobs/{job}", none.clone(), 200),
        ("DELETE", "/jobs/{job}", none.clone(), 400),
        ("DELETE", "/jobs/{none}", none.clone(), 404),
        ("POST", "/assets", json!({}), 400),
        ("GET", "/assets", none.clone(), 200),
        ("GET", "/assets?limit=0", none.clone(), 400),
        ("GET", "/assets/{asset}", none.clone(), 200),
        ("GET", "/assets/{none}", none.clone(), 404),
        ("DELETE", "/assets/{asset}", none.clone(), 200),
        ("DELETE", "/assets/{asset}", none.clone(), 404),
        ("GET", "/styles", none.clone(), 200),
        ("GET", "/styles?limit=0", none.clone(), 400),
        ("GET", "/styles?filter=best", none.clone(), 400),
        ("GET", "/styles?liked=perhaps", none.clone(), 400),
        ("GET", "/styles/{style}", none.clone(), 200),
        ("GET", "/styles/none", none.clone(), 404),
        ("PATCH", "/styles/{style}", json!({"title": "Foxes"}), 200),
        ("PATCH", "/styles/{style}", json!({"owner": "me"}), 400),
        ("PATCH", "/styles/{style}", json!([]), 400),
        ("PATCH", "/styles/none", json!({}), 404),
        ("PATCH", "/styles/c0mmun1ty", json!({}), 404),
        ("GET", "/styles/{style}/share/link", none.clone(), 201),
        ("GET", "/styles/{style}/share/link", none.clone(), 200),
        ("GET", "/styles/none/share/link", none.clone(), 404),
        ("POST", "/styles/{style}/share/workspace", none.clone(), 200),
        (
            "POST",
            "/styles/c0mmun1ty/share/workspace",
            none.clone(),
            403,
        ),
        ("POST", "/styles/none/share/workspace", none.clone(), 404),
        (
            "DELETE",
            "/styles/{style}/share/workspace",
            none.clone(),
            200,
        ),
        (
            "DELETE",
            "/styles/kr3aoff1c/share/workspace",
            none.clone(),
            403,
        ),
        ("DELETE", "/styles/none/share/workspace", none.clone(), 404),
        ("GET", "/node-apps/demo-app", none.clone(), 200),
        ("GET", "/node-apps/nobody", none.clone(), 404),
        ("GET", "/node-apps/demo-app/versions", none.clone(), 200),
        ("GET", "/node-apps/nobody/versions", none.clone(), 404),
        ("POST", "/export/3d", stl, 200),
        ("POST", "/export/3d", json!({}), 400),
        ("POST", "/export/3d", nobody, 404),
        ("GET", "/usage", none.clone(), 403),
        ("GET", "/no/such/path", none.clone(), 404),
        ("PUT", "/jobs", none, 404),
    ] {
        let body = Some(&body).filter(|body| !body.is_null());
        let answer = mock.call(method, &things.path(path), &[], body).await;
        let words = format!("{method} {path}: {}", answer.text());
        assert_eq!(answer.status(), status, "{words}");
        if status >= 400 {
            assert_eq!(told(&answer).1, "error", "{words}");
        }
    }
    for (path, body) in creating() {
        let answer = mock.call("POST", path, &[], Some(&body)).await;
        assert_eq!(answer.status(), 200, "{path}: {}", answer.text());
        // Node apps answer with a list, by the schema.
        assert_eq!(answer.json().is_array(), path == APP);
    }
}

#[tokio::test]
async fn money_and_room_end_for_each_kind() {
    let poor = StandIn::start(&["--balance", "0"]).await;
    let full = StandIn::start(&["--concurrency", "1", "--backlog", "0"]).await;
    full.job(FLUX, json!({"prompt": "mock:stuck"})).await;
    for (path, body) in creating() {
        let answer = poor.call("POST", path, &[], Some(&body)).await;
        assert_eq!(told(&answer), (402, "message".to_owned()), "{path}");
        assert!(answer.text().contains("Your API balance is separate"));
        let answer = full.call("POST", path, &[], Some(&body)).await;
        assert_eq!(told(&answer), (429, "error".to_owned()), "{path}");
        assert!(answer.text().contains("CONCURRENCY_LIMIT_REACHED"));
        assert_eq!(answer.header("retry-after"), None, "none is documented");
    }
}

#[tokio::test]
async fn every_status_comes_on_demand_from_every_call() {
    let mock = StandIn::start(&[]).await;
    for (method, path) in CALLS {
        for status in [400, 401, 402, 403, 404, 429, 500] {
            let text = status.to_string();
            let headers = [("X-Mock-Outcome", text.as_str())];
            let answer = mock.call(method, path, &headers, None).await;
            let key = if [401, 402].contains(&status) {
                "message"
            } else {
                "error"
            };
            assert_eq!(told(&answer), (status, key.to_owned()), "{method} {path}");
        }
        for status in [502, 503, 504, 520, 522, 524] {
            let text = status.to_string();
            let headers = [("X-Mock-Outcome", text.as_str())];
            let answer = mock.call(method, path, &headers, None).await;
            let kind = answer.header("content-type").unwrap_or_default();
            assert_eq!(
                (answer.status(), &kind[..9]),
                (status, "text/html"),
                "{method} {path}"
            );
        }
        let headers = [("X-Mock-Outcome", "410")];
        let gone = mock.call(method, path, &headers, None).await;
        assert_eq!(gone.status(), 410);
        assert_eq!(gone.json()["error"], "model_unavailable", "{method} {path}");
    }
}

#[tokio::test]
async fn each_form_of_422_can_be_had() {
    for (form, pointer) in [
        ("detail", "/detail/0/msg"),
        ("detail-text", "/detail"),
        ("details", "/details/0/message"),
        ("errors", "/errors/0/message"),
        ("issues", "/issues/0/message"),
        ("nested", "/error/issues/0/message"),
    ] {
        let options = ["--validation-status", "422", "--fault-form", form];
        let mock = StandIn::start(&options).await;
        let strange = json!({"prompt": "x", "imageUrl": "x"});
        let strange = mock.call("POST", FLUX, &[], Some(&strange)).await;
        let name = format!("422-{form}");
        let prompt = json!({"prompt": format!("a fox mock:{name}")});
        let prompt = mock.call("POST", FLUX, &[], Some(&prompt)).await;
        let headers = [("X-Mock-Outcome", name.as_str())];
        let header = mock.call("GET", "/jobs", &headers, None).await;
        for (answer, words) in [
            (strange, "Unrecognized key"),
            (prompt, "Invalid asset URL"),
            (header, "Invalid asset URL"),
        ] {
            let body = answer.json();
            let found = body.pointer(pointer).and_then(Value::as_str);
            assert!(
                answer.status() == 422 && found.is_some_and(|found| found.contains(words)),
                "{form}: {body}"
            );
        }
    }
}

#[tokio::test]
async fn the_key_of_errors_is_as_the_sources_have_it() {
    for (key, of_401, of_404) in [
        ("mixed", "message", "error"),
        ("error", "error", "error"),
        ("message", "message", "message"),
    ] {
        let mock = StandIn::start(&["--error-key", key, "--api-token", "right"]).await;
        let call = |token: &'static str| {
            let post = Post::new("GET", "/jobs/none");
            mock.raw(post.header("Authorization", token))
        };
        assert_eq!(told(&call("Bearer wrong").await), (401, of_401.to_owned()));
        assert_eq!(told(&call("Bearer right").await), (404, of_404.to_owned()));
    }
}

#[tokio::test]
async fn styles_are_found_by_what_they_are() {
    let mock = StandIn::start(&["--speed", "1000000"]).await;
    let own = Things::made(&mock).await.style;
    let all = mock.json("/styles").await["items"].clone();
    let owner = |at: usize| all[at]["owner"]["id"].as_str().unwrap().to_owned();
    let (you, other) = (owner(0), owner(1));
    for (query, expected) in [
        (
            String::new(),
            vec![&*own, "sh4redsty", "c0mmun1ty", "kr3aoff1c"],
        ),
        ("filter=all&limit=2".to_owned(), vec![&own, "sh4redsty"]),
        (format!("ids=kr3aoff1c,{own},none"), vec![&own, "kr3aoff1c"]),
        ("liked=true".to_owned(), vec!["c0mmun1ty"]),
        (format!("user={you}"), vec![&own]),
        (format!("user={other}"), vec!["sh4redsty", "c0mmun1ty"]),
        ("user=nobody".to_owned(), vec![]),
        ("model=wan22".to_owned(), vec!["sh4redsty"]),
        ("model=flux_dev&filter=user".to_owned(), vec![&own]),
        ("filter=community".to_owned(), vec!["c0mmun1ty"]),
        ("filter=krea".to_owned(), vec!["kr3aoff1c"]),
        ("filter=shared".to_owned(), vec!["sh4redsty"]),
        ("filter=public".to_owned(), vec!["c0mmun1ty", "kr3aoff1c"]),
        ("filter=unapproved".to_owned(), vec![]),
    ] {
        let found = mock.json(&format!("/styles?{query}")).await;
        let items = found["items"].as_array().unwrap().iter();
        let ids: Vec<&str> = items.map(|style| style["id"].as_str().unwrap()).collect();
        assert_eq!(ids, expected, "{query}");
    }
    assert_eq!(all[0]["title"], "Foxes");
}

/// The header says how one job ends, whatever its prompt and the plan say.
#[tokio::test]
async fn a_header_decides_how_one_job_ends() {
    let mock = StandIn::start(&["--speed", "1000000", "--outcome", "cancelled"]).await;
    let create = |outcome: &'static str| {
        let body = json!({"prompt": "mock:shadow-fail"});
        let mock = &mock;
        async move {
            let headers = [("X-Mock-Outcome", outcome)];
            mock.call("POST", FLUX, &headers, Some(&body)).await
        }
    };
    for (outcome, status, pointer) in [
        ("completed", "completed", "/result/urls/0"),
        ("failed", "failed", "/error/code"),
        ("failed-in-result", "failed", "/result/error"),
        ("silent-failure", "failed", "/result"),
        ("cancelled", "cancelled", "/completed_at"),
        ("timeout", "failed", "/error/message"),
    ] {
        let id = super::stand_in::id(&create(outcome).await);
        let done = mock.reaches(&id, status).await;
        assert!(done.pointer(pointer).is_some(), "{outcome}: {done}");
    }
    assert_eq!(create("html").await.status(), 502);
    let misspelt = create("faild").await;
    assert_eq!(told(&misspelt), (400, "error".to_owned()));
    assert!(
        misspelt.text().contains("shadow-fail"),
        "it names what there is"
    );
    let headers = [("X-Mock-Outcome", "failed")];
    let no_job = mock.call("GET", "/jobs", &headers, None).await;
    assert_eq!(told(&no_job), (400, "error".to_owned()));
}
