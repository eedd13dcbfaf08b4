//! Look-ups of host names with the system's resolver. Each blocks a thread, for many seconds if no name server answers. So
//! their number is bounded, and names that were found before do not wait behind others.

use parking_lot::Mutex;
use std::{
    collections::HashSet,
    io,
    net::{SocketAddr, ToSocketAddrs as _},
    sync::Arc,
    thread,
    time::Duration,
};
use tokio::{
    sync::{Semaphore, oneshot},
    time::timeout,
};

/// The most look-ups at the same time: of names that were found before, and of others.
const MOST: usize = 128;
/// How long a look-up waits for others.
const PATIENCE: Duration = Duration::from_secs(2);
/// The most names that are remembered.
const REMEMBERED: usize = 1024;

/// The look-ups of names of the process. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Lookups(Arc<State>);

#[derive(Debug)]
struct State {
    /// Names that were found.
    found: Mutex<HashSet<Box<str>>>,
    found_before: Arc<Semaphore>,
    others: Arc<Semaphore>,
    patience: Duration,
}

impl Default for Lookups {
    fn default() -> Self {
        Self::new(MOST, PATIENCE)
    }
}

impl Lookups {
    /// At most `most` look-ups at the same time of names that were found before, and as many of others.
    #[must_use]
    pub fn at_most(most: usize) -> Self {
        Self::new(most, PATIENCE)
    }

    fn new(most: usize, patience: Duration) -> Self {
        let places = || Arc::new(Semaphore::new(most));
        let found = Mutex::default();
        Self(Arc::new(State { found, found_before: places(), others: places(), patience }))
    }

    /// The addresses of `host`.
    ///
    /// # Errors
    /// When it can't be resolved, or too many other names are being looked up.
    pub async fn find(&self, host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
        let name = host.to_owned();
        self.run(host, move || Ok((name.as_str(), port).to_socket_addrs()?.collect())).await
    }

    async fn run(
        &self,
        host: &str,
        find: impl FnOnce() -> io::Result<Vec<SocketAddr>> + Send + 'static,
    ) -> io::Result<Vec<SocketAddr>> {
        let State { found, found_before, others, patience } = &*self.0;
        let places = if found.lock().contains(host) { found_before } else { others };
        let waiting = timeout(*patience, Arc::clone(places).acquire_owned());
        let Ok(Ok(place)) = waiting.await else {
            let problem = "too many host names are being looked up; try again";
            return Err(io::Error::new(io::ErrorKind::TimedOut, problem));
        };
        // A thread of its own: those of the runtime are for all calls that block.
        let (found_addresses, addresses) = oneshot::channel();
        thread::Builder::new().name("look-up".to_owned()).spawn(move || {
            let addresses = find();
            // Held until the thread ends, even if nobody waits for the result any more.
            drop(place);
            let _ = found_addresses.send(addresses);
        })?;
        let addresses = addresses.await.map_err(io::Error::other)??;
        let mut found = found.lock();
        if !addresses.is_empty() && !found.contains(host) {
            if found.len() >= REMEMBERED {
                found.clear();
            }
            found.insert(host.into());
        }
        Ok(addresses)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;

    #[tokio::test]
    async fn names_that_were_found_do_not_wait_behind_others() {
        let lookups = Lookups::new(2, Duration::ZERO);
        let address = SocketAddr::from(([192, 0, 2, 1], 80));
        let find = move || Ok(vec![address]);
        assert_eq!(lookups.run("good.example", find).await.unwrap(), [address]);
        // Two names that no name server answers for.
        let mut blocked = Vec::new();
        for host in ["one.example", "two.example"] {
            let (answer, answered) = mpsc::channel::<()>();
            let (started, start) = oneshot::channel();
            let lookups = lookups.clone();
            let run = async move {
                let find = move || {
                    let _ = started.send(());
                    let _ = answered.recv();
                    Err(io::ErrorKind::NotFound.into())
                };
                lookups.run(host, find).await
            };
            blocked.push((answer, tokio::spawn(run)));
            start.await.unwrap();
        }
        let refused = lookups.run("three.example", find).await.unwrap_err();
        assert_eq!(refused.to_string(), "too many host names are being looked up; try again");
        assert_eq!(lookups.run("good.example", find).await.unwrap(), [address]);
        for (answer, run) in blocked {
            drop(answer);
            assert_eq!(run.await.unwrap().unwrap_err().kind(), io::ErrorKind::NotFound);
        }
        assert_eq!(lookups.run("three.example", find).await.unwrap(), [address]);
    }
}
