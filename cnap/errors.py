"""What can go wrong in a function, and the HTTP status that tells Knative what to do about it.

CnapError
├── Poison       400  it will never work: no retry, straight to the dead letters
│   ├── BadEvent      not an event of ours, or attributes that make no sense
│   └── BadMedia      video, picture or frame group that can't be read
├── Missing      404  what the event refers to is not there (yet): retried
├── Busy         429  more than this replica or store may take now: retried
└── Unavailable  503  a store or a database does not answer: retried
"""


class CnapError(Exception):
    """An error with a message for people and a status for Knative."""

    status = 500


class Poison(CnapError):
    status = 400


class BadEvent(Poison):
    pass


class BadMedia(Poison):
    pass


class Missing(CnapError):
    status = 404


class Busy(CnapError):
    status = 429


class Unavailable(CnapError):
    status = 503
