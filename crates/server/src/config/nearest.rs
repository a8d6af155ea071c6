//! Which known name an unknown one is closest to.

/// The known name that differs from `name` by three typing slips at most.
pub(super) fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let closest = known.map(|known| (distance(name, known), known)).min();
    closest
        .filter(|(slips, _)| *slips <= 3)
        .map(|(_, known)| known)
}

/// Edit distance, for names of a few characters.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut next = vec![i + 1];
        for (j, y) in b.iter().enumerate() {
            let at =
                |row: &[usize], index: usize| row.get(index).copied().unwrap_or(usize::MAX / 2);
            let change = at(&row, j) + usize::from(x != *y);
            next.push(change.min(at(&row, j + 1) + 1).min(at(&next, j) + 1));
        }
        row = next;
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_forgiven_and_other_words_are_not() {
        let known = ["server.issuer", "server.listen", "otp.tries"];
        let found = |name| nearest(name, known.into_iter());
        assert_eq!(found("server.isuer"), Some("server.issuer"));
        assert_eq!(found("otp.trys"), Some("otp.tries"));
        assert_eq!(found("guard.level"), None);
    }
}
