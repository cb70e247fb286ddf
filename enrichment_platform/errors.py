"""The errors that a user can cause; each message says what, where, what is allowed and what to do."""


class EnrichmentError(Exception):
    """A failure with a message for a person: the command exits with 1, no traceback is shown."""

    exit_code = 1


class InputError(EnrichmentError):
    """Wrong input (a name, a date, a field of the YAML): the command exits with 2."""

    exit_code = 2


class SourceError(EnrichmentError):
    """A source could not be read: missing file, column or table, unreachable host, nothing in it."""


class EndpointUnavailableError(EnrichmentError):
    """No endpoint of the pool answers; what was answered before is kept."""


class RunInterruptedError(EnrichmentError):
    """A stop signal came while the model was asked; the answers up to there are kept."""


class BudgetReachedError(EnrichmentError):
    """A cap is reached: nothing more was sent, what was answered is kept, the other rows are deferred."""


class DeadlineError(EnrichmentError):
    """The run's deadline has passed: what was answered is kept, the other rows are deferred."""


class HaltedError(EnrichmentError):
    """Someone halted the enrichment: what was answered is kept, the other rows are deferred."""


class DataClassError(EnrichmentError):
    """No endpoint of the pool may see rows of the enrichment's data class."""


class PublicationRefusedError(EnrichmentError):
    """The staged version has no passing verdict, so it was not published."""


class TableNotFoundError(EnrichmentError):
    """The lake holds no such table or partition yet."""
