"""Finding the scheduler of a Dask cluster, and giving its workers the sweep."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

from distributed import Client, Security
from distributed.comm.core import connect

from archsim.errors import ConfigError, SimulationError
from archsim.sweep.on_worker import Kept

CONNECTING_S = 15.0
"""Until a scheduler has to answer, and until a worker has to be there."""


def connected(address: str, kept: Kept, *, stoppable: bool) -> Client:
    """Return a client of a cluster whose workers have a sweep; those that come later get it, too.

    Args:
        address: Of the scheduler.
        kept: What each worker keeps.
        stoppable: Whether workers have to have nannies, which can stop them.

    Raises:
        ConfigError: No scheduler answers, no worker is there, or they are of no use.
    """
    try:
        _call(address)
        client = Client(address, timeout=CONNECTING_S, set_as_default=False)
    except Exception as fault:  # noqa: BLE001 - whoever answers may be anything
        raise _absent(address, "no scheduler", fault) from None
    try:
        client.wait_for_workers(1, timeout=CONNECTING_S)
        if stoppable:
            _check_nannies(client)
        client.register_plugin(kept, name=kept.name)
    except TimeoutError as fault:
        client.close()
        raise _absent(address, "a scheduler without workers", fault) from None
    except Exception as fault:
        client.close()
        if isinstance(fault, ConfigError):
            raise
        raise _absent(address, "workers that cannot take a sweep", fault) from None
    return client


def restart(client: Client, workers: Iterable[str]) -> None:
    """Have workers started anew by their nannies; one that does not come back is no fault."""
    client.restart_workers(list(workers), timeout=CONNECTING_S, raise_for_error=False)


def gone(address: str) -> SimulationError:
    """Return what to say of a scheduler that does not answer any more."""
    return SimulationError(
        f"dask: {address}: found the scheduler gone; expected it to the end; start it anew, and "
        "run again: what is finished is kept"
    )


def _call(address: str) -> None:
    """Raise if no scheduler answers, which a client would go on trying after its own failure."""

    async def call() -> None:
        using = Security().get_connection_args("client")
        answer = connect(address, timeout=CONNECTING_S, **using)
        comm = await asyncio.wait_for(answer, CONNECTING_S)  # what is silent, too
        await comm.close()

    with ThreadPoolExecutor(1) as thread:  # notebooks have a loop of their own in this one
        thread.submit(asyncio.run, call()).result()


def _check_nannies(client: Client) -> None:
    workers = client.scheduler_info()["workers"]
    alone = [address for address, about in workers.items() if about["nanny"] is None]
    if alone:
        raise ConfigError(
            f"timeout: found workers without a nanny ({', '.join(alone)}), which nobody can stop; "
            "expected nannies; start workers with --nanny, or leave --timeout out"
        )


def _absent(address: str, found: str, fault: Exception) -> ConfigError:
    text = " ".join(str(fault).split()) or type(fault).__name__
    return ConfigError(
        f"dask: {address}: found {found} ({text}); expected a scheduler that answers and workers "
        "that have archsim; start dask scheduler and dask worker, or check the address"
    )
