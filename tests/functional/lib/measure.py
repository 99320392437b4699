"""Memory and CPU time of a server with all its processes, from /proc."""
import os
import pathlib

TICK = os.sysconf("SC_CLK_TCK")


def processes(pid):
    """pid and its descendants; a process that ends meanwhile is left out."""
    found, children = [], {}
    for entry in pathlib.Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parent = int((entry / "stat").read_text().rsplit(")", 1)[1].split()[1])
            except OSError:
                continue
            children.setdefault(parent, []).append(int(entry.name))
    todo = [pid]
    while todo:
        found.append(todo.pop())
        todo += children.get(found[-1], [])
    return found


def is_alive(pid):
    """Not gone, and no zombie: it may still hold its sockets."""
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] not in "ZX"
    except OSError:
        return False


def is_sanitized(pid):
    """AddressSanitizer keeps what was freed for a while, and where it was freed for good."""
    with open(f"/proc/{pid}/maps", encoding="ascii", errors="replace") as maps:
        return "libasan" in maps.read()


def _field_sum(pids, file, *fields):
    total = 0
    for pid in pids:
        try:
            text = pathlib.Path(f"/proc/{pid}/{file}").read_text()
        except OSError:
            continue
        total += sum(int(line.split()[1]) for line in text.splitlines() if line.split(":")[0] in fields)
    return total * 1024


def memory(pid):
    """Octets: rss counts pages of files that are mapped, private does not; pss shares out what is shared."""
    pids = processes(pid)
    return {"rss": _field_sum(pids, "status", "VmRSS"), "pss": _field_sum(pids, "smaps_rollup", "Pss"),
            "anonymous": _field_sum(pids, "status", "RssAnon", "RssShmem"),
            "peak": _field_sum(pids, "status", "VmHWM")}


def cpu_times(pid):
    """User and system seconds of the processes and of children that they have waited for."""
    user, system = 0, 0
    for each in processes(pid):
        try:
            fields = pathlib.Path(f"/proc/{each}/stat").read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        user += int(fields[11]) + int(fields[13])
        system += int(fields[12]) + int(fields[14])
    return user / TICK, system / TICK


def cpu_seconds(pid):
    """User and system time of the processes and of children that they have waited for."""
    return sum(cpu_times(pid))
