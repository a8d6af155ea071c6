use super::Finding;
use crate::source::words;
use crate::tree::Tree;

/// NET-02: these believe the first value of headers that the sender writes.
const BANNED: [&str; 3] = ["realip_remote_addr", "connection_info", "ConnectionInfo"];

/// Addresses and schemes come from our own extractor and the configured issuer.
pub fn check(tree: &Tree) -> Vec<Finding> {
    let mut found = Vec::new();
    for file in tree.under("crates/server/") {
        for name in BANNED {
            let what = format!("NET-02: {name} believes client-sent headers, use http::client_ip");
            let lines = words(&file.code, name).map(|at| file.line(at));
            found.extend(lines.map(|line| Finding::new(&file.path, line, &what)));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::places;

    #[test]
    fn net_02_believing_client_headers_is_found() {
        let path = "crates/server/src/http/client_ip.rs";
        let tree = Tree::of(&[
            (
                path,
                "// connection_info\nlet ip = request.connection_info();\n",
            ),
            (
                "crates/session/src/redis/address.rs",
                "use redis::ConnectionInfo;\n",
            ),
        ]);
        assert_eq!(places(&check(&tree)), [(path, 2)]);
    }
}
