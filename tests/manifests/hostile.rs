//! Manifests of any length that cause as much work as possible: a value that applies to many renditions,
//! references with several bases, searches without a match.

use vsps::media::ManifestFormat::{self, AssetList, Hls, Mpd, MpdPatch, Smooth, Steering};

/// A kind of manifest, and how to build one of about `len` bytes.
pub(crate) struct Hostile {
    pub(crate) name: &'static str,
    pub(crate) format: ManifestFormat,
    pub(crate) make: fn(usize) -> String,
}

const fn hostile(name: &'static str, format: ManifestFormat, make: fn(usize) -> String) -> Hostile {
    Hostile { name, format, make }
}

/// `one` repeated, to `len` bytes or a little more; `#` is replaced by its number.
fn many(one: &str, len: usize) -> String {
    let mut out = String::with_capacity(len + one.len() + 8);
    let mut number = 0_u32;
    while out.len() < len {
        number += 1;
        out.push_str(&one.replace('#', &number.to_string()));
    }
    out
}

fn long(len: usize) -> String {
    "x".repeat(len)
}

fn mpd(inner: &str) -> String {
    format!("<MPD type=\"static\" mediaPresentationDuration=\"PT1H\">{inner}</MPD>")
}

fn set(attributes: &str, inner: &str) -> String {
    mpd(&format!("<Period><AdaptationSet {attributes}>{inner}</AdaptationSet></Period>"))
}

/// A value of half the length in an AdaptationSet, and Representations that inherit it.
fn inherited(attribute: &str, len: usize) -> String {
    let value = format!("{attribute}=\"{}\"", long(len / 2));
    set(&value, &many("<Representation id=\"#\"/>", len / 2))
}

/// Representations under a SegmentTemplate with this `media`.
fn template(media: &str, len: usize) -> String {
    let template = format!("<SegmentTemplate media=\"{media}\" duration=\"2\"/>");
    set("", &format!("{template}{}", many("<Representation id=\"v#\" bandwidth=\"#\"/>", len / 2)))
}

pub(crate) const MPDS: &[Hostile] = &[
    hostile("codecs", Mpd, |len| inherited("codecs", len)),
    hostile("language", Mpd, |len| inherited("lang", len)),
    hostile("MIME type", Mpd, |len| inherited("mimeType", len)),
    hostile("content type", Mpd, |len| inherited("contentType", len)),
    hostile("role", Mpd, |len| {
        let role = format!("<Role value=\"{}\"/>", long(len / 2));
        set("", &format!("{role}{}", many("<Representation/>", len / 2)))
    }),
    hostile("long template", Mpd, |len| template(&format!("{}$Number$", long(len / 2)), len)),
    hostile("template as long as may be", Mpd, |len| {
        template(&format!("{}$Number$", long(8000.min(len / 2))), len)
    }),
    hostile("dollars before the number", Mpd, |len| {
        template(&format!("{}$Number$", "$$".repeat(4000.min(len / 4))), len)
    }),
    hostile("dollars after the number", Mpd, |len| {
        template(&format!("$Number${}", "$$".repeat(4000.min(len / 4))), len)
    }),
    hostile("numbers again and again", Mpd, |len| {
        template(&"$Number$".repeat(1000.min(len / 16)), len)
    }),
    hostile("ids in one template", Mpd, |len| {
        let media = "$RepresentationID$".repeat(len / 36);
        let id = long(len / 2);
        set("", &format!("<SegmentTemplate media=\"{media}\"/><Representation id=\"{id}\"/>"))
    }),
    hostile("ids in short templates", Mpd, |len| {
        let media = "$RepresentationID$".repeat(80);
        let one = format!("<Representation id=\"{}\"/>", long(90));
        set("", &format!("<SegmentTemplate media=\"{media}$Time$\"/>{}", many(&one, len)))
    }),
    hostile("period id", Mpd, |len| {
        let sets = many("<Representation id=\"#\"/>", len / 2);
        let sets = format!("<SegmentTemplate media=\"$Number$\"/>{sets}");
        mpd(&format!(
            "<Period id=\"{}\"><AdaptationSet>{sets}</AdaptationSet></Period>",
            long(len / 2)
        ))
    }),
    hostile("long base", Mpd, |len| {
        let base = format!("<BaseURL>{}/</BaseURL>", long(len / 2));
        mpd(&format!(
            "{base}<Period><AdaptationSet>{}</AdaptationSet></Period>",
            many("<Representation id=\"#\"><BaseURL>#/</BaseURL></Representation>", len / 2)
        ))
    }),
    hostile("eight bases of each level", Mpd, |len| {
        let bases = many("<BaseURL>https://cdn#.example/a/</BaseURL>", 8 * 42);
        let own = many("<BaseURL>#/</BaseURL>", 8 * 20);
        let one = format!("<Representation id=\"#\">{own}</Representation>").replace("#/", "b/");
        let set = format!("{own}<SegmentTemplate media=\"$Number$\"/>{}", many(&one, len));
        mpd(&format!("{bases}<Period>{own}<AdaptationSet>{set}</AdaptationSet></Period>"))
    }),
    hostile("bases that multiply by inheriting", Mpd, |len| {
        let bases = many("<BaseURL>https://cdn#.example/a/</BaseURL>", 8 * 42);
        let template = "<SegmentTemplate media=\"m$Number$\" initialization=\"i\" index=\"n\"/>";
        let set = format!("{template}{}", many("<Representation/>", len));
        mpd(&format!("{bases}<Period><AdaptationSet>{set}</AdaptationSet></Period>"))
    }),
    hostile("list inherited under bases", Mpd, |len| {
        let list = many("<SegmentURL media=\"s#\"/>", len / 2);
        let own = many("<Representation><BaseURL>r#/</BaseURL></Representation>", len / 2);
        set("", &format!("<SegmentList duration=\"2\">{list}</SegmentList>{own}"))
    }),
    hostile("long URLs in an inherited list", Mpd, |len| {
        let list = format!("<SegmentURL media=\"{}\"/>", long(7000.min(len / 4))).repeat(2);
        let own = many("<Representation><BaseURL>r#/</BaseURL></Representation>", len / 2);
        set("", &format!("<SegmentList duration=\"2\">{list}</SegmentList>{own}"))
    }),
    hostile("initialization of a list", Mpd, |len| {
        let init = format!("<Initialization sourceURL=\"{}\"/>", long(len / 2));
        let own = many("<Representation><BaseURL>r#/</BaseURL></Representation>", len / 2);
        set("", &format!("<SegmentList>{init}</SegmentList>{own}"))
    }),
    hostile("ranges from the end of a file", Mpd, |len| {
        let mut list = String::new();
        for at in (0..len / 50).rev() {
            list.push_str(&format!("<SegmentURL mediaRange=\"{}-{}\"/>", at * 10, at * 10 + 9));
        }
        set("", &format!("<Representation><SegmentList>{list}</SegmentList></Representation>"))
    }),
    hostile("timeline inherited by templates", Mpd, |len| {
        let line = many("<S t=\"#\" d=\"1\" r=\"-1\"/>", len / 2);
        let line = format!("<SegmentTimeline>{line}</SegmentTimeline>");
        let own =
            many("<Representation><SegmentTemplate startNumber=\"#\"/></Representation>", len / 2);
        set("", &format!("<SegmentTemplate media=\"$Time$\">{line}</SegmentTemplate>{own}"))
    }),
    hostile("timeline of patterns", Mpd, |len| {
        let patterns = many("<Pattern id=\"#\"><P d=\"1\" r=\"4095\"/></Pattern>", 64 * 44);
        let line = many("<S d=\"4096\" p=\"1\" pE=\"#\" k=\"4000000000\"/>", len);
        let line = format!("<SegmentTimeline>{patterns}{line}</SegmentTimeline>");
        set(
            "",
            &format!("<SegmentTemplate media=\"$Time$\">{line}</SegmentTemplate><Representation/>"),
        )
    }),
    hostile("many timelines of patterns", Mpd, |len| {
        let patterns = many("<Pattern id=\"#\"><P d=\"1\" r=\"4095\"/></Pattern>", 64 * 44);
        let line = format!("<SegmentTimeline>{patterns}<S d=\"1\" p=\"1\"/></SegmentTimeline>");
        let one = format!("<SegmentTemplate media=\"$Time$\">{line}</SegmentTemplate>");
        set("", &many(&format!("<Representation>{one}</Representation>"), len))
    }),
    hostile("timeline of huge repeats", Mpd, |len| {
        let line = many("<S d=\"#\" r=\"9000000000000000000\"/>", len);
        let line = format!("<SegmentTimeline>{line}</SegmentTimeline>");
        set(
            "",
            &format!("<SegmentTemplate media=\"$Time$\">{line}</SegmentTemplate><Representation/>"),
        )
    }),
    hostile("periods", Mpd, |len| {
        mpd(&many(
            "<Period id=\"#\"><SegmentTemplate media=\"$Number$\" duration=\"1\"/><AdaptationSet><Representation/></AdaptationSet></Period>",
            len,
        ))
    }),
    hostile("sets without Representations", Mpd, |len| {
        mpd(&format!(
            "<Period>{}</Period>",
            many("<AdaptationSet><BaseURL>#</BaseURL></AdaptationSet>", len)
        ))
    }),
    hostile("attributes of one element", Mpd, |len| {
        set(&many("a#=\"1\" ", len), "<Representation/>")
    }),
    hostile("one attribute again and again", Mpd, |len| {
        set(&many("codecs=\"a\" id=\"1\" lang=\"b\" ", len), "<Representation/>")
    }),
    hostile("references to characters", Mpd, |len| {
        mpd(&format!("<BaseURL>{}</BaseURL>", many("&amp;&", len)))
    }),
    hostile("text in pieces", Mpd, |len| {
        mpd(&format!("<BaseURL>{}</BaseURL>", many("a<!---->b<![CDATA[c]]>", len)))
    }),
    hostile("comments", Mpd, |len| mpd(&many("<!-- < -- -->", len))),
    hostile("a comment without an end", Mpd, |len| mpd(&many("<!-- ", len))),
    hostile("an unclosed quote", Mpd, |len| mpd(&format!("<Period id=\"{}", many("<a ", len)))),
    hostile("document types", Mpd, |len| format!("{}{}", many("<!DOCTYPE a [ ]>", len), mpd(""))),
    hostile("a name without end", Mpd, |len| format!("<MPD><{}", long(len))),
    hostile("an authority before roots", Mpd, |len| {
        let base = format!("<BaseURL>https://{}</BaseURL>", long(len / 2));
        mpd(&format!("{base}{}", many("<SegmentURL media=\"/#\"/>", len / 2)))
    }),
    hostile("an authority as long as may be", Mpd, |len| {
        let base = format!("<BaseURL>https://{}</BaseURL>", long(1000.min(len / 2)));
        mpd(&format!("{base}{}", many("<SegmentURL media=\"/#\"/>", len / 2)))
    }),
    hostile("links", Mpd, |len| mpd(&many("<Period xlink:href=\"https://a/#\"/>", len))),
    hostile("locations", Mpd, |len| mpd(&many("<Location>https://a/#</Location>", len))),
    hostile("clocks", Mpd, |len| {
        let scheme = "urn:mpeg:dash:utc:http-iso:2014";
        let urls = many("https://a/# ", len);
        mpd(&format!("<UTCTiming schemeIdUri=\"{scheme}\" value=\"{urls}\"/>"))
    }),
];

fn operations(len: usize, one: &str) -> String {
    format!("<Patch originalPublishTime=\"1\">{}</Patch>", many(one, len))
}

pub(crate) const PATCHES: &[Hostile] = &[
    hostile("predicates", MpdPatch, |len| {
        let sel = format!("/MPD/Period{}", "[@a='1']".repeat(len / 16));
        operations(len, &format!("<remove sel=\"{sel}\"/>"))
    }),
    hostile("operations", MpdPatch, |len| {
        operations(len, "<add sel=\"/MPD/Period\"><AdaptationSet id=\"#\"/></add>")
    }),
    hostile("nested elements", MpdPatch, |len| {
        operations(len, "<add sel=\"/MPD\"><a><b/></a></add>")
    }),
];

fn client(attributes: &str, inner: &str) -> String {
    format!(
        "<SmoothStreamingMedia Duration=\"0\"><StreamIndex Type=\"video\" {attributes}>{inner}</StreamIndex></SmoothStreamingMedia>"
    )
}

const LEVEL: &str = "<QualityLevel Bitrate=\"#\"/>";

pub(crate) const CLIENT_MANIFESTS: &[Hostile] = &[
    hostile("URL", Smooth, |len| {
        client(&format!("Url=\"{}{{bitrate}}\"", long(len / 2)), &many(LEVEL, len / 2))
    }),
    hostile("URL as long as may be", Smooth, |len| {
        let url = format!("{}{{bitrate}}({{start time}})", long(8000.min(len / 2)));
        client(&format!("Url=\"{url}\""), &many(LEVEL, len / 2))
    }),
    hostile("dollars", Smooth, |len| {
        client(&format!("Url=\"{}\"", "$".repeat(4000.min(len / 2))), &many(LEVEL, len / 2))
    }),
    hostile("name", Smooth, |len| {
        client(&format!("Name=\"{}\"", long(len / 2)), &many(LEVEL, len / 2))
    }),
    hostile("language and subtype", Smooth, |len| {
        let text = long(len / 4);
        client(&format!("Language=\"{text}\" Subtype=\"{text}\""), &many(LEVEL, len / 2))
    }),
    hostile("attributes of a level", Smooth, |len| {
        let url = "{CustomAttributes}".repeat(len / 36);
        let custom = format!("<Attribute Name=\"a\" Value=\"{}\"/>", long(len / 2));
        client(&format!("Url=\"{url}\""), &format!("<QualityLevel>{custom}</QualityLevel>"))
    }),
    hostile("attributes of levels", Smooth, |len| {
        let url = "{CustomAttributes}".repeat(400);
        let custom = format!("<Attribute Name=\"a\" Value=\"{}\"/>", long(900));
        let level = format!("<QualityLevel Bitrate=\"#\">{custom}</QualityLevel>");
        client(&format!("Url=\"{url}\""), &many(&level, len))
    }),
    hostile("fragments", Smooth, |len| {
        client("", &many("<c t=\"#\" r=\"9000000000000000000\"/>", len))
    }),
    hostile("streams", Smooth, |len| {
        let stream = format!(
            "<StreamIndex Name=\"#\" Url=\"{{bitrate}}{{start time}}\">{LEVEL}<c d=\"1\"/></StreamIndex>"
        );
        format!("<SmoothStreamingMedia>{}</SmoothStreamingMedia>", many(&stream, len))
    }),
];

fn media(inner: &str) -> String {
    format!("#EXTM3U\n#EXT-X-TARGETDURATION:4\n{inner}")
}

const DEFINE: &str = "#EXT-X-DEFINE:NAME=\"v\",VALUE=";

pub(crate) const PLAYLISTS: &[Hostile] = &[
    hostile("variables without a brace", Hls, |len| {
        media(&format!("{DEFINE}\"1\"\n{}\n", many("{$", len)))
    }),
    hostile("variables with a brace far away", Hls, |len| {
        media(&format!("{DEFINE}\"1\"\n{}}}\n", many("{$", len)))
    }),
    hostile("variables without a brace, in a list", Hls, |len| {
        format!(
            "#EXTM3U\n{DEFINE}\"1\"\n#EXT-X-STREAM-INF:BANDWIDTH=1,CODECS=\"{}\"\na\n",
            many("{$", len)
        )
    }),
    hostile("variables of paths without a brace", Hls, |len| {
        media(&format!("{DEFINE}\"/p\"\n{}", many("{$#\n", len)))
    }),
    hostile("variables that grow segments", Hls, |len| {
        let value = long(8000.min(len / 4));
        media(&format!("{DEFINE}\"{value}\"\n{}", many("#EXTINF:1,\n{$v}\n", len)))
    }),
    hostile("variables that grow one line", Hls, |len| {
        let value = long(8000.min(len / 4));
        media(&format!("{DEFINE}\"{value}\"\n{}\n", many("{$v}", len)))
    }),
    hostile("variables that grow renditions", Hls, |len| {
        let value = long(8000.min(len / 4));
        let one = "#EXT-X-STREAM-INF:BANDWIDTH=#,CODECS=\"{$v}\",AUDIO=\"{$v}\"\n{$v}\n";
        format!("#EXTM3U\n{DEFINE}\"{value}\"\n{}", many(one, len.min(60_000)))
    }),
    hostile("variables that grow keys", Hls, |len| {
        let value = long(8000.min(len / 4));
        let one = "#EXT-X-SESSION-KEY:METHOD=NONE,URI=\"{$v}\"\n";
        format!(
            "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\na\n{DEFINE}\"{value}\"\n{}",
            many(one, len)
        )
    }),
    hostile("definitions", Hls, |len| media(&many("#EXT-X-DEFINE:NAME=\"#\",VALUE=\"/#\"\n", len))),
    hostile("definitions of the query", Hls, |len| {
        media(&many("#EXT-X-DEFINE:QUERYPARAM=\"q\"\n", len))
    }),
    hostile("definitions imported", Hls, |len| media(&many("#EXT-X-DEFINE:IMPORT=\"q#\"\n", len))),
    hostile("segments", Hls, |len| media(&many("#EXTINF:1,\n#.ts\n", len))),
    hostile("short lines", Hls, |len| media(&many("a\n", len))),
    hostile("ranges from the end of a file", Hls, |len| {
        let at = |at: usize| format!("#EXTINF:1,\n#EXT-X-BYTERANGE:10@{}\nf\n", at * 10);
        media(&(0..len / 40).rev().map(at).collect::<String>())
    }),
    hostile("keys", Hls, |len| media(&many("#EXT-X-KEY:METHOD=AES-128,URI=\"k#\"\n", len))),
    hostile("parts", Hls, |len| media(&many("#EXT-X-PART:DURATION=1,URI=\"p#\"\n", len))),
    hostile("attributes of one tag", Hls, |len| {
        media(&format!("#EXT-X-DATERANGE:{}\n", many("X-#=\"/a\",", len)))
    }),
    hostile("addresses in one tag", Hls, |len| {
        media(&format!("#EXT-X-DATERANGE:{}\n", many("X-#-URL=\"/a\",", len)))
    }),
    hostile("no quote closes", Hls, |len| media(&many("#EXT-X-KEY:URI=\"k\n", len))),
    hostile("no attribute has a value", Hls, |len| {
        media(&format!("#EXT-X-KEY:{}\n", many("A,", len)))
    }),
    hostile("no number", Hls, |len| media(&format!("#EXT-X-MEDIA-SEQUENCE:{}", long(len)))),
    hostile("groups", Hls, |len| {
        let group = long(len / 200);
        let media = format!("#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"{group}\",NAME=\"#\",URI=\"#\"\n");
        let variant = format!("#EXT-X-STREAM-INF:BANDWIDTH=#,AUDIO=\"{group}\"\nv#\n");
        format!("#EXTM3U\n{}{}", many(&media, len / 2), many(&variant, len / 2))
    }),
    hostile("codecs of a group", Hls, |len| {
        let codecs = "mp4a,".repeat(len / 10);
        let variant = format!("#EXT-X-STREAM-INF:BANDWIDTH=1,CODECS=\"{codecs}\",AUDIO=\"a\"\nv\n");
        let name = long(300);
        let one = format!("#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"a\",NAME=\"{name}\",URI=\"#\"\n");
        format!("#EXTM3U\n{variant}{}", many(&one, len / 2))
    }),
    hostile("carriage returns", Hls, |len| media(&many("\r", len))),
    hostile("blank lines", Hls, |len| media(&many(" \n", len))),
];

fn clones(inner: &str) -> String {
    format!("{{\"VERSION\":1,\"PATHWAY-CLONES\":[{inner}{{}}]}}")
}

pub(crate) const JSON: &[Hostile] = &[
    hostile("clones", Steering, |len| {
        clones(&many(
            "{\"ID\":\"#\",\"URI-REPLACEMENT\":{\"HOST\":\"h#\",\"PARAMS\":{\"a\":\"b\"}}},",
            len,
        ))
    }),
    hostile("addresses of a clone", Steering, |len| {
        let uris = many("\"#\":\"https://a/#\",", len);
        clones(&format!("{{\"URI-REPLACEMENT\":{{\"PER-VARIANT-URIS\":{{{uris}\"\":\"\"}}}}}},"))
    }),
    hostile("hosts of a clone", Steering, |len| {
        let other = many("\"#\":{\"HOST\":1},", len);
        clones(&format!("{{\"URI-REPLACEMENT\":{{{other}\"HOST\":\"h\"}}}},"))
    }),
    hostile("escapes", Steering, |len| {
        format!("{{\"RELOAD-URI\":\"https:{}\"}}", many("\\/", len))
    }),
    hostile("arrays in arrays", Steering, |len| "[".repeat(len)),
    hostile("arrays", Steering, |len| format!("{{\"a\":[{}1]}}", many("[],{},", len))),
    hostile("assets", AssetList, |len| {
        format!("{{\"ASSETS\":[{}{{}}]}}", many("{\"URI\":\"https://a/#\"},", len))
    }),
    hostile("a long address", AssetList, |len| {
        format!("{{\"ASSETS\":[{{\"URI\":\"{}\"}}]}}", long(len))
    }),
];
