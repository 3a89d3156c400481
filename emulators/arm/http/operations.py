"""Where a client polls a long-running operation: signed URLs that it must send unchanged."""

from emulators.arm.errors import ArmError, authorization_failed, entity_not_found, invalid_parameter
from emulators.arm.http.api import Answer, Call, Route
from emulators.arm.http.identity import CLIENT_ID, OBJECT_ID
from emulators.arm.http.signing import UrlSigner
from emulators.arm.state.durations import RETRY_AFTER
from emulators.arm.state.operations import FAMILY_PATHS, Family, Operation


def polling_url(signer: UrlSigner, endpoint: str, operation: Operation, api_version: str, monitor: bool) -> str:
    """The signed URL to poll it: status (Azure-AsyncOperation), or result (Location)."""
    query = signer.operation_query(operation.id, api_version, monitor, operation.started)
    provider, folder = FAMILY_PATHS[operation.family]
    place = f"/subscriptions/{operation.subscription_id}/providers/{provider}/locations"
    return f"{endpoint}{place}/{operation.location}/{folder}/{operation.id}?{query}"


def operation_of(call: Call) -> Operation:
    """The operation in the path, after a check of the URL's signature."""
    signer, query = call.world.signer, call.query
    if not signer.is_signed(query):
        # Without a signature the URL is an ordinary resource, and the caller needs the permission to read it.
        provider, _, folder = call.path.partition("/providers/")[2].partition("/locations/")
        action = f"{provider}/locations/{folder.split('/')[1]}/read"
        if not call.world.role.allows(action, f"/subscriptions/{call.subscription}"):
            raise authorization_failed(CLIENT_ID, OBJECT_ID, action, call.path)
    elif not signer.is_genuine(query) or query.get("p", "").lower() != call.names["operation"].lower():
        message = "The signature of the operation URL is not valid. Use the URL exactly as it was returned."
        raise invalid_parameter("h", message)
    operation = call.world.platform.operations.find(call.names["operation"])
    if operation is None or f"/{FAMILY_PATHS[operation.family][1]}/".lower() not in call.path.lower():
        raise entity_not_found()
    return operation


async def get(call: Call) -> Answer:
    """The status document, or with `monitor=true` the result."""
    operation = operation_of(call)
    running = operation.status == "InProgress"
    headers = call.world.clock.retry_headers(RETRY_AFTER) if running else {}
    if not call.flag("monitor"):
        return Answer(200, operation.body(), headers)
    if running:
        return Answer(202, None, {**headers, "Location": f"{call.endpoint}{call.raw_path}"})
    if operation.error is not None:
        raise ArmError(409, operation.error["code"], operation.error["message"])
    return Answer(200, operation.output)


def _route(family: Family) -> Route:
    provider, folder = FAMILY_PATHS[family]
    path = f"/subscriptions/{{subscription}}/providers/{provider}/locations/{{location}}/{folder}/{{operation}}"
    # Only the compute provider's own operations count for its throttling limits.
    policy = "GetOperation" if family == "compute" else ""
    return Route("GET", path, "operations.get", "", get, policy, ("p", "monitor", "t", "c", "s", "h"))


ROUTES = (_route("compute"), _route("disks"), _route("gallery"), _route("network"))
