//! All proxies, by name, and what the API does to them.

use super::{
    environment::Environment,
    error::ApiError,
    fields::{Fields, first_object, first_value},
    listen_address::Addresses,
    proxy::Proxy,
};
use serde_json::Value;
use std::{collections::BTreeMap, time::Duration};
use tokio::task::JoinSet;

/// The most proxies. Each has a listener.
const MOST: usize = 16_384;

/// The proxies, by name.
#[derive(Debug, Default)]
pub(super) struct ProxySet(BTreeMap<String, Proxy>);

/// A proxy of a request body.
#[derive(Debug)]
pub(super) struct Wanted {
    name: String,
    listen: String,
    upstream: String,
    enabled: bool,
}

/// A change of a proxy; `None` = as it is.
#[derive(Debug)]
pub(super) struct Update {
    listen: Option<String>,
    upstream: Option<String>,
    enabled: Option<bool>,
}

impl ProxySet {
    pub(super) fn iter(&self) -> impl Iterator<Item = &Proxy> {
        self.0.values()
    }

    pub(super) fn get(&self, name: &str) -> Result<&Proxy, ApiError> {
        self.0.get(name).ok_or_else(ApiError::proxy_not_found)
    }

    pub(super) fn get_mut(&mut self, name: &str) -> Result<&mut Proxy, ApiError> {
        self.0.get_mut(name).ok_or_else(ApiError::proxy_not_found)
    }

    /// Adds a proxy.
    pub(super) fn create(
        &mut self,
        wanted: Wanted,
        addresses: &Addresses,
        environment: &Environment,
    ) -> Result<&Proxy, ApiError> {
        if self.0.contains_key(&wanted.name) {
            return Err(ApiError::proxy_exists());
        }
        let name = wanted.name.clone();
        self.add(wanted, addresses, environment)?;
        self.get(&name)
    }

    /// Changes the proxy `name`. Other addresses close all its connections.
    pub(super) async fn update(
        &mut self,
        name: &str,
        update: Update,
        addresses: &Addresses,
        environment: &Environment,
    ) -> Result<&Proxy, ApiError> {
        let proxy = self.get_mut(name)?;
        let listen = update.listen.unwrap_or_else(|| proxy.listen.clone());
        let upstream = update.upstream.unwrap_or_else(|| proxy.upstream.clone());
        let enabled = update.enabled.unwrap_or(proxy.is_enabled());
        if proxy.differs(addresses.get(&listen).map_err(ApiError::system)?, &upstream) {
            proxy.move_to(listen, upstream).await;
        }
        if enabled {
            proxy.start(addresses, environment)?;
        } else {
            proxy.stop().await;
        }
        Ok(proxy)
    }

    /// Takes the proxy `name` out; it still runs.
    pub(super) fn remove(&mut self, name: &str) -> Result<Proxy, ApiError> {
        self.0.remove(name).ok_or_else(ApiError::proxy_not_found)
    }

    /// Makes proxies: new ones are added, those that have other addresses now are replaced, and the others stay as they
    /// are. Returns the names of those that were made before an error.
    pub(super) async fn populate(
        &mut self,
        all: Vec<Wanted>,
        addresses: &Addresses,
        environment: &Environment,
    ) -> (Vec<String>, Result<(), ApiError>) {
        let mut made = Vec::new();
        for wanted in all {
            let name = wanted.name.clone();
            if let Err(error) = self.add_or_replace(wanted, addresses, environment).await {
                return (made, Err(error));
            }
            made.push(name);
        }
        (made, Ok(()))
    }

    async fn add_or_replace(
        &mut self,
        wanted: Wanted,
        addresses: &Addresses,
        environment: &Environment,
    ) -> Result<(), ApiError> {
        let Some(present) = self.0.get_mut(&wanted.name) else {
            return self.add(wanted, addresses, environment);
        };
        let listen = addresses.get(&wanted.listen).map_err(ApiError::system)?;
        if !present.differs(listen, &wanted.upstream) {
            return Ok(());
        }
        let enabled = present.is_enabled();
        present.stop().await;
        let name = wanted.name.clone();
        let added = self.add(wanted, addresses, environment);
        if added.is_err()
            && enabled
            && let Some(present) = self.0.get_mut(&name)
        {
            // If the one that was to be replaced can't start again, it is shown as disabled.
            let _ = present.start(addresses, environment);
        }
        added
    }

    /// Adds a proxy, in place of the one of its name if there is one.
    fn add(
        &mut self,
        wanted: Wanted,
        addresses: &Addresses,
        environment: &Environment,
    ) -> Result<(), ApiError> {
        if self.0.len() >= MOST && !self.0.contains_key(&wanted.name) {
            return Err(ApiError::too_many("proxies"));
        }
        let mut proxy = Proxy::new(wanted.name, wanted.listen, wanted.upstream);
        if wanted.enabled {
            proxy.start(addresses, environment)?;
        }
        self.0.insert(proxy.name.clone(), proxy);
        Ok(())
    }

    /// Where the proxies that are disabled listen when they are enabled, as it was written.
    pub(super) fn disabled(&self) -> Vec<String> {
        let disabled = self.iter().filter(|proxy| !proxy.is_enabled());
        disabled.map(|proxy| proxy.listen.clone()).collect()
    }

    /// Enables all proxies and removes all toxics.
    pub(super) fn reset(
        &mut self,
        addresses: &Addresses,
        environment: &Environment,
    ) -> Result<(), ApiError> {
        for proxy in self.0.values_mut() {
            proxy.start(addresses, environment)?;
            proxy.toxics.remove_all();
        }
        Ok(())
    }

    /// Stops all listeners, and closes the connections that are still open after `most`.
    pub(super) async fn drain(self, most: Duration) {
        let mut draining = JoinSet::new();
        for mut proxy in self.0.into_values() {
            draining.spawn(async move { proxy.drain(most).await });
        }
        draining.join_all().await;
    }
}

impl Wanted {
    /// The proxy of a request body.
    pub(super) fn read(body: &[u8]) -> Result<Self, ApiError> {
        let members = first_object(body)?;
        let wanted = Self::of(&Fields::new(&members, ""))?;
        for (value, field) in [(&wanted.name, "name"), (&wanted.upstream, "upstream")] {
            if value.is_empty() {
                return Err(ApiError::missing_field(field));
            }
        }
        Ok(wanted)
    }

    fn of(fields: &Fields<'_>) -> Result<Self, ApiError> {
        Ok(Self {
            name: fields.text("name", "")?,
            listen: fields.text("listen", "")?,
            upstream: fields.text("upstream", "")?,
            enabled: fields.flag("enabled", true)?,
        })
    }

    /// Where it is to listen, as it was written.
    pub(super) fn listen(&self) -> String {
        self.listen.clone()
    }
}

impl Update {
    /// The change of a request body.
    pub(super) fn read(body: &[u8]) -> Result<Self, ApiError> {
        let members = first_object(body)?;
        let fields = Fields::new(&members, "");
        let text = |name| fields.get(name).map(|_| fields.text(name, "")).transpose();
        fields.text("name", "")?;
        let enabled = fields.get("enabled").map(|_| fields.flag("enabled", true)).transpose()?;
        Ok(Self { listen: text("listen")?, upstream: text("upstream")?, enabled })
    }

    /// Where a proxy that listens on `present` is to listen, as it was written.
    pub(super) fn listen(&self, present: &str) -> String {
        self.listen.clone().unwrap_or_else(|| present.to_owned())
    }
}

/// The entries of a list of proxies, checked before any of them is made.
pub(super) fn all_wanted(body: &[u8]) -> Result<Vec<Wanted>, ApiError> {
    let entries = match first_value(body)? {
        Value::Array(entries) => entries,
        Value::Null => Vec::new(),
        _ => return Err(ApiError::bad_body("the body is not a list; write `[{…}]`")),
    };
    let mut wanted = Vec::new();
    for entry in &entries {
        let Value::Object(members) = entry else {
            return Err(ApiError::bad_body("a proxy is not an object; write `{…}`"));
        };
        wanted.push(Wanted::of(&Fields::new(members, ""))?);
    }
    for (proxy, number) in wanted.iter().zip(1..) {
        for (value, field) in [(&proxy.name, "name"), (&proxy.upstream, "upstream")] {
            if value.is_empty() {
                return Err(ApiError::missing_field(format_args!("{field} at proxy {number}")));
            }
        }
    }
    Ok(wanted)
}
