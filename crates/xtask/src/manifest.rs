/// What the checks need of a `Cargo.toml`: which dependencies it names, and how.
pub struct Dependency<'a> {
    /// The name before the `=` or the first dot.
    pub name: &'a str,
    /// Line in the file, from 1.
    pub line: usize,
    /// The rest of the line.
    pub value: &'a str,
}

/// Dependencies of every kind (also of tests, builds and single targets), but not the workspace's list.
pub fn dependencies(text: &str) -> Vec<Dependency<'_>> {
    entries(text, |section| {
        section.ends_with("dependencies") && section != "workspace.dependencies"
    })
}

/// The workspace's own list.
pub fn workspace_dependencies(text: &str) -> Vec<Dependency<'_>> {
    entries(text, |section| section == "workspace.dependencies")
}

fn entries(text: &str, wanted: impl Fn(&str) -> bool) -> Vec<Dependency<'_>> {
    let mut found = Vec::new();
    let mut inside = false;
    for (index, row) in text.lines().enumerate() {
        let line = index + 1;
        if let Some(section) = row.strip_prefix('[').and_then(|r| r.split(']').next()) {
            inside = wanted(section);
            if let Some((table, name)) = section.rsplit_once('.')
                && wanted(table)
            {
                found.push(Dependency {
                    name,
                    line,
                    value: "",
                });
            }
        } else if inside && row.starts_with(|c: char| c.is_ascii_alphanumeric()) {
            let name = row.split(['=', '.', ' ']).next().unwrap_or_default();
            let value = &row[name.len()..];
            found.push(Dependency { name, line, value });
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAMPLE: &str = "[package]\nname = \"x\"\n[dependencies]\na.workspace = true\n# b\nc = { version = \"1\", features = [\n  \"d\",\n] }\n\
[dependencies.e]\nversion = \"1\"\n[target.'cfg(unix)'.dev-dependencies]\nf = \"1\"\n[workspace.dependencies]\ng = \"1\"\n[features]\nh = []\n";

    #[test]
    fn every_kind_of_dependency_is_found() {
        let names: Vec<&str> = dependencies(SAMPLE).iter().map(|d| d.name).collect();
        assert_eq!(names, ["a", "c", "e", "f"]);
        assert_eq!(dependencies(SAMPLE)[0].line, 4);
        let names: Vec<&str> = workspace_dependencies(SAMPLE)
            .iter()
            .map(|d| d.name)
            .collect();
        assert_eq!(names, ["g"]);
    }
}
