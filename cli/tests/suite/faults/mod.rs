//! What happens around the engine when files, names, paths and disks are not as they should be: nothing is lost,
//! nothing is overwritten, nothing of a file reaches a terminal as it stands. A table for each kind.

mod tables;

mod cells;
mod hashing;
mod kept;
mod roles;
mod statuses;
mod stopped;
mod terminal;
