//! The head of a request or a response in its usual form: each line ends with CR LF, and is a name, a colon and a value.
//! hyper reads heads of any other form.

/// The first line of a request's head.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::proxy) struct RequestLine<'a> {
    pub(in crate::proxy) method: &'a [u8],
    /// As it was sent: it may be no valid target.
    pub(in crate::proxy) target: &'a [u8],
}

/// The first line of a response's head.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::proxy) struct StatusLine<'a> {
    pub(in crate::proxy) code: u16,
    pub(in crate::proxy) reason: &'a [u8],
}

/// A field of a head.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::proxy) struct Field<'a> {
    /// As it was sent: it may be no valid name.
    pub(in crate::proxy) name: &'a [u8],
    /// Without the space around it: it may be no valid value.
    pub(in crate::proxy) value: &'a [u8],
}

/// Reads a head, line by line.
#[derive(Debug)]
pub(in crate::proxy) struct PlainHead<'a> {
    bytes: &'a [u8],
    /// How many bytes were read.
    read: usize,
}

impl<'a> PlainHead<'a> {
    pub(in crate::proxy) const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, read: 0 }
    }

    /// How many bytes were read so far.
    pub(in crate::proxy) const fn read(&self) -> usize {
        self.read
    }

    /// The first line of a request, if it is one of HTTP/1.1.
    pub(in crate::proxy) fn request_line(&mut self) -> Option<RequestLine<'a>> {
        let rest = self.line()?.strip_suffix(b" HTTP/1.1")?;
        let space = rest.iter().position(|byte| *byte == b' ')?;
        Some(RequestLine { method: &rest[..space], target: &rest[space + 1..] })
    }

    /// The first line of a response, if it is one of HTTP/1.1.
    pub(in crate::proxy) fn status_line(&mut self) -> Option<StatusLine<'a>> {
        let rest = self.line()?.strip_prefix(b"HTTP/1.1 ")?;
        let (code, rest) = rest.split_first_chunk::<3>()?;
        let digit = |byte: u8| byte.is_ascii_digit().then(|| u16::from(byte - b'0'));
        let [hundreds, tens, ones] = *code;
        let code = 100 * digit(hundreds)? + 10 * digit(tens)? + digit(ones)?;
        let reason = if rest.is_empty() { rest } else { rest.strip_prefix(b" ")? };
        Some(StatusLine { code, reason })
    }

    /// The next field; `Some(None)` at the end of the head, `None` if the head has another form or is incomplete.
    pub(in crate::proxy) fn field(&mut self) -> Option<Option<Field<'a>>> {
        let line = self.line()?;
        if line.is_empty() {
            return Some(None);
        }
        // Names are short.
        let colon = line.iter().position(|byte| *byte == b':')?;
        Some(Some(Field { name: &line[..colon], value: trim(&line[colon + 1..]) }))
    }

    /// The next line, without its end.
    fn line(&mut self) -> Option<&'a [u8]> {
        let rest = &self.bytes[self.read..];
        let end = memchr::memchr(b'\n', rest)?;
        self.read += end + 1;
        rest[..end].strip_suffix(b"\r")
    }
}

/// `value` without spaces and tabs around it.
fn trim(value: &[u8]) -> &[u8] {
    let mut value = value;
    while let [b' ' | b'\t', rest @ ..] = value {
        value = rest;
    }
    while let [rest @ .., b' ' | b'\t'] = value {
        value = rest;
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The code, the reason, and the fields of a head, and how many bytes follow it.
    fn read(text: &str) -> Option<(u16, String, Vec<String>, usize)> {
        let mut head = PlainHead::new(text.as_bytes());
        let StatusLine { code, reason } = head.status_line()?;
        let word = |bytes| String::from_utf8_lossy(bytes).into_owned();
        let mut fields = Vec::new();
        while let Some(Field { name, value }) = head.field()? {
            fields.push(format!("{}={}", word(name), word(value)));
        }
        Some((code, word(reason), fields, text.len() - head.read()))
    }

    #[test]
    fn a_head_is_read_line_by_line() {
        let seen = |code, reason: &str, fields: &[&str], rest| {
            let fields = fields.iter().map(|field| (*field).to_owned()).collect();
            Some((code, reason.to_owned(), fields, rest))
        };
        let text =
            "HTTP/1.1 206 Partial Content\r\nA: b\r\nC:d:e\r\nF: \t g h \t \r\ni:\r\n\r\nbody\r\n";
        let fields = ["A=b", "C=d:e", "F=g h", "i="];
        assert_eq!(read(text), seen(206, "Partial Content", &fields, 6));
        assert_eq!(read("HTTP/1.1 200\r\n\r\n"), seen(200, "", &[], 0));
        assert_eq!(read("HTTP/1.1 200  OK \r\n\r\n"), seen(200, " OK ", &[], 0));
    }

    #[test]
    fn a_request_line_is_a_method_and_a_target() {
        let line = |text: &'static str| {
            let line = PlainHead::new(text.as_bytes()).request_line()?;
            Some((line.method, line.target))
        };
        assert_eq!(line("GET /a?b HTTP/1.1\r\n\r\n"), Some((&b"GET"[..], &b"/a?b"[..])));
        assert_eq!(line("GET  / HTTP/1.1\r\n\r\n"), Some((&b"GET"[..], &b" /"[..])));
        for text in ["GET / HTTP/1.1", "GET / HTTP/1.1\n", "GET / HTTP/1.0\r\n", "GET HTTP/1.1\r\n"]
        {
            assert_eq!(line(text), None, "{text:?}");
        }
    }

    #[test]
    fn a_head_of_another_form_is_not_read() {
        for text in [
            "",
            "HTTP/1.1 200 OK\r\n",
            "HTTP/1.1 200 OK\r\nA: b\r\n",
            "HTTP/1.1 200 OK\r\nA: b\r\n\r",
            "HTTP/1.1 200 OK\n\n",
            "HTTP/1.1 200 OK\r\nA: b\n\r\n",
            "HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
            "HTTP/1.0 200 OK\r\n\r\n",
            "HTTP/1.1 20 OK\r\n\r\n",
            "HTTP/1.1 2000 OK\r\n\r\n",
            "HTTP/1.1  200 OK\r\n\r\n",
            "\r\nHTTP/1.1 200 OK\r\n\r\n",
        ] {
            assert_eq!(read(text), None, "{text:?}");
        }
    }
}
