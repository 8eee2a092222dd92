"""A pipeline in a process of its own: `serve.py CAMERAS MODEL...`, until its input ends.

CAMERAS is a cameras.yaml. Prints how to reach the pipeline, as JSON, once it runs.
"""

import asyncio
import json
import sys
from dataclasses import asdict
from pathlib import Path

from cnap import cameras
from cnap.pipeline import Pipeline


async def serve(text: str, models: list[str]) -> None:
    pipeline = Pipeline(cameras.parse(text), models, 0)
    try:
        print(json.dumps(asdict(await pipeline.start())), flush=True)
        await asyncio.to_thread(sys.stdin.read)
    finally:
        await pipeline.stop()


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1]).read_text(), sys.argv[2:]))
