use std::fs;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

/// Makes `migrations/{sqlite,postgres}/<moment>_<name>/{up,down}.sql`.
pub fn make(root: &Path, name: &str) -> Result<(), String> {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    if name.is_empty() || !name.chars().all(plain) {
        return Err(format!("migration name {name:?}: use a-z, 0-9 and _"));
    }
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_err(|e| e.to_string())?;
    let folder = format!("{}_{name}", stamp(now.as_secs()));
    for database in ["sqlite", "postgres"] {
        let path = root.join("migrations").join(database).join(&folder);
        fs::create_dir_all(&path).map_err(|e| format!("{}: {e}", path.display()))?;
        for direction in ["up", "down"] {
            let file = path.join(format!("{direction}.sql"));
            let text = format!("-- {name}, {direction}, {database}\n");
            fs::write(&file, text).map_err(|e| format!("{}: {e}", file.display()))?;
            println!("migrations/{database}/{folder}/{direction}.sql");
        }
    }
    Ok(())
}

/// `YYYY-MM-DD-HHMMSS` in UTC, the order in which diesel applies migrations.
fn stamp(seconds: u64) -> String {
    let (day, second) = (seconds / 86_400, seconds % 86_400);
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    // Years begin in March, so that the leap day comes last.
    let shifted = day + 719_468;
    let (era, of_era) = (shifted / 146_097, shifted % 146_097);
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let from_march = (5 * of_year + 2) / 153;
    let date = of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 {
        from_march + 3
    } else {
        from_march - 9
    };
    let year = year + era * 400 + u64::from(month <= 2);
    format!("{year:04}-{month:02}-{date:02}-{hour:02}{minute:02}{second:02}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_become_dates() {
        assert_eq!(stamp(0), "1970-01-01-000000");
        assert_eq!(stamp(951_782_399), "2000-02-28-235959");
        assert_eq!(stamp(951_782_400), "2000-02-29-000000");
        assert_eq!(stamp(1_795_403_106), "2026-11-23-030506");
    }

    #[test]
    fn a_name_that_is_no_folder_name_is_refused() {
        for bad in ["", "../x", "Add Users", "a/b"] {
            assert!(make(Path::new("/nowhere"), bad).is_err(), "{bad}");
        }
    }
}
