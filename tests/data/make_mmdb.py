#!/usr/bin/env python3
"""Writes small databases in MaxMind's format (https://maxmind.github.io/MaxMind-DB/): ours, for samples and tests.

usage: tests/data/make_mmdb.py          writes docs/samples/geo.mmdb, tests/data/ipv4.mmdb and the seeds of fuzz_mmdb
"""

import ipaddress
import pathlib
import struct

ROOT = pathlib.Path(__file__).resolve().parents[2]
TYPES = {"double": 3, "bytes": 4, "uint16": 5, "uint32": 6, "map": 7, "int32": 8, "uint64": 9, "uint128": 10,
         "array": 11, "boolean": 14, "float": 15}


class Typed:
    """A number with the type that it has in the file."""

    def __init__(self, kind, value):
        self.kind, self.value = kind, value


def control(kind, size):
    head, tail = (kind << 5, b"") if kind <= 7 else (0, bytes([kind - 7]))
    if size < 29:
        return bytes([head | size]) + tail
    if size < 285:
        return bytes([head | 29]) + tail + bytes([size - 29])
    return bytes([head | 30]) + tail + struct.pack(">H", size - 285)


def encode(value):
    if isinstance(value, str):
        text = value.encode("utf-8", "surrogateescape")
        return control(2, len(text)) + text
    if isinstance(value, bytes):
        return control(TYPES["bytes"], len(value)) + value
    if isinstance(value, bool):
        return control(TYPES["boolean"], int(value))
    if isinstance(value, float):
        return control(TYPES["double"], 8) + struct.pack(">d", value)
    if isinstance(value, int):
        value = Typed("uint32", value)
    if isinstance(value, dict):
        return control(7, len(value)) + b"".join(encode(k) + encode(v) for k, v in value.items())
    if isinstance(value, list):
        return control(TYPES["array"], len(value)) + b"".join(encode(v) for v in value)
    if value.kind == "float":
        return control(TYPES["float"], 4) + struct.pack(">f", value.value)
    if value.kind == "int32":
        return control(TYPES["int32"], 4) + struct.pack(">i", value.value)
    octets = value.value.to_bytes((value.value.bit_length() + 7) // 8, "big")
    return control(TYPES[value.kind], len(octets)) + octets


def database(networks, version=6, kind="Sluice-Test"):
    """networks: text to value; the longer of two that overlap wins. Records of 24 bits."""
    data, places, nodes = b"", {}, [[None, None]]
    for text, value in sorted(networks.items(), key=lambda item: ipaddress.ip_network(item[0]).prefixlen):
        network = ipaddress.ip_network(text)
        bits, length = int(network.network_address), network.prefixlen
        total = 32 if version == 4 else 128
        if version == 6 and network.version == 4:
            length += 96
        encoded = encode(value)
        if encoded not in places:
            places[encoded] = len(data)
            data += encoded
        node = 0
        for depth in range(length):
            side = (bits >> (total - 1 - depth)) & 1
            if depth == length - 1:
                nodes[node][side] = ("data", places[encoded])
                break
            child = nodes[node][side]
            if not isinstance(child, int):
                nodes.append([child, child])  # what covered both halves still does
                nodes[node][side] = child = len(nodes) - 1
            node = child
    tree = b""
    for node in nodes:
        for child in node:
            number = len(nodes) if child is None else child if isinstance(child, int) else len(nodes) + 16 + child[1]
            tree += struct.pack(">I", number)[1:]
    metadata = {"binary_format_major_version": Typed("uint16", 2), "binary_format_minor_version": Typed("uint16", 0),
                "build_epoch": Typed("uint64", 1_700_000_000), "database_type": kind,
                "description": {"en": "made by tests/data/make_mmdb.py"}, "ip_version": Typed("uint16", version),
                "languages": ["en"], "node_count": len(nodes), "record_size": Typed("uint16", 24)}
    return tree + bytes(16) + data + b"\xab\xcd\xefMaxMind.com" + encode(metadata)


GEO = {
    "192.0.2.0/24": {
        "city": {"geoname_id": 2925533, "names": {"de": "Frankfurt am Main", "en": "Frankfurt am Main"}},
        "country": {"iso_code": "DE", "names": {"de": "Deutschland", "en": "Germany"}},
        "location": {"accuracy_radius": Typed("uint16", 20), "latitude": 50.1155, "longitude": 8.6842,
                     "time_zone": "Europe/Berlin"},
        "subdivisions": [{"iso_code": "HE", "names": {"en": "Hesse"}}, {"iso_code": "X", "names": {"en": "Second"}}],
    },
    "192.0.2.128/25": {"country": {"iso_code": "AT", "names": {"en": "Austria"}}},
    "198.51.100.0/24": {
        "every": {"bytes": b"\x00\xff", "double": -1.5, "float": Typed("float", 0.1), "int32": Typed("int32", -7),
                  "uint16": Typed("uint16", 65535), "uint32": 4294967295, "uint64": Typed("uint64", 2**64 - 1),
                  "uint128": Typed("uint128", 2**127 + 1), "small128": Typed("uint128", 5), "true": True,
                  "false": False, "list": [1, "two", [3]], "empty": {}, "broken": "a\udcffb", "zero": 0},
    },
    "203.0.113.5/32": {"country": {"iso_code": "NL"}, "long": "x" * 400},
    "2001:db8::/32": {"country": {"iso_code": "FR", "names": {"en": "France"}}},
}


def main():
    files = {
        "docs/samples/geo.mmdb": database(GEO, kind="Sluice-Sample-City"),
        "tests/data/ipv4.mmdb": database({"192.0.2.0/24": {"asn": 64500}}, version=4),
        "tests/fuzz/corpus/mmdb/ipv4": database({"192.0.2.0/24": {"asn": 64500}, "10.0.0.0/8": "text"}, version=4),
        "tests/fuzz/corpus/mmdb/ipv6": database(GEO),
        "tests/fuzz/corpus/mmdb/empty": database({}),
    }
    for name, content in files.items():
        path = ROOT / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


if __name__ == "__main__":
    main()
