//! Changes of seeds: bits, opcodes, pushes, elements of witnesses, hash types, locks and amounts. What was changed behind a
//! hash gets its hash again in half of the cases, so that it is run.

use crate::seeds::Seed;
use crate::wire::push;
use crate::{hash160, sha256};

/// A generator of numbers (splitmix64).
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }

    /// A number below `end`; 0 where that is 0.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        (self.next() % end.max(1) as u64) as usize
    }

    pub(crate) fn one_in(&mut self, of: usize) -> bool {
        self.below(of) == 0
    }

    fn byte(&mut self) -> u8 {
        self.next() as u8
    }

    fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())]
    }
}

/// Numbers at which locks change their meaning.
const EDGES: [u32; 13] = [
    0,
    1,
    16,
    0xffff,
    0x1_0000,
    0x3f_ffff,
    0x40_0000,
    0x7fff_ffff,
    0x8000_0000,
    499_999_999,
    500_000_000,
    u32::MAX - 1,
    u32::MAX,
];

/// Changes an input of the seed, or what it shares with others, once to four times.
pub(crate) fn changed(seed: &Seed, random: &mut Random) -> Seed {
    let mut seed = seed.clone();
    seed.input = if random.one_in(8) { random.below(seed.spent.len()) } else { seed.input };
    for _ in 0..1 + random.below(4) {
        match random.below(16) {
            0..=3 => satisfying_script(&mut seed, random),
            4..=8 => witness(&mut seed, random),
            9..=11 => behind_a_hash(&mut seed, random),
            12 => {
                let input = seed.input;
                script(&mut seed.spent[input].script, random);
            }
            13 => shared(&mut seed, random),
            14 => locks(&mut seed, random),
            _ => made_up(&mut seed, random),
        }
    }
    // Longer ones would be larger than blocks have them, after many changes.
    seed.transaction.inputs.iter_mut().for_each(|input| {
        input.script.truncate(12_000);
        input.witness.truncate(1200);
    });
    seed
}

fn satisfying_script(seed: &mut Seed, random: &mut Random) {
    let input = seed.input;
    script(&mut seed.transaction.inputs[input].script, random);
}

fn flip(bytes: &mut [u8], random: &mut Random) {
    if !bytes.is_empty() {
        let at = random.below(bytes.len());
        bytes[at] ^= 1 << random.below(8);
    }
}

/// Where the opcodes of a script begin, as far as it can be split.
fn opcodes(script: &[u8]) -> Vec<usize> {
    let (mut starts, mut at) = (Vec::new(), 0);
    while at < script.len() {
        starts.push(at);
        let little = |length: usize| {
            let digits = script.get(at + 1..at + 1 + length).unwrap_or_default();
            1 + length + digits.iter().rev().fold(0, |number, &digit| number << 8 | usize::from(digit))
        };
        at += match script[at] {
            length @ 1..=0x4b => 1 + usize::from(length),
            0x4c => little(1),
            0x4d => little(2),
            0x4e => little(4),
            _ => 1,
        };
    }
    starts
}

fn opcode(random: &mut Random) -> u8 {
    match random.below(4) {
        // Those that check, branch, lock and count.
        0 => random.pick(&[
            0x63, 0x64, 0x67, 0x68, 0x69, 0x6a, 0xab, 0xac, 0xad, 0xae, 0xaf, 0xb1, 0xb2, 0xba, 0x91, 0x92,
        ]),
        1 => random.pick(&[0, 0x4f, 0x51, 0x52, 0x53, 0x60, 0x50, 0x61, 0xb0]),
        2 => 0x61 + random.below(0x5a) as u8,
        _ => random.byte(),
    }
}

/// A number as scripts have it, also in too many bytes.
fn number(random: &mut Random) -> Vec<u8> {
    let mut bytes = random.pick(&EDGES).to_le_bytes().to_vec();
    bytes.truncate(random.below(6));
    if random.one_in(4) {
        bytes.push(random.pick(&[0, 0x80, 1, 0x81]));
    }
    bytes
}

fn script(script: &mut Vec<u8>, random: &mut Random) {
    let starts = opcodes(script);
    let at = if starts.is_empty() { 0 } else { starts[random.below(starts.len())] };
    let end = starts.iter().copied().find(|&start| start > at).unwrap_or(script.len()).min(script.len());
    match random.below(12) {
        0 | 1 => flip(script, random),
        2 => script.insert(at, opcode(random)),
        3 if at < script.len() => script[at] = opcode(random),
        4 => drop(script.drain(at..end)),
        5 => {
            let copy = script[at..end].to_vec();
            script.splice(at..at, copy);
        }
        6 => {
            let bytes = number(random);
            script.splice(at..at, push(&bytes));
        }
        // The last byte of a push is the hash type of a signature.
        7 if end > at + 1 => script[end - 1] = hash_type(random),
        8 => {
            let length = random.pick(&[1, 2, 20, 32, 33, 65, 71, 75, 76, 255, 256, 519, 520, 521]);
            let bytes = vec![random.byte(); length];
            script.splice(at..at, push(&bytes));
        }
        // Another form of the same push.
        9 if (1..=0x4b).contains(&script.get(at).copied().unwrap_or(0)) => {
            let length = script[at];
            let form = match random.below(3) {
                0 => vec![0x4c, length],
                1 => vec![0x4d, length, 0],
                _ => vec![0x4e, length, 0, 0, 0],
            };
            script.splice(at..=at, form);
        }
        10 => script.truncate(random.below(script.len() + 1)),
        _ => {
            let other = if starts.is_empty() { 0 } else { starts[random.below(starts.len())] };
            let moved: Vec<u8> = script.drain(at..end).collect();
            let other = other.min(script.len());
            script.splice(other..other, moved);
        }
    }
}

fn hash_type(random: &mut Random) -> u8 {
    match random.below(4) {
        0 => random.byte(),
        _ => random.pick(&[0, 1, 2, 3, 4, 0x80, 0x81, 0x82, 0x83, 0x84, 0x41, 0x20]),
    }
}

fn witness(seed: &mut Seed, random: &mut Random) {
    let witness = &mut seed.transaction.inputs[seed.input].witness;
    let at = random.below(witness.len());
    match random.below(10) {
        _ if witness.is_empty() && !random.one_in(4) => {
            let script_of = seed.input;
            script(&mut seed.transaction.inputs[script_of].script, random);
        }
        0 => witness.insert(at, number(random)),
        1 if !witness.is_empty() => drop(witness.remove(at)),
        2 if !witness.is_empty() => witness.insert(at, witness[at].clone()),
        3 if !witness.is_empty() => {
            let other = random.below(witness.len());
            witness.swap(at, other);
        }
        4 if !witness.is_empty() => {
            let length = random.below(witness[at].len() + 1);
            witness[at].truncate(length);
        }
        5 if !witness.is_empty() => witness[at].push(hash_type(random)),
        6 if !witness.is_empty() => {
            if let Some(last) = witness[at].last_mut() {
                *last = hash_type(random);
            }
        }
        7 if !witness.is_empty() => witness[at].clear(),
        // An annex, or what is nearly one.
        8 => witness.push(vec![random.pick(&[0x50, 0x50, 0x51]), random.byte()]),
        _ => {
            if let Some(element) = witness.get_mut(at) {
                flip(element, random);
            }
        }
    }
}

/// Changes the script that a hash stands for, and mostly sets the hash to it again.
fn behind_a_hash(seed: &mut Seed, random: &mut Random) {
    let input = &mut seed.transaction.inputs[seed.input];
    let spent = &mut seed.spent[seed.input].script;
    let again = !random.one_in(3);
    match spent[..] {
        // P2SH: the last push is the script, which can be a witness program itself.
        [0xa9, 20, .., 0x87] => {
            let starts = opcodes(&input.script);
            let Some(&last) = starts.last() else { return };
            let (before, redeem) = input.script.split_at(last);
            let (before, header) = (
                before.to_vec(),
                match redeem[0] {
                    0x4c => 2,
                    0x4d => 3,
                    0x4e => 5,
                    _ => 1,
                },
            );
            let mut redeem = redeem.get(header..).unwrap_or_default().to_vec();
            if let ([0, 32, ..], Some(inner)) = (&redeem[..], input.witness.last_mut()) {
                script(inner, random);
                if again {
                    redeem = [&[0, 32][..], &sha256(inner)].concat();
                }
            } else {
                script(&mut redeem, random);
            }
            if again {
                *spent = [&[0xa9, 20][..], &hash160(&redeem), &[0x87]].concat();
            }
            input.script = [before, push(&redeem)].concat();
        }
        [0, 32, ..] => {
            if let Some(inner) = input.witness.last_mut() {
                script(inner, random);
                if again {
                    *spent = [&[0, 32][..], &sha256(inner)].concat();
                }
            }
        }
        // Taproot commits to its leaves by more than a hash.
        [0x51, 32, ..] => {
            let leaf = input.witness.len().checked_sub(2);
            if let Some(leaf) = leaf.and_then(|leaf| input.witness.get_mut(leaf)) {
                script(leaf, random);
            }
        }
        _ => script(spent, random),
    }
}

/// Wraps a script that is made up, or the one that there is, with elements to begin with.
fn made_up(seed: &mut Seed, random: &mut Random) {
    let mut made = Vec::new();
    for _ in 0..random.below(12) {
        match random.below(3) {
            0 => made.extend(push(&number(random))),
            _ => made.push(opcode(random)),
        }
    }
    if random.one_in(2) {
        made.push(0x51);
    }
    let elements: Vec<Vec<u8>> = (0..random.below(5)).map(|_| number(random)).collect();
    let pushes: Vec<u8> = elements.iter().flat_map(|element| push(element)).collect();
    let input = &mut seed.transaction.inputs[seed.input];
    let spent = &mut seed.spent[seed.input].script;
    let program = [&[0, 32][..], &sha256(&made)].concat();
    (input.script, input.witness, *spent) = match random.below(5) {
        0 | 1 => (pushes, Vec::new(), made),
        2 => {
            let hash = hash160(&made);
            ([pushes, push(&made)].concat(), Vec::new(), [&[0xa9, 20][..], &hash, &[0x87]].concat())
        }
        3 => (Vec::new(), [elements, vec![made]].concat(), program),
        _ => {
            let hash = hash160(&program);
            (push(&program), [elements, vec![made]].concat(), [&[0xa9, 20][..], &hash, &[0x87]].concat())
        }
    };
}

/// What signatures of other inputs cover as well.
fn shared(seed: &mut Seed, random: &mut Random) {
    let other = random.below(seed.spent.len());
    match random.below(6) {
        0 => seed.spent[other].value ^= 1 << random.below(40),
        1 => flip(&mut seed.transaction.inputs[other].outpoint, random),
        2 => {
            let at = random.below(seed.transaction.outputs.len());
            if let Some(output) = seed.transaction.outputs.get_mut(at) {
                output.value ^= 1 << random.below(40);
            }
        }
        3 if seed.transaction.outputs.len() > 1 => drop(seed.transaction.outputs.pop()),
        4 => seed.transaction.outputs.push(crate::wire::Output { value: 1, script: vec![0x51] }),
        _ => {
            let at = random.below(seed.transaction.outputs.len());
            if let Some(output) = seed.transaction.outputs.get_mut(at) {
                script(&mut output.script, random);
            }
        }
    }
}

fn locks(seed: &mut Seed, random: &mut Random) {
    let other = random.below(seed.spent.len());
    match random.below(4) {
        0 => seed.transaction.lock_time = random.pick(&EDGES),
        1 => seed.transaction.version = random.pick(&[0, 1, 2, 3, 0x7fff_ffff, 0x8000_0000, u32::MAX]),
        _ => seed.transaction.inputs[other].sequence = random.pick(&EDGES),
    }
}
