//! A strict reader of HTTP/1.1 (RFC 9112), written apart from the proxy: it accepts no message that two readers could
//! understand in two ways.

/// A message: its first line, its fields with names in lower case, and its body.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Message {
    pub first: String,
    pub fields: Vec<(String, String)>,
    pub body: Vec<u8>,
    /// Its end was there.
    pub whole: bool,
}

impl Message {
    /// The values of the field `name`.
    fn all(&self, name: &str) -> Vec<&str> {
        let found = self.fields.iter().filter(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str()).collect()
    }

    pub fn field(&self, name: &str) -> Option<&str> {
        self.all(name).first().copied()
    }

    pub fn status(&self) -> Option<u16> {
        self.first.split(' ').nth(1)?.parse().ok()
    }
}

/// How a body ends.
enum End {
    Now,
    After(usize),
    Chunked,
    Close,
}

/// Reads the requests in `bytes`. The last one may be incomplete; without the end of its head it has no first line.
///
/// # Errors
/// What is wrong.
pub fn requests(mut bytes: &[u8]) -> Result<Vec<Message>, String> {
    let mut all = Vec::new();
    while !bytes.is_empty() {
        let Some((mut message, rest)) = head(bytes)? else {
            all.push(Message::default());
            break;
        };
        let words: Vec<_> = message.first.split(' ').collect();
        let [method, target, "HTTP/1.1"] = words[..] else {
            return Err(format!("request line {:?}", message.first));
        };
        if !is_token(method)
            || target.is_empty()
            || target.bytes().any(|byte| byte.is_ascii_control())
        {
            return Err(format!("request line {:?}", message.first));
        }
        if message.all("host").len() != 1 {
            return Err(format!("not one Host: {:?}", message.fields));
        }
        let end = match framing(&message)? {
            End::Close => End::Now,
            end => end,
        };
        if message.field("upgrade").is_some() {
            all.push(message);
            break;
        }
        bytes = body(&mut message, end, rest)?;
        all.push(message);
    }
    Ok(all)
}

/// Reads the responses in `bytes` to requests with `methods`. The last one may be incomplete, and interim ones are left
/// out.
///
/// # Errors
/// What is wrong.
pub fn responses(mut bytes: &[u8], methods: &[String]) -> Result<Vec<Message>, String> {
    let mut all = Vec::new();
    while !bytes.is_empty() && all.len() < methods.len() {
        let Some((mut message, rest)) = head(bytes)? else { break };
        let status = message.status().filter(|status| (100..1000).contains(status));
        let (true, Some(status)) = (message.first.starts_with("HTTP/1."), status) else {
            return Err(format!("status line {:?}", message.first));
        };
        let end = framing(&message)?;
        let bodiless = methods[all.len()] == "HEAD" || status < 200 || [204, 304].contains(&status);
        bytes = body(&mut message, if bodiless { End::Now } else { end }, rest)?;
        if status == 101 {
            break;
        }
        if status >= 200 {
            all.push(message);
        }
    }
    if all.len() == methods.len() && !bytes.is_empty() && all.iter().all(|message| message.whole) {
        return Err(format!("{} bytes after the last response", bytes.len()));
    }
    Ok(all)
}

/// The head at the beginning of `bytes`, and what follows it; `None` = it is incomplete.
fn head(bytes: &[u8]) -> Result<Option<(Message, &[u8])>, String> {
    let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else { return Ok(None) };
    // Each byte is one character.
    let text: String = bytes[..end].iter().map(|byte| char::from(*byte)).collect();
    let mut lines = text.split("\r\n");
    let first = lines.next().unwrap_or_default().to_owned();
    if first.chars().any(|char| char.is_ascii_control()) {
        return Err(format!("first line {first:?}"));
    }
    let mut fields = Vec::new();
    for line in lines {
        let Some((name, value)) = line.split_once(':').filter(|(name, _)| is_token(name)) else {
            return Err(format!("field line {line:?}"));
        };
        if value.chars().any(|char| char.is_ascii_control() && char != '\t') {
            return Err(format!("field line {line:?}"));
        }
        fields.push((name.to_ascii_lowercase(), value.trim_matches([' ', '\t']).to_owned()));
    }
    let message = Message { first, fields, body: Vec::new(), whole: false };
    Ok(Some((message, &bytes[end + 4..])))
}

fn is_token(text: &str) -> bool {
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !text.is_empty() && text.bytes().all(is_token)
}

fn framing(message: &Message) -> Result<End, String> {
    let lengths = message.all("content-length");
    let codings = message.all("transfer-encoding");
    match (&lengths[..], &codings[..]) {
        ([], []) => Ok(End::Close),
        ([length], []) if length.bytes().all(|byte| byte.is_ascii_digit()) => {
            length.parse().map(End::After).map_err(|_| format!("length {length:?}"))
        }
        ([], [coding]) if coding.eq_ignore_ascii_case("chunked") => Ok(End::Chunked),
        _ => Err(format!("lengths {lengths:?} and codings {codings:?}")),
    }
}

/// Reads the body of `message`; returns what follows it.
fn body<'a>(message: &mut Message, end: End, bytes: &'a [u8]) -> Result<&'a [u8], String> {
    match end {
        End::Now => {
            message.whole = true;
            Ok(bytes)
        }
        End::After(length) => {
            let there = length.min(bytes.len());
            message.body = bytes[..there].to_vec();
            message.whole = there == length;
            Ok(&bytes[there..])
        }
        End::Close => {
            message.body = bytes.to_vec();
            message.whole = true;
            Ok(&[])
        }
        End::Chunked => chunks(message, bytes),
    }
}

fn chunks<'a>(message: &mut Message, mut bytes: &'a [u8]) -> Result<&'a [u8], String> {
    loop {
        let Some(line) = bytes.windows(2).position(|two| two == b"\r\n") else { return Ok(&[]) };
        let size = std::str::from_utf8(&bytes[..line]).ok().and_then(|text| {
            let digits = text.split(';').next().unwrap_or_default();
            let hex = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
            hex.then(|| usize::from_str_radix(digits, 16).ok()).flatten()
        });
        let Some(size) = size else { return Err(format!("chunk {:?}", &bytes[..line])) };
        bytes = &bytes[line + 2..];
        if size == 0 {
            break;
        }
        let there = size.min(bytes.len());
        message.body.extend_from_slice(&bytes[..there]);
        bytes = &bytes[there..];
        if there < size || bytes.len() < 2 {
            return Ok(&[]);
        }
        if !bytes.starts_with(b"\r\n") {
            return Err(format!("after a chunk: {:?}", &bytes[..2]));
        }
        bytes = &bytes[2..];
    }
    // Trailer fields end with an empty line.
    loop {
        let Some(line) = bytes.windows(2).position(|two| two == b"\r\n") else { return Ok(&[]) };
        bytes = &bytes[line + 2..];
        if line == 0 {
            message.whole = true;
            return Ok(bytes);
        }
    }
}
