"""The questions of bench/compare: 45 % referrals, 40 % A, 10 % names that do not exist, 5 % others, on both large zones."""
import random

from servers import ZONES

from lib.bigzones import delegation_name, host_name

TLD, HOSTS = ZONES["delegations"], ZONES["hosts"]


def _one(chance, records):
    roll = chance.random()
    delegation = f"{delegation_name(chance.randrange(records // 3))}.{TLD}"
    host = f"{host_name(chance.randrange(records // 2))}.{HOSTS}"
    if roll < 0.45:
        return (f"www.{delegation}" if chance.random() < 0.5 else delegation), "A"
    if roll < 0.85:
        return host, "A"
    if roll < 0.95:
        return f"no{chance.randrange(10 ** 9)}.{TLD if chance.random() < 0.5 else HOSTS}", "A"
    return (host, chance.choice(("AAAA", "MX", "TXT"))) if chance.random() < 0.7 else (delegation, "DS")


def write_mix(path, records, count=200000, seed=11):
    """As dnsperf reads them; the same arguments give the same questions."""
    chance = random.Random(seed)
    with open(path, "w", encoding="ascii") as file:
        file.writelines("{} {}\n".format(*_one(chance, records)) for _ in range(count))


def one_of_each(records):
    """A name of each zone."""
    return [f"{delegation_name(records // 7)}.{TLD}", f"{host_name(records // 7)}.{HOSTS}"]
