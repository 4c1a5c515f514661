"""Holds real replies against the server's own description of them, /openapi.json."""

import re

import httpx
import jsonschema
import referencing
from referencing.jsonschema import DRAFT202012

# What the server may say to any request, before it knows the route.
ANY_ROUTE = {400, 401, 403, 404, 405, 408, 411, 413, 414, 415, 431, 503}
METHODS = ("get", "put", "post", "delete", "options", "head", "patch")


def pointer(*keys):
    return "/".join(str(key).replace("~", "~0").replace("/", "~1") for key in keys)


def close(schema):
    """Makes a member that an object's schema does not name an error, where it does not say else."""
    if isinstance(schema, list):
        for item in schema:
            close(item)
    if not isinstance(schema, dict):
        return
    if isinstance(schema.get("properties"), dict) and "additionalProperties" not in schema:
        schema.setdefault("unevaluatedProperties", False)
    for key, value in schema.items():
        if key not in ("allOf", "example", "examples", "default", "const", "enum"):
            close(value)


class Contract:
    """The description of one server."""

    known = {}

    def __init__(self, document):
        close(document.get("paths"))
        close(document.get("components"))
        self.document = document
        resource = referencing.Resource(contents=document, specification=DRAFT202012)
        self.registry = referencing.Registry().with_resource("urn:api", resource)
        self.validators = {}
        prefix = (document.get("servers") or [{"url": ""}])[0]["url"].rstrip("/")
        # Literal segments before parameters: /flows/count is not /flows/{id}.
        self.routes = [(re.compile(re.sub(r"\\\{[^}]*\\\}", "[^/]+", re.escape(prefix + path))), path)
                       for path in sorted(document["paths"], key=lambda path: path.count("{"))]

    @classmethod
    def of(cls, url):
        if url not in cls.known:
            reply = httpx.get(url + "/openapi.json", trust_env=False).raise_for_status()
            cls.known[url] = cls(reply.json())
        return cls.known[url]

    def check(self, response):
        """For httpx's event hook "response": raises AssertionError if the reply is not described."""
        response.read()
        request = response.request
        where = f"{request.method} {request.url.path} -> {response.status_code}"
        operation = self._operation(request)
        if operation is None:
            assert response.status_code in ANY_ROUTE | {307}, f"{where}: the route is not described"
            self._check_refusal(where, response)
            return
        described = self._described(operation, response.status_code)
        if described is None:
            assert response.status_code in ANY_ROUTE, f"{where}: the status is not described"
            self._check_refusal(where, response)
            return
        self._check_content(where, *described, response)

    def _operation(self, request):
        for pattern, path in self.routes:
            if pattern.fullmatch(request.url.path):
                method = "get" if request.method == "HEAD" else request.method.lower()
                if method in METHODS and method in self.document["paths"][path]:
                    return path, method
        return None

    def _described(self, operation, status):
        path, method = operation
        replies = self.document["paths"][path][method]["responses"]
        for key in (str(status), f"{status // 100}XX", "default"):
            if key in replies:
                reference = replies[key].get("$ref")
                if reference:
                    name = reference.removeprefix("#/components/responses/")
                    place = pointer("components", "responses", name)
                    return self.document["components"]["responses"][name], place
                return replies[key], pointer("paths", path, method, "responses", key)
        return None

    def _check_refusal(self, where, response):
        """Of whatever route there is not: the same shape as where there is one."""
        if response.content:
            assert response.headers.get("content-type", "").startswith("application/json"), where
            self._check_body(where, "components/schemas/Detail", response.json())

    def _check_content(self, where, described, place, response):
        content = described.get("content", {})
        if response.request.method == "HEAD" or not response.content:
            assert (not content or response.request.method == "HEAD"
                    or "text/plain" in content), f"{where}: a body is missing"
            return
        sent = response.headers.get("content-type", "").split(";")[0]
        assert sent in content, f"{where}: a body of type {sent!r} is not described"
        if sent == "application/json" and "schema" in content[sent]:
            self._check_body(where, f"{place}/content/{pointer(sent)}/schema", response.json())

    def _check_body(self, where, place, body):
        if place not in self.validators:
            self.validators[place] = jsonschema.Draft202012Validator(
                {"$ref": f"urn:api#/{place}"}, registry=self.registry,
                format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER)
        problems = [f"{error.json_path}: {error.message[:400]}"
                    for error in self.validators[place].iter_errors(body)]
        assert not problems, f"{where}: the body is not as described: " + "; ".join(problems[:5])
