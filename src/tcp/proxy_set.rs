//! All proxies, by name, and what the API does to them.

use super::{
    environment::Environment,
    error::ApiError,
    fields::{Fields, first_object, first_value},
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

/// What a client wants a proxy to be.
struct Wanted {
    name: String,
    listen: String,
    upstream: String,
    enabled: bool,
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

    /// Adds the proxy of a request body, and returns its name.
    pub(super) async fn create(
        &mut self,
        body: &[u8],
        environment: &Environment,
    ) -> Result<String, ApiError> {
        let members = first_object(body)?;
        let wanted = Wanted::read(&Fields::new(&members, ""))?;
        for (value, field) in [(&wanted.name, "name"), (&wanted.upstream, "upstream")] {
            if value.is_empty() {
                return Err(ApiError::missing_field(field));
            }
        }
        if self.0.contains_key(&wanted.name) {
            return Err(ApiError::proxy_exists());
        }
        let name = wanted.name.clone();
        self.add(wanted, environment).await?;
        Ok(name)
    }

    /// Changes the proxy `name` as a request body says.
    pub(super) async fn update(
        &mut self,
        name: &str,
        body: &[u8],
        environment: &Environment,
    ) -> Result<(), ApiError> {
        let proxy = self.get_mut(name)?;
        let members = first_object(body)?;
        let fields = Fields::new(&members, "");
        fields.text("name", "")?;
        let listen = fields.text("listen", &proxy.listen)?;
        let upstream = fields.text("upstream", &proxy.upstream)?;
        let enabled = fields.flag("enabled", proxy.is_enabled())?;
        proxy.update(listen, upstream, enabled, environment).await
    }

    pub(super) async fn remove(&mut self, name: &str) -> Result<(), ApiError> {
        let mut proxy = self.0.remove(name).ok_or_else(ApiError::proxy_not_found)?;
        proxy.stop().await;
        Ok(())
    }

    /// Makes the proxies of a request body or of a file: new ones are added, those that ask for other addresses are
    /// replaced, and the others stay as they are. Returns the names of those that were made before an error.
    pub(super) async fn populate(
        &mut self,
        body: &[u8],
        environment: &Environment,
    ) -> (Vec<String>, Result<(), ApiError>) {
        let mut made = Vec::new();
        let wanted = match all_wanted(body) {
            Ok(wanted) => wanted,
            Err(error) => return (made, Err(error)),
        };
        for wanted in wanted {
            let name = wanted.name.clone();
            if let Err(error) = self.add_or_replace(wanted, environment).await {
                return (made, Err(error));
            }
            made.push(name);
        }
        (made, Ok(()))
    }

    async fn add_or_replace(
        &mut self,
        wanted: Wanted,
        environment: &Environment,
    ) -> Result<(), ApiError> {
        if let Some(present) = self.0.get_mut(&wanted.name) {
            if !present.differs(&wanted.listen, &wanted.upstream).await? {
                return Ok(());
            }
            present.stop().await;
        }
        self.add(wanted, environment).await
    }

    async fn add(&mut self, wanted: Wanted, environment: &Environment) -> Result<(), ApiError> {
        if self.0.len() >= MOST {
            return Err(ApiError::too_many("proxies"));
        }
        let mut proxy = Proxy::new(wanted.name, wanted.listen, wanted.upstream);
        if wanted.enabled {
            proxy.start(environment).await?;
        }
        self.0.insert(proxy.name.clone(), proxy);
        Ok(())
    }

    /// Enables all proxies and removes all toxics.
    pub(super) async fn reset(&mut self, environment: &Environment) -> Result<(), ApiError> {
        for proxy in self.0.values_mut() {
            proxy.start(environment).await?;
            proxy.toxics.remove_all();
        }
        Ok(())
    }

    /// Stops all listeners, and closes the connections that are still open after `most`.
    pub(super) async fn drain(&mut self, most: Duration) {
        let mut draining = JoinSet::new();
        for mut proxy in std::mem::take(&mut self.0).into_values() {
            draining.spawn(async move { proxy.drain(most).await });
        }
        draining.join_all().await;
    }
}

impl Wanted {
    fn read(fields: &Fields<'_>) -> Result<Self, ApiError> {
        Ok(Self {
            name: fields.text("name", "")?,
            listen: fields.text("listen", "")?,
            upstream: fields.text("upstream", "")?,
            enabled: fields.flag("enabled", true)?,
        })
    }
}

/// The entries of a list of proxies, checked before any of them is made.
fn all_wanted(body: &[u8]) -> Result<Vec<Wanted>, ApiError> {
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
        wanted.push(Wanted::read(&Fields::new(members, ""))?);
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
