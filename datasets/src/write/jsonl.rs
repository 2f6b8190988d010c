//! Rows and verdicts as JSONL.

use std::io::Write;

use sigwarp::Verdicts;

use super::sink::Sink;
use super::{RowSink, VerdictSink};
use crate::block::RowBlock;
use crate::error::WriteError;
use crate::row::{Expected, Row};
use crate::text::write_json;

/// Lines are collected up to this many bytes before they are written.
const BUFFER: usize = 64 << 10;

#[derive(Debug)]
pub(crate) struct Lines {
    sink: Sink,
    buffer: Vec<u8>,
    /// The verdicts of blocks that were committed.
    committed: u64,
}

impl Lines {
    pub(crate) fn new(sink: Sink) -> Self {
        Self { sink, buffer: Vec::with_capacity(BUFFER), committed: 0 }
    }

    /// Commits every line so far.
    fn commit(&mut self) -> Result<(), WriteError> {
        self.pass_on()?;
        self.sink.commit().inspect_err(|_| self.sink.roll_back())
    }

    /// Passes the buffer on. After an error the file ends with the last line that was committed.
    fn pass_on(&mut self) -> Result<(), WriteError> {
        let passed = self.sink.write_all(&self.buffer).map_err(|source| self.sink.error(source));
        self.buffer.clear();
        passed.inspect_err(|_| self.sink.roll_back())
    }

    fn complete(&mut self) -> Result<(), WriteError> {
        self.commit()?;
        self.sink.finish()
    }
}

impl RowSink for Lines {
    fn row(&mut self, row: &Row<'_>, fault: Option<&str>) -> Result<(), WriteError> {
        let mut line = Line::begin(&mut self.buffer);
        write_row(&mut line, row);
        line.text("fault", fault);
        line.end();
        if self.buffer.len() >= BUFFER { self.commit() } else { Ok(()) }
    }

    fn finish(&mut self) -> Result<(), WriteError> {
        self.complete()
    }

    fn keep(&mut self) -> Result<(), WriteError> {
        self.commit()
    }
}

impl VerdictSink for Lines {
    fn verdicts(
        &mut self,
        first_index: u64,
        block: &RowBlock,
        verdicts: &Verdicts,
    ) -> Result<(), WriteError> {
        for (item, verdict) in verdicts.iter().enumerate() {
            let mut line = Line::begin(&mut self.buffer);
            line.number("index", Some(first_index + item as u64));
            line.text_or_null("id", block.id(item));
            line.text("verdict", Some(verdict.name()));
            line.text_or_null("reason", verdict.reason().map(|reason| reason.name()));
            line.end();
            if self.buffer.len() >= BUFFER {
                self.pass_on()?;
            }
        }
        self.commit()?;
        self.committed += block.len() as u64;
        Ok(())
    }

    fn committed(&self) -> u64 {
        self.committed
    }

    fn finish(&mut self) -> Result<(), WriteError> {
        self.complete()
    }

    fn keep(&mut self) -> Result<(), WriteError> {
        self.commit()
    }
}

fn write_row(line: &mut Line<'_>, row: &Row<'_>) {
    line.text("id", row.id);
    line.text("scheme", row.scheme);
    line.text("rule", row.rule);
    line.text("encoding", row.encoding);
    line.hex("user_id", row.user_id);
    line.hex("context", row.context);
    line.hex("public_key", row.public_key);
    line.number("key_index", row.key_index);
    line.hex("message", row.message);
    line.hex("digest", row.digest);
    line.hex("signature", row.signature);
    line.number("recovery_id", row.recovery_id.map(u64::from));
    match row.expected {
        Expected::Unknown => {}
        Expected::Valid(valid) => line.boolean("expected", valid),
        Expected::ByRule(rules) => {
            line.name("expected");
            let mut object = Line::begin(line.out);
            for (rule, valid) in rules {
                object.boolean(rule, *valid);
            }
            object.close();
        }
    }
}

/// A JSON object on one line; absent fields are left out.
struct Line<'a> {
    out: &'a mut Vec<u8>,
    first: bool,
}

impl<'a> Line<'a> {
    fn begin(out: &'a mut Vec<u8>) -> Self {
        out.push(b'{');
        Self { out, first: true }
    }

    fn close(self) {
        self.out.push(b'}');
    }

    fn end(self) {
        self.out.extend_from_slice(b"}\n");
    }

    fn name(&mut self, name: &str) {
        if !std::mem::take(&mut self.first) {
            self.out.push(b',');
        }
        self.string(name);
        self.out.push(b':');
    }

    fn string(&mut self, text: &str) {
        write_json(self.out, &text);
    }

    fn text(&mut self, name: &str, value: Option<&str>) {
        if let Some(value) = value {
            self.name(name);
            self.string(value);
        }
    }

    fn text_or_null(&mut self, name: &str, value: Option<&str>) {
        match value {
            Some(_) => self.text(name, value),
            None => {
                self.name(name);
                self.out.extend_from_slice(b"null");
            }
        }
    }

    fn number(&mut self, name: &str, value: Option<u64>) {
        if let Some(value) = value {
            self.name(name);
            self.out.extend_from_slice(value.to_string().as_bytes());
        }
    }

    fn boolean(&mut self, name: &str, value: bool) {
        self.name(name);
        self.out.extend_from_slice(if value { b"true" } else { b"false" });
    }

    fn hex(&mut self, name: &str, value: Option<&[u8]>) {
        if let Some(bytes) = value {
            self.name(name);
            self.out.push(b'"');
            let start = self.out.len();
            self.out.resize(start + 2 * bytes.len(), 0);
            hex::encode_to_slice(bytes, &mut self.out[start..]).expect("two digits for each byte");
            self.out.push(b'"');
        }
    }
}
