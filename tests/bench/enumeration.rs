//! Whether the time of an answer tells if an account exists (ENU-05): pairs of requests, one about an
//! account and one about nobody, in random order, compared by rank.

use std::time::{Duration, Instant};

use sekisho_model::{Entropy, OsEntropy};

use crate::comparison::Comparison;
use crate::person::{Browser, Cookies, Page, start};
use crate::seed;
use crate::server::{Cost, Place, until_all_keys};
use crate::wire::Connection;

const PAIRS: usize = 500;
/// Pairs before them that warm up whatever there is to warm up.
const WARM: usize = 20;
/// Accounts that take turns.
const PEOPLE: usize = 24;
/// How long nobody can ask for another mail.
const PAUSE: Duration = Duration::from_secs(61);

/// A question whose answer must not tell: what is typed where.
struct Question {
    name: &'static str,
    page: Option<&'static str>,
    post: &'static str,
    /// What is typed beside the address.
    beside: &'static [(&'static str, &'static str)],
    /// What the page says or where it leads, so that nothing else is measured, as a refusal by a limit would be.
    says: &'static str,
}

const SIGN_IN: Question = Question {
    name: "sign-in, wrong password",
    page: None,
    post: "/login",
    beside: &[("password", "a-wrong-password-7")],
    says: "is not right",
};
const REGISTER: Question = Question {
    name: "making an account",
    page: Some("/register"),
    post: "/register",
    beside: &[],
    says: "/register/code",
};
const FORGOT: Question = Question {
    name: "forgotten password",
    page: Some("/password/forgot"),
    post: "/password/forgot",
    beside: &[],
    says: "/password/forgot?said=asked",
};

/// A browser that is ready to ask: only its next request is timed.
struct Ready {
    cookies: Cookies,
    path: &'static str,
    form: Vec<(&'static str, String)>,
    says: &'static str,
}

/// Times both kinds of each question and prints what their difference comes to.
pub async fn measure() -> Result<(), String> {
    let place = Place::new(Cost::Real)?;
    place.suspect_nobody()?;
    place.leave_the_door_open()?;
    let people = seed::sow(&place, PEOPLE).await?;
    let (server, _) = place.start().await?;
    until_all_keys(place.host()).await?;
    println!(
        "| question | pairs | account ms | nobody ms | medians differ by | Mann-Whitney p | Cliff's delta | ENU-05 |"
    );
    println!("| --- | --- | --- | --- | --- | --- | --- | --- |");
    let mut asker = Asker {
        connection: Connection::open(place.host()).await?,
        place: &place,
        people: &people,
    };
    let mut kept = true;
    for question in [SIGN_IN, REGISTER, FORGOT] {
        kept &= told(question.name, asker.ask(&question).await?);
    }
    kept &= told(
        "another mail while making an account",
        asker.ask_again().await?,
    );
    server.stop();
    if kept {
        Ok(())
    } else {
        Err("an answer tells whether an account exists (ENU-05)".to_owned())
    }
}

fn told(name: &str, samples: [Vec<f64>; 2]) -> bool {
    let told = Comparison::of(samples);
    println!("| {name} | {PAIRS} | {told} |");
    told.keeps_the_secret()
}

struct Asker<'a> {
    connection: Connection,
    place: &'a Place,
    people: &'a seed::People,
}

impl Asker<'_> {
    async fn ask(&mut self, question: &Question) -> Result<[Vec<f64>; 2], String> {
        let mut samples = [Vec::new(), Vec::new()];
        for pair in 0..PAIRS + WARM {
            for kind in order() {
                let ready = self.open(question, &self.typed(pair, kind)).await?;
                let (took, _) = self.send(ready).await?;
                if pair >= WARM {
                    samples[kind].push(took);
                }
            }
        }
        Ok(samples)
    }

    /// All begin to make an account; after the pause all ask for another mail.
    async fn ask_again(&mut self) -> Result<[Vec<f64>; 2], String> {
        let mut waiting = [Vec::new(), Vec::new()];
        for pair in 0..PAIRS + WARM {
            for kind in order() {
                let ready = self.open(&REGISTER, &self.typed(pair, kind)).await?;
                let (_, cookies) = self.send(ready).await?;
                waiting[kind].push(self.at_the_code(cookies).await?);
            }
        }
        tokio::time::sleep(PAUSE).await;
        // The server does not keep silent connections so long.
        self.connection = Connection::open(self.place.host()).await?;
        let [some, none] = waiting;
        let mut samples = [Vec::new(), Vec::new()];
        for (pair, both) in some.into_iter().zip(none).enumerate() {
            let mut both = [Some(both.0), Some(both.1)];
            for kind in order() {
                let ready = both[kind].take().ok_or("asked twice")?;
                let (took, _) = self.send(ready).await?;
                if pair >= WARM {
                    samples[kind].push(took);
                }
            }
        }
        Ok(samples)
    }

    /// Somebody's address, or one that is as long and nobody's, so that nothing but its owner is missing.
    fn typed(&self, pair: usize, kind: usize) -> String {
        let somebody = &self.people.with_code[pair % self.people.with_code.len()];
        if kind == 0 {
            somebody.clone()
        } else {
            somebody.replace("person", "nobody")
        }
    }

    /// A browser that was never here opens the page and fills in the form.
    async fn open(&mut self, question: &Question, typed: &str) -> Result<Ready, String> {
        let mut browser = Browser::new(&mut self.connection, self.place.host());
        let path = match question.page {
            Some(page) => page.to_owned(),
            None => browser.get(&start(&self.people.app)).await?.location,
        };
        let page = browser.get(&path).await?;
        let mut form = vec![("email", typed.to_owned()), ("csrf", page.hidden("csrf")?)];
        let beside = question.beside.iter();
        form.extend(beside.map(|(name, value)| (*name, (*value).to_owned())));
        Ok(Ready {
            cookies: browser.into_cookies(),
            path: question.post,
            form,
            says: question.says,
        })
    }

    /// The page where the code of a mail is typed, ready to ask for another one.
    async fn at_the_code(&mut self, cookies: Cookies) -> Result<Ready, String> {
        let mut browser = Browser::with(&mut self.connection, self.place.host(), cookies);
        let page = browser.get("/register/code").await?;
        let csrf = page.hidden("csrf")?;
        Ok(Ready {
            cookies: browser.into_cookies(),
            path: "/register/code",
            form: vec![("csrf", csrf), ("action", "resend".to_owned())],
            says: "/register/code?sent=again",
        })
    }

    /// Sends the form and tells how many milliseconds that took.
    async fn send(&mut self, ready: Ready) -> Result<(f64, Cookies), String> {
        let host = self.place.host();
        let mut browser = Browser::with(&mut self.connection, host, ready.cookies);
        let fields = ready.form.iter();
        let fields: Vec<(&str, &str)> = fields.map(|(n, v)| (*n, v.as_str())).collect();
        let began = Instant::now();
        let answer = browser.post(ready.path, &fields).await?;
        let took = began.elapsed().as_secs_f64() * 1e3;
        expected(&answer, ready.says)?;
        Ok((took, browser.into_cookies()))
    }
}

/// Which of both comes first, by chance.
fn order() -> [usize; 2] {
    let entropy: &dyn Entropy = &OsEntropy::new();
    let first = usize::from(entropy.bytes::<1>()[0] & 1);
    [first, 1 - first]
}

fn expected(answer: &Page, says: &str) -> Result<(), String> {
    let says_it = answer.status == 200 && answer.text.contains(says);
    if says_it || answer.location.starts_with(says) {
        return Ok(());
    }
    Err(format!(
        "{says}: {} {} {}",
        answer.status,
        answer.location,
        answer.words()
    ))
}
