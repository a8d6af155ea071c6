use super::house::TestHouse;
use super::wait;

impl TestHouse {
    /// What letters to this address say, oldest first.
    pub fn letters_to(&self, address: &str) -> Vec<String> {
        if let Some(catcher) = &self.house.services.catcher {
            let caught = catcher.caught(Some(address)).into_iter().rev();
            return caught
                .map(|mail| format!("Subject: {}\n\n{}", mail.subject, mail.text))
                .collect();
        }
        let to = format!("To: {address}");
        let mails = self.mails().into_iter();
        mails
            .map(|text| text.replace("=\r\n", "").replace("=3D", "="))
            .filter(|text| text.lines().any(|line| line.trim_end() == to))
            .collect()
    }

    /// The paths of the links for a new password, or past a hold-up, mailed to this address, oldest first.
    pub fn links_to(&self, address: &str) -> Vec<String> {
        let link = |text: String| {
            let ways = ["/password/reset/", "/login/by-mail/"];
            let way = ways.into_iter().find(|way| text.contains(way))?;
            let rest = text.split(way).nth(1)?;
            let token: String = rest
                .chars()
                .take_while(|c| c.is_ascii_alphanumeric() || "-_".contains(*c))
                .collect();
            Some(format!("{way}{token}"))
        };
        self.letters_to(address)
            .into_iter()
            .filter_map(link)
            .collect()
    }

    /// The link that comes after `before` others.
    pub async fn link_after(&self, before: usize, address: &str) -> String {
        wait::until("the reset link", async || {
            self.links_to(address).into_iter().nth(before)
        })
        .await
    }

    /// Waits for a letter to this address whose subject has these words.
    pub async fn told(&self, address: &str, subject: &str) -> String {
        wait::until(subject, async || {
            self.letters_to(address).into_iter().find(|letter| {
                let line = letter.lines().find(|line| line.starts_with("Subject: "));
                line.is_some_and(|line| line.contains(subject))
            })
        })
        .await
    }
}
