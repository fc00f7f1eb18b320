//! Counts runs of words, level by level, within the memory of the text itself.

use rustc_hash::FxHashMap;

/// Between two words that do not follow each other.
const BREAK: u32 = u32::MAX;
/// After the last word of a passage.
const END: u32 = u32::MAX - 1;
/// No frequent run begins here.
const NONE: u32 = u32::MAX;
/// Buckets of the filter in front of counting, a power of two; a byte each.
const BUCKETS: usize = 1 << 23;

/// The words of many passages, by number, in the order they stand.
#[derive(Default)]
pub(super) struct Text {
    tokens: Vec<u32>,
    passages: u32,
}

/// A run of words that stands in enough passages.
#[derive(Debug, Clone, Copy)]
pub(super) struct Gram {
    /// In how many passages it stands.
    pub(super) passages: u32,
    /// How often it stands there.
    pub(super) times: u32,
    /// Where it stands first.
    start: u32,
    /// The run without its last word, and without its first, by place among the runs one shorter.
    left: u32,
    right: u32,
    /// Sums of n ln n over how often, n, each frequent neighbour stands before and after it.
    before: f64,
    after: f64,
    /// The last passage counted.
    latest: u32,
}

/// The frequent runs of each length, and the text they stand in.
pub(super) struct Counted {
    tokens: Vec<u32>,
    levels: Vec<Vec<Gram>>,
    /// How many words the text has.
    words: f64,
}

impl Text {
    /// How many words it has, the marks between runs included.
    pub(super) fn len(&self) -> usize {
        self.tokens.len()
    }

    /// How many passages it has.
    pub(super) fn passages(&self) -> u32 {
        self.passages
    }

    /// Takes the next word.
    pub(super) fn push(&mut self, word: u32) {
        self.tokens.push(word);
    }

    /// Keeps the next word from following the last one.
    pub(super) fn break_run(&mut self) {
        if self.tokens.last().is_some_and(|&last| last < END) {
            self.tokens.push(BREAK);
        }
    }

    /// Begins another passage.
    pub(super) fn end_passage(&mut self) {
        self.tokens.push(END);
        self.passages += 1;
    }

    /// The runs of up to `longest` words that stand in at least `least` passages.
    pub(super) fn count(self, longest: usize, least: u32) -> Counted {
        let Self { tokens, .. } = self;
        let words = tokens.iter().filter(|&&token| token < END).count();
        let mut levels = Vec::with_capacity(longest);
        // The frequent run that begins at each place, by its number among those of its length.
        let mut begins = tokens.clone();
        for length in 1..=longest {
            let grams = count_level(&tokens, &mut begins, length, least);
            levels.push(grams);
        }
        // What stands beside a run is known from the runs one longer; neighbours too rare to be
        // counted are taken to stand there once each.
        for length in 1..longest {
            let (shorter, longer) = levels.split_at_mut(length);
            let (Some(shorter), Some(longer)) = (shorter.last_mut(), longer.first()) else {
                continue;
            };
            for gram in longer {
                let times = f64::from(gram.times);
                let sum = times * times.ln();
                if let Some(left) = shorter.get_mut(gram.left as usize) {
                    left.after += sum;
                }
                if let Some(right) = shorter.get_mut(gram.right as usize) {
                    right.before += sum;
                }
            }
        }
        #[expect(clippy::cast_precision_loss, reason = "a count of words, at most 2^32")]
        let words = words as f64;
        Counted {
            tokens,
            levels,
            words,
        }
    }
}

/// The frequent runs of `length`; `begins` says which frequent run one shorter begins where, and
/// afterwards which of these.
fn count_level(tokens: &[u32], begins: &mut [u32], length: usize, least: u32) -> Vec<Gram> {
    // A run is the two runs one shorter in it; a run of one word is the word.
    let key = |begins: &[u32], at: usize| -> Option<u64> {
        let left = *begins.get(at)?;
        if length == 1 {
            return (left < END).then_some(u64::from(left));
        }
        let right = *begins.get(at + 1)?;
        (left != NONE && right != NONE).then(|| u64::from(left) << 32 | u64::from(right))
    };
    let buckets = (tokens.len().next_power_of_two()).min(BUCKETS);
    let bucket = |key: u64| {
        // Fibonacci hashing; the upper bits are the mixed ones.
        let mixed = key.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32;
        usize::try_from(mixed).unwrap_or(0) & (buckets - 1)
    };
    let mut filled = vec![0_u8; buckets];
    for at in 0..tokens.len() {
        if let Some(key) = key(begins, at)
            && let Some(count) = filled.get_mut(bucket(key))
        {
            *count = count.saturating_add(1);
        }
    }
    let enough = u8::try_from(least).unwrap_or(u8::MAX);
    let mut found: FxHashMap<u64, Gram> = FxHashMap::default();
    let mut passage = 0;
    for (at, &token) in tokens.iter().enumerate() {
        if token == END {
            passage += 1;
        }
        let Some(key) = key(begins, at) else { continue };
        if filled.get(bucket(key)).is_none_or(|&count| count < enough) {
            continue;
        }
        let gram = found.entry(key).or_insert_with(|| Gram::at(at, key));
        gram.times += 1;
        if gram.passages == 0 || gram.latest != passage {
            gram.passages += 1;
            gram.latest = passage;
        }
    }
    found.retain(|_, gram| gram.passages >= least);
    let mut grams: Vec<Gram> = found.values().copied().collect();
    grams.sort_unstable_by_key(|gram| gram.start);
    let numbers: FxHashMap<u64, u32> = (0..)
        .zip(&grams)
        .map(|(id, gram)| (gram.key(), id))
        .collect();
    drop(found);
    for at in 0..tokens.len() {
        let id = key(begins, at)
            .and_then(|key| numbers.get(&key).copied())
            .unwrap_or(NONE);
        if let Some(place) = begins.get_mut(at) {
            *place = id;
        }
    }
    grams
}

impl Gram {
    fn at(start: usize, key: u64) -> Self {
        let half = |half: u64| u32::try_from(half & u64::from(u32::MAX)).unwrap_or(NONE);
        Self {
            passages: 0,
            times: 0,
            start: u32::try_from(start).unwrap_or(NONE),
            left: half(key >> 32),
            right: half(key),
            before: 0.0,
            after: 0.0,
            latest: 0,
        }
    }

    fn key(&self) -> u64 {
        u64::from(self.left) << 32 | u64::from(self.right)
    }

    /// The entropy of what stands beside it, on the side where that varies less, in nats.
    pub(super) fn freedom(&self) -> f64 {
        let times = f64::from(self.times);
        times.ln() - self.before.max(self.after) / times
    }
}

impl Counted {
    /// The frequent runs of `length` words, at least 1.
    pub(super) fn grams(&self, length: usize) -> &[Gram] {
        self.levels.get(length - 1).map_or(&[], Vec::as_slice)
    }

    /// The words of a run, by number.
    pub(super) fn run(&self, length: usize, gram: &Gram) -> &[u32] {
        let start = gram.start as usize;
        self.tokens.get(start..start + length).unwrap_or_default()
    }

    /// The shorter runs within one of `length` words: their length, and their place among those.
    pub(super) fn parts(&self, length: usize, gram: &Gram) -> Vec<(usize, u32)> {
        let mut parts = Vec::new();
        let mut level = vec![*gram];
        for shorter in (1..length).rev() {
            let mut ids: Vec<u32> = level.iter().map(|gram| gram.left).collect();
            ids.extend(level.last().map(|gram| gram.right));
            level = ids
                .iter()
                .filter_map(|&id| self.grams(shorter).get(id as usize).copied())
                .collect();
            parts.extend(ids.into_iter().map(|id| (shorter, id)));
        }
        parts
    }

    /// How often the first and the last word of a run stand anywhere.
    pub(super) fn ends(&self, length: usize, gram: &Gram) -> [u32; 2] {
        let follow = |side: fn(&Gram) -> u32| {
            let mut end = Some(gram);
            for shorter in (1..length).rev() {
                end = end.and_then(|longer| self.grams(shorter).get(side(longer) as usize));
            }
            end.map_or(u32::MAX, |word| word.times)
        };
        [follow(|gram| gram.left), follow(|gram| gram.right)]
    }

    /// The least normalised pointwise mutual information over the cuts of a run in two, from −1 to
    /// 1; 1 for a single word, which has no cut.
    pub(super) fn cohesion(&self, length: usize, gram: &Gram) -> f64 {
        let chance = |gram: &Gram| (f64::from(gram.times) / self.words).ln();
        let together = chance(gram);
        let (mut left, mut right) = (*gram, *gram);
        let mut beginnings = Vec::new();
        let mut endings = Vec::new();
        for shorter in (1..length).rev() {
            let grams = self.grams(shorter);
            let (Some(&beginning), Some(&ending)) = (
                grams.get(left.left as usize),
                grams.get(right.right as usize),
            ) else {
                return -1.0;
            };
            (left, right) = (beginning, ending);
            beginnings.push(chance(&left));
            endings.push(chance(&right));
        }
        // The longest beginning is what the shortest ending leaves.
        beginnings
            .iter()
            .zip(endings.iter().rev())
            .map(|(beginning, ending)| (together - beginning - ending) / -together)
            .fold(1.0, f64::min)
    }
}
