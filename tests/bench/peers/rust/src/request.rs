// tests/bench/peers/rust/src/request.rs: what the command line asks for.
// SPDX-License-Identifier: MIT

use crate::{BENCHES, Bench};

const KEYS: &str = "loop=asyncio|uvloop runtime=multi|current way=… in_flight=N blocking=N thread_states=new|kept";

#[derive(Clone, Copy, PartialEq)]
pub enum Loop {
    Asyncio,
    Uvloop,
}

#[derive(Clone, Copy, PartialEq)]
pub enum Runtime {
    Multi,
    Current,
}

/// A bench, how often, and how.
#[derive(Clone, Copy)]
pub struct Request {
    pub bench: &'static Bench,
    pub count: u64,
    pub event_loop: Loop,
    pub runtime: Runtime,
    /// One of the bench's ways, or empty.
    pub way: &'static str,
    pub in_flight: u64,
    /// `blocking=N`: how many threads tokio may have for blocking work. Since 0.27 pyo3-async-runtimes hands each
    /// result to Python in one of these. tokio's own limit is 512, and hundreds of threads that wait for the GIL can
    /// starve the one that has it, for minutes where there is one CPU; a user who has seen that allows a few.
    pub blocking: usize,
    /// `thread_states=kept`: each of tokio's threads keeps its Python thread state, where `thread_states=new` lets PyO3
    /// make and destroy one each time that the thread attaches. A user finds that with a profiler.
    ///
    /// `blocking=512 thread_states=new` is what one gets who only follows the library's documentation.
    pub keep_thread_states: bool,
}

impl Request {
    pub fn parse(mut words: impl Iterator<Item = String>) -> Result<Self, String> {
        let names = || BENCHES.iter().map(|bench| bench.name).collect::<Vec<_>>().join(" ");
        let usage = || format!("usage: bench_rust BENCH COUNT [key=value ...]; benches: {}", names());
        let name = words.next().ok_or_else(usage)?;
        let bench = BENCHES
            .iter()
            .find(|bench| bench.name == name)
            .ok_or_else(|| format!("no bench '{name}'; there are: {}", names()))?;
        let mut request = Request {
            bench,
            count: positive(&words.next().ok_or_else(usage)?)?,
            event_loop: Loop::Asyncio,
            runtime: Runtime::Multi,
            way: "",
            in_flight: 1000,
            blocking: 2,
            keep_thread_states: true,
        };
        for word in words {
            request.set(&word)?;
        }
        Ok(request)
    }

    pub fn warm_up(&self, batch: u64) -> u64 {
        warm_up(self.count, batch)
    }

    fn set(&mut self, word: &str) -> Result<(), String> {
        match word.split_once('=') {
            Some(("loop", "asyncio")) => self.event_loop = Loop::Asyncio,
            Some(("loop", "uvloop")) => self.event_loop = Loop::Uvloop,
            Some(("runtime", "multi")) => self.runtime = Runtime::Multi,
            Some(("runtime", "current")) => self.runtime = Runtime::Current,
            Some(("in_flight", number)) => self.in_flight = positive(number)?,
            Some(("blocking", number)) => self.blocking = positive(number)? as usize,
            Some(("thread_states", "new")) => self.keep_thread_states = false,
            Some(("thread_states", "kept")) => self.keep_thread_states = true,
            Some(("way", way)) => {
                let known = self.bench.ways;
                self.way = known.iter().find(|known| **known == way).ok_or_else(|| {
                    let known = if known.is_empty() { "none".to_string() } else { known.join(" ") };
                    format!("{} has no way '{way}'; there are: {known}", self.bench.name)
                })?;
            }
            _ => return Err(format!("unknown: {word}; keys: {KEYS}")),
        }
        Ok(())
    }
}

/// How many operations to warm up with: a tenth, at least one, in whole batches.
pub fn warm_up(count: u64, batch: u64) -> u64 {
    (count / 10).max(1).div_ceil(batch) * batch
}

fn positive(word: &str) -> Result<u64, String> {
    word.parse()
        .ok()
        .filter(|number| (1..=1_000_000_000).contains(number))
        .ok_or_else(|| format!("not a number from 1 to 1000000000: {word}"))
}
