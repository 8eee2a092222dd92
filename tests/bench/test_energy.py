"""Joules by a RAPL of our own making, by what a person says, and not at all."""

import pytest

from cnap.bench.energy import Energy


@pytest.fixture
def rapl(tmp_path):
    """Writes a counter: microjoules."""

    def counter(place, name, energy, wraps=10_000_000):
        folder = tmp_path / place
        folder.mkdir(exist_ok=True)
        (folder / "name").write_text(name + "\n")
        (folder / "energy_uj").write_text(f"{energy}\n")
        (folder / "max_energy_range_uj").write_text(f"{wraps}\n")

    counter.place = tmp_path
    return counter


def test_packages_and_memory_count_and_what_repeats_them_does_not(rapl):
    names = {
        "intel-rapl:0": ("package-0", 1_000_000),
        "intel-rapl:0:0": ("core", 500_000),
        "intel-rapl:0:1": ("dram", 100_000),
        "intel-rapl:1": ("package-1", 2_000_000),
        "intel-rapl:2": ("psys", 9_000_000),
    }
    for place, (name, energy) in names.items():
        rapl(place, name, energy)
    energy = Energy(rapl.place, "")
    for place, (name, before) in names.items():
        rapl(place, name, before + 250_000)
    joules, source = energy.spent(cpu=100)

    assert joules == pytest.approx(0.75)
    assert source.startswith("RAPL")


def test_a_counter_that_began_anew(rapl):
    rapl("intel-rapl:0", "package-0", 9_900_000)
    energy = Energy(rapl.place, "")
    rapl("intel-rapl:0", "package-0", 300_000)
    assert energy.spent(1)[0] == pytest.approx(0.4)


def test_without_counters_a_person_says_what_a_core_takes(tmp_path, monkeypatch):
    monkeypatch.setenv("CNAP_WATTS", "12.5")
    joules, source = Energy(tmp_path / "none").spent(cpu=4)

    assert joules == 50.0
    assert source.startswith("estimated: 12.5 W a busy core (CNAP_WATTS)")


@pytest.mark.parametrize(("watts", "why"), [("", "no CNAP_WATTS"), ("much", "is no number")])
def test_else_it_is_unknown_and_why(tmp_path, watts, why):
    joules, source = Energy(tmp_path, watts).spent(4)

    assert joules is None
    assert source.startswith("unknown: no RAPL counters in")
    assert why in source


def test_counters_that_only_root_may_read(rapl, tmp_path):
    rapl("intel-rapl:0", "package-0", 1)
    (rapl.place / "intel-rapl:0" / "energy_uj").unlink()
    (rapl.place / "intel-rapl:0" / "energy_uj").mkdir()  # it can't be read, even by root
    joules, source = Energy(rapl.place, "10").spent(2)

    assert joules == 20.0
    assert "RAPL can't be read" in source
