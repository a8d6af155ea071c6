//! Ports for programs that are started after their address was chosen.

use std::fs::{File, create_dir_all};
use std::net::TcpListener;
use std::sync::{Mutex, PoisonError};

/// Below those that systems give out by themselves: nobody comes between choosing and listening.
const CHOICE: std::ops::Range<u16> = 20_000..32_000;

/// Locks of the ports of this test: kept until its process ends.
static TAKEN: Mutex<Vec<File>> = Mutex::new(Vec::new());

/// A port of this machine that nothing listens on, and that no other test is given meanwhile.
pub fn free_port() -> u16 {
    let folder = std::env::temp_dir().join("sekisho-test-ports");
    create_dir_all(&folder).unwrap();
    let mut taken = TAKEN.lock().unwrap_or_else(PoisonError::into_inner);
    // Tests are processes of their own and begin at different places.
    let begin = u16::try_from(std::process::id() % u32::from(CHOICE.end - CHOICE.start)).unwrap();
    let ports = CHOICE.skip(usize::from(begin)).chain(CHOICE);
    for port in ports {
        let lock = File::create(folder.join(port.to_string())).unwrap();
        if lock.try_lock().is_ok() && TcpListener::bind(("127.0.0.1", port)).is_ok() {
            taken.push(lock);
            return port;
        }
    }
    panic!("no port is free");
}

/// The same as an address.
pub fn free_address() -> String {
    format!("127.0.0.1:{}", free_port())
}
