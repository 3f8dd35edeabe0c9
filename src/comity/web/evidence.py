"""Evidence over HTTP: bring exhibits in, read them, take the evidence package of a docket.

Reading evidence is a record: nobody gets an exhibit, alone or in a package, without having filed ``request.read`` for
it with their own hand. Bytes stream; nothing is held in memory whole.

Left to others: sealing at rest (`comity.node.keeping.vault`), the package's form (`comity.package.bag`).
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any, BinaryIO

from starlette.concurrency import run_in_threadpool
from starlette.responses import Response, StreamingResponse

from comity.docket.docket import Docket
from comity.docket.sections import Exhibit
from comity.errors import Malformed, NotAuthorised, NotFound
from comity.node.keeping.vault import StoredBlob
from comity.proceedings.bodies import Production, Reading
from comity.web.access import Call, Door, Guard
from comity.web.api import answer, asked_docket
from comity.web.packaging import package_file

READING_HOURS = 24  # how long one record of reading lets its official fetch the exhibit
_CHUNK = 1024 * 1024
_UPLOADS = asyncio.Semaphore(4)  # each holds a thread of its own


async def upload(call: Call) -> Response:
    """Take an exhibit's bytes into the vault: 201 with its identifier (the digest of its bytes) and size."""
    limit = call.node.settings.max_exhibit_bytes
    if (call.request.headers.get("content-length") or "0").isdecimal() and int(
        call.request.headers.get("content-length") or 0
    ) > limit:
        raise Malformed(f"The exhibit is larger than {limit} bytes.", "Raise max_exhibit_bytes, or split it.")
    name, media_type = _named(call)
    blob = await _take_in(call, limit)
    row = {
        "id": blob.id, "size": blob.size, "name": name, "media_type": media_type, "blob": blob.blob, "key": blob.key,
        "present": 1, "stored": call.clock().strftime("%Y-%m-%dT%H:%M:%SZ"),
    }  # fmt: skip
    await run_in_threadpool(lambda: call.node.store.add_exhibit(row))
    return answer({"id": blob.id, "size": blob.size, "digest": blob.id}, 201)


def _named(call: Call) -> tuple[str, str]:
    name = call.request.query_params.get("name", "exhibit")
    media_type = call.request.headers.get("content-type", "application/octet-stream").partition(";")[0].strip()
    if not name or len(name) > 255 or any(c in name for c in "/\\\0\r\n"):
        raise Malformed("The exhibit's name is not a file name.", "Give a plain name of at most 255 characters.")
    return name, media_type[:120]


async def fetch(call: Call) -> Response:
    """Give an exhibit to an official who filed that they read it."""
    identifier, docket_id = call.request.path_params["exhibit"], call.request.query_params.get("docket", "")
    exhibit, row = await run_in_threadpool(lambda: _readable(call, docket_id, identifier))
    vault = call.node.vault
    blob, key = row["blob"], row["key"]
    chunks = _piped(lambda sink: vault.read(exhibit.digest, blob, key, sink))
    headers = {"Content-Length": str(exhibit.size), "Cache-Control": "no-store", "Content-Disposition": "attachment"}
    return StreamingResponse(chunks, media_type="application/octet-stream", headers=headers)


def _readable(call: Call, docket_id: str, identifier: str) -> tuple[Exhibit, dict[str, Any]]:
    docket, contents = asked_docket(call, docket_id)
    exhibit = next((x for x in exhibits_of(docket) if identifier in (x.id, x.digest)), None)
    if not contents or exhibit is None:
        raise NotFound("There is no such exhibit in this docket.", "Those there are: comity show DOCKET --json.")
    check_reading(call, docket, exhibit)
    row = call.node.store.exhibit_in(docket.id, exhibit.digest)
    if row is None or not row["present"]:
        raise NotFound("The exhibit is not in the vault.", "It was erased, or is still on its way.")
    return exhibit, dict(row)


def exhibits_of(docket: Docket) -> list[Exhibit]:
    """The exhibits produced with effect."""
    return [x for e in docket.entries if e.effect and isinstance(e.body, Production) for x in e.body.exhibits]


def check_reading(call: Call, docket: Docket, exhibit: Exhibit) -> None:
    """NotAuthorised, naming the step to file, unless the official filed in the last 24 hours that they read it."""
    named = (exhibit.id, exhibit.digest)
    since = (call.clock() - timedelta(hours=READING_HOURS)).strftime("%Y-%m-%dT%H:%M:%SZ")
    for entry in docket.all("request.read"):
        if not isinstance(entry.body, Reading) or entry.body.exhibit not in named or entry.record.at < since:
            continue
        hand = call.node.sealed(entry.id).hand
        if hand is not None and hand.kid == call.official.kid:
            return
    raise NotAuthorised(
        f"Reading evidence is a record, and none of yours names {exhibit.name}.",
        f"File request.read for {exhibit.id} first, with its purpose: comity file request.read.",
    )


async def package(call: Call) -> Response:
    """Give the docket's evidence package: a zip that anyone can check offline."""

    def make() -> BinaryIO:
        docket, contents = asked_docket(call, call.request.path_params["docket"])
        if not contents:
            raise NotAuthorised("Oversight follows acts without contents.", "Ask an official who takes part.")
        for exhibit in exhibits_of(docket):
            check_reading(call, docket, exhibit)
        return package_file(call.node, docket, call.clock())

    file = await run_in_threadpool(make)

    def chunks() -> Iterator[bytes]:
        with file:
            while chunk := file.read(_CHUNK):
                yield chunk

    return StreamingResponse(chunks(), media_type="application/zip", headers={"Cache-Control": "no-store"})


async def _take_in(call: Call, limit: int) -> StoredBlob:
    """Carry the body through a pipe to the vault's thread. A body that breaks off leaves nothing behind."""
    reading, writing = os.pipe()

    def take() -> StoredBlob:
        with os.fdopen(reading, "rb") as source:
            return call.node.vault.take_in(source, limit)

    async with _UPLOADS:
        taking = asyncio.create_task(asyncio.to_thread(take))
        try:
            with os.fdopen(writing, "wb") as sink:
                async for chunk in call.request.stream():
                    await run_in_threadpool(sink.write, chunk)
        except BrokenPipeError:
            pass  # the vault stopped reading; it says why below
        except BaseException:
            call.node.vault.erase_blob((await taking).blob)
            raise
        return await taking


def _piped(write: Callable[[BinaryIO], None]) -> Iterator[bytes]:
    """What ``write`` writes, as an iterator, without holding it all. An error in it breaks the answer off."""
    reading, writing = os.pipe()
    failed: list[BaseException] = []

    def run() -> None:
        try:
            with os.fdopen(writing, "wb") as sink:
                write(sink)
        except BaseException as exc:
            failed.append(exc)

    thread = threading.Thread(target=run, name="exhibit", daemon=True)
    thread.start()
    with os.fdopen(reading, "rb") as source:
        while chunk := source.read(_CHUNK):
            yield chunk
    thread.join()
    if failed:
        raise failed[0]


DOORS = (
    Door("POST", "/api/exhibits", Guard.OFFICIAL, upload),
    Door("GET", "/api/exhibits/{exhibit}", Guard.OFFICIAL, fetch),
    Door("GET", "/api/dockets/{docket}/package", Guard.OFFICIAL, package),
)
