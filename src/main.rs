//! Arguments in, exit status out.

fn main() -> std::process::ExitCode {
    onefill::cli::main()
}
