//! MD4 (RFC 1320), for `$hmac-md4$` of Ory. No kept crate has it.

use zeroize::Zeroizing;

type Mix = fn(u32, u32, u32) -> u32;

/// A round: how three words are mixed, what is added, in which order the words of a block come, and how far
/// each step turns.
struct Round {
    mix: Mix,
    add: u32,
    order: [usize; 16],
    turns: [u32; 4],
}

const ROUNDS: [Round; 3] = [
    Round {
        mix: |x, y, z| (x & y) | (!x & z),
        add: 0,
        order: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15],
        turns: [3, 7, 11, 19],
    },
    Round {
        mix: |x, y, z| (x & y) | (x & z) | (y & z),
        add: 0x5a82_7999,
        order: [0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15],
        turns: [3, 5, 9, 13],
    },
    Round {
        mix: |x, y, z| x ^ y ^ z,
        add: 0x6ed9_eba1,
        order: [0, 8, 4, 12, 2, 10, 6, 14, 1, 9, 5, 13, 3, 11, 7, 15],
        turns: [3, 9, 11, 15],
    },
];

/// The hash of the concatenation of `parts`.
pub(super) fn digest(parts: &[&[u8]]) -> Vec<u8> {
    let mut message = Zeroizing::new(parts.concat());
    let bits = u64::try_from(message.len()).unwrap_or_default() * 8;
    message.push(0x80);
    while message.len() % 64 != 56 {
        message.push(0);
    }
    message.extend(bits.to_le_bytes());
    let (blocks, _) = message.as_chunks::<64>();
    let begin = [0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476];
    let end = blocks.iter().fold(begin, stirred);
    end.into_iter().flat_map(u32::to_le_bytes).collect()
}

fn stirred(before: [u32; 4], block: &[u8; 64]) -> [u32; 4] {
    let (quads, _) = block.as_chunks::<4>();
    let words: Vec<u32> = quads.iter().map(|quad| u32::from_le_bytes(*quad)).collect();
    let mut state = before;
    for round in &ROUNDS {
        for (place, turn) in round.order.iter().zip(round.turns.iter().cycle()) {
            let [first, second, third, fourth] = state;
            let stirred = first
                .wrapping_add((round.mix)(second, third, fourth))
                .wrapping_add(words.get(*place).copied().unwrap_or_default())
                .wrapping_add(round.add)
                .rotate_left(*turn);
            state = [fourth, stirred, second, third];
        }
    }
    for (now, was) in state.iter_mut().zip(before) {
        *now = now.wrapping_add(was);
    }
    state
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_gives_what_the_rfc_says() {
        for (text, expected) in [
            ("", "31d6cfe0d16ae931b73c59d7e0c089c0"),
            ("abc", "a448017aaf21d8525fc10ae87aa6729d"),
            ("message digest", "d9130a8164549fe818874806e1c7014b"),
            (&"1234567890".repeat(8), "e33b4ddc9c38f2199c3e7b164fcc0536"),
        ] {
            let digest = digest(&[text.as_bytes()]);
            let spelt: Vec<String> = digest.iter().map(|byte| format!("{byte:02x}")).collect();
            assert_eq!(spelt.concat(), expected, "{text}");
        }
    }
}
