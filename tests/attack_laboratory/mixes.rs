use std::time::Duration;

use sekisho_guard::{Act, Firing, Mode};

use super::people::{Attacker, Chance, Person};
use super::table::{Line, heads};
use super::{Answer, Laboratory};

/// What the same sprayed password is.
const SUMMER: u64 = 77_777_777;

/// One run: the attacker's acts and honest people beside them.
struct Run {
    lab: Laboratory,
    chance: Chance,
    line: Line,
    honest: u64,
}

impl Run {
    fn new(mix: &'static str) -> Self {
        Self {
            lab: Laboratory::open(),
            chance: Chance::new(),
            line: Line {
                mix,
                ..Line::default()
            },
            honest: 0,
        }
    }

    fn guessed(&mut self, answer: Answer) {
        if answer == Answer::Stopped && self.line.until_stopped.is_none() {
            self.line.until_stopped = Some(self.line.attempts);
        }
        self.line.attempts += 1;
        self.line.verified += u64::from(answer != Answer::Stopped);
    }

    /// An owner signs in: now and then a wrong password comes first, as people do.
    async fn owner(&mut self, person: Person, ip: &str, errs: u64) {
        if self.chance.percent(errs) {
            let typo = 1_000_000_000 + self.chance.below(1_000_000_000);
            let _wrong = self.lab.sign_in(&person, ip, typo).await;
            self.lab.advance(Duration::from_millis(50));
        }
        self.line.owners += 1;
        let stopped = self.lab.sign_in(&person, ip, person.password()).await == Answer::Stopped;
        if person.device == Person::elsewhere(0).device {
            self.line.hindered_new += u64::from(stopped);
        } else {
            self.line.hindered_known += u64::from(stopped);
        }
    }

    /// Somebody honest, somewhere: four in five at their own browser.
    async fn somebody(&mut self) {
        let n = self.honest;
        self.honest += 1;
        let ip = format!(
            "100.{}.{}.{}",
            64 + n / 60_000 % 60,
            n / 240 % 250,
            1 + n % 240
        );
        let home = self.chance.percent(80);
        let person = if home {
            Person::at_home(n)
        } else {
            Person::elsewhere(n)
        };
        self.owner(person, &ip, 7).await;
    }

    /// Firings that did something to honest sources (`45.` is the attacker's).
    fn ended(mut self) -> Line {
        let harms = |firing: &&Firing| {
            let act = matches!(
                firing.action,
                Act::BlockSource | Act::Slow | Act::RequireCode
            );
            let subject = firing.subject.to_string();
            firing.mode == Mode::On && act && subject != "everywhere" && !subject.starts_with("45.")
        };
        let harmed = self.lab.fired.iter().filter(harms).count();
        self.line.false_positives = u64::try_from(harmed).unwrap();
        self.line
    }
}

async fn stuffing(mix: &'static str, addresses: u64, attempts: u64) -> Line {
    let mut run = Run::new(mix);
    let attacker = Attacker { addresses };
    for n in 0..attempts {
        let ip = attacker.address(n);
        let leaked = 500_000_000 + n;
        let answer = run.lab.sign_in(&Attacker::name(n), &ip, leaked).await;
        run.guessed(answer);
        if n % 4 == 0 {
            run.somebody().await;
        }
        run.lab.advance(Duration::from_millis(100));
    }
    run.ended()
}

async fn spraying() -> Line {
    let mut run = Run::new("spraying one password, 200 addresses");
    let attacker = Attacker { addresses: 200 };
    for n in 0..5_000 {
        let ip = attacker.address(n);
        let answer = run.lab.sign_in(&Attacker::name(n), &ip, SUMMER).await;
        run.guessed(answer);
        run.somebody().await;
        run.lab.advance(Duration::from_millis(500));
    }
    run.ended()
}

async fn slow_guessing() -> Line {
    let mut run = Run::new("slow guessing, 50 addresses, 500 accounts, 24 h");
    let attacker = Attacker { addresses: 50 };
    for n in 0..36_000_u64 {
        let victim = Person::elsewhere(1_000_000 + n % 500);
        let ip = attacker.address(n / 7);
        let answer = run.lab.sign_in(&victim, &ip, 500_000_000 + n).await;
        run.guessed(answer);
        if n % 10 == 0 {
            run.somebody().await;
        }
        run.lab.advance(Duration::from_millis(2_400));
    }
    run.ended()
}

async fn bombing() -> Line {
    let mut run = Run::new("reset and code bombing, 1 address (mails)");
    let attacker = Attacker { addresses: 1 };
    for n in 0..2_000_u64 {
        let victim = Person::elsewhere(1_000_000 + n);
        let sent = run.lab.reset(&victim, &attacker.address(0)).await;
        run.guessed(if sent { Answer::Wrong } else { Answer::Stopped });
        run.somebody().await;
        run.lab.advance(Duration::from_millis(500));
    }
    run.ended()
}

/// One address of a university: everybody signs in within the hour, two in five at new devices.
async fn one_nat() -> Line {
    let mut run = Run::new("one NAT, 5,000 honest users in an hour");
    for n in 0..5_000 {
        let person = if run.chance.percent(60) {
            Person::at_home(n)
        } else {
            Person::elsewhere(n)
        };
        run.owner(person, "198.51.100.7", 8).await;
        run.lab.advance(Duration::from_millis(720));
    }
    run.ended()
}

/// Twenty addresses that 20,000 phones come and go through.
async fn carrier(mix: &'static str, thief: bool) -> Line {
    let mut run = Run::new(mix);
    for n in 0..20_000 {
        let ip = format!("198.51.100.{}", 100 + run.chance.below(20));
        let person = if run.chance.percent(70) {
            Person::at_home(n)
        } else {
            Person::elsewhere(n)
        };
        run.owner(person, &ip, 6).await;
        if thief && (5_000..7_000).contains(&n) {
            let guess = 500_000_000 + n;
            let name = Attacker::name(n);
            let answer = run.lab.sign_in(&name, "198.51.100.105", guess).await;
            run.guessed(answer);
        }
        run.lab.advance(Duration::from_millis(180));
    }
    run.ended()
}

async fn benign() -> Line {
    let mut run = Run::new("100,000 benign sign-ins in a day");
    for _ in 0..100_000 {
        run.somebody().await;
        run.lab.advance(Duration::from_millis(864));
    }
    run.ended()
}

async fn one_account() -> Line {
    let mut run = Run::new("10,000 guesses at one account, 1,000 addresses");
    let attacker = Attacker { addresses: 1_000 };
    for n in 0..10_000_u64 {
        let ip = attacker.address(n);
        let victim = Person::elsewhere(5);
        let answer = run.lab.sign_in(&victim, &ip, 500_000_000 + n).await;
        run.guessed(answer);
        if n % 10 == 0 {
            run.owner(Person::at_home(5), "100.64.0.9", 7).await;
        }
        run.lab.advance(Duration::from_millis(360));
    }
    run.ended()
}

#[tokio::test]
async fn thr_15_attackers_are_stopped_and_owners_are_not() {
    let lines = [
        stuffing("stuffing, 1 address", 1, 10_000).await,
        stuffing("stuffing, 1,000 addresses", 1_000, 20_000).await,
        spraying().await,
        slow_guessing().await,
        bombing().await,
        one_account().await,
        one_nat().await,
        carrier("mobile carrier, 20 addresses, 20,000 people", false).await,
        carrier("the same with a thief among them", true).await,
        benign().await,
    ];
    println!("{}", heads());
    for line in &lines {
        println!("{line}");
    }
    for line in &lines {
        assert_eq!(line.hindered_known, 0, "owners at home go on: {line}");
    }
    let [
        one,
        many,
        spray,
        slow,
        bombs,
        account,
        nat,
        phones,
        _thief,
        benign,
    ] = &lines;
    for (line, until, verified) in [
        (one, 25, 25),
        (many, 3_100, 3_100),
        (spray, 500, 600),
        (slow, 1_500, 15_000),
        (bombs, 30, 80),
        (account, 40, 110),
    ] {
        assert!(line.until_stopped.unwrap() <= until, "{line}");
        assert!(line.verified <= verified, "{line}");
        assert_eq!((line.hindered_new, line.false_positives), (0, 0), "{line}");
    }
    for line in [nat, phones, benign] {
        assert_eq!((line.hindered_new, line.false_positives), (0, 0), "{line}");
    }
    assert_eq!(account.owners, 1_000);
}
