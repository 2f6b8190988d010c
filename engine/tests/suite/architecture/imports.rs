//! Checks what every source file of the engine and of the kernels imports against the tables of [`super::rooms`].
//!
//! A file is read with `syn` ([`super::source`]), and each name that it uses is followed to where the thing is defined,
//! through groups, renames, globs and re-exports ([`super::resolve`]): `use crate::{EcdsaRule}` leads to the room of the
//! schemes, whatever the root of the crate calls it. A file that is in no room fails too, so that a new one is thought
//! about.
//!
//! Modules of tests (`#[cfg(test)]`, and the files that such modules lie in) may know every room, and the crates that the
//! tables list for them. Whatever else their room must not know, they must not either: instructions and devices.

use std::collections::BTreeMap;

use super::resolve::{Crate, House, Reference, is_below};
use super::rooms::{GUARDED, Room, TABLES, Table};
use super::root;

/// The crates of the tables, in their order.
pub(super) fn crates() -> Vec<Crate> {
    TABLES.iter().map(|table| Crate::read(table.name, &root().join(table.folder))).collect()
}

/// The file that declares the modules of a crate, and gives their names to others: it knows every room.
const ROOT: &str = "lib.rs";

/// Whether a file is one, or lies in a folder.
fn lies_in(file: &str, of: &str) -> bool {
    file.strip_prefix(of).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

impl Table {
    /// The room of a file: the one that says most of its path.
    fn room(&self, file: &str) -> Option<&'static Room> {
        let length = |room: &Room| room.files.iter().filter(|of| lies_in(file, of)).map(|of| of.len()).max();
        self.rooms
            .iter()
            .filter_map(|room| Some((length(room)?, room)))
            .max_by_key(|(length, _)| *length)
            .map(|(_, room)| room)
    }

    /// What a name leads to that a room must not know, if it does.
    fn refused(&self, house: &House, room: &Room, file: &str, reference: &Reference) -> Option<Refused> {
        let (last, before) = reference.places.split_last().expect("a way has an end");
        let room_of = |place: &str| match house.file_of(place) {
            Some((of, file)) if of == self.name => Some(self.room(file)),
            _ => None,
        };
        let is_root =
            |place: &str| house.file_of(place).is_some_and(|(of, file)| of == self.name && file == ROOT);
        let excepted = room
            .except
            .iter()
            .any(|(of, thing, _)| lies_in(file, of) && is_below(last, &format!("{}::{thing}", self.name)));
        let crates = room.crates.iter().chain(&["std"]);
        let crates = crates.chain(if reference.is_test { self.tests_know } else { &[] });
        let is_guarded = |place: &str| GUARDED.iter().any(|guarded| is_below(place, guarded));
        let knows_crate = |place: &str| {
            let is_open =
                |of: &str| GUARDED.iter().all(|guarded| !is_below(place, guarded) || is_below(of, guarded));
            crates.clone().any(|of| is_below(place, of) && is_open(of))
        };
        // What the root of the crate calls a thing says nothing; where the thing is does.
        let on_the_way = before.iter().filter(|place| !is_root(place));
        for place in on_the_way.chain([last]) {
            let is_excepted =
                |of: &Room| excepted && room_of(last).flatten().is_some_and(|last| last.name == of.name);
            let to = match room_of(place) {
                None if knows_crate(place) => continue,
                None => None,
                Some(_) if reference.is_test => continue,
                Some(_) if is_root(place) => Some(ROOT),
                Some(None) => Some("no room"),
                Some(Some(other)) if other.name == room.name || is_excepted(other) => continue,
                Some(Some(other)) if room.rooms.contains(&other.name) && !is_guarded(place) => continue,
                Some(Some(other)) => Some(other.name),
            };
            // Where the thing is defined, unless that is another room than the one that must not be known.
            let is_end = room_of(last).map(|of| of.map(|of| of.name)) == Some(to);
            let place = if is_end { last } else { place };
            return Some(Refused { place: place.clone(), to });
        }
        None
    }

    /// What a file imports and its room must not know, a message for each.
    pub(super) fn problems(&self, house: &House, of: &Crate, file: &str) -> Vec<String> {
        if file == ROOT {
            return Vec::new();
        }
        let Some(room) = self.room(file) else {
            return vec![format!(
                "{}/{file} is in no room of {WHERE}: say there what it may know",
                self.folder
            )];
        };
        let references = house.references(of, file);
        let refused: Vec<(&Reference, Refused)> = references
            .iter()
            .filter_map(|reference| Some((reference, self.refused(house, room, file, reference)?)))
            .collect();
        // What an import has said already need not be said wherever its name is used.
        let is_said = |reference: &Reference| {
            let imports = refused.iter().filter(|(other, _)| other.is_import && !reference.is_import);
            let mut ends = imports.filter_map(|(other, _)| other.places.last());
            ends.any(|end| reference.places.iter().any(|place| is_below(place, end)))
        };
        let unsaid = refused.iter().filter(|(reference, _)| !is_said(reference));
        let mut said: Vec<String> =
            unsaid.map(|(reference, refused)| self.message(room, file, reference, refused)).collect();
        said.dedup();
        said
    }

    fn message(&self, room: &Room, file: &str, reference: &Reference, refused: &Refused) -> String {
        let Reference { line, written, .. } = reference;
        let of_tests = if reference.is_test { " (and its tests)" } else { "" };
        let to = match refused.to {
            Some(ROOT) => format!("the whole crate, whose root knows every room ({})", refused.place),
            Some(to) => format!("the room `{to}` ({})", refused.place),
            None => format!("{}, which is outside of the crate", refused.place),
        };
        let known: Vec<&str> = room.rooms.iter().chain(room.crates).copied().collect();
        let known = if known.is_empty() { "nothing else".to_owned() } else { known.join(", ") };
        format!(
            "{}/{file}:{line}: `{written}` leads to {to}. The room `{}`{of_tests} may know: {known}. Hand down what is needed \
             as a value or behind a trait, move it to a room that both know, or say in {WHERE} that this room knows it",
            self.folder, room.name
        )
    }

    /// Rooms that know a room which is not above them, so that the two may know each other; and exceptions of that kind that
    /// the table does not list.
    pub(super) fn circles(&self) -> Vec<String> {
        let place = |name: &str| self.rooms.iter().position(|room| room.name == name);
        let mut found = Vec::new();
        for (index, room) in self.rooms.iter().enumerate() {
            for other in room.rooms {
                match place(other) {
                    None => found.push(format!("`{}` may know `{other}`, which is no room", room.name)),
                    Some(at) if at >= index => found.push(format!(
                        "`{}` may know `{other}`, which is not above it and so may know it: a circle. Order the rooms of {} in \
                         {WHERE} so that each knows those above it alone",
                        room.name, self.name
                    )),
                    Some(_) => {}
                }
            }
            for (_, thing, _) in room.except {
                let other = self.rooms.iter().rposition(|other| {
                    other
                        .files
                        .iter()
                        .any(|of| is_below(thing, &of.trim_end_matches(".rs").replace('/', "::")))
                });
                let Some(other) = other else {
                    found.push(format!("`{}` may know {thing}, which is in no room", room.name));
                    continue;
                };
                let name = self.rooms[other].name;
                let is_listed = self.circles.iter().any(|(from, to, _)| (*from, *to) == (room.name, name));
                if other >= index && !is_listed {
                    found.push(format!(
                        "`{}` may know {thing}, and `{name}` is not above it: a circle that the table of {} in {WHERE} does not \
                         list",
                        room.name, self.name
                    ));
                }
            }
        }
        for (from, to, why) in self.circles {
            let known = self.rooms.iter().find(|room| room.name == *from);
            let is_needed =
                known.is_some_and(|room| room.except.iter().any(|(_, thing, _)| is_below(thing, to)));
            if !is_needed {
                found.push(format!("`{from}` and `{to}` are listed as a circle ({why}), and are none any more: remove the line"));
            }
        }
        found
    }

    /// Exceptions that no file uses.
    fn stale(&self, house: &House, of: &Crate) -> Vec<String> {
        let mut found = Vec::new();
        for (file, thing, why) in self.rooms.iter().flat_map(|room| room.except) {
            let files = of.files().filter(|other| lies_in(other, file));
            let mut references = files.flat_map(|file| house.references(of, file));
            let place = format!("{}::{thing}", self.name);
            let is_used = references.any(|reference| {
                !reference.is_test && reference.places.last().is_some_and(|last| is_below(last, &place))
            });
            if !is_used {
                found
                    .push(format!("{file} knows {thing} no more ({why}): remove the exception from {WHERE}"));
            }
        }
        found
    }
}

impl Table {
    /// What each module of a crate names of others, tests excluded. A module and those that lie in it are one: they share
    /// what the outer one has.
    fn edges(&self, house: &House, of: &Crate) -> BTreeMap<String, BTreeMap<String, String>> {
        let module = |file: &str| file.trim_end_matches(".rs").trim_end_matches("/mod").to_owned();
        let mut edges: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
        for file in of.files().filter(|file| *file != ROOT) {
            for reference in house.references(of, file).into_iter().filter(|reference| !reference.is_test) {
                let files = reference.places.iter().filter_map(|place| house.file_of(place));
                for (_, to) in files.filter(|(other, to)| *other == self.name && *to != ROOT) {
                    let (from, to) = (module(file), module(to));
                    if !lies_in(&from, &to) && !lies_in(&to, &from) {
                        let text =
                            format!("{}/{file}:{}: `{}`", self.folder, reference.line, reference.written);
                        edges.entry(from).or_default().entry(to).or_insert(text);
                    }
                }
            }
        }
        edges
    }

    /// Circles of modules, but for those that the table lists; and what it lists and is none.
    pub(super) fn circles_of_modules(&self, house: &House, of: &Crate) -> Vec<String> {
        let mut edges = self.edges(house, of);
        let room_of = |module: &str| {
            let room = self.room(&format!("{module}.rs")).or_else(|| self.room(module));
            room.map_or("", |room| room.name)
        };
        // A module with what lies in it, or a room.
        let is_listed = |from: &str, to: &str, listed: &(&str, &str, &str)| {
            let is_one = |module: &str, listed: &str| lies_in(module, listed) || room_of(module) == listed;
            is_one(from, listed.0) && is_one(to, listed.1)
        };
        let listed: Vec<_> = self.circles.iter().chain(self.circles_in_rooms).collect();
        let mut found = Vec::new();
        for entry in &listed {
            let is_there = edges.iter().any(|(from, to)| to.keys().any(|to| is_listed(from, to, entry)));
            if !is_there {
                found.push(format!(
                    "{} knows {} no more ({}): remove the line from {WHERE}",
                    entry.0, entry.1, entry.2
                ));
            }
        }
        for (from, to) in &mut edges {
            to.retain(|to, _| !listed.iter().any(|entry| is_listed(from, to, entry)));
        }
        // What knows nothing, or only what is done, is in no circle.
        while let Some(done) = edges.iter().find(|(_, to)| to.keys().all(|to| !edges.contains_key(to))) {
            let done = done.0.clone();
            edges.remove(&done);
        }
        // From any of the rest one comes back to where one was.
        let Some(mut at) = edges.keys().next() else { return found };
        let mut way: Vec<(&String, &String)> = Vec::new();
        while !way.iter().any(|(from, _)| *from == at) {
            let next =
                edges[at].iter().find(|(to, _)| edges.contains_key(*to)).expect("it knows one that is left");
            way.push((at, next.1));
            at = next.0;
        }
        let begin = way.iter().position(|(from, _)| *from == at).expect("where the circle closes");
        let way: Vec<&str> = way[begin..].iter().map(|(_, text)| text.as_str()).collect();
        found.push(format!(
            "modules know each other in a circle:\n  {}\nMove what both need to a module below them, or list the import that \
             closes the circle in {WHERE}",
            way.join("\n  ")
        ));
        found
    }
}

/// What must not be known.
struct Refused {
    place: String,
    /// The room; `None` for another crate.
    to: Option<&'static str>,
}

pub(super) const WHERE: &str = "engine/tests/suite/architecture/rooms.rs";

#[test]
fn rooms_keep_to_what_they_may_know() {
    let crates = crates();
    let house = House::new(&crates);
    let mut problems = Vec::new();
    for (table, of) in TABLES.iter().zip(&crates) {
        problems.extend(of.files().flat_map(|file| table.problems(&house, of, file)));
    }
    assert!(problems.is_empty(), "{} imports:\n{}", problems.len(), problems.join("\n"));
}

#[test]
fn rooms_know_those_above_them_alone() {
    let problems: Vec<String> = TABLES.iter().flat_map(Table::circles).collect();
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[test]
fn modules_know_each_other_in_no_circle() {
    let crates = crates();
    let house = House::new(&crates);
    let problems: Vec<String> =
        TABLES.iter().zip(&crates).flat_map(|(table, of)| table.circles_of_modules(&house, of)).collect();
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[test]
fn exceptions_are_needed() {
    let crates = crates();
    let house = House::new(&crates);
    let problems: Vec<String> =
        TABLES.iter().zip(&crates).flat_map(|(table, of)| table.stale(&house, of)).collect();
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

/// A folder of the tables that is not there would be checked by nobody.
#[test]
fn every_room_has_its_files() {
    for table in &TABLES {
        for file in table.rooms.iter().flat_map(|room| room.files) {
            let path = root().join(table.folder).join(file);
            assert!(path.exists(), "{} is in the tables of {WHERE} and is not there", path.display());
        }
    }
}

/// What is called a test is built with tests alone, and so is what the tables let know more.
#[test]
fn files_of_tests_are_tests() {
    let crates = crates();
    let house = House::new(&crates);
    for of in &crates {
        for file in of.files().filter(|file| file.ends_with("tests.rs") || file.contains("/tests/")) {
            assert!(house.is_test(of, file), "{}: {file} is not under #[cfg(test)]", of.name);
        }
    }
}
