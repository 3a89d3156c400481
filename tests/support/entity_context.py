"""An entity's context without an engine: the state before and after one operation."""

import copy
import json
from collections.abc import Callable
from typing import Any

from durabletask.entities import EntityContext


class EntityOnPaper:
    """An entity function with its state, to which a test delivers messages by hand."""

    def __init__(self, function: Callable[[Any, Any], Any]) -> None:
        """Begin without state."""
        self.function = function
        self.state: Any = None
        self.started: list[str] = []

    def deliver(self, operation: str, request: object = None) -> Any:
        """Run one operation as the engine does: on JSON, and completely or not at all."""
        context = _Context(operation, self)
        answer = self.function(context, json.loads(json.dumps(request)))
        self.state = json.loads(json.dumps(context.state))
        self.started += context.started
        return answer


class _Context(EntityContext):
    def __init__(self, operation: str, entity: EntityOnPaper) -> None:
        self._operation_name = operation
        self.state = copy.deepcopy(entity.state)
        self.started: list[str] = []

    @property
    def operation(self) -> str:
        return self._operation_name

    def get_state(self, intended_type: Any = None, default: Any = None) -> Any:
        return self.state if self.state is not None else default

    def set_state(self, new_state: Any) -> None:
        self.state = new_state

    def schedule_new_orchestration(self, *_arguments: Any, instance_id: str | None = None, **_more: Any) -> str:
        assert instance_id is not None
        self.started.append(instance_id)
        return instance_id
