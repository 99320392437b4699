#!/usr/bin/python3
"""Keeps the answer to an AXFR as it comes by TCP, frames and all, for bench_transfer.

usage: bench/keep_transfer.py ADDRESS PORT ZONE FILE"""
import socket
import sys

import dns.message
import dns.name
import dns.rdatatype


def octets(stream, count):
    data = stream.read(count)
    if len(data) < count:
        raise SystemExit("the connection was closed before the closing SOA")
    return data


def soas_in(wire):
    """SOA records of one message: the whole zone has come with the second."""
    answer = dns.message.from_wire(wire, one_rr_per_rrset=True)
    return sum(rrset.rdtype == dns.rdatatype.SOA for rrset in answer.answer), len(answer.answer)


def main():
    address, port, zone, path = sys.argv[1:]
    question = dns.message.make_query(dns.name.from_text(zone), dns.rdatatype.AXFR, use_edns=False).to_wire()
    soas = records = 0
    with socket.create_connection((address, int(port))) as connection, open(path, "wb") as file:
        connection.sendall(len(question).to_bytes(2, "big") + question)
        stream = connection.makefile("rb", 1 << 20)
        while soas < 2:
            length = octets(stream, 2)
            wire = octets(stream, int.from_bytes(length, "big"))
            file.write(length + wire)
            more, count = soas_in(wire)
            soas, records = soas + more, records + count
    print(f"{records} records")


if __name__ == "__main__":
    main()
