# Copyright 2026 The CycleGAN Authors.
#
# Licensed under the Apache License, Version 2.0 (the "License");
# you may not use this file except in compliance with the License.
# You may obtain a copy of the License at
#
#     http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
# See the License for the specific language governing permissions and
# limitations under the License.
"""The studio's server: answers the page, receives files, starts commands.

It keeps nothing that matters in memory, and no route makes a path of what a
request says: names are looked up in the studio's folder (`workspace`).
"""

from __future__ import annotations

import asyncio
import json
import os
import pathlib
from collections.abc import AsyncIterator, Callable
from typing import Any

import anyio.to_thread
import starlette.applications
import starlette.exceptions
import starlette.requests
import starlette.responses
import starlette.routing
from absl import logging

from official.cyclegan.core import config as config_lib
from official.cyclegan.core import errors
from official.cyclegan.core import files
from official.cyclegan.data import image_files
from official.cyclegan.reporting import pictures
from official.cyclegan.serving import page_server
from official.cyclegan.studio_app import actions
from official.cyclegan.studio_app import guard
from official.cyclegan.studio_app import jobs
from official.cyclegan.studio_app import names
from official.cyclegan.studio_app import refusals
from official.cyclegan.studio_app import uploads
from official.cyclegan.studio_app import views
from official.cyclegan.studio_app import workspace

_FOLDER = pathlib.Path(__file__).absolute().parent
_SHARED = {"palette.css": _FOLDER.parent / "web"}  # with the exported page
_ASSETS = {
  ".css": "text/css",
  ".js": "text/javascript",
  ".json": "application/json",
  ".svg": "image/svg+xml",
}
_TYPES = {
  **_ASSETS,
  ".avif": "image/avif",
  ".bmp": "image/bmp",
  ".gif": "image/gif",
  ".html": "text/html; charset=utf-8",
  ".jpg": "image/jpeg",
  ".md": "text/plain; charset=utf-8",
  ".mp4": "video/mp4",
  ".png": "image/png",
  ".wasm": "application/wasm",
  ".webm": "video/webm",
  ".webp": "image/webp",
}
_JSON_BYTES = 64_000  # of a request that is not a file
_IGNORED_BYTES = 50_000_000  # of a file that is refused
_MOST_PICTURES = 20_000  # of a domain
_PIECE = 1 << 18  # bytes of a file that is sent at a time
_LOOK_SECONDS = 1.0  # between two looks at a folder that is watched
_QUIET_SECONDS = 15.0  # after which a stream says that it is still there
_SILENCE_SECONDS = 30.0  # that an upload may be silent
_THUMBNAIL = 160  # pixels

Request = starlette.requests.Request
Response = starlette.responses.Response


class Studio:
  """The handlers of the studio's routes."""

  def __init__(
    self, space: workspace.Workspace, largest_picture: int, largest_video: int
  ):
    """Sets what is worked on.

    Args:
      space: The studio's folder.
      largest_picture: Bytes of a picture's file at most.
      largest_video: Bytes of a video's file at most.
    """
    self._space = space
    self._picture_bytes, self._video_bytes = largest_picture, largest_video
    self._coming = 0  # pictures to try that are being sent
    self.closing = False
    for project in space.projects():
      for domain in workspace.DOMAINS:
        uploads.remove_remains(project.path / domain)

  def routes(self) -> list[starlette.routing.Route]:
    """Returns what is answered."""
    project, run = (
      "/api/projects/{project}",
      "/api/projects/{project}/runs/{run}",
    )
    table: list[tuple[str, str, Callable[..., Any]]] = [
      ("GET", "/", self._page),
      ("GET", "/static/{name}", self._asset),
      ("GET", "/api/projects", self._projects),
      ("POST", "/api/projects", self._create),
      ("GET", "/api/folders", self._folders),
      ("GET", project, self._project),
      ("GET", f"{project}/events", self._project_events),
      ("PUT", f"{project}/pictures/{{domain}}/{{name}}", self._put_picture),
      ("DELETE", f"{project}/pictures/{{domain}}/{{name}}", self._remove),
      ("DELETE", f"{project}/pictures/{{domain}}", self._empty),
      (
        "GET",
        f"{project}/thumbnails/{{domain}}/{{name:path}}",
        self._thumbnail,
      ),
      ("POST", f"{project}/audit", self._audit),
      ("POST", f"{project}/probe", self._probe),
      ("POST", f"{project}/runs", self._train),
      ("POST", f"{project}/searches", self._search),
      ("POST", f"{project}/searches/{{search}}/{{what}}", self._steer_search),
      ("GET", run, self._run),
      ("GET", f"{run}/events", self._run_events),
      ("POST", f"{run}/{{what}}", self._steer),
      ("PUT", f"{run}/tries/{{direction}}/{{name}}", self._put_try),
      ("GET", "/files/{project}/data/{data}/contact_sheet.png", self._sheet),
      ("GET", "/files/{project}/runs/{run}/{name}", self._run_file),
      ("GET", "/files/{project}/runs/{run}/samples/{step}.png", self._sample),
      ("GET", "/files/{project}/runs/{run}/export/{name}", self._exported),
      ("GET", "/files/{project}/searches/{search}/report.html", self._report),
      ("GET", "/files/{project}/tries/{try_}/{name}", self._try_file),
      ("GET", "/app/{project}/{run}/{name:path}", self._app_file),
    ]
    return [
      starlette.routing.Route(path, _answering(handler), methods=[method])
      for method, path, handler in table
    ]

  # What is shown.

  async def _page(self, request: Request) -> Response:
    return _send(_FOLDER, "index.html", "text/html; charset=utf-8")

  async def _asset(self, request: Request) -> Response:
    name = request.path_params["name"]
    kind = _ASSETS.get(os.path.splitext(name)[1])
    if kind is None:
      raise refusals.not_there(name)
    return _send(_SHARED.get(name, _FOLDER), names.checked(name), kind)

  async def _projects(self, request: Request) -> Response:
    return await _json(views.project_list, self._space)

  async def _folders(self, request: Request) -> Response:
    below = request.query_params.get("below", "")
    return await _json(self._space.folders, below)

  async def _project(self, request: Request) -> Response:
    return await _json(views.project, self._of(request))

  async def _run(self, request: Request) -> Response:
    return await _json(views.run, self._of(request), request.path_params["run"])

  async def _project_events(self, request: Request) -> Response:
    found = self._of(request)
    return self._events(lambda: views.project(found))

  async def _run_events(self, request: Request) -> Response:
    found, name = self._of(request), request.path_params["run"]
    found.thing(workspace.RUNS, name)
    return self._events(lambda: views.run(found, name))

  def _events(self, look: Callable[[], dict[str, Any]]) -> Response:
    """Sends what a look finds, whenever it has changed."""

    async def stream() -> AsyncIterator[str]:
      sent, quiet = "", 0.0
      while not self.closing:
        try:
          text = json.dumps(await anyio.to_thread.run_sync(look))
        except refusals.Refused:
          return
        if text != sent:
          sent, quiet = text, 0.0
          yield f"data: {text}\n\n"
        elif quiet >= _QUIET_SECONDS:
          quiet = 0.0
          yield ": still here\n\n"
        await asyncio.sleep(_LOOK_SECONDS)
        quiet += _LOOK_SECONDS

    return starlette.responses.StreamingResponse(
      stream(), media_type="text/event-stream"
    )

  # What is done.

  async def _create(self, request: Request) -> Response:
    given = await _given(request)
    chosen = given.get("folders")
    pair = None
    if chosen is not None:
      if (
        not isinstance(chosen, list)
        or len(chosen) != 2
        or not all(isinstance(folder, str) for folder in chosen)
      ):
        raise _wrong_type("folders", "two texts")
      pair = (chosen[0], chosen[1])
    project = self._space.create(_text(given, "title"), pair)
    return _answer({"name": project.name})

  async def _put_picture(self, request: Request) -> Response:
    folder = self._pile(request)
    if len(os.listdir(folder)) >= _MOST_PICTURES:
      raise refusals.Refused(
        409, "too_many", f"No more than {_MOST_PICTURES}.", most=_MOST_PICTURES
      )
    largest = self._picture_bytes
    # The guard has seen that it is a number, and let larger videos through.
    if int(request.headers.get("content-length", 0)) > largest:
      raise uploads.too_large(largest)
    partial = await uploads.receive(_pieces(request), folder, largest)
    name, is_new = await anyio.to_thread.run_sync(
      uploads.keep_picture, partial, request.path_params["name"], folder
    )
    return _answer({"name": name, "new": is_new})

  async def _remove(self, request: Request) -> Response:
    path = self._pile(request) / names.checked(request.path_params["name"])
    if not workspace.is_file(path):
      raise refusals.not_there(path.name)
    path.unlink()
    return _answer({})

  async def _empty(self, request: Request) -> Response:
    pile, domain = self._pile(request), request.path_params["domain"]
    for name in self._of(request).pictures(domain):
      if names.checked(name) and workspace.is_file(pile / name):
        (pile / name).unlink()
    return _answer({})

  def _pile(self, request: Request) -> pathlib.Path:
    """Returns the folder of dropped pictures that a request names."""
    project, domain = self._of(request), request.path_params["domain"]
    if domain not in workspace.DOMAINS:
      raise refusals.not_there(domain)
    if project.record.get("folders"):
      raise refusals.Refused(
        409,
        "chosen",
        "The pictures lie in a folder of yours: put others there.",
      )
    return project.folder(domain)

  async def _thumbnail(self, request: Request) -> Response:
    project, domain = self._of(request), request.path_params["domain"]
    name = request.path_params["name"]
    if domain not in workspace.DOMAINS or name not in project.pictures(domain):
      raise refusals.not_there(name)
    path = project.source(domain) / name

    def make() -> bytes:
      image = image_files.read(str(path), shrink_to=_THUMBNAIL)
      return pictures.small(image, _THUMBNAIL)

    content = await anyio.to_thread.run_sync(make)
    return Response(content, media_type="image/webp")

  async def _audit(self, request: Request) -> Response:
    await _given(request)
    return await _started(actions.audit, self._space, self._of(request))

  async def _probe(self, request: Request) -> Response:
    await _given(request)
    return await _started(actions.probe, self._space, self._of(request))

  async def _train(self, request: Request) -> Response:
    given = await _given(request)
    return await _started(
      actions.train,
      self._space,
      self._of(request),
      _text(given, "title"),
      *_choices(given),
      _text(given, "search"),
    )

  async def _search(self, request: Request) -> Response:
    given = await _given(request)
    return await _started(
      actions.search, self._space, self._of(request), *_choices(given)
    )

  async def _steer(self, request: Request) -> Response:
    await _given(request)
    project, name = self._of(request), request.path_params["run"]
    folder = project.thing(workspace.RUNS, name)
    what = request.path_params["what"]
    if what == "export":
      return await _started(actions.export, self._space, project, folder)
    return await self._pause_or_go_on(project, folder, what)

  async def _steer_search(self, request: Request) -> Response:
    await _given(request)
    project, name = self._of(request), request.path_params["search"]
    folder = project.thing(workspace.SEARCHES, name)
    what = request.path_params["what"]
    return await self._pause_or_go_on(project, folder, what)

  async def _pause_or_go_on(
    self, project: workspace.Project, folder: pathlib.Path, what: str
  ) -> Response:
    if what == "continue":
      return await _started(actions.go_on, self._space, project, folder)
    if what != "pause":
      raise refusals.not_there(what)
    below = folder.relative_to(project.path).as_posix()
    for job in jobs.of(project):
      if job.output == below and job.kind in jobs.LONG:
        job.stop()
    return _answer({})

  async def _put_try(self, request: Request) -> Response:
    project = self._of(request)
    run = project.thing(workspace.RUNS, request.path_params["run"])
    direction = request.path_params["direction"]
    if direction not in config_lib.DIRECTIONS:
      raise refusals.not_there(direction)
    coming, self._coming = self._coming, self._coming + 1
    try:
      try:
        await anyio.to_thread.run_sync(
          jobs.require_free, self._space, "translate", coming
        )
      except refusals.Refused:
        await _ignore(request)
        raise
      given, is_video = await self._tried(request, project)
      try:
        return await _started(
          actions.translate,
          self._space,
          project,
          run,
          direction,
          given,
          is_video,
        )
      except BaseException:
        files.discard(str(given.parent))
        raise
    finally:
      self._coming -= 1

  async def _tried(
    self, request: Request, project: workspace.Project
  ) -> tuple[pathlib.Path, bool]:
    """Takes what is to be tried into a folder of its own.

    Returns:
      The file, and whether it is a video.
    """
    folder = project.folder(workspace.TRIES)
    partial = await uploads.receive(_pieces(request), folder, self._video_bytes)
    place = project.new(workspace.TRIES)
    try:
      files.make_folder(str(place), "root")
      name, is_video = await anyio.to_thread.run_sync(
        uploads.keep_picture_or_video,
        partial,
        f"given {request.path_params['name']}",
        place,
      )
    except BaseException:
      uploads.discard(partial)
      place.rmdir()
      raise
    return place / name, is_video

  # Files.

  async def _sheet(self, request: Request) -> Response:
    project = self._of(request)
    data = project.thing(workspace.DATA, request.path_params["data"])
    return _send(project.path, data / "contact_sheet.png")

  async def _run_file(self, request: Request) -> Response:
    project, folder = self._run_folder(request)
    name = request.path_params["name"]
    if name not in ("report.html", "results.png", "results.csv"):
      raise refusals.not_there(name)
    return _send(project.path, folder / name)

  async def _sample(self, request: Request) -> Response:
    project, folder = self._run_folder(request)
    step = request.path_params["step"]
    if not step.isascii() or not step.isdigit() or len(step) > 12:
      raise refusals.not_there(step)
    name = f"step_{int(step):07d}.png"
    return _send(project.path, folder / "samples" / name)

  async def _exported(self, request: Request) -> Response:
    project, folder = self._run_folder(request)
    name = request.path_params["name"]
    if not views.downloadable(name):
      raise refusals.not_there(name)
    return _send(project.path, folder / actions.EXPORT_NAME / name)

  async def _report(self, request: Request) -> Response:
    project = self._of(request)
    search = request.path_params["search"]
    folder = project.thing(workspace.SEARCHES, search)
    return _send(project.path, folder / "report.html")

  async def _try_file(self, request: Request) -> Response:
    project = self._of(request)
    folder = project.thing(workspace.TRIES, request.path_params["try_"])
    name = names.checked(request.path_params["name"])
    if os.path.splitext(name)[1] not in _TYPES:
      raise refusals.not_there(name)
    return _send(project.path, folder / name)

  async def _app_file(self, request: Request) -> Response:
    project, folder = self._run_folder(request)
    name = request.path_params["name"] or "index.html"
    kind = _TYPES.get(os.path.splitext(name)[1], "application/octet-stream")
    parts = name.split("/")
    if any(part.startswith(".") for part in parts) or len(parts) > 4:
      raise refusals.not_there(name)
    web = folder / actions.EXPORT_NAME / "web"
    return _send(project.path, web / name, kind)

  def _run_folder(
    self, request: Request
  ) -> tuple[workspace.Project, pathlib.Path]:
    project = self._of(request)
    return project, project.thing(workspace.RUNS, request.path_params["run"])

  def _of(self, request: Request) -> workspace.Project:
    return self._space.project(request.path_params["project"])


def application(
  root: str, largest_picture: int, largest_video: int
) -> tuple[guard.Guard, Studio]:
  """Returns the studio as an ASGI application, and what to tell of its end.

  Args:
    root: The studio's folder.
    largest_picture: Bytes of a picture's file at most.
    largest_video: Bytes of a video's file at most.

  Raises:
    errors.UserError: If the folder cannot be made; carries `root`.
  """
  studio = Studio(workspace.Workspace(root), largest_picture, largest_video)
  app = starlette.applications.Starlette(
    routes=studio.routes(),
    exception_handlers={
      refusals.Refused: _refused,
      errors.UserError: _mistaken,
      starlette.exceptions.HTTPException: _no_route,
      Exception: _unexpected,
    },
  )
  app.router.redirect_slashes = False
  return guard.Guard(app, max(largest_picture, largest_video)), studio


def _answering(handler: Callable[..., Any]) -> Callable[..., Any]:
  """Returns a plain function: Starlette takes methods for classes."""

  async def answer(request: Request) -> Response:
    return await handler(request)

  return answer


async def _given(request: Request) -> dict[str, Any]:
  """Returns what a request that is not a file says."""
  kind = request.headers.get("content-type", "").partition(";")[0].strip()
  if kind != "application/json":  # as no form of another page can have it
    raise refusals.Refused(415, "value", "Only JSON is understood.")
  body = b""
  async for piece in _pieces(request):
    body += piece
    if len(body) > _JSON_BYTES:
      raise refusals.Refused(413, "value", "That is too long.")
  try:
    values = json.loads(body or b"{}")
  except (ValueError, RecursionError) as error:
    raise _wrong_value() from error
  if not isinstance(values, dict):
    raise _wrong_value()
  return values


def _wrong_value() -> refusals.Refused:
  return refusals.Refused(400, "value", "There is no such choice.")


def _wrong_type(name: str, wanted: str) -> refusals.Refused:
  return refusals.Refused(400, "type", f"{name}: {wanted} expected.", name=name)


def _text(given: dict[str, Any], name: str) -> str:
  """Returns a text that a request gives; empty if it does not."""
  value = given.get(name, "")
  # One half of a letter is none: nothing can write it.
  if not isinstance(value, str) or any(
    "\ud800" <= c <= "\udfff" for c in value
  ):
    raise _wrong_type(name, "text")
  return value


def _choices(given: dict[str, Any]) -> tuple[str, int, float]:
  """Returns what is to be trained, of which size, and for how long."""
  size, minutes = given.get("size"), given.get("minutes")
  if isinstance(size, bool) or not isinstance(size, int):
    raise _wrong_type("size", "a whole number")
  if isinstance(minutes, bool) or not isinstance(minutes, (int, float)):
    raise _wrong_type("minutes", "a number")
  try:
    return _text(given, "kind"), size, float(minutes)
  except OverflowError as error:
    raise _wrong_type("minutes", "a smaller number") from error


async def _pieces(request: Request) -> AsyncIterator[bytes]:
  """Yields a request's body, unless it breaks off or is silent for long."""
  pieces = request.stream().__aiter__()
  while True:
    try:
      piece = await asyncio.wait_for(pieces.__anext__(), _SILENCE_SECONDS)
    except StopAsyncIteration:
      return
    except asyncio.TimeoutError as error:
      raise refusals.Refused(408, "silent", "Nothing came for long.") from error
    except starlette.requests.ClientDisconnect as error:
      raise refusals.Refused(400, "silent", "It was broken off.") from error
    yield piece


async def _ignore(request: Request) -> None:
  """Lets a file come that is refused: browsers read no answer before.

  Not more of it than most have.
  """
  count = 0
  async for piece in _pieces(request):
    count += len(piece)
    if count > _IGNORED_BYTES:
      return


async def _json(look: Callable[..., dict[str, Any]], *given: Any) -> Response:
  return _answer(await anyio.to_thread.run_sync(lambda: look(*given)))


async def _started(start: Callable[..., jobs.Job], *given: Any) -> Response:
  """Starts a command; answers with its line and where it writes."""
  job = await anyio.to_thread.run_sync(lambda: start(*given))
  return _answer(
    {
      "command": job.command,
      "output": job.output,
      "name": job.output.rsplit("/", 1)[-1],
    }
  )


def _answer(values: dict[str, Any], status: int = 200) -> Response:
  # What is not UTF-8 in a file's name is written as JSON has it.
  return Response(
    json.dumps(values), status_code=status, media_type="application/json"
  )


def _send(
  folder: pathlib.Path, path: str | pathlib.Path, kind: str | None = None
) -> Response:
  """Sends a file below a folder, if no link leads to it."""
  below = os.path.relpath(folder / path, folder)
  try:
    file = page_server.open_below(str(folder), below)
  except (OSError, ValueError) as error:
    raise refusals.not_there(os.path.basename(below)) from error
  ending = os.path.splitext(below)[1].lower()
  headers = {"Content-Length": str(os.fstat(file.fileno()).st_size)}
  kind = kind or _TYPES.get(ending)
  if kind is None:
    kind = "application/octet-stream"
    headers["Content-Disposition"] = "attachment"

  async def pieces() -> AsyncIterator[bytes]:
    with file:
      while True:
        piece = await anyio.to_thread.run_sync(file.read, _PIECE)
        if not piece:
          return
        yield piece

  return starlette.responses.StreamingResponse(
    pieces(), media_type=kind, headers=headers
  )


async def _refused(request: Request, error: Exception) -> Response:
  assert isinstance(error, refusals.Refused)
  values = {"code": error.code, "message": str(error), "values": error.values}
  response = _answer(values, error.status)
  if request.method == "PUT":  # the rest of a file is not waited for
    response.headers["Connection"] = "close"
  return response


async def _mistaken(request: Request, error: Exception) -> Response:
  status = 507 if isinstance(error, errors.StorageError) else 400
  return _answer({"code": "other", "message": str(error), "values": {}}, status)


async def _no_route(request: Request, error: Exception) -> Response:
  assert isinstance(error, starlette.exceptions.HTTPException)
  return _answer(
    {"code": "not_there", "message": str(error.detail), "values": {"name": ""}},
    error.status_code,
  )


async def _unexpected(request: Request, error: Exception) -> Response:
  logging.warning(
    "%s %s: %s: %s",
    request.method,
    request.url.path,
    type(error).__name__,
    errors.first_line(error),
  )
  return _answer(
    {"code": "unexpected", "message": "That failed.", "values": {}}, 500
  )
