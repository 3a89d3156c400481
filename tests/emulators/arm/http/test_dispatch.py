"""Case-insensitive paths, any api-version, and refusals with ARM's errors."""

from emulators.arm import Simulator
from tests.emulators.arm.fleet import GROUP, SUBSCRIPTION, Raw, vm_path

REFUSED = [
    ("GET", f"{vm_path('linux1')}?$expand=instanceView", 400, "MissingApiVersionParameter"),
    ("GET", f"{vm_path('linux1')}?api-version=1&$expand=everything", 400, "InvalidParameter"),
    ("GET", f"{vm_path('linux1')}?api-version=1&extra=1", 400, "InvalidParameter"),
    ("POST", f"{vm_path('linux1', '/deallocate')}?api-version=1&hibernate=perhaps", 400, "InvalidParameter"),
    ("POST", vm_path("linux1", "/explode"), 404, "InvalidResourceType"),
    ("GET", vm_path("linux1", "/patchTasks"), 404, "InvalidResourceType"),
    ("GET", f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Storage/storageAccounts", 404, "InvalidResourceType"),
    ("POST", vm_path("linux1"), 405, "HttpMethodNotSupported"),
    ("GET", vm_path("linux1", "/deallocate"), 405, "HttpMethodNotSupported"),
    ("GET", "/somewhere/else", 400, "InvalidRequestUri"),
    ("GET", f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{GROUP}/nothing", 400, "InvalidRequestUri"),
    ("GET", "/nonsense/providers/Microsoft.Authorization/locks", 400, "InvalidRequestUri"),
]


async def test_what_does_not_exist_is_refused_with_arms_error(raw: Raw):
    for method, path, status, code in REFUSED:
        answer = await raw(method, path)
        assert answer.refusal == (status, code), path
        assert answer.body["error"]["message"]


async def test_an_action_takes_no_body(simulator: Simulator, raw: Raw):
    assert (await raw("POST", vm_path("linux1", "/deallocate"), {"force": True})).status == 400
    assert simulator.vm("linux1").power == "running"
    assert (await raw("POST", vm_path("linux1", "/deallocate"), {})).status == 202


async def test_an_unknown_path_without_a_token_is_401(raw: Raw):
    assert (await raw("GET", "/somewhere/else", bearer="")).status == 401


async def test_the_log_reports_who_asked_what_and_no_secret(simulator: Simulator, raw: Raw, token: str):
    headers = {"x-ms-client-request-id": "client-1", "x-ms-return-client-request-id": "true"}
    answer = await raw("POST", vm_path("linux1", "/deallocate"), headers=headers)
    assert answer.headers["x-ms-client-request-id"] == "client-1"
    await raw("GET", answer.headers["Azure-AsyncOperation"])
    first, second = (await raw("GET", "/_simulator/requests")).body["requests"]
    assert (first["method"], first["operation"], first["status"]) == ("POST", "virtualMachines.deallocate", 202)
    assert first["client_request_id"] == "client-1"
    assert first["correlation_id"] == answer.headers["x-ms-correlation-request-id"]
    assert second["path"].endswith(answer.headers["x-ms-request-id"])
    log = (await raw("GET", "/_simulator/requests")).text
    assert token not in log
    assert "&h=" not in log
