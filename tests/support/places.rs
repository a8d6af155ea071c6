//! A database of places as test code writes it: the MaxMind DB format, version 2, with the networks of a test.

use std::net::Ipv4Addr;

/// A value in the data section.
pub enum Data {
    Text(&'static str),
    Double(f64),
    Number(u16),
    Map(Vec<(&'static str, Data)>),
}

fn written(data: &Data, out: &mut Vec<u8>) {
    let control = |kind: u8, size: usize| (kind << 5) | u8::try_from(size).unwrap();
    match data {
        Data::Text(text) => {
            assert!(text.len() < 29);
            out.push(control(2, text.len()));
            out.extend(text.as_bytes());
        }
        Data::Double(number) => {
            out.push(control(3, 8));
            out.extend(number.to_be_bytes());
        }
        Data::Number(number) => {
            out.push(control(5, 2));
            out.extend(number.to_be_bytes());
        }
        Data::Map(members) => {
            out.push(control(7, members.len()));
            for (name, member) in members {
                written(&Data::Text(name), out);
                written(member, out);
            }
        }
    }
}

/// A record of a city database.
pub fn city(country: &'static str, north: f64, east: f64) -> Data {
    let location = vec![
        ("latitude", Data::Double(north)),
        ("longitude", Data::Double(east)),
        ("accuracy_radius", Data::Number(20)),
    ];
    Data::Map(vec![
        (
            "country",
            Data::Map(vec![("iso_code", Data::Text(country))]),
        ),
        ("location", Data::Map(location)),
    ])
}

/// The same with names in both languages.
pub fn named_city(country: &'static str, english: &'static str, japanese: &'static str) -> Data {
    let names = vec![("en", Data::Text(english)), ("ja", Data::Text(japanese))];
    let members = vec![
        ("iso_code", Data::Text(country)),
        ("names", Data::Map(names)),
    ];
    Data::Map(vec![("country", Data::Map(members))])
}

/// A branch of the search tree: another node, data, or nothing.
#[derive(Clone, Copy)]
enum Branch {
    Nothing,
    Node(usize),
    Data(usize),
}

/// The file: each /24 with its record.
pub fn database(networks: &[(Ipv4Addr, Data)]) -> Vec<u8> {
    let (mut nodes, mut data) = (vec![[Branch::Nothing; 2]], Vec::new());
    for (network, record) in networks {
        let at = data.len();
        written(record, &mut data);
        let mut node = 0;
        for bit in 0..24 {
            let side = usize::from(network.to_bits() >> (31 - bit) & 1 == 1);
            if bit == 23 {
                nodes[node][side] = Branch::Data(at);
            } else if let Branch::Node(next) = nodes[node][side] {
                node = next;
            } else {
                nodes.push([Branch::Nothing; 2]);
                let next = nodes.len() - 1;
                nodes[node][side] = Branch::Node(next);
                node = next;
            }
        }
    }
    let count = nodes.len();
    let mut file = Vec::new();
    for branch in nodes.iter().flatten() {
        let number = match branch {
            Branch::Nothing => count,
            Branch::Node(node) => *node,
            Branch::Data(at) => count + 16 + at,
        };
        file.extend(&u32::try_from(number).unwrap().to_be_bytes()[1..]);
    }
    file.extend([0; 16]);
    file.extend(data);
    file.extend(b"\xab\xcd\xefMaxMind.com");
    file.extend(metadata(u16::try_from(count).unwrap()));
    file
}

fn metadata(count: u16) -> Vec<u8> {
    let mut out = vec![(7 << 5) | 9];
    let mut put = |name: &'static str, value: &[u8]| {
        written(&Data::Text(name), &mut out);
        out.extend(value);
    };
    let [high, low] = count.to_be_bytes();
    put("node_count", &[0xc2, high, low]);
    put("record_size", &[0xa2, 0, 24]);
    put("ip_version", &[0xa2, 0, 4]);
    put("database_type", b"\x44City");
    // An empty array, and a number of 64 bits.
    put("languages", &[0x00, 0x04]);
    put("binary_format_major_version", &[0xa2, 0, 2]);
    put("binary_format_minor_version", &[0xa2, 0, 0]);
    put("build_epoch", &[0x04, 0x02, 0x65, 0, 0, 0]);
    put("description", &[0xe0]);
    out
}
