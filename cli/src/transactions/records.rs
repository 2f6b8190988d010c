//! The records of the files on the command line, read ahead on a thread of their own: rows of JSONL with their context,
//! a column of Parquet, or the bytes of a file.

use std::cell::RefCell;
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;

use crossbeam_channel::{Receiver, Sender, bounded, select};
use sigwarp::Messages;
use sigwarp_datasets::{ColumnReader, FileKind, LineReader};
use sigwarp_profiles::bitcoin::Network;
use sigwarp_profiles::{AnyContext, FRAMING_BYTES, FieldError, Fields, System, Value};

use super::block_files::{Anchor, Blocks, Index};
use super::given::Given;
use crate::args::TransactionsArgs;
use crate::exit::Failure;
use crate::interrupt::Interrupt;
use crate::output::is_standard;
use crate::progress::Sizes;

/// Blocks that wait to be judged, besides the one in work and the one being read.
const AHEAD: usize = 1;
/// A block ends with the record that reaches this many bytes, or this many records. A report takes several times the
/// memory of its record.
const BLOCK_BYTES: usize = 4 << 20;
const BLOCK_RECORDS: usize = 16_384;

/// One record of a file.
pub(super) struct Record {
    /// Its place in the file, from 0.
    pub(super) row: u64,
    pub(super) id: Option<String>,
    pub(super) bytes: Vec<u8>,
    pub(super) context: Arc<AnyContext>,
    pub(super) expected: Option<Expected>,
}

/// What a row says of its own verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Expected {
    /// The word of the verdict.
    Is(&'static str),
    /// Any but valid.
    NotValid,
}

/// Records of one file, one after another.
pub(super) struct Block {
    /// The file, as named on the command line.
    pub(super) file: Arc<str>,
    pub(super) records: Vec<Record>,
    /// The context of the command line, where it has keys and is another one than at the block before.
    pub(super) keys: Option<Arc<AnyContext>>,
    /// How much of all files has been read with them, from 0 to 1, where their sizes are known.
    pub(super) read: Option<f64>,
}

/// What comes next.
pub(super) enum Next {
    Block(Block),
    /// All records of all files have been given.
    End,
    /// The user asked to stop.
    Interrupted,
}

enum Message {
    Block(Block),
    End,
    Failed(Failure),
}

/// See the module.
pub(super) struct Records(Receiver<Message>);

impl Records {
    /// Opens nothing yet; that happens on the reading thread. `given` is what records get that do not have it.
    pub(super) fn start(
        args: &TransactionsArgs,
        files: Vec<PathBuf>,
        system: &'static dyn System,
        given: Given,
    ) -> Result<Self, Failure> {
        if files.iter().filter(|path| is_standard(path)).count() > 1 {
            return Err(Failure::input("standard input (-) can be read only once; name it once"));
        }
        let (sender, incoming) = bounded(AHEAD);
        let column = args.column.clone().or(system.record_fields().first().map(|name| (*name).to_owned()));
        let reader = Reader {
            system,
            given: RefCell::new(given),
            column: column.unwrap_or_default(),
            is_raw: args.raw,
            anchor: args.anchor,
            limit: args.max_record_bytes,
        };
        thread::Builder::new()
            .name("sigwarp-records".into())
            .spawn(move || match reader.read(&files, &sender) {
                Err(Stop::Failed(failure)) => drop(sender.send(Message::Failed(failure))),
                Ok(()) => drop(sender.send(Message::End)),
                Err(Stop::NobodyListens) => {}
            })
            .map_err(|error| Failure::engine(format!("the reading thread could not be started: {error}")))?;
        Ok(Self(incoming))
    }

    /// The next records.
    pub(super) fn next(&self, interrupt: &Interrupt) -> Result<Next, Failure> {
        // Where both are ready, either may be taken.
        if interrupt.requested() {
            return Ok(Next::Interrupted);
        }
        let message = select! {
            recv(self.0) -> message => message,
            recv(interrupt.asked()) -> _ => return Ok(Next::Interrupted),
        };
        match message {
            Ok(Message::Block(block)) => Ok(Next::Block(block)),
            Ok(Message::Failed(failure)) => Err(failure),
            Ok(Message::End) => Ok(Next::End),
            Err(_) => Err(Failure::engine("the reader thread exited unexpectedly")),
        }
    }
}

/// Why the reading thread ends before the files do.
enum Stop {
    Failed(Failure),
    NobodyListens,
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

impl From<sigwarp_datasets::ReadError> for Stop {
    fn from(error: sigwarp_datasets::ReadError) -> Self {
        Self::Failed(Failure::input(error))
    }
}

/// What a file is read as.
enum Form {
    Rows,
    Column,
    /// A record in each line.
    Lines,
    Raw,
}

/// What the reading thread knows.
struct Reader {
    system: &'static dyn System,
    given: RefCell<Given>,
    column: String,
    is_raw: bool,
    /// Where the files are those of Bitcoin Core.
    anchor: Option<Anchor>,
    limit: usize,
}

/// Records that are collected until they make a block.
struct Collected<'a> {
    sender: &'a Sender<Message>,
    file: Arc<str>,
    records: Vec<Record>,
    bytes: usize,
    given: &'a RefCell<Given>,
    /// The context with keys that a block has brought along.
    keys: &'a RefCell<Option<Arc<AnyContext>>>,
}

impl Collected<'_> {
    fn push(&mut self, record: Record, read: impl FnOnce() -> Option<f64>) -> Result<(), Stop> {
        self.bytes += record.bytes.len();
        self.records.push(record);
        match self.bytes >= BLOCK_BYTES || self.records.len() >= BLOCK_RECORDS {
            true => self.send(read()),
            false => Ok(()),
        }
    }

    /// Sends what there is.
    fn send(&mut self, read: Option<f64>) -> Result<(), Stop> {
        self.bytes = 0;
        let records = std::mem::take(&mut self.records);
        if records.is_empty() {
            return Ok(());
        }
        let given = self.given.borrow();
        let now = given.has_keys().then(|| given.context().ok()).flatten();
        let mut before = self.keys.borrow_mut();
        let is_other = match (&now, &*before) {
            (Some(now), Some(before)) => !Arc::ptr_eq(now, before),
            (now, _) => now.is_some(),
        };
        let keys = is_other.then(|| now.clone()).flatten();
        *before = now.or(before.take());
        let block = Block { file: Arc::clone(&self.file), records, keys, read };
        self.sender.send(Message::Block(block)).map_err(|_| Stop::NobodyListens)
    }
}

/// The blocks of a file of Bitcoin Core, each with its height as its id.
fn block_file(
    mut blocks: Blocks<'_>,
    share: impl Fn(Option<f64>) -> Option<f64>,
    collected: &mut Collected<'_>,
) -> Result<(), Stop> {
    let mut row = 0;
    while let Some(block) = blocks.next()? {
        let id = block.height.map(|height| height.to_string());
        // Of a block most of what is held are the outputs that it spends and the reports.
        collected.bytes += block.undo;
        let (bytes, context) = (block.bytes, block.context);
        let read = block.read as f64 / blocks.size() as f64;
        collected.push(Record { row, id, bytes, context, expected: None }, || share(Some(read)))?;
        row += 1;
    }
    Ok(())
}

impl Reader {
    fn read(&self, files: &[PathBuf], sender: &Sender<Message>) -> Result<(), Stop> {
        let index = self.anchor.map(|anchor| self.index(files, anchor)).transpose()?;
        let of_index: Option<Vec<PathBuf>> =
            index.as_ref().map(|index| index.paths().map(Path::to_owned).collect());
        let files = of_index.as_deref().unwrap_or(files);
        let sizes = Sizes::of(files);
        let keys = RefCell::new(None);
        for (place, path) in files.iter().enumerate() {
            let share = |share| sizes.read(place, share);
            let (records, file) = (Vec::new(), path.display().to_string().into());
            let mut collected =
                Collected { sender, file, records, bytes: 0, given: &self.given, keys: &keys };
            // The records before a bad one are judged too.
            let ended = match &index {
                Some(index) => block_file(index.blocks(place)?, share, &mut collected),
                None => match self.form(path)? {
                    Form::Rows => self.rows(path, share, &mut collected),
                    Form::Column => self.column(path, share, &mut collected),
                    Form::Lines => self.lines(path, share, &mut collected),
                    Form::Raw => self.raw(path, share, &mut collected),
                },
            };
            collected.send(share(Some(1.0)))?;
            ended?;
        }
        Ok(())
    }

    /// What the files of Bitcoin Core hold.
    fn index(&self, files: &[PathBuf], anchor: Anchor) -> Result<Index, Failure> {
        let given = self.given.borrow();
        let network = match given.fields().get("network") {
            Some(Value::Text(name)) => Network::from_name(name),
            _ => None,
        };
        let network = network.ok_or_else(|| Failure::input("--anchor needs --network, such as main"))?;
        Index::of(files, network, anchor)
    }

    fn form(&self, path: &Path) -> Result<Form, Failure> {
        match FileKind::of(path) {
            _ if self.is_raw => Ok(Form::Raw),
            _ if is_standard(path) => Ok(Form::Rows),
            None if self.system.is_text() => Ok(Form::Lines),
            None => Ok(Form::Raw),
            Some(kind) => match kind.format.name() {
                "jsonl" => Ok(Form::Rows),
                "parquet" => Ok(Form::Column),
                _ => Err(Failure::input(format!(
                    "{}: transactions are read from JSONL, Parquet and files of their bytes; convert it, or add --raw \
                     if it holds the bytes of a record",
                    path.display()
                ))),
            },
        }
    }

    /// The context of records that have no fields of their own.
    fn context(&self, path: &Path) -> Result<Arc<AnyContext>, Failure> {
        let wrong = |error| Failure::input(format!("{}: {}", path.display(), self.explain(error)));
        let mut given = self.given.borrow_mut();
        given.refresh();
        given.context().map_err(wrong)
    }

    fn explain(&self, error: FieldError) -> String {
        let name = match error {
            FieldError::Missing(name) => name,
            FieldError::Wrong { field, .. } => field,
        };
        format!("{error}; --context {name}=VALUE gives it to every record that does not have it")
    }

    fn rows(
        &self,
        path: &Path,
        share: impl Fn(Option<f64>) -> Option<f64>,
        collected: &mut Collected<'_>,
    ) -> Result<(), Stop> {
        let mut lines = match is_standard(path) {
            true => LineReader::stream("standard input", std::io::stdin(), self.limit)?,
            false => LineReader::open(path, self.limit)?,
        };
        let folder = path.parent().unwrap_or(Path::new(""));
        loop {
            let row = lines.rows_read();
            let Some(line) = lines.next_line()? else { return Ok(()) };
            let wrong = |problem: String| Failure::input(format!("{}: row {row}: {problem}", path.display()));
            let record = match line.trim_ascii_start().first() {
                Some(b'{') | None => self.row(line, row, folder).map_err(wrong)?,
                Some(_) if !self.system.is_text() => self.row(line, row, folder).map_err(wrong)?,
                // Where a format is text, a line can be the record itself.
                Some(_) => {
                    let bytes = line.trim_ascii_end().to_vec();
                    Record { row, id: None, bytes, context: self.context(path)?, expected: None }
                }
            };
            collected.push(record, || share(lines.fraction_read()))?;
        }
    }

    /// The lines of a file that holds nothing else, without those that are empty.
    fn lines(
        &self,
        path: &Path,
        share: impl Fn(Option<f64>) -> Option<f64>,
        collected: &mut Collected<'_>,
    ) -> Result<(), Stop> {
        let mut lines = LineReader::open(path, self.limit)?;
        loop {
            let row = lines.rows_read();
            let Some(line) = lines.next_line()? else { return Ok(()) };
            let bytes = line.trim_ascii_end().to_vec();
            if !bytes.is_empty() {
                let record = Record { row, id: None, bytes, context: self.context(path)?, expected: None };
                collected.push(record, || share(lines.fraction_read()))?;
            }
        }
    }

    /// The record of a line, whose fields win over those of the command line.
    fn row(&self, line: &[u8], row: u64, folder: &Path) -> Result<Record, String> {
        let mut fields = Fields::from_json(line).map_err(|error| error.to_string())?;
        // A row may keep its context together, apart from what describes the row.
        if let Some(Value::Object(options)) = fields.get("options").cloned() {
            options.iter().for_each(|(name, value)| fields.push(name, value.clone()));
        }
        let names = self.system.record_fields();
        let own = [self.column.as_str()].into_iter().chain(names.iter().copied());
        let bytes = match own.clone().find_map(|name| fields.get(name)) {
            Some(value) => {
                let bytes = self.system.record(value);
                bytes.ok_or(
                    "the record is no bytes in hexadecimal digits, or no text where the profile takes text",
                )?
            }
            None => match fields.get("path") {
                Some(Value::Text(path)) => self.file_of(&folder.join(path))?,
                _ => {
                    let mut names: Vec<&str> = own.collect();
                    names.dedup();
                    return Err(format!("there is no record: none of {} or path", names.join(", ")));
                }
            },
        };
        let expected = match fields.get("expected") {
            None => None,
            Some(Value::Bool(true)) => Some(Expected::Is("valid")),
            Some(Value::Bool(false)) => Some(Expected::NotValid),
            Some(other) => {
                let known = ["valid", "invalid", "undecided"];
                let word = known.into_iter().find(|word| *other == Value::Text((*word).to_owned()));
                Some(Expected::Is(word.ok_or("expected is a boolean, valid, invalid or undecided")?))
            }
        };
        let id = match fields.get("id") {
            Some(Value::Text(id)) => Some(id.clone()),
            _ => None,
        };
        let mut given = self.given.borrow_mut();
        given.refresh();
        let context = match self.system.context_fields().iter().any(|name| fields.get(name).is_some()) {
            true => {
                for (name, value) in given.fields().iter() {
                    fields.push(name, value.clone());
                }
                self.system.context(&fields).map(Arc::new)
            }
            false => given.context(),
        };
        let context = context.map_err(|error| self.explain(error))?;
        Ok(Record { row, id, bytes, context, expected })
    }

    /// The bytes of a file that a row names.
    fn file_of(&self, path: &Path) -> Result<Vec<u8>, String> {
        let mut bytes = Vec::new();
        let file = File::open(path).map_err(|error| format!("{}: {error}", path.display()))?;
        let read = file.take(self.limit as u64 + 1).read_to_end(&mut bytes);
        read.map_err(|error| format!("{}: cannot read: {error}", path.display()))?;
        match bytes.len() > self.limit {
            true => Err(format!("{}: {}", path.display(), self.too_large())),
            false => Ok(bytes),
        }
    }

    fn too_large(&self) -> String {
        format!("a record of more than {} bytes; --max-record-bytes allows larger ones", self.limit)
    }

    fn column(
        &self,
        path: &Path,
        share: impl Fn(Option<f64>) -> Option<f64>,
        collected: &mut Collected<'_>,
    ) -> Result<(), Stop> {
        let context = self.context(path)?;
        let mut reader = ColumnReader::open(path, &self.column, false, self.limit)?;
        let mut cells = Messages::new();
        let mut row = 0;
        while reader.next_block(&mut cells)? {
            let column = cells.column();
            for cell in 0..column.len() {
                let (bytes, context) = (column.get(cell).to_vec(), Arc::clone(&context));
                collected.push(Record { row, id: None, bytes, context, expected: None }, || share(None))?;
                row += 1;
            }
        }
        Ok(())
    }

    /// The records of a file that holds nothing else.
    fn raw(
        &self,
        path: &Path,
        share: impl Fn(Option<f64>) -> Option<f64>,
        collected: &mut Collected<'_>,
    ) -> Result<(), Stop> {
        let context = self.context(path)?;
        let cannot = |error| Failure::input(format!("{}: cannot read: {error}", path.display()));
        let (mut input, size): (Box<dyn Read>, Option<u64>) = match is_standard(path) {
            true => (Box::new(std::io::stdin().lock()), None),
            false => {
                let file = File::open(path).map_err(cannot)?;
                let size = file.metadata().ok().map(|metadata| metadata.len()).filter(|&size| size > 0);
                (Box::new(BufReader::with_capacity(256 << 10, file)), size)
            }
        };
        let (mut row, mut read) = (0, 0);
        // The first bytes of the next record, and of those after it where it is shorter than they.
        let mut begin = Vec::new();
        loop {
            let missing = FRAMING_BYTES - begin.len();
            input.by_ref().take(missing as u64).read_to_end(&mut begin).map_err(cannot)?;
            if begin.is_empty() && row > 0 {
                return Ok(());
            }
            // No record is empty, so that each takes something.
            let most = self.system.framing(&begin).unwrap_or(usize::MAX).max(1);
            let mut bytes: Vec<u8> = begin.drain(..most.min(begin.len())).collect();
            let left = most.min(self.limit.saturating_add(1)).saturating_sub(bytes.len());
            input.by_ref().take(left as u64).read_to_end(&mut bytes).map_err(cannot)?;
            if bytes.len() > self.limit {
                let problem = self.too_large();
                return Err(Failure::input(format!("{}: record {row}: {problem}", path.display())).into());
            }
            read += bytes.len() as u64;
            let record = Record { row, id: None, bytes, context: Arc::clone(&context), expected: None };
            collected.push(record, || share(size.map(|size| read as f64 / size as f64)))?;
            row += 1;
        }
    }
}
