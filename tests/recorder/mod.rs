//! A relay in front of a server: every byte passes, and the heads of the requests are kept.

use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _, copy},
    net::{TcpListener, TcpStream, tcp::OwnedReadHalf, tcp::OwnedWriteHalf},
};

/// The head of a request without a body.
#[derive(Debug, Clone)]
pub(crate) struct Recorded {
    /// As in the request line.
    pub(crate) target: String,
    /// Names in lower case.
    pub(crate) headers: BTreeMap<String, String>,
}

impl Recorded {
    /// The query's CMCD, decoded.
    pub(crate) fn cmcd(&self) -> Option<String> {
        let (_, query) = self.target.split_once('?')?;
        let value = query.split('&').find_map(|pair| pair.strip_prefix("CMCD="))?;
        Some(percent_encoding::percent_decode_str(value).decode_utf8().unwrap().into_owned())
    }

    /// With the URL that the target has at `base`.
    pub(crate) fn json(&self, base: &str) -> Value {
        json!({ "url": format!("{base}{}", self.target), "headers": self.headers })
    }
}

/// The relay.
pub(crate) struct Recorder {
    base: String,
    streams: Arc<Mutex<Vec<Vec<u8>>>>,
}

impl Recorder {
    /// Relays to the server at `to`, as in `127.0.0.1:8080`.
    pub(crate) async fn start(to: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let streams = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&streams);
        tokio::spawn(async move {
            while let Ok((player, _)) = listener.accept().await {
                let server = TcpStream::connect(&to).await.unwrap();
                let (from_player, mut to_player) = player.into_split();
                let (mut from_server, to_server) = server.into_split();
                tokio::spawn(record(from_player, to_server, Arc::clone(&kept)));
                tokio::spawn(async move { copy(&mut from_server, &mut to_player).await });
            }
        });
        Self { base, streams }
    }

    /// Its address, without a path.
    pub(crate) fn base(&self) -> &str {
        &self.base
    }

    /// All complete heads so far.
    pub(crate) fn requests(&self) -> Vec<Recorded> {
        let streams = self.streams.lock().unwrap();
        streams.iter().flat_map(|stream| heads(&String::from_utf8_lossy(stream))).collect()
    }
}

async fn record(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, kept: Arc<Mutex<Vec<Vec<u8>>>>) {
    let at = {
        let mut kept = kept.lock().unwrap();
        kept.push(Vec::new());
        kept.len() - 1
    };
    let mut buffer = vec![0; 16 * 1024];
    while let Ok(read @ 1..) = from.read(&mut buffer).await {
        kept.lock().unwrap()[at].extend_from_slice(&buffer[..read]);
        if to.write_all(&buffer[..read]).await.is_err() {
            return;
        }
    }
}

fn heads(stream: &str) -> Vec<Recorded> {
    let complete = stream.rsplit_once("\r\n\r\n").map_or("", |(complete, _)| complete);
    let head = |text: &str| {
        let mut lines = text.split("\r\n");
        let target = lines.next()?.split(' ').nth(1)?.to_owned();
        let headers = lines.filter_map(|line| line.split_once(": "));
        let headers = headers.map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()));
        Some(Recorded { target, headers: headers.collect() })
    };
    complete.split("\r\n\r\n").filter_map(head).collect()
}
