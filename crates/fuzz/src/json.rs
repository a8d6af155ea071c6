//! A second reader of strict JSON, to judge the first by: RFC 8259, an object, no member twice, not
//! deeper than eight. It only says yes or no.

use std::collections::BTreeSet;

const DEEPEST: usize = 8;

/// Whether `text` is one strict object and nothing else.
pub fn is_strict_object(text: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(text) else {
        return false;
    };
    let mut reader = Reader { rest: text };
    reader.blanks();
    let object = reader.rest.starts_with('{') && reader.value(0).is_some();
    reader.blanks();
    object && reader.rest.is_empty()
}

struct Reader<'a> {
    rest: &'a str,
}

impl Reader<'_> {
    fn blanks(&mut self) {
        self.rest = self.rest.trim_start_matches([' ', '\t', '\n', '\r']);
    }

    fn eat(&mut self, text: &str) -> bool {
        let rest = self.rest.strip_prefix(text);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn value(&mut self, depth: usize) -> Option<()> {
        match self.rest.chars().next()? {
            '{' | '[' if depth == DEEPEST => None,
            '{' => self.object(depth + 1),
            '[' => self.array(depth + 1),
            '"' => self.string().map(drop),
            't' => self.eat("true").then_some(()),
            'f' => self.eat("false").then_some(()),
            'n' => self.eat("null").then_some(()),
            _ => self.number(),
        }
    }

    fn object(&mut self, depth: usize) -> Option<()> {
        let mut names = BTreeSet::new();
        self.eat("{");
        self.blanks();
        if self.eat("}") {
            return Some(());
        }
        loop {
            self.blanks();
            if !names.insert(self.string()?) {
                return None;
            }
            self.blanks();
            self.eat(":").then_some(())?;
            self.blanks();
            self.value(depth)?;
            self.blanks();
            if !self.eat(",") {
                return self.eat("}").then_some(());
            }
        }
    }

    fn array(&mut self, depth: usize) -> Option<()> {
        self.eat("[");
        self.blanks();
        if self.eat("]") {
            return Some(());
        }
        loop {
            self.blanks();
            self.value(depth)?;
            self.blanks();
            if !self.eat(",") {
                return self.eat("]").then_some(());
            }
        }
    }

    fn string(&mut self) -> Option<String> {
        self.eat("\"").then_some(())?;
        let mut units: Vec<u16> = Vec::new();
        loop {
            let c = self.rest.chars().next()?;
            self.rest = &self.rest[c.len_utf8()..];
            match c {
                '"' => return String::from_utf16(&units).ok(),
                '\\' => units.push(self.escape()?),
                '\0'..='\u{1f}' => return None,
                plain => units.extend_from_slice(plain.encode_utf16(&mut [0; 2])),
            }
        }
    }

    fn escape(&mut self) -> Option<u16> {
        let c = self.rest.chars().next()?;
        self.rest = &self.rest[c.len_utf8()..];
        let plain = match c {
            '"' | '\\' | '/' => c,
            'b' => '\u{8}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'u' => {
                let digits = self.rest.get(..4)?;
                self.rest = &self.rest[4..];
                let all = digits.bytes().all(|b| b.is_ascii_hexdigit());
                return all.then(|| u16::from_str_radix(digits, 16).ok()).flatten();
            }
            _ => return None,
        };
        u16::try_from(u32::from(plain)).ok()
    }

    fn number(&mut self) -> Option<()> {
        let end = self
            .rest
            .find(|c: char| !matches!(c, '0'..='9' | '-' | '+' | '.' | 'e' | 'E'));
        let (text, rest) = self.rest.split_at(end.unwrap_or(self.rest.len()));
        self.rest = rest;
        let unsigned = text.strip_prefix('-').unwrap_or(text);
        let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, Some(exponent)),
            None => (unsigned, None),
        };
        let (whole, fraction) = match mantissa.split_once('.') {
            Some((whole, fraction)) => (whole, Some(fraction)),
            None => (mantissa, None),
        };
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        let sound = digits(whole)
            && (whole == "0" || !whole.starts_with('0'))
            && fraction.is_none_or(digits)
            && exponent.is_none_or(|text| digits(text.strip_prefix(['+', '-']).unwrap_or(text)));
        let finite = || text.parse::<f64>().is_ok_and(f64::is_finite);
        (sound && finite()).then_some(())
    }
}

#[cfg(test)]
mod tests {
    use super::is_strict_object;

    #[test]
    fn it_reads_what_rfc_8259_calls_json_and_no_more() {
        for good in [
            "{}",
            " {\"a\" : [ 1 , -0.5e+3, \"\\u00e9\\ud83e\\udd80\", true , null ] }\n",
            "{\"a\":[[[[[[[]]]]]]]}",
        ] {
            assert!(is_strict_object(good.as_bytes()), "{good}");
        }
        for bad in [
            "",
            "[]",
            "{",
            "{}{}",
            "{\"a\":1,}",
            "{\"a\":01}",
            "{\"a\":1.}",
            "{\"a\":+1}",
            "{\"a\":1e999}",
            "{\"a\":\"\t\"}",
            "{\"a\":\"\\ud800\"}",
            "{\"a\":\"\\x\"}",
            "{\"a\":1,\"\\u0061\":2}",
            "{\"a\":[[[[[[[[]]]]]]]]}",
            "{'a':1}",
            "{\"a\":nul}",
        ] {
            assert!(!is_strict_object(bad.as_bytes()), "{bad}");
        }
        assert!(!is_strict_object(b"{\"a\":\"\xff\"}"));
    }
}
