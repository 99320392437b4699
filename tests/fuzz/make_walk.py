#!/usr/bin/env python3
"""Seeds of the door "walk": rows of answers as tests/fuzz/walk.c reads them.  make_walk.py FOLDER"""
import pathlib
import struct
import sys

TYPES = {"A": 1, "NS": 2, "CNAME": 5, "SOA": 6, "TXT": 16, "AAAA": 28}


def name(text):
    return b"".join(bytes([len(part)]) + part.encode() for part in text.split(".") if part) + b"\0"


def data(rtype, value):
    if rtype in ("NS", "CNAME"):
        return name(value)
    if rtype == "A":
        return bytes(int(part) for part in value.split("."))
    if rtype == "AAAA":
        return bytes.fromhex(value)
    if rtype == "SOA":
        return b"\0\0" + bytes(20)
    return b"".join(bytes([len(part)]) + part.encode() for part in value.split("|"))


def record(owner, rtype, value=""):
    rdata = data(rtype, value)
    return name(owner) + struct.pack("!HHIH", TYPES[rtype], 1, 300, len(rdata)) + rdata


def answer(an=(), ns=(), ar=(), how=0):
    body = b"".join(record(*r) for r in (*an, *ns, *ar))
    return struct.pack("!BBBBH", how, len(an), len(ns), len(ar), len(body)) + body


AA, TC, BARE, RAW, NXDOMAIN, REFUSED, FORMERR = 0x10, 0x20, 0x40, 0x80, 3, 5, 1
TOP = answer(ns=[("net", "NS", "a.net")], ar=[("a.net", "A", "192.5.6.30")])
DOWN = answer(ns=[("victim.net", "NS", "ns.victim.net")], ar=[("ns.victim.net", "A", "185.2.2.2")])
ZONE = answer(ns=[("www.victim.net", "NS", "ns.www.victim.net")], ar=[("ns.www.victim.net", "A", "185.2.2.2")])
PROOF = answer(an=[("_understudy-challenge.www.victim.net", "TXT", "understudy-|proof=tok")], how=AA)
NO = answer(ns=[("victim.net", "SOA")], how=AA)
NOBODY = answer(ns=[("net", "SOA")], how=AA | NXDOMAIN)
ALIAS = answer(an=[("_understudy-challenge.www.victim.net", "CNAME", "x.victim.net")], how=AA)
OUT = answer(ns=[("www.victim.net", "NS", "ns.other.org"), ("www.victim.net", "NS", "ns.other.net")])
CHILD = answer(an=[("www.victim.net", "NS", "ns.www.victim.net")], ar=[("ns.www.victim.net", "AAAA", "2a0" + "0" * 28 + "1")],
               how=AA)
SEEDS = {
    "whole": TOP + DOWN + ZONE + PROOF + NO + NO,
    "nobody": TOP + NOBODY + NO + NO,
    "truncated": answer(how=TC) + TOP + answer(how=TC) + DOWN + ZONE,
    "refused": TOP + answer(how=REFUSED) + answer(how=FORMERR | BARE) + DOWN,
    "alias": TOP + DOWN + ZONE + ALIAS + NO + NO + NO,
    "glueless": TOP + DOWN + OUT + TOP + answer(an=[("ns.other.org", "A", "185.3.3.3")], how=AA) + NO + NO + PROOF,
    "child": TOP + DOWN + CHILD + PROOF + NO,
    "special": TOP + answer(ns=[("victim.net", "NS", "ns.victim.net")], ar=[("ns.victim.net", "A", "127.0.0.1")]),
    "upward": TOP + answer(ns=[("", "NS", "a.net")]) + answer(ns=[("net", "NS", "a.net")]),
    "many": TOP + answer(ns=[("www.victim.net", "NS", f"n{i}.net") for i in range(40)]) + NO * 60,
    "raw": struct.pack("!BBBBH", RAW, 0, 0, 0, 10) + b"\x80\0\0\1\0\0\0\0\0\0",
}

if __name__ == "__main__":
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for title, octets in SEEDS.items():
        (folder / title).write_bytes(octets)
