"""A run: a world is started, its zones are compared by transfer, questions are asked and the answers judged."""
import socket
import struct
from itertools import chain
from pathlib import Path

import dns.name

from judge import odd, questions, wire
from judge.compare import Case
from judge.content import Content, Held
from judge.flight import WINDOW, Flight, read_message, silence
from judge.report import Report
from judge.servers import World
from judge.signer import sign_all
from judge.zones import WORLDS
from lib.wait import PATIENCE, wait_until

SLOW_KINDS = ("malformed", "tsig")  # where silence must be waited for


def transfer(endpoint, apex):
    """All records of the zone, sorted; the SOA once."""
    request = b"\0\1" + struct.pack("!5H", 0, 1, 0, 0, 0) + apex + struct.pack("!HH", 252, 1)
    records, soas = [], 0
    with socket.create_connection(tuple(endpoint), 20 * PATIENCE) as connection, connection.makefile("rb") as stream:
        connection.sendall(struct.pack("!H", len(request)) + request)
        while soas < 2:
            octets = read_message(stream)
            assert octets, f"the transfer of {apex!r} from {endpoint.text} breaks off"
            message = wire.parse(octets)
            assert message.rcode == 0, f"the transfer of {apex!r} from {endpoint.text} says {message.rcode}"
            records += message.answer
            soas += sum(record[1] == 6 for record in message.answer)
    return sorted(records[:-1])


def verify_zones(world):
    """Every server holds every zone as the primary does: {zone: Content}."""
    contents = {}
    for zone in world.texts:
        apex = dns.name.from_text(zone).to_wire()
        records = transfer(world.primary.endpoint, apex)
        for kind, server in world.servers.items():
            # NSD ends processes, and their connections, after a reload: a second try may be needed.
            held = wait_until(lambda s=server: transfer(s.endpoint, apex), 5, f"AXFR of {zone} from {kind}")
            differing = set(held) ^ set(records)
            assert held == records, f"{kind} holds another {zone} than the primary: {sorted(differing)[:4]}"
        contents[zone] = Content(apex, records)
    return Held(contents)


def windows(asked):
    """The questions in windows, those whose answers may be silence together."""
    for slow in (False, True):
        some = [q for q in asked if (q.kind in SLOW_KINDS) == slow]
        for start in range(0, len(some), WINDOW):
            yield some[start:start + WINDOW]


def cases(world, held, asked):
    """The case of each question; where an answer came truncated, the same over TCP as a further one."""
    flight = Flight({kind: server.endpoint for kind, server in world.servers.items()})
    try:
        for window in windows(asked):
            found = list(_flown(flight, window, held))
            cut_short = [case for case in found if any(form["tc"] for form in case.forms.values())]
            wholes = list(_flown(flight, [case.question._replace(tcp=True) for case in cut_short], held))
            for case, whole in zip(cut_short, wholes):
                case.whole = whole
            yield from found
            yield from wholes
    finally:
        flight.close()


def _flown(flight, window, held):
    answers = flight.ask(window)
    for index, question in enumerate(window):
        yield Case(question, {kind: some[index] for kind, some in answers.items()}, held)


def silent_cases(world, held):
    """The cases of requests that are no requests: answers, and what is shorter than a header."""
    requests = odd.silent()
    answers = silence({kind: server.endpoint for kind, server in world.servers.items()}, requests)
    for index, octets in enumerate(requests):
        question = questions.Question("none", "silent", octets)
        yield Case(question, {kind: some[index] for kind, some in answers.items()}, held)


def run(judge_case, folder, count, seed, worlds=None, complete=False):
    """The Report of a run below folder; judge_case(case, report) says what each case is."""
    report = Report()
    chosen = {name: WORLDS[name](seed) for name in worlds or WORLDS}
    zones = sum(len(specs) for specs in chosen.values())
    for name, specs in chosen.items():
        place = Path(folder) / name
        (place / "keys").mkdir(parents=True)
        with World(place, sign_all(place / "keys", specs)) as world:
            held = verify_zones(world)
            report.zones += len(specs)
            asked = questions.plan(held.contents, count * len(specs) // zones, seed, complete)
            for case in chain(cases(world, held, asked), silent_cases(world, held)):
                report.asked += 1
                report.by_kind[case.question.kind] += 1
                judge_case(case, report)
    return report
