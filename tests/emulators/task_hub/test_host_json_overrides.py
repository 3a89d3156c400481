"""Settings over host.json."""

from emulators.task_hub.host_json_overrides import with_overrides

DOCUMENT = {"extensions": {"queues": {"batchSize": 16, "visibilityTimeout": "00:00:30"}}}


def test_an_override_wins_over_the_file_and_leaves_the_rest() -> None:
    found = with_overrides(DOCUMENT, {"AzureFunctionsJobHost__extensions__queues__visibilityTimeout": "00:00:00"})
    assert found == {"extensions": {"queues": {"batchSize": 16, "visibilityTimeout": "00:00:00"}}}
    assert DOCUMENT["extensions"]["queues"]["visibilityTimeout"] == "00:00:30", "the document itself is not changed"


def test_numbers_and_flags_become_what_the_file_would_hold() -> None:
    settings = {
        "azurefunctionsjobhost__EXTENSIONS__queues__batchsize": "2",
        "AzureFunctionsJobHost:logging:applicationInsights:enabled": "False",
        "AzureFunctionsJobHost__new__deep__name": "x",
        "AzureFunctionsJobHost__new__version": "01",
        "AzureFunctionsJobHost__new__digit": "²",
        "Other__extensions__queues__batchSize": "9",
    }
    assert with_overrides(DOCUMENT, settings) == {
        "extensions": {"queues": {"batchSize": 2, "visibilityTimeout": "00:00:30"}},
        "logging": {"applicationInsights": {"enabled": False}},
        "new": {"deep": {"name": "x"}, "version": "01", "digit": "²"},
    }
