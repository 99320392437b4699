"""A server with its default configuration, holding one signed zone, for the tests of this folder."""
from lib.signing import sign
from lib.zonetext import big_txt, shapes_zone

ZONE = "signed.test"


def default_server(lab, prepare=lambda server: None):
    """Ours (or the one that --secondary names) with nothing set but what makes it run; prepare sees it before."""
    primary, server = lab.make("nsd"), lab.secondary()
    text = shapes_zone(ZONE, 1, extra=big_txt("huge", 60) + "@ IN AAAA 2001:db8::1\n")
    primary.add_primary_zone(ZONE, sign(lab.folder, ZONE, text, algorithm="RSASHA256").text)
    server.add_secondary_zone(ZONE, primary.endpoint)
    if server.kind == "understudy":
        server.template = {"name": "default"}  # the harness admits transfers; the default is nobody
    prepare(server)
    primary.start()
    server.start()
    server.wait_serves(ZONE)
    return server
