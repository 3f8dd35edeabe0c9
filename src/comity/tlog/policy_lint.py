"""What a trust policy is worth: how many dishonest or absent witnesses it bears, in sentences for people.

A policy guards against a split view when any two quorums share an honest witness: for q of n, 2q - n > f.
For nested groups the least overlap of two quorums is computed from the leaves up; that is exact because a name can be
a member only once.
"""

from __future__ import annotations

from comity.tlog.policy import NONE, Group, Policy


def overlap(policy: Policy) -> int:
    """The least number of witnesses that any two quorums share (2q - n for a plain q of n)."""

    def shared(group: Group, members: list[int]) -> int:
        twice = max(0, 2 * group.threshold - len(group.members))
        return sum(sorted(members)[:twice])

    return policy.evaluate(lambda _: 1, shared)


def outages(policy: Policy) -> int:
    """How many witnesses may be away, whichever they are, without stopping new checkpoints."""

    def needed_to_stop(group: Group, members: list[int]) -> int:
        return sum(sorted(members)[: len(group.members) - group.threshold + 1])

    return max(0, policy.evaluate(lambda _: 1, needed_to_stop) - 1)


def lint(policy: Policy) -> list[str]:
    """Sentences on the policy: what it bears first, then each thing to mend. Nothing is raised.

    Duplicate keys need no sentence here: `Policy.parse` refuses them.
    """
    if policy.quorum == NONE:
        return ["The policy asks for no cosignature: a log can show different people different histories unnoticed."]
    common = overlap(policy)
    sentences = [_split_view(common), f"The quorum can be reached while any {outages(policy)} witness(es) are away."]
    for group in policy.groups.values():
        count, threshold = len(group.members), group.threshold
        if count > 1 and 2 * threshold <= count:
            sentences.append(
                f"Group {group.name} asks for {threshold} of {count} (2q - n = {2 * threshold - count}): "
                "it adds diversity, not safety against a split view."
            )
    sentences += [f"Witness {name} is named, but no quorum depends on it." for name in _idle(policy)]
    if not policy.logs:
        sentences.append("The policy names no log, so it accepts none.")
    return sentences


def _split_view(common: int) -> str:
    if common == 0:
        return "Two quorums need share no witness (2q - n = 0): not even f = 0 is safe against a split view."
    return (
        f"Any two quorums share at least {common} witness(es) (2q - n = {common}): "
        f"safe against a split view while at most f = {common - 1} witness(es) are dishonest (2q - n > f)."
    )


def _idle(policy: Policy) -> list[str]:
    reached, waiting = set(), [policy.quorum]
    while waiting:
        name = waiting.pop()
        reached.add(name)
        if name in policy.groups:
            waiting.extend(policy.groups[name].members)
    return [name for name in policy.witnesses if name not in reached]
