"""The description of the interface for programs, and the page that shows it; all of it from this node."""

from functools import cached_property
from http import HTTPStatus
from typing import Any, Final

from flask import Flask, jsonify
from flask_smorest import Api
from flask_smorest.utils import prepare_response
from werkzeug.wrappers import Response

from village_node.web.api.operations import BLUEPRINT, Described
from village_node.web.api.problems import MEDIA_TYPE
from village_node.web.api.shapes import ProblemShape
from village_node.web.policy import Policy, Route
from village_node.web.site import Visit

PUBLIC: Final = Policy(None, "public")
VERSION: Final = "1.0.0"
DESCRIPTION: Final = (
    "本机的页面能对办件做的事，程序都可以通过这个接口做，规则相同。凡是改动数据的请求，都要带自选的 `Idempotency-Key`："
    "没有收到答复时，原样再发一次。回答 2xx 的，都已写入磁盘。出错时回答 `application/problem+json`，其中的 `code` "
    "含义不变。句子同时给出中文（`zh`）和英文（`en`）；只有一种文字的，按 `Accept-Language`。\n\n"
    "All that the pages of a node can do with cases, for programs. Every request that changes something carries an "
    "`Idempotency-Key` of your choosing: after a lost reply send the very same again. A 2xx is only ever said of what "
    "is committed to the disk. Problems are `application/problem+json` with a `code` that never changes. Sentences "
    "come in Chinese (`zh`) and English (`en`); single words that are not in both follow `Accept-Language`."
)


class _Spec(Api):  # type: ignore[misc] # flask-smorest carries no types
    """flask-smorest as the writer of the description alone: its own pages and error handlers stay away."""

    ERROR_SCHEMA = ProblemShape

    def _register_error_handlers(self) -> None:
        """Ours answer, and keep the `Allow` of a 405."""

    def _register_responses(self) -> None:
        for status in HTTPStatus:
            if status >= HTTPStatus.BAD_REQUEST:
                response = {"description": status.phrase, "schema": self.ERROR_SCHEMA}
                prepare_response(response, self.spec, MEDIA_TYPE)
                self.spec.components.response(status.name, response, lazy=True)
        response = {"description": "A problem", "schema": self.ERROR_SCHEMA}
        prepare_response(response, self.spec, MEDIA_TYPE)
        self.spec.components.response("DEFAULT_ERROR", response, lazy=True)


class Description:
    """The description of one app's operations, written when it is first asked for."""

    def __init__(self, app: Flask, blueprint: Described) -> None:
        self._app = app
        self._blueprint = blueprint

    @cached_property
    def told(self) -> dict[str, Any]:
        """The OpenAPI document."""
        self._app.config.update(API_TITLE="三级程序接口 · Sanji", API_VERSION=VERSION, OPENAPI_VERSION="3.1.0")
        known = {"info": {"description": DESCRIPTION}, "servers": [{"url": "/"}]}
        api = _Spec(self._app, spec_kwargs=known)
        api.spec.components.security_scheme("token", {"type": "http", "scheme": "bearer"})
        self._blueprint.register_views_in_doc(api, self._app, api.spec, name=BLUEPRINT, parameters=None)
        told: dict[str, Any] = api.spec.to_dict()
        return told


def routes(description: Description) -> tuple[Route, ...]:
    """The two addresses of the documentation."""

    def openapi(visit: Visit) -> Response:
        """The OpenAPI document of this node."""
        return jsonify(description.told)

    def docs(visit: Visit) -> Response:
        """The page that shows it."""
        return visit.render("api_docs.html")

    return (
        Route("/api/v1/openapi.json", "api_openapi", openapi, PUBLIC),
        Route("/api/v1/docs", "api_docs", docs, PUBLIC),
    )
