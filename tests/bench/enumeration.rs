//! Whether the time of an answer tells if an account exists (ENU-05): pairs of requests, one about an
//! account and one about nobody, in random order, compared by rank.

use std::time::{Duration, Instant};

use sekisho_model::{Entropy, OsEntropy};

use crate::generator::float;
use crate::person::{Browser, start};
use crate::report::middle;
use crate::seed;
use crate::server::{Cost, Place, until_all_keys};
use crate::wire::Connection;

const PAIRS: usize = 500;
/// Accounts that take turns.
const PEOPLE: usize = 24;

/// A question whose answer must not tell: what is typed where.
struct Question {
    name: &'static str,
    page: Option<&'static str>,
    post: &'static str,
    fields: fn(&str) -> Vec<(&'static str, String)>,
    /// What the page says or where it leads, so that nothing else is measured, as a refusal by a limit would be.
    says: &'static str,
}

fn questions() -> Vec<Question> {
    let typed = |email: &str| {
        vec![
            ("email", email.to_owned()),
            ("password", "a-wrong-password-7".to_owned()),
        ]
    };
    vec![
        Question {
            name: "sign-in, wrong password",
            page: None,
            post: "/login",
            fields: typed,
            says: "is not right",
        },
        Question {
            name: "making an account",
            page: Some("/register"),
            post: "/register",
            fields: |email| vec![("email", email.to_owned())],
            says: "/register/code",
        },
    ]
}

/// Times both kinds of each question and prints what their difference comes to.
pub async fn measure() -> Result<(), String> {
    let place = Place::new(Cost::Real)?;
    let people = seed::sow(&place, PEOPLE).await?;
    let (server, _) = place.start().await?;
    until_all_keys(place.host()).await?;
    println!(
        "| question | pairs | account ms | nobody ms | medians differ by | Mann-Whitney p | Cliff's delta | ENU-05 |"
    );
    println!("| --- | --- | --- | --- | --- | --- | --- | --- |");
    let mut kept = true;
    for question in questions() {
        let samples = ask(&question, &place, &people).await?;
        let told = Comparison::of(samples);
        kept &= told.keeps_the_secret();
        println!("| {} | {PAIRS} | {told} |", question.name);
    }
    server.stop();
    if kept {
        Ok(())
    } else {
        Err("an answer tells whether an account exists (ENU-05)".to_owned())
    }
}

async fn ask(
    question: &Question,
    place: &Place,
    people: &seed::People,
) -> Result<[Vec<f64>; 2], String> {
    let entropy: &dyn Entropy = &OsEntropy::new();
    let mut connection = Connection::open(place.host()).await?;
    let mut samples = [Vec::new(), Vec::new()];
    // The first pairs warm up whatever there is to warm up.
    for pair in 0..PAIRS + 20 {
        let first = usize::from(entropy.bytes::<1>()[0] & 1);
        for kind in [first, 1 - first] {
            let somebody = &people.with_code[pair % people.with_code.len()];
            let typed = if kind == 0 {
                somebody.clone()
            } else {
                // As long as the other, so that nothing but its owner is missing.
                somebody.replace("person", "nobody")
            };
            let took = one(question, place, people, &typed, &mut connection).await?;
            if pair >= 20 {
                samples[kind].push(took.as_secs_f64() * 1e3);
            }
        }
    }
    Ok(samples)
}

/// One browser that was never here opens the page and sends the form; only the latter counts.
async fn one(
    question: &Question,
    place: &Place,
    people: &seed::People,
    typed: &str,
    connection: &mut Connection,
) -> Result<Duration, String> {
    let mut browser = Browser::new(connection, place.host());
    let path = match question.page {
        Some(page) => page.to_owned(),
        None => browser.get(&start(&people.app)).await?.location,
    };
    let page = browser.get(&path).await?;
    let mut fields = (question.fields)(typed);
    fields.push(("csrf", page.hidden("csrf")?));
    let fields: Vec<(&str, &str)> = fields.iter().map(|(n, v)| (*n, v.as_str())).collect();
    let began = Instant::now();
    let answer = browser.post(question.post, &fields).await?;
    let took = began.elapsed();
    let says = answer.status == 200 && answer.text.contains(question.says);
    if says || answer.location == question.says {
        Ok(took)
    } else {
        Err(format!(
            "{}: {} {}",
            question.name, answer.status, answer.text
        ))
    }
}

/// Two samples compared.
struct Comparison {
    medians: [f64; 2],
    /// Probability of so different ranks if the two were of one kind (normal approximation).
    p: f64,
    /// From -1 to 1: how much more often one of them is the larger one.
    delta: f64,
}

impl Comparison {
    fn of([some, none]: [Vec<f64>; 2]) -> Self {
        let (n, m) = (float(some.len()), float(none.len()));
        let mut above = 0.0;
        for a in &some {
            for b in &none {
                above += match a.total_cmp(b) {
                    std::cmp::Ordering::Greater => 1.0,
                    std::cmp::Ordering::Equal => 0.5,
                    std::cmp::Ordering::Less => 0.0,
                };
            }
        }
        let spread = (n * m * (n + m + 1.0) / 12.0).sqrt();
        let z = (above - n * m / 2.0).abs() / spread;
        Self {
            medians: [middle(some), middle(none)],
            p: two_sided(z),
            delta: 2.0 * above / (n * m) - 1.0,
        }
    }

    fn difference(&self) -> f64 {
        (self.medians[0] - self.medians[1]).abs()
    }

    fn keeps_the_secret(&self) -> bool {
        self.difference() < 2.0 || (self.p > 0.01 && self.delta.abs() < 0.1)
    }
}

impl std::fmt::Display for Comparison {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let [some, none] = self.medians;
        let verdict = if self.keeps_the_secret() {
            "kept"
        } else {
            "BROKEN"
        };
        let (difference, p, delta) = (self.difference(), self.p, self.delta);
        write!(
            f,
            "{some:.2} | {none:.2} | {difference:.3} ms | {p:.3} | {delta:.3} | {verdict}"
        )
    }
}

/// Twice the tail of the normal distribution beyond `z` (Abramowitz and Stegun 26.2.17; error below 1e-7).
fn two_sided(z: f64) -> f64 {
    let t = 1.0 / (1.0 + 0.231_641_9 * z);
    let series = [
        0.319_381_530,
        -0.356_563_782,
        1.781_477_937,
        -1.821_255_978,
        1.330_274_429,
    ];
    let sum = series
        .iter()
        .rev()
        .fold(0.0, |sum, factor| (sum + factor) * t);
    let density = (-z * z / 2.0).exp() / (2.0 * std::f64::consts::PI).sqrt();
    (2.0 * density * sum).min(1.0)
}
