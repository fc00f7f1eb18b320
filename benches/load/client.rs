//! A connection that is kept, and one request after another on it.
//!
//! The load shares the cores with what it loads, so this does as little as it can: a blocking socket,
//! a request that was written beforehand, and of the answer the status and the bytes.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// How long an answer is waited for before it counts as lost.
const PATIENCE: Duration = Duration::from_secs(30);

/// A connection to the service, opened anew where the service closed it.
pub(crate) struct Connection {
    address: SocketAddr,
    stream: Option<TcpStream>,
    buffer: Vec<u8>,
    body: std::ops::Range<usize>,
}

impl Connection {
    pub(crate) fn to(address: SocketAddr) -> Self {
        Self {
            address,
            stream: None,
            buffer: Vec::with_capacity(1 << 16),
            body: 0..0,
        }
    }

    /// Opens it, so that the first request need not.
    pub(crate) fn open(&mut self) -> io::Result<&mut TcpStream> {
        if self.stream.is_none() {
            let stream = TcpStream::connect_timeout(&self.address, PATIENCE)?;
            stream.set_nodelay(true)?;
            stream.set_read_timeout(Some(PATIENCE))?;
            stream.set_write_timeout(Some(PATIENCE))?;
            self.stream = Some(stream);
        }
        self.stream
            .as_mut()
            .ok_or(io::ErrorKind::NotConnected.into())
    }

    /// The status that `GET` of a target is answered with.
    pub(crate) fn get(&mut self, target: &str) -> io::Result<u16> {
        self.send("GET", target, "")
    }

    /// The status that a request is answered with; `headers` are whole lines.
    pub(crate) fn send(&mut self, method: &str, target: &str, headers: &str) -> io::Result<u16> {
        let length = if method == "GET" {
            ""
        } else {
            "Content-Length: 0\r\n"
        };
        let request = format!(
            "{method} {target} HTTP/1.1\r\nHost: {}\r\n{headers}{length}\r\n",
            self.address
        );
        let kept = self.stream.is_some();
        match self.exchange(request.as_bytes()) {
            // The service closed what was idle for long; nothing was answered yet.
            Err(_) if kept && self.buffer.is_empty() => {
                self.stream = None;
                self.exchange(request.as_bytes())
            }
            answer => answer,
        }
        .inspect_err(|_| self.stream = None)
    }

    /// The body of the last answer.
    pub(crate) fn body(&self) -> &[u8] {
        self.buffer.get(self.body.clone()).unwrap_or_default()
    }

    fn exchange(&mut self, request: &[u8]) -> io::Result<u16> {
        self.buffer.clear();
        self.body = 0..0;
        self.open()?.write_all(request)?;
        let (status, head, length, closes) = loop {
            self.fill()?;
            let mut headers = [httparse::EMPTY_HEADER; 64];
            let mut answer = httparse::Response::new(&mut headers);
            let parsed = answer.parse(&self.buffer).map_err(io::Error::other)?;
            let httparse::Status::Complete(head) = parsed else {
                continue;
            };
            let value = |name: &str| {
                let header = answer
                    .headers
                    .iter()
                    .find(|header| header.name.eq_ignore_ascii_case(name));
                header.and_then(|header| std::str::from_utf8(header.value).ok())
            };
            let length = value("content-length").and_then(|length| length.parse::<usize>().ok());
            let closes =
                value("connection").is_some_and(|value| value.eq_ignore_ascii_case("close"));
            break (answer.code.unwrap_or_default(), head, length, closes);
        };
        let end = if let Some(length) = length {
            while self.buffer.len() < head + length {
                self.fill()?;
            }
            head + length
        } else if matches!(status, 204 | 304) {
            head
        } else {
            while !self.buffer.ends_with(b"0\r\n\r\n") {
                self.fill()?;
            }
            self.buffer.len()
        };
        self.body = head..end;
        if closes {
            self.stream = None;
        }
        Ok(status)
    }

    fn fill(&mut self) -> io::Result<()> {
        let mut chunk = [0; 1 << 14];
        let Some(stream) = &mut self.stream else {
            return Err(io::ErrorKind::NotConnected.into());
        };
        match stream.read(&mut chunk)? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            read => {
                self.buffer.extend(chunk.iter().take(read));
                Ok(())
            }
        }
    }
}
