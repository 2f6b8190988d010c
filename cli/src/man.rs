//! `sigwarp man` and `sigwarp completions`: what packages install beside the command, made by the command itself.

use std::fs;
use std::io;
use std::path::Path;

use clap::Command;
use clap_mangen::Man;
use clap_mangen::roff::{Roff, roman};

use crate::args::{CompletionsArgs, ManArgs};
use crate::exit::{Exit, Failure, write_out};
use crate::help;

/// What the pages are a part of.
const MANUAL: &str = "Sigwarp";

pub(crate) fn run(args: &ManArgs) -> Result<Exit, Failure> {
    let pages = pages();
    match &args.dir {
        Some(dir) => write(dir, &pages)?,
        None => {
            let name = args
                .command
                .as_deref()
                .map_or_else(|| "sigwarp.1".to_owned(), |name| format!("sigwarp-{name}.1"));
            let page = pages.iter().find(|(file, _)| *file == name).ok_or_else(|| {
                let known: Vec<&str> = pages
                    .iter()
                    .filter_map(|(file, _)| file.strip_prefix("sigwarp-")?.strip_suffix(".1"))
                    .collect();
                Failure::input(format!("there is no command of this name; there are {}", known.join(", ")))
            })?;
            write_out(&page.1)?;
        }
    }
    Ok(Exit::AllGood)
}

pub(crate) fn completions(args: &CompletionsArgs) -> Result<Exit, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut help::command(), "sigwarp", &mut script);
    write_out(&script)?;
    Ok(Exit::AllGood)
}

fn write(dir: &Path, pages: &[(String, Vec<u8>)]) -> Result<(), Failure> {
    fs::create_dir_all(dir).map_err(|error| Failure::output(format!("{}: {error}", dir.display())))?;
    for (file, page) in pages {
        let path = dir.join(file);
        fs::write(&path, page).map_err(|error| Failure::output(format!("{}: {error}", path.display())))?;
    }
    Ok(())
}

/// The pages of the command and of each of its commands, by the names of their files.
fn pages() -> Vec<(String, Vec<u8>)> {
    let mut command = help::command().disable_help_subcommand(true);
    // From here on commands know their full names.
    command.build();
    std::iter::once(&command)
        .chain(command.get_subcommands())
        .map(|one| {
            let name = one.get_display_name().unwrap_or_else(|| one.get_name());
            let page = page(one, &command).expect("writing to a Vec cannot fail");
            (format!("{name}.1"), page)
        })
        .collect()
}

fn page(command: &Command, whole: &Command) -> io::Result<Vec<u8>> {
    let man = Man::new(command.clone()).manual(MANUAL).source(concat!("sigwarp ", env!("CARGO_PKG_VERSION")));
    let mut page = Vec::new();
    man.render_title(&mut page)?;
    man.render_name_section(&mut page)?;
    man.render_synopsis_section(&mut page)?;
    man.render_description_section(&mut page)?;
    if let Some(examples) = command.get_before_help() {
        let examples = examples.to_string();
        section("EXAMPLES", examples.trim_start_matches("Examples:\n")).to_writer(&mut page)?;
    }
    man.render_options_section(&mut page)?;
    if command.has_subcommands() {
        man.render_subcommands_section(&mut page)?;
    }
    if let Some(notes) = command.get_after_help() {
        section("NOTES", &notes.to_string()).to_writer(&mut page)?;
    }
    let others = std::iter::once(whole).chain(whole.get_subcommands()).filter_map(Command::get_display_name);
    let others: Vec<String> = others
        .filter(|name| Some(*name) != command.get_display_name())
        .map(|name| format!("{name}(1)"))
        .collect();
    let mut see = Roff::new();
    see.control("SH", ["SEE ALSO"]).text([roman(others.join(", "))]);
    see.to_writer(&mut page)?;
    Ok(page)
}

/// A section whose lines stay as they are.
fn section(name: &str, text: &str) -> Roff {
    let mut roff = Roff::new();
    roff.control("SH", [name]).control("nf", []).text([roman(text)]).control("fi", []);
    roff
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_has_a_page() {
        let pages = pages();
        let names: Vec<&str> = pages.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names[0], "sigwarp.1");
        for name in ["verify", "rules", "hash", "bench", "man", "completions"] {
            assert!(names.contains(&format!("sigwarp-{name}.1").as_str()), "{names:?}");
        }
        for (name, page) in &pages {
            let page = String::from_utf8(page.clone()).expect("pages are text");
            for part in
                [".TH sigwarp", ".SH NAME", ".SH SYNOPSIS", ".SH EXAMPLES", ".SH OPTIONS", ".SH \"SEE ALSO\""]
            {
                assert!(page.contains(part), "{name} lacks {part}: {page}");
            }
        }
    }

    #[test]
    fn every_shell_has_a_script_with_every_command() {
        use clap::ValueEnum as _;
        for shell in clap_complete::Shell::value_variants() {
            let mut script = Vec::new();
            clap_complete::generate(*shell, &mut help::command(), "sigwarp", &mut script);
            let script = String::from_utf8(script).expect("scripts are text");
            for word in ["verify", "rules", "ignore-missing"] {
                assert!(script.contains(word), "{shell}: {word}");
            }
        }
    }
}
