"""The exceptions of the service; `searchsvc.http.problems` maps them to HTTP.

::

    SearchServiceError
    ├── BadQueryError          the request cannot be understood; names the place
    │   ├── BadFilterError     an unknown field, a wrong type, a malformed expression
    │   ├── LimitExceededError  more than a setting allows; names the limit and the setting
    │   ├── BadLiveSettingsError  given live settings that cannot be taken
    │   ├── BadKeyError            what is asked of a key cannot be had
    │   └── ConsentMissingError  nobody says that the people of a file agreed to its import
    ├── IndexNotFoundError     no such index here
    ├── ProductNotFoundError   no such product in the current generation
    ├── NotReadyError          the index exists, but no generation of it can be opened
    ├── LiveSettingsError      a file of live settings on the disk
    │   ├── LiveSettingsUnreadableError  it cannot be read, or says what it must not
    │   ├── LiveSettingsUnwritableError  it cannot be written
    │   └── LiveSettingsChangedError     somebody else has changed it in the meantime
    ├── IndexBusyError         the index is being written by somebody else; try again later
    ├── ChangesRefusedError    changes of products that a guard, gate or missing model forbids
    ├── ChangesFailedError     changes of products could not be written; the log has the details
    ├── WritesDisabledError    there is no key that would permit changes
    ├── NotPermittedError      the request has no key, or one that does not hold
    ├── ForbiddenError         its key is not for this: another role, index, user or page
    ├── KeysUnavailableError   keys are needed, and it is not known which there are
    ├── KeyNotFoundError       no key has this id
    ├── KeyMirrorError         the file of the last known keys cannot be read or written
    ├── KeysLostError          the database has not the keys that were known
    ├── RateLimitedError       more requests than its key or address may send; try again later
    ├── TimedOutError          an answer took longer than one may take
    ├── PortError              the address to serve at is taken, or not this machine's
    ├── ConfigurationError     the configuration file, or that of a secret, cannot be used
    ├── BackupError            a backup cannot be made, is not whole, or may not be restored here
    ├── EmbeddingUnavailableError  no query vector in time: the answer is lexical only
    ├── JudgmentsError         judged queries cannot be read
    ├── TrainingUnavailableError  a ranker cannot be trained here: LightGBM is not installed
    ├── NothingToLearnError    an index has no events of the kind that teaches anything
    ├── LearningBusyError      another process is learning from the events of the index
    ├── EvaluationError        judged queries cannot be asked of an index
    ├── EventFileError         a file of events or user ids cannot be read, or has nothing of use
    ├── StateError             the database of events and memberships
    │   ├── StateMissingError      nothing was stored yet
    │   ├── StateUnavailableError  it cannot be opened, reached, read or written
    │   ├── StateFormatError       it is of a version or a kind that this service does not know
    │   └── TokenKeyError          the key of the user keys is unusable, or not the database's
    ├── EventsUnavailableError  events cannot be stored at the moment; send them again
    ├── OverloadedError        more requests than can wait; try again later
    └── TracingUnavailableError  traces are asked for, and OpenTelemetry is not installed
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from searchsvc.degradation import Reason


class SearchServiceError(Exception):
    """Root of everything the service raises on purpose."""


class BadQueryError(SearchServiceError):
    """The request cannot be understood."""


class BadFilterError(BadQueryError):
    """A filter names an unknown field, a value of the wrong type, or is malformed."""


class LimitExceededError(BadQueryError):
    """More is asked for than a setting allows; the message names the limit and the setting."""


class BadLiveSettingsError(BadQueryError):
    """Given live settings cannot be taken; the message names the place."""


class BadKeyError(BadQueryError):
    """What is asked of a key cannot be had: a pattern, a date, a restriction."""


class ConsentMissingError(BadQueryError):
    """What people did is to be stored, and nobody says that they agreed."""


class IndexNotFoundError(SearchServiceError):
    """No such index is served here."""


class ProductNotFoundError(SearchServiceError):
    """The current generation has no such product."""


class NotReadyError(SearchServiceError):
    """The index exists, but none of its generations can be opened."""


class LiveSettingsError(SearchServiceError):
    """A file of an index's live settings cannot be used."""


class LiveSettingsUnreadableError(LiveSettingsError):
    """The file cannot be read, or what it says is not valid."""


class LiveSettingsUnwritableError(LiveSettingsError):
    """The file cannot be replaced: a full or read-only disk, permissions."""


class LiveSettingsChangedError(LiveSettingsError):
    """The file is of another version than the one that is to be replaced."""


class IndexBusyError(SearchServiceError):
    """The index is being written by somebody else."""


class ChangesRefusedError(SearchServiceError):
    """Changes of products are not made: a guard, the gate or a missing model forbids it."""


class ChangesFailedError(SearchServiceError):
    """Changes of products could not be written; what was published stays."""


class WritesDisabledError(SearchServiceError):
    """Nothing may be changed over HTTP, since no key is configured."""


class NotPermittedError(SearchServiceError):
    """The request lacks a key, or has one that is unknown, revoked or expired."""


class ForbiddenError(SearchServiceError):
    """The request's key holds, but not for this: a role, an index, a user or a page."""


class KeysUnavailableError(SearchServiceError):
    """Keys are needed, and it is not known which there are: the database cannot be read."""


class KeyNotFoundError(SearchServiceError):
    """No key has this id."""


class KeyMirrorError(SearchServiceError):
    """The file of the last known keys cannot be read or written."""


class KeysLostError(SearchServiceError):
    """The database has not the keys that were known: it is a new one, or a backup."""


class RateLimitedError(SearchServiceError):
    """More requests than a key or an address may send.

    Attributes:
        seconds: after which one more may be sent.
    """

    def __init__(self, message: str, seconds: float) -> None:
        super().__init__(message)
        self.seconds = seconds


class TimedOutError(SearchServiceError):
    """An answer took longer than one may take."""


class PortError(SearchServiceError):
    """The address to serve at is taken, or not this machine's."""


class ConfigurationError(SearchServiceError):
    """A file of settings or of a secret cannot be used; names file, key, and what is expected."""


class BackupError(SearchServiceError):
    """A backup cannot be made, is not whole, or may not be restored where it was to be."""


class EmbeddingUnavailableError(SearchServiceError):
    """There is no vector of the query: no model, a failure, or not in time.

    Attributes:
        reason: which of these, as metrics call it.
    """

    def __init__(self, message: str, reason: Reason = "model_failed") -> None:
        super().__init__(message)
        self.reason: Reason = reason


class OverloadedError(SearchServiceError):
    """More requests arrived than can wait."""


class TracingUnavailableError(SearchServiceError):
    """Traces are asked for that cannot be sent; the message says what to install or to unset."""


class StateError(SearchServiceError):
    """The state database cannot be used."""


class StateMissingError(StateError):
    """Nothing was stored yet, and whoever asks does not want it made."""


class StateUnavailableError(StateError):
    """The database cannot be opened, reached, read or written at the moment."""


class StateFormatError(StateError):
    """The database is of a version or a kind that this service does not know."""


class TokenKeyError(StateError):
    """The token key is unreadable or too short, or the database was filled with another one."""


class EventsUnavailableError(SearchServiceError):
    """Events cannot be stored at the moment; sent again, they are stored once."""


class JudgmentsError(SearchServiceError):
    """A file of judgments is absent or malformed; the message names file, line and remedy."""


class TrainingUnavailableError(SearchServiceError):
    """What trains a ranker is not installed; the message says how to install it."""


class NothingToLearnError(SearchServiceError):
    """Too few users have events about the products of an index."""


class LearningBusyError(SearchServiceError):
    """Another process is learning from the events of the index."""


class EventFileError(SearchServiceError):
    """A file of events or user ids cannot be read or written, or has nothing of use."""


class EvaluationError(SearchServiceError):
    """Judged queries cannot be asked of an index: nothing to find, or no complete answers."""
