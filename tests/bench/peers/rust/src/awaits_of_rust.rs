// tests/bench/peers/rust/src/awaits_of_rust.rs: b1, b2, b6_b1, b12, b15: Python awaits Rust.
// SPDX-License-Identifier: MIT

use pyo3::prelude::*;

use crate::beside_others::Burner;
use crate::measure::counted_by_rust;
use crate::native;
use crate::request::{Request, warm_up};
use crate::side::{Side, number};
use crate::stopwatch::{Measured, Stopwatch};

/// Python awaits a no-op, one after another.
pub async fn b1(request: Request) -> PyResult<Measured> {
    let side = Side::get()?;
    counted_by_rust(request.warm_up(1), request.count, |count| async move {
        number(Python::attach(|py| side.run(py, "sequential", (native::nop(py, request.way)?, count)))?.await?)
    })
    .await
}

/// The same, many at once.
pub async fn b2(request: Request) -> PyResult<Measured> {
    at_once(request.way, request.in_flight, request.count).await
}

/// b1 while another Python thread computes.
pub async fn b6_b1(request: Request) -> PyResult<Measured> {
    let side = Side::get()?;
    let run = |count| async move {
        let timed =
            Python::attach(|py| side.run(py, "sequential_timed", (native::nop(py, request.way)?, count)))?.await?;
        Python::attach(|py| timed.into_bound(py).extract::<(u64, Vec<f64>)>())
    };
    let burner = Burner::start(side)?;
    run(request.warm_up(1)).await?;
    native::restart();
    let before = burner.iterations()?;
    let stopwatch = Stopwatch::start();
    let (checksum, samples) = run(request.count).await?;
    let measured = stopwatch.stop(request.count).returned(checksum, native::crossings());
    let iterations = burner.iterations()? - before;
    burner.stop()?;
    Ok(measured.percentiles(samples).value("burner_iterations", iterations as f64))
}

/// Python awaits what does not suspend: PyO3's own coroutine.
pub async fn b12(request: Request) -> PyResult<Measured> {
    let side = Side::get()?;
    counted_by_rust(request.warm_up(1), request.count, |count| async move {
        number(Python::attach(|py| side.run(py, "sequential", (native::trivial(py)?, count)))?.await?)
    })
    .await
}

/// b2 with COUNT at once, as often as makes enough operations.
pub async fn b15(request: Request) -> PyResult<Measured> {
    let side = Side::get()?;
    let times: u64 = Python::attach(|py| side.call(py, "repetitions", (request.count,))?.extract())?;
    at_once(request.way, request.count, request.count * times).await
}

async fn at_once(way: &'static str, in_flight: u64, count: u64) -> PyResult<Measured> {
    let side = Side::get()?;
    counted_by_rust(warm_up(count, in_flight), count, |count| async move {
        number(Python::attach(|py| side.run(py, "at_once", (native::nop(py, way)?, count, in_flight)))?.await?)
    })
    .await
}
