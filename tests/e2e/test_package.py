"""What is installed: units and their hardening, the Debian package, manual pages, completions."""
import json
import os
import pathlib
import re
import shutil
import subprocess
import unittest

from support.sluice import BINARY, PATIENCE, ROOT, SANITIZE, SluiceTest

BUILD = BINARY.parent
UNITS = ("sluice.service", "sluice@.service", "sluice-tail@.service")
GREATEST_EXPOSURE = 1.5


def tool(name):
    """The path of a program; skips the test where it is missing."""
    path = shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
    if path is None:
        raise unittest.SkipTest("%s is not installed" % name)
    return path


def run(*arguments, **more):
    more.setdefault("timeout", 120 * PATIENCE)
    return subprocess.run([str(argument) for argument in arguments], capture_output=True, text=True, **more)


@unittest.skipIf(SANITIZE, "what is installed is not built with sanitizers")
class Installed(SluiceTest):
    """`cmake --install` with DESTDIR, as packagers do it."""

    def setUp(self):
        super().setUp()
        if not (BUILD / "CPackConfig.cmake").exists():
            self.skipTest("%s is not a build directory" % BUILD)

    def install(self, prefix="/usr"):
        root = self.directory / "root"
        result = run("cmake", "--install", BUILD, "--prefix", prefix, "--component", "sluice",
                     env={**os.environ, "DESTDIR": str(root)})
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
        return root

    def test_with_destdir_all_is_below_it_and_names_the_place_without_it(self):
        root = self.install()
        for name in ("usr/bin/sluice", "usr/lib/systemd/system/sluice.service", "usr/lib/sysusers.d/sluice.conf",
                     "usr/lib/tmpfiles.d/sluice.conf", "usr/share/man/man1/sluice.1.gz",
                     "usr/share/man/man5/sluice.yaml.5.gz", "usr/share/sluice/sluice.schema.json",
                     "usr/share/bash-completion/completions/sluice", "etc/sluice/pipeline.yaml"):
            self.assertTrue((root / name).is_file(), name)
        self.assertEqual(sorted(path.name for path in root.iterdir()), ["etc", "usr"])
        text = (root / "usr/lib/systemd/system/sluice.service").read_text()
        self.assertIn("\nExecStart=/usr/bin/sluice run /etc/sluice/pipeline.yaml\n", text)
        for path in (root / "usr/lib/systemd").rglob("*"):
            if path.is_file():
                self.assertNotRegex(path.read_text(), r"@SLUICE_|" + re.escape(str(self.directory)), path.name)

    def test_another_prefix_keeps_everything_below_itself(self):
        root = self.install("/opt/logs")
        self.assertEqual([path.name for path in root.iterdir()], ["opt"])
        text = (root / "opt/logs/lib/systemd/system/sluice@.service").read_text()
        self.assertIn("ExecStart=/opt/logs/bin/sluice run /opt/logs/etc/sluice/%i.yaml", text)

    def test_a_changed_configuration_is_left_alone(self):
        kept = self.install() / "etc/sluice/pipeline.yaml"
        kept.write_text("# mine\n")
        self.install()
        self.assertEqual(kept.read_text(), "# mine\n")

    def test_the_default_configurations_pass_check_and_name_the_schema(self):
        root = self.install()
        for name in ("pipeline.yaml", "tail.yaml"):
            path = root / "etc/sluice" / name
            self.assertIn("$schema=/usr/share/sluice/sluice.schema.json", path.read_text())
            arguments = ["--set", "stages.generate-1.state=%s" % self.directory] if name == "pipeline.yaml" else []
            self.assert_exit(self.command("check", path, *arguments), 0)
        json.loads((root / "usr/share/sluice/sluice.schema.json").read_text())

    def test_no_unit_is_exposed_beyond_the_limit(self):
        analyze = tool("systemd-analyze")
        root = self.install()
        for unit in UNITS:
            with self.subTest(unit=unit):
                # An offline analysis wants a file that names an instance.
                path = root / "usr/lib/systemd/system" / unit
                if "@" in unit:
                    path = shutil.copy(path, self.directory / unit.replace("@.", "@x."))
                result = run(analyze, "security", "--offline=true", "--no-pager", path)
                found = re.search(r"Overall exposure level for \S+: ([0-9.]+)", result.stdout)
                self.assertTrue(found, result.stdout + result.stderr)
                print("%s: exposure %s" % (unit, found.group(1)))
                self.assertLessEqual(float(found.group(1)), GREATEST_EXPOSURE, result.stdout)

    def test_systemd_has_nothing_to_say_against_the_units(self):
        analyze = tool("systemd-analyze")
        root = self.install()
        for unit in UNITS:
            with self.subTest(unit=unit):
                # The binary and the pages are not at their place; everything else is as installed.
                text = (root / "usr/lib/systemd/system" / unit).read_text()
                text = text.replace("/usr/bin/sluice", str(BINARY))
                text = re.sub(r"^Documentation=.*\n", "", text, flags=re.MULTILINE)
                path = self.write(unit.replace("@.", "@x."), text)
                result = run(analyze, "verify", "--recursive-errors=no", path)
                self.assertEqual((result.returncode, result.stdout + result.stderr), (0, ""))

    def test_the_generator_asks_for_notify_reload_only_where_it_is_known(self):
        generator = ROOT / "systemd" / "sluice-generator"
        commands = self.directory / "commands"
        commands.mkdir()
        for version, expected in (("252 (252.39-1)", 0), ("253.1-1", 3), ("257~rc1", 3)):
            fake = commands / "systemctl"
            fake.write_text("#!/bin/sh\necho 'systemd %s'\n" % version)
            fake.chmod(0o755)
            made = self.directory / ("made-" + version.split()[0])
            made.mkdir()
            result = run("sh", generator, made, made, made,
                         env={"PATH": "%s:/usr/bin:/bin" % commands})
            self.assertEqual((result.returncode, result.stderr), (0, ""))
            drop_ins = sorted(made.rglob("*.conf"))
            self.assertEqual(len(drop_ins), expected, version)
            for path in drop_ins:
                self.assertIn("Type=notify-reload\n", path.read_text())

    def test_the_debian_package_is_complete_and_lintian_finds_no_error(self):
        for name in ("cpack", "dpkg-deb", "dpkg-shlibdeps"):
            tool(name)
        result = run("cpack", "--config", BUILD / "CPackConfig.cmake", "-B", self.directory / "package",
                     timeout=300 * PATIENCE)
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
        packages = list((self.directory / "package").glob("*.deb"))
        self.assertEqual(len(packages), 1, result.stdout)
        fields = run("dpkg-deb", "--field", packages[0]).stdout
        self.assertRegex(fields, r"(?m)^Version: [0-9.]+-1$")
        self.assertRegex(fields, r"Depends: .*libc6.*libtbb12")
        control = self.directory / "control"
        self.assertEqual(run("dpkg-deb", "--control", packages[0], control).returncode, 0)
        for script in ("postinst", "prerm", "postrm"):
            self.assertEqual(run("sh", "-n", control / script).returncode, 0, script)
            self.assertTrue(os.access(control / script, os.X_OK), script)
        content = run("dpkg-deb", "--contents", packages[0]).stdout
        for name in (control / "conffiles").read_text().split():
            self.assertIn(" .%s\n" % name, content)
        if shutil.which("lintian") is None:
            self.skipTest("lintian is not installed; the rest was checked")
        result = run("lintian", "--allow-root", "--fail-on", "error", packages[0])
        print(result.stdout)
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)


class Manual(SluiceTest):
    PAGES = ("sluice.1", "sluice.yaml.5")

    def page(self, name):
        outcome = self.command("manual", name, "--date", "2026-11-25")
        self.assert_exit(outcome, 0)
        return self.write(name, outcome.stdout)

    def test_groff_has_no_warnings(self):
        groff = tool("groff")
        for name in self.PAGES:
            with self.subTest(page=name):
                result = run(groff, "-man", "-ww", "-Tutf8", self.page(name))
                self.assertEqual((result.returncode, result.stderr), (0, ""))
                self.assertGreater(len(result.stdout), 2000)

    def test_mandoc_has_no_warnings(self):
        mandoc = tool("mandoc")
        for name in self.PAGES:
            with self.subTest(page=name):
                result = run(mandoc, "-Tlint", "-Wwarning", self.page(name))
                self.assertEqual(result.stdout + result.stderr, "")

    def test_every_option_of_the_command_line_is_on_the_page(self):
        text = self.page("sluice.1").read_text().replace("\\-", "-")
        for command in ("run", "check", "explain", "status", "stages", "schema"):
            self.assertIn("\n.SS %s\n" % command, text)
            for option in re.findall(r"--[a-z-]+", self.command(command, "--help").stdout.decode()):
                self.assertIn("\\fB%s\\fR" % option, text, command)

    def test_every_option_of_the_reference_is_on_the_page(self):
        text = self.page("sluice.yaml.5").read_text().replace("\\-", "-")
        names = re.findall(r"^\| `([^`]+)` \|", (ROOT / "docs" / "reference.md").read_text(), re.MULTILINE)
        self.assertGreater(len(names), 100)
        for name in names:
            self.assertIn("\\fB%s\\fR" % name, text)


class Completion(SluiceTest):
    def script(self, shell):
        outcome = self.command("completion", shell)
        self.assert_exit(outcome, 0)
        return self.write("completion", outcome.stdout)

    def complete(self, *words):
        """What bash offers at the end of these words."""
        program = ('. "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _sluice; '
                   'printf "%s\\n" "${COMPREPLY[@]}"')
        result = run("bash", "-c", program, "bash", self.script("bash"), *words, cwd=self.directory)
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        return result.stdout.split("\n")[:-1]

    def test_bash_completes_commands_options_words_and_files(self):
        self.write("a pipeline.yaml", "")
        self.assertIn("run", self.complete("sluice", ""))
        self.assertEqual(self.complete("sluice", "sc"), ["schema"])
        self.assertNotIn("completion", self.complete("sluice", ""))
        self.assertIn("--ledger", self.complete("sluice", "run", "--"))
        self.assertNotIn("--ledger", self.complete("sluice", "check", "--"))
        self.assertEqual(self.complete("sluice", "run", "--log-format", "j"), ["json"])
        self.assertEqual(self.complete("sluice", "run", "a"), ["a pipeline.yaml"])
        self.assertEqual(self.complete("sluice", "run", "--ledger", "a"), ["a pipeline.yaml"])
        self.assertEqual(self.complete("sluice", "run", "--workers", ""), [""])

    def test_zsh_takes_the_script(self):
        result = run(tool("zsh"), "-n", self.script("zsh"))
        self.assertEqual((result.returncode, result.stderr), (0, ""))

    def test_fish_takes_the_script_and_completes(self):
        fish = tool("fish")
        script = self.script("fish")
        result = run(fish, "-c", "source %s; complete -C 'sluice sc'" % script,
                     env={**os.environ, "HOME": str(self.directory)})
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn("schema", result.stdout)
