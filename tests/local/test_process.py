import logging
import sys

import pytest

from cnap.local.process import Guard, Process


@pytest.fixture
async def start():
    guard = Guard()
    await guard.start()

    async def start(script):
        return await Process.start("fn-1", [sys.executable, "-c", script], {}, guard)

    yield start
    await guard.stop()


async def test_its_words_go_to_the_log_under_its_name(start, caplog):
    caplog.set_level(logging.INFO, "cnap.local")
    process = await start("import sys; print('hello'); print('oh', file=sys.stderr); sys.exit(2)")
    assert await process.wait() == 2
    assert {"fn-1 | hello", "fn-1 | oh"} <= set(caplog.messages)
    assert process.epitaph() == "exit code 2: oh"


async def test_a_line_without_end_breaks_nothing(start):
    process = await start("import sys; sys.stderr.write('x' * 300_000 + '\\nend\\n')")
    assert await process.wait() == 0
    assert process.tail[-1] == "end"


async def test_long_last_words_are_cut_from_the_front(start):
    process = await start("import sys; sys.exit('a' * 2000 + 'the reason')")
    await process.wait()
    assert process.epitaph().endswith("the reason")
    assert len(process.epitaph()) < 600


async def test_stop_asks_first(start):
    process = await start("import signal; signal.sigwait([signal.SIGTERM])")
    await process.stop(grace=5)
    assert process.returncode is not None


async def test_a_death_by_signal_is_named(start):
    process = await start("import os; os.kill(os.getpid(), 9)")
    await process.wait()
    assert process.epitaph() == "killed by SIGKILL"
