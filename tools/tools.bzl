"""One py_binary for each tool of a folder."""

def python_tools(name, not_run = []):
    """Defines a library of all files of this folder, and the tools.

    Args:
      name: Name of the library.
      not_run: Files that only the others import.
    """
    files = native.glob(["*.py"])
    native.py_library(
        name = name,
        srcs = files,
        data = native.glob(["*.js"], allow_empty = True),
        visibility = ["//visibility:public"],
        deps = ["//official/cyclegan:command_libs"],
    )
    for file in files:
        if file not in not_run:
            native.py_binary(
                name = file[:-len(".py")],
                srcs = [file],
                python_version = "PY3",
                deps = [":" + name],
            )
    native.filegroup(
        name = "sources",
        srcs = native.glob(["*"]),
        visibility = ["//visibility:public"],
    )
