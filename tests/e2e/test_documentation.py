"""What the documentation shows is what happens: every ```console block is run and compared with what it promises.

Lines that start with `$ ` are commands, what follows is their output. `...` in an output line stands for anything;
a line that is only `...` for any number of lines. Timings (12.3 ms, "elapsed_s": 0.01) may differ.
"""
import os
import re
import subprocess

from support.sluice import BINARY, PATIENCE, ROOT, SluiceTest

TIMING = re.compile(r'("(?:elapsed_s|busy_s)": ?)[0-9.e-]+')


def console_blocks(text):
    """(line number, [(command, [output line...])...]) of each block."""
    block, number = None, 0
    for number, line in enumerate(text.splitlines(), 1):
        if block is None:
            if line.strip() == "```console":
                block, start = [], number
        elif line.strip() == "```":
            yield start, block
            block = None
        elif line.startswith("$ "):
            block.append((line[2:], []))
        elif block and line.startswith("> ") and not block[-1][1]:
            block[-1] = (block[-1][0] + "\n" + line[2:], [])
        elif block:
            block[-1][1].append(line)


def pattern_of(lines):
    parts = []
    for line in lines:
        if line.strip() == "...":
            parts.append(r"(?:.*\n)*?")
        else:
            line = TIMING.sub(r"\1...", line.rstrip())
            parts.append(".*?".join(re.escape(part) for part in line.split("...")) + r"[ ]*\n")
    return re.compile("".join(parts) + r"\s*\Z")


class Console(SluiceTest):
    def execute(self, page):
        found = 0
        commands = self.directory / "commands"
        commands.mkdir(exist_ok=True)
        if not (commands / "sluice").exists():
            (commands / "sluice").symlink_to(BINARY)
        for start, block in console_blocks(page.read_text()):
            for command, expected in block:
                found += 1
                with self.subTest(page=page.name, line=start, command=command):
                    result = subprocess.run(
                        ["bash", "-o", "pipefail", "-c", command], cwd=ROOT, stdin=subprocess.DEVNULL,
                        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60 * PATIENCE,
                        env={**os.environ, "PATH": "%s:%s" % (commands, os.environ["PATH"]), "TERM": "dumb",
                             "SCRATCH": str(self.directory)})
                    output = result.stdout.decode(errors="replace")
                    if output and not output.endswith("\n"):
                        output += "\n"
                    if not pattern_of(expected).match(TIMING.sub(r"\1...", output)):
                        self.fail("the page promises\n%s\nbut the output is\n%s" % ("\n".join(expected), output))
        return found

    def test_readme(self):
        self.assertGreater(self.execute(ROOT / "README.md"), 2)

    def test_docs(self):
        for page in [*sorted((ROOT / "docs").glob("*.md")), ROOT / "docs" / "samples" / "README.md"]:
            self.assertGreater(self.execute(page), 0, "%s shows no command" % page)

    def test_links_lead_somewhere(self):
        for page in [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("**/*.md"))]:
            prose = re.sub(r"```.*?```|`[^`\n]*`", "", page.read_text(), flags=re.DOTALL)
            for target in re.findall(r"\]\((?!https?:|#|mailto:)([^)#\s]+)", prose):
                with self.subTest(page=page.name, target=target):
                    self.assertTrue((page.parent / target).exists(), "%s links to %s" % (page.name, target))


class Samples(SluiceTest):
    def test_every_sample_pipeline_passes_check(self):
        samples = sorted((ROOT / "docs" / "samples").glob("*.yaml"))
        self.assertGreater(len(samples), 2)
        for sample in samples:
            with self.subTest(sample=sample.name):
                self.assert_exit(self.command("check", sample, directory=ROOT), 0)  # samples name their tables

    def test_the_sample_log_ends_as_the_readme_says(self):
        ledger = self.directory / "ledger.json"
        with open(ROOT / "docs" / "samples" / "app.log", "rb") as log:
            data = log.read()
        outcome = self.command("run", ROOT / "docs" / "samples" / "pipeline.yaml", "--ledger", ledger, input=data)
        self.assert_exit(outcome, 0)
        import json
        counts = json.loads(ledger.read_text())
        self.assertEqual({key: counts[key] for key in ("received", "written", "filtered", "rejected")},
                         {"received": data.count(b"\n"), "written": 8, "filtered": 17, "rejected": 3})

    def test_the_combined_sample_has_one_line_that_is_none(self):
        with open(ROOT / "docs" / "samples" / "access.log", "rb") as log:
            data = log.read()
        outcome = self.command("run", ROOT / "docs" / "samples" / "access.yaml", input=data)
        self.assert_exit(outcome, 0)
        self.assertTrue(outcome.records)
        for record in outcome.records:
            self.assertGreaterEqual(record["status"], 400)
        self.assertEqual(outcome.stderr.count("not a request at all"), 1)
