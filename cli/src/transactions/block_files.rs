//! The files in which Bitcoin Core keeps its blocks: `blkNNNNN.dat`, `revNNNNN.dat` beside them, and `xor.dat`.
//!
//! Blocks stand in them in the order in which they came, stale ones too, and their undo data in another. So the files
//! are read twice: [`Index::of`] takes the header of each block, and the place of the undo data whose checksum is theirs;
//! then [`Stored::read`] takes one block after another. Of a block the index keeps some 200 bytes.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;

use sigwarp_profiles::AnyContext;
use sigwarp_profiles::bitcoin::files::{
    HEADER_BYTES, Headers, MAX_BLOCK_BYTES, Place, obfuscate, undo_checksum,
};
use sigwarp_profiles::bitcoin::{Bitcoin, BlockContext, Context, Network, SpentOutputs};

use crate::exit::Failure;
use crate::output::note;

/// The bytes before a block and before undo data: magic and length.
const FRAME: usize = 8;
/// The bytes of a header and the longest number of transactions behind it.
const BEGIN: usize = HEADER_BYTES + 9;
/// The most bytes of padding that are looked at together.
const PADDING: usize = 1 << 16;

/// A block whose height is known: `HASH:HEIGHT`, the hash as Bitcoin shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Anchor {
    hash: [u8; 32],
    height: u32,
}

impl FromStr for Anchor {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const EXPECTED: &str =
            "an anchor is the hash of a block in 64 hexadecimal digits, a colon and its height";
        let (hash, height) = text.split_once(':').ok_or(EXPECTED)?;
        let mut bytes = [0; 32];
        hex::decode_to_slice(hash, &mut bytes).map_err(|_| EXPECTED)?;
        bytes.reverse();
        Ok(Self { hash: bytes, height: height.parse().map_err(|_| EXPECTED)? })
    }
}

/// The blocks of the files, and where their undo data are.
pub(super) struct Index {
    network: Network,
    files: Vec<BlockFile>,
    blocks: Vec<Stored>,
    places: Vec<Place>,
}

/// A `blkNNNNN.dat` with its `revNNNNN.dat`.
struct BlockFile {
    blocks: PathBuf,
    undo: Option<PathBuf>,
    key: [u8; 8],
    /// Its blocks in [`Index::blocks`].
    range: std::ops::Range<usize>,
}

/// A block in a file.
struct Stored {
    at: u64,
    /// The bytes that are there: fewer than the file says where it is cut.
    length: u32,
    /// The transactions that it says to have.
    transactions: u64,
    /// Its header in [`Headers`]; none where the file is cut before its end.
    header: Option<usize>,
    /// Where its undo data begin, and their length.
    undo: Option<(u64, u32)>,
}

/// What a file is by its name: `blk00042.dat` is the blocks of 42.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Blocks(u32),
    Undo(u32),
    Key,
}

impl Kind {
    fn of(path: &Path) -> Option<Self> {
        let name = path.file_name()?.to_str()?;
        if name == "xor.dat" {
            return Some(Self::Key);
        }
        let stem = name.strip_suffix(".dat")?;
        let number =
            |digits: &str| match digits.len() >= 5 && digits.bytes().all(|byte| byte.is_ascii_digit()) {
                true => digits.parse().ok(),
                false => None,
            };
        match (stem.strip_prefix("blk"), stem.strip_prefix("rev")) {
            (Some(digits), _) => number(digits).map(Self::Blocks),
            (_, Some(digits)) => number(digits).map(Self::Undo),
            _ => None,
        }
    }
}

impl Index {
    /// Reads the headers of these files, of which each `rev` belongs to the `blk` of its number in the same folder, and
    /// `xor.dat` to all of its folder.
    pub(super) fn of(paths: &[PathBuf], network: Network, anchor: Anchor) -> Result<Self, Failure> {
        let mut index = Self { network, files: files(paths)?, blocks: Vec::new(), places: Vec::new() };
        let mut headers = Headers::new();
        for place in 0..index.files.len() {
            let first = index.blocks.len();
            index.read_headers(place, &mut headers)?;
            index.files[place].range = first..index.blocks.len();
        }
        let places = headers.places(&anchor.hash, anchor.height);
        let places = places.ok_or_else(|| {
            Failure::input(
                "--anchor: no block in the files has this hash, and none follows it; name a block of theirs",
            )
        })?;
        index.places = places;
        let mut strays = Strays::default();
        for place in 0..index.files.len() {
            index.match_undo(place, &headers, &mut strays)?;
        }
        strays.tell();
        Ok(index)
    }

    fn read_headers(&mut self, place: usize, headers: &mut Headers) -> Result<(), Failure> {
        let mut file = Stream::open(&self.files[place].blocks, self.files[place].key)?;
        let mut at = 0;
        while let Some(length) = file.frame(at, self.network, MAX_BLOCK_BYTES)? {
            let start = at + FRAME as u64;
            let begin = file.read(start, BEGIN.min(length as usize))?;
            let header = begin.first_chunk().map(|header| {
                headers.push(header);
                headers.len() - 1
            });
            let transactions = begin.get(HEADER_BYTES..).map_or(0, compact_size);
            let there = u64::from(length).min(file.size - start) as u32;
            self.blocks.push(Stored { at: start, length: there, transactions, header, undo: None });
            at = start + u64::from(length);
        }
        Ok(())
    }

    /// Gives the undo data of a file to the blocks whose checksum they have.
    ///
    /// Undo data have one transaction fewer than their block. They come in the order in which blocks were connected, which
    /// is mostly that of their heights: the next candidate in that order is nearly always the right one.
    fn match_undo(&mut self, place: usize, headers: &Headers, strays: &mut Strays) -> Result<(), Failure> {
        let BlockFile { undo, key, range, .. } = &self.files[place];
        let Some(path) = undo else { return Ok(()) };
        let mut candidates: HashMap<u64, Vec<usize>> = HashMap::new();
        for block in range.clone().filter(|&block| self.blocks[block].transactions > 1) {
            candidates.entry(self.blocks[block].transactions - 1).or_default().push(block);
        }
        let height = |block: &usize| match self.blocks[*block].header.map(|header| self.places[header]) {
            Some(Place::Active(height) | Place::Stale(height)) => height,
            Some(Place::Unknown) | None => u32::MAX,
        };
        // From the last, so that who is found is taken from the end.
        candidates
            .values_mut()
            .for_each(|blocks| blocks.sort_by_key(|block| std::cmp::Reverse(height(block))));
        let mut file = Stream::open(path, *key)?;
        let mut at = 0;
        while let Some(length) = file.frame(at, self.network, u32::MAX as usize)? {
            let start = at + FRAME as u64;
            let undo = file.read(start, length as usize)?;
            let checksum = file.read(start + u64::from(length), 32)?;
            if undo.len() < length as usize || checksum.len() < 32 {
                return Err(file.wrong(at, "the undo data there go beyond the end of the file"));
            }
            at = start + u64::from(length) + 32;
            let transactions = compact_size(&undo);
            // A block without other transactions than its coinbase spends nothing.
            if transactions == 0 {
                continue;
            }
            let of = candidates.get_mut(&transactions).and_then(|blocks| {
                let is_of = |&block: &usize| {
                    let header = self.blocks[block].header?;
                    let [_, previous] = headers.hashes(header);
                    (undo_checksum(previous, &undo)[..] == checksum[..]).then_some(())
                };
                let found = blocks.iter().rposition(|block| is_of(block).is_some())?;
                Some(blocks.remove(found))
            });
            match of {
                Some(block) => self.blocks[block].undo = Some((start, length)),
                None => strays.add(&file.path, start),
            }
        }
        Ok(())
    }

    /// The paths of the files with blocks, in the order in which they are read.
    pub(super) fn paths(&self) -> impl Iterator<Item = &Path> {
        self.files.iter().map(|file| file.blocks.as_path())
    }

    /// Reads the blocks of a file one after another, in the order in which they stand there.
    pub(super) fn blocks(&self, file: usize) -> Result<Blocks<'_>, Failure> {
        let BlockFile { blocks, undo, key, range } = &self.files[file];
        let undo = undo.as_ref().map(|path| Stream::open(path, *key)).transpose()?;
        Ok(Blocks { index: self, blocks: Stream::open(blocks, *key)?, undo, left: range.clone() })
    }
}

/// See [`Index::blocks`].
pub(super) struct Blocks<'i> {
    index: &'i Index,
    blocks: Stream,
    undo: Option<Stream>,
    left: std::ops::Range<usize>,
}

/// A block as it is judged.
pub(super) struct Given {
    pub(super) bytes: Vec<u8>,
    pub(super) context: Arc<AnyContext>,
    pub(super) height: Option<u32>,
    /// The bytes of its undo data.
    pub(super) undo: usize,
    /// The bytes of the file up to its end.
    pub(super) read: u64,
}

impl Blocks<'_> {
    pub(super) fn next(&mut self) -> Result<Option<Given>, Failure> {
        let Some(block) = self.left.next() else { return Ok(None) };
        let Stored { at, length, header, undo, .. } = self.index.blocks[block];
        let bytes = self.blocks.read(at, length as usize)?;
        let mut spent = SpentOutputs::new();
        let mut undo_bytes = 0;
        if let (Some((at, length)), Some(file)) = (undo, &mut self.undo) {
            let undo = file.read(at, length as usize)?;
            undo_bytes = undo.len();
            // Its checksum was right: it was written so.
            spent = SpentOutputs::from_core(&undo).map_err(|error| {
                file.wrong(at + error.at as u64, &format!("in undo data, {}", error.problem))
            })?;
        }
        let (height, is_stale) = match header.map_or(Place::Unknown, |header| self.index.places[header]) {
            Place::Active(height) => (Some(height), false),
            Place::Stale(height) => (Some(height), true),
            Place::Unknown => (None, false),
        };
        let block = BlockContext { network: self.index.network, height, is_stale, spent };
        let context = Context { block: Some(block), ..Context::default() };
        let context = Arc::new(AnyContext::of::<Bitcoin>(context));
        Ok(Some(Given { bytes, context, height, undo: undo_bytes, read: at + u64::from(length) }))
    }

    /// The bytes of the file.
    pub(super) const fn size(&self) -> u64 {
        self.blocks.size
    }
}

/// Undo data that belong to no block of their file.
#[derive(Default)]
struct Strays {
    count: usize,
    first: String,
}

impl Strays {
    fn add(&mut self, path: &Path, at: u64) {
        if self.count == 0 {
            self.first = format!("{}: byte {at}", path.display());
        }
        self.count += 1;
    }

    fn tell(&self) {
        if self.count > 0 {
            let (count, first) = (self.count, &self.first);
            note(&format!(
                "{first}: undo data whose checksum is that of no block in the file of blocks ({count} in all); they are not used"
            ));
        }
    }
}

/// The files with blocks by folder and number, each with its undo data and key.
fn files(paths: &[PathBuf]) -> Result<Vec<BlockFile>, Failure> {
    let mut undo: HashMap<(&Path, u32), &PathBuf> = HashMap::new();
    let mut keys: HashMap<&Path, [u8; 8]> = HashMap::new();
    let mut found = Vec::new();
    for path in paths {
        let folder = path.parent().unwrap_or(Path::new(""));
        match Kind::of(path) {
            Some(Kind::Blocks(number)) => found.push((folder, number, path)),
            Some(Kind::Undo(number)) => drop(undo.insert((folder, number), path)),
            Some(Kind::Key) => drop(keys.insert(folder, key(path)?)),
            None => {}
        }
    }
    // Who names files alone means the key beside them as well.
    for (folder, ..) in &found {
        let path = folder.join("xor.dat");
        if !keys.contains_key(folder) && path.exists() {
            keys.insert(folder, key(&path)?);
        }
    }
    found.sort_unstable();
    found.dedup();
    if found.is_empty() {
        return Err(Failure::input(
            "--anchor is for the files of Bitcoin Core, and there is no blkNNNNN.dat; name its folder blocks/",
        ));
    }
    let file = |(folder, number, path): (&Path, u32, &PathBuf)| BlockFile {
        blocks: path.clone(),
        undo: undo.get(&(folder, number)).map(|path| (*path).clone()),
        key: keys.get(folder).copied().unwrap_or_default(),
        range: 0..0,
    };
    Ok(found.into_iter().map(file).collect())
}

fn key(path: &Path) -> Result<[u8; 8], Failure> {
    let wrong = |problem: &dyn std::fmt::Display| Failure::input(format!("{}: {problem}", path.display()));
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| file.take(9).read_to_end(&mut bytes));
    read.map_err(|error| wrong(&format!("cannot read: {error}")))?;
    bytes.try_into().map_err(|_| wrong(&"the key of the files is 8 bytes"))
}

/// The number that undo data, or the transactions of a block, begin with; 0 where it is cut.
fn compact_size(bytes: &[u8]) -> u64 {
    let number = |digits: &[u8]| digits.iter().rev().fold(0, |number, &digit| number << 8 | u64::from(digit));
    match bytes {
        [0xfd, rest @ ..] => rest.get(..2).map_or(0, number),
        [0xfe, rest @ ..] => rest.get(..4).map_or(0, number),
        [0xff, rest @ ..] => rest.get(..8).map_or(0, number),
        [small, ..] => u64::from(*small),
        [] => 0,
    }
}

/// A file that is read at growing offsets, without its obfuscation.
struct Stream {
    file: BufReader<File>,
    path: PathBuf,
    key: [u8; 8],
    size: u64,
    at: u64,
}

impl Stream {
    fn open(path: &Path, key: [u8; 8]) -> Result<Self, Failure> {
        let cannot = |error| Failure::input(format!("{}: cannot read: {error}", path.display()));
        let file = File::open(path).map_err(cannot)?;
        let size = file.metadata().map_err(cannot)?.len();
        let file = BufReader::with_capacity(64 << 10, file);
        Ok(Self { file, path: path.to_owned(), key, size, at: 0 })
    }

    fn wrong(&self, at: u64, problem: &str) -> Failure {
        Failure::input(format!("{}: byte {at}: {problem}", self.path.display()))
    }

    /// These bytes as they are in the file, fewer where it ends.
    fn read_raw(&mut self, at: u64, length: usize) -> Result<Vec<u8>, Failure> {
        let mut bytes = Vec::new();
        let moved = match i64::try_from(at).ok().zip(i64::try_from(self.at).ok()) {
            // What is buffered stays.
            Some((to, from)) => self.file.seek_relative(to - from),
            None => self.file.seek(SeekFrom::Start(at)).map(|_| ()),
        };
        let read = moved.and_then(|()| (&mut self.file).take(length as u64).read_to_end(&mut bytes));
        read.map_err(|error| self.wrong(at, &format!("cannot read: {error}")))?;
        self.at = at + bytes.len() as u64;
        Ok(bytes)
    }

    fn read(&mut self, at: u64, length: usize) -> Result<Vec<u8>, Failure> {
        let mut bytes = self.read_raw(at, length)?;
        obfuscate(&self.key, at, &mut bytes);
        Ok(bytes)
    }

    /// The length that stands behind the magic at an offset; `None` where nothing but zeros is left.
    fn frame(&mut self, at: u64, network: Network, most: usize) -> Result<Option<u32>, Failure> {
        let raw = self.read_raw(at, FRAME)?;
        if raw.is_empty() {
            return Ok(None);
        }
        let mut frame = raw.clone();
        obfuscate(&self.key, at, &mut frame);
        let length = match frame.split_first_chunk() {
            Some((magic, rest)) if *magic == network.magic() => {
                let length = rest.try_into().map(u32::from_le_bytes);
                length.map_err(|_| self.wrong(at, "the file ends in the length of a block"))?
            }
            // Padding is written without the obfuscation.
            _ if raw.iter().all(|&byte| byte == 0) => return self.padding(at),
            _ => {
                let known = Network::ALL.into_iter().find(|network| frame.starts_with(&network.magic()));
                let problem = match known {
                    Some(other) => format!("this is a file of {}, not of {}", other.name(), network.name()),
                    None => format!(
                        "no block of {} begins there; the file is damaged, or its xor.dat is missing",
                        network.name()
                    ),
                };
                return Err(self.wrong(at, &problem));
            }
        };
        if length as usize > most {
            return Err(self.wrong(at, &format!("a block of {length} bytes; the most are {most}")));
        }
        Ok(Some(length))
    }

    /// Zeros to the end of the file.
    fn padding(&mut self, mut at: u64) -> Result<Option<u32>, Failure> {
        loop {
            let bytes = self.read_raw(at, PADDING)?;
            if bytes.is_empty() {
                return Ok(None);
            }
            if let Some(place) = bytes.iter().position(|&byte| byte != 0) {
                return Err(self.wrong(at + place as u64, "bytes behind the padding of the file"));
            }
            at += bytes.len() as u64;
        }
    }
}
