"""The benchmarks run, and what they compare computes the same. Nothing is timed here."""

import json
import math
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import agreement, appendix, peers, report, scaling, workloads
from benchmarks.processes import Process

ROOT = Path(__file__).resolve().parents[1]
THEIRS = ROOT / "_build" / "bench" / "bin" / "python"  # made by `make bench`


@pytest.mark.parametrize("name", workloads.WORKLOADS)
def test_every_workload_runs(name):
    work = workloads.make(name, tiny=True)
    peer = peers.make("minigraph", work, 1)
    first = peer.step()
    assert all(output.shape for output in peer.predict(peer.sample()))
    assert peer.call(peer.sample())
    if work.trains:
        peer.fit(*work.data(2 * work.batch))
        assert math.isfinite(first) and first > 0
        assert peer.step() != first


@pytest.mark.parametrize("name", agreement.trained())
def test_a_step_makes_the_loss_smaller(name):
    work = workloads.make(name, **agreement.options_for(name, "torch"))
    peer = peers.make("minigraph", work, 1)
    losses = [peer.step() for _ in range(3)]
    assert losses[2] < losses[0]


def test_products_are_counted():
    """By hand for the perceptron; the sum over its three products, without d loss / d pixels."""
    rows = 64
    forward = 2 * rows * (784 * 64 + 64 * 64 + 64 * 10)
    assert workloads.make("a64").flops() == 3 * forward - 2 * rows * 784 * 64
    assert round(workloads.make("d").flops() / 1e9, 1) == 11.0
    assert round(workloads.make("f").flops() / 1e9, 1) == 39.3


def test_a_wrong_size_is_an_error():
    with pytest.raises(TypeError, match="MLP has no size 'width'"):
        workloads.make("a64", width=3)


def test_a_peer_that_is_missing_says_why(monkeypatch):
    monkeypatch.setattr(peers.importlib.util, "find_spec", lambda name: None)
    assert peers.missing("keras-jax") == "keras-jax: keras and jax not installed"


def test_a_process_obeys():
    with Process("minigraph", "a64", tiny=True) as process:
        assert process.first["cpu"] > 0 and process.first["wall"] > 0
        assert [len(row) for row in process.ask("step", 3)] == [2, 2, 2]
        assert len(process.ask("fit", 2)) == 1
        assert process.ask("memory") > 10
        found = agreement.differences(process, "minigraph", ["a64", "c", "d"])
    assert found == {"a64": 0, "c": 0, "d": 0}


def test_a_process_that_fails_says_what_happened():
    with pytest.raises(RuntimeError, match="(?s)minigraph on nothing ended:.*KeyError: 'nothing'"):
        Process("minigraph", "nothing")


def test_the_command_writes_table_json_and_plot(tmp_path):
    command = [sys.executable, "-m", "benchmarks", "--quick", "--tiny", "--only", "a64,f"]
    command += ["--threads", "1", "--peers", "minigraph", "--out", str(tmp_path)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=120)
    found = json.loads((tmp_path / "results.json").read_text("utf-8"))
    part = found["threads"]["1"]
    assert found["conditions"]["cpu"] and found["conditions"]["versions"]["numpy"]
    assert list(part["workloads"]) == ["a64", "f"] and part["rate"] > 0
    own = part["workloads"]["a64"]["peers"]["minigraph"]
    assert {*own} == {"first_step", "memory", "step", "fit", "predict", "call"}
    for measure in ("step", "fit", "predict", "call"):
        assert 0 < own[measure]["cpu"]["min"] <= own[measure]["cpu"]["median"]
    assert "fit" not in part["workloads"]["f"]["peers"]["minigraph"]
    page = (tmp_path / "results.md").read_text("utf-8")
    assert "| a64 |" in page and "| f |" in page and found["conditions"]["date"] in page
    assert "<svg" in (tmp_path / "results.svg").read_text("utf-8")


def test_the_profile_names_the_ops():
    with Process("profile", "hgru", steps=2, tiny=True) as process:
        lines = process.first.splitlines()
    rows = dict(line.strip("| ").split(" | ", 1) for line in lines if "%" in line)
    assert {"gru", "dense", "everything else"} <= rows.keys()
    forward, backward = (float(share.strip(" |%")) for share in rows["gru"].split(" | "))
    assert forward > 0 and backward > 0


# ---------------------------------------------------------------------------------------------
# Tables


def measured(**medians):
    """A result with these medians of a step."""
    times = {
        peer: {"step": {clock: {"median": ms, "min": ms / 2} for clock in ("cpu", "wall")}}
        for peer, ms in medians.items()
    }
    for numbers in times.values():
        numbers |= {"first_step": {"cpu": 0.25, "wall": 0.5}, "memory": 50.0}
    rows = {"a64": {"title": "MLP", "flops": 4e7, "floor": 0.5, "peers": times}}
    return {"rate": 8e10, "workloads": rows}


def test_a_table_marks_the_best_and_says_the_ratio():
    part = measured(**{"minigraph": 1.0, "keras-jax": 2.0, "torch": 4.0})
    table = report.measured(part, "step", "wall", "median", floor=True)
    assert "| a64 | 0.5 | **1** | 2 | 4 | 0.50 |" in table
    assert "| a64 | MLP | 50% | 25% | 12% |" in report.shares(part)
    both = measured(**{"minigraph": 1.0, "minigraph-kept": 0.9, "keras-jax": 0.8})
    row = "| a64 | 1 | 0.9 | **0.8** | 1.25 | 1.12 |"
    assert row in report.measured(both, "step", "cpu", "median")


def test_the_slope_of_a_series():
    assert report.slope([(10, 1.0), (100, 10.0), (200, 20.0)]) == pytest.approx(1)
    assert report.slope([(1, 5.0), (2, 5.0), (10, 1.0), (20, 4.0)]) < 0
    assert report.slope([(1, 9.0), (10, 1.0), (100, 100.0), (200, 400.0)]) == pytest.approx(2)
    found = {"series": {"even": [(1, 1.0), (2, 2.0)], "steep": [(1, 1.0), (2, 4.0)]}}
    even, steep = report.scaling_table(found).splitlines()[2:]
    assert "linear or less" in even and "MORE THAN LINEAR" in steep


# ---------------------------------------------------------------------------------------------
# Growth


@pytest.mark.parametrize("size, name", [("depth", "j"), ("steps", "g"), ("nodes", "nodes")])
def test_cost_grows_linearly(size, name):
    """Twice as much costs at most twice as many calls of functions, which no clock can disturb."""
    few, more, most = scaling.calls_at(name, size, [50, 100, 200])
    for moment, a, b, c in zip(("building", "a step"), few, more, most, strict=True):
        assert 0 < b - a, moment
        assert c - b <= 2.1 * (b - a), moment


def test_the_batch_costs_no_calls():
    few, more = scaling.calls_at("a64", "batch", [8, 512])
    assert few[1] == more[1]


# ---------------------------------------------------------------------------------------------
# The appendix


def test_the_appendix_is_made_from_the_results():
    quick = measured(**{"minigraph": 1.0, "keras-jax": 2.0, "torch": 4.0})
    conditions = {"date": "2026-01-02", "cpu": "a processor", "cores": 2, "load": 0.1}
    conditions |= {"python": "3.11.7", "versions": {"numpy": "2.4.6"}}
    found = {"conditions": conditions, "notes": [], "threads": {"1": quick}}
    page = appendix.page(found)
    assert "a processor" in page and "2026-01-02" in page
    assert "0.50" in page and "| a64 |" in page
    assert "On 1 thread, processor time" in page and "| keras-jax | 1 of 1 | 0.50 |" in page
    assert "| torch | 1 of 1 | 0.25 |\n| the fastest in each row | 1 of 1 | 0.50 |" in page
    assert "- a64: MLP, batches of 64" in page and "How the cost grows" not in page
    found["threads"]["2"] = measured(**{"minigraph": 3.0, "torch": 1.5})
    page = appendix.page(found, {"series": {"step by batch": [(1, 1.0), (2, 2.0)]}})
    assert "On 2 threads, wall-clock time" in page and "| torch | 0 of 1 | 2.00 |" in page
    assert "The same on 2 threads" in page and "| 3 | **1.5** | 2.00 |" in page
    assert "How the cost grows" in page and "| step by batch | 1: 1000, 2: 2000 |" in page


# ---------------------------------------------------------------------------------------------
# Peers


@pytest.mark.parametrize("peer", peers.PEERS[1:])
def test_peers_compute_the_same_losses(peer):
    """On small models only: `make bench` compares all of them before it times anything."""
    if not THEIRS.exists():
        pytest.skip("the peers are not installed: `make bench` makes their environment")
    asked = f"from benchmarks import peers; print(peers.missing({peer!r}) or '')"
    command = [str(THEIRS), "-c", asked]
    answer = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    if answer.strip():
        pytest.skip(answer.strip())
    names = ["b"] if peer == "torch-channels-last" else ["a32", "hgru"]
    with Process(peer, names[0], python=THEIRS, tiny=True) as process:
        found = agreement.differences(process, peer, names)
    assert list(found) == names
    assert max(found.values()) <= agreement.TOLERANCE
