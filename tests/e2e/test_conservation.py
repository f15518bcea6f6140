"""Random pipelines, stopped at random moments in random ways: the ledger balances and the output is what it says."""
import json
import os
import random
import signal

from support.sluice import SANITIZE, SMALL, SluiceTest

ROUNDS = 4 if SANITIZE else 8 if SMALL else 25


class Conservation(SluiceTest):
    def random_pipeline(self, chance):
        stages = ["- generate: stdin", "- parse: {format: json, on_error: %s}" % chance.choice(["reject", "drop"])]
        for number in range(chance.randrange(6)):
            stages.append(chance.choice([
                "- filter: n %% %d != 0" % chance.randrange(2, 9), "- enrich: {fields: {f%d: x}}" % number,
                "- enrich: {compute: {c%d: n + %d}}" % (number, number), "- filter: missing == 1 || n >= 0"]))
        stages.append("- write: stdout")
        settings = "workers: %d, queue: %d, batch: {size: %dKiB, linger: %dms}" % (
            chance.randrange(1, 5), chance.choice([1, 2, 16]), chance.choice([1, 4, 64, 256]), chance.randrange(20))
        return "\n".join(stages), settings

    def chunks(self, chance, limit):
        number = 0
        while number < limit:
            count = chance.choice([1, 10, 1000])
            yield b"".join(b'{"n":%d}\n' % n if n % 97 else b"broken %d\n" % n for n in range(number, number + count))
            number += count

    def test_whatever_happens_the_ledger_balances(self):
        for _ in range(ROUNDS):
            seed = random.randrange(1 << 32)
            with self.subTest(seed=seed):
                self.one_round(random.Random(seed))

    def one_round(self, chance):
        stages, settings = self.random_pipeline(chance)
        reader, writer = os.pipe()
        back, out = os.pipe()
        running = self.start(stages, "--grace", "20s", pipeline=settings, stdin=reader, stdout=out)
        os.close(reader)
        os.close(out)
        self.feed(writer, self.chunks(chance, chance.choice([0, 1, 5000, 10 ** 9])))
        way = chance.choice(["term", "int", "both", "close"])
        stop_after = chance.choice([0, 1, 10000, 300000])
        output = b""
        while True:
            chunk = os.read(back, 65536)
            if not chunk:
                break
            output += chunk
            if len(output) >= stop_after and way:
                if way == "close":
                    break
                running.signal(signal.SIGINT if way == "int" else signal.SIGTERM)
                if way == "both":
                    running.signal(signal.SIGINT)
                way = ""
        os.close(back)
        outcome = running.wait(30)  # checks that the ledger balances
        ledger = outcome.ledger
        self.assertIsNotNone(ledger, outcome.stderr)
        self.assertEqual(ledger["in_flight"], 0)
        self.assertEqual(len(outcome.rejects), ledger["rejected"])
        if way == "close":
            self.assertIn(outcome.returncode, (0, 1), outcome.stderr)
            return
        # Whole lines only, in order, and exactly as many as the ledger says.
        # A drain that was cut short may have been cut inside a line.
        self.assertTrue(output.endswith(b"\n") or not output or ledger["abandoned"], output[-100:])
        self.assertEqual(output.count(b"\n"), ledger["written"], outcome.stderr)
        numbers = [json.loads(line)["n"] for line in output.split(b"\n")[:-1]]
        self.assertEqual(numbers, sorted(set(numbers)))
        self.assertEqual(outcome.returncode, 75 if ledger["abandoned"] else 0, outcome.stderr)
