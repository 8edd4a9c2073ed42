//! A lens as one for jobs would be.

use std::sync::Arc;

use crate::lens::{Act, Acted, Column, Lens, Mood, Of, Page, Sheet, SheetLine, SubjectRow};

/// Knows two jobs, and of the first all there is.
#[derive(Debug)]
pub(crate) struct Jobs;

/// It, as the facts have it.
pub(crate) fn jobs() -> Option<Arc<dyn Lens>> {
    Some(Arc::new(Jobs))
}

const COLUMNS: [Column; 5] = [
    Column {
        title: "time",
        width: 9,
        is_right: false,
        rank: 2,
    },
    Column {
        title: "job",
        width: 9,
        is_right: false,
        rank: 1,
    },
    Column {
        title: "kind and model",
        width: 24,
        is_right: false,
        rank: 3,
    },
    Column {
        title: "status",
        width: 11,
        is_right: false,
        rank: 0,
    },
    Column {
        title: "took",
        width: 7,
        is_right: true,
        rank: 1,
    },
];

impl Lens for Jobs {
    fn name(&self) -> &'static str {
        "Job"
    }

    fn title(&self) -> &'static str {
        "jobs"
    }

    fn columns(&self) -> &'static [Column] {
        &COLUMNS
    }

    fn page(&self, _: usize) -> Result<Page, String> {
        Ok(page())
    }

    fn read(&self, _: &Of) -> Result<Option<Sheet>, String> {
        Ok(Some(sheet()))
    }

    fn act(&self, _: &Of, act: &Act) -> Acted {
        Acted::Says(format!("{act:?}"))
    }

    fn version(&self) -> u64 {
        0
    }
}

/// Three jobs: one well, one that failed, one of which nothing came.
pub(crate) fn page() -> Page {
    let row = |sign, mood, cells: [&str; 5], flags: &[&str], deliveries: &[i64]| SubjectRow {
        id: cells[1].to_owned(),
        sign,
        mood,
        cells: cells.map(str::to_owned).to_vec(),
        flags: flags.iter().map(|flag| (*flag).to_owned()).collect(),
        deliveries: deliveries.to_vec(),
    };
    Page {
        rows: vec![
            row(
                "!",
                Mood::Bad,
                [
                    "08:00:20",
                    "e0a1c3d5",
                    "video kling/kling-2.5",
                    "completed",
                    "19 s",
                ],
                &["MISSED"],
                &[],
            ),
            row(
                "✓",
                Mood::Good,
                [
                    "07:59:41",
                    "7c1f3b0e",
                    "image bfl/flux-1-dev",
                    "completed",
                    "28 s",
                ],
                &["DUPLICATE", "HANDLER SLOW"],
                &[11, 12],
            ),
            row(
                "✗",
                Mood::Bad,
                [
                    "07:58:02",
                    "51b2c8aa",
                    "image krea/krea-2/medium",
                    "failed",
                    "3 s",
                ],
                &[],
                &[9],
            ),
        ],
        has_older: true,
    }
}

/// All there is of a job.
pub(crate) fn sheet() -> Sheet {
    let link = |label: &str, url: &str| SheetLine {
        link: Some(url.to_owned()),
        ..SheetLine::of(label, url, Mood::Plain)
    };
    Sheet {
        lines: vec![
            SheetLine::of("job", "7c1f3b0e-9d0a-4a51-8f53-2f4f3f9f2f10", Mood::Strong),
            SheetLine::of("verdict", "differs from the API", Mood::Bad),
            SheetLine::of(
                "result.urls",
                "webhook https://gen.example/1.png, API https://gen.example/2.png",
                Mood::Bad,
            ),
            SheetLine::of("model", "image · bfl/flux-1-dev", Mood::Plain),
            SheetLine::of("status", "completed · billed", Mood::Good),
            SheetLine::heading("Timeline"),
            SheetLine::of("07:59:41", "created", Mood::Plain),
            SheetLine::of("08:00:09", "completed", Mood::Plain),
            SheetLine::of("08:00:12", "webhook #12 came: completed", Mood::Plain),
            SheetLine::of("08:00:13", "the app answered 500 after 1.34 s", Mood::Bad),
            SheetLine::heading("Notes"),
            SheetLine::of(
                "",
                "The same webhook came twice: Krea may send one again, so compare job_id before doing the work.",
                Mood::Fair,
            ),
            SheetLine::heading("Results"),
            link(
                "1",
                "https://gen.example/images/7c1f3b0e-9d0a-4a51-8f53-2f4f3f9f2f10.png",
            ),
            link("2", "https://gen.example/images/second.png"),
        ],
    }
}
