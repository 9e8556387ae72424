"""Packs answers for callers who take that."""

from __future__ import annotations

import gzip

from flask import Flask, Response, request

# Less is hardly made smaller, and fits into one packet anyway.
_LEAST_BYTES = 1_000
# The fastest: three quarters of a batch's answer go already.
LEVEL = 1


def is_wanted() -> bool:
    """Whether the caller takes gzip."""
    return request.accept_encodings["gzip"] > 0


def mark(answer: Response) -> None:
    """Say that an answer is packed."""
    answer.headers["Content-Encoding"] = "gzip"
    answer.vary.add("Accept-Encoding")


def init_app(app: Flask) -> None:
    """Pack every answer that is large enough and not streamed."""

    @app.after_request
    def pack(answer: Response) -> Response:
        is_fit = not (answer.is_streamed or answer.content_encoding) and (answer.content_length or 0) >= _LEAST_BYTES
        if is_fit and is_wanted():
            answer.set_data(gzip.compress(answer.get_data(), LEVEL, mtime=0))
            mark(answer)
        return answer
