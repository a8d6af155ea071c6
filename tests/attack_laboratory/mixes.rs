use std::time::Duration;

use sekisho_guard::{Act, Firing, Mode, Subject};

use super::house::{Answer, Laboratory};
use super::people::{Attacker, Chance, Person};
use super::steps::Ways;
use super::table::Line;

/// What the same sprayed password is.
const SUMMER: u64 = 77_777_777;
/// Guesses are no right password of anybody.
const GUESS: u64 = 500_000_000;

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

    async fn wait(&mut self, millis: u64) {
        self.lab.advance(Duration::from_millis(millis)).await;
    }

    fn tried(&mut self, went: bool) {
        if !went && self.line.until_stopped.is_none() {
            self.line.until_stopped = Some(self.line.attempts);
        }
        self.line.attempts += 1;
        self.line.verified += u64::from(went);
    }

    async fn guess(&mut self, person: &Person, ip: &str, password: u64) {
        let answer = self.lab.password(person, ip, password).await;
        self.tried(answer != Answer::Stopped);
    }

    /// Now and then something goes wrong, as with people.
    fn ways(&mut self, password_errs: u64) -> Ways {
        Ways {
            password_errs: self.chance.percent(password_errs),
            code_errs: self.chance.percent(2),
            gives_up: self.chance.percent(2),
            abroad: self.chance.percent(1),
        }
    }

    async fn owner(&mut self, person: Person, ip: &str) {
        let ways = self.ways(7);
        self.lab.owner(&person, ip, ways).await;
    }

    fn at_home(&mut self, n: u64, percent: u64) -> Person {
        if self.chance.percent(percent) {
            Person::at_home(n)
        } else {
            Person::elsewhere(n)
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
        let person = self.at_home(n, 80);
        if self.chance.percent(1) {
            self.lab.odd_request(&person, &ip);
        }
        self.owner(person, &ip).await;
    }

    /// Who is still looking for a code types it. Firings that did something to honest sources (`45.` is the
    /// attacker's) are false.
    async fn ended(mut self) -> Line {
        self.wait(120_000).await;
        let harms = |firing: &&Firing| {
            let acts = matches!(
                firing.action,
                Act::BlockSource | Act::Slow | Act::RequireCode
            );
            let honest = match &firing.subject {
                Subject::Source(network) => !network.to_string().starts_with("45."),
                Subject::Account(_) => true,
                Subject::Client(_) | Subject::Everywhere => false,
            };
            firing.mode == Mode::On && acts && honest
        };
        let harmed = self.lab.fired.iter().filter(harms);
        let harmed = harmed.map(|firing| format!("{} {}", firing.rule, firing.subject));
        self.line.false_positives = harmed.collect();
        self.line.owners = self.lab.owners;
        self.line
    }
}

pub async fn stuffing(mix: &'static str, addresses: u64, attempts: u64) -> Line {
    let mut run = Run::new(mix);
    let attacker = Attacker { addresses };
    for n in 0..attempts {
        let ip = attacker.address(n);
        run.guess(&Attacker::name(n), &ip, GUESS + n).await;
        if n % 4 == 0 {
            run.somebody().await;
        }
        // Those whose names are on the list sign in too, half of them at new devices.
        if n % 60 == 0 {
            let victim = run.at_home(1_000_000 + n, 50);
            run.owner(victim, &format!("101.{}.1.9", n / 60 % 250))
                .await;
        }
        run.wait(100).await;
    }
    run.ended().await
}

pub async fn spraying() -> Line {
    let mut run = Run::new("spraying one password, 200 addresses");
    let attacker = Attacker { addresses: 200 };
    for n in 0..5_000 {
        let ip = attacker.address(n);
        run.guess(&Attacker::name(n), &ip, SUMMER).await;
        run.somebody().await;
        run.wait(500).await;
    }
    run.ended().await
}

pub async fn slow_guessing() -> Line {
    let mut run = Run::new("slow guessing, 50 addresses, 500 accounts, 24 h");
    let attacker = Attacker { addresses: 50 };
    for n in 0..36_000_u64 {
        let victim = Person::elsewhere(1_000_000 + n % 500);
        let ip = attacker.address(n / 7);
        run.guess(&victim, &ip, GUESS + n).await;
        if n % 10 == 0 {
            run.somebody().await;
        }
        if n % 36 == 0 {
            let victim = run.at_home(1_000_000 + n / 36 % 500, 50);
            run.owner(victim, &format!("101.{}.1.9", n / 36 % 250))
                .await;
        }
        run.wait(2_400).await;
    }
    run.ended().await
}

/// 10,000 wrong passwords in an hour, while the owner comes a hundred times at home and now and then elsewhere.
pub async fn one_account() -> Line {
    let mut run = Run::new("10,000 guesses at one account, 1,000 addresses");
    let attacker = Attacker { addresses: 1_000 };
    for n in 0..10_000_u64 {
        let ip = attacker.address(n);
        run.guess(&Person::elsewhere(5), &ip, GUESS + n).await;
        if n % 100 == 0 {
            let errs = Ways {
                password_errs: n % 700 == 0,
                code_errs: n % 900 == 0,
                ..Ways::default()
            };
            run.lab.owner(&Person::at_home(5), "100.64.0.9", errs).await;
        }
        if n % 2_500 == 2_000 {
            run.owner(Person::elsewhere(5), "101.64.0.9").await;
        }
        run.wait(360).await;
    }
    run.ended().await
}

pub async fn reset_bombing() -> Line {
    let mut run = Run::new("reset bombing, 1 address, 2,000 accounts (mails)");
    let attacker = Attacker { addresses: 1 };
    for n in 0..2_000_u64 {
        let victim = Person::elsewhere(1_000_000 + n);
        let sent = run.lab.reset(&victim, &attacker.address(0)).await;
        run.tried(sent);
        run.somebody().await;
        run.wait(500).await;
    }
    run.ended().await
}

/// Guesses close the new devices of one account and resets are to close the mailed way: for two days, from many
/// networks, while the owner has a new device every three hours.
pub async fn lock_out() -> Line {
    let mut run = Run::new("locking one owner out, 1,000 addresses (mails)");
    let attacker = Attacker { addresses: 1_000 };
    let victim = Person::elsewhere(5);
    for n in 0..17_280_u64 {
        let ip = attacker.address(n);
        let _wrong = run.lab.password(&victim, &ip, GUESS + n).await;
        let sent = run.lab.reset(&victim, &ip).await;
        run.tried(sent);
        if n % 1_080 == 1_000 {
            run.owner(victim, &format!("101.64.{}.9", n / 1_080)).await;
        }
        run.wait(10_000).await;
    }
    run.ended().await
}

/// The attacker holds right passwords: codes are mailed and never typed.
pub async fn code_bombing() -> Line {
    let mut run = Run::new("code bombing, 10 addresses, 500 known passwords (mails)");
    let attacker = Attacker { addresses: 10 };
    for n in 0..5_000_u64 {
        let victim = Person::elsewhere(1_000_000 + n % 500);
        let ip = attacker.address(n);
        let right = run.lab.password(&victim, &ip, victim.password()).await;
        let mail = match right {
            Answer::Right => run.lab.mail_code(&victim, &ip).await,
            Answer::Wrong | Answer::Stopped => None,
        };
        run.tried(mail.is_some());
        if n % 5 == 0 {
            run.somebody().await;
        }
        if n % 25 == 0 {
            run.owner(Person::at_home(1_000_000 + n % 500), "101.2.3.4")
                .await;
        }
        run.wait(700).await;
    }
    run.ended().await
}

/// The attacker holds right passwords and guesses the codes, five for each that is mailed.
pub async fn code_guessing() -> Line {
    let mut run = Run::new("code guessing, 50 addresses, 100 known passwords");
    let attacker = Attacker { addresses: 50 };
    for n in 0..4_000_u64 {
        let victim = Person::elsewhere(1_000_000 + n % 100);
        let ip = attacker.address(n / 3);
        let right = run.lab.password(&victim, &ip, victim.password()).await;
        let mail = match right {
            Answer::Right => run.lab.mail_code(&victim, &ip).await,
            Answer::Wrong | Answer::Stopped => None,
        };
        for _ in 0..5 {
            let compared = mail.is_some() && run.lab.code(&victim, &ip, false).await;
            run.tried(compared);
        }
        if n % 4 == 0 {
            run.somebody().await;
        }
        if n % 20 == 0 {
            run.owner(Person::at_home(1_000_000 + n % 100), "101.2.3.4")
                .await;
        }
        run.wait(5_000).await;
    }
    run.ended().await
}

/// Codes for addresses without an account, from many places, all at the provider that owners have their mail at.
pub async fn newcomers() -> Line {
    let mut run = Run::new("registration bombing, 500 addresses (mails)");
    let attacker = Attacker { addresses: 500 };
    for n in 0..30_000_u64 {
        let sent = run
            .lab
            .newcomer(&Person::nobody(n), &attacker.address(n))
            .await;
        run.tried(sent);
        if n % 5 == 0 {
            run.somebody().await;
        }
        run.wait(100).await;
    }
    run.ended().await
}

/// One address of a university: everybody signs in within the hour, two in five at new devices. The thief among
/// them stuffs, registers and has codes mailed.
pub async fn one_nat(mix: &'static str, thief: bool) -> Line {
    let mut run = Run::new(mix);
    for n in 0..5_000 {
        let person = run.at_home(n, 60);
        let ways = run.ways(8);
        run.lab.owner(&person, "198.51.100.7", ways).await;
        if thief && (1_000..2_000).contains(&n) {
            run.guess(&Attacker::name(n), "198.51.100.7", GUESS + n)
                .await;
            let _sent = run.lab.newcomer(&Person::nobody(n), "198.51.100.7").await;
        }
        run.wait(720).await;
    }
    run.ended().await
}

/// Twenty addresses that 20,000 phones come and go through.
pub async fn carrier(mix: &'static str, thief: bool) -> Line {
    let mut run = Run::new(mix);
    for n in 0..20_000 {
        let ip = format!("198.51.100.{}", 100 + run.chance.below(20));
        let person = run.at_home(n, 70);
        let ways = run.ways(6);
        run.lab.owner(&person, &ip, ways).await;
        if thief && (5_000..7_000).contains(&n) {
            run.guess(&Attacker::name(n), "198.51.100.105", GUESS + n)
                .await;
        }
        run.wait(180).await;
    }
    run.ended().await
}

pub async fn benign() -> Line {
    let mut run = Run::new("100,000 benign sign-ins in a day");
    for _ in 0..100_000 {
        run.somebody().await;
        run.wait(864).await;
    }
    run.ended().await
}
