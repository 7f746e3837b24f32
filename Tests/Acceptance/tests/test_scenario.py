import pathlib
import unittest

import scenario
import steps

HEAD = '# It is so.\nwebhook desk\nrule "Large"\n    on custom.large\n'


class ReadingTests(unittest.TestCase):
    def test_reads_rules_webhooks_steps_and_expectations(self):
        read = scenario.read("one", HEAD + """    window {"count": 3, "within": "10m"}
    send_to desk

nodes a b
webhook pager
    matchers severity=critical venue=~bin.*
    batch true
at 2s kill b
at 0.5s push 2 custom.large subject=BTC amount=5000 price="5000" key=k# via b
expect desk between 0.5s and 2s: alert.firing "Large" where event.key=k1 rule.version=1 count 2 may repeat
expect pager between 0s and 1s: refused alert.firing signed by 2 secrets in batches
expect feed equals pager
""")
        self.assertEqual(read.sentence, "It is so.")
        self.assertEqual(read.nodes, ("a", "b"))
        self.assertEqual(read.rules["Large"], {
            "severity": "warning", "on": ["custom.large"], "window": {"count": 3, "within": "10m"},
            "send_to": ["desk"]})
        self.assertEqual(read.webhooks["pager"]["matchers"], [
            {"name": "severity", "operator": "=", "value": "critical"},
            {"name": "venue", "operator": "=~", "value": "bin.*"}])
        self.assertIs(read.webhooks["pager"]["batch"], True)
        self.assertEqual([step.verb for step in read.steps], ["push", "kill"])
        self.assertEqual(steps.events(read.steps[0].values)[1], {
            "type": "custom.large", "subject": "BTC", "data": {"amount": 5000, "price": "5000", "key": "k2"}})
        self.assertEqual(read.expectations, [scenario.Expectation(
            place="desk", earliest=0.5, latest=2, type="alert.firing", rule="Large", count=2,
            where=(("event.key", "k1"), ("rule.version", "1")), may_repeat=True), scenario.Expectation(
            place="pager", earliest=0, latest=1, type="alert.firing", is_refused=True, signatures=2, is_batched=True)])
        self.assertEqual(read.as_in_the_feed, ["pager"])

    def test_refuses_what_it_does_not_understand_and_names_the_line(self):
        for line in (
            "at 0s pusch custom.large", "at soon push custom.large", "at 0s kill c", 'at 0s resolve "Small"',
            "at 0s nobody goes down", 'at 0s silence "Large"', 'at 0s acknowledge "Small"',
            "at 0s desk answers 99", "expect desk: alert.firing", "route all\n    send_to desk",
            "expect nobody between 0s and 1s: alert.firing", 'expect desk between 0s and 1s: alert.firing "Small"',
            "expect desk between 0s and 1s: alert.firing sometimes", "expect feed equals nobody",
            "expect desk between 2s and 1s: alert.firing",
            "webhook other\n    sent_to desk", 'rule "Other"\n    whenn true', "    when true", "tolerance 5",
        ):
            with self.subTest(line), self.assertRaises(scenario.Unreadable) as raised:
                scenario.read("one", HEAD + "\n" + line + "\n")
            number = 6 + line.count("\n")
            self.assertTrue(str(raised.exception).startswith(f"one:{number}: "), raised.exception)

    def test_wants_a_sentence_first(self):
        with self.assertRaises(scenario.Unreadable):
            scenario.read("one", "webhook desk\n")

    def test_reads_every_scenario_that_is_there(self):
        files = sorted(pathlib.Path(scenario.__file__).parent.glob("*/*.txt"))
        self.assertGreater(len(files), 20)
        for file in files:
            read = scenario.read(file.stem, file.read_text())
            self.assertEqual(bool(read.must_fail), file.parent.name == "must_fail", file)
            self.assertTrue(read.expectations or read.as_in_the_feed, file)
