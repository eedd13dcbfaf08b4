//! chaos-stream-proxy's addresses (v2): `…/hls/proxy-master.m3u8?url=…&delay=[{i:*,ms:500}]`.
//!
//! Precedence is as in that tool: of the items that match a segment the first decides, items with a
//! number before those with `*`; an item without its effect exempts the segment; `timeout` goes
//! before `delay`, then `statusCode`, then `throttle`. Intended differences: `rsq:0` is the first
//! segment of the first window seen, and `rsq:-1` the one after its last. (As for DASH, they are
//! counted when the player first requests a segment; on demand `rsq` has no meaning in DASH.) Byte
//! ranges pass through, a signed `url` keeps its whole query, and the added `media:audio` selects
//! audio, which has no `br`. `l` counts rungs from the lowest.

use super::relaxed::{Item, items};
use crate::rules::rule_set::RuleSet;
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value, json};

const HLS: &str = "/api/v2/manifests/hls/proxy-master.m3u8";
const DASH: &str = "/api/v2/manifests/dash/proxy-master.mpd";

/// The lists by precedence, each with the field that holds its effect.
const LISTS: [(&str, Option<&str>); 4] = [
    ("timeout", None),
    ("delay", Some("ms")),
    ("statusCode", Some("code")),
    ("throttle", Some("rate")),
];

/// Whether a path (without its query) has the form of chaos-stream-proxy.
#[must_use]
pub fn is_chaos(path: &str) -> bool {
    path == HLS || path == DASH
}

/// The manifest and the rules that such a URL names.
#[derive(Debug, Clone, PartialEq)]
pub struct ChaosRequest {
    /// The URL of the manifest.
    pub url: String,
    /// The faults, as rules.
    pub rules: RuleSet,
}

impl ChaosRequest {
    /// Reads the path and query of such a URL, as they were sent.
    ///
    /// ```
    /// use vsps::rules::alias::ChaosRequest;
    ///
    /// let path = "/api/v2/manifests/hls/proxy-master.m3u8";
    /// let query = "url=https://cdn.example/a.m3u8&delay=[{i:*,ms:500}]";
    /// let asked = ChaosRequest::parse(path, query).unwrap();
    /// assert_eq!(asked.url, "https://cdn.example/a.m3u8");
    /// assert_eq!(asked.rules.iter().next().unwrap().to_string(), "delay {i:*,ms:500}: segment → delay 500 ms");
    /// ```
    ///
    /// # Errors
    /// What is wrong, in which item, and what to write.
    pub fn parse(path: &str, query: &str) -> Result<Self, String> {
        let hls = path == HLS;
        let (mut url, mut lists) = (None::<String>, [const { None }; LISTS.len()]);
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            if let Some(place) = LISTS.iter().position(|(list, _)| *list == name) {
                // Form encoding writes a space as a plus, and spaces are ignored here.
                let value = percent_decode_str(value).decode_utf8_lossy().replace('+', "");
                lists[place] = Some(value);
            } else if name == "url" && url.is_none() {
                url = Some(percent_decode_str(value).decode_utf8_lossy().into_owned());
            } else {
                // The rest of a signed URL that was not percent-encoded.
                let open = url.as_mut().filter(|url| url.contains('?'));
                let url = open.ok_or_else(|| unknown(name))?;
                url.push('&');
                url.push_str(pair);
            }
        }
        let url = url.filter(|url| !url.is_empty());
        let url = url.ok_or("`url` is missing; write url=https://HOST/master.m3u8")?;
        let mut rules = Vec::new();
        for ((list, effect), text) in LISTS.iter().zip(lists) {
            let Some(text) = text else { continue };
            let located = |problem: String| format!("{list}: {problem}");
            let items = items(&text).map_err(located)?;
            rules.extend(list_rules(list, *effect, &items, hls).map_err(located)?);
        }
        let rules = RuleSet::from_json("the address", Value::Array(rules));
        Ok(Self { url, rules: rules.map_err(|faults| faults.to_string())? })
    }
}

fn unknown(name: &str) -> String {
    let lists = LISTS.map(|(list, _)| list).join(", ");
    format!(
        "`{name}` is not a parameter; the parameters are url, {lists}; percent-encode the value of `url`"
    )
}

/// The rules of one list.
fn list_rules(
    list: &str,
    effect: Option<&str>,
    items: &[Item],
    hls: bool,
) -> Result<Vec<Value>, String> {
    let mut read = Vec::new();
    for item in items {
        let target = target(item, list, effect, hls)?;
        let then = then(item, list)?;
        read.push((item, target, then));
    }
    // `*` is the default: it goes after the numbers, whatever the order.
    read.sort_by_key(|(_, target, _)| target.all);
    let any_all = read.iter().any(|(_, target, _)| target.all);
    let (mut exempt, mut rules) = (Vec::new(), Vec::new());
    for (item, target, then) in read {
        // A timeout's items have no effect of their own: beside a `*` the numbers are exemptions.
        let exempts = if list == "timeout" { any_all && !target.all } else { then.is_none() };
        if exempts {
            exempt.push(Value::Object(target.when));
            continue;
        }
        let mut when = target.when;
        if !exempt.is_empty() {
            when.insert("not".into(), Value::Array(exempt.clone()));
        }
        let name: String = format!("{list} {}", item.text).chars().take(80).collect();
        let then = then.unwrap_or_else(|| json!({ "hang": "forever" }));
        rules.push(json!({ "name": name, "when": when, "then": then }));
    }
    Ok(rules)
}

/// The effect of an item; `None` if it has none.
fn then(item: &Item, list: &str) -> Result<Option<Value>, String> {
    Ok(match list {
        "delay" => {
            let ms = item.number("ms", 0, 86_400_000)?;
            ms.map(|ms| json!({ "delay": format!("{ms} ms") }))
        }
        "statusCode" => item.number("code", 200, 599)?.map(|code| json!({ "status": code })),
        "throttle" => {
            // Their unit is bytes per second; ours is bits per second.
            let rate = item.number("rate", 1, 1_000_000_000_000)?;
            rate.map(|rate| json!({ "rate": format!("{} bit/s", rate * 8) }))
        }
        _ => None,
    })
}

/// The requests that an item selects.
struct Target {
    when: Map<String, Value>,
    /// `*`: the default, after all items with a number.
    all: bool,
}

fn target(item: &Item, list: &str, effect: Option<&str>, hls: bool) -> Result<Target, String> {
    let places: &[&str] =
        if list == "delay" && hls { &["i", "sq", "rsq", "l"] } else { &["i", "sq", "rsq"] };
    let known = places.iter().copied().chain(["br", "media"]).chain(effect);
    item.only(&known.collect::<Vec<_>>())?;
    let mut given = places.iter().filter(|place| item.values(place).is_some());
    let (Some(place), None) = (given.next(), given.next()) else {
        return Err(item.fault(&format!("write one of `{}`", places.join("`, `"))));
    };
    let mut when = Map::new();
    let kind = if *place == "l" { "media-playlist" } else { "segment" };
    when.insert("kind".into(), kind.into());
    let all = item.value(place)? == Some("*") && *place != "rsq";
    if !all {
        let (key, number) = number(item, place, hls)?;
        when.insert(key.into(), number);
    }
    if let Some(rates) = item.values("br").filter(|rates| !rates.iter().any(|rate| rate == "*")) {
        let bits = |rate: &String| match rate.parse::<u64>() {
            Ok(rate) => Ok(Value::from(format!("{rate} bit/s"))),
            Err(_) => Err(item.fault("write `br` as BANDWIDTH, a list of them, or `*`")),
        };
        let rates = rates.iter().map(bits).collect::<Result<Vec<_>, _>>()?;
        when.insert("bandwidth".into(), rates.into());
    }
    if let Some(media) = item.value("media")? {
        when.insert("media".into(), media.into());
    }
    Ok(Target { when, all })
}

/// The condition for a number, and the number as vsps counts it.
fn number(item: &Item, place: &str, hls: bool) -> Result<(&'static str, Value), String> {
    const MOST: u64 = i64::MAX as u64;
    if place == "rsq" {
        return relative(item, hls);
    }
    let least = if place == "l" || (place == "i" && !hls) { 1 } else { 0 };
    let number = item.number(place, least, MOST)?.unwrap_or_default();
    Ok(match place {
        "sq" => ("number", number.into()),
        "l" => ("rung", number.into()),
        // The list starts at 0 in HLS, at 1 in DASH.
        _ if !hls => ("index", number.into()),
        _ => ("index", (number + 1).into()),
    })
}

/// `rsq` counts in HLS from the first segment of the first window seen, and negative values from
/// after its last one; in DASH from the segment that is being produced according to the clock. So in
/// both, the last segment listed when the player joined has a number one less than theirs.
fn relative(item: &Item, hls: bool) -> Result<(&'static str, Value), String> {
    const FAR: i64 = 1_000_000_000;
    let text = item.value("rsq")?.unwrap_or_default();
    let number = text.parse::<i64>().ok().filter(|number| (-FAR..=FAR).contains(number));
    let number =
        number.ok_or_else(|| item.fault("write `rsq` as a whole number, as in 15 or -1"))?;
    Ok(match (hls, number) {
        (true, 0..) => ("index", (number + 1).into()),
        // -1 is the one after the last.
        (true, _) => ("after-join", (number + 2).into()),
        (false, _) => ("after-join", (number + 1).into()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        media::{Kind, MediaType, Protocol, Resource},
        rules::{Counters, Facts},
        units::{BitRate, SessionTime},
    };

    fn read(query: &str) -> Result<ChaosRequest, String> {
        ChaosRequest::parse(HLS, &format!("url=http://o.example/m.m3u8&{query}"))
    }

    /// What happens to the segments 0 to 5 of a rung.
    fn effects(query: &str, bandwidth: Option<u64>) -> Vec<String> {
        let rules = read(query).unwrap().rules;
        let mut counters = Counters::default();
        let effect = |index: u64| {
            let resource = Resource {
                index: Some(index + 1),
                number: Some(index + 100),
                media: if bandwidth.is_some() { MediaType::Video } else { MediaType::Audio },
                bandwidth: bandwidth.map(BitRate::from_bits_per_second),
                ..Resource::new(Protocol::Hls, Kind::Segment)
            };
            let facts = Facts::new(&resource, SessionTime::ZERO);
            let plan = rules.decide(&mut counters, &facts, &mut |_| 0.5);
            let effects = plan.effects().into_iter();
            effects.map(|(key, _, what)| format!("{key} {what}")).collect::<Vec<_>>().join("+")
        };
        (0..6).map(effect).collect()
    }

    #[test]
    fn every_documented_form() {
        let d = "delay 500 ms";
        assert_eq!(effects("delay=[{i:*,ms:500}]", Some(1)), [d; 6]);
        assert_eq!(effects("delay=[{i:0,ms:500}]", Some(1)), [d, "", "", "", "", ""]);
        assert_eq!(effects("delay=[{sq:102,ms:500}]", Some(1)), ["", "", d, "", "", ""]);
        let s = "status 404";
        // A number goes before `*`, wherever it stands; without an effect it exempts.
        let query = "statusCode=[{i:*,code:404},{i:2,code:500},{i:3}]";
        assert_eq!(effects(query, Some(1)), [s, s, "status 500", "", s, s]);
        // The first that fits decides.
        let query = "statusCode=[{i:1},{i:1,code:500},{i:4,code:404},{i:4,code:500}]";
        assert_eq!(effects(query, Some(1)), ["", "", "", "", s, ""]);
        assert_eq!(effects("throttle=[{i:1,rate:1000}]", Some(1))[1], "rate 8 kbit/s");
        let h = "hang forever";
        assert_eq!(effects("timeout=[{i:3}]", Some(1)), ["", "", "", h, "", ""]);
        assert_eq!(effects("timeout=[{i:*},{i:3}]", Some(1)), [h, h, h, "", h, h]);
    }

    #[test]
    fn bandwidths_narrow_and_exempt() {
        let query = "delay=[{i:*,br:800000,ms:500},{i:2,br:[800000,*]}]";
        assert_eq!(effects(query, Some(800_000))[1..4], ["delay 500 ms", "", "delay 500 ms"]);
        assert_eq!(effects(query, Some(400_000)), [""; 6]);
        let query = "statusCode=[{i:1,br:[1,2],code:404}]";
        assert_eq!(
            (&*effects(query, Some(2))[1], &*effects(query, Some(3))[1]),
            ("status 404", "")
        );
        // Sound has no bandwidth: `br` exempts it, `*` and `media` reach it.
        assert_eq!(effects("delay=[{i:*,br:*,ms:1}]", None)[0], "delay 1 ms");
        let query = "delay=[{i:*,media:audio,ms:1}]";
        assert_eq!((&*effects(query, None)[0], &*effects(query, Some(1))[0]), ("delay 1 ms", ""));
    }

    #[test]
    fn one_segment_in_several_lists() {
        let query = "throttle=[{i:*,rate:1}]&statusCode=[{i:0,code:404}]&delay=[{i:*,ms:9}]\
                     &timeout=[{i:1}]";
        let got = effects(query, Some(1));
        assert_eq!(
            got[..3],
            ["delay 9 ms+status 404", "delay 9 ms+hang forever", "delay 9 ms+rate 8 bit/s"]
        );
    }

    #[test]
    fn the_first_segment_of_the_window_is_a_segment() {
        assert_eq!(effects("statusCode=[{rsq:0,code:404}]", Some(1))[..2], ["status 404", ""]);
        let dash = ChaosRequest::parse(DASH, "url=http://o/m.mpd&delay=[{i:1,ms:1}]").unwrap();
        assert!(dash.rules.iter().next().unwrap().to_string().contains("index 1"));
        let rung = read("delay=[{l:2,ms:700}]").unwrap().rules;
        let shown = rung.iter().next().unwrap().to_string();
        assert_eq!(shown, "delay {l:2,ms:700}: media-playlist rung 2 → delay 700 ms");
    }

    /// Both tools count once, when a player comes.
    #[test]
    fn from_the_live_edge() {
        let condition = |path: &str, rsq: i64| {
            let query = format!("url=http://o/m&statusCode=[{{rsq:{rsq},code:404}}]");
            let rules = ChaosRequest::parse(path, &query).unwrap().rules;
            let text = rules.iter().next().unwrap().to_string();
            let (_, text) = text.split_once(": segment ").unwrap();
            text.split(" →").next().unwrap().to_owned()
        };
        assert_eq!(condition(HLS, 15), "index 16");
        assert_eq!(condition(HLS, -1), "after-join 1");
        assert_eq!(condition(HLS, -2), "after-join 0");
        assert_eq!(condition(HLS, -4), "after-join -2");
        assert_eq!(condition(DASH, -1), "after-join 0");
        assert_eq!(condition(DASH, 0), "after-join 1");
        assert_eq!(condition(DASH, 3), "after-join 4");
    }

    #[test]
    fn a_signed_address_keeps_its_query() {
        let whole = "https://o.example/m.m3u8?Policy=a%2Bb&Signature=x~y";
        let encoded = "url=https%3A%2F%2Fo.example%2Fm.m3u8%3FPolicy%3Da%252Bb%26Signature%3Dx~y";
        let one = ChaosRequest::parse(HLS, &format!("{encoded}&delay=[{{i:1,ms:1}}]")).unwrap();
        assert_eq!(one.url, whole);
        let bare = "url=https://o.example/m.m3u8?Policy=a&delay=[{i:1,ms:1}]&Signature=x~y";
        let other = ChaosRequest::parse(HLS, bare).unwrap();
        assert_eq!(other.url, "https://o.example/m.m3u8?Policy=a&Signature=x~y");
    }

    #[test]
    fn what_is_wrong_is_said() {
        let wrong = [
            "delay=500",
            "delay=[{ms:500}]",
            "delay=[{i:1,sq:2,ms:500}]",
            "delay=[{i:1,ms:soon}]",
            "delay=[{i:-1,ms:5}]",
            "statusCode=[{i:1,code:99}]",
            "statusCode=[{i:1,cod:404}]",
            "statusCode=[{l:1,code:404}]",
            "throttle=[{i:1,rate:0}]",
            "timeout=[{rsq:soon}]",
            "delay=[{i:1,br:fast,ms:5}]",
            "delay=[{i:1,media:sound,ms:5}]",
            "dealy=[{i:1,ms:5}]",
        ];
        let said = wrong.map(|query| read(query).unwrap_err());
        insta::assert_snapshot!(said.join("\n"));
        assert!(ChaosRequest::parse(HLS, "delay=[{i:1,ms:1}]").unwrap_err().contains("url="));
    }
}
