//! Standard input, read on a thread of its own: a read that waits (a terminal, a pipe) does not keep Ctrl-C from being
//! heard.

use std::io::{self, Read};
use std::thread;

use crossbeam_channel::{Receiver, Sender, bounded, select};

use crate::exit::Failure;
use crate::interrupt::Interrupt;

/// Bytes of a chunk, and chunks that wait.
const CHUNK: usize = 256 << 10;
const AHEAD: usize = 2;

/// A reader that ends with an error when the user asks to stop.
pub(super) struct StandardInput {
    incoming: Receiver<io::Result<Vec<u8>>>,
    interrupt: Interrupt,
    chunk: Vec<u8>,
    at: usize,
}

impl StandardInput {
    pub(super) fn start(interrupt: &Interrupt) -> Result<Self, Failure> {
        let (sender, incoming) = bounded(AHEAD);
        thread::Builder::new()
            .name("sigwarp-input".into())
            .spawn(move || read(&sender))
            .map_err(|error| Failure::engine(format!("the reading thread could not be started: {error}")))?;
        Ok(Self { incoming, interrupt: interrupt.clone(), chunk: Vec::new(), at: 0 })
    }
}

/// Sends chunks until all is read, an error, or nobody listens any more.
fn read(sender: &Sender<io::Result<Vec<u8>>>) {
    let mut input = io::stdin().lock();
    loop {
        let mut chunk = vec![0; CHUNK];
        let read = match input.read(&mut chunk) {
            Ok(0) => return,
            Ok(length) => {
                chunk.truncate(length);
                Ok(chunk)
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => Err(error),
        };
        let failed = read.is_err();
        if sender.send(read).is_err() || failed {
            return;
        }
    }
}

impl Read for StandardInput {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while self.at == self.chunk.len() {
            // Of a kind that is not tried again.
            let interrupted = || io::Error::other("interrupted");
            // Where both are ready, either may be taken.
            if self.interrupt.requested() {
                return Err(interrupted());
            }
            select! {
                recv(self.incoming) -> chunk => match chunk {
                    Ok(chunk) => {
                        self.chunk = chunk?;
                        self.at = 0;
                    }
                    Err(_) => return Ok(0),
                },
                recv(self.interrupt.asked()) -> _ => return Err(interrupted()),
            }
        }
        let length = into.len().min(self.chunk.len() - self.at);
        into[..length].copy_from_slice(&self.chunk[self.at..][..length]);
        self.at += length;
        Ok(length)
    }
}
