"""A client of yaml-language-server: what an editor asks it, and what it answers."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Timer
from typing import Any, Self

PATIENCE = 120.0
"""Seconds the server may live without a request: past that it hangs, and is ended."""

CURSOR = "|"
"""Stands in a text where the cursor is."""


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """A problem the server reports; `line` counts from one."""

    line: int
    message: str


class LanguageServer:
    """One server process, which reads schemas by the modelines of documents, or by `schemas`.

    `schemas` maps the address of a schema to patterns of file names below `root`.
    """

    def __init__(
        self, command: Sequence[str | Path], root: Path, schemas: Mapping[str, Sequence[str]]
    ) -> None:
        self._root = root.as_uri()
        self._settings = {"schemaStore": {"enable": False}, "schemas": schemas}
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self._requests = self._version = 0
        self._published: dict[str, list[Finding]] = {}

    def __enter__(self) -> Self:
        capabilities = {
            "workspace": {"configuration": True},
            "textDocument": {"hover": {"contentFormat": ["markdown"]}},
        }
        folders = [{"uri": self._root, "name": "project"}]
        self._request(
            "initialize",
            processId=None,
            rootUri=self._root,
            workspaceFolders=folders,
            capabilities=capabilities,
        )
        self._notify("initialized")
        return self

    def __exit__(self, *_: object) -> None:
        self._request("shutdown")
        self._notify("exit")
        self._process.communicate(timeout=PATIENCE)

    def findings(self, texts: Mapping[str, str]) -> dict[str, list[Finding]]:
        """Return what is wrong with each text, by its address.

        An address is used once: the server does not say which of its texts it speaks of.
        """
        assert not texts.keys() & self._published.keys(), "an address is used once"
        for uri, text in texts.items():
            self._open(uri, text)
        with self._patience():
            while not texts.keys() <= self._published.keys():
                self._take()
        for uri in texts:
            self._close(uri)
        return {uri: sorted(self._published[uri]) for uri in texts}

    def completions(self, uri: str, text: str) -> dict[str, str]:
        """Return what may stand at the cursor in `text`, each with its documentation."""
        answer = self._ask("textDocument/completion", uri, text)
        items = answer["items"] if isinstance(answer, dict) else answer
        return {item["label"]: _plain(item.get("documentation", "")) for item in items}

    def hover(self, uri: str, text: str) -> str:
        """Return what the server tells of the word at the cursor in `text`."""
        answer = self._ask("textDocument/hover", uri, text)
        return _plain(answer["contents"]) if answer else ""

    def _ask(self, method: str, uri: str, text: str) -> Any:
        before, _, after = text.partition(CURSOR)
        place = {"line": before.count("\n"), "character": len(before.rpartition("\n")[2])}
        self._open(uri, before + after)
        answer = self._request(method, textDocument={"uri": uri}, position=place)
        self._close(uri)
        return answer

    def _open(self, uri: str, text: str) -> None:
        self._version += 1  # the server keeps what it parsed by the version
        document = {"uri": uri, "languageId": "yaml", "version": self._version, "text": text}
        self._notify("textDocument/didOpen", textDocument=document)

    def _close(self, uri: str) -> None:
        self._notify("textDocument/didClose", textDocument={"uri": uri})

    # The protocol: JSON-RPC, each message with its length before it

    def _request(self, method: str, **params: object) -> Any:
        self._requests += 1
        self._send(id=self._requests, method=method, params=params)
        with self._patience():
            while (message := self._take()).get("id") != self._requests or "method" in message:
                pass
        if "error" in message:
            raise RuntimeError(f"{method}: {message['error']}")
        return message["result"]

    def _notify(self, method: str, **params: object) -> None:
        self._send(method=method, params=params)

    def _send(self, **message: object) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        assert self._process.stdin
        self._process.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        self._process.stdin.flush()

    def _take(self) -> dict[str, Any]:
        """Read one message; answer it if it is a question, keep it if it reports problems."""
        message = self._receive()
        match message:
            case {"method": "workspace/configuration", "id": number, "params": {"items": asked}}:
                self._send(id=number, result=list(self._configured(asked)))
            case {"method": _, "id": number}:
                self._send(id=number, result=None)
            case {"method": "textDocument/publishDiagnostics", "params": params}:
                self._published.setdefault(params["uri"], _findings(params["diagnostics"]))
        return message

    def _configured(self, asked: Iterable[Mapping[str, str]]) -> Iterable[object]:
        for item in asked:
            yield self._settings if item.get("section") == "yaml" else {}

    def _receive(self) -> dict[str, Any]:
        assert self._process.stdout
        length = 0
        while (header := self._process.stdout.readline().strip()) or not length:
            if not header:
                raise EOFError("the language server ended")
            name, _, value = header.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        message: dict[str, Any] = json.loads(self._process.stdout.read(length))
        return message

    def _patience(self) -> _Patience:
        return _Patience(self._process)


class _Patience:
    """Ends a process that does not answer, so that reading from it ends too."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._timer = Timer(PATIENCE, process.kill)

    def __enter__(self) -> None:
        self._timer.start()

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()


def _findings(diagnostics: Iterable[Mapping[str, Any]]) -> list[Finding]:
    return [Finding(d["range"]["start"]["line"] + 1, d["message"]) for d in diagnostics]


def _plain(content: str | Mapping[str, str]) -> str:
    return content if isinstance(content, str) else content["value"]
