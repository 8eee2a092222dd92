"""What `cnap doctor --cluster` finds: a state, some words, and how to mend it."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from cnap.cli.kubectl import KubectlError

BAD = ("missing", "trouble")


@dataclass(frozen=True)
class Finding:
    state: str
    """ok; missing or in trouble, and the pipeline can't do without it; optional, where an overlay
    or a convenience needs it; advice; unknown, where the cluster does not let us look."""
    words: str
    mend: str = ""
    """A command, or what a person has to do."""

    @property
    def bad(self) -> bool:
        return self.state in BAD

    def __str__(self) -> str:
        line = f"{self.state:<8} {self.words}"
        return line if not self.mend else f"{line}\n         {self.mend}"


Check = Callable[[], Iterable[Finding]]


def found(checks: Iterable[Check]) -> Iterator[Finding]:
    """Every check's findings; a question that the cluster refuses ends only its own check."""
    for check in checks:
        try:
            yield from check()
        except KubectlError as error:
            yield Finding("unknown", str(error))


def patch(name: str, namespace: str, data: dict[str, str]) -> str:
    """The command that sets entries of a ConfigMap."""
    entries = ",".join(f'"{key}":"{value}"' for key, value in data.items())
    return (
        f"kubectl patch configmap/{name} -n {namespace} --type=merge "
        f"-p '{{\"data\":{{{entries}}}}}'"
    )
