"""Clients that change zones and keys over the API, each things of its own, and know what must be there afterwards."""
import http.client
import random
import threading

SINGLES, GROUPS, GROUP = 8, 2, 5  # of one writer: names that change alone; sets that change together


class Thing:
    """One name.  state: the number that was set last, None when it is not there.  doubt: what it may be instead, in
    a list, when a request got no answer.  changes: acknowledged ones, and those that showed to have been made."""

    def __init__(self, name):
        self.name, self.state, self.id, self.doubt, self.changes = name, None, None, None, 0

    def done(self, state):
        self.state, self.doubt = state, None
        self.changes += 1

    def settle(self, seen, what):
        """What is there now decides what the doubtful request did."""
        allowed = [self.state] + (self.doubt or [])
        assert seen in allowed, f"{what}: {self.name} is {seen}, it can only be one of {allowed}"
        if seen != self.state:
            self.done(seen)
        self.doubt = None


class Writer:
    """run() until something goes unanswered or stop is set: then the daemon is gone, or web is."""

    def __init__(self, service, key, number, names, primary, seed):
        self.service, self.key, self.primary = service, key, primary
        self.random = random.Random(seed)
        self.singles = [Thing(next(names)) for _ in range(SINGLES)]
        self.groups = [[Thing(next(names)) for _ in range(GROUP)] for _ in range(GROUPS)]
        self.keys = [Thing(f"key{number}-{n}") for n in range(2)]
        self.number, self.wrong, self.acknowledged, self.unanswered = 1000000 * (number + 1), [], 0, 0

    @property
    def zones(self):
        return self.singles + [t for g in self.groups for t in g]

    def run(self, stop):
        connection = self.service.connect(timeout=20)
        try:
            while not stop.is_set() and self.step(connection):
                pass
        finally:
            connection.close()

    def step(self, connection):
        """One change; False: it was not answered, or not as it must be."""
        self.number += 1
        change = self.random.choice((self.change_single,) * 6 + (self.change_group, self.change_key))
        things, states, (method, path, body, statuses) = change(self.number)
        for thing, state in zip(things, states):
            thing.doubt = [state]
        try:
            reply = self.service.call(method, path, body, key=self.key, connection=connection)
        except (OSError, http.client.HTTPException):
            self.unanswered += 1
            return False
        if reply.status == 503:  # understudy-web lives and does not know what the daemon did
            self.unanswered += 1
            return False
        if reply.status not in statuses:
            self.wrong.append(f"{method} {path} {body}: {reply}")
            return False
        if len(things) == 1 and method != "DELETE":
            things[0].id = reply.json["id"]
        for thing, state in zip(things, states):
            thing.done(state)
        self.acknowledged += 1
        return True

    def settings(self, number):
        return {"primaries": [{"address": self.primary.address, "port": self.primary.port}], "maxZoneRecords": number}

    def change_single(self, n):
        thing = self.random.choice(self.singles)
        by_name = f"/api/zones/by-name/{thing.name}"
        if thing.state is None and self.random.random() < 0.5:
            return [thing], [n], ("POST", "/api/zones", {"name": thing.name, **self.settings(n)}, (201,))
        if thing.state is None or self.random.random() < 0.3:
            return [thing], [n], ("PUT", by_name, self.settings(n), (201 if thing.state is None else 200,))
        if self.random.random() < 0.5:
            return [thing], [n], ("PATCH", f"/api/zones/{thing.id}", {"maxZoneRecords": n}, (200,))
        return [thing], [None], ("DELETE", f"/api/zones/{thing.id}", None, (200,))

    def change_group(self, n):
        group = self.random.choice(self.groups)
        zones = [{"name": t.name, **self.settings(n)} for t in group]
        return group, [n] * GROUP, ("POST", "/api/zones:batch", {"zones": zones}, (200,))

    def change_key(self, n):
        thing = self.random.choice(self.keys)
        if thing.state is None:
            return [thing], [True], ("POST", "/api/tsig-keys", {"name": thing.name}, (201,))
        return [thing], [None], ("DELETE", f"/api/tsig-keys/{thing.id}", None, (200,))


class Crowd:
    """Several writers at once."""

    def __init__(self, writers):
        self.writers = writers

    def begin(self):
        self.stop = threading.Event()
        self.threads = [threading.Thread(target=w.run, args=(self.stop,)) for w in self.writers]
        for thread in self.threads:
            thread.start()

    def end(self):
        self.stop.set()
        for thread in self.threads:
            thread.join()
        wrong = [text for w in self.writers for text in w.wrong]
        assert not wrong, wrong[:3]
