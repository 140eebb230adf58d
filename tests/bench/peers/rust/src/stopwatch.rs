// tests/bench/peers/rust/src/stopwatch.rs: the time of what is measured, and the line of JSON that tells it.
// SPDX-License-Identifier: MIT

use std::time::Instant;

use serde_json::{Map, Value, json};

/// Wall and CPU time since a moment.
pub struct Stopwatch {
    begin: Instant,
    cpu_seconds: f64,
}

impl Stopwatch {
    pub fn start() -> Self {
        Stopwatch { cpu_seconds: cpu_seconds(), begin: Instant::now() }
    }

    /// What was measured since `start`: `count` operations, as many `crossings` counted by the other side, and the sum
    /// of what came back.
    pub fn stop(&self, count: u64) -> Measured {
        let seconds = self.begin.elapsed().as_secs_f64();
        Measured { count, seconds, cpu_seconds: cpu_seconds() - self.cpu_seconds, ..Measured::default() }
    }
}

/// The measured part.
#[derive(Default)]
pub struct Measured {
    pub count: u64,
    pub crossings: u64,
    pub checksum: u64,
    pub seconds: f64,
    pub cpu_seconds: f64,
    pub values: Map<String, Value>,
}

impl Measured {
    pub fn returned(mut self, checksum: u64, crossings: u64) -> Self {
        self.checksum = checksum;
        self.crossings = crossings;
        self
    }

    pub fn value(mut self, name: &str, value: f64) -> Self {
        self.values.insert(name.to_string(), json!(value));
        self
    }

    /// p50 and p99 of `samples`, which are in seconds, in microseconds.
    pub fn percentiles(self, mut samples: Vec<f64>) -> Self {
        samples.sort_by(f64::total_cmp);
        let percentile = |percent: usize| samples[(samples.len() * percent).div_ceil(100).max(1) - 1] * 1e6;
        let (p50, p99) = (percentile(50), percentile(99));
        self.value("p50_us", p50).value("p99_us", p99)
    }

    pub fn to_json(&self, bench: &str) -> String {
        json!({
            "bench": bench,
            "count": self.count,
            "crossings": self.crossings,
            "checksum": self.checksum,
            "seconds": self.seconds,
            "cpu_seconds": self.cpu_seconds,
            "values": self.values,
        })
        .to_string()
    }
}

/// The CPU time of this process so far, user and system.
fn cpu_seconds() -> f64 {
    let mut usage = std::mem::MaybeUninit::<libc::rusage>::zeroed();
    // SAFETY: getrusage fills in what it is given, and cannot fail for RUSAGE_SELF; all zeros are a valid rusage, too.
    let usage = unsafe {
        libc::getrusage(libc::RUSAGE_SELF, usage.as_mut_ptr());
        usage.assume_init()
    };
    let seconds = |time: libc::timeval| time.tv_sec as f64 + time.tv_usec as f64 * 1e-6;
    seconds(usage.ru_utime) + seconds(usage.ru_stime)
}
