// tests/bench/peers/rust/src/awaits_of_python.rs: b3, b4, b5, b6_b3, b9: Rust awaits Python, and there and back.
// SPDX-License-Identifier: MIT

use std::future::Future;

use futures_util::future::try_join_all;
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;

use crate::beside_others::Burner;
use crate::measure::{counted_by_python, counted_by_rust};
use crate::native;
use crate::request::Request;
use crate::side::{Side, number};
use crate::stopwatch::Measured;

/// How many awaits at once can be written: a tokio task for each (no way given), all joined in one task, or by hand:
/// all futures made under one GIL, all awaited, and all values taken under one GIL.
pub const WAYS: &[&str] = &["joined", "batched"];

/// What is awaited: how the coroutine is made, and what a value counts for.
#[derive(Clone, Copy)]
struct Operation {
    begin: for<'py> fn(&'static Side, Python<'py>) -> PyResult<Bound<'py, PyAny>>,
    count: for<'py> fn(Bound<'py, PyAny>) -> PyResult<u64>,
}

const NOP: Operation = Operation { begin: |side, py| side.nop.bind(py).call0(), count: |value| value.extract() };

const SLEEP_ZERO: Operation =
    Operation { begin: |side, py| side.sleep.bind(py).call1((0,)), count: |value| Ok(u64::from(value.is_none())) };

impl Operation {
    /// One await as a user writes it.
    async fn run(self, side: &'static Side) -> PyResult<u64> {
        let value = Python::attach(|py| side.future_of((self.begin)(side, py)?))?.await?;
        Python::attach(|py| (self.count)(value.into_bound(py)))
    }

    async fn sequential(self, side: &'static Side, count: u64) -> PyResult<u64> {
        let mut total = 0;
        for _ in 0..count {
            total += self.run(side).await?;
        }
        Ok(total)
    }

    async fn at_once(self, side: &'static Side, way: &'static str, count: u64, in_flight: u64) -> PyResult<u64> {
        in_batches(count, in_flight, |batch| async move {
            match way {
                "joined" => Ok(try_join_all((0..batch).map(|_| self.run(side))).await?.iter().sum()),
                "batched" => self.batched(side, batch).await,
                _ => tasks(batch, || self.run(side)).await,
            }
        })
        .await
    }

    async fn batched(self, side: &'static Side, batch: u64) -> PyResult<u64> {
        let futures = Python::attach(|py| {
            (0..batch).map(|_| side.future_of((self.begin)(side, py)?)).collect::<PyResult<Vec<_>>>()
        })?;
        let mut values = Vec::with_capacity(futures.len());
        for future in futures {
            values.push(future.await?);
        }
        Python::attach(|py| values.into_iter().map(|value| (self.count)(value.into_bound(py))).sum())
    }
}

/// Rust awaits scenario.nop(), one after another.
pub async fn b3(request: Request) -> PyResult<Measured> {
    sequential(request, NOP).await
}

/// The same, many at once.
pub async fn b4(request: Request) -> PyResult<Measured> {
    at_once(request, NOP).await
}

/// Rust awaits asyncio.sleep(0), one after another. Nobody counts in Python: a crossing is a None that came back.
pub async fn b5_sequential(request: Request) -> PyResult<Measured> {
    let measured = sequential(request, SLEEP_ZERO).await?;
    Ok(Measured { crossings: measured.checksum, ..measured })
}

/// The same, many at once.
pub async fn b5_at_once(request: Request) -> PyResult<Measured> {
    let measured = at_once(request, SLEEP_ZERO).await?;
    Ok(Measured { crossings: measured.checksum, ..measured })
}

/// b3 while another Python thread computes.
pub async fn b6_b3(request: Request) -> PyResult<Measured> {
    let burner = Burner::start(Side::get()?)?;
    let measured = sequential(request, NOP).await?;
    let iterations = burner.iterations()?;
    burner.stop()?;
    Ok(measured.value("burner_iterations", iterations as f64))
}

/// Rust awaits a Python coroutine that awaits Rust, one after another.
pub async fn b9_sequential(request: Request) -> PyResult<Measured> {
    let there = There::new(request.way)?;
    counted_by_rust(request.warm_up(1), request.count, |count| async move {
        let mut total = 0;
        for _ in 0..count {
            total += there.run().await?;
        }
        Ok(total)
    })
    .await
}

/// The same, many at once.
pub async fn b9_at_once(request: Request) -> PyResult<Measured> {
    let there = There::new(request.way)?;
    let in_flight = request.in_flight;
    counted_by_rust(request.warm_up(in_flight), request.count, |count| {
        in_batches(count, in_flight, |batch| tasks(batch, || there.run()))
    })
    .await
}

async fn sequential(request: Request, operation: Operation) -> PyResult<Measured> {
    let side = Side::get()?;
    counted_by_python(request.warm_up(1), request.count, |count| operation.sequential(side, count)).await
}

async fn at_once(request: Request, operation: Operation) -> PyResult<Measured> {
    let side = Side::get()?;
    let in_flight = request.in_flight;
    counted_by_python(request.warm_up(in_flight), request.count, |count| {
        operation.at_once(side, request.way, count, in_flight)
    })
    .await
}

/// `scenario.there(native_nop)`.
struct There {
    side: &'static Side,
    function: Py<PyAny>,
    native: Py<PyAny>,
}

impl There {
    /// Never dropped, as `Side`.
    fn new(way: &str) -> PyResult<&'static There> {
        let side = Side::get()?;
        Python::attach(|py| {
            let function = py.import("scenario")?.getattr("there")?.unbind();
            let there = There { side, function, native: native::nop(py, way)?.unbind() };
            Ok(&*Box::leak(Box::new(there)))
        })
    }

    async fn run(&'static self) -> PyResult<u64> {
        let future = Python::attach(|py| self.side.future_of(self.function.bind(py).call1((self.native.bind(py),))?))?;
        number(future.await?)
    }
}

/// Runs `count` operations in batches of `in_flight` (fewer in the last one), and sums what they return.
async fn in_batches<F>(mut count: u64, in_flight: u64, run: impl Fn(u64) -> F) -> PyResult<u64>
where
    F: Future<Output = PyResult<u64>>,
{
    let mut total = 0;
    while count > 0 {
        let batch = count.min(in_flight);
        total += run(batch).await?;
        count -= batch;
    }
    Ok(total)
}

/// A tokio task for each of `batch` operations.
async fn tasks<F>(batch: u64, operation: impl Fn() -> F) -> PyResult<u64>
where
    F: Future<Output = PyResult<u64>> + Send + 'static,
{
    let tasks: Vec<_> = (0..batch).map(|_| tokio::spawn(operation())).collect();
    let mut total = 0;
    for task in tasks {
        total += task.await.map_err(|error| PyRuntimeError::new_err(error.to_string()))??;
    }
    Ok(total)
}
