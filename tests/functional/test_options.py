"""EDNS options and class CHAOS as dig and kdig show them; cookies shared with BIND, NSD and Knot."""
import datetime
import re
import subprocess

import dns.edns
import dns.message
import dns.opcode
import dns.rcode
import pytest

from lib import ask
from lib.wait import PATIENCE, wait_until
from lib.zonetext import small_zone

ZONE = "example.com"
SECRETS = ["445536bcd2513298075a5d379663c962", "dd3bdf9344b678b185a6f5cb60fca715"]
CLIENT = bytes.fromhex("2464c4abcf10c957")
NSID, EXPIRE, COOKIE, EDE, ZONEVERSION = 3, 9, 10, 15, 19


def tool(program, endpoint, *words):
    """The text that dig or kdig prints."""
    command = [program, f"@{endpoint.address}", "-p", str(endpoint.port), *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=15 * PATIENCE, check=True).stdout


def ask_options(endpoint, name, *options, rdtype="A", rdclass="IN", tcp=False, source=None, version=0):
    """The answer to a question with (code, octets) options."""
    message = dns.message.make_query(name, rdtype, rdclass)
    message.use_edns(version, payload=1232, options=[dns.edns.GenericOption(c, d) for c, d in options])
    return ask.send(endpoint, message, tcp, source=source)


def option(answer, code):
    """Octets of the option in an answer, or None."""
    for found in answer.options:
        if found.otype == code:
            return found.to_wire()
    return None


@pytest.fixture
def pair(lab):
    primary = lab.make("nsd")
    primary.add_primary_zone(ZONE, small_zone(ZONE, 7))
    primary.start()
    ours = lab.make("understudy", nsid="ns2.test", version="our version", cookie_secrets=SECRETS[:1],
                    refuse=["127.0.0.66/32"], tcp_idle_timeout=17)
    ours.add_secondary_zone(ZONE, primary.endpoint)
    ours.start()
    ours.wait_serves(ZONE, 7)
    return primary, ours


# -- what the usual tools show


def test_dig_and_kdig_show_each_option(pair):
    ours = pair[1].endpoint
    assert re.search(r"; COOKIE: [0-9a-f]{48} \(good\)", tool("dig", ours, ZONE, "SOA", "+cookie"))
    assert '("ns2.test")' in tool("dig", ours, ZONE, "SOA", "+nsid")
    expire = int(re.search(r"; EXPIRE: (\d+)", tool("dig", ours, ZONE, "SOA", "+expire")).group(1))
    soa_expire = pair[0].query(ZONE, "SOA").answer[0][0].expire
    assert soa_expire - 60 * PATIENCE < expire <= soa_expire
    assert re.search(r"TCP.KEEPALIVE: 17.0 secs", tool("dig", ours, ZONE, "SOA", "+keepalive", "+tcp"))
    assert '"ns2.test"' in tool("kdig", ours, ZONE, "SOA", "+nsid")
    assert "COOKIE" in tool("kdig", ours, ZONE, "SOA", "+cookie")


def test_zoneversion_names_the_version_that_answered(pair):
    primary, ours = pair
    for name in (ZONE, f"www.{ZONE}", f"nothing.{ZONE}"):
        assert option(ask_options(ours.endpoint, name, (ZONEVERSION, b"")), ZONEVERSION) == b"\2\0\0\0\0\7"
    assert option(ask_options(ours.endpoint, "other.test", (ZONEVERSION, b"")), ZONEVERSION) is None
    primary.set_zone(ZONE, small_zone(ZONE, 8))
    primary.wait_serves(ZONE, 8)
    ours.cli("zone", "refresh", ZONE)
    ours.wait_serves(ZONE, 8)
    assert option(ask_options(ours.endpoint, ZONE, (ZONEVERSION, b""), tcp=True), ZONEVERSION) == b"\2\0\0\0\0\x08"


def chaos(endpoint, name):
    answer = ask.query(endpoint, name, "TXT", rdclass="CH")
    return dns.rcode.to_text(answer.rcode()), [str(r) for rrset in answer.answer for r in rrset]


def test_class_chaos_tells_identity_and_version(pair):
    ours = pair[1].endpoint
    for name in ("version.bind", "version.server"):
        assert chaos(ours, name) == ("NOERROR", ['"our version"'])
    for name in ("hostname.bind", "id.server"):
        assert chaos(ours, name) == ("NOERROR", ['"ns2.test"'])
    assert chaos(ours, "authors.bind") == ("REFUSED", [])


# -- a reload


def test_reload_changes_what_is_told_and_whom_it_is_told(pair):
    ours = pair[1]
    ours.settings.update(nsid="another", version="", cookies="off", refuse=["127.0.0.0/30"])
    ours.reload()
    wait_until(lambda: ours.query(ZONE, "SOA").rcode() == dns.rcode.REFUSED, 10, "127.0.0.1 is refused")
    answer = ask_options(ours.endpoint, ZONE, (NSID, b""), (COOKIE, CLIENT), rdtype="SOA", source="127.0.0.66")
    assert answer.answer and option(answer, NSID) == b"another" and option(answer, COOKIE) is None
    del ours.settings["refuse"]
    ours.reload()
    wait_until(lambda: ours.soa_serial(ZONE) == 7, 10, "nobody is refused")
    assert chaos(ours.endpoint, "version.bind") == ("REFUSED", [])
    assert "needs-restart=nothing" in ours.process.log_text().replace('"', "")


def test_cookies_stay_valid_while_secrets_are_rolled_over(pair):
    ours = pair[1]
    old = option(ask_options(ours.endpoint, ZONE, (COOKIE, CLIENT)), COOKIE)
    assert is_valid(ours.endpoint, old)
    made_with = [old[8:]]
    for secrets in (SECRETS, SECRETS[::-1], SECRETS[1:]):
        ours.settings["cookie_secrets"] = secrets
        reloads = ours.process.log_text().count("config.reloaded")
        ours.reload()
        wait_until(lambda n=reloads: ours.process.log_text().count("config.reloaded") > n, 10, "reloaded")
        new = option(ask_options(ours.endpoint, ZONE, (COOKIE, made(made_with[-1]))), COOKIE)
        assert is_valid(ours.endpoint, made(made_with[-1])), secrets
        made_with.append(new[8:])
    assert made_with[0] == made_with[1] and made_with[2] == made_with[3] != made_with[0]
    assert not is_valid(ours.endpoint, old)


def made(server_part):
    return CLIENT + server_part


def is_valid(endpoint, cookie):
    """RFC 7873 section 5.4: a request without a question is answered BADCOOKIE if the cookie is not valid."""
    message = dns.message.Message()
    message.use_edns(0, payload=1232, options=[dns.edns.GenericOption(COOKIE, cookie)])
    answer = ask.send(endpoint, message)
    assert answer.rcode() in (dns.rcode.NOERROR, dns.rcode.BADCOOKIE) and not answer.question
    return answer.rcode() == dns.rcode.NOERROR


# -- cookies and other makes


def with_bind(server):
    server.extra_options = (f'answer-cookie yes; require-server-cookie yes; cookie-algorithm siphash24; '
                            f'cookie-secret "{SECRETS[0]}";')


def with_nsd(server):
    server.extra_server = ["answer-cookie: yes", f'cookie-secret: "{SECRETS[0]}"']


def with_knot(server):
    server.modules = [("mod-cookies", [f"secret: 0x{SECRETS[0]}"])]


@pytest.mark.parametrize("kind,configure", (("bind", with_bind), ("nsd", with_nsd), ("knot", with_knot)))
@pytest.mark.parametrize("address", ("127.0.0.1", "::1"))
def test_cookies_are_understood_by_servers_of_other_makes(lab, kind, configure, address):
    other = lab.make(kind, address=address)
    configure(other)
    other.add_primary_zone(ZONE, small_zone(ZONE, 7))
    other.start()
    ours = lab.make("understudy", address=address, cookie_secrets=SECRETS)
    ours.add_secondary_zone(ZONE, other.endpoint)
    ours.start()
    ours.wait_serves(ZONE, 7)

    theirs = option(ask_options(other.endpoint, ZONE, (COOKIE, CLIENT)), COOKIE)
    assert len(theirs) == 24 and is_valid(ours.endpoint, theirs)
    assert not is_valid(ours.endpoint, theirs[:-1] + bytes([theirs[-1] ^ 1]))

    own = option(ask_options(ours.endpoint, ZONE, (COOKIE, CLIENT)), COOKIE)
    accepted = ask_options(other.endpoint, ZONE, (COOKIE, own), rdtype="SOA")
    assert accepted.rcode() == dns.rcode.NOERROR and accepted.answer
    if kind != "nsd":  # the others enforce cookies; NSD gives a good one back and replaces others
        assert ask_options(other.endpoint, ZONE, (COOKIE, CLIENT)).rcode() == dns.rcode.BADCOOKIE
    else:
        assert option(accepted, COOKIE) == own


def test_cookies_are_counted(pair):
    ours = pair[1]
    before = ours.cli("stats", "--json").json["serve"]
    good = option(ask_options(ours.endpoint, ZONE, (COOKIE, CLIENT)), COOKIE)
    ask_options(ours.endpoint, ZONE, (COOKIE, good))
    ask_options(ours.endpoint, ZONE, (COOKIE, good[:-1] + b"x" if good[-1:] != b"x" else good[:-1] + b"y"))
    ask_options(ours.endpoint, ZONE, source="127.0.0.66")
    after = ours.cli("stats", "--json").json["serve"]
    changes = {k: after[k] - before[k] for k in after}
    assert [changes[k] for k in ("cookies_new", "cookies_valid", "cookies_bad", "refused_clients")] == [1, 1, 1, 1]


# -- extended errors


def error(answer):
    """(code, text) of the extended error, or None."""
    data = option(answer, EDE)
    return data and (int.from_bytes(data[:2], "big"), data[2:].decode())


def test_refused_clients_and_strangers_are_told_why(pair):
    ours = pair[1]
    refused = ask_options(ours.endpoint, f"www.{ZONE}", source="127.0.0.66")
    assert refused.rcode() == dns.rcode.REFUSED and error(refused) == (18, "") and not refused.answer
    assert error(ask_options(ours.endpoint, "www.other.test")) == (20, "")
    notify = dns.message.make_query(ZONE, "SOA")
    notify.set_opcode(dns.opcode.NOTIFY)
    notify.use_edns(0)
    stranger = ask.send(ours.endpoint, notify, source="127.0.0.9")
    assert stranger.rcode() == dns.rcode.REFUSED and error(stranger) == (18, "sender is no primary of this zone")


def test_expired_zone_tells_since_when_and_before_that_how_long(lab):
    primary = lab.make("nsd")
    primary.add_primary_zone(ZONE, small_zone(ZONE, 1, refresh=1, retry=1, expire=6))
    primary.start()
    ours = lab.make("understudy")
    ours.add_secondary_zone(ZONE, primary.endpoint, refresh_min=1, retry_min=1, retry_max=2, expire_min=2)
    ours.add_secondary_zone("never.test", primary.endpoint)
    ours.start()
    ours.wait_serves(ZONE, 1)
    primary.kill9()
    left = option(ask_options(ours.endpoint, ZONE, (EXPIRE, b""), rdtype="SOA"), EXPIRE)
    assert 0 < int.from_bytes(left, "big") <= 6
    wait_until(lambda: ours.query(ZONE, "SOA").rcode() == dns.rcode.SERVFAIL, 20, "expired")
    code, text = error(ask_options(ours.endpoint, ZONE))
    assert code == 24
    since = re.fullmatch(r"zone expired at (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)Z", text).group(1)
    age = datetime.datetime.utcnow() - datetime.datetime.fromisoformat(since)
    assert 0 <= age.total_seconds() < 30 * PATIENCE
    assert error(ask_options(ours.endpoint, "never.test")) == (14, "zone is not loaded yet")


# -- another EDNS version


def test_another_edns_version_is_badvers_with_cookie_and_identity(pair):
    answer = ask_options(pair[1].endpoint, ZONE, (NSID, b""), (COOKIE, CLIENT), (ZONEVERSION, b""), version=1)
    assert answer.rcode() == dns.rcode.BADVERS and answer.edns == 0 and not answer.answer
    assert option(answer, NSID) == b"ns2.test" and option(answer, COOKIE)[:8] == CLIENT
    assert option(answer, ZONEVERSION) is None
