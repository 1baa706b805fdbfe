"""Measures the time from the end of a fault until the system is as before."""

import asyncio

from audit import quantity
from http1 import RequestFailure

WAIT_MAX_S = 120
VISIBLE_WAIT_S = 2


async def recovery(load, since, drains=True, wait_max_s=None):
    """Waits until an entry registered by each lancamentos is seen by each consolidado and the backlog is gone.

    Where the backlog was deleted it cannot drain, and only the probes count.
    Returns the seconds since then, or None after wait_max_s (usually WAIT_MAX_S)."""
    clock = asyncio.get_running_loop().time
    while clock() < since + (wait_max_s or WAIT_MAX_S):
        begin = clock()
        seen = await asyncio.gather(*(probe(load, origin) for origin in list(load.lancamentos)))
        if all(seen) and (not drains or await is_drained(load)):
            return clock() - since
        await asyncio.sleep(max(0, 0.1 - (clock() - begin)))
    return None


async def probe(load, origin):
    """Whether an entry through this instance is acknowledged at once and soon in every instance's balance."""
    entry = await load.register_once(origin)
    if entry is None:
        return False
    return all(await asyncio.gather(*(sees(consolidado, entry) for consolidado in list(load.consolidados))))


async def sees(consolidado, entry):
    target = f"/v1/consolidados/{entry.data}?conta={entry.conta}&apos={entry.id}"
    try:
        answer = await consolidado.request("GET", target, VISIBLE_WAIT_S + 1, [("Prefer", f"wait={VISIBLE_WAIT_S}")])
    except RequestFailure:
        return False
    return answer.status == 200


async def is_drained(load):
    """Whether the balances hold every entry acknowledged in the accounts of before."""
    seen = await quantity(load.consolidados[0], load.ledger, "antes")
    return seen is not None and seen >= load.ledger.acknowledged_before()
