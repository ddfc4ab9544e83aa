"""What the package's entry point for pytest names: nothing but where the plugin is.

pytest refuses a module that it is told of under two names, with a page of internals. With this one between, a suite
may also name `emulator.pytest_plugin` in its `conftest.py` or after `-p`.
"""

pytest_plugins = ("emulator.pytest_plugin",)
