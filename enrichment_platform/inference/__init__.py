"""From a row to a stored answer: task, fingerprint, ledger, dispatcher, endpoints. Free of Dagster."""
