import dataclasses
import unittest

from scenario import Expectation
from verdicts import Arrival, compare, judge, missing_count

FIRING = Expectation(place="desk", earliest=1, latest=2, type="alert.firing", rule="Large")


def came(at=1.5, identity="msg_1", event="evt_1", **rest):
    data = {"rule": {"name": "Large"}, "event": {"amount": 5000, "is_new": True, "text": "a"}, "count": 1}
    return Arrival(at=at, type="alert.firing", data=data, identity=identity, event=event, signatures=1, **rest)


def expecting(**rest):
    return dataclasses.replace(FIRING, **rest)


class VerdictTests(unittest.TestCase):
    def says(self, expectations, arrivals, *lines, tolerance=0):
        self.assertEqual(judge("desk", expectations, arrivals, tolerance), list(lines))

    def test_what_is_expected_and_comes_in_time_is_no_failure(self):
        self.says([FIRING], [came()])

    def test_missing(self):
        self.says([FIRING], [], 'desk: missing: alert.firing "Large" between 1 s and 2 s: 1 of 1 did not come')
        self.says(
            [expecting(count=3, where=(("count", "1"),), is_batched=True)], [came()],
            'desk: extra: alert.firing "Large" at 1.50 s',
            'desk: missing: alert.firing "Large", count=1, in a batch between 1 s and 2 s: 3 of 3 did not come')

    def test_extra(self):
        self.says([FIRING], [came(), came(1.8, "msg_2", "evt_2")], 'desk: extra: alert.firing "Large" at 1.80 s')

    def test_early_and_late_but_for_the_tolerance(self):
        self.says([FIRING], [came(0.5)], 'desk: early: alert.firing "Large" at 0.50 s, expected from 1 s on')
        self.says([FIRING], [came(2.5)], 'desk: late: alert.firing "Large" at 2.50 s, expected until 2 s')
        self.says([FIRING], [came(2.5)], tolerance=1)
        self.says(
            [FIRING], [came(0.5)], 'desk: early: alert.firing "Large" at 0.50 s, expected from 1 s on', tolerance=1)

    def test_a_duplicate_is_told_unless_it_may_be(self):
        twice = [came(), came(1.8)]
        self.says([FIRING], twice, 'desk: duplicate: alert.firing "Large" at 1.80 s, first at 1.50 s')
        self.says([expecting(may_repeat=True)], twice)
        self.says([FIRING, expecting(is_repeated=True)], twice)
        self.says(
            [FIRING, expecting(is_repeated=True)], [came()],
            'desk: missing: repeated alert.firing "Large" between 1 s and 2 s: 1 of 1 did not come')

    def test_an_event_under_another_id_is_a_duplicate_in_any_case(self):
        self.says(
            [expecting(may_repeat=True)], [came(), came(1.8, "msg_2")],
            'desk: duplicate: alert.firing "Large" at 1.80 s, under another id than at 1.50 s')

    def test_a_refused_attempt_is_expected_by_itself_and_makes_no_duplicate(self):
        refused = came(1.1, is_taken=False)
        self.says([FIRING], [refused, came()], 'desk: extra: refused alert.firing "Large" at 1.10 s')
        self.says([expecting(is_refused=True), FIRING], [refused, came()])

    def test_a_bad_signature(self):
        forged = dataclasses.replace(came(), signatures=0)
        self.says([FIRING], [forged], 'desk: bad signature: alert.firing "Large" at 1.50 s')
        self.says(
            [expecting(signatures=2)], [came()], 'desk: extra: alert.firing "Large" at 1.50 s',
            'desk: missing: alert.firing "Large", signed by 2 between 1 s and 2 s: 1 of 1 did not come')

    def test_fields_are_compared_as_they_are_written(self):
        for pair in (("event.amount", "5000"), ("event.is_new", "true"), ("event.text", "a"), ("event.b", "null")):
            self.says([expecting(where=(pair,))], [came()])

    def test_windows_that_overlap_share_what_came(self):
        wide = expecting(earliest=0, latest=9)
        self.says([wide, FIRING], [came(1.5), came(5, "msg_2", "evt_2")])
        self.says([wide, FIRING], [came(5), came(1.5, "msg_2", "evt_2")])

    def test_counts_what_is_still_missing_whenever_it_comes(self):
        self.assertEqual(missing_count([expecting(count=2)], [came(99)]), 1)

    def test_the_feed_and_a_receiver_are_compared_by_event(self):
        stood = dataclasses.replace(came(), signatures=None)
        self.assertEqual(compare("desk", ["alert.*"], [stood], [came()]), [])
        self.assertEqual(compare("desk", ["custom.*"], [stood], []), [])
        self.assertEqual(
            compare("desk", ["alert.*"], [stood], []),
            ['desk: not told: alert.firing "Large" at 1.50 s, which the feed has'])
        self.assertEqual(
            compare("desk", ["alert.*"], [], [came()]),
            ['feed: missing: alert.firing "Large" at 1.50 s, which desk has'])
