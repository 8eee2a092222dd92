"""What has been sent and waits for its outcomes, and what those say."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence

from cnap.archive.committed import Committed
from cnap.archive.pieces import End, Piece

REASON = 200
"""Characters of a reason, by the result's schema."""

Result = dict[str, object]


class Awaited:
    """A segment, or a file's end, in its place in the order of sending."""

    def __init__(self, what: Piece | End, stream: str, models: Sequence[str]) -> None:
        self.what = what
        self._stream, self._models = stream, models
        self._results: dict[str, Result] = {}
        self.done = asyncio.Event()
        if isinstance(what, End):
            if what.reason:
                self._results = {model: self._unread(what, model) for model in models}
            self.done.set()
        elif not what.cut.framecount:  # its frames are the next segments'
            self.done.set()

    @property
    def results(self) -> Iterator[Result]:
        """The models' results, each with its `file`, when it is done."""
        for model in self._models:
            if model in self._results:
                yield self._results[model] | {"file": self.what.file.name}

    def take(self, one: Committed) -> None:
        """Takes a model's outcome."""
        self._results[one.model] = one.result or self._without(one.model, one.about)
        if all(model in self._results for model in self._models):
            self.done.set()

    def _without(self, model: str, about: Mapping) -> Result:
        words = str(about.get("message", ""))[:REASON]
        reasons = [words or why for why, count in about["failed"].items() for _ in range(count)]
        failed = [{"index": i, "reason": reason} for i, reason in enumerate(reasons)]
        dropped = {reason: count for reason, count in about["dropped"].items() if count}
        facts = self._facts(model, self.what.cut.sequence, self.what.size, failed)
        return facts | ({"dropped": dropped} if dropped else {})

    def _unread(self, end: End, model: str) -> Result:
        """The rest of a file is in no segment, and nobody knows how many frames that is."""
        failed = [{"index": None, "reason": end.reason[:REASON]}]
        return self._facts(model, None, (None, None), failed)

    def _facts(
        self, model: str, sequence: int | None, size: tuple[int | None, int | None], failed: list
    ) -> Result:
        return {
            "stream": self._stream,
            "model": model,
            "sequence": sequence,
            "width": size[0],
            "height": size[1],
            "frames": [],
            "failed": failed,
            "timings": {},
        }
