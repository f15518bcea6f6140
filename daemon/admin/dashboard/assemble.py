#!/usr/bin/env python3
"""Put the dashboard together: page.html with its style and scripts inside, which is what the binary holds. Run by the
build.

usage: assemble.py OUTPUT

The policy in the page names the hashes of exactly this style and this script: nothing that finds its way into the page
otherwise would run, and nothing can be fetched from anywhere but the daemon itself.
"""
import base64
import hashlib
import pathlib
import re
import sys

HERE = pathlib.Path(__file__).resolve().parent
STYLE = re.compile(r'<link rel="stylesheet" href="([^"]+)">\n')
SCRIPT = re.compile(r'<script src="([^"]+)"></script>\n')
COMMENT = re.compile(r"//|/\*.*\*/$")
TRAILING = re.compile(r"  // .*")
POLICY = ("default-src 'none'; connect-src 'self'; img-src data:; style-src '%s'; script-src '%s'; base-uri 'none'; "
          "form-action 'none'")


def source_of(text):
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def read(names):
    """The files one after the other, without indentation and lines of comment: every page that is sent has to carry it."""
    text = "".join((HERE / name).read_text(encoding="utf-8") for name in names)
    lines = (TRAILING.sub("", line).strip() for line in text.splitlines())
    return "".join(line + "\n" for line in lines if line and not COMMENT.match(line))


def assemble():
    page = read(["page.html"])
    style = "\n" + read(STYLE.findall(page))
    script = '\n"use strict";\n' + read(SCRIPT.findall(page))
    policy = POLICY % (source_of(style), source_of(script))
    head = ('<meta http-equiv="Content-Security-Policy" content="%s">\n<style>%s</style>\n' % (policy, style))
    page = STYLE.sub(lambda _: head, page)
    page = SCRIPT.sub("", page).replace("</body>", "<script>%s</script>\n</body>" % script)
    return "<!-- Made by dashboard/assemble.py -->\n" + page


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: assemble.py OUTPUT")
    pathlib.Path(sys.argv[1]).write_text(assemble(), encoding="utf-8")
