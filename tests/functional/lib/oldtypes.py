"""Types of RFC 1035 that dnspython keeps opaque although servers may compress the names inside them."""
import types

import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.rdtypes.ANY.RP
import dns.rdtypes.nsbase

ONE_NAME = {"MD": 3, "MF": 4, "MB": 7, "MG": 8, "MR": 9}


def _teach(name, number, base):
    implementation = types.SimpleNamespace(**{name: type(name, (base,), {})})
    dns.rdata.register_type(implementation, number, name)


def teach_dnspython():
    """To be called before the first message is read; a second call changes nothing."""
    if dns.rdata.get_rdata_class(dns.rdataclass.IN, dns.rdatatype.MINFO) is not dns.rdata.GenericRdata:
        return
    for name, number in ONE_NAME.items():
        _teach(name, number, dns.rdtypes.nsbase.NSBase)
    _teach("MINFO", 14, dns.rdtypes.ANY.RP.RP)  # two names, like RP
