"""Chapter 7: deliveries and their attempts, jobs and their runs, the audit trail and three ways to forge it."""

import base64
import gzip
import json
import subprocess

from demo.stage import chapter, expect, note, say, until


def play(service, receiver, binary):
    chapter(8, "The evening: deliveries, jobs, the trail")
    deliveries(service, receiver)
    jobs(service)
    for record in service.must("GET", "/v1/audit-records?limit=5")["data"]:
        note(
            f"{record['at'][11:19]}  {record['action']:<22} {record['outcome']:<8} {record['resource'] or ''}"
        )
    trail(service, binary)


def deliveries(service, receiver):
    def all_delivered():
        page = service.must("GET", "/v1/deliveries?limit=200")["data"]
        return page if all(one["state"] == "delivered" for one in page) else None

    done = until(all_delivered, "every delivery to be delivered")
    expect(not receiver.refused, "no message with a bad signature")
    say(f"{len(done)} messages, all delivered, every signature good")
    twice = [one for one in done if one["attempt_count"] > 1]
    expect(
        len(twice) == 1 and receiver.sent_again == [twice[0]["message_id"]], "one message that was sent again"
    )
    attempts = service.must("GET", f"/v1/deliveries/{twice[0]['id']}")["attempts"]
    told = ", ".join(f"{one['at'][11:19]} status {one['status']}" for one in attempts)
    say(f"the one that failed came again under the same id {twice[0]['message_id'][:12]}…: {told}")


def jobs(service):
    for job in service.must("GET", "/v1/jobs")["data"]:
        last = job["last_run"]
        note(
            f"{job['name']:<22} every {job['schedule']['every']:<5} {last['outcome'] if last else 'not run yet'}"
        )
    runs = service.must("GET", "/v1/jobs/rotation-due/runs")["data"]
    by_hand = [run for run in runs if run["trigger"] != "schedule"]
    expect(by_hand, "the run that was asked for by hand")
    say(
        f"{len(runs)} runs of rotation-due, {len(by_hand)} by hand: {by_hand[0]['outcome']}, {by_hand[0]['result']}"
    )


def trail(service, binary):
    service.must("POST", "/v1/jobs/audit-checkpoint/run")
    until(lambda: service.must("GET", "/v1/audit/checkpoints?limit=1")["data"], "a signed checkpoint")
    export = service.call("GET", "/v1/audit/export").body
    code, words = verify(service, binary, export)
    expect(code == 0, f"an intact trail, not: {words}")
    say(f"keybell audit verify: {words.splitlines()[-1]}")
    lines = gzip.decompress(export).splitlines(keepends=True)
    for what, kind, forge in FORGERIES:
        code, words = verify(service, binary, gzip.compress(b"".join(forge(lines))))
        found = next((line for line in words.splitlines() if kind in line), None)
        expect(code == 1 and found, f"{kind} when {what}, not: {words}")
        say(f"{what}: {found.strip()}")


def verify(service, binary, export):
    path = service.folder / "trail.ndjson.gz"
    path.write_bytes(export)
    done = subprocess.run(
        [str(binary), "audit", "verify", "--export", str(path)], capture_output=True, text=True, check=False
    )
    return done.returncode, (done.stdout + done.stderr).strip()


def longest_lane(lines):
    """Places of the entries of the lane that has most of them, by sequence."""
    lanes = {}
    for place, line in enumerate(lines):
        entry = json.loads(line)
        if entry["kind"] == "entry":
            lanes.setdefault(entry["lane"], []).append(place)
    longest = max(lanes.values(), key=len)
    expect(len(longest) >= 4, "a lane with a few entries")
    return longest


def changed(lines):
    """One letter of one entry's body is another."""
    place = longest_lane(lines)[1]
    entry = json.loads(lines[place])
    body = bytearray(base64.b64decode(entry["body_base64"]))
    body[-3] ^= 1
    entry["body_base64"] = base64.b64encode(body).decode()
    return lines[:place] + [json.dumps(entry).encode() + b"\n"] + lines[place + 1 :]


def removed(lines):
    place = longest_lane(lines)[1]
    return lines[:place] + lines[place + 1 :]


def exchanged(lines):
    """Two neighbours stand in each other's place, under each other's number."""
    first, second = longest_lane(lines)[1:3]
    one, other = json.loads(lines[first]), json.loads(lines[second])
    one["sequence"], other["sequence"] = other["sequence"], one["sequence"]
    forged = list(lines)
    forged[first] = json.dumps(other).encode() + b"\n"
    forged[second] = json.dumps(one).encode() + b"\n"
    return forged


FORGERIES = [
    ("one letter changed", "tampered", changed),
    ("one entry removed", "missing", removed),
    ("two entries exchanged", "reordered", exchanged),
]
