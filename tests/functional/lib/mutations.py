"""Valid configurations made wrong, one fault at a time, so that the line to be named is known beforehand.

An operator takes the lines of a valid configuration and a random.Random, changes the lines in place, and returns
the number of the line (from 1) at fault; None where a YAML parser may name another line near by."""
import re

VALID = """\
server:
  listen: ["127.0.0.1@{port}", "::1@{port}"]
  workers: 2
  state-directory: {folder}/state
  nsid: ns2.example.net
  version: "1"
  cookies: on
  cookie-secrets: ["000102030405060708090a0b0c0d0e0f"]
  refuse: ["198.51.100.0/24"]
  allow-proxy: ["127.0.0.9"]
  tcp-clients-per-address: 100
  tcp-idle-timeout: 10
  udp-coalesce: 50
  rate-limit:
    responses-per-second: 200
    slip: 2
    exempt: ["127.0.0.0/8"]
control:
  socket: {folder}/control.sock
log:
  level: info
  format: text
keys:
  - name: k1
    algorithm: hmac-sha256
    secret: "c2VjcmV0IG51bWJlciBvbmU="
  - name: k2.example.net
    algorithm: hmac-sha512
    secret: "c2VjcmV0IG51bWJlciB0d28="
primaries:
  - name: p1
    addresses: ["192.0.2.1", "2001:db8::1@5353"]
    key: k1
    source: "192.0.2.9"
  - name: p2
    addresses: ["192.0.2.2"]
templates:
  - name: default
    primaries: [p1]
    allow-transfer: ["127.0.0.0/8", "key:k1"]
    allow-notify: ["192.0.2.8"]
    allow-query: ["!192.0.2.9", "0.0.0.0/0", "::/0"]
    notify: ["192.0.2.7"]
    refresh-min: 2
    refresh-max: 86400
    retry-min: 1
    retry-max: 3600
    expire-min: 2
    expire-max: 31536000
  - name: other
    primaries: [p2, "192.0.2.3@5300"]
zones:
  - name: example.com
  - name: example.org
    primaries: [p1]
    template: default
  - name: example.net
    template: other
zones-file: {folder}/zones.list
"""
VALID_ZONES = "a.example p1\nb.example 192.0.2.4@5300 k1\nc.example 2001:db8::5\n# a remark\nd.example p2\n"

KEYED = re.compile(r"^(\s*(?:- )?)([a-z-]+):(.*)$")
NUMBERS = ("workers", "refresh-min", "refresh-max", "retry-min", "retry-max", "expire-min", "expire-max")


def _lines_with(lines, *keys):
    return [i for i, line in enumerate(lines) if (m := KEYED.match(line)) and m.group(2) in keys]


def _set(lines, index, value):
    match = KEYED.match(lines[index])
    lines[index] = f"{match.group(1)}{match.group(2)}: {value}"
    return index + 1


def _replace_value(keys, values):
    def operator(lines, chance):
        return _set(lines, chance.choice(_lines_with(lines, *keys)), chance.choice(values))
    return operator


def misspelled_key(lines, chance):
    index = chance.choice([i for i, line in enumerate(lines) if KEYED.match(line)])
    before, key, rest = KEYED.match(lines[index]).groups()
    place = chance.randrange(len(key))
    lines[index] = f"{before}{key[:place]}{chance.choice('qxz')}{key[place:]}:{rest}"
    return None if not before else index + 1  # a whole section misspelled: its references go wrong elsewhere too


def unknown_key(lines, chance):
    index = chance.choice(_lines_with(lines, "workers", "level", "algorithm", "source", "refresh-min", "template"))
    indent = len(KEYED.match(lines[index]).group(1))
    lines.insert(index, " " * indent + chance.choice(("colour", "slaves", "also", "x")) + ": 1")
    return index + 1


def duplicate_key(lines, chance):
    index = chance.choice(_lines_with(lines, "workers", "level", "algorithm", "addresses", "refresh-min", "template"))
    lines.insert(index + 1, lines[index].replace("- ", "  "))
    return index + 2


def duplicate_entry(lines, chance):
    """The second of two things of one kind takes the name of the first."""
    first, second = chance.choice((("k1", "k2.example.net"), ("p1", "p2"), ("default", "other"),
                                   ("example.com", "example.org"), ("Example.COM.", "example.com"),
                                   ("example.com", "example.net")))
    index = next(i for i in _lines_with(lines, "name") if lines[i].endswith(" " + second))
    return _set(lines, index, first) if second != "example.com" else _twice(lines, first)


def _twice(lines, name):
    index = _lines_with(lines, "zones-file")[0]
    lines.insert(index, f"  - name: {name}")
    return index + 1


def missing_name(lines, chance):
    """An entry without its name: the entry's line is named."""
    index = chance.choice([i for i in _lines_with(lines, "name") if i + 1 < len(lines)
                           and lines[i + 1].startswith("    ")])
    del lines[index]
    lines[index] = lines[index].replace("    ", "  - ", 1)
    return None if "other" in lines[index] else index + 1


def missing_secret(lines, chance):
    del lines[chance.choice(_lines_with(lines, "secret"))]
    return None


def no_primary(lines, chance):
    """A zone that nobody can be asked for."""
    lines[:] = [line for line in lines if not line.startswith("    primaries: [p1]") or "zone" in line]
    return None


def bounds_crossed(lines, chance):
    which = chance.choice(("refresh", "retry", "expire"))
    _set(lines, _lines_with(lines, f"{which}-min")[0], 5000)
    return _set(lines, _lines_with(lines, f"{which}-max")[0], chance.randrange(1, 4999)) and None


def scalar_for_section(lines, chance):
    """`server: 1` in place of a mapping."""
    index = chance.choice(_lines_with(lines, "server", "control", "log", "keys", "primaries", "templates", "zones"))
    while not lines[index].endswith(":"):
        index = chance.choice(_lines_with(lines, "server", "control", "log", "keys", "templates", "zones"))
    end = index + 1
    while end < len(lines) and lines[end].startswith(" "):
        end += 1
    lines[index:end] = [lines[index] + chance.choice((" 1", " text", ' ""'))]
    return None


def tab_indent(lines, chance):
    index = chance.choice([i for i, line in enumerate(lines) if line.startswith("  ")])
    lines[index] = "\t" + lines[index].lstrip()
    return None


def unclosed(lines, chance):
    """A bracket or a quote that does not close."""
    index = chance.choice([i for i, line in enumerate(lines) if line.endswith(("]", '"'))])
    lines[index] = lines[index][:-1]
    return None


def bad_indent(lines, chance):
    index = chance.choice([i for i, line in enumerate(lines) if line.startswith("    ")])
    lines[index] = lines[index][chance.choice((1, 3)):]
    return None


def not_text(lines, chance):
    """Bytes that no YAML may hold."""
    index = chance.randrange(len(lines))
    lines[index] = lines[index] + chance.choice(("\x00", "\x07", "\x1b[31m", "\udcff"))
    return None


OPERATORS = {
    "misspelled-key": misspelled_key, "unknown-key": unknown_key, "duplicate-key": duplicate_key,
    "duplicate-entry": duplicate_entry, "missing-name": missing_name, "missing-secret": missing_secret,
    "no-primary": no_primary, "bounds-crossed": bounds_crossed, "scalar-for-section": scalar_for_section,
    "tab-indent": tab_indent, "unclosed": unclosed, "bad-indent": bad_indent, "not-text": not_text,
    "bad-number": _replace_value(NUMBERS, ("many", "-1", "1.5", "0x10", "99999999999", "0", '""', "[1]", "{a: 1}", "2s",
                                           "~", "18446744073709551617")),
    "bad-listen": _replace_value(("listen",), ('["300.1.2.3@53"]', '["127.0.0.1@99999"]', '["127.0.0.1@"]', '["::g"]',
                                               '["localhost"]', '["127.0.0.1@-1"]', "[]", '[["127.0.0.1"]]',
                                               '["127.0.0.1@53@54"]', '["127.0.0.1:53"]', '[""]', "{a: b}")),
    "bad-addresses": _replace_value(("addresses",), ('["192.0.2"]', '["192.0.2.1@0"]', '["192.0.2.1@x"]', "[]",
                                                     '["192.0.2.256"]', '["2001:db8:::1"]', '["p2"]', '[~]')),
    "bad-source": _replace_value(("source",), ("192.0.2.300", '"192.0.2.9@53@1"', "here", '""', "[x]")),
    "bad-access": _replace_value(("allow-transfer", "allow-notify", "allow-query"), (
        '["127.0.0.0/33"]', '["127.0.0.0/-1"]', '["key:nosuch"]', '["key:"]', '["::1/129"]', '["any of them"]',
        '["10.0.0.0/8/8"]', '[5]', '["key:k1 key:k1 key:k1"]', "{a: b}")),
    "bad-prefixes": _replace_value(("refuse", "allow-proxy", "exempt"), (
        '["127.0.0.0/33"]', '["key:k1"]', '["10.0.0.1/8"]', '["any"]', "[5]", '["!10.0.0.0/8"]', "{a: b}", '[""]')),
    "bad-cookies": _replace_value(("cookies",), ("yes!", "1", '""', "[on]", "{a: b}")),
    "bad-cookie-secret": _replace_value(("cookie-secrets",), ('["00"]', "[]", '["' + "g" * 32 + '"]', "{a: b}", "[[a]]",
                                                              '["' + "0" * 33 + '"]')),
    "bad-rate": _replace_value(("responses-per-second", "slip", "tcp-idle-timeout", "udp-coalesce"), ("many", "-1", "9999999", "[1]")),
    "bad-reference": _replace_value(("template", "key"), ("nosuch", "p1", '""', "[default]", "{a: b}")),
    "bad-primaries": lambda lines, chance: _set(lines, chance.choice(
        [i for i in _lines_with(lines, "primaries") if "[" in lines[i]]),
        chance.choice(("[nosuch]", '["192.0.2.400"]', '["192.0.2.4@"]', '[""]', "[[p1]]", "{a: b}"))),
    "bad-algorithm": _replace_value(("algorithm",), ("hmac-sha999", "sha256", '""', "md5", "[hmac-sha256]", "1")),
    "bad-secret": _replace_value(("secret",), ('"!!!!"', '"c2Vj cmV0!"', '""', '"c2VjcmV0I"', "[x]", '"===="')),
    "bad-zone-name": lambda lines, chance: _set(
        lines, chance.choice([i for i in _lines_with(lines, "name") if "example." in lines[i]]),
        chance.choice(('"a..b"', "x" * 64 + ".example", '".a"', '"a b"', '""', ".".join(["x" * 60] * 5), "[a]",
                       '"a\\\\300b."', "{a: b}"))),
    "bad-word": _replace_value(("level", "format"), ("loud", '""', "[info]", "INFO2", "1", "{a: b}")),
    "bad-notify": _replace_value(("notify",), ('["nosuch"]', '["192.0.2.7/24"]', '["192.0.2.7@70000"]', "{a: b}")),
    "bad-path": _replace_value(("zones-file",), ("/nonexistent/zones.list", "[a]", "/")),
    "long-socket": lambda lines, chance: _set(lines, _lines_with(lines, "socket")[0],
                                              "/" + "s" * chance.randrange(108, 4000)),
    "long-nsid": lambda lines, chance: _set(lines, _lines_with(lines, "nsid")[0], "n" * chance.randrange(129, 4000)),
}

# Lines put into the zones file; each is wrong by itself.
BAD_ZONE_LINES = ("a..b p1", "e.example", "e.example nosuch", "e.example 192.0.2.300", "e.example p1 nosuch",
                  "e.example 192.0.2.4@99999", "e.example p1 k1 more", "x" * 64 + ".example p1", "a.example p1",
                  "A.EXAMPLE. p2", "e.example 192.0.2.4@", "e.example \x01", "example.com p1",
                  ".".join(["y" * 60] * 5) + " p1")
