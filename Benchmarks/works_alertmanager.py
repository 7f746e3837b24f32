"""Beside Alertmanager: alerts to a webhook, one by one at 200 a second, as many as possible by single posts and a
hundred in a post, memory after all these groups; and four faults (faults.py). Each round begins both anew."""

import statistics
import time

import alerting
import faults
import measure
import works_webhooks

SECONDS_AT_A_PACE = 10
SINGLE, BATCHED, BATCH = 10_000, 20_000, 100
PACED = works_webhooks.RATE_PER_SECOND * SECONDS_AT_A_PACE
GROUPS = PACED + SINGLE + BATCHED
SINGLE_POSTS, BATCHES, MEMORY = (
    "alerts by single posts", f"alerts posted {BATCH} at a time", f"memory after {GROUPS:,} groups")
SUBJECTS = (alerting.Alertmanager, alerting.Keybell)


def run(bench):
    rounds = {subject: [] for subject in SUBJECTS}
    for number in bench.rounds():
        for subject in SUBJECTS if number % 2 == 0 else reversed(SUBJECTS):
            rounds[subject].append(measured(bench, subject, number))
    table(bench, rounds)
    faults.table(bench, SUBJECTS)


def measured(bench, kind, number):
    with works_webhooks.receiver(bench, GROUPS) as there:
        subject = kind(bench, there.url, bench.scratch / f"{kind.name.lower()}_{number}")
        try:
            subject.start()
            figures = paced(there, subject)
            figures["single"], refused = burst(there, subject, PACED, SINGLE, 1)
            figures["batched"], others = burst(there, subject.batched(), PACED + SINGLE, BATCHED, BATCH)
            figures["memory"] = measure.own_resident_megabytes(subject.process.pid)
            figures["refused"] = refused + others
            figures["lost"] = GROUPS - there.counts()[0] - figures["refused"]
            figures["twice"] = there.counts()[1]
        finally:
            subject.close()
    if kind is alerting.Keybell:
        figures["beside"] = measure.resident_megabytes(bench.cluster.postmaster)
    return figures


def paced(there, subject):
    sent = works_webhooks.steady(lambda: alerting.Poster(subject), SECONDS_AT_A_PACE)
    there.wait(PACED)
    came = there.times()
    waits = sorted((came[n] - at) / 1e6 for n, at in sent.items() if n in came)
    return {"p50": measure.quantile(waits, 0.5), "p99": measure.quantile(waits, 0.99)}


def burst(there, subject, first, total, batch):
    """Deliveries a second, from the first post to the last arrival; how many were refused, which are not lost."""
    began = time.time_ns()
    storm = alerting.Storm(subject, first, total, batch)
    try:
        there.wait(first + total)
    finally:
        refused = storm.end()
    came = [at for n, at in there.times().items() if n >= first]
    return len(came) / ((max(came) - began) / 1e9) if came else 0, refused * batch


def table(bench, rounds):
    middle = {
        kind: {key: statistics.median(row[key] for row in rows) for key in rows[0]} for kind, rows in rounds.items()}
    lost = sum(row["lost"] for row in rounds[alerting.Keybell])
    for work, figure, compared, bar, holds in works(lost):
        for kind, rows in rounds.items():
            is_ours = kind is alerting.Keybell
            ratio = middle[kind][compared] / middle[alerting.Alertmanager][compared]
            bench.table.add(
                work, kind.name, figure(middle[kind]), detail(work, kind, rows),
                f"{ratio:.2f}" if is_ours else None, bar if is_ours else None,
                holds(middle[kind]) if is_ours else None)


def works(lost):
    """What each row says: the work, its figure, which number is compared, the bar, and whether it is held."""
    return (
        (f"alert to webhook, {works_webhooks.RATE_PER_SECOND}/s",
         lambda m: f"p50 {m['p50']:.2f} ms, p99 {m['p99']:.2f} ms", "p99",
         "p50 < 3 ms, p99 < 15 ms", lambda m: m["p50"] < 3 and m["p99"] < 15),
        (SINGLE_POSTS, lambda m: f"{m['single']:,.0f} deliveries/s", "single", "≥ 3,500/s",
         lambda m: m["single"] >= 3500),
        (BATCHES, lambda m: f"{m['batched']:,.0f} alerts/s", "batched", "≥ 6,500/s", lambda m: m["batched"] >= 6500),
        (MEMORY, lambda m: f"{m['memory']:.0f} MB", "memory", "< 100 MB, nothing lost",
         lambda m: m["memory"] < 100 and lost == 0),
    )


def detail(work, kind, rows):
    is_ours = kind is alerting.Keybell
    if work == BATCHES:
        return "in `alert.batch`" if is_ours else "each by itself"
    if work != MEMORY:
        return ""
    lost, twice, refused = (sum(row[key] for row in rows) for key in ("lost", "twice", "refused"))
    beside = f"; PostgreSQL beside it {max(row['beside'] for row in rows):.0f} MB" if is_ours else ""
    return f"{lost} lost, {twice} twice, {refused} refused in {len(rows)} rounds{beside}"
