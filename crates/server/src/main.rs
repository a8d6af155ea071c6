//! The `sekisho` program.

use std::process::ExitCode;

fn main() -> ExitCode {
    sekisho_server::cli::main()
}
