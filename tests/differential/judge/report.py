"""What a run found: cases in groups, a count and two examples each."""
from collections import Counter

from judge import present
from judge.servers import ALL

EXAMPLES = 2


def show_case(case):
    """A case as lines: the question, then each different answer once with the servers that gave it."""
    lines = [f"{case.question.zone}: {present.question(case.question.octets)}"
             + (" (TCP)" if case.question.tcp else "")]
    shown = []
    for server in ALL:
        same = next((names for names, form in shown if form == case.forms[server]), None)
        if same:
            same.append(server)
        else:
            shown.append(([server], case.forms[server]))
    for servers, _ in shown:
        lines.append(f"  {', '.join(servers)}:")
        lines += [f"    {line}" for line in present.answer(case.messages[servers[0]])]
    return lines


class Report:
    """Counts and groups."""

    def __init__(self):
        self.zones = self.asked = self.equal = self.chosen = 0
        self.by_kind, self.choices = Counter(), Counter()
        self.failures = {}  # what -> [count, [texts of examples]]

    def fail(self, what, case):
        group = self.failures.setdefault(what, [0, []])
        group[0] += 1
        if len(group[1]) < EXAMPLES:
            group[1].append("\n".join(show_case(case)))

    @property
    def failed(self):
        return sum(count for count, _ in self.failures.values())

    def text(self):
        lines = [f"{self.asked} questions about {self.zones} zones: {self.equal} answered alike by all, "
                 f"{self.chosen} by a listed choice, {self.failed} failures"]
        lines += [f"  choice {name}: {count}" for name, count in self.choices.most_common()]
        for what, (count, examples) in sorted(self.failures.items(), key=lambda item: -item[1][0]):
            lines += ["", f"FAILURE {what}: {count}"] + [f"  {line}" for e in examples for line in e.split("\n")]
        return "\n".join(lines)
