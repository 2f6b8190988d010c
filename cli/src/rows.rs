//! The rows of the files on the command line, read ahead on a thread of their own.
//!
//! Reading and decoding overlap with verification, and a read that waits (a terminal, a pipe) does not keep Ctrl-C
//! from being heard.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;

use crossbeam_channel::{Receiver, Sender, bounded, select};
use sigwarp::{DefaultRules, Scheme};
use sigwarp_datasets::{ColumnNames, KeyFile, KeyUse, Layout, ReadError, ReadOptions, RowBlock, RowReader};

use crate::args::{InputArgs, LayoutArgs};
use crate::exit::Failure;
use crate::interrupt::Interrupt;
use crate::output::is_standard;
use crate::progress::Sizes;

/// Blocks that wait to be verified, besides the one in work and the one being read.
const AHEAD: usize = 1;

/// Blocks in all: those that wait, the one in work and the one being read.
const BLOCKS: usize = AHEAD + 2;

/// What comes next.
pub(crate) enum Next {
    /// Rows of a file.
    Block {
        /// The file, as named on the command line.
        file: Arc<str>,
        /// Its next rows.
        block: Box<RowBlock>,
        /// How much of all files has been read with them, from 0 to 1, where their sizes are known.
        read: Option<f64>,
    },
    /// All rows of all files have been given.
    End,
    /// The user asked to stop.
    Interrupted,
}

enum Message {
    Block { file: Arc<str>, block: Box<RowBlock>, read: Option<f64> },
    End { schemes: BTreeSet<Scheme> },
    Failed(ReadError),
}

/// See the module.
pub(crate) struct Rows {
    incoming: Receiver<Message>,
    spare: Sender<Box<RowBlock>>,
    rules: DefaultRules,
    encoding: Option<String>,
    keys: Option<Arc<KeyFile>>,
}

impl LayoutArgs {
    /// What files do not say of themselves, with these columns.
    pub(crate) fn with(&self, columns: ColumnNames) -> Layout {
        Layout { format: self.input_format, bytes: self.bytes.unwrap_or_default(), columns }
    }
}

impl Rows {
    /// Opens nothing yet but the keys file; the rest happens on the reading thread. `files` are those of the arguments,
    /// expanded.
    pub(crate) fn start(input: &InputArgs, files: &[PathBuf], key_use: KeyUse) -> Result<Self, Failure> {
        if files.iter().chain(&input.keys).filter(|path| is_standard(path)).count() > 1 {
            return Err(Failure::input("standard input (-) can be read only once; name it once"));
        }
        let rules = DefaultRules::new(&input.rules).map_err(|error| {
            Failure::input(format!("--rule: {error} (`sigwarp rules` says who follows which)"))
        })?;
        let columns =
            ColumnNames::new(&input.columns).map_err(|error| Failure::input(format!("--map: {error}")))?;
        let layout = input.layout.with(columns);
        let keys = match &input.keys {
            None => None,
            Some(path) => {
                let keys = match is_standard(path) {
                    true => KeyFile::stream("standard input", std::io::stdin(), &layout, input.max_row_bytes),
                    false => KeyFile::load_as(path, &layout, input.max_row_bytes),
                };
                Some(Arc::new(keys.map_err(Failure::input)?))
            }
        };
        let options = ReadOptions {
            rules: rules.clone(),
            scheme: input.scheme,
            encoding: input.encoding.clone(),
            layout,
            keys: keys.clone(),
            key_use,
            max_row_bytes: input.max_row_bytes,
            ..ReadOptions::default()
        };
        let (sender, incoming) = bounded(AHEAD);
        let (spare, spares) = bounded(BLOCKS);
        let files = files.to_owned();
        thread::Builder::new()
            .name("sigwarp-rows".into())
            .spawn(move || read(&files, &options, &sender, &spares))
            .map_err(|error| Failure::engine(format!("the reading thread could not be started: {error}")))?;
        Ok(Self { incoming, spare, rules, encoding: input.encoding.clone(), keys })
    }

    /// The keys of the keys file, if there is one.
    pub(crate) fn keys(&self) -> Option<&KeyFile> {
        self.keys.as_deref()
    }

    /// The next rows.
    pub(crate) fn next(&self, interrupt: &Interrupt) -> Result<Next, Failure> {
        // Where both are ready, either may be taken.
        if interrupt.requested() {
            return Ok(Next::Interrupted);
        }
        let message = select! {
            recv(self.incoming) -> message => message,
            recv(interrupt.asked()) -> _ => return Ok(Next::Interrupted),
        };
        match message {
            Ok(Message::Block { file, block, read }) => Ok(Next::Block { file, block, read }),
            Ok(Message::Failed(error)) => Err(Failure::input(error)),
            Ok(Message::End { schemes }) => self.check_rules(&schemes).map(|()| Next::End),
            Err(_) => Err(Failure::engine("the reader thread exited unexpectedly")),
        }
    }

    /// Gives a block back so that its memory is used again.
    pub(crate) fn recycle(&self, block: Box<RowBlock>) {
        // The reader may be done; then the block is just dropped.
        drop(self.spare.try_send(block));
    }

    /// A rule or an encoding that has nothing to apply to is a mistake in the command.
    fn check_rules(&self, schemes: &BTreeSet<Scheme>) -> Result<(), Failure> {
        let encoding = self.encoding.as_deref();
        let fits = |encoding: &&str| schemes.iter().any(|scheme| scheme.encodings().contains(encoding));
        let rule = self.rules.without_scheme(schemes).into_iter().map(|rule| ("--rule", rule));
        let encoding = encoding.filter(|encoding| !fits(encoding)).map(|encoding| ("--encoding", encoding));
        match rule.chain(encoding).next() {
            None => Ok(()),
            Some((option, name)) => {
                let seen: Vec<&str> = schemes.iter().map(|scheme| scheme.name()).collect();
                let seen = seen.join(", ");
                Err(Failure::input(format!(
                    "{option} {name} fits no row: the files have only {seen}; leave it out"
                )))
            }
        }
    }
}

/// The reading thread. It ends when all is read, at the first error, or when nobody listens any more.
fn read(
    files: &[PathBuf],
    options: &ReadOptions,
    sender: &Sender<Message>,
    spares: &Receiver<Box<RowBlock>>,
) {
    let mut schemes = BTreeSet::new();
    let sizes = Sizes::of(files);
    for (place, path) in files.iter().enumerate() {
        match read_file(path, |share| sizes.read(place, share), options, sender, spares) {
            Ok(Some(seen)) => schemes.extend(seen),
            Ok(None) => return,
            Err(error) => return drop(sender.send(Message::Failed(error))),
        }
    }
    drop(sender.send(Message::End { schemes }));
}

/// Sends the rows of a file and gives its schemes, or nothing when nobody listens. `read` makes of the share of the file
/// that has been read the share of all files.
fn read_file(
    path: &Path,
    read: impl Fn(Option<f64>) -> Option<f64>,
    options: &ReadOptions,
    sender: &Sender<Message>,
    spares: &Receiver<Box<RowBlock>>,
) -> Result<Option<BTreeSet<Scheme>>, ReadError> {
    let mut reader = if is_standard(path) {
        RowReader::stream("standard input", std::io::stdin(), options)?
    } else {
        RowReader::open(path, options)?
    };
    let file: Arc<str> = path.display().to_string().into();
    loop {
        let mut block = spares.try_recv().unwrap_or_default();
        let more = reader.next_block(&mut block);
        // The rows before a bad one are judged too.
        let read = read(reader.fraction_read());
        if !block.is_empty() && sender.send(Message::Block { file: Arc::clone(&file), block, read }).is_err()
        {
            return Ok(None);
        }
        if !more? {
            return Ok(Some(reader.schemes().clone()));
        }
    }
}
