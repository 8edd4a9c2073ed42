//! Schedules and agendas under a clock that stands still until it is told to go on.

use tokio::time::{advance, sleep_until};

use super::*;

/// After how many seconds it is asked, if each answer is this one.
async fn asked_after(count: usize, answer: Asked) -> Vec<f64> {
    let began = Instant::now();
    let mut schedule = Schedule::new(began);
    let mut times = Vec::new();
    while let Some(at) = schedule.next().filter(|_| times.len() < count) {
        sleep_until(at).await;
        times.push(began.elapsed().as_secs_f64());
        schedule.asked(answer, Instant::now());
    }
    times
}

#[tokio::test(start_paused = true)]
async fn soon_at_first_then_less_and_less_often_and_not_for_ever() {
    let times = asked_after(100_000, Asked::Goes).await;
    let gaps: Vec<f64> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert!((times[0] - 2.0).abs() < 0.01, "{times:?}");
    assert!(
        (gaps[0] - 3.0).abs() < 0.01 && (gaps[1] - 4.5).abs() < 0.01,
        "{gaps:?}"
    );
    let often = ASK_OFTEN_FOR.as_secs_f64();
    for (gap, at) in gaps.iter().zip(&times).skip(2) {
        let most = if *at < often { 5.01 } else { 60.01 };
        assert!((4.5..=most).contains(gap), "{gap} after {at}");
    }
    assert!((gaps.last().unwrap() - 60.0).abs() < 0.01);
    let last = times.last().unwrap();
    let total = ASK_TOTAL.as_secs_f64();
    assert!((total..total + 61.0).contains(last), "{last}");
    assert!(times.len() < 300, "{}", times.len());
}

#[tokio::test(start_paused = true)]
async fn one_that_somebody_waits_for_is_asked_about_at_once() {
    let (mut agenda, now, id) = (Agenda::default(), Instant::now(), JobId::new("a"));
    assert!(agenda.add_at_once(&id, true, now));
    assert_eq!(agenda.due(now), Some(id.clone()));
    agenda.asked(&id, Asked::Goes, now);
    assert_eq!(agenda.next(), Some(now + Duration::from_secs(3)));
}

#[tokio::test(start_paused = true)]
async fn an_end_is_the_end() {
    assert_eq!(asked_after(10, Asked::Ended).await.len(), 1);
    assert_eq!(asked_after(10, Asked::Hopeless).await.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn who_wants_to_be_left_alone_is() {
    let times = asked_after(8, Asked::PutOff(None)).await;
    let gaps: Vec<f64> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
    for (gap, expected) in gaps
        .iter()
        .zip([10.0, 20.0, 40.0, 80.0, 160.0, 300.0, 300.0])
    {
        assert!((gap - expected).abs() < 0.01, "{gaps:?}");
    }
    let told = asked_after(3, Asked::PutOff(Some(Duration::from_secs(90)))).await;
    assert!((told[1] - told[0] - 90.0).abs() < 0.01, "{told:?}");
}

#[tokio::test(start_paused = true)]
async fn known_jobs_are_asked_about_first_and_one_at_a_time() {
    let mut agenda = Agenda::default();
    let id = |name: &str| JobId::new(name);
    let now = Instant::now();
    assert!(agenda.add(&id("stranger"), false, now));
    advance(Duration::from_millis(1)).await;
    assert!(agenda.add(&id("known"), true, Instant::now()));
    assert_eq!(agenda.due(Instant::now()), None);
    assert_eq!(agenda.next(), Some(now + ASK_AT_FIRST));
    advance(Duration::from_secs(3)).await;
    assert_eq!(agenda.due(Instant::now()), Some(id("known")));
    assert_eq!(agenda.due(Instant::now()), None, "no burst");
    advance(ASK_GAP).await;
    assert_eq!(agenda.due(Instant::now()), Some(id("stranger")));
    advance(ASK_GAP).await;
    assert_eq!((agenda.due(Instant::now()), agenda.next()), (None, None));
    agenda.asked(&id("known"), Asked::Ended, Instant::now());
    assert!(!agenda.has(&id("known")) && agenda.len() == 1);
    // If it wants to be left alone, that goes for all.
    let now = Instant::now();
    let minute = Duration::from_secs(60);
    agenda.asked(&id("stranger"), Asked::PutOff(Some(minute)), now);
    assert!(agenda.add(&id("other"), true, now));
    advance(Duration::from_secs(30)).await;
    assert_eq!(agenda.due(Instant::now()), None);
    assert_eq!(agenda.next(), Some(now + minute));
}

#[tokio::test(start_paused = true)]
async fn a_full_agenda_prefers_what_was_started_here() {
    let mut agenda = Agenda::default();
    let now = Instant::now();
    for n in 0..AGENDA_JOBS {
        assert!(agenda.add(&JobId::new(n.to_string()), false, now));
    }
    assert!(!agenda.add(&JobId::new("stranger"), false, now));
    assert!(agenda.add(&JobId::new("known"), true, now));
    assert_eq!(agenda.len(), AGENDA_JOBS);
}

#[tokio::test(start_paused = true)]
async fn a_list_that_is_refused_puts_off_questions_too() {
    let (mut agenda, now, id) = (Agenda::default(), Instant::now(), JobId::new("a"));
    assert!(agenda.add_at_once(&id, true, now));
    agenda.put_off(Some(Duration::from_secs(60)), now);
    agenda.put_off(None, now);
    assert_eq!(agenda.due(now + Duration::from_secs(59)), None);
    assert_eq!(agenda.due(now + Duration::from_secs(60)), Some(id));
}
