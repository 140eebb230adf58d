// tests/bench/peers/rust/src/main.rs: bench_rust BENCH COUNT [key=value ...]: measures the best peer in Rust.
// SPDX-License-Identifier: MIT

//! The best peer in Rust: the newest pyo3-async-runtimes with tokio, used as its documentation shows, but for what
//! somebody changes who has measured (`blocking=` and `thread_states=` in `request.rs`).
//!
//! The main thread belongs to asyncio, tokio has threads of its own, and each bench is an async function that tokio
//! runs. How everything is set up is in `program.rs`; the benches are in the other files, in groups.

mod awaits_of_python;
mod awaits_of_rust;
mod beside_others;
mod footprint;
mod measure;
mod native;
mod program;
mod request;
mod side;
mod stopwatch;
mod streams;

use std::process::ExitCode;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use pyo3::PyResult;

use request::Request;
use stopwatch::Measured;

/// A bench: what it is called, the values of `way=` that it knows beside none, and what it does.
pub struct Bench {
    pub name: &'static str,
    pub ways: &'static [&'static str],
    pub run: fn(Request) -> BoxFuture<'static, PyResult<Measured>>,
}

macro_rules! bench {
    ($name:literal, $ways:expr, $function:path) => {
        Bench { name: $name, ways: $ways, run: |request| $function(request).boxed() }
    };
}

pub static BENCHES: &[Bench] = &[
    bench!("b1", native::WAYS, awaits_of_rust::b1),
    bench!("b2", native::WAYS, awaits_of_rust::b2),
    bench!("b3", &[], awaits_of_python::b3),
    bench!("b4", awaits_of_python::WAYS, awaits_of_python::b4),
    bench!("b5_sequential", &[], awaits_of_python::b5_sequential),
    bench!("b5_at_once", awaits_of_python::WAYS, awaits_of_python::b5_at_once),
    bench!("b6_b1", native::WAYS, awaits_of_rust::b6_b1),
    bench!("b6_b3", &[], awaits_of_python::b6_b3),
    bench!("b7", &["timerfd"], beside_others::b7),
    bench!("b8_python_awaits", native::WAYS, footprint::b8_python_awaits),
    bench!("b8_native_awaits", &["batched"], footprint::b8_native_awaits),
    bench!("b9_sequential", native::WAYS, awaits_of_python::b9_sequential),
    bench!("b9_at_once", native::WAYS, awaits_of_python::b9_at_once),
    bench!("b10", &["full"], footprint::b10),
    bench!("b11_python_to_native", &["v1", "v2", "v2_chunks"], streams::python_to_native),
    bench!("b11_native_to_python", native::WAYS, streams::native_to_python),
    bench!("b12", &[], awaits_of_rust::b12),
    bench!("b13_idle", &[], beside_others::b13_idle),
    bench!("b13_paced", native::WAYS, beside_others::b13_paced),
    bench!("b14_fair", native::WAYS, beside_others::b14_fair),
    bench!("b14_plain", &[], beside_others::b14_plain),
    bench!("b15", native::WAYS, awaits_of_rust::b15),
];

fn main() -> ExitCode {
    let request = match Request::parse(std::env::args().skip(1)) {
        Ok(request) => request,
        Err(message) => {
            eprintln!("bench_rust: {message}");
            return ExitCode::from(2);
        }
    };
    program::run(request)
}
