"""A store that goes away under those who watch, and comes back."""

import asyncio
import shutil

from aiohttp.test_utils import TestClient

from cnap.stores.directory import DirectoryStore
from tests.dashboard.ledger import EPOCH
from tests.dashboard.test_segments import PATH, put, told


async def test_the_store_is_gone(client: TestClient, folder_store: DirectoryStore) -> None:
    put(folder_store, 0, 0)
    assert (await client.get(PATH)).status == 200
    shutil.rmtree(folder_store.root)

    response = await client.get(f"{PATH}?after={EPOCH}-0&wait=10")
    assert response.status == 503
    assert "gone" in (await response.json())["error"]

    folder_store.root.mkdir()
    put(folder_store, 1, 1)
    async with asyncio.timeout(20):
        while (response := await client.get(f"{PATH}?after={EPOCH}-0")).status == 503:
            await asyncio.sleep(0.1)
    assert (await told(response))[1] == 1
