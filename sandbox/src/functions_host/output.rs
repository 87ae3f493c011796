//! The handler's standard output and error.

use std::io::Write as _;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncBufReadExt as _, AsyncRead, BufReader};
use tokio::task::JoinHandle;

/// The stream of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stream {
    /// Standard output: information in the host's log.
    Stdout,
    /// Standard error: errors in the host's log.
    Stderr,
}

/// One line of the handler's output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutputLine {
    /// Its stream.
    pub stream: Stream,
    /// Its text, without the line's end.
    pub text: String,
}

/// Collects lines; clones share one list.
#[derive(Debug, Clone, Default)]
pub struct Output {
    lines: Arc<Mutex<Vec<OutputLine>>>,
    echo: bool,
}

impl Output {
    /// An empty collection that also passes each line on to our own standard error if `echo` says so.
    pub fn new(echo: bool) -> Self {
        Self {
            lines: Arc::default(),
            echo,
        }
    }

    /// All lines so far.
    pub fn lines(&self) -> Vec<OutputLine> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Collects all that is written to `pipe`, until it is closed.
    pub fn collect(&self, stream: Stream, pipe: impl AsyncRead + Unpin + Send + 'static) -> JoinHandle<()> {
        let output = self.clone();
        tokio::spawn(async move {
            let mut reader = BufReader::new(pipe);
            let mut line = Vec::new();
            while matches!(reader.read_until(b'\n', &mut line).await, Ok(count) if count > 0) {
                let text = String::from_utf8_lossy(&line).trim_end_matches(['\n', '\r']).to_owned();
                output.add(OutputLine { stream, text });
                line.clear();
            }
        })
    }

    fn add(&self, line: OutputLine) {
        if self.echo {
            // Nobody reads it any more: the lines are kept all the same.
            let _ = writeln!(std::io::stderr(), "{}", line.text);
        }
        self.lines.lock().unwrap_or_else(PoisonError::into_inner).push(line);
    }
}
