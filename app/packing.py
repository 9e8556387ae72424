"""Packs answers for callers who take that."""

from __future__ import annotations

import gzip

from flask import Flask, Response, request

# Less is hardly made smaller, and fits into one packet anyway.
_LEAST_BYTES = 1_000
# The fastest: three quarters of a batch's answer go already.
LEVEL = 1


def choose(answer: Response) -> bool:
    """Say of an answer that can be packed how it goes out, and whether the caller takes it packed."""
    answer.vary.add("Accept-Encoding")
    is_wanted = request.accept_encodings["gzip"] > 0
    if is_wanted:
        answer.headers["Content-Encoding"] = "gzip"
    return is_wanted


def init_app(app: Flask) -> None:
    """Pack every answer that is large enough and not streamed."""

    @app.after_request
    def pack(answer: Response) -> Response:
        is_fit = not (answer.is_streamed or answer.content_encoding) and (answer.content_length or 0) >= _LEAST_BYTES
        if is_fit and choose(answer):
            answer.set_data(gzip.compress(answer.get_data(), LEVEL, mtime=0))
        return answer
