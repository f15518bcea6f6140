"""What goes in unchanged comes out unchanged: line ends, odd bytes, numbers and escapes."""
import base64
import json

from support.sluice import SluiceTest

THROUGH = """
- generate: stdin
- parse: json
- write: stdout
"""
RAW = """
- generate: stdin
- write: {to: stdout, encode: raw}
"""


class LineEnds(SluiceTest):
    def test_crlf_ends_a_line_as_lf_does(self):
        outcome = self.run_sluice(THROUGH, b'{"a":1}\r\n{"a":2}\n{"a":3}\r\n')
        self.assertEqual(outcome.stdout, b'{"a":1}\n{"a":2}\n{"a":3}\n')

    def test_a_carriage_return_inside_a_line_is_kept(self):
        outcome = self.run_sluice(RAW, b"one\rtwo\nthree\r\r\n")
        self.assertEqual(outcome.stdout, b"one\rtwo\nthree\r\n")

    def test_the_last_line_needs_no_newline(self):
        outcome = self.run_sluice(THROUGH, b'{"a":1}\n{"a":2}')
        self.assertEqual(outcome.stdout, b'{"a":1}\n{"a":2}\n')
        self.assert_ledger(outcome, received=2, written=2)

    def test_blank_lines_are_filtered(self):
        outcome = self.run_sluice(THROUGH, b'\n{"a":1}\n   \n\t\r\n{"a":2}\n\n')
        self.assertEqual(outcome.stdout, b'{"a":1}\n{"a":2}\n')
        self.assert_ledger(outcome, received=6, written=2, filtered=4, rejected=0)

    def test_keep_blank_keeps_them(self):
        outcome = self.run_sluice("""
            - generate: {from: stdin, keep_blank: true}
            - write: {to: stdout, encode: raw}
            """, b"one\n\n  \ntwo\n")
        self.assertEqual(outcome.stdout, b"one\n\n  \ntwo\n")
        self.assert_ledger(outcome, received=4, written=4)

    def test_a_byte_order_mark_costs_at_most_its_own_line(self):
        outcome = self.run_sluice(THROUGH, b'\xef\xbb\xbf{"a":1}\n{"a":2}\n')
        self.assert_exit(outcome, 0)
        self.assert_ledger(outcome, received=2)
        self.assertIn(b'{"a":2}\n', outcome.stdout)
        if outcome.ledger["rejected"]:
            self.assertEqual(outcome.rejects[0]["raw"].encode(), b'\xef\xbb\xbf{"a":1}')


class Passage(SluiceTest):
    """Records that no stage changed are written byte for byte."""

    def assert_unchanged(self, *lines):
        text = b"".join(line + b"\n" for line in lines)
        outcome = self.run_sluice(THROUGH, text)
        self.assert_exit(outcome, 0)
        self.assertEqual(outcome.rejects, [])
        self.assertEqual(outcome.stdout, text)

    def test_numbers_are_not_touched(self):
        self.assert_unchanged(b'{"a":12345678901234567890}', b'{"a":1.0}', b'{"a":1e3}', b'{"a":-0}', b'{"a":1E+2}',
                              b'{"a":0.1000}', b'{"a":123456789012345678901234567890}',
                              b'{"a":3.141592653589793238462643383279}', b'{"a":-9223372036854775808}',
                              b'{"a":18446744073709551615}', b'{"a":-0.0}', b'{"a":1e-400}')

    def test_escapes_are_not_touched(self):
        self.assert_unchanged(rb'{"a":"\u0041\/\n\t\"\\ \u00e9 \ud83d\ude00"}', '{"ключ":"значение 😀"}'.encode(),
                              rb'{"a\u0062":1}', b'{"a":"\x7f"}')

    def test_space_is_not_touched(self):
        self.assert_unchanged(b'{ "a" : 1 , "b" :\t[ 1, 2 ] }', b'  {"a":1}  ', b'{}', b'{ }')

    def test_duplicate_keys_are_kept_and_the_last_one_is_read(self):
        self.assert_unchanged(b'{"a":1,"a":2}')
        outcome = self.run_sluice("""
            - generate: stdin
            - parse: json
            - filter: level == "error"
            - write: stdout
            """, b'{"level":"info","level":"error"}\n{"level":"error","level":"info"}\n')
        self.assertEqual(outcome.stdout, b'{"level":"info","level":"error"}\n')

    def test_nesting_that_is_reasonable_passes(self):
        self.assert_unchanged(b'{"a":' + b"[" * 200 + b"]" * 200 + b"}", b'{"a":' * 200 + b"1" + b"}" * 200)

    def test_added_fields_follow_and_the_rest_is_not_touched(self):
        outcome = self.run_sluice("""
            - generate: stdin
            - parse: json
            - enrich: {fields: {dc: fra1, n: 7, ratio: 0.5, on: true, none: null, list: [1, two], map: {k: v}}}
            - write: stdout
            """, b'{ "a" : 1.0 , "b":"\\u0041" }\n{}\n')
        added = b'"dc":"fra1","n":7,"ratio":0.5,"on":true,"none":null,"list":[1,"two"],"map":{"k":"v"}}'
        first, second = outcome.lines
        self.assertTrue(first.startswith(b'{ "a" : 1.0 , "b":"\\u0041"'), first)
        self.assertTrue(first.endswith(b"," + added), first)
        self.assertEqual(second, b"{" + added)

    def test_a_changed_field_keeps_its_place(self):
        outcome = self.run_sluice("""
            - generate: stdin
            - parse: json
            - enrich: {fields: {b: new}}
            - write: stdout
            """, b'{"a":1.0,"b":"old","c":1e3}\n')
        self.assertEqual(outcome.stdout, b'{"a":1.0,"b":"new","c":1e3}\n')

    def test_keep_drop_and_rename(self):
        outcome = self.run_sluice("""
            - generate: stdin
            - parse: json
            - enrich: {drop: [secret]}
            - enrich: {rename: {msg: message}}
            - write: stdout
            """, b'{"a":1.0,"secret":"x","msg":"hi","z":[1, 2]}\n')
        self.assertEqual(outcome.stdout, b'{"a":1.0,"message":"hi","z":[1, 2]}\n')
        outcome = self.run_sluice("""
            - generate: stdin
            - parse: json
            - enrich: {keep: [a, z]}
            - write: stdout
            """, b'{"a":1.0,"secret":"x","msg":"hi","z":[1, 2]}\n')
        self.assertEqual(outcome.stdout, b'{"a":1.0,"z":[1, 2]}\n')

    def test_an_unparsed_line_becomes_its_message(self):
        outcome = self.run_sluice("- generate: stdin\n- write: stdout\n", b'say "hi"\t\\ \xc3\xa9\n')
        self.assertEqual(outcome.records, [{"message": 'say "hi"\t\\ é'}])

    def test_into_puts_the_fields_under_a_prefix(self):
        outcome = self.run_sluice("""
            - generate: stdin
            - parse: {format: json, into: event, keep_raw: true}
            - write: stdout
            """, b'{"a":1}\n')
        record = outcome.records[0]
        self.assertEqual(record["event"], {"a": 1})
        self.assertIn('{"a":1}', json.dumps(record).replace("\\", ""))


class OddBytes(SluiceTest):
    def assert_rejected(self, line, reasons=None):
        outcome = self.run_sluice(THROUGH, line + b'\n{"good":1}\n')
        self.assert_exit(outcome, 0)
        self.assertEqual(outcome.stdout, b'{"good":1}\n')
        reject, = outcome.rejects
        raw = reject["raw"].encode() if "raw" in reject else base64.b64decode(reject["raw_base64"])
        self.assertEqual(raw, line)
        if reasons:
            self.assertIn(reject["reason"], reasons)

    def test_nul_bytes(self):
        self.assert_rejected(b'{"a":"x\0y"}')
        self.assert_rejected(b"\0")
        self.assert_rejected(b'{"a":1}\0')

    def test_invalid_utf8(self):
        self.assert_rejected(b'{"a":"\xff"}')
        self.assert_rejected(b'{"a":"\xc3"}')
        self.assert_rejected(b'{"a":"\xed\xa0\x80"}')  # a surrogate
        self.assert_rejected(b'{"a":"\xc0\x80"}')      # overlong
        self.assert_rejected(b'{"a":"\xf4\x90\x80\x80"}')  # beyond U+10FFFF

    def test_invalid_utf8_in_a_raw_line_survives_the_passage(self):
        outcome = self.run_sluice(RAW, b"\xff\xfe caf\xe9\0\n")
        self.assertEqual(outcome.stdout, b"\xff\xfe caf\xe9\0\n")

    def test_an_unparsed_line_of_invalid_utf8_still_gives_valid_json_or_a_reject(self):
        outcome = self.run_sluice("- generate: stdin\n- write: stdout\n", b"caf\xe9\nfine\n")
        self.assert_exit(outcome, 0)
        for line in outcome.lines:
            json.loads(line.decode("utf-8"))
        self.assertIn({"message": "fine"}, outcome.records)

    def test_nesting_without_end(self):
        self.assert_rejected(b"[" * 2000 + b"]" * 2000)
        self.assert_rejected(b'{"a":' * 100000)
        self.assert_rejected(b"[" * 500000)

    def test_values_that_are_no_objects(self):
        for line in (b"null", b"42", b'"text"', b"true", b"[]", b'[{"a":1}]', b"-1.5e3"):
            with self.subTest(line=line):
                self.assert_rejected(line, ["not_an_object"])

    def test_invalid_json(self):
        for line in (b"{", b'{"a"}', b'{"a":}', b'{"a":1,}', b"{'a':1}", b'{"a":01}', b'{"a":.5}', b'{"a":NaN}',
                     b'{"a":1}{"b":2}', b'{"a":1} x', b'{"a":"\\x"}', b'{"a":tru}', b'{"a":+1}', b'{a:1}',
                     b'{"a":1]', b'{"a":[1}', b'{"a":"\\ud800', b'{"a":1,,"b":2}', b"}", b'{"a" 1}', b"not json at all"):
            with self.subTest(line=line):
                self.assert_rejected(line)
