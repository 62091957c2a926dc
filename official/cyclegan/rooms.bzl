"""The rooms: sub-packages whose order Bazel enforces, since deps have no cycle."""

# A room may import those before it.
ROOMS = [
    "core",
    "scenes",
    "data",
    "modeling",
    "evaluation",
    "training",
    "serving",
    "reporting",
    "tuning",
    "pipeline",
    "studio_app",
]

def room_labels(names = ROOMS):
    """Returns the labels of rooms, by default of all."""
    return ["//official/cyclegan/" + name for name in names]

def room(name, deps = [], apart = []):
    """Defines a room's library.

    Args:
      name: Name of the room, which is its folder's.
      deps: Names of the rooms that it imports.
      apart: Files that are in another library.
    """
    native.py_library(
        name = name,
        srcs = native.glob(["*.py"], exclude = apart),
        # What is not code, such as pages' templates.
        data = native.glob(["*"], exclude = ["*.py", "BUILD"], allow_empty = True),
        visibility = ["//visibility:public"],
        deps = ["//official/cyclegan"] + room_labels(deps),
    )
    native.filegroup(
        name = "sources",
        srcs = native.glob(["*"]),
        visibility = ["//visibility:public"],
    )
