"""The real parts that tests run against."""

pytest_plugins = [
    "tests.dovecot",
    "tests.house.core",
    "tests.postgres",
]
