// tests/bench/peers/rust/src/streams.rs: b11: streams in both directions.
// SPDX-License-Identifier: MIT

use std::pin::pin;
use std::sync::Arc;

use futures_util::{Stream, StreamExt, stream};
use pyo3::exceptions::PyStopAsyncIteration;
use pyo3::prelude::*;
use pyo3_async_runtimes::tokio::{future_into_py, get_runtime, into_stream_with_locals_v1, into_stream_with_locals_v2};
use tokio::sync::{Mutex, mpsc};

use crate::measure::{counted_by_python, counted_by_rust};
use crate::native;
use crate::request::Request;
use crate::side::{Side, number};
use crate::stopwatch::Measured;

/// Rust consumes an async generator. way=v1 (also without a way): each item is an await; way=v2: Python forwards into a
/// channel of 10; way=v2_chunks: the same, and what is there is converted under one GIL.
pub async fn python_to_native(request: Request) -> PyResult<Measured> {
    let side = Side::get()?;
    counted_by_python(request.warm_up(1), request.count, |count| consume(side, request.way, count)).await
}

async fn consume(side: &'static Side, way: &'static str, count: u64) -> PyResult<u64> {
    let mut total = 0;
    match way {
        "v2" => {
            let mut items = pin!(stream_v2(side, count)?);
            while let Some(item) = items.next().await {
                total += number(item)?;
            }
        }
        "v2_chunks" => {
            let mut chunks = pin!(stream_v2(side, count)?.ready_chunks(16));
            while let Some(items) = chunks.next().await {
                total += Python::attach(|py| {
                    items.into_iter().map(|item| item.into_bound(py).extract::<u64>()).sum::<PyResult<u64>>()
                })?;
            }
        }
        _ => {
            let items = Python::attach(|py| {
                into_stream_with_locals_v1(side.locals.clone(), side.call(py, "stream", (count,))?)
            })?;
            let mut items = pin!(items);
            while let Some(item) = items.next().await {
                total += number(item?)?;
            }
        }
    }
    Ok(total)
}

fn stream_v2(side: &'static Side, count: u64) -> PyResult<impl Stream<Item = Py<PyAny>> + 'static> {
    Python::attach(|py| into_stream_with_locals_v2(side.locals.clone(), side.call(py, "stream", (count,))?))
}

/// Python consumes a stream of Rust. The library has nothing for that: users write the class.
pub async fn native_to_python(request: Request) -> PyResult<Measured> {
    let side = Side::get()?;
    counted_by_rust(request.warm_up(1), request.count, |count| async move {
        let consumed = Python::attach(|py| {
            let items = match request.way {
                "async_fn" => Bound::new(py, Channel::new(count))?.into_any(),
                _ => Bound::new(py, Numbers::new(count))?.into_any(),
            };
            side.run(py, "consume", (items,))
        })?;
        number(consumed.await?)
    })
    .await
}

/// Any stream of tokio's, each item an await of its own.
#[pyclass]
struct Numbers {
    items: Arc<Mutex<stream::BoxStream<'static, u64>>>,
}

impl Numbers {
    fn new(count: u64) -> Self {
        Numbers { items: Arc::new(Mutex::new(stream::iter(0..count).map(|_| native::next_number()).boxed())) }
    }
}

#[pymethods]
impl Numbers {
    fn __aiter__(this: Py<Self>) -> Py<Self> {
        this
    }

    fn __anext__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let items = self.items.clone();
        future_into_py(
            py,
            async move { items.lock().await.next().await.ok_or_else(|| PyStopAsyncIteration::new_err(())) },
        )
    }
}

/// A tokio task sends into a channel, from which the coroutines of PyO3 receive on the asyncio thread: where an item is
/// there already, nobody has to be woken.
#[pyclass]
struct Channel {
    items: mpsc::Receiver<u64>,
}

impl Channel {
    fn new(count: u64) -> Self {
        let (sender, items) = mpsc::channel(64);
        get_runtime().spawn(async move {
            for _ in 0..count {
                if sender.send(native::next_number()).await.is_err() {
                    break;
                }
            }
        });
        Channel { items }
    }
}

#[pymethods]
impl Channel {
    fn __aiter__(this: Py<Self>) -> Py<Self> {
        this
    }

    /// PyO3 takes no `async fn` for this name itself.
    fn __anext__<'py>(this: Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        this.call_method0(pyo3::intern!(this.py(), "next_item"))
    }

    async fn next_item(&mut self) -> PyResult<u64> {
        self.items.recv().await.ok_or_else(|| PyStopAsyncIteration::new_err(()))
    }
}
