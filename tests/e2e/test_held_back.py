"""What a stage holds back, waiting for more, comes out at the end of the input: nothing that was received is lost."""
import json
import os
import signal

from support.sluice import SluiceTest

CRI = """
- generate: stdin
- parse: cri
- enrich: {fields: {from: node-1}}
- write: stdout
"""


class HeldBack(SluiceTest):
    def test_a_message_whose_end_never_came_is_written_at_the_end_of_the_input(self):
        lines = (b"2016-10-06T00:17:09.669794202Z stdout P never \n"
                 b"2016-10-06T00:17:09.700000000Z stderr F whole\n"
                 b"2016-10-06T00:17:10.113242941Z stdout P ended\n")
        outcome = self.run_sluice(CRI, lines)
        self.assert_exit(outcome, 0)
        self.assertEqual([json.loads(line)["message"] for line in outcome.stdout.splitlines()],
                         ["whole", "never ended"])
        self.assertTrue(all(json.loads(line)["from"] == "node-1" for line in outcome.stdout.splitlines()))
        self.assert_ledger(outcome, received=3, written=2, filtered=1, abandoned=0)

    def test_it_goes_to_every_reader(self):
        outcome = self.run_sluice("""
- {generate: stdin}
- {name: parsed, parse: cri}
- {write: stdout, from: parsed}
- {write: {to: file, path: "%s"}, from: parsed}
""" % (self.directory / "copy"), b"2016-10-06T00:17:09.669794202Z stdout P begun\n")
        self.assert_exit(outcome, 0)
        self.assertEqual(outcome.stdout, (self.directory / "copy").read_bytes())
        self.assertEqual(json.loads(outcome.stdout)["message"], "begun")
        self.assert_ledger(outcome, received=1, copied=1, written=2, filtered=0)

    def test_it_is_written_after_a_signal_too(self):
        reader, writer = self.fifo()
        running = self.start(CRI, stdin=reader)
        os.close(reader)
        os.write(writer, b"2016-10-06T00:17:09.7Z stdout P begun\n2016-10-06T00:17:09.7Z stderr F whole\n")
        running.until_output(b"whole")
        running.signal(signal.SIGTERM)
        outcome = running.wait()
        self.assert_exit(outcome, 0)
        self.assertEqual([record["message"] for record in outcome.records], ["whole", "begun"])
        self.assert_ledger(outcome, received=2, written=2, filtered=0)
