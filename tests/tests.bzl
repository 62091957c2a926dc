"""One py_test for each test file of a folder."""

def python_tests(deps, whole_tree = []):
    """Defines a test for every *_test.py of this folder.

    Args:
      deps: Libraries that one of them imports.
      whole_tree: Files of those that look at the tree or run commands from it.
    """
    for file in native.glob(["*_test.py"]):
        native.py_test(
            name = file[:-len(".py")],
            srcs = [file] + native.glob(["*.py"], exclude = ["*_test.py"]),
            data = ["//:everything" if file in whole_tree else "//:pyproject.toml"],
            python_version = "PY3",
            timeout = "long",  # 15 minutes; several train
            deps = ["//tests:conftest"] + deps,
        )
    native.filegroup(
        name = "sources",
        testonly = True,
        srcs = native.glob(["*", "testdata/**"]),
        visibility = ["//visibility:public"],
    )
