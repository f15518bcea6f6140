"""Parse, filter, enrich, write: the main job gives, byte for byte and in order, what a short Python program gives."""
import json

from support.sluice import SMALL, SluiceTest

JOB = """
- generate: stdin
- parse: json
- filter: status >= 400 && !path.startsWith("/health")
- enrich:
    fields: {dc: fra1}
    compute: {slow: duration_ms > 250.0}
- write: stdout
"""
LINES = 20000 if SMALL else 200000


def reference(lines):
    for line in lines:
        event = json.loads(line)
        if event["status"] >= 400 and not event["path"].startswith("/health"):
            slow = b"true" if event["duration_ms"] > 250.0 else b"false"
            yield line.rstrip(b"\n")[:-1] + b',"dc":"fra1","slow":' + slow + b"}\n"


class MainJob(SluiceTest):
    def assert_as_reference(self, pipeline, lines=LINES, **more):
        source = self.workload("json", lines)
        with open(source, "rb") as file:
            expected = list(reference(file))
        outcome = self.run_sluice(JOB, source, pipeline=pipeline, **more)
        self.assert_exit(outcome, 0)
        self.assert_ledger(outcome, cause="eof", received=lines, written=len(expected),
                           filtered=lines - len(expected), rejected=0, abandoned=0,
                           bytes_in=source.stat().st_size, bytes_out=sum(map(len, expected)))
        if outcome.stdout != b"".join(expected):
            for number, (got, wanted) in enumerate(zip(outcome.stdout.splitlines(True), expected)):
                self.assertEqual(got, wanted, "line %d" % number)
            self.fail("the outputs differ in length")
        return outcome

    def test_four_workers_write_what_python_writes_in_order(self):
        self.assert_as_reference("workers: 4")

    def test_one_worker_writes_the_same(self):
        self.assert_as_reference("workers: 1", 20000)

    def test_tiny_batches_and_queues_write_the_same(self):
        self.assert_as_reference("workers: 4, queue: 1, batch: {size: 1KiB}", 5000)

    def test_the_ledger_follows_the_records_from_stage_to_stage(self):
        outcome = self.assert_as_reference("workers: 2", 20000)
        stages = {stage["kind"]: stage for stage in outcome.ledger["stages"]}
        self.assertEqual([stage["name"] for stage in outcome.ledger["stages"]],
                         ["generate-1", "parse-2", "filter-3", "enrich-4", "write-5"])
        self.assertEqual(stages["generate"]["out"], 20000)
        self.assertEqual(stages["parse"]["in"], 20000)
        self.assertEqual(stages["filter"]["in"], 20000)
        self.assertEqual(stages["filter"]["in"] - stages["filter"]["filtered"], stages["filter"]["out"])
        self.assertEqual(stages["filter"]["out"], stages["write"]["in"])
        self.assertEqual(stages["filter"]["filtered"], outcome.ledger["filtered"])

    def test_relaxed_order_writes_the_same_lines(self):
        source = self.workload("json", 20000)
        with open(source, "rb") as file:
            expected = sorted(reference(file))
        outcome = self.run_sluice(JOB, source, pipeline="workers: 4, order: relaxed, batch: {size: 4KiB}")
        self.assert_exit(outcome, 0)
        self.assertEqual(sorted(outcome.stdout.splitlines(True)), expected)

    def test_a_pipe_gives_what_a_file_gives(self):
        import os
        source = self.workload("json", 20000)
        reader, writer = os.pipe()
        running = self.start(JOB, pipeline="workers: 4", stdin=reader)
        os.close(reader)
        data = source.read_bytes()
        self.feed(writer, (data[at:at + 7919] for at in range(0, len(data), 7919)))
        outcome = running.wait(60)
        self.assert_exit(outcome, 0)
        self.assertEqual(outcome.stdout, b"".join(reference(data.splitlines(True))))

    def test_twenty_stages_on_one_worker_keep_order(self):
        source = self.workload("json", 5000)
        stages = "- generate: stdin\n- parse: json\n"
        stages += "".join("- enrich: {fields: {f%d: %d}}\n" % (number, number) for number in range(20))
        outcome = self.run_sluice(stages + "- write: stdout\n", source, pipeline="workers: 1, queue: 1")
        self.assert_exit(outcome, 0)
        tail = b"".join(b',"f%d":%d' % (number, number) for number in range(20)) + b"}\n"
        self.assertEqual(outcome.stdout, b"".join(line[:-2] + tail for line in open(source, "rb")))

    def test_combined_access_logs_become_json(self):
        lines = 20000
        source = self.workload("combined", lines)
        outcome = self.run_sluice("""
            - generate: stdin
            - parse: combined
            - filter: status >= 400
            - write: stdout
            """, source, pipeline="workers: 4")
        self.assert_exit(outcome, 0)
        wanted = []
        for line in source.read_text().splitlines():
            quoted = line.split('"')
            status, size = quoted[2].split()
            if int(status) >= 400:
                method, path, _ = quoted[1].split(" ")
                wanted.append([line.split(" ")[0], method, path, int(status), int(size), quoted[5]])
        self.assertEqual(len(outcome.records), len(wanted))
        for record, values in zip(outcome.records, wanted):
            for value in values:  # the names of the fields are the reference's business
                self.assertIn(value, list(record.values()))
