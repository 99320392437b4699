"""DNS over TLS (RFC 7858): clients of another make, many questions at once, transfers, certificates that change."""
import contextlib
import socket
import ssl
import struct
import subprocess
import threading

import dns.edns
import dns.message
import dns.rcode
import pytest

from lib import ask, certificates
from lib.ports import Endpoint, new_port
from lib.records import difference, record_set
from lib.wait import PATIENCE, wait_until
from lib.zonetext import big_txt, shapes_zone

ZONE, HOST = "example.com", "ns.example.com"


@pytest.fixture
def server(lab, tmp_path):
    return start(lab, certificates.make(tmp_path, HOST))


def start(lab, certificate, **settings):
    tls = Endpoint("127.0.0.1", new_port("127.0.0.1"))
    section = {"listen": [tls.text], "certificate": certificate.certificate, "key": certificate.key}
    primary, secondary = lab.make("nsd"), lab.make("understudy", tls=section, **settings)
    primary.add_primary_zone(ZONE, shapes_zone(ZONE, 1, extra=big_txt("huge", 250)))
    secondary.add_secondary_zone(ZONE, primary.endpoint)
    secondary.template["allow-transfer"] = ["127.0.0.2"]
    secondary.tls, secondary.certificate, secondary.primary = tls, certificate, primary
    primary.start()
    secondary.start()
    secondary.wait_serves(ZONE)
    return secondary


def context(certificate=None, alpn=("dot",)):
    """Of a client that trusts the certificate given, or any."""
    made = ssl.create_default_context(cafile=certificate.certificate if certificate else None)
    if not certificate:
        made.check_hostname, made.verify_mode = False, ssl.CERT_NONE
    if alpn:
        made.set_alpn_protocols(list(alpn))
    return made


@contextlib.contextmanager
def connection(server, certificate=None, alpn=("dot",), source=None):
    plain = socket.create_connection(tuple(server.tls), 10 * PATIENCE, source_address=(source, 0) if source else None)
    with context(certificate, alpn).wrap_socket(plain, server_hostname=HOST) as stream:
        yield stream


def frames(messages):
    return b"".join(struct.pack("!H", len(wire)) + wire for wire in (m.to_wire() for m in messages))


def read_exactly(stream, length):
    data = b""
    while len(data) < length:
        part = stream.recv(length - len(data))
        assert part, f"closed after {len(data)} of {length} octets"
        data += part
    return data


def read_wire(stream):
    return read_exactly(stream, struct.unpack("!H", read_exactly(stream, 2))[0])


def read_answers(stream, count):
    return [dns.message.from_wire(read_wire(stream)) for _ in range(count)]


def exchange(stream, message=None):
    stream.sendall(frames([message or ask.make(f"www.{ZONE}")]))
    return read_answers(stream, 1)[0]


def kdig(server, *words):
    done = subprocess.run(["kdig", f"@{server.tls.address}", "-p", str(server.tls.port), "+timeout=10", "+retry=0", *words],
                          capture_output=True, text=True, timeout=60 * PATIENCE, check=False)
    return done.stdout + done.stderr


def certificate_seen(server):
    with connection(server) as stream:
        assert exchange(stream).answer
        return ssl.DER_cert_to_PEM_cert(stream.getpeercert(True))


def pem_of(certificate):
    with open(certificate.certificate, encoding="ascii") as file:
        return file.read()


def stats(server, group="tcp"):
    return server.cli("stats", "--json").json[group]


# --- answers

@pytest.mark.parametrize("kind", ("ec", "rsa"))
def test_kdig_verifies_us_by_authority_and_by_pin(lab, tmp_path, kind):
    server = start(lab, certificates.make(tmp_path, HOST, kind))
    ca, question = f"+tls-ca={server.certificate.certificate}", (f"www.{ZONE}", "A")
    for words in (["+tls"], [ca, f"+tls-hostname={HOST}"], [f"+tls-pin={server.certificate.pin}"]):
        text = kdig(server, *words, *question)
        assert "NOERROR" in text and "TLS session (TLS1.3)" in text, text
    other = certificates.make(tmp_path, "other.example", kind)
    for words in ([f"+tls-ca={other.certificate}"], [ca, "+tls-hostname=other.example"], [f"+tls-pin={other.pin}"]):
        assert "NOERROR" not in kdig(server, *words, *question)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of the old versions
def test_both_versions_are_spoken_and_older_ones_are_not(server):
    for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        wanted = context(server.certificate)
        wanted.minimum_version = wanted.maximum_version = version
        with wanted.wrap_socket(socket.create_connection(tuple(server.tls)), server_hostname=HOST) as stream:
            assert stream.selected_alpn_protocol() == "dot"
            assert exchange(stream).answer and exchange(stream).answer
    old = context()
    old.set_ciphers("ALL:@SECLEVEL=0")
    old.minimum_version, old.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
    with pytest.raises(OSError):
        old.wrap_socket(socket.create_connection(tuple(server.tls)), server_hostname=HOST)


def test_client_may_name_no_protocol_but_no_other_one(server):
    with connection(server, alpn=()) as stream:
        assert stream.selected_alpn_protocol() is None and exchange(stream).answer
    with pytest.raises(ssl.SSLError, match="(?i)no.application.protocol"):
        with connection(server, alpn=("h2",)):
            pass


def test_hundred_questions_in_one_write_are_all_answered(server):
    requests = [ask.make(f"q{i}.wild.{ZONE}") for i in range(100)]
    for number, request in enumerate(requests):
        request.id = number
    with connection(server) as stream:
        stream.sendall(frames(requests))
        answers = {a.id: a for a in read_answers(stream, 100)}
    for request in requests:
        assert answers[request.id].question == request.question and answers[request.id].answer


def test_questions_in_records_of_one_octet_are_put_together(server):
    with connection(server) as stream:
        for octet in frames([ask.make(f"www.{ZONE}")] * 2):
            stream.sendall(bytes([octet]))
        assert all(a.answer for a in read_answers(stream, 2))


def test_big_answers_are_pipelined_to_a_slow_reader(server):
    with connection(server) as stream:
        stream.sendall(frames([ask.make(f"huge.{ZONE}", "TXT")] * 50))
        assert all(sum(len(r) for r in a.answer) == 250 for a in read_answers(stream, 50))


def test_keepalive_and_padding_are_given_over_tls(server):
    options = [dns.edns.GenericOption(11, b""), dns.edns.GenericOption(12, b"\0" * 20)]
    request = dns.message.make_query(f"www.{ZONE}", "A", options=options)
    with connection(server) as stream:
        stream.sendall(frames([request]))
        wire = read_wire(stream)
    assert len(wire) % 468 == 0  # RFC 8467 section 4.1
    told = {o.otype: o.to_wire() for o in dns.message.from_wire(wire).options}
    assert struct.unpack("!H", told[11])[0] == 100  # of 100 ms: the default of server.tcp-idle-timeout


def test_zone_goes_over_tls_to_whom_the_list_admits(server):
    text = kdig(server, "+tls", "-b", "127.0.0.2", ZONE, "AXFR")
    assert text.count("SOA") == 2, text[-1000:]
    assert "REFUSED" in kdig(server, "+tls", "-b", "127.0.0.9", ZONE, "AXFR")
    with connection(server, source="127.0.0.2") as stream:
        stream.sendall(frames([ask.make(ZONE, "AXFR", payload=None)]))
        records = []
        while sum(r.rdtype == dns.rdatatype.SOA for r in records) < 2:
            records += dns.message.from_wire(read_wire(stream), xfr=True, one_rr_per_rrset=True).answer
    assert not difference(record_set(records), record_set(server.primary.axfr(ZONE)), "over TLS", "primary")


def test_idle_connection_ends_with_a_goodbye(lab, tmp_path):
    server = start(lab, certificates.make(tmp_path, HOST), tcp_idle_timeout=1)
    with connection(server) as stream:
        assert exchange(stream).answer
        stream.settimeout(20 * PATIENCE)
        assert stream.recv(1) == b""  # without close_notify it were an error: the context asks for it
    assert stats(server)["timed_out"] >= 1


# --- odd clients

def test_what_is_no_tls_is_closed_and_counted_and_hurts_nobody(server):
    before, sent = not_opened(server), 0
    hello = first_flight()
    for octets in (frames([ask.make(f"www.{ZONE}")]), b"GET / HTTP/1.1\r\n\r\n", b"\0" * 600, hello[:5] + b"\xff" * 600,
                   hello[:60] + b"\0" * 600, b"\x15\x03\x01\0\2\2\x28"):
        with socket.create_connection(tuple(server.tls), 10 * PATIENCE) as stream:
            stream.sendall(octets)
            sent += 1
            with contextlib.suppress(ConnectionError):
                while stream.recv(4096):
                    pass
    for cut in range(1, len(hello), 20):
        with socket.create_connection(tuple(server.tls)) as stream:
            stream.sendall(hello[:cut])
            sent += 1
    wait_until(lambda: not_opened(server) - before == sent, 10, "all are counted")
    with pytest.raises(OSError):  # and TLS where there is none
        context().wrap_socket(socket.create_connection(tuple(server.endpoint), 10 * PATIENCE), server_hostname=HOST)
    with connection(server) as stream:
        assert exchange(stream).answer
    wait_until(lambda: stats(server)["open"] == 0, 10, "nothing stays open")


def not_opened(server):
    """Handshakes that came to nothing; what could be a part of a long record is waited for first."""
    counters = stats(server)
    return counters["tls_failed"] + counters["tls_timed_out"]


def first_flight():
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    with contextlib.suppress(ssl.SSLWantReadError):
        context().wrap_bio(incoming, outgoing, server_hostname=HOST).do_handshake()
    return outgoing.read()


def test_handshake_that_stops_is_closed_soon(server):
    with socket.create_connection(tuple(server.tls), 20 * PATIENCE) as stream:
        stream.sendall(first_flight()[:100])
        assert stream.recv(1) == b""
    assert stats(server)["tls_timed_out"] == 1


def test_session_is_resumed_with_a_ticket(server):
    shared = context()
    for wanted in (False, True):
        with shared.wrap_socket(socket.create_connection(tuple(server.tls)), server_hostname=HOST,
                                session=session if wanted else None) as stream:
            assert exchange(stream).answer
            session = stream.session
            assert stream.session_reused == wanted
    assert stats(server)["tls_resumed"] == 1


# --- certificates that change

class NewConnections:
    """One connection after the other, a question on each, from a thread. Use as `with`."""

    def __init__(self, server):
        self.server, self.answered, self.problems = server, 0, []
        self._halt = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._halt.set()
        self._thread.join()

    def _run(self):
        while not self._halt.is_set():
            try:
                with connection(self.server) as stream:
                    assert exchange(stream).answer
                self.answered += 1
            except (OSError, AssertionError) as error:
                self.problems.append(repr(error))


def test_certificate_changes_under_load_and_no_connection_is_lost(server, tmp_path):
    others = [certificates.make(tmp_path, name) for name in ("two.example", "three.example")]
    with connection(server) as old, NewConnections(server) as load:
        assert exchange(old).answer
        for turn in range(6):
            following = others[turn % 2]
            server.certificate.replace_by(following)
            server.reload()
            wait_until(lambda c=following: certificate_seen(server) == pem_of(c), 10, "the new certificate")
            assert exchange(old).answer, "a connection with the first certificate"
        wait_until(lambda: load.answered > 50, 30, "a stream of connections")
        assert not load.problems, load.problems[:3]
    log = server.process.log_text()
    assert log.count("tls.loaded") == 7 and "tls.reload-failed" not in log
    status = server.cli("status", "--json").json["tls"]
    assert status["listen"] == [server.tls.text] and status["expire_at"] > 0


def content_of(path):
    with open(path, encoding="ascii") as file:
        return file.read()


def write(path, content):
    with open(path, "w", encoding="ascii") as file:
        file.write(content)


def test_certificate_that_is_no_good_is_refused_and_the_former_goes_on(server, tmp_path):
    good, other = pem_of(server.certificate), certificates.make(tmp_path, "other.example")
    certificate, key = server.certificate
    cases = ((certificate, "nothing\n", "certificate"), (key, content_of(other.key), "does not belong"),
             (key, "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "key"))
    for path, content, word in cases:
        former = content_of(path)
        write(path, content)
        assert server.cli("reload").status == 0, "the rest of the configuration is as good as before"
        fault = server.cli("status", "--json").json["tls"]["fault"]
        assert path in fault and word in fault, fault
        assert fault in server.process.log_text().replace('\\"', '"')
        assert certificate_seen(server) == good
        write(path, former)
    assert server.process.log_text().count("tls.reload-failed") == len(cases)
    assert server.cli("reload").status == 0
    assert server.cli("status", "--json").json["tls"]["fault"] is None


def test_start_without_usable_key_fails_and_says_why(lab, tmp_path):
    server = lab.make("understudy", tls={"listen": [f"127.0.0.1@{new_port('127.0.0.1')}"], "certificate": "/nowhere/c.pem",
                                         "key": "/nowhere/k.pem"})
    with pytest.raises(AssertionError, match="/nowhere/c.pem: no such file"):
        server.start()
