// tests/bench/peers/rust/src/footprint.rs: b8 and b10: memory, and the process from start to exit.
// SPDX-License-Identifier: MIT

use std::time::Duration;

use futures_util::future::join_all;
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3_async_runtimes::tokio::into_future;

use crate::native;
use crate::request::Request;
use crate::side::Side;
use crate::stopwatch::{Measured, Stopwatch};

/// What Python's await of a Rust future takes, in bytes.
pub async fn b8_python_awaits(request: Request) -> PyResult<Measured> {
    let side = Side::get()?;
    let run = |count: u64| async move {
        let found = Python::attach(|py| {
            side.run(py, "bytes_in_flight", (native::pending(py, request.way)?, count, native::begun(py)?))
        })?;
        let found = found.await?;
        Python::attach(|py| found.into_bound(py).extract::<f64>())
    };
    run(1).await?;
    native::restart();
    let stopwatch = Stopwatch::start();
    let bytes = run(request.count).await?;
    Ok(stopwatch.stop(request.count).returned(0, native::crossings()).value("bytes", bytes))
}

/// What Rust's await of a Python coroutine takes: a tokio task for each, or (way=batched) all futures made under one
/// GIL and joined in one task. They end with the process: to drop a future does not cancel what it awaits.
///
/// The library holds no reference to the asyncio task that it makes, and nobody else holds one to a task of
/// scenario.pending(): Python's garbage collector would take them while Rust waits. So it stands still here.
pub async fn b8_native_awaits(request: Request) -> PyResult<Measured> {
    let side = Side::get()?;
    side.restart()?;
    Python::attach(|py| -> PyResult<()> {
        let gc = py.import("gc")?;
        gc.call_method0("collect")?;
        gc.call_method0("disable").map(drop)
    })?;
    begin_pending(side, "", 1)?;
    until_begun(side, 1).await?;
    side.restart()?;
    let before = resident_bytes(side)?;
    let stopwatch = Stopwatch::start();
    begin_pending(side, request.way, request.count)?;
    until_begun(side, request.count).await?;
    let measured = stopwatch.stop(request.count).returned(0, side.crossings()?);
    let bytes = (resident_bytes(side)? - before) / request.count as f64;
    Ok(measured.value("bytes", bytes))
}

fn begin_pending(side: &'static Side, way: &str, count: u64) -> PyResult<()> {
    if way == "batched" {
        let futures = Python::attach(|py| {
            (0..count).map(|_| side.future_of(side.pending.bind(py).call0()?)).collect::<PyResult<Vec<_>>>()
        })?;
        tokio::spawn(join_all(futures));
        return Ok(());
    }
    for _ in 0..count {
        tokio::spawn(async {
            let future = Python::attach(|py| side.future_of(side.pending.bind(py).call0()?))?;
            future.await.map(drop)
        });
    }
    Ok(())
}

/// Waits until Python has counted so many, and a little more.
async fn until_begun(side: &Side, count: u64) -> PyResult<()> {
    for _ in 0..12_000 {
        tokio::time::sleep(Duration::from_millis(10)).await;
        if side.crossings()? >= count {
            tokio::time::sleep(Duration::from_millis(50)).await;
            return Ok(());
        }
    }
    Err(PyRuntimeError::new_err("not all coroutines have begun"))
}

fn resident_bytes(side: &Side) -> PyResult<f64> {
    Python::attach(|py| side.call(py, "resident_bytes", ())?.extract())
}

/// Hello: Rust awaits asyncio.sleep(0). The harness times the process; way=full ends Python in order, too.
pub async fn b10(request: Request) -> PyResult<Measured> {
    let stopwatch = Stopwatch::start();
    let slept = Python::attach(|py| into_future(py.import("asyncio")?.call_method1("sleep", (0,))?))?.await?;
    let checksum = Python::attach(|py| u64::from(slept.into_bound(py).is_none()));
    Ok(stopwatch.stop(request.count).returned(checksum, checksum))
}
