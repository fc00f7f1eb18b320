//! Bodies that come too slowly, or never end.
//!
//! What is written may be large, so that no single time fits all; instead so many bytes have to come
//! in every ten seconds that are waited for the client, and all of it within a longest time. Only
//! waiting counts: where this service is the slower one, the clock stands still.
//!
//! Invariant: a body that does not keep up is broken off and refused with 408, whoever reads it
//! (`tests/overload.rs`); one that nobody reads, or not to its end, does not keep its connection.

use std::cell::{Cell, RefCell};
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::error::PayloadError;
use actix_web::web::Bytes;
use futures_util::Stream;
use tokio::time::{Instant, Sleep, sleep_until};

/// The time whose bytes are counted together.
const WINDOW: Duration = Duration::from_secs(10);

/// How fast bodies have to come.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pace {
    /// The longest time for all of a body.
    pub(super) longest: Duration,
    /// The least bytes a second.
    pub(super) rate: u64,
}

impl Pace {
    /// `payload`, broken off where it does not keep up, which is then set in what is returned with
    /// it.
    /// What of it was not read to its end goes to `unread`.
    pub(super) fn hold(self, payload: Payload, unread: Unread) -> (Payload, Rc<Cell<bool>>) {
        let fell_behind = Rc::new(Cell::new(false));
        let paced: Pin<Box<dyn Stream<Item = Result<Bytes, PayloadError>>>> = Box::pin(Paced {
            payload,
            pace: self,
            waited: Duration::ZERO,
            window: Duration::ZERO,
            bytes: 0,
            since: None,
            alarm: None,
            fell_behind: Rc::clone(&fell_behind),
            has_ended: false,
            unread,
        });
        (Payload::Stream { payload: paced }, fell_behind)
    }
}

/// A body, and how it has come so far.
struct Paced {
    payload: Payload,
    pace: Pace,
    /// How long was waited for it before this window.
    waited: Duration,
    /// How long was waited within this window.
    window: Duration,
    /// What came in this window.
    bytes: u64,
    /// Since when it is waited now.
    since: Option<Instant>,
    alarm: Option<Pin<Box<Sleep>>>,
    fell_behind: Rc<Cell<bool>>,
    has_ended: bool,
    unread: Unread,
}

/// What is left of the last body of a connection that nobody read to its end.
///
/// Of a body in chunks that was dropped the server reads and forgets all that comes, for as long as
/// it comes; of one that is still held it does so for a moment, and closes the connection.
#[derive(Clone, Default)]
pub(super) struct Unread(Rc<RefCell<Option<Payload>>>);

impl Drop for Paced {
    fn drop(&mut self) {
        if !self.has_ended {
            let left = std::mem::replace(&mut self.payload, Payload::None);
            self.unread.0.replace(Some(left));
        }
    }
}

impl Paced {
    /// Ends a time of waiting.
    fn note(&mut self, now: Instant) {
        if let Some(since) = self.since.take() {
            self.window += now.saturating_duration_since(since);
        }
    }

    /// Ends the window where it is over. Returns whether the body kept up.
    fn kept_up(&mut self) -> bool {
        if self.waited + self.window >= self.pace.longest {
            return false;
        }
        if self.window < WINDOW {
            return true;
        }
        let kept_up = self.bytes >= self.pace.rate * WINDOW.as_secs();
        self.waited += self.window;
        self.window = Duration::ZERO;
        self.bytes = 0;
        kept_up
    }

    /// What is left of the window, or of all the time.
    fn left(&self) -> Duration {
        let whole = self.pace.longest.saturating_sub(self.waited + self.window);
        WINDOW.saturating_sub(self.window).min(whole)
    }
}

impl Stream for Paced {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        loop {
            if let Poll::Ready(item) = Pin::new(&mut this.payload).poll_next(context) {
                this.note(Instant::now());
                this.alarm = None;
                match &item {
                    Some(Ok(bytes)) => this.bytes += bytes.len() as u64,
                    Some(Err(_)) | None => this.has_ended = true,
                }
                return Poll::Ready(item);
            }
            let now = Instant::now();
            let left = this.left();
            this.since.get_or_insert(now);
            let alarm = this
                .alarm
                .get_or_insert_with(|| Box::pin(sleep_until(now + left)));
            ready!(alarm.as_mut().poll(context));
            this.alarm = None;
            this.note(Instant::now());
            if !this.kept_up() {
                this.fell_behind.set(true);
                let slow = io::Error::new(io::ErrorKind::TimedOut, "the body came too slowly");
                return Poll::Ready(Some(Err(PayloadError::Io(slow))));
            }
        }
    }
}
