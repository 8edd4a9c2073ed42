//! `kreel man`: the help of every command as manual pages.

use std::fs;

use clap::CommandFactory;
use clap_mangen::Man;

use crate::args::{Cli, ManArgs};
use crate::exit::Exit;
use crate::private_file;
use crate::problem::Result;
use crate::terminal::{print, say};

/// Prints the first page, or writes them all.
pub(crate) fn run(args: &ManArgs) -> Result<Exit> {
    let command = Cli::command();
    let Some(folder) = &args.folder else {
        let mut page = Vec::new();
        // Writing into memory can't fail.
        let _ = Man::new(command).render(&mut page);
        print(&String::from_utf8_lossy(&page))?;
        return Ok(Exit::Success);
    };
    fs::create_dir_all(folder)
        .and_then(|()| clap_mangen::generate_to(command, folder))
        .map_err(|error| private_file::unusable("write manual pages into", folder, &error))?;
    say("the pages are written; `man kreel` finds them where MANPATH leads there");
    Ok(Exit::Success)
}
