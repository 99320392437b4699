/* Each kind of fault: the text, the line that the fault must name, and words that it must have. */
#include "config_lab.h"

#include <stdio.h>

struct fault_case {
	const char *what;
	const char *text;
	unsigned line;
	const char *words[3]; /* all of them in the fault's text */
};

#define ZONE "zones: [ { name: example.com, primaries: [\"192.0.2.1\"] } ]\n"

static const struct fault_case cases[] = {
	/* the file as a whole */
	{ "nothing", "", 0, { "empty" } },
	{ "a comment only", "# nothing\n", 0, { "empty" } },
	{ "a list", "\n- a\n", 2, { "expected sections" } },
	{ "a text", "hello\n", 1, { "expected sections" } },
	{ "unknown section", ZONE "sever: {}\n", 2, { "sever", "did you mean \"server\"" } },
	{ "unknown section, nothing near",
	  ZONE "elephant: {}\n",
	  2,
	  { "elephant", "expected server, control" } },
	{ "section twice", "log: {}\n" ZONE "log: {}\n", 3, { "log", "twice" } },
	{ "a section that is a list", "server: []\n" ZONE, 1, { "server", "expected a mapping" } },
	{ "a section's name that is a map",
	  "? { a: b }\n: c\n" ZONE,
	  1,
	  { "expected the name of a section" } },
	/* YAML itself */
	{ "tab", "server:\n\tworkers: 1\n" ZONE, 2, { "tab", "blanks" } },
	{ "bracket not closed", "server: { workers: 1\n" ZONE, 2, { "not YAML" } },
	{ "quote not closed", ZONE "log: { level: \"info }\n", 3, { "not YAML" } },
	{ "unknown alias", "\nserver: *there\n", 2, { "alias" } },
	{ "alias within itself", "zones: &a [ *a ]\n", 1, { "alias" } },
	{ "tag", "server: { workers: !!binary aaaa }\n" ZONE, 1, { "tag" } },
	{ "two documents", ZONE "---\n" ZONE, 3, { "second YAML document" } },
	{ "nested too deeply", "\nzones: [[[[[[[[[[[[[[[[[[ a ]]]]]]]]]]]]]]]]]]\n", 2, { "too deeply" } },
	{ "control character by escape", ZONE "log: { level: \"in\\nfo\" }\n", 2, { "control character" } },
	{ "NUL by escape", ZONE "log:\n  level: \"in\\0fo\"\n", 3, { "control character" } },
	{ "control character", ZONE "\x01\n", 2, { "0x01", "expected UTF-8" } },
	{ "not UTF-8", ZONE "\n# caf\xe9 au lait\n", 3, { "0xe9", "expected UTF-8" } },
	{ "overlong UTF-8", "# \xc0\xaf\n" ZONE, 1, { "0xc0" } },
	{ "surrogate", "# \xed\xa0\x80\n" ZONE, 1, { "0xed" } },
	/* server */
	{ "unknown option",
	  "server:\n  listn: []\n" ZONE,
	  2,
	  { "server", "listn", "did you mean \"listen\"" } },
	{ "unknown option, nothing near", "server: { elephant: 1 }\n" ZONE, 1, { "elephant", "expected" } },
	{ "option twice", "server:\n  workers: 1\n  workers: 1\n" ZONE, 3, { "server.workers", "twice" } },
	{ "option that is a list", "server:\n  [ a ]: b\n" ZONE, 2, { "expected the name of an option" } },
	{ "listen a text", "server:\n  listen: 127.0.0.1\n" ZONE, 2, { "server.listen", "expected a list" } },
	{ "listen empty", "server:\n  listen: []\n" ZONE, 2, { "server.listen", "expected", "list" } },
	{ "listen nothing", "server:\n  listen:\n" ZONE, 2, { "server.listen", "found nothing" } },
	{ "listen no address", "server:\n  listen:\n    - 127.0.0.1\n    - host\n" ZONE, 4, { "\"host\"" } },
	{ "port too large", "server: { listen: [ \"::1@65536\" ] }\n" ZONE, 1, { "::1@65536" } },
	{ "cookies neither on nor off",
	  "server:\n  cookies: maybe\n" ZONE,
	  2,
	  { "server.cookies", "on or off" } },
	{ "a cookie secret too short, never shown",
	  "server:\n  cookie-secrets: [ abcd ]\n" ZONE,
	  2,
	  { "server.cookie-secrets", "32 hexadecimal", "something else" } },
	{ "a cookie secret of other digits",
	  "server: { cookie-secrets: [ 0123456789abcdef0123456789abcdeg ] }\n" ZONE,
	  1,
	  { "something else" } },
	{ "no cookie secret", "server: { cookie-secrets: [] }\n" ZONE, 1, { "1 to 8", "found 0" } },
	{ "refuse a name",
	  "server:\n  refuse: [ \"192.0.2.0/24\", here ]\n" ZONE,
	  2,
	  { "server.refuse", "\"here\"" } },
	{ "proxy with bits beyond its prefix",
	  "server: { allow-proxy: [ \"10.0.0.1/8\" ] }\n" ZONE,
	  1,
	  { "allow-proxy" } },
	{ "version too long",
	  "server: { version: "
	  "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	  "aaaaaaaaaaaaaaaaaaaaaaaaa }\n" ZONE,
	  1,
	  { "server.version", "128" } },
	{ "tls a text", "server:\n  tls: yes\n" ZONE, 2, { "server.tls", "a mapping", "\"yes\"" } },
	{ "tls without a key",
	  "server:\n  tls: { listen: [\"::1\"], certificate: c }\n" ZONE,
	  2,
	  { "server.tls.key: missing" } },
	{ "tls listen empty",
	  "server:\n  tls: { listen: [], certificate: c, key: k }\n" ZONE,
	  2,
	  { "server.tls.listen" } },
	{ "tls where plain TCP is",
	  "server:\n  listen: [\"::1@53\"]\n  tls: { listen: [\"::1@53\"], certificate: c, key: k }\n" ZONE,
	  3,
	  { "server.tls.listen", "::1@53", "in both" } },
	{ "tls misspelled",
	  "server:\n  tls: { listen: [\"::1\"], certificat: c, certificate: c, key: k }\n" ZONE,
	  2,
	  { "server.tls", "did you mean \"certificate\"" } },
	{ "rate limit a list",
	  "server:\n  rate-limit: [ 1 ]\n" ZONE,
	  2,
	  { "server.rate-limit", "found a list" } },
	{ "rate too high",
	  "server:\n  rate-limit:\n    responses-per-second: 1000001\n" ZONE,
	  3,
	  { "server.rate-limit.responses-per-second", "1000001" } },
	{ "rate of all too high",
	  "server: { rate-limit: { all-per-second: 1000001 } }\n" ZONE,
	  1,
	  { "all-per-second", "1 to 1000000" } },
	{ "slip too high", "server: { rate-limit: { slip: 11 } }\n" ZONE, 1, { "slip", "0 to 10" } },
	{ "prefix of no bits",
	  "server: { rate-limit: { ipv4-prefix: 0 } }\n" ZONE,
	  1,
	  { "ipv4-prefix", "1 to 32" } },
	{ "exempt", "server: { rate-limit: { exempt: [ all ] } }\n" ZONE, 1, { "exempt", "\"all\"" } },
	{ "allow-query nothing after !",
	  "templates: [ { name: a, allow-query: [ \"!\" ] } ]\n" ZONE,
	  1,
	  { "templates[].allow-query" } },
	{ "port 0", "server: { listen: [ \"::1@0\" ] }\n" ZONE, 1, { "::1@0" } },
	{ "listen twice", "server:\n  listen: [ \"::1\",\n \"::1@53\" ]\n" ZONE, 3, { "twice" } },
	{ "listen a map within", "server: { listen: [ { a: b } ] }\n" ZONE, 1, { "found a mapping" } },
	{ "workers 0", "server:\n  workers: 0\n" ZONE, 2, { "server.workers", "1 to 128", "\"0\"" } },
	{ "workers 129", "server: { workers: 129 }\n" ZONE, 1, { "1 to 128" } },
	{ "workers a word", "server: { workers: many }\n" ZONE, 1, { "\"many\"" } },
	{ "workers negative", "server: { workers: -1 }\n" ZONE, 1, { "\"-1\"" } },
	{ "workers a fraction", "server: { workers: 1.5 }\n" ZONE, 1, { "\"1.5\"" } },
	{ "workers a list", "server: { workers: [1] }\n" ZONE, 1, { "found a list" } },
	{ "workers huge", "server: { workers: 99999999999999999999999 }\n" ZONE, 1, { "1 to 128" } },
	{ "user unknown", "server: { user: nosuch }\n" ZONE, 1, { "server.user", "\"nosuch\"" } },
	{ "state directory empty",
	  "server: { state-directory: \"\" }\n" ZONE,
	  1,
	  { "server.state-directory" } },
	{ "tcp-clients 0", "server: { tcp-clients: 0 }\n" ZONE, 1, { "server.tcp-clients" } },
	{ "transfers 0", "server: { transfers: 0 }\n" ZONE, 1, { "server.transfers" } },
	{ "per primary 0", "server: { transfers-per-primary: 0 }\n" ZONE, 1, { "transfers-per-primary" } },
	/* control and log */
	{ "log level", ZONE "log: { level: loud }\n", 2, { "log.level", "debug, info", "\"loud\"" } },
	{ "log format", ZONE "log: { format: xml }\n", 2, { "log.format", "journald" } },
	{ "control a text", ZONE "control: /run/s\n", 2, { "control: expected a mapping", "socket" } },
	/* keys */
	{ "keys a map", "keys: { name: k1 }\n" ZONE, 1, { "keys: expected a list" } },
	{ "key a text", "keys:\n  - k1\n" ZONE, 2, { "keys[]: expected a mapping" } },
	{ "key without name", "keys:\n  - { secret: c2VjcmV0 }\n" ZONE, 2, { "keys[].name: missing" } },
	{ "key without secret", "keys:\n  - { name: k1 }\n" ZONE, 2, { "keys[].secret: missing" } },
	{ "bad base64",
	  "keys:\n  - name: k1\n    secret: \"c2V!\"\n" ZONE,
	  3,
	  { "keys[].secret", "base64" } },
	{ "empty secret", "keys: [ { name: k1, secret: \"\" } ]\n" ZONE, 1, { "keys[].secret" } },
	{ "algorithm",
	  "keys:\n  - name: k1\n    algorithm: hmac-sha3\n    secret: c2VjcmV0\n" ZONE,
	  3,
	  { "keys[].algorithm", "hmac-sha256", "\"hmac-sha3\"" } },
	{ "key's name", "keys: [ { name: \"a..b\", secret: c2VjcmV0 } ]\n" ZONE, 1, { "keys[].name" } },
	{ "key twice",
	  "keys:\n  - { name: k1, secret: c2VjcmV0 }\n  - { name: K1., secret: c2VjcmV0 }\n" ZONE,
	  3,
	  { "given twice, first in line 2" } },
	/* primaries */
	{ "primary without name",
	  "primaries:\n  - addresses: [ \"::1\" ]\n" ZONE,
	  2,
	  { "primaries[].name: missing" } },
	{ "primary without addresses",
	  "primaries:\n  - name: p1\n" ZONE,
	  2,
	  { "primaries[].addresses: missing" } },
	{ "addresses empty",
	  "primaries:\n  - { name: p1, addresses: [] }\n" ZONE,
	  2,
	  { "addresses", "1 to 64" } },
	{ "address", "primaries:\n  - { name: p1, addresses: [ \"1.2.3\" ] }\n" ZONE, 2, { "\"1.2.3\"" } },
	{ "address twice",
	  "primaries: [ { name: p1, addresses: [ \"::1\", \"::1\" ] } ]\n" ZONE,
	  1,
	  { "twice" } },
	{ "primary's name is an address",
	  "primaries: [ { name: \"::1\", addresses: [ \"::1\" ] } ]\n" ZONE,
	  1,
	  { "primaries[].name", "no address" } },
	{ "primary twice",
	  "primaries:\n  - { name: p1, addresses: [ \"::1\" ] }\n  - { name: p1, addresses: [ \"::2\" ] }\n" ZONE,
	  3,
	  { "p1", "twice, first in line 2" } },
	{ "primary's key unknown",
	  "keys: [ { name: key-one, secret: c2VjcmV0 } ]\nprimaries: [ { name: p1, addresses: [ \"::1\" ], key: "
	  "key-on } ]\n" ZONE,
	  2,
	  { "primaries[].key", "key-on", "did you mean \"key-one\"" } },
	{ "source with port",
	  "primaries: [ { name: p1, addresses: [ \"::1\" ], source: \"::1@53\" } ]\n" ZONE,
	  1,
	  { "primaries[].source", "without port" } },
	{ "source of another family",
	  "primaries: [ { name: p1, addresses: [ \"::1\" ], source: 127.0.0.1 } ]\n" ZONE,
	  1,
	  { "primaries[].source", "family" } },
	/* templates */
	{ "template without name",
	  "templates:\n  - { refresh-min: 1 }\n" ZONE,
	  2,
	  { "templates[].name: missing" } },
	{ "template twice", "templates:\n  - name: a\n  - name: a\n" ZONE, 3, { "twice, first in line 2" } },
	{ "unknown primary in a template",
	  "templates:\n  - name: default\n    primaries:\n      - p1\n" ZONE,
	  4,
	  { "templates[].primaries", "\"p1\"" } },
	{ "min above max",
	  "templates:\n  - name: default\n    retry-max: 5\n    retry-min: 6\n" ZONE,
	  3,
	  { "retry-min", "no more than retry-max" } },
	{ "min above the default max",
	  "templates:\n  - name: a\n    retry-min: 3601\n" ZONE,
	  3,
	  { "3601", "3600" } },
	{ "seconds 0",
	  "templates:\n  - name: a\n    expire-min: 0\n" ZONE,
	  3,
	  { "templates[].expire-min", "seconds" } },
	{ "seconds too many",
	  "templates: [ { name: a, refresh-max: 2147483648 } ]\n" ZONE,
	  1,
	  { "2147483647" } },
	{ "access: bits beyond the prefix",
	  "templates: [ { name: a, allow-transfer: [ \"10.0.0.1/8\" ] } ]\n" ZONE,
	  1,
	  { "templates[].allow-transfer", "address/length" } },
	{ "access: unknown key",
	  "templates:\n  - name: a\n    allow-notify: [ \"key:k1\" ]\n" ZONE,
	  3,
	  { "templates[].allow-notify", "there is no key \"k1\"" } },
	{ "access: word", "templates: [ { name: a, allow-transfer: [ any ] } ]\n" ZONE, 1, { "\"any\"" } },
	{ "access: something behind the address",
	  "templates: [ { name: a, allow-transfer: [ \"10.0.0.1 and\" ] } ]\n" ZONE,
	  1,
	  { "10.0.0.1 and" } },
	{ "access: two keys",
	  "keys: [ { name: k, secret: c2VjcmV0 } ]\n"
	  "templates: [ { name: a, allow-transfer: [ \"key:k key:k\" ] } ]\n" ZONE,
	  2,
	  { "templates[].allow-transfer" } },
	{ "access: pin too short",
	  "templates: [ { name: a, allow-transfer: [ \"cert:AAAA\" ] } ]\n" ZONE,
	  1,
	  { "cert:PIN", "\"cert:AAAA\"" } },
	{ "access: nothing but an exclamation mark",
	  "templates: [ { name: a, allow-transfer: [ \"!\" ] } ]\n" ZONE,
	  1,
	  { "\"!\"" } },
	{ "notify", "templates:\n  - name: a\n    notify: [ \"host\" ]\n" ZONE, 3, { "templates[].notify" } },
	{ "choice of primary",
	  "templates:\n  - name: a\n    primary-choice: best\n" ZONE,
	  3,
	  { "primary-choice", "\"best\"" } },
	{ "full check",
	  "templates:\n  - name: a\n    full-check-interval: 60\n" ZONE,
	  3,
	  { "full-check-interval", "\"60\"" } },
	{ "record limit",
	  "templates:\n  - name: a\n    max-zone-records: x\n" ZONE,
	  3,
	  { "max-zone-records" } },
	{ "time of a transfer",
	  "templates:\n  - name: a\n    max-transfer-time: 2h\n" ZONE,
	  3,
	  { "max-transfer-time", "\"2h\"" } },
	{ "window of the rate",
	  "templates:\n  - name: a\n    transfer-rate-window: 0\n" ZONE,
	  3,
	  { "transfer-rate-window", "1 to 86400" } },
	{ "shrink", "templates:\n  - name: a\n    max-shrink: 100\n" ZONE, 3, { "max-shrink", "1 to 99" } },
	{ "zonemd",
	  "templates:\n  - name: a\n    zonemd: yes\n" ZONE,
	  3,
	  { "templates[].zonemd: expected off, if-present or required" } },
	{ "dnssec",
	  "templates:\n  - name: a\n    dnssec: required\n" ZONE,
	  3,
	  { "templates[].dnssec: expected off, warn or require", "\"required\"" } },
	{ "dnssec-check",
	  "templates:\n  - name: a\n    dnssec-check: all\n" ZONE,
	  3,
	  { "templates[].dnssec-check: expected apex, sample or full", "\"all\"" } },
	{ "check-command a text",
	  "templates:\n  - name: a\n    check-command: /bin/true\n" ZONE,
	  3,
	  { "templates[].check-command: expected a list", "\"/bin/true\"" } },
	{ "check-command not absolute",
	  "templates:\n  - name: a\n    check-command: [ true, /b ]\n" ZONE,
	  3,
	  { "templates[].check-command", "absolute path", "\"true\"" } },
	{ "check-command with a list within",
	  "templates:\n  - name: a\n    check-command:\n      - /bin/true\n      - [ b ]\n" ZONE,
	  5,
	  { "templates[].check-command", "found a list" } },
	{ "check-timeout 0",
	  "templates:\n  - name: a\n    check-timeout: 0\n" ZONE,
	  3,
	  { "templates[].check-timeout", "1 to 3600", "\"0\"" } },
	{ "check-timeout too long",
	  "templates: [ { name: a, check-timeout: 3601 } ]\n" ZONE,
	  1,
	  { "check-timeout" } },
	/* zones */
	{ "zones a map", "zones: { name: example.com }\n", 1, { "zones: expected a list" } },
	{ "zone a text", "zones:\n  - example.com\n", 2, { "zones[]: expected a mapping" } },
	{ "tls of a primary a text",
	  "primaries: [ { name: p1, addresses: [ \"::1\" ], tls: strict } ]\n" ZONE,
	  1,
	  { "primaries[].tls", "a mapping", "\"strict\"" } },
	{ "tls without name and pin",
	  "primaries: [ { name: p1, addresses: [ \"::1\" ], tls: {} } ]\n" ZONE,
	  1,
	  { "primaries[].tls.name: missing", "pins" } },
	{ "tls of another mode",
	  "primaries: [ { name: p1, addresses: [ \"::1\" ], tls: { mode: lax, name: n } } ]\n" ZONE,
	  1,
	  { "primaries[].tls.mode", "opportunistic", "\"lax\"" } },
	{ "tls name with a port",
	  "primaries: [ { name: p1, addresses: [ \"::1\" ], tls: { name: \"::1@853\" } } ]\n" ZONE,
	  1,
	  { "primaries[].tls.name", "::1@853" } },
	{ "tls pin too short",
	  "primaries: [ { name: p1, addresses: [ \"::1\" ], tls: { pin: [ AAAA ] } } ]\n" ZONE,
	  1,
	  { "primaries[].tls.pin", "SHA-256", "\"AAAA\"" } },
	{ "tls without a pin in the list",
	  "primaries: [ { name: p1, addresses: [ \"::1\" ], tls: { pin: [] } } ]\n" ZONE,
	  1,
	  { "primaries[].tls.pin", "1 to 8", "found 0" } },
	{ "tls with a pin that is not looked at",
	  "primaries: [ { name: p1, addresses: [ \"::1\" ], tls: { mode: opportunistic, pin: [ AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8= ] } } ]\n" ZONE,
	  1,
	  { "primaries[].tls.pin", "mode: strict" } },
	{ "tls with authorities that are not looked at",
	  "primaries: [ { name: p1, addresses: [ \"::1\" ], tls: { mode: opportunistic, ca: system } } ]\n" ZONE,
	  1,
	  { "primaries[].tls.ca", "mode: strict" } },
	{ "tls in clear though it is strict",
	  "primaries: [ { name: p1, addresses: [ \"::1\" ], tls: { name: n, plain-port: 53 } } ]\n" ZONE,
	  1,
	  { "primaries[].tls.plain-port", "opportunistic", "clear" } },
	{ "tls with a certificate alone",
	  "primaries: [ { name: p1, addresses: [ \"::1\" ], tls: { name: n, certificate: c } } ]\n" ZONE,
	  1,
	  { "primaries[].tls.key: missing" } },
	{ "tls with a key alone",
	  "primaries: [ { name: p1, addresses: [ \"::1\" ], tls: { name: n, key: k } } ]\n" ZONE,
	  1,
	  { "primaries[].tls.certificate: missing" } },
	{ "tls with a ca but no name",
	  "primaries: [ { name: p1, addresses: [ \"::1\" ], tls: { ca: c, pin: [ AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8= ] } } ]\n" ZONE,
	  1,
	  { "primaries[].tls.name: missing" } },
	{ "tls misspelled in a primary",
	  "primaries: [ { name: p1, addresses: [ \"::1\" ], tls: { nam: n, name: n } } ]\n" ZONE,
	  1,
	  { "primaries[].tls", "did you mean \"name\"" } },
	{ "notify over tls",
	  "primaries: [ { name: p1, addresses: [ \"::1\" ], tls: { name: n } } ]\n"
	  "templates: [ { name: a, notify: [ p1 ] } ]\n" ZONE,
	  2,
	  { "templates[].notify", "\"p1\"", "by UDP" } },
	{ "zone without name", "zones:\n  - primaries: [ \"::1\" ]\n", 2, { "zones[].name: missing" } },
	{ "zone without primaries", "zones:\n  - name: example.com\n", 2, { "zones[].primaries: missing" } },
	{ "zone's primaries empty",
	  "zones:\n  - name: a\n    primaries: []\n",
	  3,
	  { "zones[].primaries: expected" } },
	{ "zone twice",
	  ZONE "  \n" LAB_ZONES_FILE LAB_CUT "Example.COM. ::1\n",
	  1,
	  { "example.com", "first in line 1 of" } },
	{ "name with an empty label",
	  "zones:\n  - { name: a..b, primaries: [ \"::1\" ] }\n",
	  2,
	  { "zones[].name" } },
	{ "name with a blank",
	  "zones: [ { name: a b, primaries: [ \"::1\" ] } ]\n",
	  1,
	  { "zones[].name", "\"a b\"" } },
	{ "name not ASCII",
	  "zones: [ { name: caf\xc3\xa9, primaries: [ \"::1\" ] } ]\n",
	  1,
	  { "zones[].name" } },
	{ "long label",
	  "zones: [ { name: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa, primaries: [ \"::1\" ] } ]\n",
	  1,
	  { "zones[].name" } },
	{ "unknown template",
	  "templates: [ { name: slow } ]\nzones:\n  - name: a\n    template: slov\n    primaries: [ \"::1\" ]\n",
	  4,
	  { "zones[].template", "slov", "did you mean \"slow\"" } },
	{ "unknown primary",
	  "primaries: [ { name: first, addresses: [ \"::1\" ] } ]\nzones:\n  - name: a\n    primaries: [ firts ]\n",
	  4,
	  { "zones[].primaries", "did you mean \"first\"" } },
	{ "primary twice in a zone",
	  "zones: [ { name: a, primaries: [ \"::1\", \"::1\" ] } ]\n",
	  1,
	  { "twice" } },
	{ "option of a zone with a fault",
	  "zones:\n  - name: a\n    primaries: [ \"::1\" ]\n    refresh-min: soon\n",
	  4,
	  { "zones[].refresh-min", "\"soon\"" } },
	{ "unknown option of a zone",
	  "zones:\n  - name: a\n    primaries: [ \"::1\" ]\n    refreshmin: 1\n",
	  4,
	  { "refreshmin", "did you mean \"refresh-min\"" } },
	/* zones file */
	{ "zones-file missing", ZONE LAB_ZONES_FILE, 2, { "zones-file", "/etc/us/zones.list", "not found" } },
	{ "zones-file a list", ZONE "zones-file: [ a ]\n", 2, { "zones-file: expected path" } },
	{ "zones-file empty name", ZONE "zones-file:\n", 2, { "zones-file: expected path" } },
	{ "line with one word",
	  LAB_ZONES_FILE LAB_CUT "# list\nexample.com\n",
	  2,
	  { "one word", "expected" } },
	{ "line with four words", LAB_ZONES_FILE LAB_CUT "a ::1 k1 k2\n", 1, { "more than three words" } },
	{ "line with a bad name",
	  LAB_ZONES_FILE LAB_CUT "ok ::1\na..b ::1\n",
	  2,
	  { "a..b", "name of a zone" } },
	{ "line with a bad primary",
	  LAB_ZONES_FILE LAB_CUT "\n\na p1\n",
	  3,
	  { "zones-file", "\"p1\"", "expected" } },
	{ "line with an unknown key", LAB_ZONES_FILE LAB_CUT "a ::1 k9\n", 1, { "there is no key \"k9\"" } },
	{ "line not UTF-8", LAB_ZONES_FILE LAB_CUT "a ::1\nb\xff ::1\n", 2, { "0xff" } },
	{ "line with a zone twice",
	  LAB_ZONES_FILE LAB_CUT "a ::1\nb ::1\nA. ::1\n",
	  3,
	  { "first in line 1" } },
};

static bool fits(const struct config_fault *fault, const struct fault_case *c) {
	if (fault->line != c->line) return false;
	for (unsigned i = 0; i < 3 && c->words[i]; i++) {
		if (!strstr(fault->text, c->words[i])) return false;
	}
	return true;
}

static void case_check(const struct fault_case *c) {
	struct config *config = NULL;
	struct config_faults faults = { 0 };
	enum err e = lab_parse(c->text, &config, &faults);
	bool found = false;
	for (unsigned i = 0; i < faults.count; i++)
		found |= fits(&faults.items[i], c);
	if (!found) {
		print_message("case \"%s\": no fault in line %u with \"%s\"\n", c->what, c->line,
		              c->words[0]);
		lab_print(&faults);
	}
	assert_int_equal(e, ERR_CONFIG);
	assert_null(config);
	assert_true(found);
	if (faults.count != 1) {
		print_message("case \"%s\": more than one fault\n", c->what);
		lab_print(&faults);
	}
	assert_int_equal(faults.count, 1);
	config_faults_done(&faults);
}

static void each_fault_names_its_line_and_what_is_expected(void **state) {
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		case_check(&cases[i]);
}

static void all_faults_are_found_in_one_pass_in_the_order_of_lines(void **state) {
	(void)state;
	static const unsigned lines[] = { 2, 4, 6, 8, 9, 10, 1 };
	struct config *config = NULL;
	struct config_faults faults = { 0 };
	enum err e = lab_parse(
		"server:\n  workers: 0\nlog:\n  level: loud\nkeys:\n  - name: k1\nprimaries:\n  - name: p1\n"
		"zones:\n" /* nothing there, which is no fault */
		"nonsense: 1\n"
		"zones-file: zones.list\n" LAB_CUT "a\n",
		&config, &faults);
	assert_int_equal(e, ERR_CONFIG);
	lab_print(&faults);
	assert_int_equal(faults.count, 6);
	assert_int_equal(faults.items[0].line, lines[0]);
	assert_int_equal(faults.items[1].line, lines[1]);
	assert_int_equal(faults.items[2].line, lines[2]);
	assert_int_equal(faults.items[3].line, lines[3]);
	assert_int_equal(faults.items[4].line, lines[5]);
	assert_int_equal(faults.items[5].line, lines[6]);
	assert_string_equal(faults.items[5].file, "/etc/us/zones.list");
	config_faults_done(&faults);
}

static void faults_beyond_the_bound_are_only_counted(void **state) {
	(void)state;
	char *text = xmalloc(100000);
	size_t len = 0;
	len += (size_t)snprintf(text + len, 100, "server: {}\n");
	for (int i = 0; i < 300; i++)
		len += (size_t)snprintf(text + len, 100, "elephant%d: 1\n", i);
	struct config *config = NULL;
	struct config_faults faults = { 0 };
	assert_int_equal(lab_parse_bytes(text, len, &config, &faults), ERR_CONFIG);
	assert_int_equal(faults.count, CONFIG_FAULTS_MAX);
	assert_int_equal(faults.left_out, 100);
	config_faults_done(&faults);
	free(text);
}

static void a_nul_octet_is_a_fault_with_its_line(void **state) {
	(void)state;
	static const char text[] = "log: {}\nser\0ver: {}\n";
	struct config *config = NULL;
	struct config_faults faults = { 0 };
	assert_int_equal(lab_parse_bytes(text, sizeof(text) - 1, &config, &faults), ERR_CONFIG);
	assert_int_equal(faults.items[0].line, 2);
	config_faults_done(&faults);
}

static void aliases_that_would_grow_without_bound_are_refused(void **state) {
	(void)state;
	static const char text[] =
		"a: &a [x,x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a,*a]\n"
		"c: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c,*c]\n"
		"e: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d,*d]\nf: &f [*e,*e,*e,*e,*e,*e,*e,*e,*e,*e]\n"
		"g: &g [*f,*f,*f,*f,*f,*f,*f,*f,*f,*f]\nh: &h [*g,*g,*g,*g,*g,*g,*g,*g,*g,*g]\n";
	struct config *config = NULL;
	struct config_faults faults = { 0 };
	assert_int_equal(lab_parse(text, &config, &faults), ERR_CONFIG);
	assert_non_null(strstr(faults.items[0].text, "too large"));
	config_faults_done(&faults);
}

static void a_secret_is_never_shown(void **state) {
	(void)state;
	struct config *config = NULL;
	struct config_faults faults = { 0 };
	assert_int_equal(lab_parse("keys: [ { name: k1, secret: \"hush!hush\" } ]\n" ZONE, &config, &faults),
	                 ERR_CONFIG);
	for (unsigned i = 0; i < faults.count; i++)
		assert_null(strstr(faults.items[i].text, "hush"));
	config_faults_done(&faults);
}

static void a_file_that_cannot_be_read_is_a_fault(void **state) {
	(void)state;
	struct config *config = NULL;
	struct config_faults faults = { 0 };
	assert_int_equal(config_read("/nonexistent/understudy.yaml", &config, &faults), ERR_IO);
	assert_int_equal(faults.count, 1);
	assert_string_equal(faults.items[0].file, "/nonexistent/understudy.yaml");
	config_faults_done(&faults);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_fault_names_its_line_and_what_is_expected),
		cmocka_unit_test(all_faults_are_found_in_one_pass_in_the_order_of_lines),
		cmocka_unit_test(faults_beyond_the_bound_are_only_counted),
		cmocka_unit_test(a_nul_octet_is_a_fault_with_its_line),
		cmocka_unit_test(aliases_that_would_grow_without_bound_are_refused),
		cmocka_unit_test(a_secret_is_never_shown),
		cmocka_unit_test(a_file_that_cannot_be_read_is_a_fault),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
