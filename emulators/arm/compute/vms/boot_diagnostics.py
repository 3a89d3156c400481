"""The boot diagnostics blobs, at SAS URLs that need no token."""

from aiohttp import web

from emulators.arm.compute.vms.vm import Vm
from emulators.arm.state.world import World

# One pixel: enough for a client that only checks that a screenshot exists.
_PIXEL = b"BM" + bytes.fromhex("3a0000000000000036000000280000000100000001000000010018000000000004000000") + bytes(20)
# Boot diagnostics writes full pages of a page blob that is larger than the log: the rest is NUL bytes.
_PAGE = 512
_UNUSED = 64 * 1024


class Blobs:
    """Serves the serial console log and a screenshot."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def handle(self, request: web.Request) -> web.Response:
        """GET of a blob; 403 unless the signature is valid and has not expired."""
        query = dict(request.query.items())
        if not self._world.signer.blob_is_genuine(request.path, query, self._world.clock.now()):
            message = "Server failed to authenticate the request. Make sure the signature is correct and current."
            return _refusal(403, "AuthenticationFailed", message)
        name = request.path.rsplit("/", 1)[-1]
        vm = next((found for found in self._world.vms.values() if found.vm_id in name), None)
        if vm is None:
            return _refusal(404, "BlobNotFound", "The specified blob does not exist.")
        return _blob(vm, name)


def _blob(vm: Vm, name: str) -> web.Response:
    headers = {"x-ms-blob-type": "PageBlob", "x-ms-version": "2018-03-28"}
    if name.endswith("screenshot.bmp"):
        return web.Response(body=_PIXEL, headers=headers, content_type="application/octet-stream")
    return web.Response(body=_paged(vm.published_serial_log()), headers=headers, content_type="text/plain")


def _paged(text: str) -> bytes:
    written = text.encode()
    return written + bytes(-len(written) % _PAGE + _UNUSED)


def _refusal(status: int, code: str, message: str) -> web.Response:
    xml = f'<?xml version="1.0" encoding="utf-8"?><Error><Code>{code}</Code><Message>{message}</Message></Error>'
    headers = {"x-ms-error-code": code}
    return web.Response(status=status, text=xml, headers=headers, content_type="application/xml")
