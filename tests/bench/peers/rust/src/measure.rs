// tests/bench/peers/rust/src/measure.rs: warms up, restarts the counter of the other side, and measures.
// SPDX-License-Identifier: MIT

use std::future::Future;

use pyo3::PyResult;

use crate::native;
use crate::side::Side;
use crate::stopwatch::{Measured, Stopwatch};

/// What Python counts: `run` makes so many operations and sums their values.
pub async fn counted_by_python<F>(warm_up: u64, count: u64, run: impl Fn(u64) -> F) -> PyResult<Measured>
where
    F: Future<Output = PyResult<u64>>,
{
    let side = Side::get()?;
    run(warm_up).await?;
    side.restart()?;
    let stopwatch = Stopwatch::start();
    let checksum = run(count).await?;
    let measured = stopwatch.stop(count);
    Ok(measured.returned(checksum, side.crossings()?))
}

/// What Rust counts, likewise.
pub async fn counted_by_rust<F>(warm_up: u64, count: u64, run: impl Fn(u64) -> F) -> PyResult<Measured>
where
    F: Future<Output = PyResult<u64>>,
{
    run(warm_up).await?;
    native::restart();
    let stopwatch = Stopwatch::start();
    let checksum = run(count).await?;
    Ok(stopwatch.stop(count).returned(checksum, native::crossings()))
}
