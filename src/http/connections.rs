//! How many connections there are, of all and of one address.
//!
//! Each open connection costs a file handle and some memory, whether anything is asked on it or not.
//! Past the limits a new one is told so and closed at once, rather than left to wait in the system's
//! queue, where health checks would wait behind it. What is idle or slow is closed by timeouts, so
//! that room comes back by itself.
//!
//! Invariant: a connection is counted from its start to its end, whatever ends it
//! (`tests/overload.rs`).

use std::any::Any;
use std::collections::HashMap;
use std::io;
use std::net::TcpListener;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use actix_web::dev::Extensions;
use rlimit::Resource;
use rustix::net::{SendFlags, Shutdown, sockopt};
use tokio::net::TcpStream;

use super::client::{Household, Proxies};
use super::meter::Meter;
use super::pace::Unread;

/// Connections that may wait to be taken.
const BACKLOG: i32 = 1024;
/// File handles that are left for the index, the store and what is sent.
const SPARE_HANDLES: u64 = 256;
/// What is told to whoever is turned away.
const TURNED_AWAY: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 1\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";

/// Counts what is open.
pub(super) struct Connections {
    most: usize,
    /// Of one address; 0 for any number.
    most_of_one: usize,
    proxies: Arc<Proxies>,
    open: Mutex<Open>,
    meter: Arc<Meter>,
}

#[derive(Default)]
struct Open {
    all: usize,
    /// Those that are counted by address; an entry goes with its last connection.
    of: HashMap<Household, usize>,
}

/// One of them, until dropped.
struct Held {
    connections: Arc<Connections>,
    of: Option<Household>,
}

/// The mark of a connection that was turned away: whatever still comes on it is not answered.
pub(super) struct TurnedAway;

impl Connections {
    /// No more than `most` at once, fewer where the system lets the process have fewer files.
    pub(super) fn new(
        most: usize,
        most_of_one: usize,
        proxies: Arc<Proxies>,
        meter: Arc<Meter>,
    ) -> Self {
        Self {
            most: possible(most),
            most_of_one,
            proxies,
            open: Mutex::default(),
            meter,
        }
    }

    /// The most there may be.
    pub(super) fn most(&self) -> usize {
        self.most
    }

    /// Whether idle ones had better be closed: three of four places are taken.
    pub(super) fn is_crowded(&self) -> bool {
        self.open().all >= self.most - self.most / 4
    }

    /// Counts a new connection, or turns it away.
    pub(super) fn begin(self: &Arc<Self>, io: &dyn Any, kept: &mut Extensions) {
        let Some(stream) = io.downcast_ref::<TcpStream>() else {
            return;
        };
        let of = self.counted_as(stream);
        match self.enter(of) {
            Ok(()) => {
                self.meter.connected(true);
                kept.insert(Unread::default());
                kept.insert(Held {
                    connections: Arc::clone(self),
                    of,
                });
            }
            Err(limit) => {
                self.meter.turned_away(limit);
                // Who does not listen need not be told.
                let flags = SendFlags::DONTWAIT | SendFlags::NOSIGNAL;
                let _ = rustix::net::send(stream, TURNED_AWAY, flags);
                let _ = rustix::net::shutdown(stream, Shutdown::Both);
                kept.insert(TurnedAway);
            }
        }
    }

    /// Whose connection it is; nothing where its address is not limited.
    fn counted_as(&self, stream: &TcpStream) -> Option<Household> {
        let address = stream.peer_addr().ok()?.ip();
        let of = Household::of(address);
        (self.most_of_one > 0 && !of.is_here() && !self.proxies.has(address)).then_some(of)
    }

    fn enter(&self, of: Option<Household>) -> Result<(), &'static str> {
        let mut open = self.open();
        if open.all >= self.most {
            return Err("all");
        }
        if let Some(of) = of {
            let own = open.of.entry(of).or_default();
            if *own >= self.most_of_one {
                return Err("address");
            }
            *own += 1;
        }
        open.all += 1;
        Ok(())
    }

    fn leave(&self, of: Option<Household>) {
        let mut open = self.open();
        open.all = open.all.saturating_sub(1);
        if let Some(of) = of
            && let Some(own) = open.of.get_mut(&of)
        {
            *own -= 1;
            if *own == 0 {
                open.of.remove(&of);
            }
        }
    }

    /// No holder leaves it half changed, so one that panicked is no reason to stop.
    fn open(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.connections.leave(self.of);
        self.connections.meter.connected(false);
    }
}

/// As many of `most` as there are file handles for.
fn possible(most: usize) -> usize {
    let Ok(handles) = Resource::NOFILE.get_soft() else {
        return most;
    };
    let room = handles.saturating_sub(SPARE_HANDLES).max(16);
    let room = usize::try_from(room).unwrap_or(usize::MAX);
    if room < most {
        tracing::warn!(
            "server.max_connections 为 {most}，但系统只许本进程打开 {handles} 个文件，按 {room} 执行；请调高系统的限制（ulimit -n、LimitNOFILE）"
        );
    }
    most.min(room)
}

/// Prepares the socket that connections come to; they take after it.
pub(super) fn prepare(listener: &TcpListener, write_timeout: Duration) -> io::Result<()> {
    rustix::net::listen(listener, BACKLOG)?;
    sockopt::set_socket_keepalive(listener, true)?;
    if !write_timeout.is_zero() {
        // Without it, who reads nothing of an answer keeps it in memory for as long as they like.
        let millis = u32::try_from(write_timeout.as_millis()).unwrap_or(u32::MAX);
        sockopt::set_tcp_user_timeout(listener, millis)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Settings;

    #[test]
    fn each_address_has_its_own_count_and_all_have_one() {
        let proxies = Arc::new(Proxies::new(&Settings::default()));
        let connections = Connections::new(20, 2, proxies, Arc::default());
        let who = |last: u8| Some(Household::of([10, 0, 0, last].into()));
        assert_eq!(connections.enter(who(1)), Ok(()));
        assert_eq!(connections.enter(who(1)), Ok(()));
        assert_eq!(connections.enter(who(1)), Err("address"));
        connections.leave(who(1));
        assert_eq!(connections.enter(who(1)), Ok(()));
        for last in 2..20 {
            assert_eq!(connections.enter(who(last)), Ok(()));
        }
        assert!(connections.is_crowded());
        assert_eq!(connections.enter(None), Err("all"));
        for last in 1..20 {
            connections.leave(who(last));
        }
        assert_eq!(connections.open().of.len(), 1);
        connections.leave(who(1));
        let open = connections.open();
        assert_eq!((open.all, open.of.len()), (0, 0));
    }
}
