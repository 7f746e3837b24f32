#!/usr/bin/env python3
"""usage: acceptance.py [--binary PATH] [--short] [--at-once 6] [--tolerance 30] [--verbose] [SCENARIO…]

Plays the scenarios of Tests/Acceptance (README.md has their language), each on real processes of its own: pushes
events, directs the receivers, and holds what came against what was expected, a readable line for each failure. Those
under must_fail have to fail as they say, so that the language itself is tested. --short leaves out what says
`only in full`.
--tolerance: seconds that a message may be late on a busy machine. Standard library only.
"""

import argparse
import concurrent.futures
import pathlib
import re
import signal
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(ROOT / "Scripts" / "lib"), str(ROOT / "Benchmarks")]
sys.dont_write_bytecode = True

import scenario as scenarios  # noqa: E402
import verdicts  # noqa: E402
from built import program  # noqa: E402
from cluster import Cluster  # noqa: E402
from stage import Stage, Template  # noqa: E402

FOLDERS = ("scenarios", "must_fail")
POLL_SECONDS = 0.02
# After all that is expected: what is not expected would come in this time.
SETTLE_SECONDS = 0.5
FIRST_ATTEMPTS_LIMIT_SECONDS = 10


class Result:
    def __init__(self, scenario, failures, seconds):
        self.scenario, self.failures, self.seconds = scenario, failures, seconds

    @property
    def wrongs(self):
        return wrongs(self.scenario, self.failures)

    def lines(self, is_verbose):
        head = f"{'FAILED' if self.wrongs else 'ok':6} {self.scenario.name} ({self.seconds:.1f} s)"
        yield f"{head}: {self.scenario.sentence}"
        for wrong in self.wrongs:
            yield f"       {wrong}"
        if is_verbose and self.scenario.must_fail:
            for failure in self.failures:
                yield f"       failed as it must: {failure}"


def wrongs(scenario, failures):
    """The failures; of a scenario that must fail, how it failed otherwise."""
    wanted = scenario.must_fail
    if not wanted:
        return failures
    lacking = [f"did not fail with: {line}" for line in wanted if not any(says(f, line) for f in failures)]
    others = [f"failed otherwise: {f}" for f in failures if not any(says(f, line) for line in wanted)]
    return lacking + others


def says(failure, line):
    """Whether the failure reads like the line, in which `…` stands for anything."""
    return re.fullmatch(".*".join(map(re.escape, line.split("…"))), failure) is not None


def play(scenario, options, template):
    began = time.monotonic()
    tolerance = options.tolerance if scenario.tolerance is None else scenario.tolerance
    with Stage(scenario, template) as stage:
        stage.begin()
        for step in scenario.steps:
            time.sleep(max(0, step.at - stage.now))
            stage.do(step)
        watch(stage, tolerance)
        failures = judge(stage, tolerance)
    return Result(scenario, failures, time.monotonic() - began)


def watch(stage, tolerance):
    """Until all that is expected came or is too late, and until nothing else is to come."""
    scenario = stage.scenario
    end = max((e.latest for e in scenario.expectations), default=0) + tolerance
    while stage.now < end and not is_over(stage, tolerance):
        time.sleep(POLL_SECONDS)
    time.sleep(max(0, scenario.watch_until - stage.now))
    limit = stage.now + FIRST_ATTEMPTS_LIMIT_SECONDS
    while stage.first_attempts_left() and stage.now < limit:
        time.sleep(POLL_SECONDS * 5)
    time.sleep(SETTLE_SECONDS)


def is_over(stage, tolerance):
    """Whether all has come; of a scenario that must fail, whether it fails as it must."""
    if stage.scenario.must_fail:
        return not wrongs(stage.scenario, judge(stage, tolerance))
    return not is_missing(stage) and is_in_the_feed(stage)


def places(stage):
    """(name, what is expected there, what came there so far)"""
    readers = {**stage.hooks, scenarios.FEED: stage.feed}
    for name, reader in readers.items():
        yield name, [e for e in stage.scenario.expectations if e.place == name], reader.so_far()


def is_missing(stage):
    return any(verdicts.missing_count(wanted, came) for _, wanted, came in places(stage))


def is_in_the_feed(stage):
    return not list(differences(stage))


def judge(stage, tolerance):
    failures = []
    for name, wanted, came in places(stage):
        if name == scenarios.FEED:
            # Everything stands in the feed; only what the scenario speaks of is held against it.
            came = [a for a in came if any(e.type == a.type and e.rule in (None, a.rule) for e in wanted)]
        failures += verdicts.judge(name, wanted, came, tolerance)
    return failures + list(differences(stage))


def differences(stage):
    feed = stage.feed.so_far()
    for name in stage.scenario.as_in_the_feed:
        patterns = stage.scenario.webhooks[name].get("event_types", ["alert.*"])
        yield from verdicts.compare(name, patterns, feed, stage.hooks[name].so_far())


def chosen(options):
    files = [pathlib.Path(file) for file in options.scenarios]
    files = files or [file for folder in FOLDERS for file in sorted((HERE / folder).glob("*.txt"))]
    read = [scenarios.read(file.stem, file.read_text()) for file in files]
    # The longest first, so that they do not stand at the end alone.
    read.sort(key=lambda s: -max((e.latest for e in s.expectations), default=0))
    return [s for s in read if not (options.short and s.is_long)]


def attempt(scenario, options, template):
    """One scenario that cannot be played does not cost the others their verdicts."""
    began = time.monotonic()
    try:
        return play(scenario, options, template)
    except Exception as error:
        return Result(scenario, [f"could not be played: {type(error).__name__}: {error}"], time.monotonic() - began)


def main():
    # However it is ended, what it started ends with it.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", default=str(program("keybell")))
    parser.add_argument("--short", action="store_true")
    parser.add_argument("--at-once", type=int, default=6)
    parser.add_argument("--tolerance", type=float, default=30)
    parser.add_argument("--verbose", action="store_true")
    parser.add_argument("scenarios", nargs="*", metavar="SCENARIO")
    options = parser.parse_args()
    began, failed = time.monotonic(), []
    plays = chosen(options)
    pool = concurrent.futures.ThreadPoolExecutor(options.at_once)
    with Cluster(is_durable=False) as cluster, Template(options.binary, cluster) as template, pool:
        for result in pool.map(lambda one: attempt(one, options, template), plays):
            for line in result.lines(options.verbose):
                print(line, flush=True)
            if result.wrongs:
                failed.append(result.scenario.name)
    expectations = sum(len(s.expectations) for s in plays)
    print(
        f"acceptance: {len(plays)} scenarios, {expectations} expectations, {len(failed)} failed, "
        f"{time.monotonic() - began:.0f} s", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
