"""A cold start whose segments overtake each other."""

from contextlib import contextmanager
from types import SimpleNamespace

from cnap.bench.measures import coldstart
from cnap.bench.results import Results
from cnap.bench.workload import Workload
from tests import media
from tests.bench.test_results import COMMITTED, DATA


class Overtaken:
    """A pipeline whose first result is the second segment's: the first one's comes a moment later,
    and only then it is known how long the start took."""

    def __init__(self) -> None:
        self._asked = 0
        self.now: list = []

    def account(self, name: str) -> SimpleNamespace:
        self._asked += 1
        return SimpleNamespace(coldstart=1.5 if self._asked > 2 else None)

    def cameras(self, wanted: list) -> None:
        self.now = [camera.name for camera in wanted]

    def replicas(self, ready: bool = True) -> dict[str, int]:
        return {"transcode": 0}

    def starts(self, types: dict, since: float) -> dict:
        return dict.fromkeys(types, SimpleNamespace(stages={}))

    @contextmanager
    def results(self, names: list[str]):
        yield Results(names, lambda: [(name, COMMITTED, DATA) for name in self.now])

    def url(self, clip: object) -> str:
        return str(clip)


def test_the_first_segments_result_is_waited_for(tmp_path):
    film = media.clip(tmp_path / "film.mp4", frames=5)
    found = {one.name: one for one in coldstart.measure(Overtaken(), Workload(film, ("yunet",)))}
    assert found["cold start"].values == [1.5]
