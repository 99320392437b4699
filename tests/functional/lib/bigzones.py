"""Zones of a million records as streams of text: like a TLD's (delegations), and like a hoster's (hosts).

The same arguments give the same zone. Text comes in blocks, so that nothing large is ever held."""
import hashlib
import random

from lib.zonetext import soa

BLOCK = 2000


def _blocks(lines):
    block = []
    for line in lines:
        block.append(line)
        if len(block) >= BLOCK:
            yield "".join(block)
            block = []
    yield "".join(block)


def delegation_name(number):
    """Labels of various lengths in no order, as registered names are."""
    return f"{hashlib.md5(str(number).encode()).hexdigest()[:4 + number % 9]}-{number}"


def delegations_zone(name, records, serial=1, seed=1):
    """NS sets from a pool of providers; a fifth with DS, one in twenty with name servers of its own and glue."""
    return _blocks(_delegations(name, records, serial, seed))


def _delegations(name, records, serial, seed):
    chance = random.Random(seed)
    yield soa(name, serial) + f"$ORIGIN {name}.\n$TTL 86400\n@ NS a.nic\n@ NS b.nic\na.nic A 192.0.2.1\nb.nic A 192.0.2.2\n"
    count, number = 5, 0
    providers = [(f"ns1.provider{i}.example.net.", f"ns2.provider{i}.example.net.", f"ns3.provider{i}.example.org.")
                 for i in range(2000)]
    while count < records:
        owner, roll = delegation_name(number), chance.random()
        number += 1
        if roll < 0.05:
            lines = [f"{owner} NS ns1.{owner}\n", f"{owner} NS ns2.{owner}\n",
                     f"ns1.{owner} A 198.51.{number >> 8 & 255}.{number & 255}\n",
                     f"ns2.{owner} A 203.0.{number >> 8 & 255}.{number & 255}\n",
                     f"ns2.{owner} AAAA 2001:db8::{number >> 16:x}:{number & 65535:x}\n"]
        else:
            # Some providers have a great part of all names, as in life.
            servers = providers[min(int(chance.expovariate(1 / 150)), len(providers) - 1)]
            lines = [f"{owner} NS {server}\n" for server in servers[:2 + (number % 4 == 0)]]
        if roll > 0.80:
            digest = hashlib.sha256(owner.encode()).hexdigest()
            lines.append(f"{owner} DS {number % 65536} 13 2 {digest}\n")
        lines = lines[:records - count]
        yield "".join(lines)
        count += len(lines)


def host_name(number):
    return f"host-{number * 7919 % 10**7}" if number % 3 else f"srv{number}.site{number % 997}"


def hosts_zone(name, records, serial=1, seed=2):
    """A, AAAA, MX, TXT and CNAME records of hosts, some of them two labels deep."""
    return _blocks(_hosts(name, records, serial, seed))


def _hosts(name, records, serial, seed):
    chance = random.Random(seed)
    yield soa(name, serial) + f"$ORIGIN {name}.\n$TTL 3600\n@ NS ns1\n@ NS ns2\nns1 A 192.0.2.1\nns2 A 192.0.2.2\n"
    count, number = 5, 0
    while count < records:
        owner, roll = host_name(number), chance.random()
        address = chance.getrandbits(32)
        number += 1
        if roll < 0.15:
            lines = [f"{owner} CNAME {host_name(chance.randrange(number))}\n"]
        else:
            lines = [f"{owner} A {address >> 24}.{address >> 16 & 255}.{address >> 8 & 255}.{address & 255}\n"]
            if roll > 0.45:
                lines.append(f"{owner} AAAA 2001:db8:{address >> 16:x}:{address & 65535:x}::{number & 65535:x}\n")
            if roll > 0.75:
                lines.append(f"{owner} MX 10 mx{number % 50}.mail.example.net.\n")
            if roll > 0.85:
                lines.append(f'{owner} TXT "v=spf1 ip4:{address >> 24}.0.0.0/8 id={address:08x} -all"\n')
        lines = lines[:records - count]
        yield "".join(lines)
        count += len(lines)


def some_names(zone, kind, records, count, seed=3):
    """Owner names that such a zone very likely has, for questions."""
    chance = random.Random(seed)
    make, upper = (delegation_name, records // 3) if kind == "delegations" else (host_name, records // 2)
    return [f"{make(chance.randrange(upper))}.{zone}." for _ in range(count)]


KINDS = {"delegations": delegations_zone, "hosts": hosts_zone}
